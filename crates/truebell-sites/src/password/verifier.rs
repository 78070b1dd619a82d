//! One account's verifier, and what trying a password on it says.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cost::Cost;
use super::first::First;
use super::generation::Generation;
use super::kdf::Kdf;
use super::parse::{self, Unreadable};
use super::recipe::{Pepper, Recipe, Stored};
use super::second::Second;
use super::template::{Digests, Nothing, Template, Values};

/// The longest password that is tried, in bytes.
const CANDIDATE_BYTES_MAX: usize = 4096;

/// Which of the two computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// Where one exists, the crate that most programs use.
    First,
    /// Another's code, or ours written from the specification.
    Second,
}

/// What a password and a verifier say about each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This is the account's password.
    Matches,
    /// It is another.
    Differs,
    /// Nothing: a match would prove less than the whole password, or nothing was computed.
    NotEvidence {
        /// Why.
        why: Limit,
    },
}

/// Why a password is no evidence either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Limit {
    /// Nobody's password.
    #[error("the password is empty")]
    Empty,
    /// More than 4,096 bytes.
    #[error("the password is longer than any site takes")]
    TooLong,
    /// The format reads the first 72 bytes alone.
    #[error("bcrypt reads only the first 72 bytes, so a match would not prove the whole password")]
    CutOff,
    /// The format stops at a NUL, or repeats after it.
    #[error("the password has a NUL byte, at which this format stops reading")]
    NulByte,
    /// The format fills with NUL.
    #[error("the password ends in a NUL byte, with and without which this format sees the same")]
    NulAtEnd,
    /// The site keeps text.
    #[error("the password is not UTF-8, and the site keeps text")]
    NotText,
    /// Memory, or parameters that the implementation does not take.
    #[error("this implementation could not compute it here")]
    NotComputed,
}

/// Something done to the password before the format's own function.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) template: Template,
    pub(super) salt: Option<Vec<u8>>,
}

/// A parsed verifier. Its `Debug` shows the format and nothing else.
#[derive(Clone)]
pub struct Verifier {
    pub(super) format: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) kdf: Kdf,
    pub(super) expected: Zeroizing<Vec<u8>>,
    pub(super) user: Option<Vec<u8>>,
    pub(super) pepper: Option<Pepper>,
    pub(super) generation: Generation,
}

/// What each implementation offers beyond digests.
pub(super) trait Derive: Digests {
    /// The function's output, at least as long as verifiers keep of it. `None` when it cannot be computed.
    fn derive(&self, kdf: &Kdf, password: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

impl Implementation {
    pub(super) fn code(self) -> &'static dyn Derive {
        match self {
            Self::First => &First,
            Self::Second => &Second,
        }
    }
}

impl Verifier {
    /// Reads what a row holds. What cannot be read is named and can be counted; it is never guessed.
    pub fn parse(stored: &Stored<'_>, recipe: &Recipe) -> Result<Self, Unreadable> {
        parse::verifier(stored, recipe)
    }

    /// The format's name, as `docs/formats/verifiers.md` has it.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// What one [`check`](Self::check) costs.
    pub fn cost_estimate(&self) -> Cost {
        self.kdf.cost()
    }

    /// Which password this is, for noticing that it changed.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Tries a password. Takes as long as the format wants: see [`cost_estimate`](Self::cost_estimate).
    pub fn check(&self, candidate: &[u8], by: Implementation) -> Verdict {
        match self.matches(candidate, by.code()) {
            Ok(true) => Verdict::Matches,
            Ok(false) => Verdict::Differs,
            Err(why) => Verdict::NotEvidence { why },
        }
    }

    fn matches(&self, candidate: &[u8], code: &dyn Derive) -> Result<bool, Limit> {
        let entering = self.prepare(candidate, code)?;
        let computed = code.derive(&self.kdf, &entering).ok_or(Limit::NotComputed)?;
        let compared = computed.get(..self.expected.len()).ok_or(Limit::NotComputed)?;
        Ok(compared.ct_eq(&self.expected).into())
    }

    /// What goes into the format's function, of a candidate that can be evidence.
    pub(super) fn prepare(&self, candidate: &[u8], code: &dyn Derive) -> Result<Zeroizing<Vec<u8>>, Limit> {
        if candidate.is_empty() {
            return Err(Limit::Empty);
        }
        if candidate.len() > CANDIDATE_BYTES_MAX {
            return Err(Limit::TooLong);
        }
        let entering = self.enter(candidate, code)?;
        match self.kdf.limit(&entering) {
            Some(limit) => Err(limit),
            None => Ok(entering),
        }
    }

    /// What goes into the format's function.
    pub(super) fn enter(&self, candidate: &[u8], digests: &dyn Derive) -> Result<Zeroizing<Vec<u8>>, Limit> {
        let mut entering = Zeroizing::new(candidate.to_vec());
        for step in &self.steps {
            entering = self.evaluate(step, &entering, digests).map_err(|nothing| match nothing {
                Nothing::NotText => Limit::NotText,
                Nothing::NulEndsKey => Limit::NulAtEnd,
                Nothing::Missing(_) | Nothing::NotEncoded => Limit::NotComputed,
            })?;
        }
        Ok(entering)
    }

    pub(super) fn evaluate(&self, step: &Step, password: &[u8], digests: &dyn Derive) -> Result<Zeroizing<Vec<u8>>, Nothing> {
        let values =
            Values { password, salt: step.salt.as_deref(), user: self.user.as_deref(), pepper: self.pepper.as_ref().map(Pepper::expose) };
        step.template.evaluate(&values, digests)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Verifier({})", self.format)
    }
}
