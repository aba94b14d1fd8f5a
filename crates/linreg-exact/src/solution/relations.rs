use super::{ROUNDING, Solution, scaled};
use crate::factor::Dropped;
use crate::{DoubleDouble, Relation};

impl Solution {
    /// The relations between linearly dependent features.
    pub(super) fn relations(&self) -> Vec<Relation> {
        let dropped = self.factor.dropped.iter();
        dropped.map(|dropped| self.relation(dropped)).collect()
    }

    fn relation(&self, dropped: &Dropped) -> Relation {
        /// A relative size below which a factor is rounding.
        const PART: f64 = 1e-14;
        let length = |column: usize| self.squares[column].max(0.0).sqrt();
        let column = dropped.column;
        let least = (PART * length(column)).max(16.0 * dropped.left.max(0.0).sqrt());
        let origin = |column: usize| {
            DoubleDouble::from(scaled(self.origins[column], -self.exponents[column]))
        };
        let mut constant = origin(column);
        let mut size = constant.high().abs();
        let mut terms = Vec::new();
        for (other, factor) in self.factor.kept.iter().zip(&dropped.factors) {
            if *other == 0 {
                constant += *factor;
                continue;
            }
            if factor.high().abs() * length(*other) <= least {
                continue;
            }
            let part = *factor * origin(*other);
            constant -= part;
            size = size.max(part.high().abs());
            let shift = self.exponents[column] - self.exponents[*other];
            terms.push((other - 1, scaled(factor.high(), shift)));
        }
        let rows = self.factor_weight().sqrt();
        let is_rounding = constant.high().abs() <= (PART * size).max(16.0 * least / rows);
        let constant = if is_rounding && !terms.is_empty() {
            0.0
        } else {
            scaled(constant.high(), self.exponents[column])
        };
        // More than the rounding of a feature that was computed from the others.
        let others = self.factor.kept.iter().zip(&dropped.factors);
        let others = others.filter(|(other, _)| **other > 0);
        let size = others.map(|(other, factor)| factor.high().abs() * self.lengths[*other]);
        let rounding = 2.0 * ROUNDING * (self.lengths[column] + size.sum::<f64>());
        Relation {
            feature: column - 1,
            constant,
            terms,
            is_approximate: dropped.left > rounding * rounding,
        }
    }

    /// The sum of the weights in their unit.
    fn factor_weight(&self) -> f64 {
        scaled(self.sum_of_weights, -self.weight_exponent)
    }
}
