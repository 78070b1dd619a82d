//! More than can be served: sign-ins of enrolled devices, offered whether the last was answered or not. These are light clients that
//! only send and count, with real devices' keys; the real clients go on beside them. A proof is signed once and sent again, which the
//! server cannot know and does all its work for.

use super::book::Book;
use super::wire::Line;
use crate::exit::{Answered, Failure};
use data_encoding::BASE64URL_NOPAD;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::Profile;
use truebell_core::sign::{Purpose, SigningKey};
use truebell_core::wire::sign_in::{Challenge, Challenged, Prove};

const PATH: &str = "/v1/sessions";
const NONCE: &str = "AAAAAAAAAAAAAAAAAAAAAA";
/// Pause of a connection that takes its turn after the last answer, when that was none it wanted.
const PAUSE: Duration = Duration::from_millis(100);
/// Half a minute of them.
const PROVE_TRIES: u32 = 300;
/// An answer that comes later than this is of no use to anybody.
const USEFUL: Duration = Duration::from_secs(2);

/// Signs in as some of the people.
pub(super) struct Load {
    to: SocketAddr,
    bodies: Vec<Vec<u8>>,
    book: Arc<Book>,
}

/// What an offered load came to.
#[derive(Clone, Copy, Default)]
pub(super) struct Came {
    pub offered_per_second: f64,
    pub served_per_second: f64,
}

impl Load {
    /// Proofs of the first devices of so many accounts, good for two minutes.
    pub(super) fn make(to: SocketAddr, home: &Path, accounts: usize, book: &Arc<Book>) -> Answered<Self> {
        let mut bodies = Vec::new();
        for account in 0..accounts {
            bodies.push(prove_at_last(to, home, account).ok_or_else(|| Failure::plain("The drill's load could not sign in."))?);
        }
        Ok(Self { to, bodies, book: book.clone() })
    }

    /// So many connections for a time, each waiting for `between` and its turn: `None` sends the next when the last is answered.
    pub(super) fn run(&self, connections: usize, per_second: Option<f64>, time: Duration) -> Came {
        let (sent, served) = (AtomicU64::new(0), AtomicU64::new(0));
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for number in 0..connections {
                let (sent, served) = (&sent, &served);
                scope.spawn(move || self.send(number, connections, per_second, begin, time, (sent, served)));
            }
        });
        let seconds = time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / seconds;
        Came { offered_per_second: rate(&sent), served_per_second: rate(&served) }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of requests of a few seconds")]
    fn send(
        &self,
        number: usize,
        connections: usize,
        per_second: Option<f64>,
        begin: Instant,
        time: Duration,
        (sent, served): (&AtomicU64, &AtomicU64),
    ) {
        let mut line = Line::new(self.to, 100_000 + number);
        let Some(body) = self.bodies.get(number % self.bodies.len().max(1)) else { return };
        let request = line.request("POST", PATH, "application/json", NONCE, None, body);
        let mut turn = 0_usize;
        while begin.elapsed() < time {
            if let Some(per_second) = per_second {
                let at = Duration::from_secs_f64((turn * connections + number) as f64 / per_second);
                turn += 1;
                if at >= time {
                    return;
                }
                std::thread::sleep(at.saturating_sub(begin.elapsed()));
            }
            let asked = Instant::now();
            sent.fetch_add(1, Ordering::Relaxed);
            let answer = line.ask(&request).ok().map(|answer| (answer.status, answer.head.is_some()));
            self.book.exchanged(PATH, answer, asked.elapsed(), None);
            if per_second.is_none() && !matches!(answer, Some((200, _))) {
                // Whoever measures what can be done does not ask for more.
                std::thread::sleep(PAUSE);
            }
            if matches!(answer, Some((200, true))) && asked.elapsed() < USEFUL && begin.elapsed() <= time {
                served.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// The same, asked again while the server has too much to do.
fn prove_at_last(to: SocketAddr, home: &Path, account: usize) -> Option<Vec<u8>> {
    (0..PROVE_TRIES).find_map(|tried| {
        std::thread::sleep(PAUSE * u32::from(tried > 0));
        prove(to, home, account)
    })
}

fn prove(to: SocketAddr, home: &Path, account: usize) -> Option<Vec<u8>> {
    let device = Profile::open(&format!("p{account}-0"), Some(home)).ok()?.device().ok()??;
    let seed = BASE64URL_NOPAD.decode(device.device_seed.expose().as_bytes()).ok()?;
    let key = SigningKey::from_seed(&seed.try_into().ok()?);
    let mut line = Line::new(to, 200_000 + account);
    let body = serde_json::to_vec(&Challenge { device: device.device }).ok()?;
    let request = line.request("POST", "/v1/sessions/challenge", "application/json", NONCE, None, &body);
    let challenged: Challenged = serde_json::from_slice(&line.ask(&request).ok()?.body).ok()?;
    let signature = key.sign(Purpose::DeviceProof, &challenged.challenge);
    serde_json::to_vec(&Prove { device: device.device, challenge: challenged.challenge, signature }).ok()
}
