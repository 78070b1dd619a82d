//! The outbox: claimed before it is sent, recorded after; an unknown end is parked and never sent again by itself.

use super::columns::{bound, find, fixed, int, list, number, run, small, time};
use super::failure::Result;
use crate::band::{Excess, Hours, gauge, hour_of};
use crate::rows::{Correcting, DecidedOn, Decision, Mail, MailFate, MailOutcome, MailState, NewMail, PublicEvent, Reach, TemplateState};
use crate::rules::{self, Corrects};
use crate::tables::{MailStopRow, mail_state, to_mail_state};
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;
use truebell_core::ids::{AccountId, EventId, MailId};
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;

pub(super) async fn event_by_code(db: &impl GenericClient, code: &str) -> Result<Option<PublicEvent>> {
    let sql = "SELECT e.account, a.signing, e.body, e.seq FROM events e LEFT JOIN accounts a ON a.account = e.account
               WHERE e.code = $1 ORDER BY e.account, e.seq LIMIT 1";
    let Some(row) = find(db, sql, &[&code]).await? else { return Ok(None) };
    let account = AccountId(fixed(&row, 0)?);
    let about = "SELECT e.body FROM retractions r JOIN events e ON e.account = r.account AND e.seq = r.seq
                 WHERE r.account = $1 AND r.of_seq = $2 ORDER BY r.seq";
    let retractions = list(db, about, &[&account.0.as_slice(), &row.try_get::<_, i64>(3)?]).await?;
    let retractions = retractions.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
    Ok(Some(PublicEvent { account, signing: PublicKey(fixed(&row, 1)?), set: row.try_get(2)?, retractions }))
}

pub(super) async fn of_event(db: &impl GenericClient, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
    let sql = "SELECT mail, recipient, state FROM mails WHERE account = $1 AND event = $2 ORDER BY mail";
    let read = |row: &Row| Ok(MailFate { mail: MailId(fixed(row, 0)?), to: row.try_get(1)?, state: to_mail_state(small(row, 2)?)? });
    list(db, sql, &[&account.0.as_slice(), &event.0.as_slice()]).await?.iter().map(read).collect()
}

pub(super) async fn state(db: &impl GenericClient, mail: MailId) -> Result<Option<MailState>> {
    let row = find(db, "SELECT state FROM mails WHERE mail = $1", &[&mail.0.as_slice()]).await?;
    row.map(|row| Ok(to_mail_state(small(&row, 0)?)?)).transpose()
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
    let due = "SELECT mail, event, recipient, template, details, queued, tries, account FROM mails m
               WHERE state = 0 AND due <= $1 AND NOT EXISTS (
                   SELECT 1 FROM mail_stops s WHERE s.template = m.template AND s.stopped > 0 AND m.queued > s.cleared
               ) ORDER BY queued, mail LIMIT 1 FOR UPDATE OF m SKIP LOCKED";
    loop {
        let Some(row) = find(db, due, &[&bound(now.0)]).await? else { return Ok(None) };
        let (found, account) = (to_mail(&row)?, AccountId(fixed(&row, 7)?));
        if is_taken_back(db, account, found.mail.event, true).await? {
            set_refused(db, found.mail.mail, now).await?;
        } else if may_be_told(db, &found, account, now).await? {
            let claim = "UPDATE mails SET state = 1, lease = $2, tries = tries + 1 WHERE mail = $1";
            run(db, claim, &[&found.mail.mail.0.as_slice(), &int(lease_until.0)?]).await?;
            return Ok(Some(found));
        }
    }
}

/// Whether a notice was taken back, by the operator or by anybody.
async fn is_taken_back(db: &Transaction<'_>, account: AccountId, event: EventId, by_operator: bool) -> Result<bool> {
    let sql = "SELECT 1 FROM retractions r JOIN events e ON e.account = r.account AND e.seq = r.of_seq
               WHERE r.account = $1 AND e.event = $2 AND r.side >= $3 LIMIT 1";
    Ok(find(db, sql, &[&account.0.as_slice(), &event.0.as_slice(), &i64::from(by_operator)]).await?.is_some())
}

/// Refuses a mail that is queued.
async fn set_refused(db: &Transaction<'_>, mail: MailId, now: UnixMillis) -> Result<()> {
    run(db, "UPDATE mails SET state = 3, over = $2 WHERE mail = $1 AND state = 0", &[&mail.0.as_slice(), &int(now.0)?]).await?;
    Ok(())
}

/// Queues what corrects mails that left or are about to; withholds those that did not leave. Whoever claims one of them just now is waited for.
pub(super) async fn correct(db: &Transaction<'_>, account: AccountId, corrections: &[Correcting]) -> Result<Reach> {
    let mut reach = Reach::default();
    for Correcting { of, mail } in corrections {
        let row = find(db, "SELECT state FROM mails WHERE mail = $1 FOR UPDATE", &[&of.0.as_slice()]).await?;
        let state = row.map(|row| -> Result<MailState> { Ok(to_mail_state(small(&row, 0)?)?) }).transpose()?;
        match rules::corrects(state) {
            Corrects::Follow => {
                insert(db, account, mail).await?;
                reach.told += 1;
            }
            Corrects::Withhold => {
                set_refused(db, *of, mail.queued).await?;
                reach.withheld += 1;
            }
            Corrects::Nothing => {}
        }
    }
    Ok(reach)
}

/// Queues a mail.
pub(super) async fn insert(db: &Transaction<'_>, account: AccountId, mail: &NewMail) -> Result<()> {
    let sql = "INSERT INTO mails VALUES ($1, $2, $3, 0, $4, $4, 0, 0, 0, $5, $6, $7)";
    let (id, account, event) = (mail.mail.0.as_slice(), account.0.as_slice(), mail.event.0.as_slice());
    run(db, sql, &[&id, &account, &event, &int(mail.queued.0)?, &mail.to, &mail.template, &mail.values]).await?;
    Ok(())
}

/// Whether a mail of a template that is not stopped stays within its band; counts it. Stops the template where it does not. The hour's
/// row is counted up first and so locked: of two who count, the second sees what the first did.
async fn may_be_told(db: &Transaction<'_>, found: &Mail, account: AccountId, now: UnixMillis) -> Result<bool> {
    let (mail, template) = (&found.mail, &found.mail.template);
    let cleared = "SELECT 1 FROM mail_stops WHERE template = $1 AND cleared >= $2";
    let lately = "SELECT 1 FROM mails WHERE account = $1 AND template = $2 AND mail <> $3 AND tries > 0 AND queued > $4 LIMIT 1";
    let since = bound(now.0.saturating_sub(rules::TOLD_LATELY_MILLIS));
    if found.tries > 0
        || !rules::has_band(template)
        || find(db, cleared, &[template, &int(mail.queued.0)?]).await?.is_some()
        || find(db, lately, &[&account.0.as_slice(), template, &mail.mail.0.as_slice(), &since]).await?.is_some()
    {
        return Ok(true);
    }
    let hour = hour_of(now.0);
    let count = "INSERT INTO mail_hours (template, hour, people) VALUES ($1, $2, 1)
                 ON CONFLICT (template, hour) DO UPDATE SET people = mail_hours.people + 1";
    run(db, count, &[template, &int(hour)?]).await?;
    let mut before = hours_of(db, template).await?;
    if let Some(people) = before.get_mut(&hour) {
        *people = people.saturating_sub(1);
    }
    let Some(Excess { hours, people, most }) = gauge(&before, hour).excess_of_one_more() else { return Ok(true) };
    let uncount = "UPDATE mail_hours SET people = people - 1 WHERE template = $1 AND hour = $2";
    run(db, uncount, &[template, &int(hour)?]).await?;
    run(db, "DELETE FROM mail_hours WHERE template = $1 AND hour = $2 AND people = 0", &[template, &int(hour)?]).await?;
    let stop = "INSERT INTO mail_stops (template, stopped, hours, people, most, cleared) VALUES ($1, $2, $3, $4, $5, 0)
                ON CONFLICT (template) DO UPDATE SET stopped = $2, hours = $3, people = $4, most = $5";
    run(db, stop, &[template, &int(now.0)?, &int(hours)?, &int(people)?, &int(most)?]).await?;
    Ok(false)
}

async fn hours_of(db: &impl GenericClient, template: &str) -> Result<Hours> {
    let rows = list(db, "SELECT hour, people FROM mail_hours WHERE template = $1", &[&template]).await?;
    rows.iter().map(|row| Ok((number(row, 0)?, number(row, 1)?))).collect()
}

pub(super) async fn resume(db: &Transaction<'_>, template: &str, cleared: UnixMillis) -> Result<bool> {
    let was_stopped = find(db, "SELECT 1 FROM mail_stops WHERE template = $1 AND stopped > 0 FOR UPDATE", &[&template]).await?.is_some();
    let sql = "INSERT INTO mail_stops (template, stopped, hours, people, most, cleared) VALUES ($1, 0, 0, 0, 0, $2)
               ON CONFLICT (template) DO UPDATE SET stopped = 0, cleared = greatest(mail_stops.cleared, $2)";
    run(db, sql, &[&template, &int(cleared.0)?]).await?;
    Ok(was_stopped)
}

pub(super) async fn template_states(db: &impl GenericClient, now: UnixMillis) -> Result<Vec<TemplateState>> {
    let names = "SELECT template, sum(waiting)::bigint FROM (
                     SELECT template, count(*) AS waiting FROM mails WHERE state = 0 GROUP BY template
                     UNION ALL SELECT DISTINCT template, 0 FROM mail_hours
                     UNION ALL SELECT template, 0 FROM mail_stops
                 ) named GROUP BY template ORDER BY template";
    let stop = "SELECT template, stopped, hours, people, most, cleared FROM mail_stops WHERE template = $1";
    let mut states = Vec::new();
    for row in list(db, names, &[]).await? {
        let (template, waiting): (String, u64) = (row.try_get(0)?, number(&row, 1)?);
        let stop = find(db, stop, &[&template]).await?.map(|row| to_stop(&row)).transpose()?;
        let hours = hours_of(db, &template).await?;
        states.push(rules::template_state(template, &hours, stop.as_ref(), waiting, now));
    }
    Ok(states)
}

fn to_stop(row: &Row) -> Result<MailStopRow> {
    Ok(MailStopRow {
        template: row.try_get(0)?,
        stopped: time(row, 1)?,
        hours: number(row, 2)?,
        people: number(row, 3)?,
        most: number(row, 4)?,
        cleared: time(row, 5)?,
    })
}

pub(super) async fn decide(db: &Transaction<'_>, mail: MailId, decision: Decision, now: UnixMillis) -> Result<DecidedOn> {
    let parked = "SELECT account, event FROM mails WHERE mail = $1 AND state = 4 FOR UPDATE";
    let Some(row) = find(db, parked, &[&mail.0.as_slice()]).await? else { return Ok(DecidedOn::NotParked) };
    let (account, event) = (AccountId(fixed(&row, 0)?), EventId(fixed(&row, 1)?));
    if decision == Decision::SendAgain && is_taken_back(db, account, event, false).await? {
        return Ok(DecidedOn::TakenBack);
    }
    let (due, over) = match decision {
        Decision::SendAgain => (Some(int(now.0)?), None),
        Decision::Arrived | Decision::GiveUp => (None, Some(int(now.0)?)),
    };
    let state = i64::from(mail_state(rules::decided(decision)));
    let sql = "UPDATE mails SET state = $2, due = coalesce($3, due), over = coalesce($4, over) WHERE mail = $1 AND state = 4";
    run(db, sql, &[&mail.0.as_slice(), &state, &due, &over]).await?;
    Ok(DecidedOn::Done)
}

pub(super) async fn finish(db: &Transaction<'_>, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> Result<bool> {
    let (state, due, over) = match outcome {
        MailOutcome::Sent => (MailState::Sent, None, Some(now)),
        MailOutcome::Refused => (MailState::Refused, None, Some(now)),
        MailOutcome::RetryAt(due) | MailOutcome::NotYet(due) => (MailState::Queued, Some(due), None),
        MailOutcome::Unknown => (MailState::Parked, None, None),
    };
    let untried = i64::from(matches!(outcome, MailOutcome::NotYet(_)));
    let int = |time: Option<UnixMillis>| time.map(|time| int(time.0)).transpose();
    let sql = "UPDATE mails SET state = $2, due = coalesce($3, due), over = coalesce($4, over), tries = tries - $5
               WHERE mail = $1 AND state = 1";
    let state = i64::from(mail_state(state));
    Ok(run(db, sql, &[&mail.0.as_slice(), &state, &int(due)?, &int(over)?, &untried]).await? == 1)
}

pub(super) async fn parked(db: &impl GenericClient, limit: u32) -> Result<Vec<Mail>> {
    let sql = "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 4 ORDER BY queued, mail LIMIT $1";
    list(db, sql, &[&i64::from(limit)]).await?.iter().map(to_mail).collect()
}

pub(super) async fn queued(db: &impl GenericClient, template: &str, limit: u32) -> Result<Vec<Mail>> {
    let sql = "SELECT mail, event, recipient, template, details, queued, tries FROM mails WHERE state = 0 AND template = $1
               ORDER BY queued, mail LIMIT $2";
    list(db, sql, &[&template, &i64::from(limit)]).await?.iter().map(to_mail).collect()
}
