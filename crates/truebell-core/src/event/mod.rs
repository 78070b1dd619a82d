//! Security events: what happened to an account, said so that nobody can say it falsely (`docs/formats/event.md`).
//!
//! The person's device signs an [`Act`] with the account's key (law 3); the server wraps it in a SET (RFC 8417) of its own and
//! chains it to the event before. [`verify`] is the only way to a [`Verified<Event>`], and a notice takes nothing else.

mod act;
pub(crate) mod jws;
mod retraction;
pub(crate) mod set;
mod verify;

pub use act::{Act, What};
pub use retraction::{
    Link, NewRetraction, Of, Plea, Reason, Retraction, SignedRetraction, is_retraction, read_retraction, sign_retraction, verify_link,
};
pub use set::{Countersigned, Made, Unsayable, countersign};
pub use verify::{Admitted, Chain, Genuine, NotProven, Trust, Verified, check_act, inner_act, read_act, read_public, read_signed, verify};

use crate::hash::Hash32;
use crate::ids::{AccountId, EventId, ServerId};
use crate::time::UnixMillis;
use serde::Serialize;

/// One event of one account, as read from its SET.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// `jti`.
    pub id: EventId,
    /// The server that countersigned.
    pub server: ServerId,
    /// When it did.
    pub at: UnixMillis,
    /// What the account's own device signed.
    pub act: Act,
    /// SHA-256 of the SET: what the next event names as `prev`, and what the check code is made from.
    pub digest: Hash32,
}

impl Event {
    /// The account it happened to.
    pub fn account(&self) -> AccountId {
        self.act.account
    }

    /// The short code a person can check the notice by: `7KQ4F-2M9XB`, 50 bits of the digest.
    pub fn code(&self) -> CheckCode {
        CheckCode::derive(&self.digest)
    }
}

/// A notice's check code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct CheckCode(String);

/// Why a text is no check code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// Too many letters or too few.
    #[error("a check code has ten letters and digits, as in 7KQ4F-2M9XB, and this has {found}: copy it again from the notice")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// A letter that no code has.
    #[error("a check code has ten letters and digits, as in 7KQ4F-2M9XB, and this holds something else: copy it again from the notice")]
    Letter,
}

/// Letters of a code, the dash not counted.
const CODE_LETTERS: usize = 10;
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl CheckCode {
    pub(crate) fn derive(digest: &Hash32) -> Self {
        let mut bits = digest.0.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first));
        let mut text = String::with_capacity(11);
        for place in 0..10 {
            if place == 5 {
                text.push('-');
            }
            text.push(CODE_ALPHABET.get((bits >> 59) as usize).map_or('0', |letter| char::from(*letter)));
            bits <<= 5;
        }
        Self(text)
    }

    /// Reads a code as people type it: any case, any spaces and dashes, O for 0, I and L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// The same, saying what is wrong with what is none.
    pub fn read(text: &str) -> Result<Self, NotACode> {
        // Dashes as mail programs and telephones make them: U+2010 to U+2015, the minus sign, the soft hyphen.
        let is_between = |letter: char| {
            letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}' | '\u{fe63}' | '\u{ff0d}')
        };
        let mut letters = String::with_capacity(11);
        let mut count = 0;
        for letter in text.chars().filter(|letter| !is_between(*letter)) {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                letter => letter,
            };
            if !letter.is_ascii() || !CODE_ALPHABET.contains(&(letter as u8)) {
                return Err(NotACode::Letter);
            }
            if count == 5 {
                letters.push('-');
            }
            if count < CODE_LETTERS {
                letters.push(letter);
            }
            count += 1;
        }
        if count == CODE_LETTERS { Ok(Self(letters)) } else { Err(NotACode::Length { found: count }) }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CheckCode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
