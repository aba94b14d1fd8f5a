//! A fit in words and as data: one form a file.

pub mod checks;
pub mod coefficients;
pub mod columns;
mod document;
pub mod figures;
mod html;
pub mod json;
pub mod judgement;
mod latex;
mod markdown;
pub mod ridge;
pub mod text;
pub mod training;
