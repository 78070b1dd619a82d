//! The store in one SQLite file: one writer with group commit, a few readers. The default of a server that has no database.
//!
//! Never here: a second process that writes (a lock file sees to it).

mod accounts;
mod changes;
mod columns;
mod dump;
mod failure;
mod file;
mod log;
mod look_through;
mod mails;
mod moving;
mod place;
mod readers;
mod record;
mod response;
mod sessions;
mod signals;
mod status;
#[cfg(test)]
mod tests;
mod vaults;
mod writer;

use crate::StoreError;
use crate::open::OpenError;
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
use file::Takes;
use place::Place;
use readers::Readers;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, MailId, ReceiverId, SessionId, SignalId, StreamId, VaultId};
use truebell_core::log::TileId;
use truebell_core::signal::StreamStatus;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::Have;
use writer::Writer;

/// Connections that read. Two serve look-ups while a long read goes on.
const READERS: usize = 3;

/// A store in a SQLite file.
pub struct Sqlite {
    path: PathBuf,
    readers: Readers,
    writer: Option<Arc<Writer>>,
    place: Arc<Place>,
    _lock: Option<file::Lock>,
}

impl Sqlite {
    /// Opens a file, or makes it, for the one process that serves it.
    pub fn open(path: &Path) -> std::result::Result<Self, OpenError> {
        let lock = file::lock(path)?;
        let connection = file::open_writer(path, &lock)?;
        let place = Arc::new(Place::new(path));
        let readers = Self::open_readers(path, &place, Takes::Compatible)?;
        if file::is_large(path)? {
            look_through::begin(path, &place);
        }
        let writer = Writer::start(connection, Arc::clone(&place)).map_err(|error| OpenError::Io(error.kind()))?;
        Ok(Self { path: path.to_owned(), readers, writer: Some(Arc::new(writer)), place, _lock: Some(lock) })
    }

    /// Whether there is no file, or an empty one, so that opening it would make the tables.
    pub(crate) fn is_new(path: &Path) -> std::result::Result<bool, OpenError> {
        match std::fs::metadata(path) {
            Ok(file) => Ok(file.is_file() && file.len() == 0),
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.exists()) =>
            {
                Ok(true)
            }
            Err(error) => Err(OpenError::Io(error.kind())),
        }
    }

    /// Opens a file that is there, to read it beside the process that serves it.
    pub fn open_to_read(path: &Path) -> std::result::Result<Self, OpenError> {
        let place = Arc::new(Place::new(path));
        let readers = Self::open_readers(path, &place, Takes::Own)?;
        Ok(Self { path: path.to_owned(), readers, writer: None, place, _lock: None })
    }

    fn open_readers(path: &Path, place: &Arc<Place>, takes: Takes) -> std::result::Result<Readers, OpenError> {
        let connections: std::result::Result<Vec<_>, _> = (0..READERS).map(|_| file::open_reader(path, takes)).collect();
        Ok(Readers::new(connections?, Arc::clone(place)))
    }

    fn writer(&self) -> Result<&Writer> {
        self.writer.as_deref().ok_or(StoreError::ReadOnly)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn identity(&self) -> Result<Option<Identity>> {
        self.readers.look(accounts::identity).await
    }

    async fn create_identity(&self, identity: &Identity) -> Result<()> {
        let identity = identity.clone();
        self.writer()?.run(move |db| accounts::create_identity(db, &identity)).await
    }

    async fn check(&self) -> Result<()> {
        self.writer()?.run(accounts::check).await?;
        self.place.check_whole()
    }

    async fn counts(&self, now: UnixMillis) -> Result<Counts> {
        self.readers.read_long(move |db| accounts::counts(db, now)).await
    }

    async fn add_status(&self, entry: &StatusEntry) -> Result<()> {
        let entry = entry.clone();
        self.writer()?.run(move |db| status::add(db, &entry)).await
    }

    async fn status_entries(&self, known: u64) -> Result<Option<Vec<StatusEntry>>> {
        self.readers.look(move |db| status::entries(db, known)).await
    }

    async fn sign_up(&self, new: NewAccount) -> Result<SignedUp> {
        self.writer()?.run(move |db| accounts::sign_up(db, &new)).await
    }

    async fn account_by_address(&self, email_key: &str) -> Result<Option<AccountId>> {
        self.readers.look(|db| accounts::by_address(db, email_key)).await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        self.readers.look(|db| accounts::account(db, account)).await
    }

    async fn record(&self, recording: Recording) -> Result<Recorded> {
        self.writer()?.run(move |db| record::record(db, &recording)).await
    }

    async fn retract(&self, retracting: Retracting) -> Result<Retracted> {
        self.writer()?.run(move |db| record::retract(db, &retracting)).await
    }

    async fn due_deletions(&self, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>> {
        self.readers.look(|db| accounts::due_deletions(db, now, limit)).await
    }

    async fn delete_account(&self, account: AccountId, now: UnixMillis) -> Result<bool> {
        self.writer()?.run(move |db| accounts::delete(db, account, now)).await
    }

    async fn invite(&self, invitation: Hash32, expires: UnixMillis) -> Result<()> {
        self.writer()?.run(move |db| accounts::invite(db, invitation, expires)).await
    }

    async fn start_enrolment(&self, new: NewEnrolment) -> Result<EnrolmentStarted> {
        self.writer()?.run(move |db| sessions::start_enrolment(db, &new)).await
    }

    async fn enrolment(&self, token: Hash32) -> Result<Option<Enrolment>> {
        self.readers.look(|db| sessions::enrolment(db, token)).await
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>> {
        self.readers.look(|db| sessions::device(db, device)).await
    }

    async fn machine_vaults(&self, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>> {
        self.readers.look(|db| sessions::machine_vaults(db, account, device)).await
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>> {
        self.readers.look(|db| sessions::devices(db, account)).await
    }

    async fn open_session(&self, new: NewSession) -> Result<bool> {
        self.writer()?.run(move |db| sessions::open(db, &new)).await
    }

    async fn session(&self, token: Hash32) -> Result<Option<SessionView>> {
        self.readers.read(|db| sessions::session(db, token)).await
    }

    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>> {
        self.readers.look(|db| sessions::sessions(db, account, now)).await
    }

    async fn close_session(&self, account: AccountId, session: SessionId) -> Result<bool> {
        self.writer()?.run(move |db| sessions::close(db, account, session)).await
    }

    async fn sweep(&self, before: UnixMillis) -> Result<u64> {
        self.writer()?.run(move |db| accounts::sweep(db, before)).await
    }

    async fn create_vault(&self, account: AccountId, new: NewVault, at: UnixMillis) -> Result<Committed> {
        self.writer()?.run(move |db| vaults::create(db, account, &new, at)).await
    }

    async fn commit(&self, commit: NewCommit) -> Result<Committed> {
        self.writer()?.run(move |db| vaults::commit(db, &commit)).await
    }

    async fn changes(&self, account: AccountId, have: &Have) -> Result<Option<Changes>> {
        self.readers.read(|db| changes::changes(db, account, have)).await
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
        let range = vaults::Range { after, up_to, from };
        self.readers.read_long(move |db| vaults::revisions(db, account, vault, range, bytes_max)).await
    }

    async fn dropped_since(&self, vault: VaultId, seq: u64) -> Result<bool> {
        self.readers.look(|db| vaults::dropped_since(db, vault, seq)).await
    }

    async fn put_chunk(&self, chunk: NewChunk, bytes_max: u64) -> Result<ChunkStored> {
        self.writer()?.run(move |db| vaults::put_chunk(db, &chunk, bytes_max)).await
    }

    async fn chunk(&self, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Result<Option<Vec<u8>>> {
        self.readers.read_long(move |db| vaults::chunk(db, account, vault, attachment, index)).await
    }

    async fn delete_attachment(&self, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool> {
        self.writer()?.run(move |db| vaults::delete_attachment(db, account, vault, attachment)).await
    }

    async fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>> {
        self.readers.look(|db| mails::event_by_code(db, code)).await
    }

    async fn claim_mail(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>> {
        self.writer()?.run(move |db| mails::claim(db, now, lease_until)).await
    }

    async fn finish_mail(&self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
        self.writer()?.run(move |db| mails::finish(db, mail, outcome, now)).await
    }

    async fn mails_of(&self, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
        self.readers.look(|db| mails::of_event(db, account, event)).await
    }

    async fn mail_state(&self, mail: MailId) -> Result<Option<MailState>> {
        self.readers.look(|db| mails::state(db, mail)).await
    }

    async fn resume_mails(&self, template: &str, cleared: UnixMillis) -> Result<bool> {
        let template = template.to_owned();
        self.writer()?.run(move |db| mails::resume(db, &template, cleared)).await
    }

    async fn template_states(&self, now: UnixMillis) -> Result<Vec<TemplateState>> {
        self.readers.read(|db| mails::template_states(db, now)).await
    }

    async fn decide_mail(&self, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn> {
        self.writer()?.run(move |db| mails::decide(db, mail, decision, now)).await
    }

    async fn parked_mails(&self, limit: u32) -> Result<Vec<Mail>> {
        self.readers.look(|db| mails::parked(db, limit)).await
    }

    async fn queued_mails(&self, template: &str, limit: u32) -> Result<Vec<Mail>> {
        self.readers.look(|db| mails::queued(db, template, limit)).await
    }

    async fn log_head(&self) -> Result<LogHead> {
        self.readers.look(log::head).await
    }

    async fn log_waiting(&self, limit: u32) -> Result<Vec<Hash32>> {
        self.readers.look(|db| log::waiting(db, limit)).await
    }

    async fn log_append(&self, append: LogAppend) -> Result<bool> {
        self.writer()?.run(move |db| log::append(db, &append)).await
    }

    async fn log_publish(&self, published: Published) -> Result<bool> {
        self.writer()?.run(move |db| log::publish(db, &published)).await
    }

    async fn log_tiles(&self, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>> {
        self.readers.look(|db| log::tiles(db, tiles)).await
    }

    async fn log_places(&self, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>> {
        self.readers.look(|db| log::places(db, entries)).await
    }

    async fn add_receiver(&self, new: &Receiver) -> Result<ReceiverAdded> {
        let new = new.clone();
        self.writer()?.run(move |db| signals::add_receiver(db, &new)).await
    }

    async fn remove_receiver(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        self.writer()?.run(move |db| signals::remove_receiver(db, &name)).await
    }

    async fn receivers(&self) -> Result<Vec<Connected>> {
        self.readers.read_long(signals::receivers).await
    }

    async fn receiver_by_token(&self, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
        self.readers.look(|db| signals::receiver(db, token)).await
    }

    async fn create_stream(&self, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated> {
        let config = config.clone();
        self.writer()?.run(move |db| signals::create_stream(db, stream, receiver, &config)).await
    }

    async fn change_stream(&self, stream: StreamId, config: &StreamConfig) -> Result<bool> {
        let config = config.clone();
        self.writer()?.run(move |db| signals::change_stream(db, stream, &config)).await
    }

    async fn delete_stream(&self, stream: StreamId) -> Result<bool> {
        self.writer()?.run(move |db| signals::delete_stream(db, stream)).await
    }

    async fn set_stream_status(&self, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
        let reason = reason.map(str::to_owned);
        self.writer()?.run(move |db| signals::set_status(db, stream, status, reason.as_deref())).await
    }

    async fn set_subject(&self, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
        self.writer()?.run(move |db| signals::set_subject(db, stream, account, wanted)).await
    }

    async fn add_note(&self, note: &NewNote) -> Result<bool> {
        let note = note.clone();
        self.writer()?.run(move |db| signals::add_note(db, &note)).await
    }

    async fn claim_signal(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Claimed>> {
        self.writer()?.run(move |db| signals::claim(db, now, lease_until)).await
    }

    async fn finish_signal(&self, claimed: &Claimed, pushed: &Pushed, now: UnixMillis) -> Result<bool> {
        let (claim, pushed) = ((claimed.stream.stream, claimed.waiting.signal, claimed.lease), pushed.clone());
        self.writer()?.run(move |db| signals::finish(db, claim, &pushed, now)).await
    }

    async fn waiting_signals(&self, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
        self.readers.look(|db| signals::waiting(db, stream, limit)).await
    }

    async fn settle_signals(&self, stream: StreamId, taken: &[SignalId], refused: &[(SignalId, String)], now: UnixMillis) -> Result<u64> {
        let (taken, refused) = (taken.to_vec(), refused.to_vec());
        self.writer()?.run(move |db| signals::settle(db, stream, &taken, &refused, now)).await
    }

    async fn trim_signals(&self, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
        self.writer()?.run(move |db| signals::trim(db, keep, before, now)).await
    }

    async fn response(&self, ask: &Ask) -> Result<Told> {
        let ask = ask.clone();
        if ask.only_reads() {
            return self.readers.read_long(move |db| response::response(db, &ask)).await;
        }
        self.writer()?.run(move |db| response::response(db, &ask)).await
    }

    async fn dump(&self, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()> {
        dump::dump(&self.path, sink).await
    }

    async fn load(&self, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()> {
        dump::load(self.writer()?, identity, rows).await
    }
}
