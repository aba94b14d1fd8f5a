use crate::chart::{Chart, Layer};
use crate::scene::Role;
use crate::spans::columns_of;
use crate::{Cloud, Ink, Picture, Span, TerminalPicture};

/// Pseudo-random numbers from -1 to 1.
fn noise(count: usize, seed: f64) -> Vec<f64> {
    let of = |i: usize| ((i as f64 * 12.9898 + seed).sin() * 43758.5453).fract();
    (1..=count).map(of).collect()
}

fn chart(count: usize) -> Chart {
    let (x, y) = (noise(count, 0.0), noise(count, 1.0));
    let cloud = Cloud::of("x", &x, "y", &y).unwrap();
    Chart::of_cloud(String::new(), String::new(), &cloud)
}

/// The characters of a chart's cells.
fn cells(chart: &Chart) -> Vec<char> {
    let mut picture = TerminalPicture::default();
    for line in chart.canvas(60, 20).lines() {
        picture.push(line);
    }
    let text = picture.to_string();
    let lines = text.split('\n').map(|line| format!("{line:60}"));
    lines
        .flat_map(|line| line.chars().collect::<Vec<_>>())
        .collect()
}

/// The dots of a Braille character.
fn dots(character: char) -> u32 {
    match character {
        '\u{2800}'..='\u{28ff}' => character as u32 - 0x2800,
        _ => 0,
    }
}

fn note(at: (f64, f64)) -> Layer {
    Layer::Note {
        at,
        text: "0.5".to_string(),
        is_above: true,
    }
}

#[test]
fn no_dot_of_a_point_is_lost_where_lines_and_notes_are() {
    for count in [1, 40, 400, 2000] {
        let points = cells(&chart(count));
        for role in [Role::Line, Role::Faint] {
            let lines = chart(count)
                .with_line(|x| 0.7 * x, role)
                .with_line(|x| -40.0 * x, role)
                .with(note((0.9, 0.63)));
            for (before, after) in points.iter().zip(cells(&lines)) {
                assert_eq!(dots(*before) & !dots(after), 0, "{before} {after}");
            }
        }
    }
}

#[test]
fn a_line_is_seen_without_colours_and_whole() {
    let with_line = chart(400).with_line(|x| 0.7 * x, Role::Line);
    let cells = cells(&with_line);
    for (column, slice) in (0..60).map(|column| (column, cells.iter().skip(column).step_by(60))) {
        assert!(slice.map(|c| dots(*c)).any(|dots| dots != 0), "{column}");
    }
}

#[test]
fn a_line_leaves_every_second_shade_in_its_way() {
    let is_shade = |c: char| "·░▒▓█".contains(c);
    let shades = cells(&chart(50_000));
    let with_line = cells(&chart(50_000).with_line(|_| 0.01, Role::Line));
    let changed = shades.iter().zip(&with_line).enumerate();
    let changed = changed.filter(|(_, (before, after))| before != after);
    let changed: Vec<(usize, char)> = changed.map(|(at, (before, _))| (at, *before)).collect();
    assert!(changed.len() > 20);
    for pair in changed.windows(2) {
        let are_neighbours = pair[0].0 + 1 == pair[1].0;
        let are_shades = is_shade(pair[0].1) && is_shade(pair[1].1);
        assert!(!(are_neighbours && are_shades));
    }
}

#[test]
fn curves_of_characters_take_turns_where_they_meet() {
    let epochs: Vec<f64> = (0..200).map(f64::from).collect();
    let losses: Vec<f64> = epochs.iter().map(|epoch| 9.0 - epoch / 50.0).collect();
    let validation: Vec<_> = losses.iter().copied().map(Some).collect();
    let picture = Picture::losses(&epochs, &losses, &validation).unwrap();
    let text = picture.terminal(80, 24).to_string();
    assert!(
        text.contains("* training rows   o validation rows"),
        "{text}"
    );
    assert!(text.contains("*o*"), "{text}");
}

#[test]
fn spans_say_what_is_what_and_make_up_the_plain_text() {
    let (x, y) = (noise(300, 0.0), noise(300, 1.0));
    let scatter = Picture::scatter("x", &x, "y", &y).unwrap();
    let both = Picture::side_by_side(vec![scatter.clone(), scatter]).unwrap();
    let picture = both.terminal(80, 24);
    let lines = picture.lines().iter();
    let joined: Vec<String> = lines
        .map(|line| line.iter().map(|span| span.text.as_str()).collect())
        .collect();
    assert_eq!(joined.join("\n"), picture.to_string());
    let of = |ink: Ink| {
        let spans = picture.lines().iter().flatten();
        spans.filter(move |span| span.ink == ink)
    };
    let is_drawn = |span: &Span| span.text.chars().all(|c| c == ' ' || dots(c) != 0);
    assert!(of(Ink::Line).count() > 1 && of(Ink::Line).all(is_drawn));
    assert!(of(Ink::Points).count() > 20 && of(Ink::Points).all(is_drawn));
    assert!(of(Ink::Text).all(|span| span.text.chars().all(|c| dots(c) == 0)));
    // Neighbours differ, and no line ends in spaces.
    for line in picture.lines() {
        assert!(line.windows(2).all(|pair| pair[0].ink != pair[1].ink));
        assert!(line.last().is_none_or(|span| !span.text.ends_with(' ')));
    }
}

#[test]
fn every_picture_keeps_within_its_width_and_height() {
    let name = "房屋的总面积（平方米），一个相当长的名称";
    let (x, y) = (noise(300, 0.0), noise(300, 1.0));
    let many = (noise(5000, 0.0), noise(5000, 1.0));
    let losses: Vec<f64> = y.iter().map(|y| y + 2.0).collect();
    let measured: Vec<_> = losses.iter().copied().map(Some).collect();
    let pictures = [
        Picture::scatter(name, &x, name, &y),
        Picture::scatter(name, &many.0, name, &many.1),
        Picture::predicted(name, &x, &y),
        Picture::residuals(name, &x, &y, None),
        Picture::losses(
            &(0..300).map(f64::from).collect::<Vec<_>>(),
            &losses,
            &measured,
        ),
        Picture::normal_quantiles(&y, None),
        Picture::leverage(
            &losses.iter().map(|l| l / 4.0).collect::<Vec<_>>(),
            &y,
            2,
            &[],
        ),
        Picture::matrix(&[name, "b", name], &[&x, &y, &losses]),
    ];
    for picture in pictures {
        for (width, height) in [(30, 8), (76, 18), (80, 24), (200, 60)] {
            let text = picture
                .as_ref()
                .unwrap()
                .terminal(width, height)
                .to_string();
            assert!(text.lines().count() <= height, "{text}");
            for line in text.lines() {
                assert!(columns_of(line) <= width, "{line}");
            }
        }
    }
}

#[test]
fn points_on_a_line_keep_their_colour() {
    let cloud = Cloud::of("x", &[0.0, 1.0, 2.0, 3.0], "y", &[1.0; 4]).unwrap();
    let chart = Chart::of_cloud(String::new(), String::new(), &cloud);
    let mut picture = TerminalPicture::default();
    for line in chart.with_line(|_| 1.0, Role::Line).canvas(60, 20).lines() {
        picture.push(line);
    }
    let of = |ink: Ink| {
        let spans = picture.lines().iter().flatten();
        spans.filter(move |span| span.ink == ink).count()
    };
    assert_eq!((of(Ink::Points), of(Ink::Line)), (4, 5));
}
