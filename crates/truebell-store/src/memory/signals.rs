//! Signals: receivers, streams, and what waits in them; queued with its event, claimed before it is pushed, recorded after.

use super::state::State;
use crate::StoreError;
use crate::signals::{
    Claimed, Connected, NewNote, Pushed, Receiver, ReceiverAdded, Scope, Standing, Stream, StreamConfig, StreamCreated, Told, Waiting,
};
use crate::store::Result;
use crate::tables::{SignalReceiverRow, SignalRow, SignalStreamRow, SignalSubjectRow};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, ReceiverId, SignalId, StreamId};
use truebell_core::signal::{Addresses, Algorithm, Kind, Kinds, StreamStatus, Subjects, derive_id, schedules_deletion};
use truebell_core::time::UnixMillis;

const DAMAGED: StoreError = StoreError::Damaged("a signal's row with a number that means nothing");

const DISABLED: u8 = StreamStatus::Disabled as u8;

impl State {
    /// Queues what an event is told as, on every stream that is to hear of it, in the transaction of the event.
    pub(super) fn queue_signals(&mut self, told: &Told<'_>) -> Result<()> {
        let mut queued = Vec::new();
        for stream in self.signal_streams.values().filter(|stream| stream.status != DISABLED) {
            let receiver = self.signal_receivers.get(&stream.receiver).ok_or(DAMAGED)?;
            let named = self.signal_subjects.get(&(stream.stream, told.account)).map(|row| row.wanted);
            if named.unwrap_or(receiver.everyone) == 1 {
                let subjects = Subjects::from_number(receiver.subjects.into()).ok_or(DAMAGED)?;
                let kinds = Kinds(stream.delivered).and(told.kinds);
                queued.extend(kinds.iter().map(|kind| told.waiting(stream.stream, kind, subjects)));
            }
        }
        for waiting in queued {
            self.insert_signal(waiting, None);
        }
        Ok(())
    }

    /// Queues the signal that an account is gone, proven by its last wish to be deleted.
    pub(super) fn tell_end(&mut self, id: AccountId, now: UnixMillis) -> Result<()> {
        let events = self.events.range((id, 0)..=(id, u64::MAX)).rev();
        let wish = events.map(|(_, event)| event).find(|event| schedules_deletion(&event.body)).cloned();
        let (Some(wish), Some(account)) = (wish, self.accounts.get(&id).cloned()) else { return Ok(()) };
        self.queue_signals(&Told::of_end(id, (wish.event, &wish.body), account.signing, &account.email, now))
    }

    /// Adds one, at the end or at a given place. One that is there stays as it is.
    fn insert_signal(&mut self, new: Waiting, seq: Option<u64>) {
        let last = self.signals.values().filter(|row| row.stream == new.stream).map(|row| row.seq).max().unwrap_or(0);
        let (address, address_to) = new.addresses.map_or((None, None), |addresses| (Some(addresses.of), addresses.to));
        let row = SignalRow {
            signal: new.signal,
            stream: new.stream,
            seq: seq.unwrap_or(last + 1),
            kind: new.kind.number(),
            at: new.at,
            subject: new.account,
            event: new.event,
            key: new.key,
            address,
            address_to,
            body: new.body,
        };
        self.signals.entry(row.signal).or_insert(row);
    }

    pub(super) fn signals_add_receiver(&mut self, new: &Receiver) -> Result<ReceiverAdded> {
        if let Some(stored) = self.signal_receivers.values().find(|stored| stored.name == new.name) {
            return Ok(if stored.receiver == new.receiver { ReceiverAdded::Added } else { ReceiverAdded::NameTaken });
        }
        let row = SignalReceiverRow {
            receiver: new.receiver,
            token: new.token,
            scope: new.scope as u8,
            subjects: new.subjects as u8,
            kinds: new.kinds.0,
            everyone: new.everyone.into(),
            algorithm: new.algorithm as u8,
            made: new.made,
            audience: new.audience.clone(),
            name: new.name.clone(),
        };
        self.signal_receivers.insert(new.receiver, row);
        Ok(ReceiverAdded::Added)
    }

    pub(super) fn signals_remove_receiver(&mut self, name: &str) -> Result<bool> {
        let Some(receiver) = self.signal_receivers.values().find(|row| row.name == name).map(|row| row.receiver) else { return Ok(false) };
        if let Some(stream) = self.stream_of(receiver).map(|row| row.stream) {
            self.signals_delete_stream(stream)?;
        }
        Ok(self.signal_receivers.remove(&receiver).is_some())
    }

    fn stream_of(&self, receiver: ReceiverId) -> Option<&SignalStreamRow> {
        self.signal_streams.values().find(|row| row.receiver == receiver)
    }

    pub(super) fn signals_receivers(&self) -> Result<Vec<Connected>> {
        let connect = |row: &SignalReceiverRow| {
            let stream = self.stream_of(row.receiver);
            let waiting: Vec<_> = self.signals.values().filter(|signal| stream.is_some_and(|row| row.stream == signal.stream)).collect();
            Ok(Connected {
                receiver: to_receiver(row)?,
                stream: stream.map(to_stream).transpose()?,
                waiting: waiting.len() as u64,
                oldest: waiting.iter().map(|signal| signal.at).min(),
            })
        };
        let mut all = self.signal_receivers.values().map(connect).collect::<Result<Vec<_>>>()?;
        all.sort_by(|a, b| a.receiver.name.cmp(&b.receiver.name));
        Ok(all)
    }

    pub(super) fn signals_receiver(&self, token: Hash32) -> Result<Option<(Receiver, Option<Stream>)>> {
        let Some(row) = self.signal_receivers.values().find(|row| row.token == token) else { return Ok(None) };
        Ok(Some((to_receiver(row)?, self.stream_of(row.receiver).map(to_stream).transpose()?)))
    }

    pub(super) fn signals_create_stream(&mut self, stream: StreamId, receiver: ReceiverId, config: &StreamConfig) -> Result<StreamCreated> {
        if !self.signal_receivers.contains_key(&receiver) {
            return Ok(StreamCreated::NoReceiver);
        }
        if let Some(stored) = self.stream_of(receiver) {
            return Ok(if stored.stream == stream { StreamCreated::Created } else { StreamCreated::Exists });
        }
        let row = SignalStreamRow {
            stream,
            receiver,
            status: 0,
            delivered: config.delivered.0,
            due: UnixMillis(0),
            lease: UnixMillis(0),
            tries: 0,
            verified: UnixMillis(0),
            sent: 0,
            refused: 0,
            dropped: 0,
            last_sent: None,
            failed: None,
            authorization: config.authorization.clone(),
            failure: None,
            reason: None,
            description: config.description.clone(),
            endpoint: config.endpoint.as_deref().unwrap_or("").to_owned(),
            requested: config.requested.clone(),
        };
        self.signal_streams.insert(stream, row);
        Ok(StreamCreated::Created)
    }

    pub(super) fn signals_change_stream(&mut self, stream: StreamId, config: &StreamConfig) -> Result<bool> {
        let Some(row) = self.signal_streams.get_mut(&stream) else { return Ok(false) };
        row.delivered = config.delivered.0;
        row.authorization.clone_from(&config.authorization);
        row.description.clone_from(&config.description);
        row.endpoint = config.endpoint.as_deref().unwrap_or("").to_owned();
        row.requested.clone_from(&config.requested);
        (row.due, row.tries) = (UnixMillis(0), 0);
        Ok(true)
    }

    pub(super) fn signals_delete_stream(&mut self, stream: StreamId) -> Result<bool> {
        self.signals.retain(|_, row| row.stream != stream);
        self.signal_subjects.retain(|_, row| row.stream != stream);
        Ok(self.signal_streams.remove(&stream).is_some())
    }

    pub(super) fn signals_set_status(&mut self, stream: StreamId, status: StreamStatus, reason: Option<&str>) -> Result<bool> {
        let Some(row) = self.signal_streams.get_mut(&stream) else { return Ok(false) };
        (row.status, row.reason) = (status as u8, reason.map(str::to_owned));
        if status == StreamStatus::Disabled {
            self.signals.retain(|_, row| row.stream != stream);
        }
        Ok(true)
    }

    pub(super) fn signals_set_subject(&mut self, stream: StreamId, account: AccountId, wanted: bool) -> Result<bool> {
        let are_there = self.signal_streams.contains_key(&stream) && self.accounts.contains_key(&account);
        if are_there {
            self.signal_subjects.insert((stream, account), SignalSubjectRow { stream, account, wanted: wanted.into() });
        }
        Ok(are_there)
    }

    pub(super) fn signals_add_note(&mut self, note: &NewNote) -> Result<bool> {
        let Some(row) = self.signal_streams.get_mut(&note.stream).filter(|row| row.status != DISABLED) else { return Ok(false) };
        if note.kind == Kind::Verification {
            row.verified = note.at;
        }
        self.insert_signal(note.waiting(), None);
        Ok(true)
    }

    pub(super) fn signals_claim(&mut self, now: UnixMillis, lease: UnixMillis) -> Result<Option<Claimed>> {
        let waits = |row: &&SignalStreamRow| self.signals.values().any(|signal| signal.stream == row.stream);
        let is_free = |row: &&SignalStreamRow| row.status == 0 && !row.endpoint.is_empty() && row.due <= now && row.lease < now;
        let streams = self.signal_streams.values().filter(is_free).filter(waits);
        let Some(row) = streams.min_by_key(|row| (row.due, row.stream)) else { return Ok(None) };
        let receiver = to_receiver(self.signal_receivers.get(&row.receiver).ok_or(DAMAGED)?)?;
        let stream = to_stream(row)?;
        let Some(waiting) = self.signals_waiting(stream.stream, 1)?.pop() else { return Ok(None) };
        if let Some(row) = self.signal_streams.get_mut(&stream.stream) {
            row.lease = lease;
        }
        Ok(Some(Claimed { receiver, stream, waiting, lease }))
    }

    pub(super) fn signals_finish(
        &mut self,
        (stream, signal, lease): (StreamId, SignalId, UnixMillis),
        pushed: &Pushed,
        now: UnixMillis,
    ) -> Result<bool> {
        let is_there = self.signals.get(&signal).is_some_and(|row| row.stream == stream);
        if is_there && !matches!(pushed, Pushed::RetryAt(..)) {
            self.signals.remove(&signal);
        }
        let Some(row) = self.signal_streams.get_mut(&stream) else { return Ok(is_there) };
        match pushed {
            Pushed::Taken => {
                row.sent += u64::from(is_there);
                (row.last_sent, row.tries, row.due) = (Some(now), 0, UnixMillis(0));
            }
            Pushed::Refused(why) => {
                row.refused += u64::from(is_there);
                (row.failed, row.failure, row.tries, row.due) = (Some(now), Some(why.clone()), 0, UnixMillis(0));
            }
            Pushed::RetryAt(due, why) => {
                (row.failed, row.failure, row.tries, row.due) = (Some(now), Some(why.clone()), row.tries + 1, *due);
            }
        }
        // Who comes back when the claim is over leaves the next one's alone.
        if row.lease == lease {
            row.lease = UnixMillis(0);
        }
        Ok(is_there)
    }

    pub(super) fn signals_waiting(&self, stream: StreamId, limit: u32) -> Result<Vec<Waiting>> {
        let mut rows: Vec<_> = self.signals.values().filter(|row| row.stream == stream).collect();
        rows.sort_by_key(|row| (row.seq, row.signal));
        rows.into_iter().take(limit as usize).map(to_waiting).collect()
    }

    pub(super) fn signals_settle(
        &mut self,
        stream: StreamId,
        taken: &[SignalId],
        refused: &[(SignalId, String)],
        now: UnixMillis,
    ) -> Result<u64> {
        let mut gone = 0;
        let Some(row) = self.signal_streams.get_mut(&stream) else { return Ok(0) };
        let mut take = |signal: &SignalId| {
            let is_there = self.signals.get(signal).is_some_and(|row| row.stream == stream);
            is_there && self.signals.remove(signal).is_some()
        };
        for signal in taken {
            if take(signal) {
                (row.sent, row.last_sent) = (row.sent + 1, Some(now));
                gone += 1;
            }
        }
        for (signal, why) in refused {
            if take(signal) {
                (row.refused, row.failed, row.failure) = (row.refused + 1, Some(now), Some(why.clone()));
                gone += 1;
            }
        }
        Ok(gone)
    }

    pub(super) fn signals_trim(&mut self, keep: u64, before: UnixMillis, now: UnixMillis) -> Result<u64> {
        self.signals.retain(|_, row| self.signal_streams.get(&row.stream).is_some_and(|stream| stream.status != DISABLED));
        let updated = Kind::StreamUpdated.number();
        let mut dropped = 0;
        for stream in self.signal_streams.keys().copied().collect::<Vec<_>>() {
            let mut rows: Vec<_> = self.signals.values().filter(|row| row.stream == stream && row.kind != updated).collect();
            rows.sort_by_key(|row| std::cmp::Reverse((row.seq, row.signal)));
            let keep = usize::try_from(keep).unwrap_or(usize::MAX);
            let over = |(place, row): &(usize, &&SignalRow)| *place >= keep || row.at < before;
            let gone: Vec<SignalId> = rows.iter().enumerate().filter(over).map(|(_, row)| row.signal).collect();
            let here = gone.len() as u64;
            let Some(row) = self.signal_streams.get_mut(&stream).filter(|_| here > 0) else { continue };
            row.dropped += here;
            let total = row.dropped;
            let is_earlier = |row: &SignalRow| row.stream == stream && row.kind == updated;
            self.signals.retain(|id, row| !gone.contains(id) && !is_earlier(row));
            let signal = derive_id(stream, &total.to_be_bytes(), Kind::StreamUpdated);
            let note = NewNote { stream, signal, kind: Kind::StreamUpdated, at: now, body: total.to_string() };
            self.insert_signal(note.waiting(), Some(0));
            dropped += here;
        }
        Ok(dropped)
    }
}

fn to_receiver(row: &SignalReceiverRow) -> Result<Receiver> {
    Ok(Receiver {
        receiver: row.receiver,
        token: row.token,
        scope: Scope::from_number(row.scope.into()).ok_or(DAMAGED)?,
        subjects: Subjects::from_number(row.subjects.into()).ok_or(DAMAGED)?,
        kinds: Kinds(row.kinds),
        everyone: row.everyone == 1,
        algorithm: Algorithm::from_number(row.algorithm.into()).ok_or(DAMAGED)?,
        made: row.made,
        audience: row.audience.clone(),
        name: row.name.clone(),
    })
}

fn to_stream(row: &SignalStreamRow) -> Result<Stream> {
    Ok(Stream {
        stream: row.stream,
        receiver: row.receiver,
        config: StreamConfig {
            endpoint: (!row.endpoint.is_empty()).then(|| row.endpoint.clone()),
            authorization: row.authorization.clone(),
            delivered: Kinds(row.delivered),
            requested: row.requested.clone(),
            description: row.description.clone(),
        },
        status: StreamStatus::from_number(row.status.into()).ok_or(DAMAGED)?,
        reason: row.reason.clone(),
        standing: Standing {
            due: row.due,
            tries: row.tries,
            verified: row.verified,
            sent: row.sent,
            refused: row.refused,
            dropped: row.dropped,
            last_sent: row.last_sent,
            failed: row.failed,
            failure: row.failure.clone(),
        },
    })
}

fn to_waiting(row: &SignalRow) -> Result<Waiting> {
    Ok(Waiting {
        signal: row.signal,
        stream: row.stream,
        kind: Kind::try_from(u64::from(row.kind)).map_err(|_| DAMAGED)?,
        at: row.at,
        account: row.subject,
        event: row.event,
        key: row.key,
        addresses: row.address.clone().map(|of| Addresses { of, to: row.address_to.clone() }),
        body: row.body.clone(),
    })
}
