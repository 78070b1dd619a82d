//! Devices, sessions and enrolments.

use super::accounts;
use super::columns::{bound, digest, find, fixed, int, list, number, optional_fixed, optional_time, run, time};
use super::failure::Result;
use crate::StoreError;
use crate::rows::{Device, Enrolment, EnrolmentStarted, MachineVault, NewDevice, NewEnrolment, NewSession, SessionView};
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, VaultMark};
use truebell_core::ids::{AccountId, DeviceId, SessionId, VaultId};
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

fn to_device(row: &Row) -> Result<Device> {
    let device = NewDevice {
        device: DeviceId(fixed(row, 0)?),
        key: PublicKey(fixed(row, 1)?),
        name: row.try_get(2)?,
        platform: row.try_get(3)?,
        enrolled: time(row, 4)?,
    };
    Ok(Device { device, account: AccountId(fixed(row, 5)?), seen: time(row, 6)?, revoked: optional_time(row, 7)? })
}

pub(super) async fn device(db: &impl GenericClient, device: DeviceId) -> Result<Option<Device>> {
    let sql = "SELECT device, key, name, platform, enrolled, account, seen, revoked FROM devices WHERE device = $1";
    let row = find(db, sql, &[&device.0.as_slice()]).await?;
    row.map(|row| to_device(&row)).transpose()
}

pub(super) async fn devices(db: &impl GenericClient, account: AccountId) -> Result<Vec<Device>> {
    let sql = "SELECT device, key, name, platform, enrolled, account, seen, revoked FROM devices WHERE account = $1
               ORDER BY enrolled, device";
    list(db, sql, &[&account.0.as_slice()]).await?.iter().map(to_device).collect()
}

pub(super) async fn insert_device(db: &Transaction<'_>, account: AccountId, new: &NewDevice) -> Result<()> {
    let sql = "INSERT INTO devices (account, device, key, name, platform, enrolled, seen) VALUES ($1, $2, $3, $4, $5, $6, $6)";
    let (account, device, key) = (account.0.as_slice(), new.device.0.as_slice(), new.key.0.as_slice());
    run(db, sql, &[&account, &device, &key, &new.name, &new.platform, &int(new.enrolled.0)?]).await?;
    Ok(())
}

pub(super) async fn machine_vaults(db: &impl GenericClient, account: AccountId, device: DeviceId) -> Result<Vec<MachineVault>> {
    let sql = "SELECT vault, key FROM machine_vaults WHERE account = $1 AND device = $2 ORDER BY vault";
    let rows = list(db, sql, &[&account.0.as_slice(), &device.0.as_slice()]).await?;
    rows.iter().map(|row| Ok(MachineVault { vault: VaultId(fixed(row, 0)?), key: row.try_get(1)? })).collect()
}

/// Lets a machine read a vault. False if the vault is not the account's.
pub(super) async fn insert_machine_vault(db: &Transaction<'_>, account: AccountId, device: DeviceId, new: &MachineVault) -> Result<bool> {
    let sql = "INSERT INTO machine_vaults (account, device, vault, key)
               SELECT account, $2, vault, $4 FROM vaults WHERE account = $1 AND vault = $3 ON CONFLICT DO NOTHING";
    let (account, device, vault) = (account.0.as_slice(), device.0.as_slice(), new.vault.0.as_slice());
    Ok(run(db, sql, &[&account, &device, &vault, &new.key]).await? == 1)
}

/// The keys that were sealed for a device are not given out again.
pub(super) async fn forget_machine_keys(db: &Transaction<'_>, account: &[u8], device: &[u8]) -> Result<()> {
    run(db, "UPDATE machine_vaults SET key = '' WHERE account = $1 AND device = $2", &[&account, &device]).await?;
    Ok(())
}

pub(super) async fn token_taken(db: &Transaction<'_>, token: Hash32) -> Result<bool> {
    Ok(find(db, "SELECT 1 FROM sessions WHERE token = $1", &[&token.0.as_slice()]).await?.is_some())
}

fn to_session(row: &Row) -> Result<NewSession> {
    Ok(NewSession {
        session: SessionId(fixed(row, 0)?),
        device: DeviceId(fixed(row, 1)?),
        token: digest(row, 2)?,
        opened: time(row, 3)?,
        expires: time(row, 4)?,
    })
}

/// The device's row is changed first: who revokes it waits for us, or we for them.
pub(super) async fn open(db: &Transaction<'_>, new: &NewSession) -> Result<bool> {
    let (device, session, token) = (new.device.0.as_slice(), new.session.0.as_slice(), new.token.0.as_slice());
    let (opened, expires) = (int(new.opened.0)?, int(new.expires.0)?);
    let see = "UPDATE devices SET seen = greatest(seen, $2) WHERE device = $1 AND revoked IS NULL RETURNING account";
    let Some(row) = find(db, see, &[&device, &opened]).await? else { return Ok(false) };
    let account: &[u8] = row.try_get(0)?;
    let insert = "INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let inserted = run(db, insert, &[&account, &session, &device, &token, &opened, &expires]).await?;
    if inserted == 0 {
        let sql = "SELECT session, device, token, opened, expires FROM sessions WHERE account = $1 AND session = $2";
        let stored = find(db, sql, &[&account, &session]).await?.map(|row| to_session(&row)).transpose()?;
        if stored.as_ref() != Some(new) {
            return Err(StoreError::Damaged("two sessions with one id or token").into());
        }
    }
    Ok(true)
}

/// One row for each vault of the account, or one without a vault: the session, its account's head, the vault's mark, and what its device
/// may read if that is a machine.
const SESSION: &str = "
    SELECT s.session, s.device, s.expires, a.account, a.chain_seq, a.chain_digest, a.epoch, a.record, a.deletion_due, v.vault, v.seq, v.digest,
        EXISTS (SELECT FROM machine_vaults m WHERE m.account = s.account AND m.device = s.device),
        EXISTS (SELECT FROM machine_vaults m WHERE m.account = s.account AND m.device = s.device AND m.vault = v.vault)
    FROM sessions s LEFT JOIN accounts a ON a.account = s.account LEFT JOIN vaults v ON v.account = s.account
    WHERE s.token = $1 ORDER BY v.vault";

pub(super) async fn session(db: &impl GenericClient, token: Hash32) -> Result<Option<SessionView>> {
    let rows = list(db, SESSION, &[&token.0.as_slice()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut view = SessionView {
        session: SessionId(fixed(row, 0)?),
        device: DeviceId(fixed(row, 1)?),
        expires: time(row, 2)?,
        head: AccountHead {
            account: AccountId(fixed(row, 3)?),
            chain: Chain { seq: number(row, 4)?, digest: digest(row, 5)?, epoch: number(row, 6)? },
            vaults: Vec::new(),
            record: number(row, 7)?,
        },
        deletion_due: optional_time(row, 8)?,
        machine: row.try_get::<_, bool>(12)?.then(Vec::new),
    };
    for row in &rows {
        let mark = to_mark(row)?;
        view.head.vaults.extend(mark);
        if let (Some(machine), Some(mark), true) = (&mut view.machine, mark, row.try_get(13)?) {
            machine.push(mark.vault);
        }
    }
    Ok(Some(view))
}

fn to_mark(row: &Row) -> Result<Option<VaultMark>> {
    let Some(vault) = optional_fixed(row, 9)? else { return Ok(None) };
    Ok(Some(VaultMark { vault: VaultId(vault), seq: number(row, 10)?, head: digest(row, 11)? }))
}

pub(super) async fn sessions(db: &impl GenericClient, account: AccountId, now: UnixMillis) -> Result<Vec<NewSession>> {
    let sql = "SELECT session, device, token, opened, expires FROM sessions WHERE account = $1 AND expires > $2 ORDER BY opened, session";
    list(db, sql, &[&account.0.as_slice(), &bound(now.0)]).await?.iter().map(to_session).collect()
}

pub(super) async fn close(db: &Transaction<'_>, account: AccountId, session: SessionId) -> Result<bool> {
    let sql = "DELETE FROM sessions WHERE account = $1 AND session = $2";
    Ok(run(db, sql, &[&account.0.as_slice(), &session.0.as_slice()]).await? == 1)
}

pub(super) async fn sign_in_used(db: &Transaction<'_>, account: AccountId, sign_in: Hash32) -> Result<bool> {
    let sql = "SELECT 1 FROM sign_ins WHERE account = $1 AND sign_in = $2";
    Ok(find(db, sql, &[&account.0.as_slice(), &sign_in.0.as_slice()]).await?.is_some())
}

pub(super) async fn use_sign_in(db: &Transaction<'_>, account: AccountId, sign_in: Hash32, over: UnixMillis) -> Result<()> {
    let sql = "INSERT INTO sign_ins VALUES ($1, $2, $3)";
    run(db, sql, &[&account.0.as_slice(), &sign_in.0.as_slice(), &int(over.0)?]).await?;
    Ok(())
}

pub(super) async fn start_enrolment(db: &Transaction<'_>, new: &NewEnrolment) -> Result<EnrolmentStarted> {
    let (id, token, sign_in) = (new.account.0.as_slice(), new.token.0.as_slice(), new.sign_in.0.as_slice());
    let account = accounts::lock(db, new.account).await?;
    if let Some(row) = find(db, "SELECT account, sign_in FROM enrolments WHERE token = $1", &[&token]).await? {
        let same = AccountId(fixed(&row, 0)?) == new.account && digest(&row, 1)? == new.sign_in;
        let another = StoreError::Damaged("two enrolments with one token").into();
        return if same { Ok(EnrolmentStarted::Started) } else { Err(another) };
    }
    if sign_in_used(db, new.account, new.sign_in).await? {
        return Ok(EnrolmentStarted::SignInUsed);
    }
    let Some(account) = account.filter(|account| account.chain.epoch == new.epoch) else { return Ok(EnrolmentStarted::Superseded) };
    if account.totp.is_some() {
        let Some(step) = new.totp_step else { return Ok(EnrolmentStarted::CodeNeeded) };
        if step <= account.totp_step {
            return Ok(EnrolmentStarted::CodeUsed);
        }
        run(db, "UPDATE accounts SET totp_step = $1 WHERE account = $2", &[&int(step)?, &id]).await?;
    }
    use_sign_in(db, new.account, new.sign_in, new.expires).await?;
    let insert = "INSERT INTO enrolments (account, token, sign_in, expires) VALUES ($1, $2, $3, $4)";
    run(db, insert, &[&id, &token, &sign_in, &int(new.expires.0)?]).await?;
    Ok(EnrolmentStarted::Started)
}

pub(super) async fn enrolment(db: &impl GenericClient, token: Hash32) -> Result<Option<Enrolment>> {
    let sql = "SELECT account, expires, used_by FROM enrolments WHERE token = $1";
    let Some(row) = find(db, sql, &[&token.0.as_slice()]).await? else { return Ok(None) };
    let used_by = optional_fixed(&row, 2)?.map(DeviceId);
    Ok(Some(Enrolment { account: AccountId(fixed(&row, 0)?), expires: time(&row, 1)?, used_by }))
}

/// Marks an enrolment as used by a device, if it is unused or this device's already.
pub(super) async fn use_enrolment(db: &Transaction<'_>, account: AccountId, token: Hash32, device: DeviceId) -> Result<bool> {
    let sql = "UPDATE enrolments SET used_by = $3 WHERE account = $1 AND token = $2 AND (used_by IS NULL OR used_by = $3)";
    Ok(run(db, sql, &[&account.0.as_slice(), &token.0.as_slice(), &device.0.as_slice()]).await? == 1)
}
