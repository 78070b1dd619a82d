//! Acts: the change, its event and its mails, together or not at all (law 4).

use super::columns::int;
use super::{accounts, log, mails, sessions, signals};
use crate::rows::{Account, Change, MachineVault, NewDevice, NewMail, NewSession, Recorded, Recording, Retracted, Retracting, Side};
use crate::rules::{self, Place};
use crate::signals::Told;
use crate::store::Result;
use crate::tables::EventRow;
use rusqlite::{Connection, OptionalExtension, params};
use truebell_core::event::Countersigned;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::time::UnixMillis;

pub(super) fn record(db: &Connection, recording: &Recording) -> Result<Recorded> {
    rules::check_mails(recording.event.id, &recording.mails)?;
    let Some(account) = accounts::account(db, recording.account)? else { return Ok(Recorded::NotApplicable) };
    match rules::place(&account.chain, &recording.event.act, &recording.change) {
        Place::Taken => return repeat(db, recording),
        Place::Elsewhere => return Ok(Recorded::ChainMoved),
        Place::Next => {}
    }
    let applied = match &recording.change {
        Change::Acknowledge(of) => done_if(take_back(db, recording.account, *of, Side::Account, recording.event.act.seq)?),
        change => apply(db, &account, change, recording.at)?,
    };
    if applied == Recorded::Done {
        let chain = rules::chain_after(&recording.event);
        let mut statement = db.prepare_cached("UPDATE accounts SET chain_seq = ?, chain_digest = ?, epoch = ? WHERE account = ?")?;
        statement.execute(params![int(chain.seq)?, chain.digest.0, int(chain.epoch)?, recording.account.0])?;
        insert_event(db, &recording.event, &recording.mails)?;
        let told = Told::of_event(&recording.event, account.signing, &account.record.email, recording.change.new_address());
        signals::queue(db, &told)?;
    }
    Ok(applied)
}

pub(super) fn retract(db: &Connection, retracting: &Retracting) -> Result<Retracted> {
    let Retracting { retraction, corrections } = retracting;
    rules::check_mails(retraction.new.id, corrections.iter().map(|correcting| &correcting.mail))?;
    let (id, of, row) = (retraction.new.account, retraction.new.of.seq, rules::retraction_row(retraction));
    let Some(account) = accounts::account(db, id)? else { return Ok(Retracted::NotApplicable) };
    let mut find = db.prepare_cached("SELECT 1 FROM retractions WHERE account = ? AND of_seq = ? AND side = 1")?;
    if find.exists(params![id.0, int(of)?])? {
        return Ok(Retracted::Already);
    }
    if !rules::is_next(&account.chain, &retraction.new) {
        return Ok(Retracted::ChainMoved);
    }
    if !take_back(db, id, of, Side::Operator, row.seq)? {
        return Ok(Retracted::NotApplicable);
    }
    let mut statement = db.prepare_cached("UPDATE accounts SET chain_seq = ?, chain_digest = ? WHERE account = ?")?;
    statement.execute(params![int(row.seq)?, retraction.digest.0, id.0])?;
    insert_link(db, &row, &retraction.digest)?;
    Ok(Retracted::Done(mails::correct(db, id, corrections)?))
}

/// Notes that a notice is taken back. False if there is no such event, or this side did so before.
fn take_back(db: &Connection, account: AccountId, of: u64, side: Side, seq: u64) -> Result<bool> {
    let row = rules::retracted_row(account, of, side, seq);
    let mut statement = db.prepare_cached(
        "INSERT INTO retractions (account, of_seq, side, seq) SELECT account, seq, ?3, ?4 FROM events WHERE account = ?1 AND seq = ?2
         ON CONFLICT DO NOTHING",
    )?;
    Ok(statement.execute(params![row.account.0, int(row.of_seq)?, row.side, int(row.seq)?])? == 1)
}

fn repeat(db: &Connection, recording: &Recording) -> Result<Recorded> {
    let act = rules::act_digest(&recording.event.act)?;
    let mut find = db.prepare_cached("SELECT body FROM events WHERE account = ? AND seq = ? AND act = ?")?;
    let key = params![recording.account.0, int(recording.event.act.seq)?, act.0];
    let Some(set) = find.query_row(key, |row| row.get(0)).optional()? else { return Ok(Recorded::ChainMoved) };
    if let Change::Enrol { enrolment, device, session } = &recording.change {
        let stored = sessions::device(db, device.device)?.filter(|stored| stored.account == recording.account);
        let is_in = stored.is_some_and(|stored| stored.revoked.is_none());
        let fits = is_in && sessions::use_enrolment(db, recording.account, *enrolment, device.device)?;
        if !fits || !sessions::open(db, session)? {
            return Ok(Recorded::NotApplicable);
        }
    }
    Ok(Recorded::Repeated(set))
}

fn done_if(happened: bool) -> Recorded {
    if happened { Recorded::Done } else { Recorded::NotApplicable }
}

fn apply(db: &Connection, account: &Account, change: &Change, at: UnixMillis) -> Result<Recorded> {
    let id = account.account;
    match change {
        Change::Enrol { enrolment, device, session } => enrol(db, id, *enrolment, device, session),
        Change::EnrolMachine { device, vaults } => enrol_machine(db, id, device, vaults),
        Change::RevokeDevice(device) => revoke(db, id, *device, at).map(done_if),
        Change::RevokeSession(session) => sessions::close(db, id, *session).map(done_if),
        Change::Credentials { opaque, keyset, sign_in } => change_credentials(db, id, opaque, keyset, *sign_in, at),
        Change::Address { email, email_key } => change_address(db, id, email, email_key),
        Change::ScheduleDeletion(due) if account.record.deletion_due.is_none() => set_deletion(db, id, Some(*due)),
        Change::CancelDeletion if account.record.deletion_due.is_some() => set_deletion(db, id, None),
        Change::AddTotp { totp, step } if account.totp.is_none() => set_totp(db, id, Some(totp), *step),
        Change::RemoveTotp { step } if account.totp.is_some() && *step > account.totp_step => set_totp(db, id, None, 0),
        _ => Ok(Recorded::NotApplicable),
    }
}

fn enrol(db: &Connection, account: AccountId, enrolment: Hash32, device: &NewDevice, session: &NewSession) -> Result<Recorded> {
    if session.device != device.device || sessions::device(db, device.device)?.is_some() {
        return Ok(Recorded::NotApplicable);
    }
    if !sessions::use_enrolment(db, account, enrolment, device.device)? {
        return Ok(Recorded::NotApplicable);
    }
    sessions::insert_device(db, account, device)?;
    sessions::open(db, session).map(done_if)
}

/// What is written before a vault turns out not to be theirs is undone with the transaction, so the vaults are looked up first.
fn enrol_machine(db: &Connection, account: AccountId, device: &NewDevice, vaults: &[MachineVault]) -> Result<Recorded> {
    if vaults.is_empty() || sessions::device(db, device.device)?.is_some() {
        return Ok(Recorded::NotApplicable);
    }
    for vault in vaults {
        let mut find = db.prepare_cached("SELECT 1 FROM vaults WHERE account = ? AND vault = ?")?;
        if !find.exists(params![account.0, vault.vault.0])? {
            return Ok(Recorded::NotApplicable);
        }
    }
    sessions::insert_device(db, account, device)?;
    for vault in vaults {
        if !sessions::insert_machine_vault(db, account, device.device, vault)? {
            return Err(crate::StoreError::Damaged("a vault that a machine was given twice"));
        }
    }
    Ok(Recorded::Done)
}

fn revoke(db: &Connection, account: AccountId, device: DeviceId, at: UnixMillis) -> Result<bool> {
    let mut statement = db.prepare_cached("UPDATE devices SET revoked = ? WHERE account = ? AND device = ? AND revoked IS NULL")?;
    let revoked = statement.execute(params![int(at.0)?, account.0, device.0])? == 1;
    if revoked {
        db.prepare_cached("DELETE FROM sessions WHERE account = ? AND device = ?")?.execute(params![account.0, device.0])?;
        sessions::forget_machine_keys(db, account, device)?;
    }
    Ok(revoked)
}

fn change_credentials(
    db: &Connection,
    account: AccountId,
    opaque: &[u8],
    keyset: &[u8],
    sign_in: Hash32,
    at: UnixMillis,
) -> Result<Recorded> {
    if sessions::sign_in_used(db, account, sign_in)? {
        return Ok(Recorded::NotApplicable);
    }
    sessions::use_sign_in(db, account, sign_in, at)?;
    db.prepare_cached("DELETE FROM enrolments WHERE account = ? AND used_by IS NULL")?.execute([account.0])?;
    let mut statement = db.prepare_cached("UPDATE accounts SET opaque = ?, keyset = ?, record = record + 1 WHERE account = ?")?;
    Ok(done_if(statement.execute(params![opaque, keyset, account.0])? == 1))
}

fn change_address(db: &Connection, account: AccountId, email: &str, email_key: &str) -> Result<Recorded> {
    if accounts::by_address(db, email_key)?.is_some_and(|owner| owner != account) {
        return Ok(Recorded::AddressTaken);
    }
    let mut statement = db.prepare_cached("UPDATE accounts SET email = ?, email_key = ?, record = record + 1 WHERE account = ?")?;
    Ok(done_if(statement.execute(params![email, email_key, account.0])? == 1))
}

fn set_deletion(db: &Connection, account: AccountId, due: Option<UnixMillis>) -> Result<Recorded> {
    let due = due.map(|due| int(due.0)).transpose()?;
    let mut statement = db.prepare_cached("UPDATE accounts SET deletion_due = ?, record = record + 1 WHERE account = ?")?;
    Ok(done_if(statement.execute(params![due, account.0])? == 1))
}

fn set_totp(db: &Connection, account: AccountId, totp: Option<&Vec<u8>>, step: u64) -> Result<Recorded> {
    let mut statement = db.prepare_cached("UPDATE accounts SET totp = ?, totp_step = ?, record = record + 1 WHERE account = ?")?;
    Ok(done_if(statement.execute(params![totp, int(step)?, account.0])? == 1))
}

/// Adds an event, with its leaf in the log and the mails that tell of it.
pub(super) fn insert_event(db: &Connection, event: &Countersigned, mails: &[NewMail]) -> Result<()> {
    insert_link(db, &rules::event_row(event)?, &event.digest)?;
    mails.iter().try_for_each(|mail| mails::insert(db, event.act.account, mail))
}

fn insert_link(db: &Connection, row: &EventRow, digest: &Hash32) -> Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO events (account, seq, event, code, act, body) VALUES (?, ?, ?, ?, ?, ?)")?;
    insert.execute(params![row.account.0, int(row.seq)?, row.event.0, row.code, row.act.0, row.body])?;
    log::insert_leaf(db, digest)
}
