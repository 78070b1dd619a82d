//! What a client concludes from one exchange (law 2): a closed set, computed by one pure function that every client shares.
//!
//! Whatever is not recognised is `Unreachable` or `Intercepted`. No outcome deletes data, keys or settings, and none but a
//! verified event leads to a notice.

mod stranger;

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
        /// The number a stranger gave the request (`CF-Ray`, `X-Request-Id`), if any: what its operator asks for.
        ray: Option<&'a str>,
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
    /// TLS failed, for another reason than the following three.
    Tls,
    /// No authority this device trusts signed the certificate.
    Untrusted,
    /// The certificate is for another name.
    Misnamed,
    /// The certificate ran out, or is not valid yet.
    Expired,
    /// No answer in time.
    Timeout,
    /// The connection broke off.
    Broken,
}

impl Failure {
    /// All there are.
    pub const ALL: [Self; 8] =
        [Self::Name, Self::Connect, Self::Tls, Self::Untrusted, Self::Misnamed, Self::Expired, Self::Timeout, Self::Broken];
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

/// The verdict on one exchange: the outcome, why, and what else a verified head said.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// What decided it.
    pub because: Because,
    /// The verified head, where there was one.
    pub head: Option<Head>,
    /// What else a stranger's answer said of itself, each in harmless words: status, kind, who, its number for the request.
    pub details: Vec<String>,
}

impl Judgement {
    fn of(outcome: Outcome, because: Because) -> Self {
        Self { outcome, because, head: None, details: Vec::new() }
    }
}

/// What decided an outcome: the first check that did not hold, or the head's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// No answer came.
    NobodyAnswered,
    /// The answer carries no head.
    NoHead,
    /// It carries a head that the pinned key did not sign.
    NotSigned,
    /// The pinned key signed a head in words this version does not know.
    NewerWords,
    /// The head is for another request.
    OtherRequest,
    /// The body is not the one the head names.
    OtherBody,
    /// The status is not one that goes with what the head says.
    OtherStatus,
    /// The head names another server.
    OtherServer,
    /// The head names another database, and no restore explains it.
    OtherDatabase,
    /// The head is of a time before a restore this device has seen.
    OlderRestore,
    /// Our server said so, to this request.
    SignedForThisRequest,
}

impl Because {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NobodyAnswered,
        Self::NoHead,
        Self::NotSigned,
        Self::NewerWords,
        Self::OtherRequest,
        Self::OtherBody,
        Self::OtherStatus,
        Self::OtherServer,
        Self::OtherDatabase,
        Self::OlderRestore,
        Self::SignedForThisRequest,
    ];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NobodyAnswered => "nobody answered",
            Self::NoHead => "it carried no head signed by your server, so it was not your server",
            Self::NotSigned => "your server's key did not sign its head, so it was not your server",
            Self::NewerWords => "your server signed it, in words that only a newer version knows",
            Self::OtherRequest => "your server signed it for another request: it was played back",
            Self::OtherBody => "its body is not the one your server signed: it was changed on its way",
            Self::OtherStatus => "its status does not go with what your server signed: it was changed on its way",
            Self::OtherServer => "it is signed with your server's key and names another server",
            Self::OtherDatabase => "your server answered from another database than before, and no restore explains it",
            Self::OlderRestore => "your server answered from a state before a restore this device has seen",
            Self::SignedForThisRequest => "your server signed it for this request",
        }
    }
}

/// Judges one exchange. Pure: the same input gives the same verdict on every client.
pub fn classify(reply: &Reply<'_>, pinned: &Pinned, known: &Known<'_>, now: UnixMillis) -> Judgement {
    let (status, value, body, whole) = match reply {
        Reply::Failed(failure) => return Judgement::of(Outcome::Unreachable(*failure), Because::NobodyAnswered),
        Reply::Answer { status, head, body, whole, .. } => (*status, *head, *body, *whole),
    };
    let Some(value) = value else { return stranger::judge(reply, Because::NoHead) };
    let head = match Head::verify(value, &pinned.key) {
        Ok(head) => head,
        Err(NoHead::Unsigned) => return stranger::judge(reply, Because::NotSigned),
        // Signed by our server, in words this version does not know (FA-25): the client is too old, and nothing is wrong.
        Err(NoHead::Newer) => return Judgement::of(Outcome::Outdated { needs: NEWER.to_owned() }, Because::NewerWords),
    };
    // An old reply of ours, played back by somebody in between, is not an answer to this request.
    if head.nonce != known.nonce {
        return Judgement::of(Outcome::Intercepted { by: "an old answer, played back".into() }, Because::OtherRequest);
    }
    if let Some(digest) = head.body
        && (!whole || Hash32::derive_plain(body) != digest)
    {
        return Judgement::of(Outcome::Intercepted { by: "somebody who changed the answer on its way".into() }, Because::OtherBody);
    }
    let (outcome, because) = match foreign(&head, pinned) {
        Some(because) => (Outcome::WrongServer, because),
        None => conclude(&head, status, pinned, known, now),
    };
    Judgement { outcome, because, head: Some(head), details: Vec::new() }
}

/// Why a head signed by our server's key is not of the server and database this account is on, if it is not.
fn foreign(head: &Head, pinned: &Pinned) -> Option<Because> {
    let same_database = head.generation.as_slice() == &*pinned.generation.0;
    if head.server != pinned.server {
        Some(Because::OtherServer)
    } else if head.restore_epoch < pinned.restore_epoch {
        Some(Because::OlderRestore)
    } else if !same_database && head.restore_epoch == pinned.restore_epoch {
        Some(Because::OtherDatabase)
    } else {
        None
    }
}

fn conclude(head: &Head, status: u16, pinned: &Pinned, known: &Known<'_>, now: UnixMillis) -> (Outcome, Because) {
    let outcome = match &head.status {
        Status::Busy { until } => Outcome::Busy { until: (*until).min(now + BUSY_MAX) },
        Status::Maintenance { until, note } => Outcome::Maintenance { until: (*until).min(now + WAIT_MAX), note: one_line(note) },
        Status::Outdated { needs } => Outcome::Outdated { needs: version(needs) },
        Status::Refused { reason: Reason::ClockSkew, .. } => {
            let behind = head.at > now;
            Outcome::ClockSkew { by: if behind { head.at - now } else { now - head.at }, behind }
        }
        Status::Refused { reason, retry_at } => Outcome::Refused { reason: *reason, retry_at: (*retry_at).min(now + WAIT_MAX) },
        Status::Ok if !(200..300).contains(&status) => {
            let by = format!("somebody who changed the status to {status}");
            return (Outcome::Intercepted { by }, Because::OtherStatus);
        }
        Status::Ok if head.restore_epoch > pinned.restore_epoch => {
            Outcome::Restored { epoch: head.restore_epoch, head: head.account.clone() }
        }
        Status::Ok if head.account.is_some() && head.account.as_ref() == known.account => Outcome::Unchanged,
        Status::Ok => Outcome::Fresh { head: head.account.clone() },
    };
    (outcome, Because::SignedForThisRequest)
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

#[cfg(test)]
mod tests;
