//! The verifier that a reset leaves in an account's place: of the same format and length, opened by no password, carrying the intent.
//!
//! `docs/formats/actions.md` says why it looks the way it does. Never here: writing it anywhere (`action`).

use std::fmt;

use truebell_core::secret::Secret;

use super::Unreadable;
use super::alphabet;
use super::kdf::Kdf;
use super::recipe::{Layout, Recipe, Stored};
use super::verifier::Verifier;

/// Fills what is longer than an intent, and is known by.
const MARK: &str = "truebell";
/// The last letter of a locked bcrypt: the bits that fill it are not zero, as every encoder writes them.
const NO_ENCODER_WRITES: char = 's';
/// Letters that carry an intent whatever follows it: the next one holds bits of its neighbour.
const SURE_LETTERS: usize = 21;

/// What somebody set out to do with one account. Its number stands in the site's row as long as it is done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Intent([u8; 16]);

impl Intent {
    /// From 16 random bytes, written down before anything is done.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// To be written down.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// 22 letters that every alphabet of `crypt(3)` and its relatives has.
    fn letters(self) -> String {
        data_encoding::BASE64_NOPAD.encode(&self.0).replace('+', ".")
    }

    /// The intent and the mark again and again.
    fn filling(self, length: usize) -> Vec<u8> {
        self.0.into_iter().chain(MARK.bytes().cycle()).take(length).collect()
    }

    /// The same in letters.
    fn letter_filling(self, length: usize) -> String {
        self.letters().chars().chain(MARK.chars().cycle()).take(length).collect()
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Intent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Intent({self})")
    }
}

/// Why a verifier has no lock. Nothing may be reset then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLock {
    /// What is not read cannot be replaced by its like.
    #[error("its verifier is not read ({0}), so nothing can stand in its place")]
    Unreadable(Unreadable),
    /// The digest's place was not found, or is too short.
    #[error("its verifier ({0}) has no room for a mark, so a reset could not be told from another change")]
    NoRoom(&'static str),
}

/// The verifier that stands in the place of `stored` once `intent` is done.
pub fn lock(stored: &Stored<'_>, recipe: &Recipe, intent: Intent) -> Result<Secret, NoLock> {
    // Nothing of the lock depends on the name, and whoever undoes it need not know it.
    let stored = &Stored { user: stored.user.or(Some("")), ..*stored };
    let verifier = Verifier::parse(stored, recipe).map_err(NoLock::Unreadable)?;
    let text = stored.verifier;
    let made = match recipe.layout() {
        Layout::Named(_) => named(&verifier, text, intent),
        Layout::AspNetIdentity => blob(text, verifier.expected.len(), false, intent),
        Layout::Pbkdf2Columns => Some(hexadecimal(text, intent)),
        Layout::Digest { template, salt_after } => {
            let (digest, rest) = match salt_after.and_then(|letter| text.find(letter)) {
                Some(at) => text.split_at(at),
                None => (text, ""),
            };
            let made = if template.makes_hex() { Some(hexadecimal(digest, intent)) } else { base64(digest, intent) };
            made.map(|made| format!("{made}{rest}"))
        }
    };
    let fits = |made: &String| made.len() == text.len() && made != text && carries(made, intent);
    made.filter(fits).map(Secret::new).ok_or(NoLock::NoRoom(verifier.format))
}

/// Whether this intent is done in a row that holds `text`.
pub fn carries(text: &str, intent: Intent) -> bool {
    let letters = data_encoding::BASE64_NOPAD.encode(&intent.0);
    let of = |letters: &str| letters.get(..SURE_LETTERS).is_some_and(|sure| text.contains(sure));
    of(&letters)
        || of(&intent.letters())
        || text.contains(&intent.to_string())
        || bytes_of(text).is_some_and(|bytes| bytes.windows(16).any(|window| window == intent.0))
}

/// Whether a row holds some intent's lock, as far as its format has room to say so.
pub fn is_locked(text: &str) -> bool {
    let has_mark = |bytes: &[u8]| bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    has_mark(text.as_bytes())
        || text.contains(&data_encoding::HEXLOWER.encode(MARK.as_bytes()))
        || bytes_of(text).is_some_and(|bytes| has_mark(&bytes))
}

/// What the last field says in base64: with `.` for `+` or without, padded or not.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let field = text.rsplit(['$', '}']).next()?.trim_end_matches('=').replace('.', "+");
    data_encoding::BASE64_NOPAD.decode(field.as_bytes()).ok()
}

fn named(verifier: &Verifier, text: &str, intent: Intent) -> Option<String> {
    if let Some((scheme, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        let made = match verifier.kdf {
            Kdf::Salted { .. } => blob(rest, verifier.expected.len(), true, intent),
            _ => named(verifier, rest, intent),
        };
        return made.map(|made| format!("{{{scheme}}}{made}"));
    }
    let at = text.rfind('$').map_or(0, |at| at + 1);
    let (head, field) = text.split_at(at);
    let made = match verifier.kdf {
        Kdf::Bcrypt { .. } => bcrypt(field, intent),
        // The letter of the rounds and the salt stand before it.
        Kdf::Phpass { .. } => {
            let (round, rest) = field.split_at_checked(1)?;
            let salt = intent.letter_filling(8);
            Some(format!("{round}{salt}{}", intent.letter_filling(rest.len().checked_sub(salt.len())?)))
        }
        Kdf::Md5Crypt { .. } | Kdf::ShaCrypt { .. } => Some(intent.letter_filling(field.len())),
        Kdf::Plain => Some(hexadecimal(field, intent)),
        _ if verifier.format.starts_with("werkzeug") => Some(hexadecimal(field, intent)),
        _ if verifier.format.starts_with("passlib") => base64(field, intent).map(|made| made.replace('+', ".")),
        _ => base64(field, intent),
    };
    made.map(|made| format!("{head}{made}"))
}

/// 31 letters of digest, with 22 of salt before them where both are one field.
fn bcrypt(field: &str, intent: Intent) -> Option<String> {
    let digest = format!("{}{NO_ENCODER_WRITES}", intent.letter_filling(30));
    match field.len() {
        53 => Some(format!("{}.{digest}", intent.letter_filling(21))),
        31 => Some(digest),
        _ => None,
    }
}

fn hexadecimal(field: &str, intent: Intent) -> String {
    data_encoding::HEXLOWER.encode(&intent.filling(field.len() / 2))
}

/// Padded where the field is.
fn base64(field: &str, intent: Intent) -> Option<String> {
    let letters = field.trim_end_matches('=');
    let bytes = letters.len() * 3 / 4;
    let made = data_encoding::BASE64_NOPAD.encode(&intent.filling(bytes));
    (bytes >= intent.0.len()).then(|| format!("{made}{}", "=".repeat(field.len() - letters.len())))
}

/// Bytes in padded base64, of which the digest's are exchanged: the first or the last ones.
fn blob(text: &str, length: usize, is_first: bool, intent: Intent) -> Option<String> {
    let mut bytes = alphabet::decode_padded(text)?;
    let start = if is_first { 0 } else { bytes.len().checked_sub(length)? };
    bytes.get_mut(start..start + length)?.copy_from_slice(&intent.filling(length));
    (length >= intent.0.len()).then(|| data_encoding::BASE64.encode(&bytes))
}
