//! The language of the lesson and of the reports.

/// A language of the lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English
    #[value(name = "en")]
    English,
    /// Simplified Chinese
    #[value(name = "zh")]
    Chinese,
}

impl Language {
    /// The language of the system's locale; English if the lesson does not have
    /// it.
    pub fn of_system() -> Self {
        sys_locale::get_locale().map_or(Self::English, |locale| Self::of_locale(&locale))
    }

    /// Traditional Chinese is another script, so its locales do not get
    /// Simplified Chinese.
    fn of_locale(locale: &str) -> Self {
        let parts: Vec<String> = locale
            .split(['-', '_', '.', '@'])
            .map(str::to_lowercase)
            .collect();
        let has = |part: &str| parts.iter().any(|one| one == part);
        let is_traditional = ["hant", "tw", "hk", "mo"].into_iter().any(has);
        match parts[0] == "zh" && (has("hans") || !is_traditional) {
            true => Self::Chinese,
            false => Self::English,
        }
    }

    /// The text in this language, of the two.
    pub fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// Its tag in HTML.
    pub fn tag(self) -> &'static str {
        self.choose("en", "zh-Hans")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplified_chinese_is_for_those_who_read_it() {
        for (locale, language) in [
            ("zh-CN", Language::Chinese),
            ("zh_SG.UTF-8", Language::Chinese),
            ("zh", Language::Chinese),
            ("zh-Hans-HK", Language::Chinese),
            ("zh-TW", Language::English),
            ("zh-Hant-TW", Language::English),
            ("en-GB", Language::English),
            ("C", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
