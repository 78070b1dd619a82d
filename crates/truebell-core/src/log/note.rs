//! Signed notes (C2SP signed-note): a text, and lines of signatures by named keys.

use crate::hash::Hash32;
use data_encoding::BASE64;

/// Longest note read, in bytes.
const LEN_MAX: usize = 64 * 1024;
/// Most signature lines read.
const SIGNATURES_MAX: usize = 100;

/// Why a text is not a signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a signed note: a text, an empty line, and lines of signatures")]
pub struct NotANote;

/// A note, read and not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    /// What is signed, with its last newline.
    pub text: &'a str,
    /// The lines below it.
    pub(super) signatures: Vec<Line<'a>>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) id: [u8; 4],
    pub(super) signature: Vec<u8>,
}

/// Whether a text can be a key's name: not empty, without spaces, plus signs and control characters.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '+')
}

/// A key's id: `SHA-256(name ‖ 0A ‖ type ‖ key)[..4]`.
pub(super) fn derive_key_id(name: &str, kind: u8, key: &[u8; 32]) -> [u8; 4] {
    let digest = Hash32::derive_plain(&[name.as_bytes(), b"\n", &[kind], key].concat());
    digest.0.first_chunk().copied().unwrap_or_default()
}

impl<'a> Note<'a> {
    /// Reads a note.
    pub fn parse(note: &'a str) -> Result<Self, NotANote> {
        if note.len() > LEN_MAX || note.contains(|letter| letter < ' ' && letter != '\n') {
            return Err(NotANote);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NotANote)?;
        let text = note.get(..=text.len()).ok_or(NotANote)?;
        let lines = lines.strip_suffix('\n').ok_or(NotANote)?;
        let signatures = lines.split('\n').take(SIGNATURES_MAX + 1).map(Line::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX { Err(NotANote) } else { Ok(Self { text, signatures }) }
    }

    /// The signatures by a key with this name and id.
    pub(super) fn by(&self, name: &str, id: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        self.signatures.iter().filter(move |line| line.name == name && line.id == id).map(|line| line.signature.as_slice())
    }
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a str) -> Result<Self, NotANote> {
        let (name, bytes) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(NotANote)?;
        let bytes = BASE64.decode(bytes.as_bytes()).map_err(|_| NotANote)?;
        let (id, signature) = bytes.split_first_chunk().ok_or(NotANote)?;
        if !is_key_name(name) || signature.is_empty() {
            return Err(NotANote);
        }
        Ok(Self { name, id: *id, signature: signature.to_vec() })
    }
}

/// Writes a signature line.
pub(super) fn line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    format!("— {name} {}\n", BASE64.encode(&[&id, signature].concat()))
}
