//! Witnesses (C2SP tlog-cosignature v1): others who saw the log only grow, and said when.

use super::note::{self, Line, Note, is_key_name};
use crate::sign::{PublicKey, Purpose, Signature, SigningKey};
use crate::time::UnixMillis;
use data_encoding::{BASE64, HEXLOWER};
use std::fmt;
use std::str::FromStr;

/// The signature type of timestamped Ed25519 in key ids and verifier keys.
const COSIGNATURE: u8 = 4;

/// A witness: its name and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    name: String,
    key: PublicKey,
}

/// Why a text is not a witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a witness: write its verifier key as it gives it, name+8 hex digits+base64, of the type for cosignatures")]
pub struct NotAWitness;

impl Witness {
    /// From its parts.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NotAWitness> {
        if is_key_name(name) { Ok(Self { name: name.to_owned(), key }) } else { Err(NotAWitness) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        note::derive_key_id(&self.name, COSIGNATURE, &self.key.0)
    }

    /// When this witness cosigned the note; the latest, if it did so more than once. `None` if it did not.
    pub fn cosigned(&self, note: &Note<'_>) -> Option<UnixMillis> {
        note.by(&self.name, self.id()).filter_map(|bytes| self.check(note.text, bytes)).max()
    }

    /// When it signed this line of an answer, if the line is its cosignature of `text`.
    pub fn check_line(&self, text: &str, line: &str) -> Option<UnixMillis> {
        let line = Line::parse(line).ok()?;
        (line.name == self.name && line.id == self.id()).then(|| self.check(text, &line.signature))?
    }

    fn check(&self, text: &str, bytes: &[u8]) -> Option<UnixMillis> {
        let (seconds, signature) = bytes.split_first_chunk()?;
        let seconds = u64::from_be_bytes(*seconds);
        let signature = Signature(signature.try_into().ok()?);
        // Beyond this a time in milliseconds would not fit.
        let fits = seconds <= u64::MAX / 1000;
        self.key.verify(Purpose::Cosignature, message(text, seconds).as_bytes(), &signature).ok()?;
        fits.then(|| UnixMillis::from_seconds(seconds))
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode(&[&[COSIGNATURE], self.key.0.as_slice()].concat());
        write!(out, "{}+{}+{key}", self.name, HEXLOWER.encode(&self.id()))
    }
}

impl FromStr for Witness {
    type Err = NotAWitness;

    fn from_str(text: &str) -> Result<Self, NotAWitness> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(NotAWitness) };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NotAWitness)?;
        let Some((&COSIGNATURE, key)) = key.split_first() else { return Err(NotAWitness) };
        let witness = Self::new(name, PublicKey(key.try_into().map_err(|_| NotAWitness)?))?;
        if HEXLOWER.encode(&witness.id()) == id { Ok(witness) } else { Err(NotAWitness) }
    }
}

fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// A witness's line under a checkpoint's text. What makes it one, that the log only grew, the caller has checked.
pub fn cosign(text: &str, name: &str, key: &SigningKey, at: UnixMillis) -> String {
    let seconds = at.seconds();
    let signature = key.sign(Purpose::Cosignature, message(text, seconds).as_bytes());
    let bytes = [seconds.to_be_bytes().as_slice(), &signature.0].concat();
    note::line(name, note::derive_key_id(name, COSIGNATURE, &key.public().0), &bytes)
}

/// Which witnesses somebody believes, and how many of them must have signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    witnesses: Vec<Witness>,
    needed: usize,
}

/// What a policy finds under a note.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cosigned {
    /// Names of the witnesses that signed, in the policy's order.
    pub by: Vec<String>,
    /// Whether they are enough.
    pub enough: bool,
}

impl Policy {
    /// `needed` of these. A key that is there twice counts once, so a policy may need more than it has, and is then never met.
    pub fn new(witnesses: Vec<Witness>, needed: usize) -> Self {
        let mut known: Vec<Witness> = Vec::with_capacity(witnesses.len());
        for witness in witnesses {
            if known.iter().all(|other| other.key != witness.key) {
                known.push(witness);
            }
        }
        Self { witnesses: known, needed }
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// How many must have signed.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// Who of them cosigned a note. Lines of others, and lines that do not verify, count for nothing.
    pub fn count(&self, note: &str) -> Cosigned {
        let by: Vec<String> = Note::parse(note).map_or_else(
            |_| Vec::new(),
            |note| self.witnesses.iter().filter(|witness| witness.cosigned(&note).is_some()).map(|witness| witness.name.clone()).collect(),
        );
        Cosigned { enough: by.len() >= self.needed, by }
    }
}
