use linreg_plot::*;
fn main() {
    let out = std::path::PathBuf::from("/tmp/pics");
    let text = std::fs::read_to_string("tests/data/diabetes.csv").unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines
        .map(|l| l.split(',').map(|v| v.parse().unwrap()).collect())
        .collect();
    let columns: Vec<Vec<f64>> = (0..names.len())
        .map(|i| rows.iter().map(|r| r[i]).collect())
        .collect();
    let y = columns.last().unwrap();
    let bmi = &columns[2];
    let line = Line::fit(bmi, y);
    let fitted: Vec<f64> = bmi.iter().map(|x| line.at(*x)).collect();
    let res: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    let mx = bmi.iter().sum::<f64>() / 442.0;
    let xx: f64 = bmi.iter().map(|x| (x - mx).powi(2)).sum();
    let lev: Vec<f64> = bmi
        .iter()
        .map(|x| 1.0 / 442.0 + (x - mx).powi(2) / xx)
        .collect();
    let s = line.residual_std;
    let std: Vec<f64> = res
        .iter()
        .zip(&lev)
        .map(|(r, h)| r / (s * (1.0 - h).sqrt()))
        .collect();
    let save = |name: &str, p: &Picture| {
        std::fs::write(out.join(format!("{name}.svg")), p.svg()).unwrap();
        std::fs::write(out.join(format!("{name}.png")), p.png().unwrap()).unwrap();
        std::fs::write(out.join(format!("{name}.txt")), p.terminal(80, 24)).unwrap();
    };
    let pred = Picture::predicted("progression", &fitted, y).unwrap();
    let resid = Picture::residuals("progression", &fitted, &res).unwrap();
    let qq = Picture::normal_quantiles(&std).unwrap();
    let sl = Picture::scale_location("progression", &fitted, &std).unwrap();
    let le = Picture::leverage(&lev, &std, 2).unwrap();
    save(
        "scatter",
        &Picture::scatter("bmi", bmi, "progression", y).unwrap(),
    );
    save("predicted", &pred);
    save("residuals", &resid);
    save("qq", &qq);
    save("scale", &sl);
    save("leverage", &le);
    save(
        "grid",
        &Picture::side_by_side(vec![resid, qq, sl, le]).unwrap(),
    );
    let refs: Vec<&[f64]> = columns.iter().map(|c| &c[..]).collect();
    save("matrix", &Picture::matrix(&names, &refs).unwrap());
    save(
        "matrix4",
        &Picture::matrix(
            &["bmi", "bp", "s5", "progression"],
            &[&columns[2], &columns[3], &columns[8], y],
        )
        .unwrap(),
    );
    let epochs: Vec<f64> = (0..40).map(f64::from).collect();
    let tr: Vec<f64> = epochs
        .iter()
        .map(|e| 20000.0 * (-e / 4.0).exp() + 2900.0 - 2.0 * e)
        .collect();
    let va: Vec<Option<f64>> = epochs
        .iter()
        .map(|e| Some(21000.0 * (-e / 3.5).exp() + 3000.0 + e * e * 0.4))
        .collect();
    save("loss", &Picture::losses(&epochs, &tr, &va).unwrap());
    save(
        "loss3",
        &Picture::losses(&[0.0, 1.0, 2.0], &[0.000143, 0.000092, 0.000092], &[]).unwrap(),
    );
    let raw = [
        ("age", -0.036, 0.217),
        ("sex", -22.86, 5.836),
        ("bmi", 5.603, 0.717),
        ("bp", 1.117, 0.225),
        ("s1", -1.09, 0.573),
        ("s2", 0.746, 0.531),
        ("s3", 0.372, 0.782),
        ("s4", 6.534, 5.959),
        ("s5", 68.48, 15.67),
        ("s6", 0.28, 0.273),
    ];
    let es = |k: f64| -> Vec<Estimate> {
        raw.iter()
            .map(|(n, v, e)| {
                let (v, e) = (v * k, e * k);
                Estimate {
                    name: n.to_string(),
                    value: v,
                    lower: v - 1.9655 * e,
                    upper: v + 1.9655 * e,
                }
            })
            .collect()
    };
    save(
        "coef",
        &Picture::coefficients("progression", &es(1.0), 0.95).unwrap(),
    );
    save(
        "coef_s",
        &Picture::coefficients(
            "progression",
            &es(1.0)[1..3]
                .iter()
                .chain(&es(1.0)[7..9])
                .cloned()
                .collect::<Vec<_>>(),
            0.95,
        )
        .unwrap(),
    );
    let long = "a name of sixty characters, which is rather more than most <script>\"";
    save(
        "long",
        &Picture::scatter(long, bmi, "מחיר בשקלים (₪) 2024", y).unwrap(),
    );
    save("one", &Picture::scatter("x", &[3.0], "y", &[5.0]).unwrap());
    save(
        "equal",
        &Picture::scatter("x", &[3.0; 5], "y", &[5.0; 5]).unwrap(),
    );
    save(
        "tiny",
        &Picture::scatter("x", &[1e-300, 2e-300, 3e-300], "y", &[1e300, 5e300, 2e300]).unwrap(),
    );
    save(
        "far",
        &Picture::scatter(
            "x",
            &[1e9, 1e9 + 1e-6, 1e9 + 2e-6],
            "y",
            &[123456789.0, 123456789.5, 123456790.0],
        )
        .unwrap(),
    );
    let n = 1_000_000u32;
    let wave = |i: u32, by: f64| (f64::from(i) * by).sin() + (f64::from(i) * by * 1.7).cos();
    let x: Vec<f64> = (0..n).map(|i| wave(i, 0.618)).collect();
    let yy: Vec<f64> = (0..n)
        .map(|i| x[i as usize] + wave(i, 0.271) + wave(i, 0.77))
        .collect();
    save("million", &Picture::scatter("x", &x, "y", &yy).unwrap());
    save("million_res", &Picture::residuals("y", &x, &yy).unwrap());
}
