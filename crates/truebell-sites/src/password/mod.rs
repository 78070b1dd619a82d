//! What a site checks a password by, read and tried twice: does this candidate open this account?
//!
//! Pure: no file, socket, clock or chance. `docs/formats/verifiers.md` says what is read and where it comes from. Never here: where
//! verifiers are kept (`source`), and whether anybody is told.
//!
//! A verifier is parsed once, by one parser ([`Verifier::parse`]); it is computed by two implementations that share no code but the
//! evaluation of templates. [`recheck`] is the only maker of [`Rechecked`], without which nothing may be reset.

mod alphabet;
mod cost;
mod first;
mod generation;
mod kdf;
mod lock;
mod made;
mod many;
mod parse;
mod recheck;
mod recipe;
mod second;
mod shape;
mod template;
mod verifier;

#[cfg(test)]
mod tests;

pub use cost::Cost;
pub use generation::Generation;
pub use lock::{Intent, NoLock, carries, is_locked, lock};
pub use made::{Made, NotMade, make};
pub use many::{ONE_BY_ONE, Tried, check_many};
pub use parse::Unreadable;
pub use recheck::{NotRechecked, Rechecked, recheck};
pub use recipe::{Dialect, Layout, Pepper, Recipe, Stored};
pub use shape::Shape;
pub use template::{Template, TemplateError};
pub use verifier::{Implementation, Limit, Verdict, Verifier};
