//! The outbox: claimed before it is sent, recorded after; an unknown end is parked and never sent again by itself.

use super::columns::{bound, int, number, time};
use crate::band::{Excess, Hours, gauge, hour_of};
use crate::rows::{Correcting, DecidedOn, Decision, Mail, MailFate, MailOutcome, MailState, NewMail, PublicEvent, Reach, TemplateState};
use crate::rules::{self, Corrects};
use crate::store::Result;
use crate::tables::{MailStopRow, mail_state, to_mail_state};
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::ids::{AccountId, EventId, MailId};
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

pub(super) fn event_by_code(db: &Connection, code: &str) -> Result<Option<PublicEvent>> {
    let mut statement = db.prepare_cached(
        "SELECT e.account, a.signing, e.body, e.seq FROM events e LEFT JOIN accounts a ON a.account = e.account
         WHERE e.code = ? ORDER BY e.account, e.seq LIMIT 1",
    )?;
    let read = |row: &Row<'_>| {
        let retractions = Vec::new();
        let found = PublicEvent { account: AccountId(row.get(0)?), signing: PublicKey(row.get(1)?), set: row.get(2)?, retractions };
        Ok((found, row.get::<_, i64>(3)?))
    };
    let Some((mut found, seq)) = statement.query_row([code], read).optional()? else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT e.body FROM retractions r JOIN events e ON e.account = r.account AND e.seq = r.seq
         WHERE r.account = ? AND r.of_seq = ? ORDER BY r.seq",
    )?;
    found.retractions = statement.query_map(params![found.account.0, seq], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(Some(found))
}

pub(super) fn of_event(db: &Connection, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
    let mut statement = db.prepare_cached("SELECT mail, recipient, state FROM mails WHERE account = ? AND event = ? ORDER BY mail")?;
    let read = |row: &Row<'_>| Ok((MailId(row.get(0)?), row.get(1)?, row.get(2)?));
    let rows = statement.query_map(params![account.0, event.0], read)?;
    rows.map(|row| row.map_err(Into::into).and_then(|(mail, to, state)| Ok(MailFate { mail, to, state: to_mail_state(state)? }))).collect()
}

pub(super) fn state(db: &Connection, mail: MailId) -> Result<Option<MailState>> {
    let mut statement = db.prepare_cached("SELECT state FROM mails WHERE mail = ?")?;
    statement.query_row([mail.0], |row| row.get(0)).optional()?.map(to_mail_state).transpose()
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
        "SELECT mail, event, recipient, template, details, queued, tries, account FROM mails m
         WHERE state = 0 AND due <= ? AND NOT EXISTS (
             SELECT 1 FROM mail_stops s WHERE s.template = m.template AND s.stopped > 0 AND m.queued > s.cleared
         ) ORDER BY queued, mail LIMIT 1",
    )?;
    loop {
        let found = find.query_row([bound(now.0)], |row| Ok((to_mail(row)?, AccountId(row.get(7)?)))).optional()?;
        let Some((found, account)) = found else { return Ok(None) };
        if is_taken_back(db, account, found.mail.event, true)? {
            set_refused(db, found.mail.mail, now)?;
        } else if may_be_told(db, &found, account, now)? {
            let mut statement = db.prepare_cached("UPDATE mails SET state = 1, lease = ?, tries = tries + 1 WHERE mail = ?")?;
            statement.execute(params![int(lease_until.0)?, found.mail.mail.0])?;
            return Ok(Some(found));
        }
    }
}

/// Whether a notice was taken back, by the operator or by anybody.
fn is_taken_back(db: &Connection, account: AccountId, event: EventId, by_operator: bool) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM retractions r JOIN events e ON e.account = r.account AND e.seq = r.of_seq
         WHERE r.account = ? AND e.event = ? AND r.side >= ?",
    )?;
    Ok(statement.exists(params![account.0, event.0, i64::from(by_operator)])?)
}

/// Refuses a mail that is queued.
fn set_refused(db: &Connection, mail: MailId, now: UnixMillis) -> Result<()> {
    let mut statement = db.prepare_cached("UPDATE mails SET state = 3, over = ? WHERE mail = ? AND state = 0")?;
    statement.execute(params![int(now.0)?, mail.0])?;
    Ok(())
}

/// Queues what corrects mails that left or are about to; withholds those that did not leave.
pub(super) fn correct(db: &Connection, account: AccountId, corrections: &[Correcting]) -> Result<Reach> {
    let mut reach = Reach::default();
    for Correcting { of, mail } in corrections {
        match rules::corrects(state(db, *of)?) {
            Corrects::Follow => {
                insert(db, account, mail)?;
                reach.told += 1;
            }
            Corrects::Withhold => {
                set_refused(db, *of, mail.queued)?;
                reach.withheld += 1;
            }
            Corrects::Nothing => {}
        }
    }
    Ok(reach)
}

/// Queues a mail.
pub(super) fn insert(db: &Connection, account: AccountId, mail: &NewMail) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO mails (mail, account, event, state, queued, due, lease, over, tries, recipient, template, details)
         VALUES (?1, ?2, ?3, 0, ?4, ?4, 0, 0, 0, ?5, ?6, ?7)",
    )?;
    insert.execute(params![mail.mail.0, account.0, mail.event.0, int(mail.queued.0)?, mail.to, mail.template, mail.values])?;
    Ok(())
}

/// Whether a mail of a template that is not stopped stays within its band; counts it. Stops the template where it does not.
fn may_be_told(db: &Connection, found: &Mail, account: AccountId, now: UnixMillis) -> Result<bool> {
    let (mail, template) = (&found.mail, &found.mail.template);
    let mut cleared = db.prepare_cached("SELECT 1 FROM mail_stops WHERE template = ? AND cleared >= ?")?;
    let mut lately =
        db.prepare_cached("SELECT 1 FROM mails WHERE account = ? AND template = ? AND mail <> ? AND tries > 0 AND queued > ?")?;
    let since = bound(now.0.saturating_sub(rules::TOLD_LATELY_MILLIS));
    if found.tries > 0
        || !rules::has_band(template)
        || cleared.exists(params![template, int(mail.queued.0)?])?
        || lately.exists(params![account.0, template, mail.mail.0, since])?
    {
        return Ok(true);
    }
    let hour = hour_of(now.0);
    if let Some(Excess { hours, people, most }) = gauge(&hours_of(db, template)?, hour).excess_of_one_more() {
        let mut stop = db.prepare_cached(
            "INSERT INTO mail_stops (template, stopped, hours, people, most, cleared) VALUES (?1, ?2, ?3, ?4, ?5, 0)
             ON CONFLICT (template) DO UPDATE SET stopped = ?2, hours = ?3, people = ?4, most = ?5",
        )?;
        stop.execute(params![template, int(now.0)?, int(hours)?, int(people)?, int(most)?])?;
        return Ok(false);
    }
    let mut count = db.prepare_cached(
        "INSERT INTO mail_hours (template, hour, people) VALUES (?, ?, 1) ON CONFLICT (template, hour) DO UPDATE SET people = people + 1",
    )?;
    count.execute(params![template, int(hour)?])?;
    Ok(true)
}

fn hours_of(db: &Connection, template: &str) -> Result<Hours> {
    let mut statement = db.prepare_cached("SELECT hour, people FROM mail_hours WHERE template = ?")?;
    let rows = statement.query_map([template], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn resume(db: &Connection, template: &str, cleared: UnixMillis) -> Result<bool> {
    let was_stopped = db.prepare_cached("SELECT 1 FROM mail_stops WHERE template = ? AND stopped > 0")?.exists([template])?;
    let mut statement = db.prepare_cached(
        "INSERT INTO mail_stops (template, stopped, hours, people, most, cleared) VALUES (?1, 0, 0, 0, 0, ?2)
         ON CONFLICT (template) DO UPDATE SET stopped = 0, cleared = max(cleared, ?2)",
    )?;
    statement.execute(params![template, int(cleared.0)?])?;
    Ok(was_stopped)
}

pub(super) fn template_states(db: &Connection, now: UnixMillis) -> Result<Vec<TemplateState>> {
    let mut names = db.prepare_cached(
        "SELECT template, sum(waiting) FROM (
             SELECT template, count(*) AS waiting FROM mails WHERE state = 0 GROUP BY template
             UNION ALL SELECT DISTINCT template, 0 FROM mail_hours
             UNION ALL SELECT template, 0 FROM mail_stops
         ) GROUP BY template ORDER BY template",
    )?;
    let names: Vec<(String, u64)> = names.query_map([], |row| Ok((row.get(0)?, number(row, 1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut stops = db.prepare_cached("SELECT template, stopped, hours, people, most, cleared FROM mail_stops WHERE template = ?")?;
    let read = |row: &Row<'_>| {
        let (stopped, cleared) = (time(row, 1)?, time(row, 5)?);
        Ok(MailStopRow { template: row.get(0)?, stopped, hours: number(row, 2)?, people: number(row, 3)?, most: number(row, 4)?, cleared })
    };
    let state = |(template, waiting): (String, u64)| {
        let stop = stops.query_row([&template], read).optional()?;
        let hours = hours_of(db, &template)?;
        Ok(rules::template_state(template, &hours, stop.as_ref(), waiting, now))
    };
    names.into_iter().map(state).collect()
}

pub(super) fn decide(db: &Connection, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn> {
    let mut find = db.prepare_cached("SELECT account, event FROM mails WHERE mail = ? AND state = 4")?;
    let found = find.query_row([mail.0], |row| Ok((AccountId(row.get(0)?), EventId(row.get(1)?)))).optional()?;
    let Some((account, event)) = found else { return Ok(DecidedOn::NotParked) };
    if decision == Decision::SendAgain && is_taken_back(db, account, event, false)? {
        return Ok(DecidedOn::TakenBack);
    }
    let (due, over) = match decision {
        Decision::SendAgain => (Some(int(now.0)?), None),
        Decision::Arrived | Decision::GiveUp => (None, Some(int(now.0)?)),
    };
    let state = mail_state(rules::decided(decision));
    let mut statement =
        db.prepare_cached("UPDATE mails SET state = ?2, due = ifnull(?3, due), over = ifnull(?4, over) WHERE mail = ?1 AND state = 4")?;
    statement.execute(params![mail.0, state, due, over])?;
    Ok(DecidedOn::Done)
}

pub(super) fn finish(db: &Connection, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
    let (state, due, over) = match outcome {
        MailOutcome::Sent => (MailState::Sent, None, Some(now)),
        MailOutcome::Refused => (MailState::Refused, None, Some(now)),
        MailOutcome::RetryAt(due) | MailOutcome::NotYet(due) => (MailState::Queued, Some(due), None),
        MailOutcome::Unknown => (MailState::Parked, None, None),
    };
    let untried = i64::from(matches!(outcome, MailOutcome::NotYet(_)));
    let int = |time: Option<UnixMillis>| time.map(|time| int(time.0)).transpose();
    let mut statement = db.prepare_cached(
        "UPDATE mails SET state = ?2, due = ifnull(?3, due), over = ifnull(?4, over), tries = tries - ?5 WHERE mail = ?1 AND state = 1",
    )?;
    Ok(statement.execute(params![mail.0, mail_state(state), int(due)?, int(over)?, untried])? == 1)
}

pub(super) fn parked(db: &Connection, limit: u32) -> Result<Vec<Mail>> {
    let mut statement = db.prepare_cached(
        "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 4 ORDER BY queued, mail LIMIT ?",
    )?;
    let rows = statement.query_map([limit], to_mail)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn queued(db: &Connection, template: &str, limit: u32) -> Result<Vec<Mail>> {
    let mut statement = db.prepare_cached(
        "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 0 AND template = ?
         ORDER BY queued, mail LIMIT ?",
    )?;
    let rows = statement.query_map(params![template, limit], to_mail)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
