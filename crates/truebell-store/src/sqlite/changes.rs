//! What is new for a client, read in one moment.

use super::accounts::{RECORD, to_record};
use super::columns::{bound, digest, number};
use crate::rows::{Changes, VaultChange};
use crate::rules;
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use truebell_core::event::Chain;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, VaultId};
use truebell_core::sign::Signature;
use truebell_core::vault::SignedVaultHead;
use truebell_core::wire::account::Record;
use truebell_core::wire::sync::Have;
use truebell_core::wire::vault::VaultInfo;

pub(super) fn changes(db: &Connection, account: AccountId, have: &Have) -> Result<Option<Changes>> {
    let Some((record, chain)) = standing(db, account)? else { return Ok(None) };
    let mut head = AccountHead { account, chain, vaults: Vec::new(), record: record.number };
    let vaults = vaults(db, account, &rules::known_vaults(have), &mut head.vaults)?;
    let mut statement = db.prepare_cached("SELECT body FROM events WHERE account = ? AND seq > ? ORDER BY seq")?;
    let events = statement.query_map(params![account.0, bound(have.events)], |row| row.get(0))?;
    let events = events.collect::<rusqlite::Result<_>>()?;
    let record = (record.number > have.record).then_some(record);
    Ok(Some(Changes { head, events, record, vaults }))
}

fn standing(db: &Connection, account: AccountId) -> Result<Option<(Record, Chain)>> {
    let mut statement = db.prepare_cached(&format!("SELECT {RECORD}, chain_seq, chain_digest FROM accounts WHERE account = ?"))?;
    let read = |row: &Row<'_>| {
        let record = to_record(row)?;
        let chain = Chain { seq: number(row, 6)?, digest: digest(row, 7)?, epoch: record.epoch };
        Ok((record, chain))
    };
    Ok(statement.query_row([account.0], read).optional()?)
}

fn vaults(db: &Connection, account: AccountId, known: &BTreeMap<VaultId, u64>, marks: &mut Vec<VaultMark>) -> Result<Vec<VaultChange>> {
    let mut statement = db.prepare_cached(
        "SELECT vault, seq, digest, head, signature, key, name_revision, name FROM vaults WHERE account = ? ORDER BY vault",
    )?;
    let mut rows = statement.query([account.0])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let mark = VaultMark { vault: VaultId(row.get(0)?), seq: number(row, 1)?, head: digest(row, 2)? };
        marks.push(mark);
        let known = known.get(&mark.vault).copied();
        if known.is_none_or(|seq| seq < mark.seq) {
            changes.push(to_change(row, mark, known)?);
        }
    }
    Ok(changes)
}

fn to_change(row: &Row<'_>, mark: VaultMark, known: Option<u64>) -> rusqlite::Result<VaultChange> {
    let head = SignedVaultHead { head: row.get(3)?, signature: Signature(row.get(4)?) };
    let info = match known {
        Some(_) => None,
        None => {
            Some(VaultInfo { vault: mark.vault, key: row.get(5)?, name_revision: number(row, 6)?, name: row.get(7)?, head: head.clone() })
        }
    };
    Ok(VaultChange { mark, info, head, after: known.unwrap_or(0) })
}
