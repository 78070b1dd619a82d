//! Signals: receivers, streams, and what waits in them; queued with its event, claimed before it is pushed, recorded after.

use super::columns::{bound, int, number, optional_time, time};
use crate::signals::{
    Claimed, Connected, NewNote, Pushed, Receiver, ReceiverAdded, Scope, Standing, Stream, StreamConfig, StreamCreated, Told, Waiting,
};
use crate::store::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, EventId, ReceiverId, SignalId, StreamId};
use truebell_core::sign::PublicKey;
use truebell_core::signal::{Addresses, Algorithm, Kind, Kinds, StreamStatus, Subjects, derive_id};
use truebell_core::time::UnixMillis;

const RECEIVER: &str = "r.receiver, r.token, r.scope, r.subjects, r.kinds, r.everyone, r.algorithm, r.made, r.audience, r.name";
const STREAM: &str = "s.stream, s.receiver, s.status, s.delivered, s.due, s.tries, s.verified, s.sent, s.refused, s.dropped, s.last_sent,
     s.failed, s.header, s.failure, s.reason, s.description, s.endpoint, s.requested";
const WAITING: &str = "signal, stream, kind, at, subject, event, key, address, address_to, body";

/// A column whose number means nothing: damage.
fn damaged(column: usize) -> rusqlite::Error {
    rusqlite::Error::IntegralValueOutOfRange(column, -1)
}

fn kinds(row: &Row<'_>, column: usize) -> rusqlite::Result<Kinds> {
    row.get(column).map(Kinds)
}

fn to_receiver(row: &Row<'_>) -> rusqlite::Result<Receiver> {
    Ok(Receiver {
        receiver: ReceiverId(row.get(0)?),
        token: Hash32(row.get(1)?),
        scope: Scope::from_number(number(row, 2)?).ok_or_else(|| damaged(2))?,
        subjects: Subjects::from_number(number(row, 3)?).ok_or_else(|| damaged(3))?,
        kinds: kinds(row, 4)?,
        everyone: number(row, 5)? == 1,
        algorithm: Algorithm::from_number(number(row, 6)?).ok_or_else(|| damaged(6))?,
        made: time(row, 7)?,
        audience: row.get(8)?,
        name: row.get(9)?,
    })
}

/// Reads [`STREAM`] from a column on; `None` where a join found none.
fn to_stream(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Stream>> {
    let Some(stream) = row.get::<_, Option<[u8; 16]>>(at)?.map(StreamId) else { return Ok(None) };
    let endpoint: String = row.get(at + 16)?;
    Ok(Some(Stream {
        stream,
        receiver: ReceiverId(row.get(at + 1)?),
        status: StreamStatus::from_number(number(row, at + 2)?).ok_or_else(|| damaged(at + 2))?,
        reason: row.get(at + 14)?,
        config: StreamConfig {
            delivered: kinds(row, at + 3)?,
            authorization: row.get(at + 12)?,
            description: row.get(at + 15)?,
            endpoint: (!endpoint.is_empty()).then_some(endpoint),
            requested: row.get(at + 17)?,
        },
        standing: Standing {
            due: time(row, at + 4)?,
            tries: row.get(at + 5)?,
            verified: time(row, at + 6)?,
            sent: number(row, at + 7)?,
            refused: number(row, at + 8)?,
            dropped: number(row, at + 9)?,
            last_sent: optional_time(row, at + 10)?,
            failed: optional_time(row, at + 11)?,
            failure: row.get(at + 13)?,
        },
    }))
}

fn to_waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let (of, to): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
    Ok(Waiting {
        signal: SignalId(row.get(0)?),
        stream: StreamId(row.get(1)?),
        kind: Kind::try_from(number(row, 2)?).map_err(|_| damaged(2))?,
        at: time(row, 3)?,
        account: row.get::<_, Option<[u8; 16]>>(4)?.map(AccountId),
        event: row.get::<_, Option<[u8; 16]>>(5)?.map(EventId),
        key: row.get::<_, Option<[u8; 32]>>(6)?.map(PublicKey),
        addresses: of.map(|of| Addresses { of, to }),
        body: row.get(9)?,
    })
}

/// Queues what an event is told as, on every stream that is to hear of it, in the transaction of the event.
pub(super) fn queue(db: &Connection, told: &Told<'_>) -> Result<()> {
    if told.kinds.is_empty() {
        return Ok(());
    }
    let mut find = db.prepare_cached(
        "SELECT s.stream, s.delivered, r.subjects FROM signal_streams s JOIN signal_receivers r ON r.receiver = s.receiver
         LEFT JOIN signal_subjects u ON u.stream = s.stream AND u.account = ?1
         WHERE s.status IN (0, 1) AND s.delivered & ?2 <> 0 AND ifnull(u.wanted, r.everyone) = 1 ORDER BY s.stream",
    )?;
    let read = |row: &Row<'_>| {
        let subjects = Subjects::from_number(number(row, 2)?).ok_or_else(|| damaged(2))?;
        Ok((StreamId(row.get(0)?), kinds(row, 1)?, subjects))
    };
    let streams = find.query_map(params![told.account.0, told.kinds.0], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for (stream, delivered, subjects) in streams {
        for kind in delivered.and(told.kinds).iter() {
            insert(db, &told.waiting(stream, kind, subjects), None)?;
        }
    }
    Ok(())
}

/// Adds one, at the end or at a given place. One that is there stays as it is.
fn insert(db: &Connection, new: &Waiting, seq: Option<i64>) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO signals (signal, stream, seq, kind, at, subject, event, key, address, address_to, body)
         VALUES (?1, ?2, ifnull(?3, (SELECT ifnull(max(seq), 0) + 1 FROM signals WHERE stream = ?2)), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT DO NOTHING",
    )?;
    let (of, to) = new.addresses.as_ref().map_or((None, None), |addresses| (Some(&addresses.of), addresses.to.as_ref()));
    let (account, event, key) = (new.account.map(|id| id.0), new.event.map(|id| id.0), new.key.map(|key| key.0));
    let kind = new.kind.number();
    statement.execute(params![new.signal.0, new.stream.0, seq, kind, int(new.at.0)?, account, event, key, of, to, new.body])?;
    Ok(())
}

pub(super) fn add_receiver(db: &Connection, new: &Receiver) -> Result<ReceiverAdded> {
    let same: Option<[u8; 16]> =
        db.prepare_cached("SELECT receiver FROM signal_receivers WHERE name = ?")?.query_row([&new.name], |row| row.get(0)).optional()?;
    if let Some(stored) = same {
        return Ok(if stored == new.receiver.0 { ReceiverAdded::Added } else { ReceiverAdded::NameTaken });
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO signal_receivers (receiver, token, scope, subjects, kinds, everyone, algorithm, made, audience, name)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        new.receiver.0,
        new.token.0,
        new.scope as u8,
        new.subjects as u8,
        new.kinds.0,
        new.everyone,
        new.algorithm as u8,
        int(new.made.0)?,
        new.audience,
        new.name,
    ])?;
    Ok(ReceiverAdded::Added)
}

pub(super) fn remove_receiver(db: &Connection, name: &str) -> Result<bool> {
    let mut find =
        db.prepare_cached("SELECT s.stream FROM signal_streams s JOIN signal_receivers r ON r.receiver = s.receiver WHERE r.name = ?")?;
    if let Some(stream) = find.query_row([name], |row| row.get(0).map(StreamId)).optional()? {
        delete_stream(db, stream)?;
    }
    Ok(db.prepare_cached("DELETE FROM signal_receivers WHERE name = ?")?.execute([name])? == 1)
}

pub(super) fn receivers(db: &Connection) -> Result<Vec<Connected>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {RECEIVER}, {STREAM}, (SELECT count(*) FROM signals g WHERE g.stream = s.stream),
                (SELECT min(at) FROM signals g WHERE g.stream = s.stream)
         FROM signal_receivers r LEFT JOIN signal_streams s ON s.receiver = r.receiver ORDER BY r.name"
    ))?;
    let read = |row: &Row<'_>| {
        let (receiver, stream) = (to_receiver(row)?, to_stream(row, 10)?);
        Ok(Connected { receiver, stream, waiting: number(row, 28)?, oldest: optional_time(row, 29)? })
    };
    Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn receiver(db: &Connection, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {RECEIVER}, {STREAM} FROM signal_receivers r LEFT JOIN signal_streams s ON s.receiver = r.receiver WHERE r.token = ?"
    ))?;
    Ok(statement.query_row([token.0], |row| Ok((to_receiver(row)?, to_stream(row, 10)?))).optional()?)
}

pub(super) fn create_stream(db: &Connection, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated> {
    if !db.prepare_cached("SELECT 1 FROM signal_receivers WHERE receiver = ?")?.exists([receiver.0])? {
        return Ok(StreamCreated::NoReceiver);
    }
    let stored: Option<[u8; 16]> =
        db.prepare_cached("SELECT stream FROM signal_streams WHERE receiver = ?")?.query_row([receiver.0], |row| row.get(0)).optional()?;
    if let Some(stored) = stored {
        return Ok(if stored == stream.0 { StreamCreated::Created } else { StreamCreated::Exists });
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO signal_streams (stream, receiver, status, delivered, due, lease, tries, verified, sent, refused, dropped,
             header, description, endpoint, requested)
         VALUES (?, ?, 0, ?, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?, ?)",
    )?;
    let endpoint = config.endpoint.as_deref().unwrap_or("");
    insert.execute(params![
        stream.0,
        receiver.0,
        config.delivered.0,
        config.authorization,
        config.description,
        endpoint,
        config.requested
    ])?;
    Ok(StreamCreated::Created)
}

pub(super) fn change_stream(db: &Connection, stream: StreamId, config: &StreamConfig) -> Result<bool> {
    // A new endpoint is tried at once.
    let mut statement = db.prepare_cached(
        "UPDATE signal_streams SET delivered = ?, header = ?, description = ?, endpoint = ?, requested = ?, due = 0, tries = 0
         WHERE stream = ?",
    )?;
    let endpoint = config.endpoint.as_deref().unwrap_or("");
    let params = params![config.delivered.0, config.authorization, config.description, endpoint, config.requested, stream.0];
    Ok(statement.execute(params)? == 1)
}

pub(super) fn delete_stream(db: &Connection, stream: StreamId) -> Result<bool> {
    db.prepare_cached("DELETE FROM signals WHERE stream = ?")?.execute([stream.0])?;
    db.prepare_cached("DELETE FROM signal_subjects WHERE stream = ?")?.execute([stream.0])?;
    Ok(db.prepare_cached("DELETE FROM signal_streams WHERE stream = ?")?.execute([stream.0])? == 1)
}

pub(super) fn set_status(db: &Connection, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
    let mut statement = db.prepare_cached("UPDATE signal_streams SET status = ?, reason = ? WHERE stream = ?")?;
    let is_there = statement.execute(params![status as u8, reason, stream.0])? == 1;
    if is_there && status == StreamStatus::Disabled {
        db.prepare_cached("DELETE FROM signals WHERE stream = ?")?.execute([stream.0])?;
    }
    Ok(is_there)
}

pub(super) fn set_subject(db: &Connection, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "INSERT INTO signal_subjects (stream, account, wanted)
         SELECT s.stream, a.account, ?3 FROM signal_streams s, accounts a WHERE s.stream = ?1 AND a.account = ?2
         ON CONFLICT DO UPDATE SET wanted = excluded.wanted",
    )?;
    Ok(statement.execute(params![stream.0, account.0, wanted])? == 1)
}

pub(super) fn add_note(db: &Connection, note: &NewNote) -> Result<bool> {
    let verified = (note.kind == Kind::Verification).then_some(int(note.at.0)?);
    let mut statement =
        db.prepare_cached("UPDATE signal_streams SET verified = ifnull(?, verified) WHERE stream = ? AND status IN (0, 1)")?;
    let flows = statement.execute(params![verified, note.stream.0])? == 1;
    if flows {
        insert(db, &note.waiting(), None)?;
    }
    Ok(flows)
}

pub(super) fn claim(db: &Connection, now: UnixMillis, lease: UnixMillis) -> Result<Option<Claimed>> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {RECEIVER}, {STREAM} FROM signal_streams s JOIN signal_receivers r ON r.receiver = s.receiver
         WHERE s.status = 0 AND s.endpoint <> '' AND s.due <= ?1 AND s.lease < ?1 AND EXISTS (SELECT 1 FROM signals g WHERE g.stream = s.stream)
         ORDER BY s.due, s.stream LIMIT 1"
    ))?;
    let found = find.query_row([bound(now.0)], |row| Ok((to_receiver(row)?, to_stream(row, 10)?))).optional()?;
    let Some((receiver, Some(stream))) = found else { return Ok(None) };
    let Some(waiting) = waiting(db, stream.stream, 1)?.pop() else { return Ok(None) };
    db.prepare_cached("UPDATE signal_streams SET lease = ? WHERE stream = ?")?.execute(params![int(lease.0)?, stream.stream.0])?;
    Ok(Some(Claimed { receiver, stream, waiting, lease }))
}

pub(super) fn finish(
    db: &Connection,
    (stream, signal, lease): (StreamId, SignalId, UnixMillis),
    pushed: &Pushed,
    now: UnixMillis,
) -> Result<bool> {
    let now = int(now.0)?;
    let is_there = match pushed {
        Pushed::RetryAt(..) => {
            db.prepare_cached("SELECT 1 FROM signals WHERE signal = ? AND stream = ?")?.exists(params![signal.0, stream.0])?
        }
        _ => db.prepare_cached("DELETE FROM signals WHERE signal = ? AND stream = ?")?.execute(params![signal.0, stream.0])? == 1,
    };
    match pushed {
        Pushed::Taken => {
            let sql = "UPDATE signal_streams SET sent = sent + ?, last_sent = ?, tries = 0, due = 0 WHERE stream = ?";
            db.prepare_cached(sql)?.execute(params![is_there, now, stream.0])?
        }
        Pushed::Refused(why) => {
            let sql = "UPDATE signal_streams SET refused = refused + ?, failed = ?, failure = ?, tries = 0, due = 0 WHERE stream = ?";
            db.prepare_cached(sql)?.execute(params![is_there, now, why, stream.0])?
        }
        Pushed::RetryAt(due, why) => {
            let sql = "UPDATE signal_streams SET tries = tries + 1, failed = ?, failure = ?, due = ? WHERE stream = ?";
            db.prepare_cached(sql)?.execute(params![now, why, int(due.0)?, stream.0])?
        }
    };
    // Who comes back when the claim is over leaves the next one's alone.
    let mut release = db.prepare_cached("UPDATE signal_streams SET lease = 0 WHERE stream = ? AND lease = ?")?;
    release.execute(params![stream.0, int(lease.0)?])?;
    Ok(is_there)
}

pub(super) fn waiting(db: &Connection, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
    let mut statement = db.prepare_cached(&format!("SELECT {WAITING} FROM signals WHERE stream = ? ORDER BY seq, signal LIMIT ?"))?;
    Ok(statement.query_map(params![stream.0, limit], to_waiting)?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn settle(
    db: &Connection,
    stream: StreamId,
    taken: &[SignalId],
    refused: &[(SignalId, String)],
    now: UnixMillis,
) -> Result<u64> {
    let mut delete = db.prepare_cached("DELETE FROM signals WHERE signal = ? AND stream = ?")?;
    let mut gone = 0;
    for signal in taken {
        gone += delete.execute(params![signal.0, stream.0])? as u64;
    }
    if gone > 0 {
        let mut statement = db.prepare_cached("UPDATE signal_streams SET sent = sent + ?, last_sent = ? WHERE stream = ?")?;
        statement.execute(params![int(gone)?, int(now.0)?, stream.0])?;
    }
    for (signal, why) in refused {
        if delete.execute(params![signal.0, stream.0])? == 1 {
            gone += 1;
            let mut statement =
                db.prepare_cached("UPDATE signal_streams SET refused = refused + 1, failed = ?, failure = ? WHERE stream = ?")?;
            statement.execute(params![int(now.0)?, why, stream.0])?;
        }
    }
    Ok(gone)
}

pub(super) fn trim(db: &Connection, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
    // What was queued while its stream was being removed or disabled.
    db.prepare_cached("DELETE FROM signals WHERE stream NOT IN (SELECT stream FROM signal_streams WHERE status <> 2)")?.execute([])?;
    let streams = {
        let mut find = db.prepare_cached("SELECT stream FROM signal_streams ORDER BY stream")?;
        find.query_map([], |row| row.get(0).map(StreamId))?.collect::<rusqlite::Result<Vec<_>>>()?
    };
    let mut dropped = 0;
    for stream in streams {
        let updated = Kind::StreamUpdated.number();
        let mut drop_old = db.prepare_cached(
            "DELETE FROM signals WHERE stream = ?1 AND kind <> ?2 AND (at < ?3 OR signal IN
                 (SELECT signal FROM signals WHERE stream = ?1 AND kind <> ?2 ORDER BY seq DESC, signal DESC LIMIT -1 OFFSET ?4))",
        )?;
        let here = drop_old.execute(params![stream.0, updated, bound(before.0), bound(keep)])? as u64;
        if here == 0 {
            continue;
        }
        dropped += here;
        let mut count = db.prepare_cached("UPDATE signal_streams SET dropped = dropped + ? WHERE stream = ? RETURNING dropped")?;
        let total = count.query_row(params![int(here)?, stream.0], |row| number(row, 0))?;
        db.prepare_cached("DELETE FROM signals WHERE stream = ? AND kind = ?")?.execute(params![stream.0, updated])?;
        let signal = derive_id(stream, &total.to_be_bytes(), Kind::StreamUpdated);
        let note = NewNote { stream, signal, kind: Kind::StreamUpdated, at: now, body: total.to_string() };
        insert(db, &note.waiting(), Some(0))?;
    }
    Ok(dropped)
}
