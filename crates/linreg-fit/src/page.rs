//! Pages of HTML that need nothing else: to read, to print and to send to others.

pub mod html;
mod language;
mod pictures;

pub use language::Language;
pub use pictures::Pictures;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// A page, section by section. All its texts are HTML.
pub struct Page {
    /// The language of the page's own words; its texts should be in it too.
    pub language: Language,
    /// The subject of the page; the only text here that is not HTML.
    pub title: String,
    /// The main result in a sentence.
    pub lead: String,
    /// The sections, in order.
    pub sections: Vec<Section>,
}

/// A part of a page with a heading.
pub struct Section {
    /// The `id` of the section in the HTML.
    pub id: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// What it says.
    pub body: String,
}

impl Page {
    /// The HTML of the whole page.
    pub fn html(&self) -> String {
        let title = html::text(&self.title);
        let links = self
            .sections
            .iter()
            .map(|Section { id, heading, .. }| format!("<a href=\"#{id}\">{heading}</a>"));
        let links = html::list(links);
        let sections: String = self
            .sections
            .iter()
            .map(|Section { id, heading, body }| {
                format!(
                    "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n\
                     <h2 id=\"{id}-heading\">{heading}</h2>\n{body}</section>\n"
                )
            })
            .collect();
        let lead = &self.lead;
        let version = env!("CARGO_PKG_VERSION");
        let language = self.language;
        let tag = language.tag();
        let skip = language.choose("Skip to the report", "跳到正文");
        let contents = language.choose("Sections", "目录");
        let dark = language.choose("Dark colours", "深色");
        let made = language.choose(
            format!("Made by linreg {version}."),
            format!("由 linreg {version} 生成。"),
        );
        let light = language.choose("Light colours", "浅色");
        let all = language.choose("Show all # rows", "显示全部 # 行");
        let first = language.choose("Show the first rows", "只显示前几行");
        let wide = language.choose(
            "Scroll the table sideways for more →",
            "向右滚动表格查看更多 →",
        );
        let style = format!("{STYLE}{}", linreg_plot::page_style());
        let hashes = [&style, SCRIPT].map(sha256_base64);
        // Nothing is loaded, and no script or style runs but these two.
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hashes[0], hashes[1]
        );
        format!(
            "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"generator\" content=\"linreg {version}\">\n\
             <title>{title}</title>\n<style>{style}</style>\n</head>\n\
             <body data-all=\"{all}\" data-first=\"{first}\" data-wide=\"{wide}\">\n\
             <a class=\"skip\" href=\"#main\">{skip}</a>\n\
             <header>\n<div><h1><bdi>{title}</bdi></h1>\n<p>{lead}</p></div>\n\
             <button id=\"theme\" type=\"button\" data-dark=\"{dark}\" \
             data-light=\"{light}\" hidden>{dark}</button>\n</header>\n\
             <nav aria-label=\"{contents}\">\n{links}</nav>\n\
             <main id=\"main\">\n{sections}</main>\n\
             <footer><p>{made}</p></footer>\n\
             <script>{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

/// The versions that made a page, and the platform.
pub fn versions() -> String {
    let linreg = env!("CARGO_PKG_VERSION");
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("linreg {linreg}, Burn 0.21.0, {system} on {machine}")
}

/// Some of the items of a long series, evenly spread and with the last one, and
/// their places from 0.
pub fn thinned<T: Copy>(series: &[T], most: usize) -> (Vec<f64>, Vec<T>) {
    let step = series.len().div_ceil(most.max(1)).max(1);
    let places = (0..series.len()).filter(|place| place + 1 == series.len() || place % step == 0);
    places.map(|place| (place as f64, series[place])).unzip()
}

fn sha256_base64(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str) -> String {
        let section = |id, heading| Section {
            id,
            heading,
            body: html::paragraph(&html::name(title)),
        };
        let page = Page {
            language: Language::English,
            title: title.to_string(),
            lead: html::name(title),
            sections: vec![section("one", "First"), section("two", "Second")],
        };
        page.html()
    }

    #[test]
    fn every_section_has_a_heading_and_a_link() {
        let page = page("y from x");
        for (id, heading) in [("one", "First"), ("two", "Second")] {
            for part in [
                format!("<section id=\"{id}\" aria-labelledby=\"{id}-heading\">"),
                format!("<h2 id=\"{id}-heading\">{heading}</h2>"),
                format!("<a href=\"#{id}\">{heading}</a>"),
            ] {
                assert_eq!(page.matches(&part).count(), 1, "{part}");
            }
        }
    }

    #[test]
    fn nothing_is_loaded_and_no_name_becomes_markup() {
        let page = page("</title><script>alert(1)</script><img src=x onerror=alert(1)>");
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<img"));
        for attribute in [" src=", " href=\"http", "url(", "@import"] {
            let found = page
                .replace("src=x onerror", "")
                .replace("src=<wbr>x onerror", "")
                .matches(attribute)
                .count();
            assert_eq!(found, 0, "{attribute}");
        }
    }

    #[test]
    fn a_policy_names_the_script_by_its_hash() {
        // printf '' | openssl dgst -sha256 -binary | base64
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(sha256_base64(""), empty);
        // Neither may contain the tag that ends it.
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    }

    #[test]
    fn a_long_series_is_thinned_and_keeps_its_ends() {
        let series: Vec<f64> = (0..1000).map(f64::from).collect();
        let (places, values) = thinned(&series, 100);
        assert_eq!((places.len(), &places), (101, &values));
        assert_eq!((places[0], places[1], places[100]), (0.0, 10.0, 999.0));
        assert_eq!(thinned(&series[..3], 100).0, [0.0, 1.0, 2.0]);
        assert!(thinned::<f64>(&[], 100).0.is_empty());
    }
}
