//! Proofs that travel: of one event (C2SP tlog-proof v1), and that a log continues what it was (the form witnesses take).

use super::checkpoint::{Checkpoint, NotACheckpoint, hash, number};
use super::derive_entry;
use super::tree::{PATH_MAX, check_inclusion, derive_leaf};
use crate::hash::Hash32;
use crate::ids::ServerId;
use crate::sign::PublicKey;
use data_encoding::BASE64;

const HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// That an event is in the log: where, the path to the root, and the signed root. Complete in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's place, from 0.
    pub index: u64,
    /// From the leaf's sibling up.
    pub path: Vec<Hash32>,
    /// A signed note.
    pub checkpoint: String,
}

/// Why a proof proves nothing. Never that an event is false: it is not shown to be in the log, and that is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotIncluded {
    /// Not a tlog-proof.
    #[error("this is not a proof of a transparency log")]
    Malformed,
    /// Its checkpoint is not this server's.
    #[error(transparent)]
    Checkpoint(#[from] NotACheckpoint),
    /// The path does not lead there.
    #[error("the proof does not lead from this event to the root of the log")]
    NotInTree,
}

/// The receipt: an event's place in a log whose state its server signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Included {
    /// The leaf's place, from 0.
    pub index: u64,
    /// The state it is in.
    pub checkpoint: Checkpoint,
}

fn write_hashes(hashes: &[Hash32]) -> String {
    hashes.iter().map(|hash| BASE64.encode(&hash.0) + "\n").collect()
}

/// Hash lines up to an empty line, and what is below it.
fn read_hashes(mut rest: &str) -> Option<(Vec<Hash32>, &str)> {
    let mut hashes = Vec::new();
    loop {
        let (line, below) = rest.split_once('\n')?;
        rest = below;
        if line.is_empty() {
            return Some((hashes, rest));
        }
        if hashes.len() == PATH_MAX {
            return None;
        }
        hashes.push(hash(line)?);
    }
}

impl Proof {
    /// Reads a tlog-proof. Extra data is not ours and is passed over.
    pub fn parse(text: &str) -> Result<Self, NotIncluded> {
        Self::read(text).ok_or(NotIncluded::Malformed)
    }

    fn read(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix(HEADER)?;
        if let Some(extra) = rest.strip_prefix("extra ") {
            let (extra, below) = extra.split_once('\n')?;
            BASE64.decode(extra.as_bytes()).ok()?;
            rest = below;
        }
        let (index, rest) = rest.strip_prefix("index ")?.split_once('\n')?;
        let (path, checkpoint) = read_hashes(rest)?;
        Some(Self { index: number(index)?, path, checkpoint: checkpoint.to_owned() })
    }

    /// As a tlog-proof.
    pub fn to_text(&self) -> String {
        format!("{HEADER}index {}\n{}\n{}", self.index, write_hashes(&self.path), self.checkpoint)
    }

    /// Checks that the event with this digest is in the log of `server`, whose pinned key is `key`.
    pub fn verify(&self, digest: &Hash32, server: ServerId, key: &PublicKey) -> Result<Included, NotIncluded> {
        let checkpoint = Checkpoint::verify(&self.checkpoint, server, key)?;
        let leaf = derive_leaf(&derive_entry(digest));
        check_inclusion(&leaf, self.index, checkpoint.size, &self.path, &checkpoint.root).map_err(|_| NotIncluded::NotInTree)?;
        Ok(Included { index: self.index, checkpoint })
    }
}

/// That a log continues: from a size, by a path, to a checkpoint. What a log sends to a witness (C2SP tlog-witness).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The size it continues from.
    pub from: u64,
    /// The path.
    pub path: Vec<Hash32>,
    /// A signed note.
    pub checkpoint: String,
}

impl Consistency {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, rest) = text.strip_prefix("old ")?.split_once('\n')?;
        let (path, checkpoint) = read_hashes(rest)?;
        Some(Self { from: number(from)?, path, checkpoint: checkpoint.to_owned() })
    }

    /// As text.
    pub fn to_text(&self) -> String {
        format!("old {}\n{}\n{}", self.from, write_hashes(&self.path), self.checkpoint)
    }
}
