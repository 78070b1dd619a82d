//! Whom we protect: account sources, password formats, reset actions.
//!
//! Never here: who is at risk, and what a person is told. That is decided above, from findings; this crate only reads what a site has
//! and proves what a leaked password opens.

pub mod password;
#[cfg(feature = "source")]
pub mod source;
