//! Reading ahead: a source is read, unpacked and parsed on a thread of its own, while what came before is merged and written.

use super::input::{Ordered, Place};
use crate::exit::{Answered, Failure};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;
use truebell_corpus::build::{Input, Seen};

/// Digests that are handed over at once.
const BATCH: usize = 4096;
/// Batches of a source that wait, at most.
const WAITING: usize = 4;

/// Some digests, and where the source stood before the first and behind the last of them.
struct Batch {
    before: Place,
    after: Place,
    bytes_read: u64,
    seen: Vec<Seen>,
}

/// What a source gives, from its thread.
pub(super) struct Ahead {
    number: Option<usize>,
    from: Receiver<Answered<Batch>>,
    seen: std::vec::IntoIter<Seen>,
    before: Place,
    after: Place,
    bytes_read: u64,
}

impl Ahead {
    /// Begins to read. The thread ends with the source, with an error, or when nobody takes what it read.
    pub(super) fn of<'scope, 'a: 'scope>(scope: &'scope Scope<'scope, '_>, source: Ordered<'a>) -> Self {
        let (to, from) = sync_channel(WAITING);
        let (number, place) = (source.number(), source.place());
        scope.spawn(move || read(source, &to));
        Self { number, from, seen: Vec::new().into_iter(), before: place, after: place, bytes_read: 0 }
    }

    /// Which source it is.
    pub(super) const fn number(&self) -> Option<usize> {
        self.number
    }

    /// Where it has to be begun again so that nothing is missing: before the batch of the digest given last.
    pub(super) const fn place(&self) -> Place {
        self.before
    }

    /// Where it stands once it is at its end.
    pub(super) const fn reached(&self) -> Place {
        self.after
    }

    /// Bytes read for what was given so far.
    pub(super) const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

fn read(mut source: Ordered<'_>, to: &SyncSender<Answered<Batch>>) {
    loop {
        let batch = next_batch(&mut source);
        let ends = batch.as_ref().map_or(true, |batch| batch.seen.len() < BATCH);
        if to.send(batch).is_err() || ends {
            break;
        }
    }
}

/// As many as there are, up to a full batch; fewer are the last.
fn next_batch(source: &mut Ordered<'_>) -> Answered<Batch> {
    let (before, mut seen) = (source.reached(), Vec::with_capacity(BATCH));
    while seen.len() < BATCH
        && let Some(next) = source.next_seen()?
    {
        seen.push(next);
    }
    Ok(Batch { before, after: source.reached(), bytes_read: source.bytes_read(), seen })
}

impl Input for Ahead {
    type Error = Failure;

    fn next_seen(&mut self) -> Answered<Option<Seen>> {
        if let Some(seen) = self.seen.next() {
            return Ok(Some(seen));
        }
        match self.from.recv() {
            Ok(batch) => {
                let batch = batch?;
                (self.before, self.after, self.bytes_read) = (batch.before, batch.after, batch.bytes_read);
                self.seen = batch.seen.into_iter();
                Ok(self.seen.next())
            }
            // It has given all it had.
            Err(_) => {
                self.before = self.after;
                Ok(None)
            }
        }
    }
}
