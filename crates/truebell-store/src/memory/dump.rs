//! All rows out and in, table by table, each in the order of its primary key.

use super::state::State;
use crate::StoreError;
use crate::rows::{DumpRow, Identity};
use crate::store::Result;
use crate::tables::{
    AccountRow, BreachAccountRow, BreachCandidateRow, BreachMatchRow, ChunkRow, CommitRow, DeviceRow, EnrolmentRow, EventRow,
    InvitationRow, LogHeadRow, LogLeafRow, LogTileRow, MachineVaultRow, MailHourRow, MailRow, MailStopRow, RetractionRow, RevisionRow,
    SessionRow, SignInRow, SignalReceiverRow, SignalRow, SignalStreamRow, SignalSubjectRow, SiteRow, StatusEntryRow, Table, VaultRow,
};
use std::collections::BTreeMap;

impl State {
    pub(super) fn dump(&self) -> Vec<DumpRow> {
        let mut rows = Vec::new();
        give(&self.accounts, &mut rows);
        give(&self.devices, &mut rows);
        give(&self.sessions, &mut rows);
        give(&self.enrolments, &mut rows);
        give(&self.sign_ins, &mut rows);
        give(&self.invitations, &mut rows);
        give(&self.events, &mut rows);
        give(&self.retractions, &mut rows);
        give(&self.machine_vaults, &mut rows);
        give(&self.vaults, &mut rows);
        give(&self.commits, &mut rows);
        give(&self.revisions, &mut rows);
        give(&self.chunks, &mut rows);
        give(&self.mails, &mut rows);
        give(&self.mail_hours, &mut rows);
        give(&self.mail_stops, &mut rows);
        give(&self.log_leaves, &mut rows);
        give(&self.log_tiles, &mut rows);
        give(&self.log_head, &mut rows);
        give(&self.status_entries, &mut rows);
        give(&self.signal_receivers, &mut rows);
        give(&self.signal_streams, &mut rows);
        give(&self.signal_subjects, &mut rows);
        give(&self.signals, &mut rows);
        give(&self.sites, &mut rows);
        give(&self.breach_matches, &mut rows);
        give(&self.breach_accounts, &mut rows);
        give(&self.breach_candidates, &mut rows);
        rows
    }

    pub(super) fn load(&mut self, identity: &Identity, rows: &mut dyn Iterator<Item = DumpRow>) -> Result<()> {
        if self.identity.is_some() || !self.dump().is_empty() {
            return Err(StoreError::Damaged("the database to load into is not empty"));
        }
        let mut loaded = Self { identity: Some(identity.clone()), ..Self::default() };
        for row in rows {
            loaded.take(&row)?;
        }
        *self = loaded;
        Ok(())
    }

    pub(super) fn take(&mut self, row: &DumpRow) -> Result<()> {
        match row.table.as_str() {
            AccountRow::NAME => put(&mut self.accounts, row, |row: &AccountRow| row.account),
            DeviceRow::NAME => put(&mut self.devices, row, |row: &DeviceRow| (row.account, row.device)),
            SessionRow::NAME => put(&mut self.sessions, row, |row: &SessionRow| (row.account, row.session)),
            EnrolmentRow::NAME => put(&mut self.enrolments, row, |row: &EnrolmentRow| (row.account, row.token)),
            SignInRow::NAME => put(&mut self.sign_ins, row, |row: &SignInRow| (row.account, row.sign_in)),
            InvitationRow::NAME => put(&mut self.invitations, row, |row: &InvitationRow| row.invitation),
            EventRow::NAME => put(&mut self.events, row, |row: &EventRow| (row.account, row.seq)),
            RetractionRow::NAME => put(&mut self.retractions, row, |row: &RetractionRow| (row.account, row.of_seq, row.side)),
            MachineVaultRow::NAME => put(&mut self.machine_vaults, row, |row: &MachineVaultRow| (row.account, row.device, row.vault)),
            VaultRow::NAME => put(&mut self.vaults, row, |row: &VaultRow| row.vault),
            CommitRow::NAME => put(&mut self.commits, row, |row: &CommitRow| (row.vault, row.slot)),
            RevisionRow::NAME => put(&mut self.revisions, row, |row: &RevisionRow| (row.vault, row.seq, row.item)),
            ChunkRow::NAME => put(&mut self.chunks, row, |row: &ChunkRow| (row.vault, row.attachment, row.place)),
            StatusEntryRow::NAME => put(&mut self.status_entries, row, |row: &StatusEntryRow| row.entry),
            MailRow::NAME => put(&mut self.mails, row, |row: &MailRow| row.mail),
            MailHourRow::NAME => put(&mut self.mail_hours, row, |row: &MailHourRow| (row.template.clone(), row.hour)),
            MailStopRow::NAME => put(&mut self.mail_stops, row, |row: &MailStopRow| row.template.clone()),
            LogLeafRow::NAME => put(&mut self.log_leaves, row, |row: &LogLeafRow| row.entry),
            LogTileRow::NAME => put(&mut self.log_tiles, row, |row: &LogTileRow| (row.level, row.place)),
            SignalReceiverRow::NAME => put(&mut self.signal_receivers, row, |row: &SignalReceiverRow| row.receiver),
            SignalStreamRow::NAME => put(&mut self.signal_streams, row, |row: &SignalStreamRow| row.stream),
            SignalSubjectRow::NAME => put(&mut self.signal_subjects, row, |row: &SignalSubjectRow| (row.stream, row.account)),
            SignalRow::NAME => put(&mut self.signals, row, |row: &SignalRow| row.signal),
            SiteRow::NAME => put(&mut self.sites, row, |row: &SiteRow| row.site),
            BreachMatchRow::NAME => put(&mut self.breach_matches, row, |row: &BreachMatchRow| row.matching),
            BreachAccountRow::NAME => put(&mut self.breach_accounts, row, |row: &BreachAccountRow| (row.matching, row.account)),
            BreachCandidateRow::NAME => {
                put(&mut self.breach_candidates, row, |row: &BreachCandidateRow| (row.matching, row.account, row.pair))
            }
            LogHeadRow::NAME => put(&mut self.log_head, row, |row: &LogHeadRow| row.one),
            _ => Err(StoreError::Damaged("a row of a backup whose table is not known")),
        }
    }
}

fn give<K, T: Table>(table: &BTreeMap<K, T>, rows: &mut Vec<DumpRow>) {
    rows.extend(table.values().map(Table::to_dump));
}

fn put<K: Ord, T: Table>(table: &mut BTreeMap<K, T>, row: &DumpRow, key: impl Fn(&T) -> K) -> Result<()> {
    let row = T::from_dump(row)?;
    let taken = table.insert(key(&row), row).is_some();
    if taken { Err(StoreError::Damaged("a backup with one row twice")) } else { Ok(()) }
}
