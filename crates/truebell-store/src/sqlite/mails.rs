//! The outbox: claimed before it is sent, recorded after; an unknown end is parked and never sent again by itself.

use super::columns::{bound, int, time};
use crate::rows::{Mail, MailOutcome, MailState, NewMail, PublicEvent};
use crate::store::Result;
use crate::tables::mail_state;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::ids::{AccountId, EventId, MailId};
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

pub(super) fn event_by_code(db: &Connection, code: &str) -> Result<Option<PublicEvent>> {
    let mut statement = db.prepare_cached(
        "SELECT e.account, a.signing, e.body FROM events e LEFT JOIN accounts a ON a.account = e.account
         WHERE e.code = ? ORDER BY e.account, e.seq LIMIT 1",
    )?;
    let read = |row: &Row<'_>| Ok(PublicEvent { account: AccountId(row.get(0)?), signing: PublicKey(row.get(1)?), set: row.get(2)? });
    Ok(statement.query_row([code], read).optional()?)
}

fn to_mail(row: &Row<'_>) -> rusqlite::Result<Mail> {
    let mail = NewMail {
        mail: MailId(row.get(0)?),
        event: EventId(row.get(1)?),
        to: row.get(2)?,
        template: row.get(3)?,
        values: row.get(4)?,
        queued: time(row, 5)?,
    };
    Ok(Mail { mail, tries: row.get(6)? })
}

pub(super) fn claim(db: &Connection, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>> {
    db.prepare_cached("UPDATE mails SET state = 4 WHERE state = 1 AND lease < ?")?.execute([bound(now.0)])?;
    let mut find = db.prepare_cached(
        "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 0 AND due <= ? ORDER BY queued, mail LIMIT 1",
    )?;
    let found = find.query_row([bound(now.0)], to_mail).optional()?;
    if let Some(found) = &found {
        let mut statement = db.prepare_cached("UPDATE mails SET state = 1, lease = ?, tries = tries + 1 WHERE mail = ?")?;
        statement.execute(params![int(lease_until.0)?, found.mail.mail.0])?;
    }
    Ok(found)
}

pub(super) fn finish(db: &Connection, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
    let (state, due, over) = match outcome {
        MailOutcome::Sent => (MailState::Sent, None, Some(now)),
        MailOutcome::Refused => (MailState::Refused, None, Some(now)),
        MailOutcome::RetryAt(due) => (MailState::Queued, Some(due), None),
        MailOutcome::Unknown => (MailState::Parked, None, None),
    };
    let int = |time: Option<UnixMillis>| time.map(|time| int(time.0)).transpose();
    let mut statement =
        db.prepare_cached("UPDATE mails SET state = ?2, due = ifnull(?3, due), over = ifnull(?4, over) WHERE mail = ?1 AND state = 1")?;
    Ok(statement.execute(params![mail.0, mail_state(state), int(due)?, int(over)?])? == 1)
}

pub(super) fn parked(db: &Connection, limit: u32) -> Result<Vec<Mail>> {
    let mut statement = db.prepare_cached(
        "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 4 ORDER BY queued, mail LIMIT ?",
    )?;
    let rows = statement.query_map([limit], to_mail)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
