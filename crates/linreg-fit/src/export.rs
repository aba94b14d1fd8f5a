//! A fit, and what a table holds, in words and as data: one form a file.

pub mod checks;
pub mod coefficients;
pub mod columns;
mod describe;
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
