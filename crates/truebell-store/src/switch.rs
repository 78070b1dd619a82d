//! The store of a serving process, behind which the database can be changed for another one: writes are held for that moment, reads go
//! on. It also knows how fast the store answers, which is what a move is paced by.
//!
//! Never here: when to change it.

use crate::StoreError;
use crate::moving::{Movable, Role};
use crate::response::{Ask, Told};
use crate::rows::{
    Account, Changes, ChunkStored, Committed, Counts, DecidedOn, Decision, Device, DumpRow, Enrolment, EnrolmentStarted, Heard, Hint,
    Identity, LogAppend, LogHead, LogPlace, MachineVault, Mail, MailFate, MailOutcome, MailState, NewAccount, NewChunk, NewCommit,
    NewEnrolment, NewSession, NewVault, PublicEvent, Published, Recorded, Recording, Retracted, Retracting, RevisionCursor, RevisionPage,
    SessionView, SignedUp, StatusEntry, TemplateState,
};
use crate::signals::{Claimed, Connected, NewNote, Pushed, Receiver, ReceiverAdded, Stream, StreamConfig, StreamCreated, Waiting};
use crate::store::{Result, Store};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{RwLock as Gate, RwLockWriteGuard, watch};
use tokio::time::Instant;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, MailId, ReceiverId, SessionId, SignalId, StreamId, VaultId};
use truebell_core::log::TileId;
use truebell_core::signal::StreamStatus;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::Have;

/// Finds the database that a moved one names.
#[async_trait]
pub trait Finder: Send + Sync {
    /// The one that counts now, if it can be opened.
    async fn find(&self, left: Arc<dyn Movable>) -> Option<Arc<dyn Movable>>;
}

/// A store that can be exchanged.
pub struct Switch {
    current: RwLock<Arc<dyn Movable>>,
    /// Shared by writes; held alone by whoever exchanges the store.
    gate: Gate<()>,
    /// Another process may move the database: what is read is believed only if it was not left meanwhile.
    watching: AtomicBool,
    finder: OnceLock<Box<dyn Finder>>,
    latency: Latency,
    exchanged: watch::Sender<()>,
}

/// Held writes. Dropped, they go on.
pub struct Held<'a> {
    switch: &'a Switch,
    _gate: RwLockWriteGuard<'a, ()>,
}

impl Held<'_> {
    /// Puts another store in the place of this one.
    pub fn exchange(&self, store: Arc<dyn Movable>) {
        self.switch.put(store);
    }
}

impl Switch {
    /// A store that serves.
    pub fn new(store: Arc<dyn Movable>) -> Self {
        Self {
            current: RwLock::new(store),
            gate: Gate::new(()),
            watching: AtomicBool::new(false),
            finder: OnceLock::new(),
            latency: Latency::default(),
            exchanged: watch::Sender::new(()),
        }
    }

    /// The store that serves now.
    pub fn current(&self) -> Arc<dyn Movable> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, store: Arc<dyn Movable>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = store;
        self.exchanged.send_replace(());
    }

    /// Waits until the writes at work have ended, and holds new ones.
    pub async fn hold(&self) -> Held<'_> {
        Held { switch: self, _gate: self.gate.write().await }
    }

    /// Who finds the database that another process moved this one to. Once.
    pub fn follow_with(&self, finder: Box<dyn Finder>) {
        // A second one would know nothing else.
        let _ = self.finder.set(finder);
    }

    /// Whether another process may be moving the database.
    pub fn watch(&self, watching: bool) {
        self.watching.store(watching, Ordering::SeqCst);
    }

    /// How long the store's answers take: lately, and in calm times.
    pub fn latency(&self) -> (Duration, Duration) {
        self.latency.read()
    }

    /// Takes what it has been until now for a calm time. A move does so when it begins.
    pub fn note_calm(&self) {
        self.latency.note_calm();
    }

    fn is_watching(&self) -> bool {
        self.watching.load(Ordering::SeqCst)
    }

    /// Goes where another process moved the database. True if this store is another one now.
    pub async fn follow(&self, left: &Arc<dyn Movable>) -> bool {
        let held = self.hold().await;
        if !Arc::ptr_eq(&self.current(), left) {
            return true;
        }
        let Some(finder) = self.finder.get() else { return false };
        match finder.find(left.clone()).await {
            Some(store) => {
                held.exchange(store);
                tracing::warn!("another process moved the database: this one follows");
                true
            }
            None => false,
        }
    }

    /// Whether what was just read from a store may be believed: not if the database was left before.
    async fn was_left(&self, store: &Arc<dyn Movable>) -> Result<bool> {
        Ok(self.is_watching() && store.move_row().await?.is_some_and(|row| row.role == Role::Moved))
    }
}

/// How long answers take, smoothed.
#[derive(Default)]
struct Latency {
    /// Microseconds.
    lately: AtomicU64,
    calm: AtomicU64,
}

impl Latency {
    fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).min(60_000_000);
        // Two that come at once lose one of them: it is a mean.
        let mix = |old: u64, share: u64| if old == 0 { took } else { (old * (share - 1) + took) / share };
        self.lately.store(mix(self.lately.load(Ordering::Relaxed), 32).max(1), Ordering::Relaxed);
    }

    fn note_calm(&self) {
        self.calm.store(self.lately.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn read(&self) -> (Duration, Duration) {
        let of = |value: &AtomicU64| Duration::from_micros(value.load(Ordering::Relaxed));
        (of(&self.lately), of(&self.calm))
    }
}

/// A read: where the database was left meanwhile, it is read again from the one that counts.
macro_rules! read {
    ($self:ident, $store:ident => $work:expr) => {{
        loop {
            let $store = $self.current();
            let begun = Instant::now();
            let found = $work.await;
            $self.latency.note(begun.elapsed());
            if $self.is_watching() && $self.was_left(&$store).await? && $self.follow(&$store).await {
                continue;
            }
            break found;
        }
    }};
}

/// A write: it waits while the store is exchanged. Where another process left the database, nothing was written, and it is done where
/// the data is now.
macro_rules! write {
    ($self:ident, $store:ident, [$($given:ident),*] => $work:expr) => {{
        let passing = $self.gate.read().await;
        let $store = $self.current();
        let begun = Instant::now();
        let done = if $self.is_watching() {
            $(let $given = $given.clone();)*
            $work.await
        } else {
            let done = $work.await;
            $self.latency.note(begun.elapsed());
            return done;
        };
        drop(passing);
        $self.latency.note(begun.elapsed());
        match done {
            Err(StoreError::Moved) if $self.follow(&$store).await => {
                let _passing = $self.gate.read().await;
                let $store = $self.current();
                $work.await
            }
            done => done,
        }
    }};
}

#[async_trait]
impl Store for Switch {
    async fn identity(&self) -> Result<Option<Identity>> {
        read!(self, store => store.identity())
    }

    async fn create_identity(&self, identity: &Identity) -> Result<()> {
        write!(self, store, [] => store.create_identity(identity))
    }

    async fn check(&self) -> Result<()> {
        write!(self, store, [] => store.check())
    }

    async fn counts(&self, now: UnixMillis) -> Result<Counts> {
        read!(self, store => store.counts(now))
    }

    async fn add_status(&self, entry: &StatusEntry) -> Result<()> {
        write!(self, store, [] => store.add_status(entry))
    }

    async fn status_entries(&self, known: u64) -> Result<Option<Vec<StatusEntry>>> {
        read!(self, store => store.status_entries(known))
    }

    fn tell(&self, hint: Hint) {
        self.current().tell(hint);
    }

    async fn hear(&self) -> Heard {
        loop {
            let mut exchanged = self.exchanged.subscribe();
            let store = self.current();
            tokio::select! {
                heard = store.hear() => return heard,
                // The sender lives as long as this store does.
                _ = exchanged.changed() => {}
            }
        }
    }

    async fn sign_up(&self, new: NewAccount) -> Result<SignedUp> {
        write!(self, store, [new] => store.sign_up(new))
    }

    async fn account_by_address(&self, email_key: &str) -> Result<Option<AccountId>> {
        read!(self, store => store.account_by_address(email_key))
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        read!(self, store => store.account(account))
    }

    async fn record(&self, recording: Recording) -> Result<Recorded> {
        write!(self, store, [recording] => store.record(recording))
    }

    async fn retract(&self, retracting: Retracting) -> Result<Retracted> {
        write!(self, store, [retracting] => store.retract(retracting))
    }

    async fn due_deletions(&self, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>> {
        read!(self, store => store.due_deletions(now, limit))
    }

    async fn delete_account(&self, account: AccountId, now: UnixMillis) -> Result<bool> {
        write!(self, store, [] => store.delete_account(account, now))
    }

    async fn invite(&self, invitation: Hash32, expires: UnixMillis) -> Result<()> {
        write!(self, store, [] => store.invite(invitation, expires))
    }

    async fn start_enrolment(&self, new: NewEnrolment) -> Result<EnrolmentStarted> {
        write!(self, store, [new] => store.start_enrolment(new))
    }

    async fn enrolment(&self, token: Hash32) -> Result<Option<Enrolment>> {
        read!(self, store => store.enrolment(token))
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>> {
        read!(self, store => store.device(device))
    }

    async fn machine_vaults(&self, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>> {
        read!(self, store => store.machine_vaults(account, device))
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>> {
        read!(self, store => store.devices(account))
    }

    async fn open_session(&self, new: NewSession) -> Result<bool> {
        write!(self, store, [new] => store.open_session(new))
    }

    async fn session(&self, token: Hash32) -> Result<Option<SessionView>> {
        read!(self, store => store.session(token))
    }

    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>> {
        read!(self, store => store.sessions(account, now))
    }

    async fn close_session(&self, account: AccountId, session: SessionId) -> Result<bool> {
        write!(self, store, [] => store.close_session(account, session))
    }

    async fn sweep(&self, before: UnixMillis) -> Result<u64> {
        write!(self, store, [] => store.sweep(before))
    }

    async fn create_vault(&self, account: AccountId, new: NewVault, at: UnixMillis) -> Result<Committed> {
        write!(self, store, [new] => store.create_vault(account, new, at))
    }

    async fn commit(&self, commit: NewCommit) -> Result<Committed> {
        write!(self, store, [commit] => store.commit(commit))
    }

    async fn changes(&self, account: AccountId, have: &Have) -> Result<Option<Changes>> {
        read!(self, store => store.changes(account, have))
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
        read!(self, store => store.revisions(account, vault, after, up_to, from, bytes_max))
    }

    async fn dropped_since(&self, vault: VaultId, seq: u64) -> Result<bool> {
        read!(self, store => store.dropped_since(vault, seq))
    }

    async fn put_chunk(&self, chunk: NewChunk, bytes_max: u64) -> Result<ChunkStored> {
        write!(self, store, [chunk] => store.put_chunk(chunk, bytes_max))
    }

    async fn chunk(&self, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Result<Option<Vec<u8>>> {
        read!(self, store => store.chunk(account, vault, attachment, index))
    }

    async fn delete_attachment(&self, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool> {
        write!(self, store, [] => store.delete_attachment(account, vault, attachment))
    }

    async fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>> {
        read!(self, store => store.event_by_code(code))
    }

    async fn claim_mail(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>> {
        write!(self, store, [] => store.claim_mail(now, lease_until))
    }

    async fn finish_mail(&self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
        write!(self, store, [] => store.finish_mail(mail, outcome, now))
    }

    async fn mails_of(&self, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
        read!(self, store => store.mails_of(account, event))
    }

    async fn mail_state(&self, mail: MailId) -> Result<Option<MailState>> {
        read!(self, store => store.mail_state(mail))
    }

    async fn resume_mails(&self, template: &str, cleared: UnixMillis) -> Result<bool> {
        write!(self, store, [] => store.resume_mails(template, cleared))
    }

    async fn template_states(&self, now: UnixMillis) -> Result<Vec<TemplateState>> {
        read!(self, store => store.template_states(now))
    }

    async fn decide_mail(&self, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn> {
        write!(self, store, [] => store.decide_mail(mail, decision, now))
    }

    async fn parked_mails(&self, limit: u32) -> Result<Vec<Mail>> {
        read!(self, store => store.parked_mails(limit))
    }

    async fn queued_mails(&self, template: &str, limit: u32) -> Result<Vec<Mail>> {
        read!(self, store => store.queued_mails(template, limit))
    }

    async fn log_head(&self) -> Result<LogHead> {
        read!(self, store => store.log_head())
    }

    async fn log_waiting(&self, limit: u32) -> Result<Vec<Hash32>> {
        read!(self, store => store.log_waiting(limit))
    }

    async fn log_append(&self, append: LogAppend) -> Result<bool> {
        write!(self, store, [append] => store.log_append(append))
    }

    async fn log_publish(&self, published: Published) -> Result<bool> {
        write!(self, store, [published] => store.log_publish(published))
    }

    async fn log_tiles(&self, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>> {
        read!(self, store => store.log_tiles(tiles))
    }

    async fn log_places(&self, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>> {
        read!(self, store => store.log_places(entries))
    }

    async fn add_receiver(&self, new: &Receiver) -> Result<ReceiverAdded> {
        write!(self, store, [] => store.add_receiver(new))
    }

    async fn remove_receiver(&self, name: &str) -> Result<bool> {
        write!(self, store, [] => store.remove_receiver(name))
    }

    async fn receivers(&self) -> Result<Vec<Connected>> {
        read!(self, store => store.receivers())
    }

    async fn receiver_by_token(&self, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
        read!(self, store => store.receiver_by_token(token))
    }

    async fn create_stream(&self, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated> {
        write!(self, store, [] => store.create_stream(stream, receiver, config))
    }

    async fn change_stream(&self, stream: StreamId, config: &StreamConfig) -> Result<bool> {
        write!(self, store, [] => store.change_stream(stream, config))
    }

    async fn delete_stream(&self, stream: StreamId) -> Result<bool> {
        write!(self, store, [] => store.delete_stream(stream))
    }

    async fn set_stream_status(&self, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
        write!(self, store, [] => store.set_stream_status(stream, status, reason))
    }

    async fn set_subject(&self, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
        write!(self, store, [] => store.set_subject(stream, account, wanted))
    }

    async fn add_note(&self, note: &NewNote) -> Result<bool> {
        write!(self, store, [] => store.add_note(note))
    }

    async fn claim_signal(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Claimed>> {
        write!(self, store, [] => store.claim_signal(now, lease_until))
    }

    async fn finish_signal(&self, claimed: &Claimed, pushed: &Pushed, now: UnixMillis) -> Result<bool> {
        write!(self, store, [] => store.finish_signal(claimed, pushed, now))
    }

    async fn waiting_signals(&self, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
        read!(self, store => store.waiting_signals(stream, limit))
    }

    async fn settle_signals(&self, stream: StreamId, taken: &[SignalId], refused: &[(SignalId, String)], now: UnixMillis) -> Result<u64> {
        write!(self, store, [] => store.settle_signals(stream, taken, refused, now))
    }

    async fn trim_signals(&self, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
        write!(self, store, [] => store.trim_signals(keep, before, now))
    }

    async fn response(&self, ask: &Ask) -> Result<Told> {
        if ask.only_reads() { read!(self, store => store.response(ask)) } else { write!(self, store, [] => store.response(ask)) }
    }

    async fn dump(&self, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()> {
        self.current().dump(sink).await
    }

    async fn load(&self, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()> {
        let _passing = self.gate.read().await;
        self.current().load(identity, rows).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    fn methods(source: &str) -> BTreeSet<&str> {
        let names = source.lines().filter_map(|line| line.strip_prefix("    async fn ").or_else(|| line.strip_prefix("    fn ")));
        names.filter_map(|rest| rest.split(['(', '<']).next()).collect()
    }

    #[test]
    fn every_method_of_the_contract_goes_to_the_store_that_serves() {
        let own = include_str!("switch.rs");
        let own = own.split("impl Store for Switch").nth(1).unwrap().split("#[cfg(test)]").next().unwrap();
        let contract = include_str!("store.rs").split("pub trait Store").nth(1).unwrap();
        assert_eq!(
            methods(own),
            methods(contract),
            "one that has a body in the contract is taken from there, and never reaches a database"
        );
    }
}
