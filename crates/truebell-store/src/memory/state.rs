//! Everything a store remembers, as maps by primary key.

use crate::rows::Identity;
use crate::tables::{
    AccountRow, BreachAccountRow, BreachCandidateRow, BreachMatchRow, ChunkRow, CommitRow, DeviceRow, EnrolmentRow, EventRow,
    InvitationRow, LogHeadRow, LogLeafRow, LogTileRow, MachineVaultRow, MailHourRow, MailRow, MailStopRow, RetractionRow, RevisionRow,
    SessionRow, SignInRow, SignalReceiverRow, SignalRow, SignalStreamRow, SignalSubjectRow, SiteRow, StatusEntryRow, VaultRow,
};
use std::collections::BTreeMap;
use truebell_core::hash::Hash32;
use truebell_core::ids::{
    AccountId, AttachmentId, DeviceId, ItemId, ListedId, MailId, MatchId, PairId, ReceiverId, SessionId, SignalId, SiteId, StreamId,
    VaultId,
};

/// All tables.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) identity: Option<Identity>,
    pub(super) accounts: BTreeMap<AccountId, AccountRow>,
    pub(super) devices: BTreeMap<(AccountId, DeviceId), DeviceRow>,
    pub(super) sessions: BTreeMap<(AccountId, SessionId), SessionRow>,
    pub(super) enrolments: BTreeMap<(AccountId, Hash32), EnrolmentRow>,
    pub(super) sign_ins: BTreeMap<(AccountId, Hash32), SignInRow>,
    pub(super) invitations: BTreeMap<Hash32, InvitationRow>,
    pub(super) events: BTreeMap<(AccountId, u64), EventRow>,
    pub(super) retractions: BTreeMap<(AccountId, u64, u8), RetractionRow>,
    pub(super) machine_vaults: BTreeMap<(AccountId, DeviceId, VaultId), MachineVaultRow>,
    pub(super) vaults: BTreeMap<VaultId, VaultRow>,
    pub(super) commits: BTreeMap<(VaultId, u64), CommitRow>,
    pub(super) revisions: BTreeMap<(VaultId, u64, ItemId), RevisionRow>,
    pub(super) chunks: BTreeMap<(VaultId, AttachmentId, u64), ChunkRow>,
    pub(super) mails: BTreeMap<MailId, MailRow>,
    pub(super) mail_hours: BTreeMap<(String, u64), MailHourRow>,
    pub(super) mail_stops: BTreeMap<String, MailStopRow>,
    pub(super) log_leaves: BTreeMap<Hash32, LogLeafRow>,
    pub(super) log_tiles: BTreeMap<(u64, u64), LogTileRow>,
    pub(super) log_head: BTreeMap<u64, LogHeadRow>,
    pub(super) status_entries: BTreeMap<[u8; 16], StatusEntryRow>,
    pub(super) signal_receivers: BTreeMap<ReceiverId, SignalReceiverRow>,
    pub(super) signal_streams: BTreeMap<StreamId, SignalStreamRow>,
    pub(super) signal_subjects: BTreeMap<(StreamId, AccountId), SignalSubjectRow>,
    pub(super) signals: BTreeMap<SignalId, SignalRow>,
    pub(super) sites: BTreeMap<SiteId, SiteRow>,
    pub(super) breach_matches: BTreeMap<MatchId, BreachMatchRow>,
    pub(super) breach_accounts: BTreeMap<(MatchId, ListedId), BreachAccountRow>,
    pub(super) breach_candidates: BTreeMap<(MatchId, ListedId, PairId), BreachCandidateRow>,
}
