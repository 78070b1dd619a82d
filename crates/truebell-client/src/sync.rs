//! Driving the engine: its effects become exchanges and transactions.

use super::exchange::{CBOR, JSON, Question, Stream};
use super::hold::{Hold, Online, Progress};
use super::items::ItemRef;
use super::rebase::Touched;
use super::replica::rows::{self, PendingRow};
use super::session::{Line, Wire, why_of};
use super::unlock::Frames;
use super::{Client, Error, ReplicaError};
use std::collections::BTreeSet;
use std::io::Read;
use truebell_core::cbor;
use truebell_core::chance::make_array;
use truebell_core::event::Chain;
use truebell_core::head::AccountHead;
use truebell_core::ids::{AttachmentId, VaultId};
use truebell_core::outcome::Outcome;
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Commit, Kind};
use truebell_core::wire::account::Record;
use truebell_core::wire::sync::Have;
use truebell_core::wire::vault::{Committed, NewVault};
use truebell_engine::sync::commit::{self, Author};
use truebell_engine::sync::{Effect, Input, Intake, Local, LocalVault, Step, Unproven, View, Wake, Why, sentences};

/// What one sync did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Synced {
    /// How things stand after it.
    pub view: View,
    /// `view` in words.
    pub sentence: String,
    /// Revisions taken in.
    pub pulled: usize,
    /// Revisions sent.
    pub pushed: usize,
    /// Items that both sides had edited, merged.
    pub merged: usize,
    /// Notices that came with it, unseen.
    pub notices: usize,
    /// A sentence when the server came back from a backup.
    pub restored: Option<String>,
}

/// What a run has done so far.
#[derive(Default)]
pub(super) struct Tally {
    pub pulled: usize,
    pub pushed: usize,
    pub merged: usize,
    pub notices: usize,
    pub restored: Option<String>,
}

/// Why a stream was not taken in.
enum NotTaken {
    Server(Why),
    Here(Error),
}

impl From<Unproven> for NotTaken {
    fn from(what: Unproven) -> Self {
        Self::Server(Why::Unproven { what })
    }
}

impl From<ReplicaError> for NotTaken {
    fn from(error: ReplicaError) -> Self {
        Self::Here(error.into())
    }
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        why_of(error).map_or_else(Self::Here, Self::Server)
    }
}

/// Whether a run has to write the moment of its success again: a poll a minute is no reason to wake the disk.
const AS_OF_MS_MIN: u64 = 60_000;

impl<H: Hold> Online<H> {
    /// Syncs now: pull, rebase, push. Not being able to is not an error but a [`View`]; only local trouble is an error.
    pub fn sync(&self) -> Result<Synced, Error> {
        self.run(Wake::Asked)
    }

    /// Syncs if the engine's pacing says it is time (for an agent's loop), else does nothing.
    pub fn sync_if_due(&self) -> Result<Option<Synced>, Error> {
        if self.with(|client| Ok::<_, Error>(client.world.clock.now() < client.next_due()))? {
            return Ok(None);
        }
        self.run(Wake::Timer).map(Some)
    }

    fn run(&self, wake: Wake) -> Result<Synced, Error> {
        let mut tally = Tally::default();
        let mut next = self.with(|client| Ok::<_, Error>(client.step(Input::Wake(wake))))?;
        while let Some(effect) = next {
            let done = match effect {
                Effect::Pull => self.pull(&mut tally),
                Effect::Push => self.push(&mut tally),
                Effect::OpenSession => self.renew_session(),
            };
            next = self.with(|client| match done {
                Ok(input) => Ok(client.step(input)),
                Err(error) => {
                    client.step(Input::Abandoned);
                    // The disk may be what is wrong: what stopped the run is what is told.
                    let _flushed = client.flush();
                    Err(client.counted(error))
                }
            })?;
        }
        self.follow_log()?;
        let view = self.with(|client| {
            client.flush()?;
            Ok::<_, Error>(client.machine.view().clone())
        })?;
        let sentence = sentences::describe_with(&view, self.said_about(&view)?.as_ref());
        let Tally { pulled, pushed, merged, notices, restored } = tally;
        Ok(Synced { sentence, view, pulled, pushed, merged, notices, restored })
    }

    fn renew_session(&self) -> Result<Input, Error> {
        match self.open_session() {
            Ok(()) => Ok(Input::Done { pace_ms: 0, pending: false }),
            Err(error) => why_of(error).map(Input::Failed),
        }
    }

    fn ask_what_is_new(&self, have: &Have) -> Result<Stream, Error> {
        let known = self.with(|client| Ok::<_, Error>(client.local.account_head(client.device.trust.account)))?;
        let body = cbor::to_vec(have);
        self.ask_stream(Some(&known), &Question::post("/v1/sync", CBOR, &body))
    }

    fn pull(&self, tally: &mut Tally) -> Result<Input, Error> {
        match self.try_pull(tally) {
            Ok(input) => Ok(input),
            Err(NotTaken::Server(why)) => Ok(Input::Failed(why)),
            Err(NotTaken::Here(error)) => Err(error),
        }
    }

    fn try_pull(&self, tally: &mut Tally) -> Result<Input, NotTaken> {
        let have = self.with(|client| Ok::<_, Error>(client.local.have()))?;
        let mut stream = self.ask_what_is_new(&have)?;
        let restored = matches!(stream.judgement.outcome, Outcome::Restored { .. });
        if restored {
            // What it has lost is not known yet: ask for everything, and compare.
            stream = self.ask_what_is_new(&Have::default())?;
        }
        let pace_ms = stream.judgement.head.as_ref().map_or(0, |head| head.pace_ms);
        match stream.judgement.outcome {
            Outcome::Unchanged => {}
            Outcome::Fresh { head } => {
                let head = head.ok_or(Unproven::Malformed)?;
                let mut frames = self.arrived(stream.body)?;
                self.with(|client| client.take_in(&mut frames, &head, None, tally, &|far| self.0.progress(far)))?;
            }
            Outcome::Restored { epoch, head } if restored => {
                let head = head.ok_or(Unproven::Malformed)?;
                let generation = stream.judgement.head.map(|head| head.generation).unwrap_or_default();
                let mut frames = self.arrived(stream.body)?;
                let lost = self.with(|client| {
                    let lost = client.take_in(&mut frames, &head, Some(()), tally, &|far| self.0.progress(far))?;
                    client.device.pinned.restore_epoch = epoch;
                    client.device.pinned.generation = generation.to_vec().into();
                    client.profile.save(&client.device).map_err(Error::from)?;
                    client.log.expect_event(UnixMillis(0), client.world.clock.now());
                    Ok::<_, NotTaken>(lost)
                })?;
                tally.restored = Some(sentences::describe_restored(lost));
            }
            // It was restored between two questions: the next run sees it again.
            Outcome::Restored { .. } => return Err(Unproven::Incomplete.into()),
            other => {
                let why = Why::of(&other).unwrap_or(Why::Unproven { what: Unproven::Malformed });
                return Ok(Input::Failed(why));
            }
        }
        let pending = self.with(|client| client.something_waits().map_err(Error::from))?;
        Ok(Input::Done { pace_ms, pending })
    }

    /// A stream, whole: nobody waits for the network while it is taken in.
    fn arrived(&self, body: Box<dyn Read + Send>) -> Result<Frames, Error> {
        let profile = self.with(|client| Ok::<_, Error>(client.profile.clone()))?;
        super::spool::put_by(body, &profile, |bytes| self.0.progress(Progress::Receiving { bytes })).map(Frames::new)
    }

    fn push(&self, tally: &mut Tally) -> Result<Input, Error> {
        let (unmade, vaults) = self.with(|client| {
            let unmade: Vec<_> = rows::vaults(client.replica.read())?.into_iter().filter(|row| !row.made).collect();
            let made: Vec<VaultId> = client.local.vaults.keys().copied().collect();
            Ok::<_, Error>((unmade, made))
        })?;
        let mut vaults: BTreeSet<VaultId> = vaults.into_iter().collect();
        for row in unmade {
            vaults.insert(row.vault);
            if let Some(why) = self.push_vault(row)? {
                return Ok(Input::Failed(why));
            }
        }
        for vault in vaults {
            match self.commit_of(vault) {
                Ok(None) => {}
                Ok(Some(commit)) => return self.push_commit(vault, &commit, tally),
                Err(error) => return why_of(error).map(Input::Failed),
            }
        }
        self.remove_attachments()?;
        Ok(Input::Done { pace_ms: 0, pending: false })
    }

    /// Makes a vault on the server. Asked again word for word, nothing happens twice.
    fn push_vault(&self, row: rows::VaultRow) -> Result<Option<Why>, Error> {
        let mut head = row.head;
        let last = head.parse_unverified().ok();
        let made = last.as_ref().and_then(|last| last.made);
        if last.is_some_and(|last| last.seq != 0) {
            // A restored server has lost this vault: it begins again, and its items follow.
            head = self.with(|client| {
                let now = client.world.clock.now();
                let head = super::vaults::first_head(row.vault, &client.keys, client.device.device, (made, now));
                rows::put_unmade_head(client.replica.read(), row.vault, &head)?;
                Ok::<_, Error>(head)
            })?;
        }
        let new = NewVault { vault: row.vault, key: row.key.into(), name: row.name.into(), head: cbor::to_vec(&head).into() };
        let body = serde_json::to_vec(&new).unwrap_or_default();
        let asked = self.ask(None, &Question::post("/v1/vaults", JSON, &body)).and_then(super::exchange::Answer::accepted);
        if let Err(error) = asked {
            return why_of(error).map(Some);
        }
        self.with(|client| {
            rows::put_vault_head(client.replica.read(), row.vault, &head)?;
            client.local.vaults.insert(row.vault, LocalVault { head: head.digest(), made, ..LocalVault::default() });
            Ok::<_, Error>(None)
        })
    }

    /// The commit of a vault that is to be sent: one that was not answered yet, or one of what waits, after the chunks it names were
    /// uploaded.
    fn commit_of(&self, vault: VaultId) -> Result<Option<Commit>, Error> {
        loop {
            match self.with(|client| client.next_of(vault))? {
                Next::Nothing => return Ok(None),
                Next::Commit(commit) => return Ok(Some(commit)),
                Next::Upload(attachment, place, sealed) => self.upload_chunk(vault, attachment, place, &sealed)?,
            }
        }
    }

    fn push_commit(&self, vault: VaultId, commit: &Commit, tally: &mut Tally) -> Result<Input, Error> {
        let (path, body) = (format!("/v1/vaults/{vault}/commits"), cbor::to_vec(commit));
        let answer = match self.ask(None, &Question::post(&path, CBOR, &body)) {
            Ok(answer) => answer,
            Err(error) => return why_of(error).map(Input::Failed),
        };
        let pace_ms = answer.judgement.head.as_ref().map_or(0, |head| head.pace_ms);
        let why = match answer.json::<Committed>() {
            // Of another commit, to which this one's number was given before: a device whose randomness came again, a copy of one.
            Ok(Committed { seq }) if commit.head.parse_unverified().ok().is_none_or(|head| head.seq != seq) => {
                self.with(|client| client.give_back(vault, commit))?;
                return Ok(Input::Failed(Why::Unproven { what: Unproven::Malformed }));
            }
            Ok(_) => {
                tally.pushed += commit.revisions.len();
                let (pending, waiting) = self.with(|client| {
                    client.landed(vault, commit)?;
                    Ok::<_, Error>((client.something_waits()?, rows::pending_count(client.replica.read())?))
                })?;
                self.0.progress(Progress::Sending { done: tally.pushed as u64, total: (tally.pushed + waiting) as u64 });
                return Ok(Input::Done { pace_ms, pending });
            }
            Err(error) => why_of(error)?,
        };
        if matches!(why, Why::Refused { .. }) {
            self.with(|client| client.give_back(vault, commit))?;
        }
        Ok(Input::Failed(why))
    }
}

/// What a vault needs next to be pushed.
enum Next {
    Nothing,
    Upload(AttachmentId, u64, Vec<u8>),
    Commit(Commit),
}

impl Client {
    /// When `sync_if_due` next has something to do.
    pub fn next_due(&self) -> UnixMillis {
        self.machine.due()
    }

    /// Tells the engine what happened, and asks what to do.
    fn step(&mut self, input: Input) -> Option<Effect> {
        self.machine.handle(input, self.world.clock.now());
        self.machine.poll_effect()
    }

    /// Writes what is not urgent: the trace, and since when this device is up to date.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        let as_of = match self.machine.view() {
            View::UpToDate { as_of } => Some(*as_of),
            View::Never | View::Stale { .. } => None,
        };
        let written: UnixMillis = rows::meta(self.replica.read(), "as_of")?.unwrap_or_default();
        let as_of = as_of.filter(|as_of| as_of.0 >= written.0.saturating_add(AS_OF_MS_MIN));
        if self.traces.is_empty() && as_of.is_none() {
            return Ok(());
        }
        let traces = std::mem::take(&mut self.traces);
        Ok(self.replica.note(&traces, as_of)?)
    }

    pub(super) fn line(&mut self) -> Line<'_> {
        Line { world: &mut self.world, profile: &self.profile, device: &mut self.device, traces: &mut self.traces }
    }

    fn something_waits(&self) -> Result<bool, ReplicaError> {
        let db = self.replica.read();
        let sent = rows::vaults(db)?
            .iter()
            .try_fold(false, |found, row| Ok::<_, ReplicaError>(found || rows::inflight(db, row.vault)?.is_some()))?;
        Ok(sent || rows::pending_count(db)? > 0 || !rows::removals(db)?.is_empty())
    }

    /// Takes a stream in: one transaction, committed only after its end was proven. Returns how many items a restored server had lost.
    fn take_in(
        &mut self,
        frames: &mut Frames,
        head: &AccountHead,
        restored: Option<()>,
        tally: &mut Tally,
        progress: &dyn Fn(Progress),
    ) -> Result<usize, NotTaken> {
        let before = self.images_before()?;
        let from = if restored.is_some() { Local::default() } else { self.local.clone() };
        let (trust, device) = (self.device.trust.clone(), self.device.device);
        let mut intake = Intake::new(&trust, &from, head)?;
        let enrolled: Chain = rows::meta(self.replica.read(), "seen_at_enrolment")?.unwrap_or_default();
        let is_first = from.chain.seq == 0 && restored.is_none();
        if is_first && head.chain.seq < enrolled.seq {
            // What happened before this device was enrolled comes seen. A server that named a later place then, than it has now, would
            // have its notices come seen as well (MS-23).
            return Err(Unproven::Older.into());
        }
        let (mut touched, mut pulled, mut notices, mut events) = (Touched::default(), 0, 0, Vec::new());
        let tx = self.replica.begin()?;
        let old = match restored {
            Some(()) => super::rebase::prepare_restore(&tx, &self.keys, &mut self.world, &mut touched)?,
            None => Vec::new(),
        };
        let taken = loop {
            let frame = frames.next()?.ok_or(Unproven::Incomplete)?;
            match intake.take(frame, &mut self.keys)? {
                Step::Event(event, body) => {
                    let own = event.act.device == device;
                    let seen = own || is_first && event.act.seq <= enrolled.seq;
                    let new = rows::put_event(&tx, event.act.seq, event.digest, &body, own, seen)?;
                    notices += usize::from(new && !seen);
                    events.extend(new.then_some(event.at));
                }
                Step::Retraction(retraction, body) => {
                    // Shown beside the notice it is about, which is new again.
                    let new = rows::put_event(&tx, retraction.seq, retraction.digest, &body, false, true)?;
                    if new && !(is_first && retraction.seq <= enrolled.seq) {
                        rows::mark_unseen(&tx, retraction.of.seq)?;
                        notices += 1;
                    }
                }
                Step::Record(record) => {
                    // A keyset nobody opened here yet has proved nothing: one that was bent on its way must not keep the true one out.
                    let proven = record.epoch == self.opened_epoch;
                    if proven && record.epoch == from.chain.epoch && is_another_keyset(&tx, &record)? {
                        return Err(Unproven::Keys.into());
                    }
                    rows::put_keyset(&tx, record.epoch, &record.keyset)?;
                    rows::put_meta(&tx, "record", &record)?;
                }
                Step::Vault(info) => rows::put_vault(&tx, &info, true)?,
                Step::Revisions(vault, revisions) => {
                    pulled += revisions.len();
                    progress(Progress::Storing { revisions: pulled as u64 });
                    for (revision, digest) in &revisions {
                        rows::put_revision(&tx, vault, revision, *digest)?;
                        if revision.kind == Kind::Tombstone {
                            rows::drop_chunks_of(&tx, vault, revision.item)?;
                        }
                        touched.add(vault, revision.item);
                    }
                }
                Step::Head(head, signed) => rows::put_vault_head(&tx, head.vault, &signed)?,
                Step::End(taken) => break taken,
            }
        };
        rows::put_meta(&tx, "chain", &taken.chain)?;
        if taken.record != from.record {
            rows::put_meta(&tx, "record_at", &taken.chain.seq)?;
        }
        let mut next = from.clone();
        next.absorb(&taken);
        let lost = super::rebase::keep_what_was_lost(&tx, &old)?;
        let mut author = super::rebase::Rebase { tx: &tx, keys: &self.keys, next: &next, before: &before, world: &mut self.world };
        let merged = author.run(&mut touched)?;
        tx.commit().map_err(ReplicaError::from)?;
        self.local = next;
        let now = self.world.clock.now();
        events.into_iter().for_each(|at| self.log.expect_event(at, now));
        (tally.pulled, tally.merged, tally.notices) = (tally.pulled + pulled, tally.merged + merged, tally.notices + notices);
        self.refresh(&touched)?;
        Ok(lost)
    }

    /// Brings the index up to what a transaction touched.
    pub(super) fn refresh(&mut self, touched: &Touched) -> Result<(), ReplicaError> {
        if touched.is_large() {
            self.index = super::index::Index::load(&self.replica, &self.keys)?;
            return Ok(());
        }
        self.index.refresh(&self.replica, &self.keys, touched.iter().map(|(vault, item)| ItemRef { vault, item }))
    }

    /// What a vault needs next. A commit is kept until it is answered.
    fn next_of(&mut self, vault: VaultId) -> Result<Next, Error> {
        if let Some(sent) = rows::inflight(self.replica.read(), vault)? {
            return Ok(Next::Commit(sent));
        }
        let mut waiting = rows::pending_of(self.replica.read(), vault, commit::REVISIONS_MAX)?;
        let current = |row: &PendingRow| self.local.vaults.get(&vault).and_then(|known| known.current(row.item)).unwrap_or_default();
        if waiting.iter().any(|row| (row.base_number, row.base_digest) != current(row)) {
            // An edit that stands on something else than what is current is carried over first: the server would refuse it.
            self.keep_pending(Vec::new())?;
            waiting = rows::pending_of(self.replica.read(), vault, commit::REVISIONS_MAX)?;
        }
        if waiting.is_empty() {
            return Ok(Next::Nothing);
        }
        waiting.truncate(commit::batch_len(waiting.iter().map(|row| row.overview.len() + row.detail.len())));
        for row in &waiting {
            if let Some((attachment, place, sealed)) = rows::next_upload(self.replica.read(), vault, row.item)? {
                return Ok(Next::Upload(attachment, place, sealed));
            }
        }
        let known = self.local.vaults.get(&vault).cloned().unwrap_or_default();
        let author = Author { keys: &self.keys, device: self.device.device, at: self.world.clock.now() };
        let revisions = waiting.iter().map(PendingRow::revision).collect();
        let commit = commit::make_next(vault, &known, revisions, &author, make_array(self.world.chance.as_mut()));
        let tx = self.replica.begin()?;
        rows::put_inflight(&tx, vault, &commit)?;
        for row in &waiting {
            rows::drop_pending(&tx, vault, row.item)?;
        }
        tx.commit()?;
        Ok(Next::Commit(commit))
    }

    /// A commit that was not stored and will not be: its edits wait again, and the next pull rebases them.
    fn give_back(&mut self, vault: VaultId, commit: &Commit) -> Result<(), Error> {
        let tx = self.replica.begin()?;
        let mut touched = Touched::default();
        super::rebase::take_back(&tx, &self.keys, &mut self.world, vault, commit, &mut touched)?;
        tx.commit()?;
        Ok(self.refresh(&touched)?)
    }

    /// The server has stored a commit.
    fn landed(&mut self, vault: VaultId, commit: &Commit) -> Result<(), Error> {
        let tx = self.replica.begin()?;
        for revision in &commit.revisions {
            rows::put_revision(&tx, vault, revision, revision.digest(vault))?;
            if revision.kind == Kind::Tombstone {
                rows::drop_chunks_of(&tx, vault, revision.item)?;
            }
        }
        rows::put_vault_head(&tx, vault, &commit.head)?;
        rows::drop_inflight(&tx, vault)?;
        tx.commit()?;
        commit::absorb(vault, self.local.vaults.entry(vault).or_default(), commit);
        commit.revisions.iter().for_each(|revision| self.index.landed(ItemRef { vault, item: revision.item }, revision.number));
        Ok(())
    }
}

/// Whether a record brings another keyset of an epoch than the one here: only a credential change makes a new one, and that raises the
/// epoch.
fn is_another_keyset(db: &rusqlite::Connection, record: &Record) -> Result<bool, ReplicaError> {
    let newest = rows::keysets(db)?.into_iter().find(|row| row.epoch == record.epoch);
    Ok(newest.is_some_and(|row| row.sealed != record.keyset))
}
