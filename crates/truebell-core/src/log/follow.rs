//! What an answer of the log means to a device that remembers an earlier state of it.

use super::checkpoint::{Checkpoint, Compared, NotACheckpoint, Origin, compare};
use super::proof::Proof;
use super::sentences::Contradiction;
use super::tree::check_consistency;
use crate::hash::Hash32;
use crate::sign::PublicKey;
use crate::wire::log::Proofs;

/// How the answer goes with what is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It continues it, or is the same, or nothing of this log was remembered: the new state is to be remembered.
    Continues,
    /// It is of fewer leaves. Nothing is concluded.
    Behind,
    /// The two do not go together: both are to be kept.
    Contradicts(Contradiction),
}

/// An answer, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The state it is of, signed by the server.
    pub checkpoint: Checkpoint,
    /// How that goes with what is remembered.
    pub found: Found,
    /// Events that were asked for and are proven to be in it; none unless it continues.
    pub proven: Vec<(Hash32, Proof)>,
}

/// Judges an answer. `log` is the server's log as this device knows it: its restore epoch comes from a verified head. What is
/// remembered of another log (of before a restore) says nothing about this one.
pub fn follow(
    remembered: Option<&Checkpoint>,
    answer: &Proofs,
    log: &Origin,
    key: &PublicKey,
    asked: &[Hash32],
) -> Result<Followed, NotACheckpoint> {
    let checkpoint = Checkpoint::verify(&answer.checkpoint, log.server, key)?;
    if checkpoint.origin != *log {
        return Err(NotACheckpoint::OtherLog);
    }
    let found = match remembered.map(|remembered| (remembered, compare(remembered, &checkpoint))) {
        None | Some((_, Compared::OtherLog | Compared::Same)) => Found::Continues,
        Some((_, Compared::Forked)) => Found::Contradicts(Contradiction::Forked),
        Some((_, Compared::SecondIsEarlier)) => Found::Behind,
        Some((before, Compared::FirstIsEarlier)) => {
            let (from, to) = ((before.size, &before.root), (checkpoint.size, &checkpoint.root));
            match check_consistency(from, to, &answer.consistency) {
                Ok(()) => Found::Continues,
                Err(_) => Found::Contradicts(Contradiction::NotContinued),
            }
        }
    };
    let prove = |event: &crate::wire::log::EventProof| {
        let proof = Proof { index: event.index, path: event.path.clone(), checkpoint: answer.checkpoint.clone() };
        let holds = asked.contains(&event.digest) && proof.verify(&event.digest, log.server, key).is_ok();
        holds.then_some((event.digest, proof))
    };
    let proven = if found == Found::Continues { answer.events.iter().filter_map(prove).collect() } else { Vec::new() };
    Ok(Followed { checkpoint, found, proven })
}
