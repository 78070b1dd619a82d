//! Acts: the change, its event and its mails, together or not at all (law 4).

use super::columns::{find, int, run};
use super::failure::Result;
use super::{accounts, log, mails, sessions, signals};
use crate::rows::{Account, Change, MachineVault, NewDevice, NewMail, NewSession, Recorded, Recording, Retracted, Retracting, Side};
use crate::rules::{self, Place};
use crate::signals::Told;
use crate::tables::EventRow;
use deadpool_postgres::Transaction;
use truebell_core::event::Countersigned;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::time::UnixMillis;

pub(super) async fn record(db: &Transaction<'_>, recording: &Recording) -> Result<Recorded> {
    rules::check_mails(recording.event.id, &recording.mails)?;
    let Some(account) = accounts::lock(db, recording.account).await? else { return Ok(Recorded::NotApplicable) };
    match rules::place(&account.chain, &recording.event.act, &recording.change) {
        Place::Taken => return repeat(db, recording).await,
        Place::Elsewhere => return Ok(Recorded::ChainMoved),
        Place::Next => {}
    }
    let applied = match &recording.change {
        Change::Acknowledge(of) => done_if(take_back(db, recording.account, *of, Side::Account, recording.event.act.seq).await?),
        change => apply(db, &account, change, recording.at).await?,
    };
    if applied == Recorded::Done {
        let chain = rules::chain_after(&recording.event);
        let sql = "UPDATE accounts SET chain_seq = $1, chain_digest = $2, epoch = $3 WHERE account = $4";
        let (digest, id) = (chain.digest.0.as_slice(), recording.account.0.as_slice());
        run(db, sql, &[&int(chain.seq)?, &digest, &int(chain.epoch)?, &id]).await?;
        insert_event(db, &recording.event, &recording.mails).await?;
        let told = Told::of_event(&recording.event, account.signing, &account.record.email, recording.change.new_address());
        signals::queue(db, &told).await?;
    }
    Ok(applied)
}

pub(super) async fn retract(db: &Transaction<'_>, retracting: &Retracting) -> Result<Retracted> {
    let Retracting { retraction, corrections } = retracting;
    rules::check_mails(retraction.new.id, corrections.iter().map(|correcting| &correcting.mail))?;
    let (id, of, row) = (retraction.new.account, retraction.new.of.seq, rules::retraction_row(retraction));
    let Some(account) = accounts::lock(db, id).await? else { return Ok(Retracted::NotApplicable) };
    let known = "SELECT 1 FROM retractions WHERE account = $1 AND of_seq = $2 AND side = 1";
    if find(db, known, &[&id.0.as_slice(), &int(of)?]).await?.is_some() {
        return Ok(Retracted::Already);
    }
    if !rules::is_next(&account.chain, &retraction.new) {
        return Ok(Retracted::ChainMoved);
    }
    if !take_back(db, id, of, Side::Operator, row.seq).await? {
        return Ok(Retracted::NotApplicable);
    }
    let sql = "UPDATE accounts SET chain_seq = $1, chain_digest = $2 WHERE account = $3";
    run(db, sql, &[&int(row.seq)?, &retraction.digest.0.as_slice(), &id.0.as_slice()]).await?;
    insert_link(db, &row, &retraction.digest).await?;
    Ok(Retracted::Done(mails::correct(db, id, corrections).await?))
}

/// Notes that a notice is taken back. False if there is no such event, or this side did so before.
async fn take_back(db: &Transaction<'_>, account: AccountId, of: u64, side: Side, seq: u64) -> Result<bool> {
    let row = rules::retracted_row(account, of, side, seq);
    let sql = "INSERT INTO retractions (account, of_seq, side, seq)
               SELECT account, seq, $3, $4 FROM events WHERE account = $1 AND seq = $2 ON CONFLICT DO NOTHING";
    Ok(run(db, sql, &[&row.account.0.as_slice(), &int(row.of_seq)?, &i64::from(row.side), &int(row.seq)?]).await? == 1)
}

async fn repeat(db: &Transaction<'_>, recording: &Recording) -> Result<Recorded> {
    let act = rules::act_digest(&recording.event.act)?;
    let sql = "SELECT body FROM events WHERE account = $1 AND seq = $2 AND act = $3";
    let key = (recording.account.0.as_slice(), int(recording.event.act.seq)?, act.0.as_slice());
    let Some(row) = find(db, sql, &[&key.0, &key.1, &key.2]).await? else { return Ok(Recorded::ChainMoved) };
    if let Change::Enrol { enrolment, device, session } = &recording.change {
        let stored = sessions::device(db, device.device).await?.filter(|stored| stored.account == recording.account);
        let is_in = stored.is_some_and(|stored| stored.revoked.is_none());
        let fits = is_in && sessions::use_enrolment(db, recording.account, *enrolment, device.device).await?;
        if !fits || !sessions::open(db, session).await? {
            return Ok(Recorded::NotApplicable);
        }
    }
    Ok(Recorded::Repeated(row.try_get(0)?))
}

fn done_if(happened: bool) -> Recorded {
    if happened { Recorded::Done } else { Recorded::NotApplicable }
}

async fn apply(db: &Transaction<'_>, account: &Account, change: &Change, at: UnixMillis) -> Result<Recorded> {
    let id = account.account;
    match change {
        Change::Enrol { enrolment, device, session } => enrol(db, id, *enrolment, device, session).await,
        Change::EnrolMachine { device, vaults } => enrol_machine(db, id, device, vaults).await,
        Change::RevokeDevice(device) => revoke(db, id, *device, at).await.map(done_if),
        Change::RevokeSession(session) => sessions::close(db, id, *session).await.map(done_if),
        Change::Credentials { opaque, keyset, sign_in } => change_credentials(db, id, opaque, keyset, *sign_in, at).await,
        Change::Address { email, email_key } => change_address(db, id, email, email_key).await,
        Change::ScheduleDeletion(due) if account.record.deletion_due.is_none() => set_deletion(db, id, Some(*due)).await,
        Change::CancelDeletion if account.record.deletion_due.is_some() => set_deletion(db, id, None).await,
        Change::AddTotp { totp, step } if account.totp.is_none() => set_totp(db, id, Some(totp), *step).await,
        Change::RemoveTotp { step } if account.totp.is_some() && *step > account.totp_step => set_totp(db, id, None, 0).await,
        _ => Ok(Recorded::NotApplicable),
    }
}

async fn enrol(db: &Transaction<'_>, account: AccountId, enrolment: Hash32, device: &NewDevice, session: &NewSession) -> Result<Recorded> {
    if session.device != device.device || sessions::device(db, device.device).await?.is_some() {
        return Ok(Recorded::NotApplicable);
    }
    if !sessions::use_enrolment(db, account, enrolment, device.device).await? {
        return Ok(Recorded::NotApplicable);
    }
    sessions::insert_device(db, account, device).await?;
    sessions::open(db, session).await.map(done_if)
}

/// What is written before a vault turns out not to be theirs is undone with the transaction, so the vaults are looked up first.
async fn enrol_machine(db: &Transaction<'_>, account: AccountId, device: &NewDevice, vaults: &[MachineVault]) -> Result<Recorded> {
    if vaults.is_empty() || sessions::device(db, device.device).await?.is_some() {
        return Ok(Recorded::NotApplicable);
    }
    for vault in vaults {
        let sql = "SELECT 1 FROM vaults WHERE account = $1 AND vault = $2";
        if find(db, sql, &[&account.0.as_slice(), &vault.vault.0.as_slice()]).await?.is_none() {
            return Ok(Recorded::NotApplicable);
        }
    }
    sessions::insert_device(db, account, device).await?;
    for vault in vaults {
        if !sessions::insert_machine_vault(db, account, device.device, vault).await? {
            return Err(crate::StoreError::Damaged("a vault that a machine was given twice").into());
        }
    }
    Ok(Recorded::Done)
}

async fn revoke(db: &Transaction<'_>, account: AccountId, device: DeviceId, at: UnixMillis) -> Result<bool> {
    let (account, device) = (account.0.as_slice(), device.0.as_slice());
    let sql = "UPDATE devices SET revoked = $1 WHERE account = $2 AND device = $3 AND revoked IS NULL";
    let revoked = run(db, sql, &[&int(at.0)?, &account, &device]).await? == 1;
    if revoked {
        run(db, "DELETE FROM sessions WHERE account = $1 AND device = $2", &[&account, &device]).await?;
        sessions::forget_machine_keys(db, account, device).await?;
    }
    Ok(revoked)
}

async fn change_credentials(
    db: &Transaction<'_>,
    account: AccountId,
    opaque: &[u8],
    keyset: &[u8],
    sign_in: Hash32,
    at: UnixMillis,
) -> Result<Recorded> {
    if sessions::sign_in_used(db, account, sign_in).await? {
        return Ok(Recorded::NotApplicable);
    }
    sessions::use_sign_in(db, account, sign_in, at).await?;
    let id = account.0.as_slice();
    run(db, "DELETE FROM enrolments WHERE account = $1 AND used_by IS NULL", &[&id]).await?;
    let sql = "UPDATE accounts SET opaque = $1, keyset = $2, record = record + 1 WHERE account = $3";
    Ok(done_if(run(db, sql, &[&opaque, &keyset, &id]).await? == 1))
}

async fn change_address(db: &Transaction<'_>, account: AccountId, email: &str, email_key: &str) -> Result<Recorded> {
    if accounts::by_address(db, email_key).await?.is_some_and(|owner| owner != account) {
        return Ok(Recorded::AddressTaken);
    }
    let sql = "UPDATE accounts SET email = $1, email_key = $2, record = record + 1 WHERE account = $3";
    Ok(done_if(run(db, sql, &[&email, &email_key, &account.0.as_slice()]).await? == 1))
}

async fn set_deletion(db: &Transaction<'_>, account: AccountId, due: Option<UnixMillis>) -> Result<Recorded> {
    let due = due.map(|due| int(due.0)).transpose()?;
    let sql = "UPDATE accounts SET deletion_due = $1, record = record + 1 WHERE account = $2";
    Ok(done_if(run(db, sql, &[&due, &account.0.as_slice()]).await? == 1))
}

async fn set_totp(db: &Transaction<'_>, account: AccountId, totp: Option<&Vec<u8>>, step: u64) -> Result<Recorded> {
    let sql = "UPDATE accounts SET totp = $1, totp_step = $2, record = record + 1 WHERE account = $3";
    Ok(done_if(run(db, sql, &[&totp, &int(step)?, &account.0.as_slice()]).await? == 1))
}

/// Adds an event, with its leaf in the log and the mails that tell of it.
pub(super) async fn insert_event(db: &Transaction<'_>, event: &Countersigned, mails: &[NewMail]) -> Result<()> {
    insert_link(db, &rules::event_row(event)?, &event.digest).await?;
    for mail in mails {
        mails::insert(db, event.act.account, mail).await?;
    }
    Ok(())
}

async fn insert_link(db: &Transaction<'_>, row: &EventRow, digest: &Hash32) -> Result<()> {
    let (account, id, act) = (row.account.0.as_slice(), row.event.0.as_slice(), row.act.0.as_slice());
    let sql = "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6)";
    run(db, sql, &[&account, &int(row.seq)?, &id, &row.code, &act, &row.body]).await?;
    log::insert_leaf(db, digest).await
}
