//! How long ten million points take to draw:
//! `cargo bench -p linreg-plot --bench draw`

use std::time::Instant;

use linreg_plot::Picture;

fn main() {
    const POINTS: u32 = 10_000_000;
    // Sums of waves are spread about as data are.
    let wave = |i: u32, by: f64| (f64::from(i) * by).sin() + (f64::from(i) * by * 1.7).cos();
    let x: Vec<f64> = (0..POINTS).map(|i| wave(i, 0.618)).collect();
    let rest = (0..POINTS).map(|i| wave(i, 0.271) + wave(i, 0.77));
    let y: Vec<f64> = x.iter().zip(rest).map(|(x, rest)| x + rest).collect();

    let start = Instant::now();
    let picture = Picture::scatter("x", &x, "y", &y).unwrap();
    println!(
        "counted {POINTS} points in {:.3} s",
        start.elapsed().as_secs_f64()
    );
    let time = |name: &str, draw: &dyn Fn() -> usize| {
        let start = Instant::now();
        let size = draw();
        println!(
            "{name}: {:.3} s, {size} bytes",
            start.elapsed().as_secs_f64()
        );
    };
    time("SVG", &|| picture.svg().len());
    time("PNG", &|| picture.png().unwrap().len());
    time("terminal", &|| picture.terminal(80, 24).to_string().len());
    let start = Instant::now();
    let residuals = Picture::residuals("y", &x, &y, None).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "residuals, in order for their trend: {seconds:.3} s: {}",
        residuals.title()
    );
}
