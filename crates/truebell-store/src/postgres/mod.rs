//! The store in PostgreSQL, for servers that are more than one.
//!
//! A write locks the row of its account or vault first and looks again behind the lock, so that two of them happen one after the
//! other; what they look for by other keys is guarded by unique indexes. A transaction that lost a race is tried again, a few times.

mod accounts;
mod changes;
mod columns;
mod connect;
mod dump;
mod failure;
mod hints;
mod log;
mod mails;
mod moving;
mod record;
mod response;
mod sessions;
mod signals;
mod status;
mod tls;
mod vaults;

pub(crate) use dump::TABLE_KEYS;

use crate::StoreError;
use crate::open::{Location, OpenError};
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
use connect::Schema;
use deadpool_postgres::{Client, Pool};
use tokio_postgres::IsolationLevel;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, MailId, ReceiverId, SessionId, SignalId, StreamId, VaultId};
use truebell_core::log::TileId;
use truebell_core::signal::StreamStatus;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::Have;

/// How often a transaction is tried.
const TRIES: u32 = 10;

/// A store in a PostgreSQL database.
pub struct Postgres {
    pool: Pool,
    read_only: bool,
    hints: hints::Line,
}

impl Postgres {
    /// Opens a database by its URL, makes its tables if it is empty, and takes the steps its schema lacks.
    pub async fn open(location: &Location, url: &str) -> std::result::Result<Self, OpenError> {
        Self::with(location, url, Schema::Migrate).await
    }

    /// Opens one whose schema is this version's, changes nothing in it, and refuses every write.
    pub async fn open_to_read(location: &Location, url: &str) -> std::result::Result<Self, OpenError> {
        Self::with(location, url, Schema::Own).await
    }

    async fn with(location: &Location, url: &str, schema: Schema) -> std::result::Result<Self, OpenError> {
        let (pool, way) = connect::open(location, url, schema).await?;
        Ok(Self { pool, read_only: schema == Schema::Own, hints: hints::Line::new(way) })
    }

    async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(|error| {
            tracing::warn!(%error, "no connection to PostgreSQL");
            StoreError::Unavailable
        })
    }

    async fn writing_client(&self) -> Result<Client> {
        if self.read_only { Err(StoreError::ReadOnly) } else { self.client().await }
    }
}

/// Work that is tried again when it lost a race, or when its connection was dead.
macro_rules! tried {
    ($work:expr) => {{
        let mut tries = 1;
        loop {
            let attempt: failure::Result<_> = async { $work }.await;
            match attempt {
                Ok(done) => break Ok(done),
                Err(failure) if tries < TRIES && failure::is_passing(&failure) => tries += 1,
                Err(failure) => break Err(failure::before_commit(failure)),
            }
        }
    }};
}

/// One statement.
macro_rules! look {
    ($self:ident, $db:ident => $work:expr) => {
        tried!({
            let client = $self.client().await?;
            let $db = &client;
            $work.await
        })
    };
}

/// Several statements of one moment.
macro_rules! read {
    ($self:ident, $db:ident => $work:expr) => {
        tried!({
            let mut client = $self.client().await?;
            let moment = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await?;
            let $db = &moment;
            $work.await
        })
    };
}

/// A transaction that writes. Once its COMMIT was sent it is not tried again: what became of it may not be known.
macro_rules! write {
    ($self:ident, $db:ident => $work:expr) => {
        write!($self, IsolationLevel::ReadCommitted, $db => $work)
    };
    ($self:ident, $isolation:expr, $db:ident => $work:expr) => {
        tried!({
            let mut client = $self.writing_client().await?;
            let transaction = client.build_transaction().isolation_level($isolation).start().await?;
            let $db = &transaction;
            let done = $work.await?;
            transaction.commit().await.map_err(|error| failure::of_commit(&error))?;
            Ok(done)
        })
    };
}

#[async_trait]
impl Store for Postgres {
    async fn identity(&self) -> Result<Option<Identity>> {
        look!(self, db => accounts::identity(db))
    }

    async fn create_identity(&self, identity: &Identity) -> Result<()> {
        write!(self, db => accounts::create_identity(db, identity))
    }

    fn tell(&self, hint: Hint) {
        self.hints.tell(hint);
    }

    async fn hear(&self) -> Heard {
        self.hints.hear().await
    }

    async fn check(&self) -> Result<()> {
        tried!({
            let mut client = self.writing_client().await?;
            accounts::check(&mut client).await
        })
    }

    async fn counts(&self, now: UnixMillis) -> Result<Counts> {
        look!(self, db => accounts::counts(db, now))
    }

    async fn add_status(&self, entry: &StatusEntry) -> Result<()> {
        write!(self, db => status::add(db, entry))
    }

    async fn status_entries(&self, known: u64) -> Result<Option<Vec<StatusEntry>>> {
        read!(self, db => status::entries(db, known))
    }

    async fn sign_up(&self, new: NewAccount) -> Result<SignedUp> {
        // There is no row to lock yet: it looks at one moment, and whatever came since refuses its inserts.
        write!(self, IsolationLevel::RepeatableRead, db => accounts::sign_up(db, &new))
    }

    async fn account_by_address(&self, email_key: &str) -> Result<Option<AccountId>> {
        look!(self, db => accounts::by_address(db, email_key))
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>> {
        look!(self, db => accounts::account(db, account))
    }

    async fn record(&self, recording: Recording) -> Result<Recorded> {
        write!(self, db => record::record(db, &recording))
    }

    async fn retract(&self, retracting: Retracting) -> Result<Retracted> {
        write!(self, db => record::retract(db, &retracting))
    }

    async fn due_deletions(&self, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>> {
        look!(self, db => accounts::due_deletions(db, now, limit))
    }

    async fn delete_account(&self, account: AccountId, now: UnixMillis) -> Result<bool> {
        write!(self, db => accounts::delete(db, account, now))
    }

    async fn invite(&self, invitation: Hash32, expires: UnixMillis) -> Result<()> {
        write!(self, db => accounts::invite(db, invitation, expires))
    }

    async fn start_enrolment(&self, new: NewEnrolment) -> Result<EnrolmentStarted> {
        write!(self, db => sessions::start_enrolment(db, &new))
    }

    async fn enrolment(&self, token: Hash32) -> Result<Option<Enrolment>> {
        look!(self, db => sessions::enrolment(db, token))
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>> {
        look!(self, db => sessions::device(db, device))
    }

    async fn machine_vaults(&self, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>> {
        look!(self, db => sessions::machine_vaults(db, account, device))
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>> {
        look!(self, db => sessions::devices(db, account))
    }

    async fn open_session(&self, new: NewSession) -> Result<bool> {
        write!(self, db => sessions::open(db, &new))
    }

    async fn session(&self, token: Hash32) -> Result<Option<SessionView>> {
        look!(self, db => sessions::session(db, token))
    }

    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>> {
        look!(self, db => sessions::sessions(db, account, now))
    }

    async fn close_session(&self, account: AccountId, session: SessionId) -> Result<bool> {
        write!(self, db => sessions::close(db, account, session))
    }

    async fn sweep(&self, before: UnixMillis) -> Result<u64> {
        write!(self, db => accounts::sweep(db, before))
    }

    async fn create_vault(&self, account: AccountId, new: NewVault, at: UnixMillis) -> Result<Committed> {
        write!(self, db => vaults::create(db, account, &new, at))
    }

    async fn commit(&self, commit: NewCommit) -> Result<Committed> {
        write!(self, db => vaults::commit(db, &commit))
    }

    async fn changes(&self, account: AccountId, have: &Have) -> Result<Option<Changes>> {
        read!(self, db => changes::changes(db, account, have))
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
        read!(self, db => vaults::revisions(db, account, vault, range, bytes_max))
    }

    async fn dropped_since(&self, vault: VaultId, seq: u64) -> Result<bool> {
        look!(self, db => vaults::dropped_since(db, vault, seq))
    }

    async fn put_chunk(&self, chunk: NewChunk, bytes_max: u64) -> Result<ChunkStored> {
        write!(self, db => vaults::put_chunk(db, &chunk, bytes_max))
    }

    async fn chunk(&self, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Result<Option<Vec<u8>>> {
        look!(self, db => vaults::chunk(db, account, vault, attachment, index))
    }

    async fn delete_attachment(&self, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool> {
        write!(self, db => vaults::delete_attachment(db, account, vault, attachment))
    }

    async fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>> {
        look!(self, db => mails::event_by_code(db, code))
    }

    async fn claim_mail(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>> {
        write!(self, db => mails::claim(db, now, lease_until))
    }

    async fn finish_mail(&self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
        write!(self, db => mails::finish(db, mail, outcome, now))
    }

    async fn mails_of(&self, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
        look!(self, db => mails::of_event(db, account, event))
    }

    async fn mail_state(&self, mail: MailId) -> Result<Option<MailState>> {
        look!(self, db => mails::state(db, mail))
    }

    async fn resume_mails(&self, template: &str, cleared: UnixMillis) -> Result<bool> {
        write!(self, db => mails::resume(db, template, cleared))
    }

    async fn template_states(&self, now: UnixMillis) -> Result<Vec<TemplateState>> {
        read!(self, db => mails::template_states(db, now))
    }

    async fn decide_mail(&self, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn> {
        write!(self, db => mails::decide(db, mail, decision, now))
    }

    async fn parked_mails(&self, limit: u32) -> Result<Vec<Mail>> {
        look!(self, db => mails::parked(db, limit))
    }

    async fn queued_mails(&self, template: &str, limit: u32) -> Result<Vec<Mail>> {
        look!(self, db => mails::queued(db, template, limit))
    }

    async fn log_head(&self) -> Result<LogHead> {
        look!(self, db => log::head(db))
    }

    async fn log_waiting(&self, limit: u32) -> Result<Vec<Hash32>> {
        look!(self, db => log::waiting(db, limit))
    }

    async fn log_append(&self, append: LogAppend) -> Result<bool> {
        write!(self, db => log::append(db, &append))
    }

    async fn log_publish(&self, published: Published) -> Result<bool> {
        write!(self, db => log::publish(db, &published))
    }

    async fn log_tiles(&self, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>> {
        look!(self, db => log::tiles(db, tiles))
    }

    async fn log_places(&self, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>> {
        look!(self, db => log::places(db, entries))
    }

    async fn add_receiver(&self, new: &Receiver) -> Result<ReceiverAdded> {
        write!(self, db => signals::add_receiver(db, new))
    }

    async fn remove_receiver(&self, name: &str) -> Result<bool> {
        write!(self, db => signals::remove_receiver(db, name))
    }

    async fn receivers(&self) -> Result<Vec<Connected>> {
        look!(self, db => signals::receivers(db))
    }

    async fn receiver_by_token(&self, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
        look!(self, db => signals::receiver(db, token))
    }

    async fn create_stream(&self, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated> {
        write!(self, db => signals::create_stream(db, stream, receiver, config))
    }

    async fn change_stream(&self, stream: StreamId, config: &StreamConfig) -> Result<bool> {
        write!(self, db => signals::change_stream(db, stream, config))
    }

    async fn delete_stream(&self, stream: StreamId) -> Result<bool> {
        write!(self, db => signals::delete_stream(db, stream))
    }

    async fn set_stream_status(&self, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
        write!(self, db => signals::set_status(db, stream, status, reason))
    }

    async fn set_subject(&self, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
        write!(self, db => signals::set_subject(db, stream, account, wanted))
    }

    async fn add_note(&self, note: &NewNote) -> Result<bool> {
        write!(self, db => signals::add_note(db, note))
    }

    async fn claim_signal(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Claimed>> {
        write!(self, db => signals::claim(db, now, lease_until))
    }

    async fn finish_signal(&self, claimed: &Claimed, pushed: &Pushed, now: UnixMillis) -> Result<bool> {
        let claim = (claimed.stream.stream, claimed.waiting.signal, claimed.lease);
        write!(self, db => signals::finish(db, claim, pushed, now))
    }

    async fn waiting_signals(&self, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
        look!(self, db => signals::waiting(db, stream, limit))
    }

    async fn settle_signals(&self, stream: StreamId, taken: &[SignalId], refused: &[(SignalId, String)], now: UnixMillis) -> Result<u64> {
        write!(self, db => signals::settle(db, stream, taken, refused, now))
    }

    async fn trim_signals(&self, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
        write!(self, db => signals::trim(db, keep, before, now))
    }

    async fn response(&self, ask: &Ask) -> Result<Told> {
        if ask.only_reads() { read!(self, db => response::response(db, ask)) } else { write!(self, db => response::response(db, ask)) }
    }

    async fn dump(&self, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()> {
        let mut client = self.client().await?;
        dump::dump(&mut client, sink).await.map_err(failure::before_commit)
    }

    async fn load(&self, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()> {
        let mut client = self.writing_client().await?;
        dump::load(&mut client, identity, rows).await.map_err(failure::before_commit)
    }
}
