//! Accounts: sign-up, look-up, deletion, and what an operator counts and sweeps.

use super::columns::{bound, digest, find, fixed, int, list, number, optional_time, run, time};
use super::failure::Result;
use super::{record, sessions, signals, vaults};
use crate::StoreError;
use crate::band::{HOURS_LOOKED_AT, hour_of};
use crate::rows::{Account, Counts, Identity, NewAccount, SignedUp};
use crate::rules;
use crate::signals::Told;
use deadpool_postgres::{Client, GenericClient, Transaction};
use tokio_postgres::Row;
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, EventId, ServerId};
use truebell_core::sign::PublicKey;
use truebell_core::signal::schedules_deletion;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Record;

pub(super) async fn identity(db: &impl GenericClient) -> Result<Option<Identity>> {
    let row = find(db, "SELECT server, key, generation, restore_epoch, created FROM identity", &[]).await?;
    let read = |row: Row| {
        Ok(Identity {
            server: ServerId(fixed(&row, 0)?),
            key: PublicKey(fixed(&row, 1)?),
            generation: fixed(&row, 2)?,
            restore_epoch: number(&row, 3)?,
            created: time(&row, 4)?,
        })
    };
    row.map(read).transpose()
}

pub(super) async fn create_identity(db: &Transaction<'_>, new: &Identity) -> Result<()> {
    match identity(db).await? {
        Some(stored) if stored != *new => Err(StoreError::Damaged("two identities").into()),
        Some(_) => Ok(()),
        None => {
            let (server, key, generation) = (new.server.0.as_slice(), new.key.0.as_slice(), new.generation.as_slice());
            let (epoch, created) = (int(new.restore_epoch)?, int(new.created.0)?);
            let sql = "INSERT INTO identity VALUES (1, $1, $2, $3, $4, $5)";
            run(db, sql, &[&server, &key, &generation, &epoch, &created]).await?;
            Ok(())
        }
    }
}

/// Writes a row and takes it back.
pub(super) async fn check(client: &mut Client) -> Result<()> {
    let probe = client.transaction().await?;
    run(&probe, "INSERT INTO migrations (number, name, checksum) VALUES (0, '', '')", &[]).await?;
    Ok(probe.rollback().await?)
}

pub(super) async fn counts(db: &impl GenericClient, now: UnixMillis) -> Result<Counts> {
    let sql = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM sessions WHERE expires > $1),
               (SELECT count(*) FROM mails WHERE state = 0), (SELECT count(*) FROM mails WHERE state = 4)";
    let row = find(db, sql, &[&bound(now.0)]).await?.ok_or(StoreError::Damaged("a count without a row"))?;
    Ok(Counts { accounts: number(&row, 0)?, sessions: number(&row, 1)?, mails_queued: number(&row, 2)?, mails_parked: number(&row, 3)? })
}

pub(super) async fn by_address(db: &impl GenericClient, email_key: &str) -> Result<Option<AccountId>> {
    let row = find(db, "SELECT account FROM accounts WHERE email_key = $1", &[&email_key]).await?;
    row.map(|row| fixed(&row, 0).map(AccountId)).transpose()
}

/// Columns of a record, from the first on.
pub(super) const RECORD: &str = "record, email, epoch, keyset, totp IS NOT NULL, deletion_due";

/// Reads [`RECORD`].
pub(super) fn to_record(row: &Row) -> Result<Record> {
    Ok(Record {
        number: number(row, 0)?,
        email: row.try_get(1)?,
        epoch: number(row, 2)?,
        keyset: row.try_get(3)?,
        second_factors: rules::second_factors(row.try_get(4)?),
        deletion_due: optional_time(row, 5)?,
    })
}

fn to_account(row: &Row) -> Result<Account> {
    let record = to_record(row)?;
    Ok(Account {
        account: AccountId(fixed(row, 6)?),
        signing: PublicKey(fixed(row, 7)?),
        kem: row.try_get(8)?,
        opaque: row.try_get(9)?,
        chain: Chain { seq: number(row, 10)?, digest: digest(row, 11)?, epoch: record.epoch },
        record,
        totp: row.try_get(12)?,
        totp_step: number(row, 13)?,
    })
}

fn select(lock: &str) -> String {
    format!(
        "SELECT {RECORD}, account, signing, kem, opaque, chain_seq, chain_digest, totp, totp_step FROM accounts WHERE account = $1 {lock}"
    )
}

pub(super) async fn account(db: &impl GenericClient, account: AccountId) -> Result<Option<Account>> {
    let row = find(db, &select(""), &[&account.0.as_slice()]).await?;
    row.map(|row| to_account(&row)).transpose()
}

/// An account that no other transaction changes until this one is over.
pub(super) async fn lock(db: &Transaction<'_>, account: AccountId) -> Result<Option<Account>> {
    let row = find(db, &select("FOR NO KEY UPDATE"), &[&account.0.as_slice()]).await?;
    row.map(|row| to_account(&row)).transpose()
}

pub(super) async fn sign_up(db: &Transaction<'_>, new: &NewAccount) -> Result<SignedUp> {
    rules::check_mails(new.event.id, &new.mails)?;
    if let Some(stored) = lock(db, new.account).await? {
        let device = sessions::device(db, new.device.device).await?.filter(|device| device.account == new.account);
        let same = stored.signing == new.signing && device.is_some_and(|stored| stored.device.key == new.device.key);
        let opened = same && sessions::open(db, &new.session).await?;
        return Ok(if opened { SignedUp::Repeated } else { SignedUp::AccountTaken });
    }
    if by_address(db, &new.email_key).await?.is_some() {
        return Ok(SignedUp::AddressTaken);
    }
    let device_taken = sessions::device(db, new.device.device).await?.is_some();
    if device_taken || sessions::token_taken(db, new.session.token).await? || vaults::is_there(db, new.vault.vault).await? {
        return Ok(SignedUp::AccountTaken);
    }
    if !use_invitation(db, new.invitation, new.device.enrolled).await? {
        return Ok(SignedUp::BadInvitation);
    }
    insert(db, new).await?;
    Ok(SignedUp::Created)
}

async fn use_invitation(db: &Transaction<'_>, invitation: Option<Hash32>, now: UnixMillis) -> Result<bool> {
    let Some(digest) = invitation else { return Ok(true) };
    let sql = "UPDATE invitations SET used = $2 WHERE invitation = $1 AND used IS NULL AND expires > $2";
    Ok(run(db, sql, &[&digest.0.as_slice(), &int(now.0)?]).await? == 1)
}

async fn insert(db: &Transaction<'_>, new: &NewAccount) -> Result<()> {
    let chain = rules::chain_after(&new.event);
    let sql =
        "INSERT INTO accounts (account, chain_seq, chain_digest, epoch, record, totp_step, email, email_key, signing, opaque, keyset, kem)
               VALUES ($1, $2, $3, $4, 1, 0, $5, $6, $7, $8, $9, $10)";
    let (account, digest, signing) = (new.account.0.as_slice(), chain.digest.0.as_slice(), new.signing.0.as_slice());
    let (seq, epoch) = (int(chain.seq)?, int(chain.epoch)?);
    run(db, sql, &[&account, &seq, &digest, &epoch, &new.email, &new.email_key, &signing, &new.opaque, &new.keyset, &new.kem]).await?;
    sessions::insert_device(db, new.account, &new.device).await?;
    sessions::open(db, &new.session).await?;
    vaults::insert(db, new.account, &new.vault, new.device.enrolled).await?;
    record::insert_event(db, &new.event, &new.mails).await?;
    signals::queue(db, &Told::of_event(&new.event, new.signing, &new.email, None)).await
}

pub(super) async fn invite(db: &Transaction<'_>, invitation: Hash32, expires: UnixMillis) -> Result<()> {
    let sql = "INSERT INTO invitations (invitation, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    run(db, sql, &[&invitation.0.as_slice(), &int(expires.0)?]).await?;
    Ok(())
}

pub(super) async fn due_deletions(db: &impl GenericClient, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>> {
    let sql = "SELECT account FROM accounts WHERE deletion_due <= $1 ORDER BY account LIMIT $2";
    let rows = list(db, sql, &[&bound(now.0), &i64::from(limit)]).await?;
    rows.iter().map(|row| fixed(row, 0).map(AccountId)).collect()
}

/// What goes with an account, children first. Mails that are still on their way stay.
const DELETE: [&str; 14] = [
    "DELETE FROM revisions WHERE vault IN (SELECT vault FROM vaults WHERE account = $1)",
    "DELETE FROM chunks WHERE vault IN (SELECT vault FROM vaults WHERE account = $1)",
    "DELETE FROM commits WHERE vault IN (SELECT vault FROM vaults WHERE account = $1)",
    "DELETE FROM vaults WHERE account = $1",
    "DELETE FROM machine_vaults WHERE account = $1",
    "DELETE FROM sessions WHERE account = $1",
    "DELETE FROM devices WHERE account = $1",
    "DELETE FROM enrolments WHERE account = $1",
    "DELETE FROM sign_ins WHERE account = $1",
    "DELETE FROM signal_subjects WHERE account = $1",
    "DELETE FROM retractions WHERE account = $1",
    "DELETE FROM events WHERE account = $1",
    "DELETE FROM mails WHERE account = $1 AND state IN (2, 3)",
    "DELETE FROM accounts WHERE account = $1",
];

pub(super) async fn delete(db: &Transaction<'_>, account: AccountId, now: UnixMillis) -> Result<bool> {
    let id = account.0.as_slice();
    // Behind these locks nobody adds to the account or to a vault of it.
    let due = find(db, "SELECT 1 FROM accounts WHERE account = $1 AND deletion_due <= $2 FOR UPDATE", &[&id, &bound(now.0)]).await?;
    if due.is_none() {
        return Ok(false);
    }
    list(db, "SELECT 1 FROM vaults WHERE account = $1 ORDER BY vault FOR UPDATE", &[&id]).await?;
    tell_end(db, account, now).await?;
    for statement in DELETE {
        run(db, statement, &[&id]).await?;
    }
    Ok(true)
}

/// Queues the signal that the account is gone, proven by its last wish to be deleted.
async fn tell_end(db: &Transaction<'_>, id: AccountId, now: UnixMillis) -> Result<()> {
    let Some(account) = account(db, id).await? else { return Ok(()) };
    for row in list(db, "SELECT event, body FROM events WHERE account = $1 ORDER BY seq DESC", &[&id.0.as_slice()]).await? {
        let (event, set): (_, &str) = (EventId(fixed(&row, 0)?), row.try_get(1)?);
        if schedules_deletion(set) {
            return signals::queue(db, &Told::of_end(id, (event, set), account.signing, &account.record.email, now)).await;
        }
    }
    Ok(())
}

const SWEEP: [&str; 6] = [
    "DELETE FROM sessions WHERE expires < $1",
    "DELETE FROM enrolments WHERE expires < $1",
    "DELETE FROM sign_ins WHERE over < $1",
    "DELETE FROM invitations WHERE expires < $1",
    "DELETE FROM mails WHERE state IN (2, 3) AND over < $1 AND account NOT IN (SELECT account FROM accounts)",
    "UPDATE mails SET details = '' WHERE state IN (2, 3) AND over < $1 AND details <> ''",
];

pub(super) async fn sweep(db: &Transaction<'_>, before: UnixMillis) -> Result<u64> {
    let mut rows = 0;
    for statement in SWEEP {
        rows += run(db, statement, &[&bound(before.0)]).await?;
    }
    let old = hour_of(before.0).saturating_sub(HOURS_LOOKED_AT);
    rows += run(db, "DELETE FROM mail_hours WHERE hour < $1", &[&bound(old)]).await?;
    Ok(rows)
}
