use crate::chart::{Chart, Layer};
use crate::name::shorten;

/// All words of a picture, to replace the English ones. An empty text is left out.
///
/// Nothing of the earlier words stays, so a picture can be in another language, both
/// for readers who see it and for those who listen to its description. Only the
/// numbers at the axes stay.
///
/// # Example
///
/// ```
/// use linreg_plot::{Cloud, Picture, Words};
///
/// # fn main() -> Result<(), linreg_plot::PlotError> {
/// let (area, price) = ([50.0, 60.0, 80.0, 100.0], [210.0, 230.0, 330.0, 390.0]);
/// let cloud = Cloud::of("area", &area, "price", &price)?;
/// let line = cloud.line();
/// let formula = format!("Preis = {:.0} + {:.2} × Fläche", line.intercept, line.slope);
/// let picture = Picture::scatter_of(&cloud)?.with_words(Words {
///     title: "Die Fläche erklärt fast den ganzen Preis".to_string(),
///     subtitle: formula.clone(),
///     x_name: "Fläche".to_string(),
///     y_name: "Preis".to_string(),
///     description: format!("Punktwolke: Preis über Fläche. {formula}."),
///     ..Words::default()
/// });
/// assert_eq!(picture.title(), "Die Fläche erklärt fast den ganzen Preis");
/// assert!(!picture.svg().contains("price"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The title: the main result.
    pub title: String,
    /// The figures behind the title.
    pub subtitle: String,
    /// Name of the horizontal axis.
    pub x_name: String,
    /// Name of the vertical axis.
    pub y_name: String,
    /// Names of the curves in the legend, in order: for losses, those of training
    /// and of validation rows. Other pictures have no legend.
    pub curves: Vec<String>,
    /// What is drawn, in whole sentences, for readers who cannot see it. If it is
    /// empty, the subtitle takes its place.
    pub description: String,
}

impl Chart {
    pub(crate) fn set_words(&mut self, words: &Words) {
        self.title = shorten(&words.title, 160);
        self.subtitle = shorten(&words.subtitle, 320);
        self.x.name = shorten(&words.x_name, 80);
        self.y.name = shorten(&words.y_name, 80);
        let description = if words.description.is_empty() {
            &words.subtitle
        } else {
            &words.description
        };
        self.description = Some(shorten(description, 4000));
        let mut names = words.curves.iter().filter(|name| !name.is_empty());
        for layer in &mut self.layers {
            if let Layer::Curve { name, .. } = layer {
                // Only curves with a name are in the legend.
                *name = name.take().and(names.next()).map(|name| shorten(name, 60));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Picture;

    fn chinese() -> Words {
        Words {
            title: "面积单独解释了价格方差的 99.2 %".to_string(),
            subtitle: "价格 = 21.5 + 3.69 × 面积；直线周围的标准差为 6.6；共 4 行".to_string(),
            x_name: "面积（平方米）".to_string(),
            y_name: "价格".to_string(),
            curves: vec!["训练集".to_string(), "验证集".to_string()],
            description: "散点图：价格随面积变化。点都靠近一条直线。".to_string(),
        }
    }

    /// One picture of each kind that takes other words.
    fn pictures() -> [Picture; 7] {
        let (x, y) = ([1.0, 2.0, 3.0, 4.0], [1.5, 1.0, 3.5, 4.5]);
        let validation = y.map(|y| Some(y + 0.5));
        [
            Picture::scatter("x", &x, "y", &y),
            Picture::scatter("x", &x, "y", &[1.0; 4]),
            Picture::predicted("y", &x, &y),
            Picture::residuals("y", &x, &y, None),
            Picture::scale_location("y", &x, &y, None),
            Picture::losses(&x, &y, &[]),
            Picture::losses(&x, &y, &validation),
        ]
        .map(Result::unwrap)
    }

    #[test]
    fn nothing_is_left_of_the_words_before() {
        for picture in pictures() {
            let picture = picture.with_words(chinese());
            let texts = [
                picture.title(),
                picture.description(),
                picture.terminal(80, 24).to_string(),
            ];
            // Characters that the font lacks are boxes.
            assert!(picture.png().unwrap().starts_with(b"\x89PNG"));
            // In a terminal, the letter o draws a curve.
            let is_english =
                |text: &str| text.contains(|c: char| c.is_ascii_alphabetic() && c != 'o');
            for text in &texts {
                assert!(!is_english(text), "{text}");
            }
            let svg = picture.svg_for_page("a");
            // The text between tags, and the names that a script shows.
            let shown = svg.split('<').filter_map(|part| part.split_once('>'));
            for (tag, text) in shown {
                assert!(!is_english(text), "{tag}: {text}");
                for name in ["data-x-name=\"", "data-y-name=\""] {
                    let name = tag.split_once(name).map(|(_, rest)| rest);
                    let name = name.and_then(|rest| rest.split_once('"'));
                    assert!(name.is_none_or(|(name, _)| !is_english(name)), "{tag}");
                }
            }
        }
    }

    #[test]
    fn curves_get_their_names_in_order_and_the_description_is_read_out() {
        let [.., losses] = pictures();
        let losses = losses.with_words(chinese());
        let text = losses.terminal(80, 24).to_string();
        assert!(text.contains("* 训练集   o 验证集"), "{text}");
        let svg = losses.svg();
        let description = chinese().description;
        assert!(svg.contains(&format!(
            "<desc id=\"linreg-description\">{description}</desc>"
        )));
        // Without a description, the subtitle takes its place.
        let words = Words {
            description: String::new(),
            ..chinese()
        };
        let subtitle = words.subtitle.clone();
        assert_eq!(losses.with_words(words).description(), subtitle);
    }

    #[test]
    fn a_note_is_seen_and_heard() {
        let [scatter, ..] = pictures();
        let scatter = scatter.with_words(chinese()).with_note("每 2 行取 1 行");
        assert!(scatter.svg().matches("每 2 行取 1 行").count() >= 2);
    }

    #[test]
    fn words_cannot_break_a_line() {
        let [scatter, ..] = pictures();
        let words = Words {
            title: "a\nb".to_string(),
            subtitle: "c\u{202e}\nd".to_string(),
            ..Words::default()
        };
        let text = scatter.with_words(words).terminal(80, 24).to_string();
        assert!(text.starts_with("a b\nc d\n"), "{text}");
    }
}
