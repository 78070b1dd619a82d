//! Reading verifiers: from what a row holds to parameters that can be computed. One file for each family of formats.
//!
//! Never here: a digest of a password. The only thing computed is a template on a word of ours, to see whether the row fits it.

mod blobs;
mod columns;
mod modular;
mod phc;
mod python;

use zeroize::Zeroizing;

use super::generation::Generation;
use super::kdf::Kdf;
use super::recipe::{Dialect, Layout, Recipe, Stored};
use super::shape::Shape;
use super::template::{Nothing, Template};
use super::verifier::{Implementation, Step, Verifier};

/// More letters than any verifier has.
const LETTERS_MAX: usize = 1024;

/// Shorter digests match too many passwords.
const DIGEST_BYTES_MIN: usize = 16;

/// Why a verifier is not checked. For counting: nothing of the verifier is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unreadable {
    /// The account has no password: the column is empty or holds a mark that no password can match.
    #[error("no usable password")]
    NoPassword,
    /// Nobody says what it is.
    #[error("unknown format ({0})")]
    Unknown(Shape),
    /// A format that cannot be evidence.
    #[error("{format}: {why}")]
    Refused {
        /// Its name.
        format: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It says what it is, and is not well-formed.
    #[error("{format}: {what}")]
    Broken {
        /// Its name.
        format: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// More memory or time than any site would spend.
    #[error("{format}: asks for more memory or time than any site would spend on one password, and is not run")]
    TooCostly {
        /// Its name.
        format: &'static str,
    },
    /// The recipe needs what the row does not have.
    #[error("the recipe needs {0}, which this row does not have")]
    Missing(&'static str),
}

/// What a family's parser makes.
pub(super) struct Parsed {
    format: &'static str,
    steps: Vec<Step>,
    kdf: Kdf,
    expected: Vec<u8>,
}

type Result<T> = std::result::Result<T, Unreadable>;

impl Parsed {
    fn new(format: &'static str, kdf: Kdf, expected: Vec<u8>) -> Self {
        Self { format, steps: Vec::new(), kdf, expected }
    }

    /// With a step of the format's own before its function.
    fn after(self, template: &'static str, salt: Option<Vec<u8>>) -> Result<Self> {
        let broken = Unreadable::Broken { format: self.format, what: "the format's own template cannot be read" };
        let template = Template::parse(template).map_err(|_| broken)?;
        Ok(Self { steps: vec![Step { template, salt }], ..self })
    }

    fn named(self, format: &'static str) -> Self {
        Self { format, ..self }
    }
}

/// Something that a format's own text says wrongly.
fn broken<T>(format: &'static str, what: &'static str) -> Result<T> {
    Err(Unreadable::Broken { format, what })
}

/// A decimal number as encoders write it: digits, no sign, no leading zero.
fn number<N: std::str::FromStr>(text: &str, format: &'static str) -> Result<N> {
    let is_plain = text.bytes().all(|letter| letter.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let read = if is_plain { text.parse().ok() } else { None };
    read.ok_or(Unreadable::Broken { format, what: "a number in it cannot be read" })
}

pub(super) fn verifier(stored: &Stored<'_>, recipe: &Recipe) -> Result<Verifier> {
    let text = stored.verifier;
    if text.is_empty() || text.starts_with(['!', '*']) {
        return Err(Unreadable::NoPassword);
    }
    if text.len() > LETTERS_MAX {
        return Err(Unreadable::Unknown(Shape::of(text)));
    }
    let parsed = match recipe.layout() {
        Layout::Named(dialect) => named(text, *dialect)?,
        Layout::AspNetIdentity => blobs::aspnet_identity(text)?,
        Layout::Pbkdf2Columns => columns::pbkdf2(stored)?,
        Layout::Digest { template, salt_after } => columns::digest(stored, template, *salt_after)?,
    };
    let format = parsed.format;
    if parsed.kdf.cost().is_absurd() {
        return Err(Unreadable::TooCostly { format });
    }
    if parsed.expected.len() < DIGEST_BYTES_MIN {
        return broken(format, "its digest is too short to be evidence");
    }
    let verifier = assemble(parsed, stored, recipe);
    try_on(&verifier)?;
    Ok(verifier)
}

fn assemble(parsed: Parsed, stored: &Stored<'_>, recipe: &Recipe) -> Verifier {
    let mut steps = Vec::new();
    if *recipe.candidate() != Template::password() {
        let salt = stored.salt.map(|salt| salt.as_bytes().to_vec());
        steps.push(Step { template: recipe.candidate().clone(), salt });
    }
    steps.extend(parsed.steps);
    Verifier {
        format: parsed.format,
        steps,
        kdf: parsed.kdf,
        expected: Zeroizing::new(parsed.expected),
        user: stored.user.map(|user| user.as_bytes().to_vec()),
        pepper: recipe.pepper().cloned(),
        generation: Generation::of(stored),
    }
}

/// A word that goes through the steps once, so that a row which does not fit its recipe is found now and not in the middle of a campaign.
const TRIAL: &[u8] = b"trial";

fn try_on(verifier: &Verifier) -> Result<()> {
    let code = Implementation::First.code();
    let mut entering = Zeroizing::new(TRIAL.to_vec());
    for step in &verifier.steps {
        entering = verifier.evaluate(step, &entering, code).map_err(|nothing| match nothing {
            Nothing::Missing(value) => Unreadable::Missing(value),
            Nothing::NotEncoded => Unreadable::Broken { format: verifier.format, what: "its salt is not encoded as the recipe says" },
            Nothing::NotText | Nothing::NulEndsKey => {
                Unreadable::Broken { format: verifier.format, what: "the recipe does not take a plain word" }
            }
        })?;
    }
    if verifier.kdf == Kdf::Plain && entering.len() != verifier.expected.len() {
        return broken(verifier.format, "its length is not what the recipe makes");
    }
    Ok(())
}

fn named(text: &str, dialect: Dialect) -> Result<Parsed> {
    if let Some(parsed) = modular::read(text)? {
        return Ok(parsed);
    }
    if let Some(parsed) = phc::read(text)? {
        return Ok(parsed);
    }
    if text.starts_with('{') {
        return blobs::ldap(text);
    }
    let of_dialect = match dialect {
        Dialect::Plain => None,
        Dialect::Django => python::django(text)?,
        Dialect::Werkzeug => python::werkzeug(text)?,
        Dialect::WordPress => columns::wordpress_md5(text)?,
    };
    of_dialect.ok_or_else(|| Unreadable::Unknown(Shape::of(text)))
}
