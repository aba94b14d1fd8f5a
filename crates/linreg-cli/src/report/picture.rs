/// A picture in a page, with what to see in it.
pub fn figure(svg: &str, caption: &str) -> String {
    let caption = match caption.is_empty() {
        true => String::new(),
        false => format!("<figcaption>{caption}</figcaption>\n"),
    };
    format!("<figure>\n{svg}{caption}</figure>\n")
}

/// Pictures beside one another, where there is room.
pub fn pictures(figures: &[String]) -> String {
    format!("<div class=\"pictures\">\n{}</div>\n", figures.concat())
}
