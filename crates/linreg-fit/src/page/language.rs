/// The language of a page's own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English
    #[default]
    English,
    /// Simplified Chinese
    Chinese,
}

impl Language {
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
