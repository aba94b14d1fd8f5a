use linreg_plot::{Picture, PlotError};

use super::Language;
use super::html::{prose, text};

/// What a reader with a screen can do.
const HINT: [&str; 2] = [
    "Point at a dot to read its values, or go from dot to dot with the arrow keys.",
    "把鼠标指向一个点，或用方向键在点之间移动，可以看到它的数值。",
];

/// Pictures beside one another, where there is room.
pub struct Pictures {
    /// The prefix of the identifiers of these pictures, unique in the page.
    id: String,
    language: Language,
    figures: Vec<String>,
}

impl Pictures {
    /// No pictures yet; `id` is a prefix that is unique in the page.
    pub fn new(id: &str, language: Language) -> Self {
        Self {
            id: id.to_string(),
            language,
            figures: Vec::new(),
        }
    }

    /// Adds one, or says why it cannot be drawn.
    pub fn add(&mut self, picture: Result<Picture, PlotError>) {
        let id = format!("{}-{}", self.id, self.figures.len() + 1);
        self.figures.push(match picture {
            Ok(picture) => format!("<figure>\n{}</figure>\n", picture.svg_for_page(&id)),
            Err(error) => format!(
                "<p class=\"warning\">A picture is left out: {}</p>\n",
                prose(&error.to_string())
            ),
        });
    }

    /// The HTML of all of them.
    pub fn html(self) -> String {
        let pictures = self.figures.concat();
        let hint = if pictures.contains("<circle ") {
            let hint = self.language.choose(HINT[0], HINT[1]);
            format!("<p class=\"screen quiet\">{hint}</p>\n")
        } else {
            String::new()
        };
        let id = text(self.id);
        format!("{hint}<div class=\"pictures\" id=\"{id}\">\n{pictures}</div>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_cannot_be_drawn_says_why() {
        let mut pictures = Pictures::new("some", Language::English);
        pictures.add(Picture::scatter("x", &[1.0, 2.0], "y", &[3.0, 4.0]));
        pictures.add(Picture::scatter(
            "x",
            &[-1.7e308, 1.7e308],
            "<y>",
            &[0.0, 1.0],
        ));
        let html = pictures.html();
        assert_eq!(html.matches("id=\"some-1\"").count(), 1, "{html}");
        assert_eq!(
            html.matches("data-x=\"1\" data-y=\"3\"").count(),
            1,
            "{html}"
        );
        assert!(
            html.contains("<p class=\"warning\">A picture is left out: the values of <b>"),
            "{html}"
        );
    }
}
