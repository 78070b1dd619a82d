//! What goes in and comes out: plain rows, named by their nouns. Sealed things are bytes; digests of tokens stand for tokens.

use crate::band::{Excess, Gauge};
use truebell_core::event::{Chain, Countersigned, SignedRetraction};
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, MailId, ServerId, SessionId, VaultId};
use truebell_core::log::TileId;
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Revision, SignedVaultHead};
use truebell_core::wire::account::Record;
use truebell_core::wire::vault::VaultInfo;

/// Which database this is. Written once, when it is created; only a restore raises the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The server it belongs to.
    pub server: ServerId,
    /// The public half of that server's signing key.
    pub key: PublicKey,
    /// Random, made with the database.
    pub generation: [u8; 16],
    /// 0, and one more with each restore from a backup.
    pub restore_epoch: u64,
    /// When it was created.
    pub created: UnixMillis,
}

/// A thing the operator said, for the status page. The store does not read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// Random; names it.
    pub entry: [u8; 16],
    /// When it was said.
    pub at: UnixMillis,
    /// What, JSON.
    pub body: String,
}

/// Something of an account is new. What it is, a sync says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Whose.
    pub account: AccountId,
    /// The device that acted, which knows already.
    pub device: DeviceId,
}

/// What comes from the other processes of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Something of one account is new.
    Hint(Hint),
    /// Nobody could be heard for a while: anything may be new.
    Missed,
}

/// An account to create, with all it starts with.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its id.
    pub account: AccountId,
    /// Mail address as the person wrote it.
    pub email: String,
    /// The same, normalised for comparison (by the caller, always the same way). Unique.
    pub email_key: String,
    /// Its public signing key.
    pub signing: PublicKey,
    /// Its public KEM key.
    pub kem: Vec<u8>,
    /// OPAQUE record, sealed by the server.
    pub opaque: Vec<u8>,
    /// Sealed keyset, epoch 1.
    pub keyset: Vec<u8>,
    /// Its first vault.
    pub vault: NewVault,
    /// Its first device.
    pub device: NewDevice,
    /// A session for it.
    pub session: NewSession,
    /// Its first event, seq 1.
    pub event: Countersigned,
    /// Mails about it.
    pub mails: Vec<NewMail>,
    /// Digest of an invitation to use up, where one is needed.
    pub invitation: Option<Hash32>,
}

/// What became of a sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedUp {
    /// The account exists now.
    Created,
    /// It existed with this very account, device and signing key; the session was opened, nothing else was changed.
    Repeated,
    /// The address belongs to another account.
    AddressTaken,
    /// The account id belongs to another account, or the device, vault or session token does.
    AccountTaken,
    /// The invitation is unknown, used, or was over when the device was enrolled.
    BadInvitation,
}

/// A vault to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVault {
    /// Its id.
    pub vault: VaultId,
    /// Its key, wrapped for the owner.
    pub key: Vec<u8>,
    /// Its sealed name, revision 1.
    pub name: Vec<u8>,
    /// Its head, seq 0.
    pub head: SignedVaultHead,
}

/// A device to enrol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// Its id.
    pub device: DeviceId,
    /// Its public key.
    pub key: PublicKey,
    /// Its name.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// When.
    pub enrolled: UnixMillis,
}

/// A device as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// As enrolled.
    pub device: NewDevice,
    /// The account.
    pub account: AccountId,
    /// When it last opened a session.
    pub seen: UnixMillis,
    /// When it was revoked.
    pub revoked: Option<UnixMillis>,
}

/// A vault that a machine may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineVault {
    /// Which.
    pub vault: VaultId,
    /// Its key, sealed for the machine; empty once the machine was revoked.
    pub key: Vec<u8>,
}

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its id.
    pub session: SessionId,
    /// Its device.
    pub device: DeviceId,
    /// SHA-256 of its token.
    pub token: Hash32,
    /// When it was opened.
    pub opened: UnixMillis,
    /// Until when it is good.
    pub expires: UnixMillis,
}

/// Everything a request with a token needs, in one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub session: SessionId,
    /// Its device.
    pub device: DeviceId,
    /// Until when it is good. The caller compares with its clock; an expired session is still found until it is swept.
    pub expires: UnixMillis,
    /// Where the account stands.
    pub head: AccountHead,
    /// When the account will be deleted, if that was asked for.
    pub deletion_due: Option<UnixMillis>,
    /// Where its device is a machine: the vaults that it may read, in order. `head` names the others too.
    pub machine: Option<Vec<VaultId>>,
}

/// An account as sign-in and credential changes need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub account: AccountId,
    /// Its public signing key.
    pub signing: PublicKey,
    /// Its public KEM key.
    pub kem: Vec<u8>,
    /// OPAQUE record, sealed by the server.
    pub opaque: Vec<u8>,
    /// Its event chain.
    pub chain: Chain,
    /// What its devices get to see.
    pub record: Record,
    /// TOTP generator, sealed by the server, where a second factor is in force.
    pub totp: Option<Vec<u8>>,
    /// The last TOTP step that was used; a code is good once.
    pub totp_step: u64,
}

/// Permission to enrol one device, from a password sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnrolment {
    /// SHA-256 of its token.
    pub token: Hash32,
    /// The account.
    pub account: AccountId,
    /// Digest of the sign-in state it came from; one state gives one enrolment.
    pub sign_in: Hash32,
    /// The credential epoch that sign-in was proven against: an account whose password has changed since does not take it.
    pub epoch: u64,
    /// The TOTP step that was shown, if one was. It must be above the last one used; where no second factor is in force any more it
    /// is ignored.
    pub totp_step: Option<u64>,
    /// Until when.
    pub expires: UnixMillis,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrolmentStarted {
    /// It is good now. Also if this very token was started before by this sign-in.
    Started,
    /// That sign-in was used already.
    SignInUsed,
    /// That code was used already.
    CodeUsed,
    /// A second factor came into force since, and no code was shown.
    CodeNeeded,
    /// The credentials that were proven are not the account's any more, or the account is gone.
    Superseded,
}

/// An enrolment as found by its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The account.
    pub account: AccountId,
    /// Until when.
    pub expires: UnixMillis,
    /// The device it was used for, once it was.
    pub used_by: Option<DeviceId>,
}

/// A change a person made to their account, with its event. One transaction: change, event, mails (law 4).
#[derive(Debug, Clone)]
pub struct Recording {
    /// The account.
    pub account: AccountId,
    /// The event; its act's `seq` and `prev` must follow the stored chain.
    pub event: Countersigned,
    /// What changes.
    pub change: Change,
    /// Mails about it: each names this event.
    pub mails: Vec<NewMail>,
    /// When, by the server's clock.
    pub at: UnixMillis,
}

/// What changes.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new device, with its first session. Uses up an enrolment of this account; whether that was in time, the caller has checked.
    Enrol {
        /// SHA-256 of the enrolment's token.
        enrolment: Hash32,
        /// The device.
        device: NewDevice,
        /// Its session.
        session: NewSession,
    },
    /// A machine that may read some vaults: at least one, each of this account.
    EnrolMachine {
        /// Its device.
        device: NewDevice,
        /// What it may read, each vault once.
        vaults: Vec<MachineVault>,
    },
    /// New password or Secret Key. Only if the stored epoch is one less than the act's. Enrolments not yet used end with the old one.
    Credentials {
        /// OPAQUE record, sealed by the server.
        opaque: Vec<u8>,
        /// Keyset sealed for the new epoch.
        keyset: Vec<u8>,
        /// Digest of the sign-in state that proved the old password; good once.
        sign_in: Hash32,
    },
    /// A device is out; its sessions end, and the keys that were sealed for it are forgotten.
    RevokeDevice(DeviceId),
    /// One session ends: it is not found any more.
    RevokeSession(SessionId),
    /// A new address.
    Address {
        /// As written.
        email: String,
        /// Normalised.
        email_key: String,
    },
    /// The account is to be deleted. Only if it is not already.
    ScheduleDeletion(UnixMillis),
    /// It is not.
    CancelDeletion,
    /// A second factor is in force. Only if none is. Steps of an earlier generator do not count.
    AddTotp {
        /// TOTP generator, sealed by the server.
        totp: Vec<u8>,
        /// The step that proved it.
        step: u64,
    },
    /// It is not any more. The step must be above the last one used.
    RemoveTotp {
        /// The step that was shown.
        step: u64,
    },
    /// A device takes the notice of an earlier event back, by its place in the chain. Once for each event. The account's record stays
    /// as it is.
    Acknowledge(u64),
}

impl Change {
    /// The address it gives the account, if it gives one.
    pub(crate) fn new_address(&self) -> Option<&str> {
        match self {
            Self::Address { email, .. } => Some(email),
            _ => None,
        }
    }
}

/// What became of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It happened; the event is the next of the chain.
    Done,
    /// The same act was recorded before (same seq, and the stored event carries the same act): the stored SET. For an enrolment the
    /// new session was opened, if the device is still in and the enrolment is its own or unused (otherwise `NotApplicable`).
    Repeated(String),
    /// The act's `seq`, `prev` or `epoch` does not follow the stored chain.
    ChainMoved,
    /// The account or what it is about is not there, or not in a state that allows it (device gone, enrolment used or unknown, nothing to cancel,
    /// code or sign-in used already).
    NotApplicable,
    /// The address belongs to another account.
    AddressTaken,
}

/// A retraction in the operator's name, to record.
#[derive(Debug, Clone)]
pub struct Retracting {
    /// As signed.
    pub retraction: SignedRetraction,
    /// For each mail about what it takes back that reached somebody or still may, one that corrects it.
    pub corrections: Vec<Correcting>,
}

/// A mail that corrects another one.
#[derive(Debug, Clone)]
pub struct Correcting {
    /// The mail it corrects.
    pub of: MailId,
    /// What corrects it, to the same address.
    pub mail: NewMail,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retracted {
    /// It is the next link of the chain.
    Done(Reach),
    /// The operator took this notice back before, perhaps by this very call.
    Already,
    /// It is not the next link of the stored chain.
    ChainMoved,
    /// There is no such account, or no such event in it.
    NotApplicable,
}

/// Whom a retraction in the operator's name reaches by mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Addresses that a mail about the notice reached or may have reached: they get the correction.
    pub told: u64,
    /// Addresses that none has reached: theirs was still queued and never leaves, and they get nothing.
    pub withheld: u64,
}

/// Who takes a notice back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A device of the account.
    Account,
    /// The operator.
    Operator,
}

/// One commit to a vault.
#[derive(Debug, Clone)]
pub struct NewCommit {
    /// Who writes; must own the vault.
    pub account: AccountId,
    /// The vault.
    pub vault: VaultId,
    /// `head.seq`, parsed by the caller; must be the stored one plus one.
    pub seq: u64,
    /// `head.prev`, parsed by the caller; must be the digest of the stored head.
    pub prev: Hash32,
    /// The new head.
    pub head: SignedVaultHead,
    /// Its digest.
    pub head_digest: Hash32,
    /// The revisions, at most one per item. Each must be number 1 with a zero `prev`, or follow the item's stored one. A tombstone
    /// drops the item's earlier revisions.
    pub revisions: Vec<Revision>,
    /// The writer's number for this commit. Kept while it is the vault's last 64.
    pub idempotency: [u8; 16],
    /// When.
    pub at: UnixMillis,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It is stored, durably.
    Done,
    /// It was stored before, at this sequence.
    Repeated(u64),
    /// The vault or an item has moved on.
    Conflict,
    /// No such vault in this account.
    NoVault,
}

/// What is new for a client, but for revisions, which are read in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Where the account stands in this very read.
    pub head: AccountHead,
    /// Events after the client's, in order, as SETs.
    pub events: Vec<String>,
    /// The record, if the client's is older.
    pub record: Option<Record>,
    /// Vaults the client did not name, whole; and heads of those that are further than the client; in order of their ids.
    pub vaults: Vec<VaultChange>,
}

/// One vault that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultChange {
    /// Where it stands.
    pub mark: VaultMark,
    /// Its row, where the client did not name it.
    pub info: Option<VaultInfo>,
    /// Its signed head.
    pub head: SignedVaultHead,
    /// The client's sequence; 0 for none.
    pub after: u64,
}

/// A page of revisions, in order of (commit, item). It ends with the revision whose sealed bytes fill it, so it is empty only at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionPage {
    /// The revisions.
    pub revisions: Vec<Revision>,
    /// Where to go on: the last revision given. `None` at the end.
    pub next: Option<RevisionCursor>,
}

/// A place in a vault's revisions: a page from here starts with the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionCursor {
    /// The commit's sequence.
    pub seq: u64,
    /// The item within it.
    pub item: truebell_core::ids::ItemId,
}

/// A mail to send, queued only together with the event it tells of (law 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Its id.
    pub mail: MailId,
    /// The event it tells of.
    pub event: EventId,
    /// Recipient.
    pub to: String,
    /// Template name.
    pub template: String,
    /// What the template needs, JSON.
    pub values: String,
    /// When it was queued.
    pub queued: UnixMillis,
}

/// Where a mail is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// Waiting.
    Queued,
    /// Claimed by a sender, who may have sent it.
    Claimed,
    /// Sent: the relay took it.
    Sent,
    /// The relay refused it, for good or after the last try.
    Refused,
    /// A sender claimed it and did not come back, or the relay's answer was lost: it may have been sent. Never sent again by itself.
    Parked,
}

/// A claimed mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// As queued.
    pub mail: NewMail,
    /// How often it was claimed before.
    pub tries: u32,
}

/// A mail, by whom it is for and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFate {
    /// The mail.
    pub mail: MailId,
    /// Recipient.
    pub to: String,
    /// How far.
    pub state: MailState,
}

/// A kind of mail: how many are told of it, and whether it is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateState {
    /// The kind.
    pub template: String,
    /// How many people are told, and how many may be; `None` for corrections, which have no band.
    pub gauge: Option<Gauge>,
    /// Mails that wait to leave.
    pub waiting: u64,
    /// When it was stopped and for what, if it is.
    pub stopped: Option<(UnixMillis, Excess)>,
    /// Mails queued until then go, uncounted.
    pub cleared: UnixMillis,
}

/// What an operator knows of a parked mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It did not arrive: it is sent again.
    SendAgain,
    /// It arrived.
    Arrived,
    /// It did not arrive, and is not to be sent.
    GiveUp,
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidedOn {
    /// It is so.
    Done,
    /// The mail is not parked.
    NotParked,
    /// It cannot be sent again: its notice was taken back, and its correction may be there already.
    TakenBack,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// The relay took it.
    Sent,
    /// The relay certainly did not take it; try again then.
    RetryAt(UnixMillis),
    /// It was not tried: what it waits for is not yet decided. Look again then; this claim does not count as a try.
    NotYet(UnixMillis),
    /// The relay certainly did not take it, and never will.
    Refused,
    /// Not known.
    Unknown,
}

/// A notice as anybody may ask for it by its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicEvent {
    /// The account.
    pub account: AccountId,
    /// The account's signing key, to check the act inside.
    pub signing: PublicKey,
    /// The SET: of an event, or of an operator's retraction, which has a code too.
    pub set: String,
    /// The SETs that take it back, oldest first.
    pub retractions: Vec<String>,
}

/// How far the transparency log is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHead {
    /// Leaves that have a place.
    pub size: u64,
    /// The checkpoint that was published last.
    pub published: Option<Published>,
}

/// A checkpoint that anybody may have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its size; never above that of the log.
    pub size: u64,
    /// When it was published.
    pub at: UnixMillis,
    /// The signed note, with cosignatures.
    pub note: String,
}

/// Leaves that are to get their places, with the tiles that makes (`truebell_core::log::append`).
#[derive(Debug, Clone)]
pub struct LogAppend {
    /// The size it was made for.
    pub from: u64,
    /// Entries that wait; the first of them gets the place `from`.
    pub entries: Vec<Hash32>,
    /// Tiles to keep in place of those there: level 0 as entries, others as hashes.
    pub tiles: Vec<(TileId, Vec<u8>)>,
}

/// Where a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// It waits for its place.
    Waiting,
    /// At this index.
    At(u64),
}

/// A chunk of an attachment.
#[derive(Debug, Clone)]
pub struct NewChunk {
    /// Who writes; must own the vault.
    pub account: AccountId,
    /// The vault.
    pub vault: VaultId,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Its place.
    pub index: u64,
    /// Sealed bytes.
    pub sealed: Vec<u8>,
    /// When.
    pub at: UnixMillis,
}

/// What became of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkStored {
    /// Stored, or the same bytes were there already.
    Done,
    /// Other bytes are there already: chunks never change.
    Different,
    /// No such vault in this account.
    NoVault,
    /// The attachment would be larger than the limit given.
    TooLarge,
}

/// Counts for an operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts.
    pub accounts: u64,
    /// Live sessions.
    pub sessions: u64,
    /// Mails waiting.
    pub mails_queued: u64,
    /// Mails parked.
    pub mails_parked: u64,
}

/// One row of any table, for backups and moves: table name, and the row's columns as CBOR in the schema's order. The same on every backend.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct DumpRow {
    /// The table.
    #[n(0)]
    pub table: String,
    /// Its columns.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub columns: Vec<u8>,
}

impl DumpRow {
    /// The row as a restored server has it. A mail that was waiting when the backup was made has most likely left since: it is parked,
    /// for an operator to see, and not sent a second time. Everything else is as it was.
    #[must_use]
    pub fn as_restored(self) -> Self {
        crate::tables::park_mail(self)
    }
}
