use std::fmt::Write;

use crate::name::in_document;
use crate::number::of_point;
use crate::scene::{Anchor, Mark, Role, Scene};

/// Where an SVG is shown.
pub(crate) enum Place<'a> {
    /// A file of its own, in colours for a white background.
    File,
    /// A page whose style sheet sets the colours, with the values of points; the
    /// identifier of the element.
    Page(&'a str),
}

/// Writes the scene as an SVG element with a title and a description.
pub(crate) fn svg(scene: &Scene, title: &str, description: &str, place: &Place) -> String {
    let (width, height) = (scene.width, scene.height);
    let colour = |role: Role| {
        let light = hex(role.light());
        match place {
            Place::File => light,
            Place::Page(_) => format!("var(--{}, {light})", role.name()),
        }
    };
    let mut text = String::with_capacity(1 << 16);
    let id = match place {
        Place::File => "linreg".to_string(),
        Place::Page(id) => escape(id),
    };
    let size = match place {
        Place::File => format!(" width=\"{width}\" height=\"{height}\""),
        Place::Page(_) => format!(" id=\"{id}\" class=\"linreg-plot\""),
    };
    let _ = write!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"{size} viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"{id}-title {id}-description\" \
         font-family=\"DejaVu Sans, Verdana, sans-serif\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-description\">{}</desc>\n",
        escape(title),
        escape(description)
    );
    if matches!(place, Place::File) {
        let background = colour(Role::Background);
        let _ = writeln!(
            text,
            "<rect width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>"
        );
    }
    for mark in &scene.marks {
        match mark {
            Mark::Path {
                class,
                points,
                role,
                width,
            } => {
                let colour = colour(*role);
                let _ = write!(text, "<polyline class=\"{class}\" points=\"");
                for (index, (x, y)) in points.iter().enumerate() {
                    let space = if index > 0 { " " } else { "" };
                    let _ = write!(text, "{space}{},{}", short(*x), short(*y));
                }
                let _ = writeln!(
                    text,
                    "\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
                );
            }
            Mark::Dots {
                dots,
                radius,
                role,
                opacity,
                names,
                told,
            } => {
                let names = match place {
                    Place::File => String::new(),
                    Place::Page(_) => {
                        let [x, y] = names.each_ref().map(|name| escape(name));
                        format!(" data-x-name=\"{x}\" data-y-name=\"{y}\"")
                    }
                };
                let colour = colour(*role);
                let _ = writeln!(
                    text,
                    "<g class=\"points\"{names} fill=\"{colour}\" fill-opacity=\"{opacity}\">"
                );
                for (index, dot) in dots.iter().enumerate() {
                    let (x, y) = (short(dot.at.0), short(dot.at.1));
                    let _ = write!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"");
                    if matches!(place, Place::Page(_)) {
                        let [x, y] = match told {
                            Some(told) => told[index].each_ref().map(|text| escape(text)),
                            None => [of_point(dot.values.0), of_point(dot.values.1)],
                        };
                        let _ = write!(text, " data-x=\"{x}\" data-y=\"{y}\"");
                    }
                    text += "/>\n";
                }
                text += "</g>\n";
            }
            Mark::Cells {
                cells,
                role,
                opacity,
            } => {
                let colour = colour(*role);
                let _ = write!(
                    text,
                    "<path class=\"cells\" fill=\"{colour}\" fill-opacity=\"{opacity}\" \
                     shape-rendering=\"crispEdges\" d=\""
                );
                for [left, top, right, bottom] in cells {
                    let (wide, high) = (short(right - left), short(bottom - top));
                    let (left, top) = (short(*left), short(*top));
                    let _ = write!(text, "M{left} {top}h{wide}v{high}h-{wide}z");
                }
                text += "\"/>\n";
            }
            Mark::Text {
                class,
                at,
                text: content,
                size,
                role,
                anchor,
            } => {
                let anchor = match anchor {
                    Anchor::Start => "",
                    Anchor::Middle => " text-anchor=\"middle\"",
                    Anchor::End => " text-anchor=\"end\"",
                };
                let _ = writeln!(
                    text,
                    "<text class=\"{class}\" x=\"{}\" y=\"{}\" font-size=\"{size}\"{anchor} \
                     fill=\"{}\">{}</text>",
                    short(at.0),
                    short(at.1),
                    colour(*role),
                    escape(content)
                );
            }
        }
    }
    text + "</svg>\n"
}

/// Returns the colours of pictures in a page as a style sheet: light, or dark if the
/// reader prefers that or the page's root has `data-theme="dark"`. A page with a
/// switch sets that attribute to `light` or `dark`; a printed page is light.
///
/// # Example
///
/// ```
/// let style = linreg_plot::page_style();
/// assert!(style.contains("--plot-point: #0072b2"));
/// ```
pub fn page_style() -> String {
    let colours = |of: fn(Role) -> [u8; 3]| {
        let roles = Role::ALL.into_iter();
        let roles = roles.map(|role| format!("--{}: {};", role.name(), hex(of(role))));
        roles.collect::<Vec<_>>().join(" ")
    };
    let (light, dark) = (colours(Role::light), colours(Role::dark));
    format!(
        ":root {{ {light} }}\n\
         @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=\"light\"]) {{ {dark} }} }}\n\
         @media screen {{ :root[data-theme=\"dark\"] {{ {dark} }} }}\n\
         .linreg-plot {{ display: block; width: 100%; height: auto; background: var(--plot-background); }}\n"
    )
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Rounds a coordinate to a hundredth of a point.
fn short(value: f64) -> f64 {
    // Adding zero makes -0 print as 0.
    (value * 100.0).round() / 100.0 + 0.0
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter_map(in_document) {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}
