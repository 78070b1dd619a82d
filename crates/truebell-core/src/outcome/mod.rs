//! What a client concludes from one exchange (law 2): a closed set, computed by one pure function that every client shares.
//!
//! Whatever is not recognised is `Unreachable` or `Intercepted`. No outcome deletes data, keys or settings, and none but a
//! verified event leads to a notice.

use crate::event::{Event, Verified};
use crate::hash::Hash32;
use crate::head::{AccountHead, Head, NoHead, Reason, Status};
use crate::ids::ServerId;
use crate::sign::PublicKey;
use crate::time::UnixMillis;
use crate::words::one_line;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What came back, as the transport saw it.
#[derive(Debug, Clone)]
pub enum Reply<'a> {
    /// Somebody answered.
    Answer {
        /// HTTP status.
        status: u16,
        /// The value of [`crate::head::HEADER`], if there was one.
        head: Option<&'a str>,
        /// `Content-Type`, if any.
        content_type: Option<&'a str>,
        /// `Server` or `Via`, if any: who it may have been.
        via: Option<&'a str>,
        /// The body, or its beginning where it is a stream.
        body: &'a [u8],
        /// Whether `body` is the whole body.
        whole: bool,
    },
    /// Nobody did.
    Failed(Failure),
}

/// Why nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The name does not resolve.
    Name,
    /// No connection.
    Connect,
    /// TLS failed: a wrong name, an unknown issuer, an expired certificate.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection broke off.
    Broken,
}

/// Which server is ours: pinned at sign-up or sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// Its id.
    pub server: ServerId,
    /// Its signing key.
    pub key: PublicKey,
    /// The database generation last seen.
    pub generation: crate::b64::Bytes,
    /// The restore epoch last seen.
    pub restore_epoch: u64,
}

/// What this device knows already.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// The nonce this request carried.
    pub nonce: [u8; 16],
    /// The account's state here; `None` before sign-in.
    pub account: Option<&'a AccountHead>,
}

/// The closed set.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Our server answered, and its account head differs from ours: there is something to take in.
    Fresh {
        /// Where the account stands there.
        head: Option<AccountHead>,
    },
    /// Our server answered and nothing is new.
    Unchanged,
    /// Our server is busy.
    Busy {
        /// Come back then.
        until: UnixMillis,
    },
    /// Our server is being worked on.
    Maintenance {
        /// Come back then.
        until: UnixMillis,
        /// The operator's words.
        note: String,
    },
    /// Nobody answered.
    Unreachable(Failure),
    /// Somebody answered, and it was not our server.
    Intercepted {
        /// What is known of them: a page title, a `Server` header, a status. Untrusted words, for display only.
        by: String,
    },
    /// This client is too old for the server.
    Outdated {
        /// The lowest version that is not.
        needs: String,
    },
    /// The server refused this one request because of the clock.
    ClockSkew {
        /// How far the clocks are apart.
        by: Duration,
        /// Whether this device's clock is behind.
        behind: bool,
    },
    /// The answer is signed by our key's owner for another database, or names another server: not the one this account is on.
    WrongServer,
    /// Our server came back from a backup.
    Restored {
        /// The new restore epoch.
        epoch: u64,
        /// Where the account stands there.
        head: Option<AccountHead>,
    },
    /// Our server refused this one request. Ends no session, changes no state.
    Refused {
        /// Why.
        reason: Reason,
        /// Waiting helps until then; zero where it does not.
        retry_at: UnixMillis,
    },
    /// The only door to an alarm. Made from a verified event, never by [`classify`] itself.
    Proven(Verified<Event>),
}

/// The verdict on one exchange: the outcome, and what else a verified head said.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// The verified head, where there was one.
    pub head: Option<Head>,
}

impl Judgement {
    fn of(outcome: Outcome) -> Self {
        Self { outcome, head: None }
    }
}

/// Judges one exchange. Pure: the same input gives the same verdict on every client.
pub fn classify(reply: &Reply<'_>, pinned: &Pinned, known: &Known<'_>, now: UnixMillis) -> Judgement {
    let (status, value, body, whole) = match reply {
        Reply::Failed(failure) => return Judgement::of(Outcome::Unreachable(*failure)),
        Reply::Answer { status, head, body, whole, .. } => (*status, *head, *body, *whole),
    };
    let head = match value.map_or(Err(NoHead::Unsigned), |value| Head::verify(value, &pinned.key)) {
        Ok(head) => head,
        Err(NoHead::Unsigned) => return Judgement::of(Outcome::Intercepted { by: describe_stranger(reply) }),
        // Signed by our server, in words this version does not know (FA-25): the client is too old, and nothing is wrong.
        Err(NoHead::Newer) => return Judgement::of(Outcome::Outdated { needs: NEWER.to_owned() }),
    };
    // An old reply of ours, played back by somebody in between, is not an answer to this request.
    if head.nonce != known.nonce {
        return Judgement::of(Outcome::Intercepted { by: "an old answer, played back".into() });
    }
    if let Some(digest) = head.body
        && (!whole || Hash32::derive_plain(body) != digest)
    {
        return Judgement::of(Outcome::Intercepted { by: "somebody who changed the answer on its way".into() });
    }
    let outcome = conclude(&head, status, pinned, known, now);
    Judgement { outcome, head: Some(head) }
}

fn conclude(head: &Head, status: u16, pinned: &Pinned, known: &Known<'_>, now: UnixMillis) -> Outcome {
    let same_database = head.generation.as_slice() == &*pinned.generation.0;
    if head.server != pinned.server
        || (!same_database && head.restore_epoch <= pinned.restore_epoch)
        || head.restore_epoch < pinned.restore_epoch
    {
        return Outcome::WrongServer;
    }
    match &head.status {
        Status::Busy { until } => Outcome::Busy { until: (*until).min(now + BUSY_MAX) },
        Status::Maintenance { until, note } => Outcome::Maintenance { until: (*until).min(now + WAIT_MAX), note: one_line(note) },
        Status::Outdated { needs } => Outcome::Outdated { needs: version(needs) },
        Status::Refused { reason: Reason::ClockSkew, .. } => {
            let behind = head.at > now;
            Outcome::ClockSkew { by: if behind { head.at - now } else { now - head.at }, behind }
        }
        Status::Refused { reason, retry_at } => Outcome::Refused { reason: *reason, retry_at: (*retry_at).min(now + WAIT_MAX) },
        Status::Ok if !(200..300).contains(&status) => Outcome::Intercepted { by: format!("somebody who changed the status to {status}") },
        Status::Ok if head.restore_epoch > pinned.restore_epoch => {
            Outcome::Restored { epoch: head.restore_epoch, head: head.account.clone() }
        }
        Status::Ok if head.account.is_some() && head.account.as_ref() == known.account => Outcome::Unchanged,
        Status::Ok => Outcome::Fresh { head: head.account.clone() },
    }
}

/// A version, if that is what it is: this place in a sentence of ours is no place for a server's own words.
fn version(needs: &str) -> String {
    let is_version = needs.len() <= 24 && needs.starts_with(|letter: char| letter.is_ascii_digit());
    let plain = needs.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '+'));
    if is_version && plain { needs.to_owned() } else { NEWER.to_owned() }
}

/// Longest a server is said to be busy. A later moment is a wrong clock, or no good will.
const BUSY_MAX: Duration = Duration::from_hours(1);
/// Longest a maintenance or a refusal is said to last.
const WAIT_MAX: Duration = Duration::from_hours(31 * 24);
/// Where no version is named.
const NEWER: &str = "a newer version";
/// How far into a page its title is looked for, in bytes.
const TITLE_WITHIN: usize = 64 * 1024;

/// What can be said of whoever answered instead: their page's title, else their `Server` header, else the status.
fn describe_stranger(reply: &Reply<'_>) -> String {
    let Reply::Answer { status, content_type, via, body, .. } = reply else { return String::new() };
    let html = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html")) || body.trim_ascii_start().starts_with(b"<");
    if let Some(title) = html.then(|| page_title(body)).flatten() {
        return format!("a page titled “{title}”");
    }
    match via.map(one_line).filter(|via| !via.is_empty()) {
        Some(via) => format!("“{via}” with status {status}"),
        None => format!("something with status {status}"),
    }
}

fn page_title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..TITLE_WITHIN).unwrap_or(body));
    // ASCII lower case keeps every offset, so what is found in `lower` is cut from `text`.
    let lower = text.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    Some(one_line(text.get(start..end)?)).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests;
