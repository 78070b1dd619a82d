//! Signals: receivers, streams, and what waits in them; queued with its event, claimed before it is pushed, recorded after.
//!
//! Queueing locks no stream: an account's own lock keeps its signals in order, and what is queued while a stream is removed or disabled
//! is swept by `trim`.

use super::columns::{bound, find, fixed, int, list, number, optional_fixed, optional_time, run, small, time};
use super::failure::Result;
use crate::StoreError;
use crate::signals::{
    Claimed, Connected, NewNote, Pushed, Receiver, ReceiverAdded, Scope, Standing, Stream, StreamConfig, StreamCreated, Told, Waiting,
};
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, EventId, ReceiverId, SignalId, StreamId};
use truebell_core::sign::PublicKey;
use truebell_core::signal::{Addresses, Algorithm, Kind, Kinds, StreamStatus, Subjects, derive_id};
use truebell_core::time::UnixMillis;

const RECEIVER: &str = "r.receiver, r.token, r.scope, r.subjects, r.kinds, r.everyone, r.algorithm, r.made, r.audience, r.name";
const STREAM: &str = "s.stream, s.receiver, s.status, s.delivered, s.due, s.tries, s.verified, s.sent, s.refused, s.dropped, s.last_sent,
     s.failed, s.header, s.failure, s.reason, s.description, s.endpoint, s.requested";
const WAITING: &str = "signal, stream, kind, at, subject, event, key, address, address_to, body";
const DAMAGED: StoreError = StoreError::Damaged("a signal's row with a number that means nothing");

fn kinds(row: &Row, column: usize) -> Result<Kinds> {
    small(row, column).map(Kinds)
}

fn to_receiver(row: &Row) -> Result<Receiver> {
    Ok(Receiver {
        receiver: ReceiverId(fixed(row, 0)?),
        token: Hash32(fixed(row, 1)?),
        scope: Scope::from_number(number(row, 2)?).ok_or(DAMAGED)?,
        subjects: Subjects::from_number(number(row, 3)?).ok_or(DAMAGED)?,
        kinds: kinds(row, 4)?,
        everyone: number(row, 5)? == 1,
        algorithm: Algorithm::from_number(number(row, 6)?).ok_or(DAMAGED)?,
        made: time(row, 7)?,
        audience: row.try_get(8)?,
        name: row.try_get(9)?,
    })
}

/// Reads [`STREAM`] from a column on; `None` where a join found none.
fn to_stream(row: &Row, at: usize) -> Result<Option<Stream>> {
    let Some(stream) = optional_fixed(row, at)?.map(StreamId) else { return Ok(None) };
    let endpoint: String = row.try_get(at + 16)?;
    Ok(Some(Stream {
        stream,
        receiver: ReceiverId(fixed(row, at + 1)?),
        status: StreamStatus::from_number(number(row, at + 2)?).ok_or(DAMAGED)?,
        reason: row.try_get(at + 14)?,
        config: StreamConfig {
            delivered: kinds(row, at + 3)?,
            authorization: row.try_get(at + 12)?,
            description: row.try_get(at + 15)?,
            endpoint: (!endpoint.is_empty()).then_some(endpoint),
            requested: row.try_get(at + 17)?,
        },
        standing: Standing {
            due: time(row, at + 4)?,
            tries: small(row, at + 5)?,
            verified: time(row, at + 6)?,
            sent: number(row, at + 7)?,
            refused: number(row, at + 8)?,
            dropped: number(row, at + 9)?,
            last_sent: optional_time(row, at + 10)?,
            failed: optional_time(row, at + 11)?,
            failure: row.try_get(at + 13)?,
        },
    }))
}

fn to_waiting(row: &Row) -> Result<Waiting> {
    let (of, to): (Option<String>, Option<String>) = (row.try_get(7)?, row.try_get(8)?);
    Ok(Waiting {
        signal: SignalId(fixed(row, 0)?),
        stream: StreamId(fixed(row, 1)?),
        kind: Kind::try_from(number(row, 2)?).map_err(|_| DAMAGED)?,
        at: time(row, 3)?,
        account: optional_fixed(row, 4)?.map(AccountId),
        event: optional_fixed(row, 5)?.map(EventId),
        key: optional_fixed(row, 6)?.map(PublicKey),
        addresses: of.map(|of| Addresses { of, to }),
        body: row.try_get(9)?,
    })
}

/// Queues what an event is told as, on every stream that is to hear of it, in the transaction of the event.
pub(super) async fn queue(db: &Transaction<'_>, told: &Told<'_>) -> Result<()> {
    if told.kinds.is_empty() {
        return Ok(());
    }
    let sql = "SELECT s.stream, s.delivered, r.subjects FROM signal_streams s JOIN signal_receivers r ON r.receiver = s.receiver
               LEFT JOIN signal_subjects u ON u.stream = s.stream AND u.account = $1
               WHERE s.status IN (0, 1) AND s.delivered & $2 <> 0 AND coalesce(u.wanted, r.everyone) = 1 ORDER BY s.stream";
    for row in list(db, sql, &[&told.account.0.as_slice(), &i64::from(told.kinds.0)]).await? {
        let subjects = Subjects::from_number(number(&row, 2)?).ok_or(DAMAGED)?;
        let stream = StreamId(fixed(&row, 0)?);
        for kind in kinds(&row, 1)?.and(told.kinds).iter() {
            insert(db, &told.waiting(stream, kind, subjects), None).await?;
        }
    }
    Ok(())
}

/// Adds one, at the end or at a given place. One that is there stays as it is.
async fn insert(db: &Transaction<'_>, new: &Waiting, seq: Option<i64>) -> Result<()> {
    let sql = "INSERT INTO signals (signal, stream, seq, kind, at, subject, event, key, address, address_to, body)
               VALUES ($1, $2, coalesce($3, (SELECT coalesce(max(seq), 0) + 1 FROM signals WHERE stream = $2)), $4, $5, $6, $7, $8, $9, $10, $11)
               ON CONFLICT DO NOTHING";
    let (of, to) = new.addresses.as_ref().map_or((None, None), |addresses| (Some(&addresses.of), addresses.to.as_ref()));
    let (signal, stream) = (new.signal.0.as_slice(), new.stream.0.as_slice());
    let account = new.account.as_ref().map(|id| id.0.as_slice());
    let event = new.event.as_ref().map(|id| id.0.as_slice());
    let key = new.key.as_ref().map(|key| key.0.as_slice());
    let kind = i64::from(new.kind.number());
    run(db, sql, &[&signal, &stream, &seq, &kind, &int(new.at.0)?, &account, &event, &key, &of, &to, &new.body]).await?;
    Ok(())
}

pub(super) async fn add_receiver(db: &Transaction<'_>, new: &Receiver) -> Result<ReceiverAdded> {
    let sql = "INSERT INTO signal_receivers (receiver, token, scope, subjects, kinds, everyone, algorithm, made, audience, name)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO NOTHING";
    let (id, token) = (new.receiver.0.as_slice(), new.token.0.as_slice());
    let (scope, subjects, algorithm) = (new.scope as i64, new.subjects as i64, new.algorithm as i64);
    let (kinds, everyone, made) = (i64::from(new.kinds.0), i64::from(new.everyone), int(new.made.0)?);
    run(db, sql, &[&id, &token, &scope, &subjects, &kinds, &everyone, &algorithm, &made, &new.audience, &new.name]).await?;
    let stored = find(db, "SELECT receiver FROM signal_receivers WHERE name = $1", &[&new.name]).await?;
    let is_this = stored.map(|row| fixed(&row, 0)).transpose()? == Some(new.receiver.0);
    Ok(if is_this { ReceiverAdded::Added } else { ReceiverAdded::NameTaken })
}

pub(super) async fn remove_receiver(db: &Transaction<'_>, name: &str) -> Result<bool> {
    let sql = "SELECT s.stream FROM signal_streams s JOIN signal_receivers r ON r.receiver = s.receiver WHERE r.name = $1";
    if let Some(row) = find(db, sql, &[&name]).await? {
        delete_stream(db, StreamId(fixed(&row, 0)?)).await?;
    }
    Ok(run(db, "DELETE FROM signal_receivers WHERE name = $1", &[&name]).await? == 1)
}

pub(super) async fn receivers(db: &impl GenericClient) -> Result<Vec<Connected>> {
    let sql = format!(
        "SELECT {RECEIVER}, {STREAM}, (SELECT count(*) FROM signals g WHERE g.stream = s.stream),
                (SELECT min(at) FROM signals g WHERE g.stream = s.stream)
         FROM signal_receivers r LEFT JOIN signal_streams s ON s.receiver = r.receiver ORDER BY r.name"
    );
    let read = |row: &Row| {
        let (receiver, stream) = (to_receiver(row)?, to_stream(row, 10)?);
        Ok(Connected { receiver, stream, waiting: number(row, 28)?, oldest: optional_time(row, 29)? })
    };
    list(db, &sql, &[]).await?.iter().map(read).collect()
}

pub(super) async fn receiver(db: &impl GenericClient, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
    let sql = format!(
        "SELECT {RECEIVER}, {STREAM} FROM signal_receivers r LEFT JOIN signal_streams s ON s.receiver = r.receiver WHERE r.token = $1"
    );
    let Some(row) = find(db, &sql, &[&token.0.as_slice()]).await? else { return Ok(None) };
    Ok(Some((to_receiver(&row)?, to_stream(&row, 10)?)))
}

pub(super) async fn create_stream(
    db: &Transaction<'_>,
    stream: StreamId,
    receiver: ReceiverId,
    config: &StreamConfig,
) -> Result<StreamCreated> {
    let (id, of) = (stream.0.as_slice(), receiver.0.as_slice());
    // Behind this lock the receiver stays, and gets one stream.
    if find(db, "SELECT 1 FROM signal_receivers WHERE receiver = $1 FOR UPDATE", &[&of]).await?.is_none() {
        return Ok(StreamCreated::NoReceiver);
    }
    if let Some(row) = find(db, "SELECT stream FROM signal_streams WHERE receiver = $1", &[&of]).await? {
        return Ok(if fixed(&row, 0)? == stream.0 { StreamCreated::Created } else { StreamCreated::Exists });
    }
    let sql = "INSERT INTO signal_streams (stream, receiver, status, delivered, due, lease, tries, verified, sent, refused, dropped,
                   header, description, endpoint, requested)
               VALUES ($1, $2, 0, $3, 0, 0, 0, 0, 0, 0, 0, $4, $5, $6, $7)";
    let endpoint = config.endpoint.as_deref().unwrap_or("");
    let delivered = i64::from(config.delivered.0);
    run(db, sql, &[&id, &of, &delivered, &config.authorization, &config.description, &endpoint, &config.requested]).await?;
    Ok(StreamCreated::Created)
}

pub(super) async fn change_stream(db: &Transaction<'_>, stream: StreamId, config: &StreamConfig) -> Result<bool> {
    // A new endpoint is tried at once.
    let sql = "UPDATE signal_streams SET delivered = $2, header = $3, description = $4, endpoint = $5, requested = $6, due = 0,
                   tries = 0
               WHERE stream = $1";
    let (id, delivered) = (stream.0.as_slice(), i64::from(config.delivered.0));
    let endpoint = config.endpoint.as_deref().unwrap_or("");
    Ok(run(db, sql, &[&id, &delivered, &config.authorization, &config.description, &endpoint, &config.requested]).await? == 1)
}

pub(super) async fn delete_stream(db: &Transaction<'_>, stream: StreamId) -> Result<bool> {
    let id = stream.0.as_slice();
    let was_there = run(db, "DELETE FROM signal_streams WHERE stream = $1", &[&id]).await? == 1;
    run(db, "DELETE FROM signals WHERE stream = $1", &[&id]).await?;
    run(db, "DELETE FROM signal_subjects WHERE stream = $1", &[&id]).await?;
    Ok(was_there)
}

pub(super) async fn set_status(db: &Transaction<'_>, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
    let id = stream.0.as_slice();
    let sql = "UPDATE signal_streams SET status = $2, reason = $3 WHERE stream = $1";
    let is_there = run(db, sql, &[&id, &(status as i64), &reason]).await? == 1;
    if is_there && status == StreamStatus::Disabled {
        run(db, "DELETE FROM signals WHERE stream = $1", &[&id]).await?;
    }
    Ok(is_there)
}

pub(super) async fn set_subject(db: &Transaction<'_>, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
    // Behind these locks neither goes while it is named.
    let sql = "INSERT INTO signal_subjects (stream, account, wanted)
               SELECT s.stream, a.account, $3 FROM signal_streams s, accounts a WHERE s.stream = $1 AND a.account = $2 FOR KEY SHARE
               ON CONFLICT (stream, account) DO UPDATE SET wanted = excluded.wanted";
    Ok(run(db, sql, &[&stream.0.as_slice(), &account.0.as_slice(), &i64::from(wanted)]).await? == 1)
}

pub(super) async fn add_note(db: &Transaction<'_>, note: &NewNote) -> Result<bool> {
    let verified = if note.kind == Kind::Verification { Some(int(note.at.0)?) } else { None };
    let sql = "UPDATE signal_streams SET verified = coalesce($2, verified) WHERE stream = $1 AND status IN (0, 1)";
    let flows = run(db, sql, &[&note.stream.0.as_slice(), &verified]).await? == 1;
    if flows {
        insert(db, &note.waiting(), None).await?;
    }
    Ok(flows)
}

/// Claimers pass by what another one holds: nobody waits, and no stream is claimed twice.
pub(super) async fn claim(db: &Transaction<'_>, now: UnixMillis, lease: UnixMillis) -> Result<Option<Claimed>> {
    let sql = format!(
        "SELECT {RECEIVER}, {STREAM} FROM signal_streams s JOIN signal_receivers r ON r.receiver = s.receiver
         WHERE s.status = 0 AND s.endpoint <> '' AND s.due <= $1 AND s.lease < $1 AND EXISTS (SELECT 1 FROM signals g WHERE g.stream = s.stream)
         ORDER BY s.due, s.stream LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED"
    );
    let Some(row) = find(db, &sql, &[&bound(now.0)]).await? else { return Ok(None) };
    let (receiver, Some(stream)) = (to_receiver(&row)?, to_stream(&row, 10)?) else { return Ok(None) };
    let Some(waiting) = waiting(db, stream.stream, 1).await?.pop() else { return Ok(None) };
    let sql = "UPDATE signal_streams SET lease = $2 WHERE stream = $1";
    run(db, sql, &[&stream.stream.0.as_slice(), &int(lease.0)?]).await?;
    Ok(Some(Claimed { receiver, stream, waiting, lease }))
}

pub(super) async fn finish(
    db: &Transaction<'_>,
    (stream, signal, lease): (StreamId, SignalId, UnixMillis),
    pushed: &Pushed,
    now: UnixMillis,
) -> Result<bool> {
    let (stream, signal, now) = (stream.0.as_slice(), signal.0.as_slice(), int(now.0)?);
    let is_there = match pushed {
        Pushed::RetryAt(..) => find(db, "SELECT 1 FROM signals WHERE signal = $1 AND stream = $2", &[&signal, &stream]).await?.is_some(),
        _ => run(db, "DELETE FROM signals WHERE signal = $1 AND stream = $2", &[&signal, &stream]).await? == 1,
    };
    let count = i64::from(is_there);
    match pushed {
        Pushed::Taken => {
            let sql = "UPDATE signal_streams SET sent = sent + $2, last_sent = $3, tries = 0, due = 0 WHERE stream = $1";
            run(db, sql, &[&stream, &count, &now]).await?
        }
        Pushed::Refused(why) => {
            let sql = "UPDATE signal_streams SET refused = refused + $2, failed = $3, failure = $4, tries = 0, due = 0 WHERE stream = $1";
            run(db, sql, &[&stream, &count, &now, &why]).await?
        }
        Pushed::RetryAt(due, why) => {
            let sql = "UPDATE signal_streams SET tries = tries + 1, failed = $2, failure = $3, due = $4 WHERE stream = $1";
            run(db, sql, &[&stream, &now, &why, &int(due.0)?]).await?
        }
    };
    // Who comes back when the claim is over leaves the next one's alone.
    run(db, "UPDATE signal_streams SET lease = 0 WHERE stream = $1 AND lease = $2", &[&stream, &int(lease.0)?]).await?;
    Ok(is_there)
}

pub(super) async fn waiting(db: &impl GenericClient, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
    let sql = format!("SELECT {WAITING} FROM signals WHERE stream = $1 ORDER BY seq, signal LIMIT $2");
    list(db, &sql, &[&stream.0.as_slice(), &i64::from(limit)]).await?.iter().map(to_waiting).collect()
}

pub(super) async fn settle(
    db: &Transaction<'_>,
    stream: StreamId,
    taken: &[SignalId],
    refused: &[(SignalId, String)],
    now: UnixMillis,
) -> Result<u64> {
    const DELETE: &str = "DELETE FROM signals WHERE signal = $1 AND stream = $2";
    let (stream, now) = (stream.0.as_slice(), int(now.0)?);
    let mut gone = 0;
    for signal in taken {
        gone += run(db, DELETE, &[&signal.0.as_slice(), &stream]).await?;
    }
    if gone > 0 {
        let sql = "UPDATE signal_streams SET sent = sent + $2, last_sent = $3 WHERE stream = $1";
        run(db, sql, &[&stream, &int(gone)?, &now]).await?;
    }
    for (signal, why) in refused {
        if run(db, DELETE, &[&signal.0.as_slice(), &stream]).await? == 1 {
            gone += 1;
            let sql = "UPDATE signal_streams SET refused = refused + 1, failed = $2, failure = $3 WHERE stream = $1";
            run(db, sql, &[&stream, &now, &why]).await?;
        }
    }
    Ok(gone)
}

pub(super) async fn trim(db: &Transaction<'_>, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
    run(db, "DELETE FROM signals WHERE stream NOT IN (SELECT stream FROM signal_streams WHERE status <> 2)", &[]).await?;
    let mut dropped = 0;
    for row in list(db, "SELECT stream FROM signal_streams ORDER BY stream", &[]).await? {
        let stream = StreamId(fixed(&row, 0)?);
        let (id, updated) = (stream.0.as_slice(), i64::from(Kind::StreamUpdated.number()));
        let sql = "DELETE FROM signals WHERE stream = $1 AND kind <> $2 AND (at < $3 OR signal IN
                       (SELECT signal FROM signals WHERE stream = $1 AND kind <> $2 ORDER BY seq DESC, signal DESC OFFSET $4))";
        let here = run(db, sql, &[&id, &updated, &bound(before.0), &bound(keep)]).await?;
        if here == 0 {
            continue;
        }
        dropped += here;
        let sql = "UPDATE signal_streams SET dropped = dropped + $2 WHERE stream = $1 RETURNING dropped";
        let Some(row) = find(db, sql, &[&id, &int(here)?]).await? else { continue };
        let total = number(&row, 0)?;
        run(db, "DELETE FROM signals WHERE stream = $1 AND kind = $2", &[&id, &updated]).await?;
        let signal = derive_id(stream, &total.to_be_bytes(), Kind::StreamUpdated);
        let note = NewNote { stream, signal, kind: Kind::StreamUpdated, at: now, body: total.to_string() };
        insert(db, &note.waiting(), Some(0)).await?;
    }
    Ok(dropped)
}
