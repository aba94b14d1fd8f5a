use crate::number::rough;

/// How losses change from one epoch to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Course {
    Falls,
    Rises,
    /// They change by no more than noise.
    Level,
    /// There are too few epochs to estimate the noise.
    Unknown,
}

/// Smallest number of losses from which noise is estimated.
const FEWEST_LOSSES: usize = 7;

impl Course {
    /// Compares the change from the loss at `from` to the last with the noise of the
    /// losses. If all losses are above 0, their logarithms are compared.
    pub(crate) fn between(losses: &[f64], from: usize) -> Self {
        let logarithms = losses.iter().all(|loss| *loss > 0.0);
        let scaled = |loss: f64| if logarithms { loss.ln() } else { loss };
        let (first, last) = (losses[from], losses[losses.len() - 1]);
        if rough(first) == rough(last) {
            return Self::Level;
        }
        let values: Vec<f64> = losses.iter().map(|loss| scaled(*loss)).collect();
        if values.len() < FEWEST_LOSSES {
            // A loss that falls at every step is what training should do.
            let falls = losses[from..].windows(2).all(|pair| pair[1] < pair[0]);
            return if falls { Self::Falls } else { Self::Unknown };
        }
        let middle = values.len() / 2;
        let start = if values.len() - from.max(middle) > FEWEST_LOSSES {
            from.max(middle)
        } else {
            middle.min(values.len() - 5)
        };
        let change = scaled(last) - scaled(first);
        let last_part = &values[start..];
        // With few losses, the noise itself is uncertain.
        let times = 3.0 + 20.0 / last_part.len() as f64;
        if change.abs() <= times * noise(last_part) {
            Self::Level
        } else if change > 0.0 {
            Self::Rises
        } else {
            Self::Falls
        }
    }
}

/// Standard deviation of the noise of a difference between two values of a curve,
/// or more: the root of half the mean square of the second differences (similar to
/// von Neumann and others, *The mean square successive difference*, 1941), to which
/// a smooth curve adds little. Independent noise of standard deviation σ gives
/// √3 σ. Noise that is correlated over some epochs shows in the differences of
/// values further apart; the largest result is used.
fn noise(values: &[f64]) -> f64 {
    let of = |apart: usize| {
        let bends = values.iter().skip(2 * apart).zip(values.iter().skip(apart));
        let bends = bends.zip(values).map(|((c, b), a)| c - 2.0 * b + a);
        let count = (values.len() - 2 * apart) as f64;
        (bends.map(|bend| bend * bend).sum::<f64>() / (2.0 * count)).sqrt()
    };
    let apart = std::iter::successors(Some(1), |apart| Some(2 * apart));
    let apart = apart.take_while(|apart| *apart == 1 || 4 * apart <= values.len());
    apart.map(of).fold(0.0, f64::max)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Pseudo-random numbers with a normal distribution.
    pub(crate) fn normal(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let next = |_| {
            let (a, b) = (uniform(), uniform());
            (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
        };
        (0..count).map(next).collect()
    }

    /// The course from the smallest loss to the last.
    fn course(losses: &[f64]) -> Course {
        let least = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
        Course::between(losses, least.unwrap())
    }

    #[test]
    fn noise_is_no_rise() {
        // For each length, 200 curves that are flat except for noise, which is
        // independent or has a correlation of 0.7 from epoch to epoch.
        for count in [7, 10, 30, 200] {
            for lasting in [0.0, 0.7] {
                let (mut rises, mut changes) = (0, 0);
                for seed in 0..200 {
                    let mut noise = 0.0;
                    let flat = normal(count + 20, seed).into_iter().map(|z| {
                        noise = lasting * noise + 0.01 * z;
                        5.0 + noise
                    });
                    let flat: Vec<f64> = flat.skip(20).collect();
                    rises += usize::from(course(&flat) == Course::Rises);
                    changes += usize::from(Course::between(&flat, 0) != Course::Level);
                }
                let most = if lasting > 0.0 { 10 } else { 2 };
                assert!(
                    rises <= most && changes <= most,
                    "{count} {lasting}: {rises} {changes}"
                );
            }
        }
    }

    #[test]
    fn what_rises_or_falls_beyond_noise_is_said_to() {
        for seed in 0..20 {
            let noise = normal(60, seed);
            let curve = |of: &dyn Fn(f64) -> f64| -> Vec<f64> {
                let pairs = noise.iter().enumerate();
                pairs
                    .map(|(i, z)| of(i as f64) * (1.0 + 0.005 * z))
                    .collect()
            };
            let falls = curve(&|i| 1.0 + 10.0 * (-i / 15.0_f64).exp());
            assert_eq!(Course::between(&falls, 0), Course::Falls);
            assert_ne!(course(&falls), Course::Rises);
            let overfits = curve(&|i| 1.0 + 10.0 * (-i / 4.0_f64).exp() + 0.005 * i);
            assert_eq!(course(&overfits), Course::Rises);
        }
        // Smooth curves have no noise: a parabola, and a training run that diverges.
        let smooth: Vec<f64> = (0..12)
            .map(|i| 1.0 + 0.01 * f64::from(i - 6).powi(2))
            .collect();
        assert_eq!(course(&smooth), Course::Rises);
        let diverges: Vec<f64> = (0..8).map(|i| 10f64.powi(i)).collect();
        assert_eq!(Course::between(&diverges, 0), Course::Rises);
        assert_eq!(Course::between(&[3.0; 9], 0), Course::Level);
    }
}
