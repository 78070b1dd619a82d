//! Hints between the processes of one database (`docs/formats/hint.md`): one connection beside the pool that listens and says, and
//! comes back by itself. Never here: a hint inside a writing transaction, which would let only one of them commit at a time.

use super::connect::{Beside, Way};
use crate::rows::{Heard, Hint};
use data_encoding::BASE64URL_NOPAD;
use std::future::poll_fn;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Error};
use truebell_core::ids::{AccountId, DeviceId};

/// Base64url of an account and a device.
const HINT_CHARS: usize = 43;
/// Most hints in one payload, which PostgreSQL keeps under 8,000 bytes.
const HINTS_MAX: usize = 180;
/// Hints that wait to be said or heard; beyond, they are lost.
const WAITING_MAX: usize = 4096;
/// How long it rests before it connects again: at first, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// The connection, made when first used.
pub(super) struct Line {
    way: Way,
    ends: OnceLock<Ends>,
}

struct Ends {
    say: mpsc::Sender<Hint>,
    heard: tokio::sync::Mutex<mpsc::Receiver<Heard>>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(ends) = self.ends.get() {
            ends.task.abort();
        }
    }
}

impl Line {
    pub(super) fn new(way: Way) -> Self {
        Self { way, ends: OnceLock::new() }
    }

    /// Inside a runtime only, as every method of a store.
    fn ends(&self) -> &Ends {
        self.ends.get_or_init(|| {
            let (say, to_say) = mpsc::channel(WAITING_MAX);
            let (hearing, heard) = mpsc::channel(WAITING_MAX);
            let task = tokio::spawn(keep(self.way.clone(), to_say, hearing));
            Ends { say, heard: tokio::sync::Mutex::new(heard), task }
        })
    }

    pub(super) fn tell(&self, hint: Hint) {
        // Full or gone: a hint that is lost is only late.
        let _lost = self.ends().say.try_send(hint);
    }

    pub(super) async fn hear(&self) -> Heard {
        match self.ends().heard.lock().await.recv().await {
            Some(heard) => heard,
            // The task ends with the store.
            None => std::future::pending().await,
        }
    }
}

/// Connects, listens and says, again and again, until the store is dropped.
async fn keep(way: Way, mut to_say: mpsc::Receiver<Hint>, hearing: mpsc::Sender<Heard>) {
    let mut rest = REST.0;
    let mut was_here = false;
    loop {
        let began = tokio::time::Instant::now();
        if let Err(error) = hold(&way, &mut to_say, &hearing, &mut was_here).await {
            tracing::warn!(code = error.code().map_or("none", |code| code.code()), "no line for hints between servers: it is tried again");
        }
        rest = if began.elapsed() > REST.1 { REST.0 } else { (rest * 2).min(REST.1) };
        tokio::time::sleep(rest).await;
    }
}

/// One connection, until it breaks.
async fn hold(way: &Way, to_say: &mut mpsc::Receiver<Hint>, hearing: &mpsc::Sender<Heard>, was_here: &mut bool) -> Result<(), Error> {
    let (client, beside) = way.connect().await?;
    let own = Arc::new(AtomicI32::new(0));
    let mut listening = AbortOnDrop(tokio::spawn(listen(beside, hearing.clone(), own.clone())));
    // A hint that the database has not on its disk is none the worse.
    client.batch_execute("SET synchronous_commit = off; LISTEN truebell_hints_v1").await?;
    // Known before anything is said, so that nothing of our own is heard.
    own.store(client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?, Ordering::Relaxed);
    if std::mem::replace(was_here, true) {
        // What was said while nobody listened is not known: everybody may have something new.
        let _full = hearing.try_send(Heard::Missed);
    }
    tokio::select! {
        ended = say(&client, to_say) => ended,
        _ = &mut listening.0 => Ok(()),
    }
}

/// Says what is there to say, many hints at once while the last are on their way. Ends with an error only.
async fn say(client: &Client, to_say: &mut mpsc::Receiver<Hint>) -> Result<(), Error> {
    let mut hints = Vec::with_capacity(HINTS_MAX);
    loop {
        if to_say.recv_many(&mut hints, HINTS_MAX).await == 0 {
            return std::future::pending().await;
        }
        client.execute("SELECT pg_notify('truebell_hints_v1', $1)", &[&encode(&hints)]).await?;
        hints.clear();
    }
}

/// Moves the connection's bytes, and passes on what others said.
async fn listen(mut beside: Beside, hearing: mpsc::Sender<Heard>, own: Arc<AtomicI32>) {
    while let Some(Ok(message)) = poll_fn(|context| beside.poll_message(context)).await {
        let AsyncMessage::Notification(said) = message else { continue };
        if said.process_id() == own.load(Ordering::Relaxed) {
            continue;
        }
        for hint in decode(said.payload()) {
            // Full: whoever hears is slower than all others speak, and hints are lost.
            let _full = hearing.try_send(Heard::Hint(hint));
        }
    }
}

/// Ends the listening half with the saying half.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn encode(hints: &[Hint]) -> String {
    hints.iter().map(|hint| BASE64URL_NOPAD.encode(&[hint.account.0, hint.device.0].concat())).collect()
}

/// The hints of a payload; none if it is not one of ours.
fn decode(payload: &str) -> Vec<Hint> {
    if !payload.len().is_multiple_of(HINT_CHARS) {
        return Vec::new();
    }
    let mut hints = Vec::new();
    for chars in payload.as_bytes().chunks(HINT_CHARS) {
        let Ok(bytes) = BASE64URL_NOPAD.decode(chars) else { return Vec::new() };
        let Ok([account, device]) = <[[u8; 16]; 2]>::try_from(bytes.as_chunks().0) else { return Vec::new() };
        hints.push(Hint { account: AccountId(account), device: DeviceId(device) });
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_43_characters_a_hint_and_anything_else_says_nothing() {
        let hints: Vec<Hint> = (0..180).map(|n| Hint { account: AccountId([n; 16]), device: DeviceId([n.wrapping_mul(3); 16]) }).collect();
        let payload = encode(&hints);
        assert_eq!((payload.len(), decode(&payload)), (7_740, hints));
        for foreign in ["x", "é", &"!".repeat(43), &format!("{}=", payload.get(..42).unwrap())] {
            assert_eq!(decode(foreign), [], "{foreign}");
        }
        assert_eq!(decode(""), []);
    }
}
