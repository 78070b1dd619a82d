//! The key of a file of pairs, and its public half. Who has the key can evaluate any pair; who has the public half can tell whether an answer is of it.

use crate::chance::Chance;
use crate::hash::Hash32;
use crate::pair::entry::{ENTRY_BYTES, Told, derive_beacon};
use crate::pair::oprf::{Element, NotAnElement, PROOF_BYTES, Server, is_element};
use crate::pair::{FileId, Input};
use data_encoding::HEXLOWER;
use std::fmt;
use zeroize::Zeroizing;

const KEY_WORD: &str = "truebell-pair-key-1";
/// Digits of the sum behind the key: enough to see that one was copied wrongly.
const SUM_DIGITS: usize = 8;

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Something else.
    #[error("this is not the key of a file of pairs; truebell corpus pair build makes one")]
    Shape,
    /// Copied wrongly.
    #[error("this key of a file of pairs is damaged: take it from where it was copied from")]
    Sum,
}

/// The secret key.
#[derive(Clone)]
pub struct PairKey(Server);

impl fmt::Debug for PairKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PairKey(…)")
    }
}

impl PairKey {
    /// A new one.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(Server::make_random(chance))
    }

    /// The line of its file, with its end.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let scalar = self.0.expose_scalar();
        let digits = Zeroizing::new(HEXLOWER.encode(scalar.as_ref()));
        Zeroizing::new(format!("{KEY_WORD} {} {}\n", digits.as_str(), sum(&scalar)))
    }

    /// From the line of its file.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let mut words = text.trim().split(' ');
        let (Some(KEY_WORD), Some(digits), Some(said), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(NotAKey::Shape);
        };
        let bytes = Zeroizing::new(HEXLOWER.decode(digits.as_bytes()).map_err(|_| NotAKey::Sum)?);
        let scalar: Zeroizing<Element> = Zeroizing::new(bytes.as_slice().try_into().map_err(|_| NotAKey::Sum)?);
        if sum(&scalar) != said {
            return Err(NotAKey::Sum);
        }
        Server::from_scalar(&scalar).map(Self).ok_or(NotAKey::Sum)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public())
    }

    /// What somebody who asks about this comes to, for building.
    pub fn tell(&self, file: &FileId, input: &Input) -> Told {
        Told::derive(file, &self.0.evaluate(input.bytes()))
    }

    /// The beacon of a bucket with these entries, which is its last entry.
    pub fn beacon(&self, file: &FileId, bucket: u32, entries: &[u8]) -> [u8; ENTRY_BYTES] {
        derive_beacon(file, &self.0.evaluate(Input::beacon(file, bucket).bytes()), entries)
    }

    pub(super) fn answer(&self, blinded: &[Element], chance: &mut dyn Chance) -> Result<(Vec<Element>, [u8; PROOF_BYTES]), NotAnElement> {
        self.0.answer(blinded, chance)
    }
}

fn sum(scalar: &Element) -> String {
    let mut digits = HEXLOWER.encode(&Hash32::derive_labelled("truebell pairs key v1", &[scalar]).0);
    digits.truncate(SUM_DIGITS);
    digits
}

/// The public half, by which answers are proven.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(Element);

impl PublicKey {
    /// From its bytes; `None`: no point.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        is_element(&bytes).then_some(Self(bytes))
    }

    /// From 64 hex digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().and_then(Self::from_bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
