//! The rows of each table, in the schema's order of columns. What memory keeps, and what a dump carries on every backend.
//!
//! Field numbers are for ever: a backup of today is loaded by the versions of tomorrow. The last field of each is never optional, so
//! that every row of a table has as many columns.

use crate::StoreError;
use crate::rows::{DumpRow, MailState, Side};
use minicbor::{Decode, Encode};
use truebell_core::hash::Hash32;
use truebell_core::ids::{
    AccountId, AttachmentId, DeviceId, EventId, ItemId, ListedId, MailId, MatchId, PairId, ReceiverId, SessionId, SignalId, SiteId,
    StreamId, VaultId, WorkerId,
};
use truebell_core::sign::{PublicKey, Signature};
use truebell_core::time::UnixMillis;

/// The number of the newest migration, and so of the form of a dump's rows.
pub const SCHEMA: u32 = 10;

/// One table's row.
pub(crate) trait Table: Encode<()> + for<'b> Decode<'b, ()> {
    /// The table's name.
    const NAME: &'static str;

    /// As a dump carries it.
    fn to_dump(&self) -> DumpRow {
        DumpRow { table: Self::NAME.to_owned(), columns: truebell_core::cbor::to_vec(self) }
    }

    /// From a dump.
    fn from_dump(row: &DumpRow) -> Result<Self, StoreError> {
        truebell_core::cbor::from_slice(&row.columns).map_err(|_| StoreError::Damaged("a row of a backup that does not fit its table"))
    }
}

macro_rules! table {
    ($(#[$doc:meta])* $row:ident, $name:literal, { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
        pub(crate) struct $row {
            $($(#[$attribute])* pub(crate) $field: $type,)*
        }

        impl Table for $row {
            const NAME: &'static str = $name;
        }
    };
}

table!(/// An account.
AccountRow, "accounts", {
    #[n(0)] account: AccountId,
    #[n(1)] chain_seq: u64,
    #[n(2)] chain_digest: Hash32,
    #[n(3)] epoch: u64,
    #[n(4)] record: u64,
    #[n(5)] deletion_due: Option<UnixMillis>,
    #[n(6)] totp_step: u64,
    #[cbor(n(7), with = "minicbor::bytes")] totp: Option<Vec<u8>>,
    #[n(8)] email: String,
    #[n(9)] email_key: String,
    #[n(10)] signing: PublicKey,
    #[cbor(n(11), with = "minicbor::bytes")] opaque: Vec<u8>,
    #[cbor(n(12), with = "minicbor::bytes")] keyset: Vec<u8>,
    #[cbor(n(13), with = "minicbor::bytes")] kem: Vec<u8>,
});

table!(/// A device of an account.
DeviceRow, "devices", {
    #[n(0)] account: AccountId,
    #[n(1)] device: DeviceId,
    #[n(2)] key: PublicKey,
    #[n(3)] name: String,
    #[n(4)] platform: String,
    #[n(5)] enrolled: UnixMillis,
    #[n(6)] revoked: Option<UnixMillis>,
    #[n(7)] seen: UnixMillis,
});

table!(/// A session of a device.
SessionRow, "sessions", {
    #[n(0)] account: AccountId,
    #[n(1)] session: SessionId,
    #[n(2)] device: DeviceId,
    #[n(3)] token: Hash32,
    #[n(4)] opened: UnixMillis,
    #[n(5)] expires: UnixMillis,
});

table!(/// Permission to enrol one device.
EnrolmentRow, "enrolments", {
    #[n(0)] account: AccountId,
    #[n(1)] token: Hash32,
    #[n(2)] sign_in: Hash32,
    #[n(3)] used_by: Option<DeviceId>,
    #[n(4)] expires: UnixMillis,
});

table!(/// A sign-in that was used up.
SignInRow, "sign_ins", {
    #[n(0)] account: AccountId,
    #[n(1)] sign_in: Hash32,
    #[n(2)] over: UnixMillis,
});

table!(/// An invitation.
InvitationRow, "invitations", {
    #[n(0)] invitation: Hash32,
    #[n(1)] used: Option<UnixMillis>,
    #[n(2)] expires: UnixMillis,
});

table!(/// An event of an account's chain.
EventRow, "events", {
    #[n(0)] account: AccountId,
    #[n(1)] seq: u64,
    #[n(2)] event: EventId,
    #[n(3)] code: String,
    #[n(4)] act: Hash32,
    #[n(5)] body: String,
});

table!(/// What takes a notice back.
RetractionRow, "retractions", {
    #[n(0)] account: AccountId,
    #[n(1)] of_seq: u64,
    #[n(2)] side: u8,
    #[n(3)] seq: u64,
});

table!(/// A vault that a machine may read.
MachineVaultRow, "machine_vaults", {
    #[n(0)] account: AccountId,
    #[n(1)] device: DeviceId,
    #[n(2)] vault: VaultId,
    #[cbor(n(3), with = "minicbor::bytes")] key: Vec<u8>,
});

table!(/// A vault.
VaultRow, "vaults", {
    #[n(0)] vault: VaultId,
    #[n(1)] account: AccountId,
    #[n(2)] seq: u64,
    #[n(3)] digest: Hash32,
    #[n(4)] dropped: u64,
    #[n(5)] created: UnixMillis,
    #[n(6)] creation: Hash32,
    #[n(7)] name_revision: u64,
    #[cbor(n(8), with = "minicbor::bytes")] key: Vec<u8>,
    #[cbor(n(9), with = "minicbor::bytes")] name: Vec<u8>,
    #[cbor(n(10), with = "minicbor::bytes")] head: Vec<u8>,
    #[n(11)] signature: Signature,
});

table!(/// One of a vault's last commits.
CommitRow, "commits", {
    #[n(0)] vault: VaultId,
    #[n(1)] slot: u64,
    #[n(2)] seq: u64,
    #[cbor(n(3), with = "minicbor::bytes")] idempotency: [u8; 16],
    #[n(4)] at: UnixMillis,
});

table!(/// A sealed revision of an item.
RevisionRow, "revisions", {
    #[n(0)] vault: VaultId,
    #[n(1)] seq: u64,
    #[n(2)] item: ItemId,
    #[n(3)] number: u64,
    #[n(4)] kind: u8,
    #[n(5)] prev: Option<Hash32>,
    #[cbor(n(6), with = "minicbor::bytes")] overview: Vec<u8>,
    #[cbor(n(7), with = "minicbor::bytes")] detail: Vec<u8>,
});

table!(/// A sealed chunk of an attachment.
ChunkRow, "chunks", {
    #[n(0)] vault: VaultId,
    #[n(1)] attachment: AttachmentId,
    #[n(2)] place: u64,
    #[n(3)] at: UnixMillis,
    #[cbor(n(4), with = "minicbor::bytes")] sealed: Vec<u8>,
});

table!(/// A mail.
MailRow, "mails", {
    #[n(0)] mail: MailId,
    #[n(1)] account: AccountId,
    #[n(2)] event: EventId,
    #[n(3)] state: u8,
    #[n(4)] queued: UnixMillis,
    #[n(5)] due: UnixMillis,
    #[n(6)] lease: UnixMillis,
    #[n(7)] over: UnixMillis,
    #[n(8)] tries: u32,
    #[n(9)] recipient: String,
    #[n(10)] template: String,
    #[n(11)] details: String,
});

table!(/// How many people were told of one kind of thing in one hour.
MailHourRow, "mail_hours", {
    #[n(0)] template: String,
    #[n(1)] hour: u64,
    #[n(2)] people: u64,
});

table!(/// A kind of mail that left its band, or was let go.
MailStopRow, "mail_stops", {
    #[n(0)] template: String,
    #[n(1)] stopped: UnixMillis,
    #[n(2)] hours: u64,
    #[n(3)] people: u64,
    #[n(4)] most: u64,
    #[n(5)] cleared: UnixMillis,
});

table!(/// A leaf of the transparency log.
LogLeafRow, "log_leaves", {
    #[n(0)] place: Option<u64>,
    #[n(1)] entry: Hash32,
});

table!(/// A tile of it.
LogTileRow, "log_tiles", {
    #[n(0)] level: u64,
    #[n(1)] place: u64,
    #[cbor(n(2), with = "minicbor::bytes")] body: Vec<u8>,
});

table!(/// How far it is.
LogHeadRow, "log_head", {
    #[n(0)] one: u64,
    #[n(1)] size: u64,
    #[n(2)] published_size: u64,
    #[n(3)] published_at: UnixMillis,
    #[n(4)] published: String,
});

table!(/// A thing the operator said.
StatusEntryRow, "status_entries", {
    #[cbor(n(0), with = "minicbor::bytes")] entry: [u8; 16],
    #[n(1)] at: UnixMillis,
    #[n(2)] body: String,
});

table!(/// A system that receives signals.
SignalReceiverRow, "signal_receivers", {
    #[n(0)] receiver: ReceiverId,
    #[n(1)] token: Hash32,
    #[n(2)] scope: u8,
    #[n(3)] subjects: u8,
    #[n(4)] kinds: u32,
    #[n(5)] everyone: u8,
    #[n(6)] algorithm: u8,
    #[n(7)] made: UnixMillis,
    #[n(8)] audience: String,
    #[n(9)] name: String,
});

table!(/// Its stream.
SignalStreamRow, "signal_streams", {
    #[n(0)] stream: StreamId,
    #[n(1)] receiver: ReceiverId,
    #[n(2)] status: u8,
    #[n(3)] delivered: u32,
    #[n(4)] due: UnixMillis,
    #[n(5)] lease: UnixMillis,
    #[n(6)] tries: u32,
    #[n(7)] verified: UnixMillis,
    #[n(8)] sent: u64,
    #[n(9)] refused: u64,
    #[n(10)] dropped: u64,
    #[n(11)] last_sent: Option<UnixMillis>,
    #[n(12)] failed: Option<UnixMillis>,
    #[cbor(n(13), with = "minicbor::bytes")] authorization: Option<Vec<u8>>,
    #[n(14)] failure: Option<String>,
    #[n(15)] reason: Option<String>,
    #[n(16)] description: Option<String>,
    #[n(17)] endpoint: String,
    #[n(18)] requested: String,
});

table!(/// An account a receiver named, or took out.
SignalSubjectRow, "signal_subjects", {
    #[n(0)] stream: StreamId,
    #[n(1)] account: AccountId,
    #[n(2)] wanted: u8,
});

table!(/// A signal that waits.
SignalRow, "signals", {
    #[n(0)] signal: SignalId,
    #[n(1)] stream: StreamId,
    #[n(2)] seq: u64,
    #[n(3)] kind: u32,
    #[n(4)] at: UnixMillis,
    #[n(5)] subject: Option<AccountId>,
    #[n(6)] event: Option<EventId>,
    #[n(7)] key: Option<PublicKey>,
    #[n(8)] address: Option<String>,
    #[n(9)] address_to: Option<String>,
    #[n(10)] body: String,
});

table!(/// A site.
SiteRow, "sites", {
    #[n(0)] site: SiteId,
    #[n(1)] made: UnixMillis,
    #[cbor(n(2), with = "minicbor::bytes")] secrets: Vec<u8>,
    #[n(3)] definition: String,
    #[n(4)] name: String,
});

table!(/// A list matched against it.
BreachMatchRow, "breach_matches", {
    #[n(0)] matching: MatchId,
    #[n(1)] site: SiteId,
    #[n(2)] state: u8,
    #[n(3)] made: UnixMillis,
    #[n(4)] worker: Option<WorkerId>,
    #[n(5)] lease: UnixMillis,
    #[cbor(n(6), with = "minicbor::bytes")] secret: Vec<u8>,
    #[n(7)] source: String,
    #[n(8)] progress: String,
});

table!(/// An account the list names.
BreachAccountRow, "breach_accounts", {
    #[n(0)] matching: MatchId,
    #[n(1)] account: ListedId,
    #[n(2)] state: u8,
    #[n(3)] relation: u8,
    #[n(4)] turn: u64,
    #[n(5)] worker: Option<WorkerId>,
    #[n(6)] lease: UnixMillis,
    #[n(7)] grade: Option<u8>,
    #[n(8)] generation: Option<Hash32>,
    #[n(9)] found: Option<UnixMillis>,
    #[cbor(n(10), with = "minicbor::bytes")] sealed: Option<Vec<u8>>,
    #[n(11)] tried: u64,
    #[n(12)] word: String,
});

table!(/// A candidate.
BreachCandidateRow, "breach_candidates", {
    #[n(0)] matching: MatchId,
    #[n(1)] account: ListedId,
    #[n(2)] pair: PairId,
    #[n(3)] relation: u8,
    #[cbor(n(4), with = "minicbor::bytes")] sealed: Vec<u8>,
});

/// Who takes a notice back, as stored. Numbers are for ever.
pub(crate) fn side(side: Side) -> u8 {
    match side {
        Side::Account => 0,
        Side::Operator => 1,
    }
}

/// A mail's state as stored. Numbers are for ever.
pub(crate) fn mail_state(state: MailState) -> u8 {
    match state {
        MailState::Queued => 0,
        MailState::Claimed => 1,
        MailState::Sent => 2,
        MailState::Refused => 3,
        MailState::Parked => 4,
    }
}

/// A state from its number.
pub(crate) fn to_mail_state(number: u8) -> Result<MailState, StoreError> {
    let all = [MailState::Queued, MailState::Claimed, MailState::Sent, MailState::Refused, MailState::Parked];
    all.into_iter().find(|state| mail_state(*state) == number).ok_or(StoreError::Damaged("a mail in an unknown state"))
}

/// A mail that waits or is on its way, parked; any other row as it is.
pub(crate) fn park_mail(row: DumpRow) -> DumpRow {
    if row.table != MailRow::NAME {
        return row;
    }
    match MailRow::from_dump(&row) {
        Ok(mail) if [MailState::Queued, MailState::Claimed].map(mail_state).contains(&mail.state) => {
            MailRow { state: mail_state(MailState::Parked), ..mail }.to_dump()
        }
        // A row that does not read is refused by whoever loads it.
        _ => row,
    }
}
