//! The store in memory: one state behind one lock, as plain as the contract. The model the others are compared with, and the store
//! of tests that need faults.
//!
//! Never here: anything that survives the process.

mod accounts;
mod changes;
mod dump;
mod faults;
mod log;
mod mails;
mod moving;
mod record;
mod response;
mod sessions;
mod signals;
mod state;
mod status;
mod vaults;

pub use faults::{Decide, Fault, Faults};

use crate::StoreError;
use crate::response::{Ask, Told};
use crate::rows::{
    Account, Changes, ChunkStored, Committed, Counts, DecidedOn, Decision, Device, DumpRow, Enrolment, EnrolmentStarted, Identity,
    LogAppend, LogHead, LogPlace, MachineVault, Mail, MailFate, MailOutcome, MailState, NewAccount, NewChunk, NewCommit, NewEnrolment,
    NewSession, NewVault, PublicEvent, Published, Recorded, Recording, Retracted, Retracting, RevisionCursor, RevisionPage, SessionView,
    SignedUp, StatusEntry, TemplateState,
};
use crate::signals::{Claimed, Connected, NewNote, Pushed, Receiver, ReceiverAdded, Stream, StreamConfig, StreamCreated, Waiting};
use crate::store::{Result, Store};
use async_trait::async_trait;
use state::State;
use std::sync::{Mutex, PoisonError};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, MailId, ReceiverId, SessionId, SignalId, StreamId, VaultId};
use truebell_core::log::TileId;
use truebell_core::signal::StreamStatus;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::Have;

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
    /// What a replica that is behind answers from.
    marked: Mutex<State>,
    faults: Faults,
    moving: moving::Moving,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its faults, to plan some.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// A copy of everything as it is now, with faults of its own: a backup, or the other side of a move.
    pub fn fork(&self) -> Self {
        let state = Mutex::new(self.state.lock().unwrap_or_else(PoisonError::into_inner).clone());
        Self { state, ..Self::default() }
    }

    /// Remembers everything as it is now, for [`Fault::Behind`].
    pub fn mark(&self) {
        let now = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *self.marked.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Runs one transaction. Each function of [`State`] checks everything before it writes anything.
    fn run<T>(&self, method: &'static str, transaction: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let fault = self.faults.next(method);
        if let Some(Fault::NotPersisted(error)) = fault {
            return Err(error);
        }
        let place = if fault == Some(Fault::Behind) { &self.marked } else { &self.state };
        let mut state = place.lock().unwrap_or_else(PoisonError::into_inner);
        let done = transaction(&mut state)?;
        if fault == Some(Fault::Persisted) { Err(StoreError::Unknown) } else { Ok(done) }
    }
}

#[async_trait]
impl Store for Memory {
    async fn identity(&self) -> Result<Option<Identity>> {
        self.run("identity", |state| Ok(state.identity.clone()))
    }

    async fn create_identity(&self, identity: &Identity) -> Result<()> {
        self.run("create_identity", |state| state.create_identity(identity))
    }

    async fn check(&self) -> Result<()> {
        self.run("check", |_| Ok(()))
    }

    async fn counts(&self, now: UnixMillis) -> Result<Counts> {
        self.run("counts", |state| Ok(state.counts(now)))
    }

    async fn add_status(&self, entry: &StatusEntry) -> Result<()> {
        self.run("add_status", |state| {
            state.add_status(entry);
            Ok(())
        })
    }

    async fn status_entries(&self, known: u64) -> Result<Option<Vec<StatusEntry>>> {
        self.run("status_entries", |state| Ok(state.status_entries(known)))
    }

    async fn sign_up(&self, new: NewAccount) -> Result<SignedUp> {
        self.run("sign_up", |state| state.sign_up(new))
    }

    async fn account_by_address(&self, email_key: &str) -> Result<Option<AccountId>> {
        self.run("account_by_address", |state| Ok(state.account_by_address(email_key)))
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        self.run("account", |state| Ok(state.account(account)))
    }

    async fn record(&self, recording: Recording) -> Result<Recorded> {
        self.run("record", |state| state.record(recording))
    }

    async fn retract(&self, retracting: Retracting) -> Result<Retracted> {
        self.run("retract", |state| state.retract(retracting))
    }

    async fn due_deletions(&self, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>> {
        self.run("due_deletions", |state| Ok(state.due_deletions(now, limit)))
    }

    async fn delete_account(&self, account: AccountId, now: UnixMillis) -> Result<bool> {
        self.run("delete_account", |state| state.delete_account(account, now))
    }

    async fn invite(&self, invitation: Hash32, expires: UnixMillis) -> Result<()> {
        self.run("invite", |state| {
            state.invite(invitation, expires);
            Ok(())
        })
    }

    async fn start_enrolment(&self, new: NewEnrolment) -> Result<EnrolmentStarted> {
        self.run("start_enrolment", |state| state.start_enrolment(new))
    }

    async fn enrolment(&self, token: Hash32) -> Result<Option<Enrolment>> {
        self.run("enrolment", |state| Ok(state.enrolment(token)))
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>> {
        self.run("device", |state| Ok(state.device(device)))
    }

    async fn machine_vaults(&self, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>> {
        self.run("machine_vaults", |state| Ok(state.machine_vaults(account, device)))
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>> {
        self.run("devices", |state| Ok(state.devices(account)))
    }

    async fn open_session(&self, new: NewSession) -> Result<bool> {
        self.run("open_session", |state| state.open_session(&new))
    }

    async fn session(&self, token: Hash32) -> Result<Option<SessionView>> {
        self.run("session", |state| state.session(token))
    }

    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>> {
        self.run("sessions", |state| Ok(state.sessions(account, now)))
    }

    async fn close_session(&self, account: AccountId, session: SessionId) -> Result<bool> {
        self.run("close_session", |state| Ok(state.sessions.remove(&(account, session)).is_some()))
    }

    async fn sweep(&self, before: UnixMillis) -> Result<u64> {
        self.run("sweep", |state| Ok(state.sweep(before)))
    }

    async fn create_vault(&self, account: AccountId, new: NewVault, at: UnixMillis) -> Result<Committed> {
        self.run("create_vault", |state| Ok(state.create_vault(account, &new, at)))
    }

    async fn commit(&self, commit: NewCommit) -> Result<Committed> {
        self.run("commit", |state| state.commit(commit))
    }

    async fn changes(&self, account: AccountId, have: &Have) -> Result<Option<Changes>> {
        self.run("changes", |state| Ok(state.changes(account, have)))
    }

    async fn revisions(
        &self,
        account: AccountId,
        vault: VaultId,
        after: u64,
        up_to: u64,
        from: Option<RevisionCursor>,
        bytes_max: usize,
    ) -> Result<Option<RevisionPage>> {
        self.run("revisions", |state| state.revisions(account, vault, after, up_to, from, bytes_max))
    }

    async fn dropped_since(&self, vault: VaultId, seq: u64) -> Result<bool> {
        self.run("dropped_since", |state| Ok(state.vaults.get(&vault).is_none_or(|vault| vault.dropped > seq)))
    }

    async fn put_chunk(&self, chunk: NewChunk, bytes_max: u64) -> Result<ChunkStored> {
        self.run("put_chunk", |state| Ok(state.put_chunk(chunk, bytes_max)))
    }

    async fn chunk(&self, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Result<Option<Vec<u8>>> {
        self.run("chunk", |state| Ok(state.chunk(account, vault, attachment, index)))
    }

    async fn delete_attachment(&self, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool> {
        self.run("delete_attachment", |state| Ok(state.delete_attachment(account, vault, attachment)))
    }

    async fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>> {
        self.run("event_by_code", |state| state.event_by_code(code))
    }

    async fn claim_mail(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>> {
        self.run("claim_mail", |state| Ok(state.claim_mail(now, lease_until)))
    }

    async fn finish_mail(&self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
        self.run("finish_mail", |state| Ok(state.finish_mail(mail, outcome, now)))
    }

    async fn mails_of(&self, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
        self.run("mails_of", |state| state.mails_of(account, event))
    }

    async fn mail_state(&self, mail: MailId) -> Result<Option<MailState>> {
        self.run("mail_state", |state| state.mail_state(mail))
    }

    async fn resume_mails(&self, template: &str, cleared: UnixMillis) -> Result<bool> {
        self.run("resume_mails", |state| Ok(state.resume_mails(template, cleared)))
    }

    async fn template_states(&self, now: UnixMillis) -> Result<Vec<TemplateState>> {
        self.run("template_states", |state| Ok(state.template_states(now)))
    }

    async fn decide_mail(&self, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn> {
        self.run("decide_mail", |state| Ok(state.decide_mail(mail, decision, now)))
    }

    async fn parked_mails(&self, limit: u32) -> Result<Vec<Mail>> {
        self.run("parked_mails", |state| Ok(state.parked_mails(limit)))
    }

    async fn queued_mails(&self, template: &str, limit: u32) -> Result<Vec<Mail>> {
        self.run("queued_mails", |state| Ok(state.queued_mails(template, limit)))
    }

    async fn log_head(&self) -> Result<LogHead> {
        self.run("log_head", |state| Ok(state.log_head()))
    }

    async fn log_waiting(&self, limit: u32) -> Result<Vec<Hash32>> {
        self.run("log_waiting", |state| Ok(state.log_waiting(limit)))
    }

    async fn log_append(&self, append: LogAppend) -> Result<bool> {
        self.run("log_append", |state| state.log_append(append))
    }

    async fn log_publish(&self, published: Published) -> Result<bool> {
        self.run("log_publish", |state| Ok(state.log_publish(published)))
    }

    async fn log_tiles(&self, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>> {
        self.run("log_tiles", |state| Ok(state.log_tiles(tiles)))
    }

    async fn log_places(&self, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>> {
        self.run("log_places", |state| Ok(state.log_places(entries)))
    }

    async fn add_receiver(&self, new: &Receiver) -> Result<ReceiverAdded> {
        self.run("add_receiver", |state| state.signals_add_receiver(new))
    }

    async fn remove_receiver(&self, name: &str) -> Result<bool> {
        self.run("remove_receiver", |state| state.signals_remove_receiver(name))
    }

    async fn receivers(&self) -> Result<Vec<Connected>> {
        self.run("receivers", |state| state.signals_receivers())
    }

    async fn receiver_by_token(&self, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
        self.run("receiver_by_token", |state| state.signals_receiver(token))
    }

    async fn create_stream(&self, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated> {
        self.run("create_stream", |state| state.signals_create_stream(stream, receiver, config))
    }

    async fn change_stream(&self, stream: StreamId, config: &StreamConfig) -> Result<bool> {
        self.run("change_stream", |state| state.signals_change_stream(stream, config))
    }

    async fn delete_stream(&self, stream: StreamId) -> Result<bool> {
        self.run("delete_stream", |state| state.signals_delete_stream(stream))
    }

    async fn set_stream_status(&self, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
        self.run("set_stream_status", |state| state.signals_set_status(stream, status, reason))
    }

    async fn set_subject(&self, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
        self.run("set_subject", |state| state.signals_set_subject(stream, account, wanted))
    }

    async fn add_note(&self, note: &NewNote) -> Result<bool> {
        self.run("add_note", |state| state.signals_add_note(note))
    }

    async fn claim_signal(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Claimed>> {
        self.run("claim_signal", |state| state.signals_claim(now, lease_until))
    }

    async fn finish_signal(&self, claimed: &Claimed, pushed: &Pushed, now: UnixMillis) -> Result<bool> {
        let claim = (claimed.stream.stream, claimed.waiting.signal, claimed.lease);
        self.run("finish_signal", |state| state.signals_finish(claim, pushed, now))
    }

    async fn waiting_signals(&self, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
        self.run("waiting_signals", |state| state.signals_waiting(stream, limit))
    }

    async fn settle_signals(&self, stream: StreamId, taken: &[SignalId], refused: &[(SignalId, String)], now: UnixMillis) -> Result<u64> {
        self.run("settle_signals", |state| state.signals_settle(stream, taken, refused, now))
    }

    async fn trim_signals(&self, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
        self.run("trim_signals", |state| state.signals_trim(keep, before, now))
    }

    async fn response(&self, ask: &Ask) -> Result<Told> {
        self.run("response", |state| state.response(ask))
    }

    async fn dump(&self, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()> {
        let rows = self.run("dump", |state| Ok(state.dump()))?;
        let _ended = rows.into_iter().try_for_each(|row| if sink(row) { Some(()) } else { None });
        Ok(())
    }

    async fn load(&self, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()> {
        self.run("load", |state| state.load(identity, rows))
    }
}
