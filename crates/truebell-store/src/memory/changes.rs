//! Where an account stands, and what is new for a client.

use super::accounts::{to_chain, to_record};
use super::state::State;
use crate::rows::{Changes, VaultChange};
use crate::rules;
use crate::tables::{AccountRow, VaultRow};
use std::collections::BTreeMap;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, VaultId};
use truebell_core::vault::SignedVaultHead;
use truebell_core::wire::sync::Have;
use truebell_core::wire::vault::VaultInfo;

impl State {
    pub(super) fn head(&self, account: &AccountRow) -> AccountHead {
        let vaults = self.vaults.values().filter(|vault| vault.account == account.account).map(to_mark).collect();
        AccountHead { account: account.account, chain: to_chain(account), vaults, record: account.record }
    }

    pub(super) fn changes(&self, account: AccountId, have: &Have) -> Option<Changes> {
        let row = self.accounts.get(&account)?;
        let known = rules::known_vaults(have);
        let events = self.events.values().filter(|event| event.account == account && event.seq > have.events);
        let vaults = self.vaults.values().filter(|vault| vault.account == account);
        Some(Changes {
            head: self.head(row),
            events: events.map(|event| event.body.clone()).collect(),
            record: (row.record > have.record).then(|| to_record(row)),
            vaults: vaults.filter_map(|vault| to_change(vault, &known)).collect(),
        })
    }
}

fn to_mark(row: &VaultRow) -> VaultMark {
    VaultMark { vault: row.vault, seq: row.seq, head: row.digest }
}

fn to_change(row: &VaultRow, known: &BTreeMap<VaultId, u64>) -> Option<VaultChange> {
    let known = known.get(&row.vault).copied();
    if known.is_some_and(|seq| seq >= row.seq) {
        return None;
    }
    let head = SignedVaultHead { head: row.head.clone(), signature: row.signature };
    let info =
        VaultInfo { vault: row.vault, key: row.key.clone(), name_revision: row.name_revision, name: row.name.clone(), head: head.clone() };
    Some(VaultChange { mark: to_mark(row), info: known.is_none().then_some(info), head, after: known.unwrap_or(0) })
}
