//! The outbox: claimed before it is sent, recorded after; an unknown end is parked and never sent again by itself.

use super::columns::{bound, find, fixed, int, list, run, small, time};
use super::failure::Result;
use crate::rows::{Mail, MailOutcome, MailState, NewMail, PublicEvent};
use crate::tables::mail_state;
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;
use truebell_core::ids::{AccountId, EventId, MailId};
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

pub(super) async fn event_by_code(db: &impl GenericClient, code: &str) -> Result<Option<PublicEvent>> {
    let sql = "SELECT e.account, a.signing, e.body FROM events e LEFT JOIN accounts a ON a.account = e.account
               WHERE e.code = $1 ORDER BY e.account, e.seq LIMIT 1";
    let Some(row) = find(db, sql, &[&code]).await? else { return Ok(None) };
    Ok(Some(PublicEvent { account: AccountId(fixed(&row, 0)?), signing: PublicKey(fixed(&row, 1)?), set: row.try_get(2)? }))
}

fn to_mail(row: &Row) -> Result<Mail> {
    let mail = NewMail {
        mail: MailId(fixed(row, 0)?),
        event: EventId(fixed(row, 1)?),
        to: row.try_get(2)?,
        template: row.try_get(3)?,
        values: row.try_get(4)?,
        queued: time(row, 5)?,
    };
    Ok(Mail { mail, tries: small(row, 6)? })
}

/// Claimers pass by what another one holds: nobody waits, and no mail is claimed twice.
pub(super) async fn claim(db: &Transaction<'_>, now: UnixMillis, lease_until: UnixMillis) -> Result<Option<Mail>> {
    let park = "UPDATE mails SET state = 4
                WHERE mail IN (SELECT mail FROM mails WHERE state = 1 AND lease < $1 FOR UPDATE SKIP LOCKED)";
    run(db, park, &[&bound(now.0)]).await?;
    let claim = "UPDATE mails SET state = 1, lease = $2, tries = tries + 1
                 WHERE mail = (SELECT mail FROM mails WHERE state = 0 AND due <= $1 ORDER BY queued, mail LIMIT 1 FOR UPDATE SKIP LOCKED)
                 RETURNING mail, event, recipient, template, details, queued, tries - 1";
    let row = find(db, claim, &[&bound(now.0), &int(lease_until.0)?]).await?;
    row.map(|row| to_mail(&row)).transpose()
}

pub(super) async fn finish(db: &Transaction<'_>, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
    let (state, due, over) = match outcome {
        MailOutcome::Sent => (MailState::Sent, None, Some(now)),
        MailOutcome::Refused => (MailState::Refused, None, Some(now)),
        MailOutcome::RetryAt(due) => (MailState::Queued, Some(due), None),
        MailOutcome::Unknown => (MailState::Parked, None, None),
    };
    let int = |time: Option<UnixMillis>| time.map(|time| int(time.0)).transpose();
    let sql = "UPDATE mails SET state = $2, due = coalesce($3, due), over = coalesce($4, over) WHERE mail = $1 AND state = 1";
    let state = i64::from(mail_state(state));
    Ok(run(db, sql, &[&mail.0.as_slice(), &state, &int(due)?, &int(over)?]).await? == 1)
}

pub(super) async fn parked(db: &impl GenericClient, limit: u32) -> Result<Vec<Mail>> {
    let sql = "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 4 ORDER BY queued, mail LIMIT $1";
    list(db, sql, &[&i64::from(limit)]).await?.iter().map(to_mail).collect()
}
