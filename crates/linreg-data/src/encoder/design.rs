use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::feature::{Feature, FeatureFactor};
use crate::schema::Kind;
use crate::{Encoder, Factor, MissingPolicy, Term};

/// One column of the encoded rows, which is a product.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product(pub Vec<Piece>);

/// A factor of a product. Columns are indices into the encoder's columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// A number, raised to a power.
    Power { column: usize, degree: u32 },
    /// 1 in rows of this level, 0 in others. The index after that of the last
    /// level stands for missing values.
    Level {
        column: usize,
        level: u32,
        /// Whether it is compared with the reference level, which then is no
        /// feature.
        compared: bool,
    },
    /// 1 in rows where the number is missing, 0 in others.
    Missing { column: usize },
}

/// The pieces that a factor of a term stands for, before they are written out.
#[derive(Clone, Copy)]
enum Pieces {
    /// The powers from 1 to the degree.
    Powers { column: usize, degree: u32 },
    /// The levels, without the reference level where they are compared with it.
    Levels {
        column: usize,
        num_levels: u32,
        compared: bool,
    },
}

/// What an encoder's terms become, before any feature is written out: a short
/// term may stand for more features than fit into memory.
pub(super) struct Design {
    /// The factors of each term.
    terms: Vec<Vec<Pieces>>,
    /// The numeric columns that have a feature for their missing values.
    marked: Vec<usize>,
}

/// The terms of a model, to be found by their factors in any order.
struct KnownTerms<'a> {
    terms: HashSet<BTreeSet<&'a Factor>>,
    /// The number of factors of each, and the sum of their hashes. With it, whether a term
    /// without one of its factors is another takes no time for each of the others.
    sums: HashSet<(usize, u64)>,
    hashes: RandomState,
}

impl<'a> KnownTerms<'a> {
    fn of(terms: &'a [Term]) -> Self {
        let mut known = Self {
            terms: terms.iter().map(|term| term.0.iter().collect()).collect(),
            sums: HashSet::new(),
            hashes: RandomState::new(),
        };
        known.sums = terms
            .iter()
            .map(|term| (term.0.len(), known.sum(term)))
            .collect();
        known
    }

    fn sum(&self, term: &Term) -> u64 {
        let hashes = term.0.iter().map(|factor| self.hashes.hash_one(factor));
        hashes.fold(0, u64::wrapping_add)
    }

    /// Whether one of the terms is this one, whose hashes have this sum, without the
    /// factor at an index.
    fn contain_without(&self, term: &Term, sum: u64, index: usize) -> bool {
        let others = sum.wrapping_sub(self.hashes.hash_one(&term.0[index]));
        self.sums.contains(&(term.0.len() - 1, others)) && {
            let others = term.0.iter().enumerate();
            let others = others.filter(|(other, _)| *other != index);
            self.terms
                .contains(&others.map(|(_, factor)| factor).collect())
        }
    }
}

impl Design {
    /// Returns the design of an encoder.
    pub fn of(encoder: &Encoder) -> Self {
        let columns = encoder.feature_index();
        let is_categorical = |column: usize| {
            let kind = &encoder.columns[column].kind;
            matches!(kind, Kind::Categorical { .. })
        };
        let has_missing_level = |column: usize| {
            encoder.missing == MissingPolicy::Indicator && encoder.columns[column].missing > 0
        };
        let known = KnownTerms::of(&encoder.terms);
        // Whether some of the features so far add up to 1 in every row, as the
        // intercept or all levels of a column do.
        let mut has_constant = encoder.intercept;
        let (mut terms, mut marked) = (Vec::new(), Vec::new());
        for term in &encoder.terms {
            let mut pieces = Vec::new();
            let sum = known.sum(term);
            for (index, factor) in term.0.iter().enumerate() {
                let Some(column) = columns.of(factor) else {
                    continue;
                };
                let by_levels = is_categorical(column);
                let compared = if term.0.len() > 1 {
                    known.contain_without(term, sum, index)
                } else if by_levels {
                    std::mem::replace(&mut has_constant, true)
                } else {
                    true
                };
                pieces.push(match (factor, &encoder.columns[column].kind) {
                    (_, Kind::Categorical { levels, .. }) => Pieces::Levels {
                        column,
                        num_levels: levels.len() as u32 + u32::from(has_missing_level(column)),
                        compared,
                    },
                    (Factor::Powers { degree, .. }, _) => Pieces::Powers {
                        column,
                        degree: *degree,
                    },
                    _ => Pieces::Powers { column, degree: 1 },
                });
                // In a categorical column, missing values are a level of their
                // own.
                if !by_levels && has_missing_level(column) {
                    marked.push(column);
                }
            }
            terms.push(pieces);
        }
        let mut seen = HashSet::new();
        marked.retain(|column| seen.insert(*column));
        Self { terms, marked }
    }

    /// The number of features of each term, capped at `u64::MAX`.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        let of_term = |term: &Vec<Pieces>| {
            let sizes = term.iter().map(Pieces::len);
            sizes.fold(1u64, |product, size| product.saturating_mul(size.into()))
        };
        self.terms.iter().map(of_term)
    }

    /// The number of features, capped at `u64::MAX`.
    pub fn num_features(&self) -> u64 {
        let marked = self.marked.len() as u64;
        self.sizes().fold(marked, u64::saturating_add)
    }

    /// Returns all features, written out.
    pub fn products(&self) -> Vec<Product> {
        let mut features = Vec::new();
        for term in &self.terms {
            let mut products = vec![Product(Vec::new())];
            for pieces in term {
                let pieces: Vec<Piece> = pieces.iter().collect();
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
        let marked = self.marked.iter();
        features.extend(marked.map(|column| Product(vec![Piece::Missing { column: *column }])));
        features
    }
}

impl Pieces {
    fn len(&self) -> u32 {
        match *self {
            Self::Powers { degree, .. } => degree,
            Self::Levels {
                num_levels,
                compared,
                ..
            } => num_levels.saturating_sub(u32::from(compared)),
        }
    }

    fn iter(self) -> Box<dyn Iterator<Item = Piece>> {
        match self {
            Self::Powers { column, degree } => {
                Box::new((1..=degree).map(move |degree| Piece::Power { column, degree }))
            }
            Self::Levels {
                column,
                num_levels,
                compared,
            } => Box::new(
                (u32::from(compared)..num_levels).map(move |level| Piece::Level {
                    column,
                    level,
                    compared,
                }),
            ),
        }
    }
}

impl Product {
    /// Whether it is a power or a product of numbers, so that an `f64` may
    /// round it.
    pub fn is_rounded(&self) -> bool {
        let degrees = self.0.iter().map(|piece| match piece {
            Piece::Power { degree, .. } => *degree,
            Piece::Level { .. } | Piece::Missing { .. } => 0,
        });
        degrees.sum::<u32>() > 1
    }

    /// Describes it for the readers of the encoder.
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

/// What missing values are called beside these levels, one of which may be
/// called `missing` itself.
fn missing_label(levels: &[String]) -> String {
    let mut label = "missing".to_string();
    while levels.contains(&label) {
        label = format!("({label})");
    }
    label
}
