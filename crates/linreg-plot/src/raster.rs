use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use unicode_bidi::{BidiInfo, Level};

use crate::PlotError;
use crate::font::{drawn_width, font};
use crate::name::without_marks;
use crate::scene::{Anchor, Mark, Role, Scene};

/// Number of pixels per point.
const PIXELS: f64 = 2.0;

/// Largest number of pixels of a file; they take 384 MiB while they are drawn.
const MOST_PIXELS: u64 = 1 << 27;

/// Draws the scene as a PNG file.
pub(crate) fn png(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let pixels_of = |points: f64| (points * PIXELS).round() as u32;
    let size = (pixels_of(scene.width), pixels_of(scene.height));
    if u64::from(size.0) * u64::from(size.1) > MOST_PIXELS {
        return Err(PlotError::TooLarge {
            width: size.0,
            height: size.1,
            limit: MOST_PIXELS,
        });
    }
    let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
    draw(scene, &mut pixels, size).map_err(|error| PlotError::Drawing(error.to_string()))?;
    encode(&pixels, size)
}

fn draw(
    scene: &Scene,
    pixels: &mut [u8],
    size: (u32, u32),
) -> Result<(), Box<dyn std::error::Error>> {
    let area = BitMapBackend::with_buffer(pixels, size).into_drawing_area();
    area.fill(&colour(Role::Background))?;
    let pixel = |value: f64| (value * PIXELS).round() as i32;
    let at = |(x, y): (f64, f64)| (pixel(x), pixel(y));
    let failed = |error: DrawingAreaErrorKind<_>| Box::new(error);
    for mark in &scene.marks {
        match mark {
            Mark::Path {
                points,
                role,
                width,
                ..
            } => {
                let points: Vec<_> = points.iter().copied().map(at).collect();
                let style = colour(*role).stroke_width(pixel(*width) as u32);
                area.draw(&PathElement::new(points, style))
                    .map_err(failed)?;
            }
            Mark::Dots {
                dots,
                radius,
                role,
                opacity,
                ..
            } => {
                let style = colour(*role).mix(*opacity).filled();
                for dot in dots {
                    let circle = Circle::new(at(dot.at), pixel(*radius), style);
                    area.draw(&circle).map_err(failed)?;
                }
            }
            Mark::Cells {
                cells,
                role,
                opacity,
            } => {
                let style = colour(*role).mix(*opacity).filled();
                for [left, top, right, bottom] in cells {
                    let corners = [at((*left, *top)), at((*right, *bottom))];
                    area.draw(&Rectangle::new(corners, style)).map_err(failed)?;
                }
            }
            Mark::Text {
                at: (x, y),
                text,
                size,
                role,
                anchor,
                ..
            } => {
                let text = in_drawing_order(text);
                let before = match anchor {
                    Anchor::Start => 0.0,
                    Anchor::Middle => drawn_width(&text, *size) / 2.0,
                    Anchor::End => drawn_width(&text, *size),
                };
                let font = font(size * PIXELS);
                // plotters assumes that the top of a text is half the font's size
                // above the baseline.
                let top = pixel(*y) - (font.get_size() / 2.0).round() as i32;
                let style = font
                    .color(&colour(*role))
                    .pos(Pos::new(HPos::Left, VPos::Top));
                let element = Text::new(text, (pixel(x - before), top), style);
                area.draw(&element).map_err(failed)?;
            }
        }
    }
    area.present()?;
    Ok(())
}

/// The characters in visual order, from left to right. Arabic letters are not
/// joined.
fn in_drawing_order(text: &str) -> String {
    let info = BidiInfo::new(text, Some(Level::ltr()));
    let Some(paragraph) = info.paragraphs.first() else {
        return String::new();
    };
    let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
    let mut ordered = String::new();
    for run in runs {
        let is_turned = levels[run.start].is_rtl();
        let letters = text[run].chars();
        if is_turned {
            ordered.extend(letters.rev().map(mirrored))
        } else {
            ordered.extend(letters)
        }
    }
    without_marks(&ordered)
}

/// The mirror image of a bracket.
fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        c => c,
    }
}

fn colour(role: Role) -> RGBColor {
    let [red, green, blue] = role.light();
    RGBColor(red, green, blue)
}

fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, PlotError> {
    let failed = |error: png::EncodingError| PlotError::Drawing(error.to_string());
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hebrew_is_drawn_from_right_to_left_among_other_words() {
        assert_eq!(in_drawing_order("of \u{2068}אבג\u{2069} 5 %"), "of גבא 5 %");
        assert_eq!(in_drawing_order("\u{2068}אב (ג)\u{2069}"), "(ג) בא");
    }
}
