//! What is new for a client, read in one moment.

use super::accounts::{RECORD, to_record};
use super::columns::{bound, digest, find, fixed, list, number};
use super::failure::Result;
use crate::rows::{Changes, VaultChange};
use crate::rules;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use truebell_core::event::Chain;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, VaultId};
use truebell_core::sign::Signature;
use truebell_core::vault::SignedVaultHead;
use truebell_core::wire::sync::Have;
use truebell_core::wire::vault::VaultInfo;

const VAULTS: &str = "SELECT vault, seq, digest, head, signature, key, name_revision, name FROM vaults WHERE account = $1 ORDER BY vault";

pub(super) async fn changes(db: &Transaction<'_>, account: AccountId, have: &Have) -> Result<Option<Changes>> {
    let id = account.0.as_slice();
    let standing = format!("SELECT {RECORD}, chain_seq, chain_digest FROM accounts WHERE account = $1");
    let Some(row) = find(db, &standing, &[&id]).await? else { return Ok(None) };
    let record = to_record(&row)?;
    let chain = Chain { seq: number(&row, 6)?, digest: digest(&row, 7)?, epoch: record.epoch };
    let mut head = AccountHead { account, chain, vaults: Vec::new(), record: record.number };
    let known = rules::known_vaults(have);
    let mut vaults = Vec::new();
    for row in list(db, VAULTS, &[&id]).await? {
        let mark = VaultMark { vault: VaultId(fixed(&row, 0)?), seq: number(&row, 1)?, head: digest(&row, 2)? };
        head.vaults.push(mark);
        let known = known.get(&mark.vault).copied();
        if known.is_none_or(|seq| seq < mark.seq) {
            vaults.push(to_change(&row, mark, known)?);
        }
    }
    let events = list(db, "SELECT body FROM events WHERE account = $1 AND seq > $2 ORDER BY seq", &[&id, &bound(have.events)]).await?;
    let events = events.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
    let record = (record.number > have.record).then_some(record);
    Ok(Some(Changes { head, events, record, vaults }))
}

fn to_change(row: &Row, mark: VaultMark, known: Option<u64>) -> Result<VaultChange> {
    let head = SignedVaultHead { head: row.try_get(3)?, signature: Signature(fixed(row, 4)?) };
    let info = match known {
        Some(_) => None,
        None => Some(VaultInfo {
            vault: mark.vault,
            key: row.try_get(5)?,
            name_revision: number(row, 6)?,
            name: row.try_get(7)?,
            head: head.clone(),
        }),
    };
    Ok(VaultChange { mark, info, head, after: known.unwrap_or(0) })
}
