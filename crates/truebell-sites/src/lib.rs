//! Whom we protect: account sources, password formats, reset actions.
//!
//! Never here: who is at risk, and what a person is told. That is decided above, from findings; this crate reads what a site has,
//! proves what a leaked password opens, and does to one account what it is told to, in a way that can be undone.

#[cfg(feature = "source")]
pub mod action;
pub mod password;
#[cfg(feature = "source")]
pub mod source;
