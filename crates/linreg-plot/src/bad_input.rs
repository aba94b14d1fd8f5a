//! What public functions say of values that they cannot use.

use crate::{
    Cloud, Estimate, Level, Line, Per, Picture, PlotError, ResidualTests, ScatterMatrix, Words,
};

const NOT_FINITE: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// A picture of each kind, of two slices.
type Kind = fn(&[f64], &[f64]) -> Result<Picture, PlotError>;
const KINDS: [Kind; 8] = [
    |x, y| Picture::scatter("x", x, "y", y),
    |x, y| Picture::matrix(&["x", "y"], &[x, y]),
    |x, y| Picture::predicted("y", x, y),
    |x, y| Picture::residuals("y", x, y, None),
    |x, y| Picture::residual_order(x, y, None),
    |x, y| Picture::scale_location("y", x, y, None),
    |x, y| Picture::leverage(x, y, usize::MAX, &[]),
    |x, y| Picture::losses(x, y, &[]),
];

fn estimate(value: f64, lower: f64, upper: f64) -> Estimate {
    Estimate {
        name: String::new(),
        column: String::new(),
        value,
        lower,
        upper,
    }
}

#[test]
fn slices_without_points_and_of_two_lengths_are_errors() {
    for picture in KINDS {
        assert_eq!(picture(&[], &[]).unwrap_err(), PlotError::NoPoints);
        let error = picture(&[1.0, 2.0], &[1.0]).unwrap_err();
        assert!(matches!(error, PlotError::Lengths { .. }), "{error}");
    }
    assert_eq!(
        Picture::normal_quantiles(&[], None).unwrap_err(),
        PlotError::NoPoints
    );
    assert_eq!(
        Picture::coefficients("y", &[], 0.95, Per::Unit).unwrap_err(),
        PlotError::NoPoints
    );
    let empty = [Level::of("a", &[])];
    assert_eq!(
        Picture::levels("x", "y", &empty).unwrap_err(),
        PlotError::NoPoints
    );
    assert_eq!(
        Picture::side_by_side(vec![]).unwrap_err(),
        PlotError::NoPoints
    );
    assert_eq!(Line::fit(&[], &[]), Err(PlotError::NoPoints));
    let error = Line::fit(&[1.0], &[]).unwrap_err();
    assert!(matches!(error, PlotError::Lengths { x: 1, y: 0, .. }));
    let error = Picture::losses(&[1.0], &[1.0], &[None, None]).unwrap_err();
    assert!(matches!(error, PlotError::Lengths { .. }));
}

#[test]
fn too_few_columns_are_errors() {
    for count in [0, 1] {
        let few = PlotError::FewColumns { count };
        let columns = vec![("x", 0.0, 1.0); count];
        assert_eq!(ScatterMatrix::new(&columns).unwrap_err(), few);
        let names = vec!["x"; count];
        assert_eq!(Picture::matrix(&names, &[&[1.0], &[1.0]]).unwrap_err(), few);
    }
    let mut matrix = ScatterMatrix::new(&[("x", 0.0, 1.0), ("y", 0.0, 1.0)]).unwrap();
    let few = PlotError::Columns { count: 1, names: 2 };
    assert_eq!(matrix.update(&[&[1.0]]), Err(few));
    assert_eq!(Picture::matrix_of(matrix).unwrap_err(), PlotError::NoPoints);
}

#[test]
fn rows_of_other_columns_are_not_added_to_a_matrix() {
    let matrix = |columns: &[(&str, f64, f64)]| {
        let mut matrix = ScatterMatrix::new(columns).unwrap();
        let row = vec![&[0.5][..]; columns.len()];
        matrix.update(&row).unwrap();
        matrix
    };
    let (x, y, z) = (("x", 0.0, 1.0), ("y", 0.0, 1.0), ("z", 0.0, 1.0));
    let mut first = matrix(&[x, y]);
    let (count, names) = (3, 2);
    let more = first.merge(matrix(&[x, y, z]));
    assert_eq!(more, Err(PlotError::Columns { count, names }));
    for other in [[x, z], [x, ("y", 0.0, 2.0)]] {
        let error = first.merge(matrix(&other)).unwrap_err();
        assert!(matches!(error, PlotError::OtherColumn { .. }), "{error}");
    }
    first.merge(matrix(&[x, y])).unwrap();
}

#[test]
fn a_picture_with_too_many_pixels_is_no_png() {
    let picture = Picture::scatter("x", &[0.0, 1.0], "y", &[0.0, 1.0]).unwrap();
    let many = Picture::side_by_side(vec![picture; 10_000]).unwrap();
    let expected = PlotError::TooLarge {
        width: 3840,
        height: 3_200_640,
        limit: 1 << 27,
    };
    assert_eq!(many.png(), Err(expected));
}

#[test]
fn a_note_of_a_million_characters_is_drawn() {
    let picture = Picture::scatter("x", &[0.0, 1.0], "y", &[0.0, 1.0]).unwrap();
    for note in ["word ".repeat(200_000), "long".repeat(250_000)] {
        let picture = picture.clone().with_note(&note);
        picture.terminal(80, 24);
        assert!(picture.svg().contains('…'));
    }
}

#[test]
fn values_that_are_not_finite_or_too_far_apart_are_errors() {
    for value in NOT_FINITE {
        for picture in KINDS {
            for (x, y) in [([1.0, value], [1.0, 2.0]), ([1.0, 2.0], [1.0, value])] {
                let error = picture(&x, &y).unwrap_err();
                assert!(matches!(error, PlotError::NotFinite { .. }), "{error}");
            }
        }
        for found in [
            Picture::levels("x", "y", &[Level::of("a", &[0.0, value])]),
            Picture::normal_quantiles(&[0.0, value], None),
            Picture::coefficients("y", &[estimate(value, 0.0, 1.0)], 0.95, Per::Unit),
        ] {
            assert!(matches!(found.unwrap_err(), PlotError::NotFinite { .. }));
        }
        let cloud = Cloud::new(("x", 0.0, value), ("y", 0.0, 1.0));
        assert!(matches!(cloud.unwrap_err(), PlotError::NotFinite { .. }));
    }
    for picture in KINDS {
        let ends = [f64::MIN, f64::MAX];
        let error = picture(&ends, &ends);
        assert!(matches!(error, Err(PlotError::TooWide { .. }) | Ok(_)));
    }
    let cloud = Cloud::new(("x", 1.0, 0.0), ("y", 0.0, 1.0));
    let error = cloud.unwrap().update(&[0.5], &[0.5]).unwrap_err();
    assert!(matches!(error, PlotError::Outside { .. }), "{error}");
}

/// Draws a picture as text in every size, and as SVG.
fn draw(picture: &Picture) {
    for size in [0, 1, 31, usize::MAX] {
        picture.terminal(size, size).lines();
        picture.terminal(usize::MAX - size, size);
    }
    picture.svg_for_page("\"<\0");
    let words = Words::default();
    let changed = picture
        .clone()
        .with_words(words)
        .with_title("")
        .with_note("");
    changed.svg();
}

#[test]
fn pictures_of_extreme_values_are_drawn_in_every_size() {
    let tiny = f64::from_bits(1);
    let pairs = [
        [0.0, 0.0],
        [-0.0, tiny],
        [tiny, 3.0 * tiny],
        [1e300, 1.1e300],
        [-1e-300, 1e300],
        [1.0, 1.0 + f64::EPSILON],
    ];
    std::thread::scope(|scope| {
        for pair in pairs {
            scope.spawn(move || draw_every_kind(pair));
        }
    });
}

fn draw_every_kind([a, b]: [f64; 2]) {
    for picture in KINDS {
        for (x, y) in [([a, b], [b, a]), ([a, a], [b, b]), ([1.0, 2.0], [a, b])] {
            if let Ok(picture) = picture(&x, &y) {
                draw(&picture);
            }
        }
    }
    let estimates = [estimate(a, a, b), estimate(b, b, a)];
    for confidence in [f64::NAN, f64::INFINITY, 0.0] {
        draw(&Picture::coefficients("", &estimates, confidence, Per::Deviation).unwrap());
    }
    for levels in [[&[a, b][..], &[b]], [&[a; 6], &[b; 6]]] {
        let levels = levels.map(|values| Level::of("", values));
        if let Ok(picture) = Picture::levels("", "", &levels) {
            draw(&picture);
        }
    }
    if let Ok(picture) = Picture::scatter("", &[a, b], "", &[b, a]) {
        picture.png().unwrap();
    }
}

#[test]
fn figures_that_a_caller_makes_up_are_drawn() {
    for value in NOT_FINITE {
        let cloud = Cloud::new(("", 1.0, 1.0), ("", 0.0, 0.0)).unwrap();
        let line = Line::new(value, value, value, Some(value));
        draw(&Picture::scatter_of(&cloud.as_sample(u64::MAX, line)).unwrap());
        let tests = ResidualTests {
            breusch_pagan_p: value,
            jarque_bera_p: value,
            level: value,
            shape: Some([value; 2]),
            rows: u64::MAX,
            are_rounding: false,
        };
        let values = [1.0, 2.0, 4.0];
        draw(&Picture::residuals("", &values, &values, Some(&tests)).unwrap());
        draw(&Picture::normal_quantiles(&values, Some(&tests)).unwrap());
        ResidualTests::of(&[value], &[]);
    }
}
