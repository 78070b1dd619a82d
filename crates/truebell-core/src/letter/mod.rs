//! Letters about what happened to an account: what is proven ([`Evidence`]), the words made from it and from nothing else (`templates/`,
//! `write.rs`), and whether a mail somebody holds is one of them ([`check_mail`]; `docs/formats/event.md`, *In a mail*).
//!
//! Never here: sending, an address, a word that is not in a template.

mod check;
mod differ;
mod eml;
mod evidence;
mod templates;
mod write;

pub use check::{Enclosure, Mail, MailVerdict, NotOurs, Whose, check_mail, enclose};
pub use differ::Difference;
pub use eml::NotAMail;
pub use evidence::{Enclosed, Evidence, RETRACTED, is_correction};
pub use templates::{FORM, letter};
pub use write::{Letter, escape, name};

#[cfg(test)]
mod tests;
