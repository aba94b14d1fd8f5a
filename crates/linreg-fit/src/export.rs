//! A fit in words and as data: one form a file.

pub mod checks;
pub mod coefficients;
pub mod columns;
pub mod figures;
pub mod json;
pub mod judgement;
pub mod ridge;
pub mod text;
pub mod training;
