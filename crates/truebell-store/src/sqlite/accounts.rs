//! Accounts: sign-up, look-up, deletion, and what an operator counts and sweeps.

use super::columns::{bound, digest, int, number, optional_time};
use super::{record, sessions, signals, vaults};
use crate::StoreError;
use crate::band::{HOURS_LOOKED_AT, hour_of};
use crate::rows::{Account, Counts, Identity, NewAccount, SignedUp};
use crate::rules;
use crate::signals::Told;
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, EventId, ServerId};
use truebell_core::sign::PublicKey;
use truebell_core::signal::schedules_deletion;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Record;

pub(super) fn identity(db: &Connection) -> Result<Option<Identity>> {
    let mut statement = db.prepare_cached("SELECT server, key, generation, restore_epoch, created FROM identity")?;
    let read = |row: &Row<'_>| {
        Ok(Identity {
            server: ServerId(row.get(0)?),
            key: PublicKey(row.get(1)?),
            generation: row.get(2)?,
            restore_epoch: number(row, 3)?,
            created: UnixMillis(number(row, 4)?),
        })
    };
    Ok(statement.query_row([], read).optional()?)
}

pub(super) fn create_identity(db: &Connection, new: &Identity) -> Result<()> {
    match identity(db)? {
        Some(stored) if stored != *new => Err(StoreError::Damaged("two identities")),
        Some(_) => Ok(()),
        None => {
            let (epoch, created) = (int(new.restore_epoch)?, int(new.created.0)?);
            let mut statement =
                db.prepare_cached("INSERT INTO identity (one, server, key, generation, restore_epoch, created) VALUES (1, ?, ?, ?, ?, ?)")?;
            statement.execute(params![new.server.0, new.key.0, new.generation, epoch, created])?;
            Ok(())
        }
    }
}

/// Writes a row and takes it back.
pub(super) fn check(db: &Connection) -> Result<()> {
    db.execute_batch(
        "SAVEPOINT probe; INSERT INTO migrations (number, name, checksum) VALUES (0, '', x''); ROLLBACK TO probe; RELEASE probe",
    )?;
    Ok(())
}

pub(super) fn counts(db: &Connection, now: UnixMillis) -> Result<Counts> {
    let mut statement = db.prepare_cached(
        "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM sessions WHERE expires > ?),
                (SELECT count(*) FROM mails WHERE state = 0), (SELECT count(*) FROM mails WHERE state = 4)",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Counts { accounts: number(row, 0)?, sessions: number(row, 1)?, mails_queued: number(row, 2)?, mails_parked: number(row, 3)? })
    };
    Ok(statement.query_row([bound(now.0)], read)?)
}

pub(super) fn by_address(db: &Connection, email_key: &str) -> Result<Option<AccountId>> {
    let mut statement = db.prepare_cached("SELECT account FROM accounts WHERE email_key = ?")?;
    Ok(statement.query_row([email_key], |row| row.get(0).map(AccountId)).optional()?)
}

/// Columns of a record, from the first on.
pub(super) const RECORD: &str = "record, email, epoch, keyset, totp IS NOT NULL, deletion_due";

/// Reads [`RECORD`].
pub(super) fn to_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        number: number(row, 0)?,
        email: row.get(1)?,
        epoch: number(row, 2)?,
        keyset: row.get(3)?,
        second_factors: rules::second_factors(row.get(4)?),
        deletion_due: optional_time(row, 5)?,
    })
}

pub(super) fn account(db: &Connection, account: AccountId) -> Result<Option<Account>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {RECORD}, signing, kem, opaque, chain_seq, chain_digest, totp, totp_step FROM accounts WHERE account = ?"
    ))?;
    let read = |row: &Row<'_>| {
        let record = to_record(row)?;
        Ok(Account {
            account,
            signing: PublicKey(row.get(6)?),
            kem: row.get(7)?,
            opaque: row.get(8)?,
            chain: Chain { seq: number(row, 9)?, digest: digest(row, 10)?, epoch: record.epoch },
            record,
            totp: row.get(11)?,
            totp_step: number(row, 12)?,
        })
    };
    Ok(statement.query_row([account.0], read).optional()?)
}

pub(super) fn sign_up(db: &Connection, new: &NewAccount) -> Result<SignedUp> {
    rules::check_mails(new.event.id, &new.mails)?;
    if let Some(stored) = account(db, new.account)? {
        let device = sessions::device(db, new.device.device)?.filter(|device| device.account == new.account);
        let same = stored.signing == new.signing && device.is_some_and(|stored| stored.device.key == new.device.key);
        let opened = same && sessions::open(db, &new.session)?;
        return Ok(if opened { SignedUp::Repeated } else { SignedUp::AccountTaken });
    }
    if by_address(db, &new.email_key)?.is_some() {
        return Ok(SignedUp::AddressTaken);
    }
    let device_taken = sessions::device(db, new.device.device)?.is_some();
    if device_taken || sessions::token_taken(db, new.session.token)? || vaults::is_there(db, new.vault.vault)? {
        return Ok(SignedUp::AccountTaken);
    }
    if !use_invitation(db, new.invitation, new.device.enrolled)? {
        return Ok(SignedUp::BadInvitation);
    }
    insert(db, new)?;
    Ok(SignedUp::Created)
}

fn use_invitation(db: &Connection, invitation: Option<Hash32>, now: UnixMillis) -> Result<bool> {
    let Some(digest) = invitation else { return Ok(true) };
    let mut statement = db.prepare_cached("UPDATE invitations SET used = ?2 WHERE invitation = ?1 AND used IS NULL AND expires > ?2")?;
    Ok(statement.execute(params![digest.0, int(now.0)?])? == 1)
}

fn insert(db: &Connection, new: &NewAccount) -> Result<()> {
    let chain = rules::chain_after(&new.event);
    let mut statement = db.prepare_cached(
        "INSERT INTO accounts (account, chain_seq, chain_digest, epoch, record, totp_step, email, email_key, signing, opaque, keyset, kem)
         VALUES (?, ?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?)",
    )?;
    statement.execute(params![
        new.account.0,
        int(chain.seq)?,
        chain.digest.0,
        int(chain.epoch)?,
        new.email,
        new.email_key,
        new.signing.0,
        new.opaque,
        new.keyset,
        new.kem,
    ])?;
    sessions::insert_device(db, new.account, &new.device)?;
    sessions::open(db, &new.session)?;
    vaults::insert(db, new.account, &new.vault, new.device.enrolled)?;
    record::insert_event(db, &new.event, &new.mails)?;
    signals::queue(db, &Told::of_event(&new.event, new.signing, &new.email, None))
}

pub(super) fn invite(db: &Connection, invitation: Hash32, expires: UnixMillis) -> Result<()> {
    let mut statement = db.prepare_cached("INSERT INTO invitations (invitation, expires) VALUES (?, ?) ON CONFLICT DO NOTHING")?;
    statement.execute(params![invitation.0, int(expires.0)?])?;
    Ok(())
}

pub(super) fn due_deletions(db: &Connection, now: UnixMillis, limit: u32) -> Result<Vec<AccountId>> {
    let mut statement = db.prepare_cached("SELECT account FROM accounts WHERE deletion_due <= ? ORDER BY +account LIMIT ?")?;
    let rows = statement.query_map(params![bound(now.0), limit], |row| row.get(0).map(AccountId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What goes with an account, children first. Mails that are still on their way stay.
const DELETE: [&str; 14] = [
    "DELETE FROM revisions WHERE vault_no IN (SELECT no FROM vaults WHERE account = ?)",
    "DELETE FROM chunks WHERE vault_no IN (SELECT no FROM vaults WHERE account = ?)",
    "DELETE FROM commits WHERE vault_no IN (SELECT no FROM vaults WHERE account = ?)",
    "DELETE FROM vaults WHERE account = ?",
    "DELETE FROM machine_vaults WHERE account = ?",
    "DELETE FROM sessions WHERE account = ?",
    "DELETE FROM devices WHERE account = ?",
    "DELETE FROM enrolments WHERE account = ?",
    "DELETE FROM sign_ins WHERE account = ?",
    "DELETE FROM signal_subjects WHERE account = ?",
    "DELETE FROM retractions WHERE account = ?",
    "DELETE FROM events WHERE account = ?",
    "DELETE FROM mails WHERE account = ? AND state IN (2, 3)",
    "DELETE FROM accounts WHERE account = ?",
];

pub(super) fn delete(db: &Connection, account: AccountId, now: UnixMillis) -> Result<bool> {
    let is_due =
        db.prepare_cached("SELECT 1 FROM accounts WHERE account = ? AND deletion_due <= ?")?.exists(params![account.0, bound(now.0)])?;
    if is_due {
        tell_end(db, account, now)?;
        for statement in DELETE {
            db.prepare_cached(statement)?.execute([account.0])?;
        }
    }
    Ok(is_due)
}

/// Queues the signal that the account is gone, proven by its last wish to be deleted.
fn tell_end(db: &Connection, id: AccountId, now: UnixMillis) -> Result<()> {
    let Some(account) = account(db, id)? else { return Ok(()) };
    let mut statement = db.prepare_cached("SELECT event, body FROM events WHERE account = ? ORDER BY seq DESC")?;
    let mut events = statement.query([id.0])?;
    while let Some(row) = events.next()? {
        let (event, set): (_, String) = (EventId(row.get(0)?), row.get(1)?);
        if schedules_deletion(&set) {
            return signals::queue(db, &Told::of_end(id, (event, &set), account.signing, &account.record.email, now));
        }
    }
    Ok(())
}

const SWEEP: [&str; 6] = [
    "DELETE FROM sessions WHERE expires < ?",
    "DELETE FROM enrolments WHERE expires < ?",
    "DELETE FROM sign_ins WHERE over < ?",
    "DELETE FROM invitations WHERE expires < ?",
    "DELETE FROM mails WHERE state IN (2, 3) AND over < ? AND account NOT IN (SELECT account FROM accounts)",
    "UPDATE mails SET details = '' WHERE state IN (2, 3) AND over < ? AND details <> ''",
];

pub(super) fn sweep(db: &Connection, before: UnixMillis) -> Result<u64> {
    let mut rows = 0;
    for statement in SWEEP {
        rows += db.prepare_cached(statement)?.execute([bound(before.0)])? as u64;
    }
    let old = hour_of(before.0).saturating_sub(HOURS_LOOKED_AT);
    rows += db.prepare_cached("DELETE FROM mail_hours WHERE hour < ?")?.execute([bound(old)])? as u64;
    Ok(rows)
}
