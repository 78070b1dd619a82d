//! Devices, sessions and enrolments.

use super::accounts;
use super::columns::{bound, digest, int, number, optional_time, time};
use crate::StoreError;
use crate::rows::{Device, Enrolment, EnrolmentStarted, MachineVault, NewDevice, NewEnrolment, NewSession, SessionView};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, DeviceId, SessionId, VaultId};
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

const DEVICE: &str = "SELECT device, key, name, platform, enrolled, account, seen, revoked FROM devices";

fn to_device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let device = NewDevice {
        device: DeviceId(row.get(0)?),
        key: PublicKey(row.get(1)?),
        name: row.get(2)?,
        platform: row.get(3)?,
        enrolled: time(row, 4)?,
    };
    Ok(Device { device, account: AccountId(row.get(5)?), seen: time(row, 6)?, revoked: optional_time(row, 7)? })
}

pub(super) fn device(db: &Connection, device: DeviceId) -> Result<Option<Device>> {
    let mut statement = db.prepare_cached(&format!("{DEVICE} WHERE device = ?"))?;
    Ok(statement.query_row([device.0], to_device).optional()?)
}

pub(super) fn devices(db: &Connection, account: AccountId) -> Result<Vec<Device>> {
    let mut statement = db.prepare_cached(&format!("{DEVICE} WHERE account = ? ORDER BY enrolled, device"))?;
    let rows = statement.query_map([account.0], to_device)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn insert_device(db: &Connection, account: AccountId, new: &NewDevice) -> Result<()> {
    let mut statement = db
        .prepare_cached("INSERT INTO devices (account, device, key, name, platform, enrolled, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)")?;
    statement.execute(params![account.0, new.device.0, new.key.0, new.name, new.platform, int(new.enrolled.0)?])?;
    Ok(())
}

pub(super) fn machine_vaults(db: &Connection, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>> {
    let mut statement = db.prepare_cached("SELECT vault, key FROM machine_vaults WHERE account = ? AND device = ? ORDER BY vault")?;
    let read = |row: &Row<'_>| Ok(MachineVault { vault: VaultId(row.get(0)?), key: row.get(1)? });
    let rows = statement.query_map(params![account.0, device.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Lets a machine read a vault. False if the vault is not the account's.
pub(super) fn insert_machine_vault(db: &Connection, account: AccountId, device: DeviceId, new: &MachineVault) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "INSERT INTO machine_vaults (account, device, vault, key) SELECT account, ?2, vault, ?4 FROM vaults WHERE account = ?1 AND vault = ?3
         ON CONFLICT DO NOTHING",
    )?;
    Ok(statement.execute(params![account.0, device.0, new.vault.0, new.key])? == 1)
}

/// The keys that were sealed for a device are not given out again.
pub(super) fn forget_machine_keys(db: &Connection, account: AccountId, device: DeviceId) -> Result<()> {
    let mut statement = db.prepare_cached("UPDATE machine_vaults SET key = x'' WHERE account = ? AND device = ?")?;
    statement.execute(params![account.0, device.0])?;
    Ok(())
}

/// The vaults of a machine; `None` for a person's device.
fn machine(db: &Connection, account: AccountId, device: DeviceId) -> Result<Option<Vec<VaultId>>> {
    let mut statement = db.prepare_cached("SELECT vault FROM machine_vaults WHERE account = ? AND device = ? ORDER BY vault")?;
    let vaults = statement.query_map(params![account.0, device.0], |row| row.get(0).map(VaultId))?;
    let vaults = vaults.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok((!vaults.is_empty()).then_some(vaults))
}

pub(super) fn token_taken(db: &Connection, token: Hash32) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM sessions WHERE token = ?")?.exists([token.0])?)
}

fn to_session(row: &Row<'_>) -> rusqlite::Result<NewSession> {
    Ok(NewSession {
        session: SessionId(row.get(0)?),
        device: DeviceId(row.get(1)?),
        token: digest(row, 2)?,
        opened: time(row, 3)?,
        expires: time(row, 4)?,
    })
}

pub(super) fn open(db: &Connection, new: &NewSession) -> Result<bool> {
    let (opened, expires) = (int(new.opened.0)?, int(new.expires.0)?);
    let mut see = db.prepare_cached("UPDATE devices SET seen = max(seen, ?2) WHERE device = ?1 AND revoked IS NULL RETURNING account")?;
    let Some(account) = see.query_row(params![new.device.0, opened], |row| row.get(0).map(AccountId)).optional()? else {
        return Ok(false);
    };
    let mut insert = db.prepare_cached(
        "INSERT INTO sessions (account, session, device, token, opened, expires) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    let inserted = insert.execute(params![account.0, new.session.0, new.device.0, new.token.0, opened, expires])?;
    if inserted == 0 {
        let mut find =
            db.prepare_cached("SELECT session, device, token, opened, expires FROM sessions WHERE account = ? AND session = ?")?;
        let stored = find.query_row(params![account.0, new.session.0], to_session).optional()?;
        if stored.as_ref() != Some(new) {
            return Err(StoreError::Damaged("two sessions with one id or token"));
        }
    }
    Ok(true)
}

/// Look-ups by key, which SQLite answers far faster than a join of the tables.
pub(super) fn session(db: &Connection, token: Hash32) -> Result<Option<SessionView>> {
    let mut statement = db.prepare_cached("SELECT account, session, device, expires FROM sessions WHERE token = ?")?;
    let read = |row: &Row<'_>| Ok((AccountId(row.get(0)?), SessionId(row.get(1)?), DeviceId(row.get(2)?), time(row, 3)?));
    let Some((account, session, device, expires)) = statement.query_row([token.0], read).optional()? else { return Ok(None) };
    let (head, deletion_due) = head(db, account)?.ok_or(StoreError::Damaged("a session without an account"))?;
    let machine = machine(db, account, device)?;
    Ok(Some(SessionView { session, device, expires, head, deletion_due, machine }))
}

fn head(db: &Connection, account: AccountId) -> Result<Option<(AccountHead, Option<UnixMillis>)>> {
    let mut statement = db.prepare_cached("SELECT chain_seq, chain_digest, epoch, record, deletion_due FROM accounts WHERE account = ?")?;
    let read = |row: &Row<'_>| {
        let chain = Chain { seq: number(row, 0)?, digest: digest(row, 1)?, epoch: number(row, 2)? };
        Ok((AccountHead { account, chain, vaults: Vec::new(), record: number(row, 3)? }, optional_time(row, 4)?))
    };
    let Some((mut head, deletion_due)) = statement.query_row([account.0], read).optional()? else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT vault, seq, digest FROM vaults WHERE account = ? ORDER BY vault")?;
    let mark = |row: &Row<'_>| Ok(VaultMark { vault: VaultId(row.get(0)?), seq: number(row, 1)?, head: digest(row, 2)? });
    head.vaults = statement.query_map([account.0], mark)?.collect::<rusqlite::Result<_>>()?;
    Ok(Some((head, deletion_due)))
}

pub(super) fn sessions(db: &Connection, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>> {
    let mut statement = db.prepare_cached(
        "SELECT session, device, token, opened, expires FROM sessions WHERE account = ? AND expires > ? ORDER BY opened, session",
    )?;
    let rows = statement.query_map(params![account.0, bound(now.0)], to_session)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn close(db: &Connection, account: AccountId, session: SessionId) -> Result<bool> {
    let mut statement = db.prepare_cached("DELETE FROM sessions WHERE account = ? AND session = ?")?;
    Ok(statement.execute(params![account.0, session.0])? == 1)
}

pub(super) fn sign_in_used(db: &Connection, account: AccountId, sign_in: Hash32) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM sign_ins WHERE account = ? AND sign_in = ?")?.exists(params![account.0, sign_in.0])?)
}

pub(super) fn use_sign_in(db: &Connection, account: AccountId, sign_in: Hash32, over: UnixMillis) -> Result<()> {
    db.prepare_cached("INSERT INTO sign_ins (account, sign_in, over) VALUES (?, ?, ?)")?.execute(params![
        account.0,
        sign_in.0,
        int(over.0)?
    ])?;
    Ok(())
}

pub(super) fn start_enrolment(db: &Connection, new: &NewEnrolment) -> Result<EnrolmentStarted> {
    let mut find = db.prepare_cached("SELECT account, sign_in FROM enrolments WHERE token = ?")?;
    let stored = find.query_row([new.token.0], |row| Ok((AccountId(row.get(0)?), digest(row, 1)?))).optional()?;
    if let Some(stored) = stored {
        let same = stored == (new.account, new.sign_in);
        return if same { Ok(EnrolmentStarted::Started) } else { Err(StoreError::Damaged("two enrolments with one token")) };
    }
    if sign_in_used(db, new.account, new.sign_in)? {
        return Ok(EnrolmentStarted::SignInUsed);
    }
    let account = accounts::account(db, new.account)?;
    let Some(account) = account.filter(|account| account.chain.epoch == new.epoch) else { return Ok(EnrolmentStarted::Superseded) };
    if account.totp.is_some() {
        let Some(step) = new.totp_step else { return Ok(EnrolmentStarted::CodeNeeded) };
        if step <= account.totp_step {
            return Ok(EnrolmentStarted::CodeUsed);
        }
        let mut statement = db.prepare_cached("UPDATE accounts SET totp_step = ? WHERE account = ?")?;
        statement.execute(params![int(step)?, new.account.0])?;
    }
    use_sign_in(db, new.account, new.sign_in, new.expires)?;
    let mut insert = db.prepare_cached("INSERT INTO enrolments (account, token, sign_in, expires) VALUES (?, ?, ?, ?)")?;
    insert.execute(params![new.account.0, new.token.0, new.sign_in.0, int(new.expires.0)?])?;
    Ok(EnrolmentStarted::Started)
}

pub(super) fn enrolment(db: &Connection, token: Hash32) -> Result<Option<Enrolment>> {
    let mut statement = db.prepare_cached("SELECT account, expires, used_by FROM enrolments WHERE token = ?")?;
    let read = |row: &Row<'_>| {
        let used_by: Option<[u8; 16]> = row.get(2)?;
        Ok(Enrolment { account: AccountId(row.get(0)?), expires: time(row, 1)?, used_by: used_by.map(DeviceId) })
    };
    Ok(statement.query_row([token.0], read).optional()?)
}

/// Marks an enrolment as used by a device, if it is unused or this device's already.
pub(super) fn use_enrolment(db: &Connection, account: AccountId, token: Hash32, device: DeviceId) -> Result<bool> {
    let mut statement =
        db.prepare_cached("UPDATE enrolments SET used_by = ?3 WHERE account = ?1 AND token = ?2 AND (used_by IS NULL OR used_by = ?3)")?;
    Ok(statement.execute(params![account.0, token.0, device.0])? == 1)
}
