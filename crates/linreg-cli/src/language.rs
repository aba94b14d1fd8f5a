//! The language of the lesson.

pub use linreg_fit::page::Language;

/// A language of the lesson, as it is given.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum LanguageName {
    /// English
    #[value(name = "en")]
    English,
    /// Simplified Chinese
    #[value(name = "zh")]
    Chinese,
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::English => Self::English,
            LanguageName::Chinese => Self::Chinese,
        }
    }
}

/// The language of the system's locale; English if the lesson does not have it.
pub fn of_system() -> Language {
    sys_locale::get_locale().map_or(Language::English, |locale| of_locale(&locale))
}

/// Traditional Chinese is another script, so its locales do not get Simplified
/// Chinese.
fn of_locale(locale: &str) -> Language {
    let parts: Vec<String> = locale
        .split(['-', '_', '.', '@'])
        .map(str::to_lowercase)
        .collect();
    let has = |part: &str| parts.iter().any(|one| one == part);
    let is_traditional = ["hant", "tw", "hk", "mo"].into_iter().any(has);
    if parts[0] == "zh" && (has("hans") || !is_traditional) {
        Language::Chinese
    } else {
        Language::English
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
            assert_eq!(of_locale(locale), language, "{locale}");
        }
    }
}
