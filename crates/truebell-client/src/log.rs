//! The server's public log, followed: what this device remembers of it, and the proofs its account's events are owed.
//!
//! Never here: a notice or an alarm. An event is told when it is proven; whether it is in the log is told beside it. No failure here
//! fails a sync, and where nothing is owed nothing is asked.

use super::exchange::Question;
use super::replica::{Replica, ReplicaError, rows};
use super::session::{Wire, why_of};
use super::{Client, Device, Error, Hold, Online};
use minicbor::{Decode, Encode};
use rusqlite::Connection;
use std::time::Duration;
use truebell_core::event::CheckCode;
use truebell_core::hash::Hash32;
use truebell_core::log::{
    Checkpoint, Compared, Contradiction, Found, LogStanding, NotACheckpoint, Origin, Policy, Proof, Standing, compare, follow,
};
use truebell_core::time::UnixMillis;
use truebell_core::wire::log::{AskProofs, EVENTS_MAX, Proofs};
use truebell_engine::sync::View;

/// How long a server has to take an event in before it is asked.
const SOON: Duration = Duration::from_secs(10);
/// How long after a question that left something owed the next one is, doubled each time.
const AGAIN: Duration = Duration::from_secs(30);
/// The longest such time.
const AGAIN_MAX: Duration = Duration::from_secs(3600);
const META: &str = "log";

/// What is remembered, in `meta`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
struct Memory {
    /// The last checkpoint that was verified and continues those before it, a signed note.
    #[n(0)]
    checkpoint: String,
    /// Not to be asked before.
    #[n(1)]
    ask_at: UnixMillis,
    /// Questions since all was proven.
    #[n(2)]
    tries: u32,
    /// Leaves the server showed last, where they were fewer than it had.
    #[n(3)]
    behind: Option<u64>,
    /// How `before` and `other` do not go together.
    #[n(4)]
    contradiction: Option<Contradiction>,
    /// The checkpoint that did not go with the one remembered then, a signed note.
    #[n(5)]
    other: String,
    /// The one remembered then.
    #[n(6)]
    before: String,
    /// Verifier keys of the witnesses this device believes.
    #[n(7)]
    #[cbor(default)]
    witnesses: Vec<String>,
    /// How many of them must have signed.
    #[n(8)]
    #[cbor(default)]
    needed: u32,
}

impl Memory {
    /// Whether a checkpoint of this log is remembered.
    fn is_of(&self, log: &Origin) -> bool {
        Checkpoint::read_unverified(&self.checkpoint).is_ok_and(|remembered| remembered.origin == *log)
    }
}

/// What a client knows of the log.
#[derive(Debug)]
pub(super) struct Watch {
    memory: Memory,
    /// Whether anything is to be asked for.
    owed: bool,
}

impl Watch {
    /// What was remembered; `log` is the log this device knows of now.
    pub(super) fn load(replica: &Replica, log: &Origin) -> Result<Self, ReplicaError> {
        let memory: Memory = rows::meta(replica.read(), META)?.unwrap_or_default();
        let is_of_another = !memory.checkpoint.is_empty() && !memory.is_of(log);
        let owed = is_of_another || !rows::unproven_events(replica.read(), 1)?.is_empty();
        Ok(Self { memory, owed })
    }

    /// An event that the server recorded at a time is owed a proof.
    pub(super) fn expect_event(&mut self, at: UnixMillis, now: UnixMillis) {
        let fresh = at <= now && at + SOON > now;
        let soon = if fresh { at + SOON } else { now };
        self.memory.ask_at = if self.owed { self.memory.ask_at.min(soon) } else { soon };
        self.memory.tries = 0;
        self.owed = true;
    }

    /// A clock that went back must not put the question off for ever.
    fn is_due(&self, now: UnixMillis) -> bool {
        self.owed && (self.memory.ask_at <= now || self.memory.ask_at > now + AGAIN_MAX)
    }

    fn put_off(&mut self, now: UnixMillis) {
        let wait = AGAIN.saturating_mul(1 << self.memory.tries.min(16)).min(AGAIN_MAX);
        self.memory.tries = self.memory.tries.saturating_add(1);
        self.memory.ask_at = now + wait;
    }
}

/// What a rebuild takes along.
#[derive(Default)]
pub(super) struct Remains {
    memory: Option<Memory>,
    proofs: Vec<(Hash32, String)>,
}

impl Remains {
    pub(super) fn read(old: &Replica) -> Self {
        Self { memory: rows::meta(old.read(), META).unwrap_or_default(), proofs: rows::log_proofs(old.read()).unwrap_or_default() }
    }

    pub(super) fn write(&self, db: &Connection) -> Result<(), ReplicaError> {
        if let Some(memory) = &self.memory {
            rows::put_meta(db, META, memory)?;
        }
        self.proofs.iter().try_for_each(|(digest, proof)| rows::put_log_proof(db, *digest, proof))
    }
}

/// The log of this server since the last restore this device knows of.
pub(super) fn origin(device: &Device) -> Origin {
    Origin { server: device.trust.server, restore_epoch: device.pinned.restore_epoch }
}

impl<H: Hold> Online<H> {
    /// Asks for what is owed, if it is time. A server that does not answer, or not well, is asked again later; only local trouble is
    /// an error.
    pub(super) fn follow_log(&self) -> Result<(), Error> {
        // A machine remembers no checkpoint, and has no events of its own.
        let Some(asked) = self.with(|client| client.by_a_person().map_or(Ok(None), |()| client.log_question()))? else { return Ok(()) };
        let answer = match self.plain::<Proofs>("/v1/log/proofs", &asked) {
            Ok(answer) => Some(answer),
            Err(error) => why_of(error).map(|_| None)?,
        };
        self.with(|client| client.take_proofs(&asked, answer))
    }

    /// How an event that is not among this device's own stands in the log: the server is asked for a proof by the event's code, and
    /// the proof is checked. Not being answered is *not yet*.
    pub fn ask_log(&self, code: &CheckCode, digest: Hash32) -> Result<Standing, Error> {
        let path = format!("/v1/log/proofs/{code}");
        let answered = self.exchange(None, &Question::get(&path))?;
        let proof = answered.accepted().ok().and_then(|(body, _)| String::from_utf8(body).ok());
        self.with(|client| {
            client.flush()?;
            Ok(proof.and_then(|proof| client.check_proof(&proof, digest)).unwrap_or(Standing::NotYet))
        })
    }
}

impl Client {
    fn log_origin(&self) -> Origin {
        origin(&self.device)
    }

    fn remembered(&self) -> Option<Checkpoint> {
        Checkpoint::verify(&self.log.memory.checkpoint, self.device.trust.server, &self.device.pinned.key).ok()
    }

    /// What is to be asked for, if anything is and it is time.
    fn log_question(&mut self) -> Result<Option<AskProofs>, Error> {
        if !self.log.is_due(self.world.clock.now()) || !matches!(self.machine.view(), View::UpToDate { .. }) {
            return Ok(None);
        }
        let events = rows::unproven_events(self.replica.read(), EVENTS_MAX)?;
        let remembered = self.remembered();
        let origin = remembered.map(|remembered| remembered.origin.to_string()).unwrap_or_default();
        Ok(Some(AskProofs { origin, size: remembered.map_or(0, |remembered| remembered.size), events }))
    }

    /// Takes in what was answered, if anything was.
    fn take_proofs(&mut self, asked: &AskProofs, answer: Option<Proofs>) -> Result<(), Error> {
        let now = self.world.clock.now();
        self.log.put_off(now);
        let (remembered, log) = (self.remembered(), self.log_origin());
        let mut proven = Vec::new();
        if let Some(answer) = answer
            && let Ok(followed) = follow(remembered.as_ref(), &answer, &log, &self.device.pinned.key, &asked.events)
        {
            proven = followed.proven;
            self.learn(followed.found, &followed.checkpoint, answer.checkpoint);
        }
        let tx = self.replica.begin()?;
        for (digest, proof) in &proven {
            rows::put_log_proof(&tx, *digest, &proof.to_text())?;
        }
        let left = rows::unproven_events(&tx, 1)?;
        let all_is_proven = left.is_empty() && self.log.memory.is_of(&log);
        if all_is_proven {
            self.log.memory.tries = 0;
        } else if proven.len() == EVENTS_MAX {
            self.log.memory.ask_at = now;
        }
        rows::put_meta(&tx, META, &self.log.memory)?;
        tx.commit().map_err(ReplicaError::from)?;
        self.log.owed = !all_is_proven;
        Ok(())
    }

    fn learn(&mut self, found: Found, shown: &Checkpoint, note: String) {
        let memory = &mut self.log.memory;
        match found {
            Found::Continues => {
                memory.checkpoint = note;
                memory.behind = None;
                // What was not shown then is shown now; what was proven stays.
                if memory.contradiction == Some(Contradiction::NotContinued) {
                    memory.contradiction = None;
                }
            }
            Found::Behind => memory.behind = Some(shown.size),
            Found::Contradicts(how) if memory.contradiction != Some(Contradiction::Forked) => {
                memory.contradiction = Some(how);
                memory.before.clone_from(&memory.checkpoint);
                memory.other = note;
            }
            Found::Contradicts(_) => {}
        }
    }

    /// How the log stands.
    pub fn log_standing(&self) -> Result<LogStanding, Error> {
        let Some(remembered) = self.remembered() else { return Ok(LogStanding::NotSeen) };
        let memory = &self.log.memory;
        if let Some(how) = memory.contradiction {
            let size = |note: &str| Checkpoint::read_unverified(note).map_or(0, |checkpoint| checkpoint.size);
            return Ok(LogStanding::Contradicted { how, remembered: size(&memory.before), shown: size(&memory.other) });
        }
        if let Some(shown) = memory.behind {
            return Ok(LogStanding::Behind { had: remembered.size, shown });
        }
        let waiting = rows::unproven_events(self.replica.read(), usize::MAX)?.len();
        let witnesses = self.log_policy().count(&memory.checkpoint);
        Ok(LogStanding::Consistent { origin: remembered.origin.to_string(), size: remembered.size, waiting, witnesses })
    }

    /// How one of the account's events, by its place in the chain, stands in the log as far as this device knows. Its proof is checked
    /// again, since the disk is not believed.
    pub fn standing_in_log(&self, seq: u64) -> Result<Standing, Error> {
        let event = rows::events(self.replica.read())?.into_iter().rfind(|row| row.seq == seq);
        let Some(digest) = event.map(|row| row.digest) else { return Ok(Standing::NotChecked) };
        let proof = rows::log_proof(self.replica.read(), digest)?;
        let asked = self.log.memory.tries > 0 || !self.log.memory.checkpoint.is_empty();
        let without = if asked { Standing::NotYet } else { Standing::NotChecked };
        Ok(proof.and_then(|proof| self.check_proof(&proof, digest)).unwrap_or(without))
    }

    fn check_proof(&self, proof: &str, digest: Hash32) -> Option<Standing> {
        let proof = Proof::parse(proof).ok()?;
        let included = proof.verify(&digest, self.device.trust.server, &self.device.pinned.key).ok()?;
        Some(Standing::of(&included, self.log_policy().count(&proof.checkpoint).by))
    }

    /// The witnesses this device believes, and how many of them must have signed. A server cannot change either.
    pub fn log_policy(&self) -> Policy {
        let witnesses = self.log.memory.witnesses.iter().filter_map(|key| key.parse().ok()).collect();
        Policy::new(witnesses, usize::try_from(self.log.memory.needed).unwrap_or(usize::MAX))
    }

    /// Believes these witnesses from now on, and no others.
    pub fn set_log_policy(&mut self, policy: &Policy) -> Result<(), Error> {
        self.log.memory.witnesses = policy.witnesses().iter().map(ToString::to_string).collect();
        self.log.memory.needed = u32::try_from(policy.needed()).unwrap_or(u32::MAX);
        let tx = self.replica.begin()?;
        rows::put_meta(&tx, META, &self.log.memory)?;
        Ok(tx.commit().map_err(ReplicaError::from)?)
    }

    /// The checkpoint this device remembers, a signed note: to compare with another device's, or to show.
    pub fn log_checkpoint(&self) -> Option<&str> {
        Some(self.log.memory.checkpoint.as_str()).filter(|note| !note.is_empty())
    }

    /// The last two checkpoints that did not go together, signed notes, where there ever were such: they are kept, also where a later
    /// proof or a restored server's new log has made the state itself good again.
    pub fn log_evidence(&self) -> Option<(Contradiction, &str, &str)> {
        let memory = &self.log.memory;
        let how = memory.contradiction.unwrap_or(Contradiction::NotContinued);
        (!memory.other.is_empty()).then_some((how, memory.before.as_str(), memory.other.as_str()))
    }

    /// Compares a checkpoint that another device of this account has seen with the one remembered here. A fork that shows is kept as
    /// evidence.
    pub fn compare_log(&mut self, note: &str) -> Result<Result<Compared, NotACheckpoint>, Error> {
        let other = match Checkpoint::verify(note, self.device.trust.server, &self.device.pinned.key) {
            Ok(other) => other,
            Err(why) => return Ok(Err(why)),
        };
        let Some(remembered) = self.remembered() else { return Ok(Ok(Compared::OtherLog)) };
        let compared = compare(&remembered, &other);
        if let Some(how) = Contradiction::of(compared) {
            self.learn(Found::Contradicts(how), &other, note.to_owned());
            let tx = self.replica.begin()?;
            rows::put_meta(&tx, META, &self.log.memory)?;
            tx.commit().map_err(ReplicaError::from)?;
        }
        Ok(Ok(compared))
    }
}
