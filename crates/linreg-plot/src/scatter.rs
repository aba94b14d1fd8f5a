use crate::chart::Chart;
use crate::name::shorten;
use crate::number::{number, rows};
use crate::scene::Role;
use crate::{Cloud, Picture, PlotError};

impl Picture {
    /// One feature against the target, with the least-squares line, the share of
    /// variance that it explains and the standard deviation around it. More than
    /// 5000 points are drawn as shades, the darker the more points there are.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`]; [`PlotError::Lengths`]; [`PlotError::NotFinite`]; or
    /// [`PlotError::TooWide`] if the distance of values overflows.
    pub fn scatter(x_name: &str, x: &[f64], y_name: &str, y: &[f64]) -> Result<Self, PlotError> {
        Self::scatter_of(&Cloud::of(x_name, x, y_name, y)?)
    }

    /// The same for points that were added in blocks.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoPoints`] if there are none.
    pub fn scatter_of(cloud: &Cloud) -> Result<Self, PlotError> {
        if cloud.count() == 0 {
            return Err(PlotError::NoPoints);
        }
        let line = cloud.line();
        let [x, y] = [&cloud.x_name, &cloud.y_name].map(|name| shorten(name, 24));
        let title = match line.explained {
            Some(_) if line.slope == 0.0 => format!("{x} explains nothing of {y}"),
            Some(share) => format!(
                "{x} alone explains {:.1} % of the variance of {y}",
                100.0 * share
            ),
            None => format!("{y} is constant"),
        };
        let sign = if line.slope < 0.0 { '-' } else { '+' };
        let rows = if cloud.grid.counts.is_empty() {
            rows(cloud.count() as usize)
        } else {
            format!("{}, the more the darker", rows(cloud.count() as usize))
        };
        let can_be_said = line.slope.is_finite() && line.intercept.is_finite();
        if line.explained.is_none() || !can_be_said {
            return Ok(Self::of(Chart::of_cloud(title, rows, cloud)));
        }
        let subtitle = format!(
            "{y} = {} {sign} {} × {x}; standard deviation around the line {}; {rows}",
            number(line.intercept),
            number(line.slope.abs()),
            number(line.residual_std)
        );
        let chart = Chart::of_cloud(title, subtitle, cloud).with_line(|x| line.at(x), Role::Line);
        Ok(Self::of(chart))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(svg: &str, start: &str) -> usize {
        svg.matches(start).count()
    }

    #[test]
    fn the_svg_has_a_marker_a_point_axes_and_a_line() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 100.0 - x).collect();
        let svg = Picture::scatter("age", &x, "price", &y).unwrap().svg();
        assert_eq!(count(&svg, "<circle "), 50);
        assert_eq!(count(&svg, "class=\"curve\""), 1);
        assert_eq!(count(&svg, "class=\"axis\""), 1);
        for text in [
            "age alone explains 100.0 % of the variance of price",
            "price = 100 - 1 × age; standard deviation around the line 0; 50 rows",
            "age",
            "price",
            "20",
            "80",
        ] {
            assert!(svg.contains(&format!(">{text}</text>")), "{text}: {svg}");
        }
    }

    #[test]
    fn many_points_are_shades_that_a_page_can_hold() {
        let x: Vec<f64> = (0..200_000).map(|i| f64::from(i % 1009)).collect();
        let y: Vec<f64> = x
            .iter()
            .enumerate()
            .map(|(i, x)| x + (i % 401) as f64)
            .collect();
        let svg = Picture::scatter("x", &x, "y", &y).unwrap().svg();
        assert_eq!(count(&svg, "<circle "), 0);
        assert!(count(&svg, "class=\"cells\"") > 1);
        assert!(svg.len() < 200_000, "{}", svg.len());
    }

    #[test]
    fn a_page_has_the_values_of_points_and_no_colour_of_its_own() {
        let picture = Picture::scatter("x", &[1.0, 2.5], "y", &[-3.0, 1e-9]).unwrap();
        let svg = picture.svg_for_page("first");
        assert!(svg.contains("id=\"first\""), "{svg}");
        assert!(svg.contains("data-x=\"2.5\" data-y=\"1e-9\""), "{svg}");
        assert!(svg.contains("data-x-name=\"x\" data-y-name=\"y\""), "{svg}");
        assert_eq!(count(&svg, "\"#"), 0, "{svg}");
        assert!(!picture.svg().contains("data-"));
    }

    #[test]
    fn a_name_never_breaks_out_of_the_svg() {
        let name = "<script>\"&'\u{1b}";
        let picture = Picture::scatter(name, &[1.0, 2.0], name, &[1.0, 3.0]).unwrap();
        for svg in [picture.svg(), picture.svg_for_page("\"><script>")] {
            assert!(!svg.contains("<script>"), "{svg}");
            assert!(svg.contains("&lt;script&gt;&quot;&amp;&#39; "), "{svg}");
        }
    }

    #[test]
    fn draws_degenerate_points() {
        for values in [
            &[0.0][..],
            &[7.0; 3],
            &[-1e300, 1e299],
            &[1e-300, 3e-300],
            &[1e9, 1e9 + 1e-6],
        ] {
            let scatter = Picture::scatter("x", values, "y", values).unwrap();
            assert_eq!(
                count(&scatter.svg(), "<circle "),
                values.len(),
                "{values:?}"
            );
            assert!(!scatter.svg().contains("NaN"), "{values:?}");
            assert!(scatter.png().unwrap().len() > 1000, "{values:?}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let error = |x: &[f64], y: &[f64]| {
            let picture = Picture::scatter("x", x, "y", y);
            picture.unwrap_err().to_string()
        };
        assert_eq!(error(&[], &[]), "there are no points to draw");
        assert_eq!(error(&[1.0], &[]), "1 values of `x` for 0 of `y`");
        assert_eq!(
            error(&[1.0], &[f64::NAN]),
            "`y` holds NaN, expected finite numbers"
        );
        assert!(error(&[-1.7e308, 1.7e308], &[0.0, 1.0]).contains("too far apart"));
    }

    #[test]
    fn the_terminal_shows_points_their_line_and_round_ticks() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 * x + 20.0 * x.sin()).collect();
        let scatter = Picture::scatter("area", &x, "price", &y).unwrap();
        insta::assert_snapshot!(scatter.terminal(60, 16));
    }

    #[test]
    fn the_terminal_shows_many_points_as_shades() {
        let wave = |i: u32, by: f64| (f64::from(i) * by).sin() + (f64::from(i) * by * 1.7).cos();
        let x: Vec<f64> = (0..50_000).map(|i| wave(i, 0.618)).collect();
        let y: Vec<f64> = (0..50_000)
            .map(|i| x[i as usize] + wave(i, 0.271))
            .collect();
        let scatter = Picture::scatter("area", &x, "price", &y).unwrap();
        insta::assert_snapshot!(scatter.terminal(80, 24));
    }

    #[test]
    fn the_terminal_keeps_within_its_width_and_height() {
        let name = "a name of sixty characters, which is rather more than most";
        for values in [
            [1.0, 1.0],
            [-1e300, 0.0],
            [1e-300, 2e-300],
            [1e6, 1e6 + 1e-9],
        ] {
            let scatter = Picture::scatter(name, &values, "מחיר", &values).unwrap();
            for (width, height) in [(30, 8), (80, 24), (200, 60)] {
                let text = scatter.terminal(width, height).to_string();
                assert!(text.lines().count() <= height, "{text}");
                for line in text.lines() {
                    assert!(line.chars().count() <= width, "{line}");
                }
            }
        }
    }
}
