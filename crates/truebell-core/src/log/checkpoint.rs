//! Checkpoints (C2SP tlog-checkpoint): how large the log is and what its root is, signed by the server.

use super::note::{self, Note};
use crate::hash::Hash32;
use crate::ids::ServerId;
use crate::sign::{PublicKey, Purpose, Signature, SigningKey};
use data_encoding::BASE64;
use std::fmt;
use std::str::FromStr;

/// The signature type of Ed25519 in key ids (signed-note).
const ED25519: u8 = 1;
const PREFIX: &str = "truebell.log/";

/// Which log: a server's, since its last restore from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The server.
    pub server: ServerId,
    /// How often it was restored.
    pub restore_epoch: u64,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}/{}", self.server, self.restore_epoch)
    }
}

impl FromStr for Origin {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Self, NotACheckpoint> {
        let (server, epoch) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')).ok_or(NotACheckpoint::Malformed)?;
        let malformed = NotACheckpoint::Malformed;
        let server = server.parse().map_err(|_| malformed)?;
        Ok(Self { server, restore_epoch: number(epoch).ok_or(malformed)? })
    }
}

/// A number in its one spelling.
pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A hash in its one spelling.
pub(super) fn hash(text: &str) -> Option<Hash32> {
    BASE64.decode(text.as_bytes()).ok().and_then(|bytes| Hash32::from_bytes(&bytes))
}

/// Why a text is not a checkpoint of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACheckpoint {
    /// It does not read as one.
    #[error("this is not a checkpoint of a log")]
    Malformed,
    /// Another server's, or none we know.
    #[error("this is a checkpoint of another log")]
    OtherLog,
    /// The server's key did not sign it.
    #[error("the server did not sign this checkpoint")]
    Signature,
}

/// A state of the log that its server signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash32,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root.0))
    }

    /// Signs it: the note, without cosignatures. Only for a tree that is stored: a second root for one size is a fork.
    pub fn sign(&self, key: &SigningKey) -> String {
        let (name, text) = (self.origin.to_string(), self.text());
        let signature = key.sign(Purpose::Checkpoint, text.as_bytes());
        let id = note::derive_key_id(&name, ED25519, &key.public().0);
        format!("{text}\n{}", note::line(&name, id, &signature.0))
    }

    /// Reads a note, whoever signed it.
    pub fn read_unverified(note: &str) -> Result<Self, NotACheckpoint> {
        Self::read(&Note::parse(note).map_err(|_| NotACheckpoint::Malformed)?)
    }

    fn read(note: &Note<'_>) -> Result<Self, NotACheckpoint> {
        let malformed = NotACheckpoint::Malformed;
        let mut lines = note.text.strip_suffix('\n').ok_or(malformed)?.split('\n');
        let mut next = || lines.next().ok_or(malformed);
        let (origin, size, root) = (next()?, next()?, next()?);
        let (size, root) = (number(size).ok_or(malformed)?, hash(root).ok_or(malformed)?);
        if lines.any(str::is_empty) {
            return Err(malformed);
        }
        Ok(Self { origin: origin.parse()?, size, root })
    }

    /// The checkpoint in a note, if this server signed it. Which restore epoch it is of, the caller compares.
    pub fn verify(note: &str, server: ServerId, key: &PublicKey) -> Result<Self, NotACheckpoint> {
        let note = Note::parse(note).map_err(|_| NotACheckpoint::Malformed)?;
        let found = Self::read(&note)?;
        if found.origin.server != server {
            return Err(NotACheckpoint::OtherLog);
        }
        let name = found.origin.to_string();
        let mut signed = false;
        for signature in note.by(&name, note::derive_key_id(&name, ED25519, &key.0)) {
            let signature = Signature(signature.try_into().map_err(|_| NotACheckpoint::Signature)?);
            key.verify(Purpose::Checkpoint, note.text.as_bytes(), &signature).map_err(|_| NotACheckpoint::Signature)?;
            signed = true;
        }
        if signed { Ok(found) } else { Err(NotACheckpoint::Signature) }
    }
}

/// What two checkpoints of one server say about each other, as far as they do by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// The same state.
    Same,
    /// One size and two roots: both signed, the server has forked its log. Proven.
    Forked,
    /// The first is of fewer leaves: a consistency proof from it to the second decides.
    FirstIsEarlier,
    /// The second is.
    SecondIsEarlier,
    /// Of two logs: the server was restored from a backup between them.
    OtherLog,
}

/// Compares two verified checkpoints: two seen by one device, or those of two devices of one account.
pub fn compare(first: &Checkpoint, second: &Checkpoint) -> Compared {
    match first.size.cmp(&second.size) {
        _ if first.origin != second.origin => Compared::OtherLog,
        std::cmp::Ordering::Less => Compared::FirstIsEarlier,
        std::cmp::Ordering::Greater => Compared::SecondIsEarlier,
        std::cmp::Ordering::Equal if first.root == second.root => Compared::Same,
        std::cmp::Ordering::Equal => Compared::Forked,
    }
}
