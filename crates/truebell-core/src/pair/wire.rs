//! What client and service say to each other about pairs: the description of the file, the question, the answer.

use crate::chance::Chance;
use crate::pair::entry::ENTRY_BYTES;
use crate::pair::oprf::{ELEMENT_BYTES, Element, PROOF_BYTES};
use crate::pair::{BITS_MAX, FileId, NotAnElement, PairKey, PublicKey};
use serde::{Deserialize, Serialize};

/// Elements of a question: exact, near, canary, beacon.
pub(super) const ELEMENTS: usize = 4;
const ID_BYTES: usize = 16;
/// Bytes of every question.
pub const QUESTION_BYTES: usize = ID_BYTES + ELEMENTS * ELEMENT_BYTES;
/// Most entries of a bucket: an answer of 4 MiB.
pub const ENTRIES_MAX: u32 = 1 << 18;
const FORMAT: u32 = 1;

/// How a password is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The very password.
    Exact,
    /// Its stem.
    Near,
    /// One that a newer service has.
    #[serde(other)]
    Unknown,
}

/// `GET /pair`: the file in service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Always 1.
    pub format: u32,
    /// The file's id, in hex.
    pub version: String,
    /// The public key, in hex.
    pub public_key: String,
    /// How many bits of an address's hash are told.
    pub bucket_bits: u8,
    /// How many entries each answer has.
    pub bucket_entries: u32,
    /// What can be asked.
    pub classes: Vec<Class>,
    /// How many pairs there are.
    pub pairs: u64,
    /// When the file was made, Unix milliseconds.
    pub made_at: u64,
}

impl About {
    /// A description of a file.
    pub fn of(file: FileId, key: PublicKey, bits: u8, entries: u32, has_near: bool, pairs: u64, made_at: u64) -> Self {
        let classes = if has_near { vec![Class::Exact, Class::Near] } else { vec![Class::Exact] };
        Self {
            format: FORMAT,
            version: file.to_string(),
            public_key: key.to_string(),
            bucket_bits: bits,
            bucket_entries: entries,
            classes,
            pairs,
            made_at,
        }
    }

    /// Whether near variants can be asked about.
    pub fn has_near(&self) -> bool {
        self.classes.contains(&Class::Near)
    }

    /// File and key, if this is a description one can ask by.
    pub(super) fn usable(&self) -> Option<(FileId, PublicKey)> {
        let fits = self.format == FORMAT
            && self.bucket_bits <= BITS_MAX
            && (1..=ENTRIES_MAX).contains(&self.bucket_entries)
            && self.classes.contains(&Class::Exact);
        Some((FileId::parse(&self.version)?, PublicKey::parse(&self.public_key)?)).filter(|_| fits)
    }
}

/// How long every answer of a file is whose buckets have so many entries.
pub const fn answer_bytes(entries: u32) -> usize {
    ID_BYTES + ELEMENTS * ELEMENT_BYTES + PROOF_BYTES + entries as usize * ENTRY_BYTES
}

/// Why a question is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAQuestion {
    /// Of another length.
    #[error("a question has 144 bytes")]
    Length,
    /// About another file.
    #[error("the question is about another version of the pairs: ask /pair again")]
    OtherVersion,
    /// An element is none.
    #[error(transparent)]
    Element(#[from] NotAnElement),
}

pub(super) fn write_question(file: &FileId, blinded: &[Element]) -> Vec<u8> {
    [file.0.as_slice(), blinded.as_flattened()].concat()
}

/// The server's side of `POST /pair/{bucket}`: everything before the bucket's entries.
///
/// # Errors
/// [`NotAQuestion`].
pub fn answer_question(key: &PairKey, file: &FileId, question: &[u8], chance: &mut dyn Chance) -> Result<Vec<u8>, NotAQuestion> {
    let (asked, elements) = question.split_first_chunk::<ID_BYTES>().ok_or(NotAQuestion::Length)?;
    let (blinded, []) = elements.as_chunks::<ELEMENT_BYTES>() else { return Err(NotAQuestion::Length) };
    if blinded.len() != ELEMENTS {
        return Err(NotAQuestion::Length);
    }
    if *asked != file.0 {
        return Err(NotAQuestion::OtherVersion);
    }
    let (evaluated, proof) = key.answer(blinded, chance)?;
    Ok([file.0.as_slice(), evaluated.as_flattened(), &proof].concat())
}

/// An answer, taken apart.
pub(super) struct Answer<'a> {
    pub(super) evaluated: &'a [Element],
    pub(super) proof: &'a [u8; PROOF_BYTES],
    pub(super) entries: &'a [[u8; ENTRY_BYTES]],
}

/// Takes an answer apart that must have so many entries and be of this file.
pub(super) fn read_answer<'a>(body: &'a [u8], file: &FileId, entries: u32) -> Option<Answer<'a>> {
    if body.len() != answer_bytes(entries) {
        return None;
    }
    let (said, rest) = body.split_first_chunk::<ID_BYTES>()?;
    let (evaluated, rest) = rest.split_at_checked(ELEMENTS * ELEMENT_BYTES)?;
    let (proof, rest) = rest.split_first_chunk::<PROOF_BYTES>()?;
    let (evaluated, []) = evaluated.as_chunks() else { return None };
    let (entries, []) = rest.as_chunks() else { return None };
    (*said == file.0).then_some(Answer { evaluated, proof, entries })
}
