//! The contract. `conformance/` checks every sentence of it on every implementation.

use crate::error::StoreError;
use crate::response::{Ask, Told};
use crate::rows::{
    Account, Changes, ChunkStored, Committed, Counts, DecidedOn, Decision, Device, DumpRow, Enrolment, EnrolmentStarted, Heard, Hint,
    Identity, LogAppend, LogHead, LogPlace, MachineVault, Mail, MailFate, MailOutcome, MailState, NewAccount, NewChunk, NewCommit,
    NewEnrolment, NewSession, NewVault, PublicEvent, Published, Recorded, Recording, Retracted, Retracting, RevisionCursor, RevisionPage,
    SessionView, SignedUp, StatusEntry, TemplateState,
};
use crate::signals::{Claimed, Connected, NewNote, Pushed, Receiver, ReceiverAdded, Stream, StreamConfig, StreamCreated, Waiting};
use async_trait::async_trait;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, MailId, ReceiverId, SessionId, SignalId, StreamId, VaultId};
use truebell_core::log::TileId;
use truebell_core::signal::StreamStatus;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::Have;

/// A result of the store.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// What a server remembers.
///
/// - Each method is one transaction, serialisable with every other. When it returns `Ok`, what it wrote survives a crash.
/// - When it returns an error other than [`StoreError::Unknown`], nothing was written. Every write may be repeated: it then finds
///   what it wrote and says so. (But `claim_mail`, whose lost claim is parked when its lease ends.)
/// - Texts hold no zero character, and numbers the caller makes stay below 2^63; the caller sees to both.
/// - Nothing of one account is reachable with the id of another.
/// - The store has no clock: times come in, and are compared only where a sentence says so.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // --- the database itself

    /// Whose database this is; `None` if it is new and empty.
    async fn identity(&self) -> Result<Option<Identity>>;

    /// Makes it a server's database. Only once; another identity the second time is `Damaged`.
    async fn create_identity(&self, identity: &Identity) -> Result<()>;

    /// Whether it answers and can be written to. Writes and rolls back.
    async fn check(&self) -> Result<()>;

    /// Counts for an operator, at a time (sessions past it are not live).
    async fn counts(&self, now: UnixMillis) -> Result<Counts>;

    /// Adds to the operator's journal. One that is there stays as it is.
    async fn add_status(&self, entry: &StatusEntry) -> Result<()>;

    /// The operator's journal, oldest first; `None` if it has just so many entries as the caller knows. Nothing is ever taken out of it.
    async fn status_entries(&self, known: u64) -> Result<Option<Vec<StatusEntry>>>;

    /// Tells other processes on this database that something of an account is new. Never waits and never fails: a hint that is lost
    /// is only late. Nothing to do where there is one process.
    fn tell(&self, _hint: Hint) {}

    /// What other processes told; waits for ever where there is one process. One caller at a time; a call that is dropped loses nothing.
    async fn hear(&self) -> Heard {
        std::future::pending().await
    }

    // --- accounts

    /// Creates an account with all it starts with.
    async fn sign_up(&self, new: NewAccount) -> Result<SignedUp>;

    /// The account with this normalised address.
    async fn account_by_address(&self, email_key: &str) -> Result<Option<AccountId>>;

    /// An account.
    async fn account(&self, account: AccountId) -> Result<Option<Account>>;

    /// Records an act with its change, event and mails.
    async fn record(&self, recording: Recording) -> Result<Recorded>;

    /// Records a retraction in the operator's name. Mails about what it takes back that are queued are refused and never leave; each of the
    /// others that was not refused is corrected. `Damaged` if a correction is of another event.
    async fn retract(&self, retracting: Retracting) -> Result<Retracted>;

    /// Accounts whose deletion is due at a time.
    async fn due_deletions(&self, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>>;

    /// Deletes an account and all of it, if its deletion is due at that time. False if not. Only its mails that are not yet sent or
    /// refused stay: the person is still to be told. `sweep` takes them when they are over.
    async fn delete_account(&self, account: AccountId, now: UnixMillis) -> Result<bool>;

    /// Adds an invitation. One that is there, used or not, stays as it is.
    async fn invite(&self, invitation: Hash32, expires: UnixMillis) -> Result<()>;

    // --- devices and sessions

    /// Allows one enrolment and uses up its sign-in and code.
    async fn start_enrolment(&self, new: NewEnrolment) -> Result<EnrolmentStarted>;

    /// An enrolment by its token's digest.
    async fn enrolment(&self, token: Hash32) -> Result<Option<Enrolment>>;

    /// A device.
    async fn device(&self, device: DeviceId) -> Result<Option<Device>>;

    /// What a machine may read, in the order of the vaults; nothing for a person's device.
    async fn machine_vaults(&self, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>>;

    /// An account's devices, oldest first.
    async fn devices(&self, account: AccountId) -> Result<Vec<Device>>;

    /// Opens a session of an enrolled device, and marks the device seen (never back in time). False if the device is not there or
    /// revoked. `Damaged` if the id or token is another session's.
    async fn open_session(&self, new: NewSession) -> Result<bool>;

    /// A session by its token's digest, with where its account stands.
    async fn session(&self, token: Hash32) -> Result<Option<SessionView>>;

    /// An account's sessions, oldest first, those past `now` left out.
    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>>;

    /// Ends a session at its own device's wish (signing out). No event: nobody else is concerned. False if it is not there.
    async fn close_session(&self, account: AccountId, session: SessionId) -> Result<bool>;

    /// Forgets sessions, enrolments and invitations that expired before a time, sign-ins whose enrolment expired or whose credential
    /// change was recorded before it, and what was in mails sent or refused before it; whom they went to stays as long as their account,
    /// for a correction to find. Also hours of told people too old to say what is usual. How many. A sign-in state must not be good longer than the caller keeps its digest.
    async fn sweep(&self, before: UnixMillis) -> Result<u64>;

    // --- vaults

    /// Creates a vault. `Committed::Repeated(0)` if it is there, created by this very request; `Conflict` if another has its id;
    /// `NoVault` if there is no such account.
    async fn create_vault(&self, account: AccountId, new: NewVault, at: UnixMillis) -> Result<Committed>;

    /// Writes to a vault.
    async fn commit(&self, commit: NewCommit) -> Result<Committed>;

    /// What is new for a client, in one consistent read. `None` if there is no such account.
    async fn changes(&self, account: AccountId, have: &Have) -> Result<Option<Changes>>;

    /// Revisions of a vault with `after < commit <= up_to`, a page of about `bytes_max` from `from` on. `None` if the vault is not
    /// the account's. A revision dropped by a tombstone is not there: `dropped_since` tells.
    async fn revisions(
        &self,
        account: AccountId,
        vault: VaultId,
        after: u64,
        up_to: u64,
        from: Option<RevisionCursor>,
        bytes_max: usize,
    ) -> Result<Option<RevisionPage>>;

    /// Whether a tombstone dropped revisions of the vault in a commit after `seq`: a stream of pages up to `seq` may then have holes.
    /// A vault that is gone dropped all.
    async fn dropped_since(&self, vault: VaultId, seq: u64) -> Result<bool>;

    /// Stores a chunk of an attachment, which may not grow beyond `bytes_max` sealed bytes.
    async fn put_chunk(&self, chunk: NewChunk, bytes_max: u64) -> Result<ChunkStored>;

    /// A chunk.
    async fn chunk(&self, account: AccountId, vault: VaultId, attachment: AttachmentId, index: u64) -> Result<Option<Vec<u8>>>;

    /// Removes an attachment's chunks. False if there were none.
    async fn delete_attachment(&self, account: AccountId, vault: VaultId, attachment: AttachmentId) -> Result<bool>;

    // --- events and mail

    /// The event or retraction with this check code, with what takes it back (of two, which 50 bits make unlikely, always the same one).
    async fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>>;

    /// Claims the oldest mail that is queued and due at `now`, until `lease_until`. Claims whose lease ended before `now` become parked first.
    /// A mail whose notice the operator took back is refused instead: it could not leave in time, and is not to. Corrections are not counted.
    /// Where one more person told would take a template out of its [band](crate::band), the template is stopped instead, and no mail of it
    /// is claimed until `resume_mails`, however often it was tried.
    async fn claim_mail(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>>;

    /// Records how a claimed mail's try ended. False if it is not claimed.
    async fn finish_mail(&self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool>;

    /// The mails of an event of an account, in the order of their ids.
    async fn mails_of(&self, account: AccountId, event: EventId) -> Result<Vec<MailFate>>;

    /// How far a mail is; `None` if it is not known any more.
    async fn mail_state(&self, mail: MailId) -> Result<Option<MailState>>;

    /// Lets a stopped template go: mails of it queued until `cleared` leave, uncounted. False if it was not stopped; they are let go all the same.
    async fn resume_mails(&self, template: &str, cleared: UnixMillis) -> Result<bool>;

    /// Every kind of mail that waits, was sent lately, or is stopped, as it stands at `now`, by name.
    async fn template_states(&self, now: UnixMillis) -> Result<Vec<TemplateState>>;

    /// Decides on a parked mail. One whose notice was taken back since, by whomever, is not sent again.
    async fn decide_mail(&self, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn>;

    /// Parked mails, oldest first.
    async fn parked_mails(&self, limit: u32) -> Result<Vec<Mail>>;

    /// Mails of a kind that wait to leave, oldest first.
    async fn queued_mails(&self, template: &str, limit: u32) -> Result<Vec<Mail>>;

    // --- the transparency log. Each event's leaf is written with it, in its transaction, and waits there for its place.

    /// How far the log is.
    async fn log_head(&self) -> Result<LogHead>;

    /// Entries that wait for their places, in the order of their bytes, at most `limit`.
    async fn log_waiting(&self, limit: u32) -> Result<Vec<Hash32>>;

    /// Gives waiting entries their places and writes their tiles. False, and nothing is written, if the log is not of the size it was
    /// made for (another server was first, or this very call). `Damaged` if one of the entries does not wait.
    async fn log_append(&self, append: LogAppend) -> Result<bool>;

    /// Publishes a checkpoint. False if a later one is published already, or the log is not that far; one of the same size takes the
    /// place of the one before.
    async fn log_publish(&self, published: Published) -> Result<bool>;

    /// Tiles as kept, in the order asked for. A tile only ever grows, so what was in one stays where it is.
    async fn log_tiles(&self, tiles: &[TileId]) -> Result<Vec<Option<Vec<u8>>>>;

    /// Where entries are, in the order asked for; `None` where there is no such entry.
    async fn log_places(&self, entries: &[Hash32]) -> Result<Vec<Option<LogPlace>>>;

    // --- signals. Each event is queued, in its transaction, on every stream that is not disabled, gets a type the event is told as, and
    // is about its account; the end of an account likewise, in the transaction that deletes it, if an event asked for that.

    /// Adds a receiver. `Added` also if this very one is there, as it was.
    async fn add_receiver(&self, new: &Receiver) -> Result<ReceiverAdded>;

    /// Removes a receiver by its name, with its stream and what waits in it. False if it is not there.
    async fn remove_receiver(&self, name: &str) -> Result<bool>;

    /// All receivers by their names, and how their streams fare.
    async fn receivers(&self) -> Result<Vec<Connected>>;

    /// The receiver with this token's digest, and its stream.
    async fn receiver_by_token(&self, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>>;

    /// Makes a receiver's one stream, enabled and empty. `Created` also if this very one is there, as it was.
    async fn create_stream(&self, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated>;

    /// Changes a stream's configuration; it is tried at once. What waits stays. False if it is not there.
    async fn change_stream(&self, stream: StreamId, config: &StreamConfig) -> Result<bool>;

    /// Removes a stream and what waits in it. False if it is not there.
    async fn delete_stream(&self, stream: StreamId) -> Result<bool>;

    /// Sets a stream's status. Disabled, it loses what waits. False if it is not there.
    async fn set_stream_status(&self, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool>;

    /// Whether a stream is about an account, from now on. False if one of the two is not there.
    async fn set_subject(&self, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool>;

    /// Puts a signal about the stream itself at its end; one that is there stays. A verification is remembered with its time. False if
    /// the stream is not there or disabled.
    async fn add_note(&self, note: &NewNote) -> Result<bool>;

    /// Claims an enabled push stream that is due at `now` and on which nobody works, until `lease_until`, with the first signal that
    /// waits in it. The stream that is due longest comes first.
    async fn claim_signal(&self, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Claimed>>;

    /// Records how a push ended, and ends the claim if it is still this one. False if the signal does not wait any more.
    async fn finish_signal(&self, claimed: &Claimed, pushed: &Pushed, now: UnixMillis) -> Result<bool>;

    /// What waits in a stream, in order.
    async fn waiting_signals(&self, stream: StreamId, limit: u32) -> Result<Vec<Waiting>>;

    /// Takes out what a receiver took or refused, and counts it. How many there were.
    async fn settle_signals(&self, stream: StreamId, taken: &[SignalId], refused: &[(SignalId, String)], now: UnixMillis) -> Result<u64>;

    /// Drops, in each stream, all but the newest `keep` signals and those queued before a time, counts them, and puts a `stream-updated`
    /// with the count since the stream was made in front, in place of an earlier one. Also forgets what waits in disabled streams and
    /// in none. How many were dropped.
    async fn trim_signals(&self, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64>;

    // --- the response

    /// Something about sites, lists matched against them, and what was found: one transaction, as [`Ask`] says of each.
    async fn response(&self, ask: &Ask) -> Result<Told>;

    // --- backup

    /// Every row of every table but the identity, in one consistent read and a fixed order, to `sink`, without stopping writers. A
    /// sink that returns false stops it.
    async fn dump(&self, sink: &mut (dyn FnMut(DumpRow) -> bool + Send)) -> Result<()>;

    /// Fills an empty database with rows and makes it `identity`'s, in one transaction. `Damaged` if it is not empty or a row does
    /// not fit.
    async fn load(&self, identity: &Identity, rows: &mut (dyn Iterator<Item = DumpRow> + Send)) -> Result<()>;
}
