//! The one writer: a thread that takes what waits, runs it in one transaction, and answers when that is on the disk.
//!
//! Each piece has a savepoint of its own, so one that fails rolls back alone. One sync of the disk serves all that waited for it.

use super::failure;
use super::place::Place;
use crate::StoreError;
use crate::store::Result;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Most pieces in one transaction: bounds how long the first of them waits.
const BATCH_MAX: usize = 256;

/// A piece of work with somebody waiting for it.
trait Job: Send {
    /// Does it in the open transaction.
    fn run(&mut self, connection: &Connection);
    /// Answers, given how the transaction ended.
    fn finish(self: Box<Self>, committed: Result<()>);
}

struct Task<T, F> {
    work: Option<F>,
    done: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Send> Job for Task<T, F> {
    fn run(&mut self, connection: &Connection) {
        self.done = self.work.take().map(|work| in_savepoint(connection, work));
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let answer = match (self.done, committed) {
            (Some(Ok(done)), Ok(())) => Ok(done),
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (None, Ok(())) => Err(StoreError::Unavailable),
        };
        let _nobody_waits = self.reply.send(answer);
    }
}

fn in_savepoint<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT piece")?.execute([])?;
    let done = work(connection);
    if done.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK TO piece")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE piece")?.execute([])?;
    }
    done
}

/// The way to the writer. Dropped, it waits until all is written.
pub(super) struct Writer {
    queue: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, place: Arc<Place>) -> std::io::Result<Self> {
        let (queue, jobs) = channel();
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || write_all(&connection, &jobs, &place))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Does a piece of work in a transaction, and waits for the disk.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(StoreError::Unavailable)?;
        queue.send(Box::new(Task { work: Some(work), done: None, reply })).map_err(|_| StoreError::Unavailable)?;
        answer.await.map_err(|_| StoreError::Unknown)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}

fn write_all(connection: &Connection, jobs: &Receiver<Box<dyn Job>>, place: &Place) {
    while let Ok(first) = jobs.recv() {
        let mut waiting = VecDeque::from([first]);
        waiting.extend(jobs.try_iter().take(BATCH_MAX - 1));
        while !waiting.is_empty() {
            write_batch(connection, &mut waiting, place);
        }
    }
}

/// Runs what waits in one transaction. An error that ends the whole transaction fails those that ran, and leaves the others waiting.
fn write_batch(connection: &Connection, waiting: &mut VecDeque<Box<dyn Job>>, place: &Place) {
    let mut ran: Vec<Box<dyn Job>> = Vec::with_capacity(waiting.len());
    let mut ended = place.check().and_then(|()| Ok(connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(|_| ())?));
    if ended.is_err() {
        ran.extend(waiting.drain(..));
    }
    while ended.is_ok() {
        let Some(mut job) = waiting.pop_front() else { break };
        job.run(connection);
        ran.push(job);
        if connection.is_autocommit() {
            ended = Err(StoreError::Unavailable);
        }
    }
    let committed = ended.and_then(|()| commit(connection)).and_then(|()| place.check());
    for job in ran {
        job.finish(committed);
    }
}

fn commit(connection: &Connection) -> Result<()> {
    let committed = connection.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([]));
    let Err(error) = committed else { return Ok(()) };
    let meaning = failure::of_commit(error);
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "SQLite did not roll back");
        return Err(StoreError::Unknown);
    }
    Err(meaning)
}
