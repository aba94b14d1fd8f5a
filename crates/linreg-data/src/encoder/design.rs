use std::collections::HashSet;

use super::feature::{Feature, FeatureFactor};
use crate::schema::Kind;
use crate::{Encoder, Factor, MissingPolicy, Term};

/// One column of the encoded rows: a product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product(pub Vec<Piece>);

/// A factor of a product. Columns are indices into the encoder's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// A number to some power.
    Power { column: usize, degree: u32 },
    /// 1 in rows of this level, 0 in others. The level after the last is that of
    /// missing cells.
    Level {
        column: usize,
        level: u32,
        /// Whether the baseline level is no feature beside it.
        compared: bool,
    },
    /// 1 in rows where the number is missing, 0 in others.
    Missing { column: usize },
}

/// What the terms of an encoder become.
pub(super) fn products(encoder: &Encoder) -> Vec<Product> {
    let index = encoder.feature_index();
    let known = Terms::new(&encoder.terms);
    let mut features = Vec::new();
    // Whether some of the features so far add up to 1 in every row: the
    // intercept, or all levels of a column.
    let mut has_constant = encoder.intercept;
    for term in &encoder.terms {
        let mut products = vec![Product(Vec::new())];
        for (position, factor) in term.0.iter().enumerate() {
            let mut rest: Vec<&Factor> = term.0.iter().collect();
            rest.remove(position);
            let compared = match rest.is_empty() {
                true if is_categorical(encoder, index.of(factor)) => {
                    std::mem::replace(&mut has_constant, true)
                }
                true => true,
                false => known.contains(rest),
            };
            let pieces = pieces(encoder, factor, index.of(factor), compared);
            // The first factor changes fastest.
            products = pieces
                .iter()
                .flat_map(|piece| {
                    products.iter().map(move |product| {
                        let mut product = product.clone();
                        product.0.push(*piece);
                        product
                    })
                })
                .collect();
        }
        features.extend(products);
    }
    if encoder.missing == MissingPolicy::Indicator {
        // A level of their own marks the missing cells of categorical columns.
        let mut marked = HashSet::new();
        for factor in encoder.terms.iter().flat_map(|term| &term.0) {
            let column = index.of(factor);
            if is_categorical(encoder, column) {
                continue;
            }
            let column = column.filter(|column| encoder.columns[*column].missing > 0);
            if let Some(column) = column.filter(|column| marked.insert(*column)) {
                features.push(Product(vec![Piece::Missing { column }]));
            }
        }
    }
    features
}

fn is_categorical(encoder: &Encoder, column: Option<usize>) -> bool {
    column.is_some_and(|column| matches!(encoder.columns[column].kind, Kind::Categorical { .. }))
}

/// What a factor becomes; without its baseline level where it is `compared` with
/// it.
fn pieces(encoder: &Encoder, factor: &Factor, column: Option<usize>, compared: bool) -> Vec<Piece> {
    let Some(column) = column else {
        return Vec::new();
    };
    match (factor, &encoder.columns[column].kind) {
        (_, Kind::Categorical { levels, .. }) => {
            let with_missing =
                encoder.missing == MissingPolicy::Indicator && encoder.columns[column].missing > 0;
            let levels = levels.len() as u32 + u32::from(with_missing);
            (u32::from(compared)..levels)
                .map(|level| Piece::Level {
                    column,
                    level,
                    compared,
                })
                .collect()
        }
        (Factor::Powers { degree, .. }, _) => (1..=*degree)
            .map(|degree| Piece::Power { column, degree })
            .collect(),
        _ => vec![Piece::Power { column, degree: 1 }],
    }
}

/// The products that are terms of a model, whatever the order of their factors.
struct Terms<'a>(HashSet<Vec<&'a Factor>>);

impl<'a> Terms<'a> {
    fn new(terms: &'a [Term]) -> Self {
        let factors = terms.iter().map(|term| term.0.iter().collect());
        Self(factors.map(sorted).collect())
    }

    fn contains(&self, factors: Vec<&'a Factor>) -> bool {
        self.0.contains(&sorted(factors))
    }
}

fn sorted(mut factors: Vec<&Factor>) -> Vec<&Factor> {
    factors.sort();
    factors
}

impl Product {
    /// Whether it is a power or a product of numbers, which an `f64` rounds.
    pub fn is_rounded(&self) -> bool {
        let degrees = self.0.iter().map(|piece| match piece {
            Piece::Power { degree, .. } => *degree,
            Piece::Level { .. } | Piece::Missing { .. } => 0,
        });
        degrees.sum::<u32>() > 1
    }

    /// What it is, for those who read the encoder.
    pub fn feature(&self, encoder: &Encoder) -> Feature {
        let factors = self.0.iter().map(|piece| piece.factor(encoder));
        Feature {
            factors: factors.collect(),
        }
    }
}

impl Piece {
    fn factor(self, encoder: &Encoder) -> FeatureFactor {
        let (Self::Power { column, .. } | Self::Level { column, .. } | Self::Missing { column }) =
            self;
        let name = encoder.columns[column].name.clone();
        let levels = match &encoder.columns[column].kind {
            Kind::Categorical { levels, .. } => &levels[..],
            _ => &[],
        };
        match self {
            Self::Power { degree, .. } => FeatureFactor::Number {
                column: name,
                power: degree,
            },
            Self::Missing { .. } => FeatureFactor::Missing {
                column: name,
                label: "missing".to_string(),
                baseline: None,
            },
            Self::Level {
                level, compared, ..
            } => {
                let baseline = levels.first().filter(|_| compared).cloned();
                match levels.get(level as usize) {
                    Some(level) => FeatureFactor::Level {
                        column: name,
                        level: level.clone(),
                        baseline,
                    },
                    None => FeatureFactor::Missing {
                        column: name,
                        label: missing_label(levels),
                        baseline,
                    },
                }
            }
        }
    }
}

/// What missing cells are called beside these levels: one of them may be called
/// `missing` itself.
fn missing_label(levels: &[String]) -> String {
    let mut label = "missing".to_string();
    while levels.contains(&label) {
        label = format!("({label})");
    }
    label
}
