//! Whether a list may be believed, by what lists from real people have in common (`docs/formats/list.md`, "Before a list is used"). Never here: whether an account is exposed.
//!
//! Every verdict rests on one count of so many, and on a bound that no genuine list passes more than once in a million times.

mod bound;
mod overlap;
mod survey;
mod text;
mod verdict;

pub use overlap::Overlap;
pub use survey::Survey;
pub use verdict::{Standing, Test, Verdict};

#[cfg(test)]
mod tests;
