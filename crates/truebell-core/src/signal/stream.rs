//! Streams as their receivers ask for them and see them (SSF 1.0, section 8.1). Parsing only: who may have what is the server's to say.

use super::kind::{Kind, Kinds};
use crate::ids::StreamId;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Push delivery (RFC 8935).
pub const PUSH: &str = "urn:ietf:rfc:8935";
/// Poll delivery (RFC 8936).
pub const POLL: &str = "urn:ietf:rfc:8936";
/// How long a receiver waits between two verifications, in seconds.
pub const VERIFICATION_INTERVAL_S: u64 = 60;

const URL_BYTES_MAX: usize = 2048;
const HEADER_BYTES_MAX: usize = 4096;
const DESCRIPTION_LETTERS_MAX: usize = 200;
const REASON_LETTERS_MAX: usize = 200;
const EVENTS_REQUESTED_MAX: usize = 64;
const EVENT_BYTES_MAX: usize = 256;

/// What is wrong with a configuration; a sentence for whoever runs the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAStream {
    /// Another delivery method.
    #[error("The delivery method is urn:ietf:rfc:8935 (push) or urn:ietf:rfc:8936 (poll).")]
    Method,
    /// Push to nowhere.
    #[error("Push delivery needs an endpoint_url: an https URL of at most 2048 bytes, without a user name and a fragment.")]
    Endpoint,
    /// A header that is none.
    #[error("The authorization_header is the value of one header: visible ASCII, at most 4096 bytes.")]
    Header,
    /// Poll with what only push has.
    #[error("With poll delivery the endpoint_url is this server's, and there is no authorization_header.")]
    NotForPoll,
    /// Too many types.
    #[error("events_requested is a list of at most 64 URIs of at most 256 bytes.")]
    Events,
    /// What the transmitter supplies was changed.
    #[error(
        "iss, aud, events_supported, events_delivered and min_verification_interval are the transmitter's: leave them out or as they are."
    )]
    NotYours,
}

/// How signals get there, as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeliveryAsked {
    method: String,
    endpoint_url: Option<String>,
    authorization_header: Option<String>,
}

/// The same, checked. Whether an address may be reached is not known here.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Posted to an URL.
    Push {
        /// Where.
        endpoint: String,
        /// Shown there; a secret of the receiver's.
        authorization: Option<String>,
    },
    /// Fetched.
    Poll,
}

impl DeliveryAsked {
    /// Push to an URL, without a header.
    pub fn push(url: &str) -> Self {
        Self { method: PUSH.to_owned(), endpoint_url: Some(url.to_owned()), authorization_header: None }
    }

    /// Checks it; `poll_url` is where this stream is polled, if it is there already.
    pub fn check(&self, poll_url: Option<&str>) -> Result<Delivery, NotAStream> {
        match self.method.as_str() {
            PUSH => {
                let endpoint = self.endpoint_url.as_deref().ok_or(NotAStream::Endpoint)?;
                if !is_endpoint(endpoint) {
                    return Err(NotAStream::Endpoint);
                }
                let is_header = |text: &str| text.len() <= HEADER_BYTES_MAX && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                if !self.authorization_header.as_deref().is_none_or(|text| !text.is_empty() && is_header(text)) {
                    return Err(NotAStream::Header);
                }
                Ok(Delivery::Push { endpoint: endpoint.to_owned(), authorization: self.authorization_header.clone() })
            }
            POLL => {
                let url_fits = self.endpoint_url.as_deref().is_none_or(|url| Some(url) == poll_url);
                if url_fits && self.authorization_header.is_none() { Ok(Delivery::Poll) } else { Err(NotAStream::NotForPoll) }
            }
            _ => Err(NotAStream::Method),
        }
    }
}

/// Whether an URL has the form of an endpoint.
fn is_endpoint(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let visible = url.bytes().all(|byte| byte.is_ascii_graphic());
    url.len() <= URL_BYTES_MAX && visible && !url.contains(['#', '\\']) && !host.is_empty() && !host.starts_with(':') && !host.contains('@')
}

/// `events_requested`, as sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Requested(Vec<String>);

impl Requested {
    fn check(&self) -> Result<(), NotAStream> {
        let fits = self.0.len() <= EVENTS_REQUESTED_MAX && self.0.iter().all(|uri| uri.len() <= EVENT_BYTES_MAX);
        if fits { Ok(()) } else { Err(NotAStream::Events) }
    }
}

/// What a receiver supplies, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct WholeStream {
    /// How signals get there.
    pub delivery: Delivery,
    /// The URIs it asked for, those it made up too; `None` for whatever there is.
    pub requested: Option<Vec<String>>,
    /// A note of the receiver's.
    pub description: Option<String>,
}

impl WholeStream {
    /// What it gets, of what it can have.
    pub fn delivered(&self, supported: Kinds) -> Kinds {
        match &self.requested {
            None => supported,
            // By their URIs only: words are for operators.
            Some(requested) => supported.and(Kind::EVENTS.into_iter().filter(|kind| requested.contains(&kind.uri())).collect()),
        }
    }
}

/// A stream to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CreateStream {
    delivery: Option<DeliveryAsked>,
    events_requested: Option<Requested>,
    description: Option<String>,
}

impl CreateStream {
    /// Checks it.
    pub fn check(self) -> Result<WholeStream, NotAStream> {
        whole(self.delivery, self.events_requested, self.description, None)
    }
}

fn whole(
    delivery: Option<DeliveryAsked>,
    requested: Option<Requested>,
    description: Option<String>,
    poll_url: Option<&str>,
) -> Result<WholeStream, NotAStream> {
    if let Some(requested) = &requested {
        requested.check()?;
    }
    let delivery = delivery.map_or(Ok(Delivery::Poll), |delivery| delivery.check(poll_url))?;
    let description = description.map(|text| shortened(&text, DESCRIPTION_LETTERS_MAX));
    Ok(WholeStream { delivery, requested: requested.map(|requested| requested.0), description })
}

fn shortened(text: &str, letters_max: usize) -> String {
    crate::words::one_line(text).chars().take(letters_max).collect()
}

/// Tells `null` from nothing: `null` takes away.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A stream to be changed or replaced: what is there, and what of it is the transmitter's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Changed {
    /// Which.
    pub stream_id: String,
    #[serde(default, deserialize_with = "given")]
    delivery: Option<Option<DeliveryAsked>>,
    #[serde(default, deserialize_with = "given")]
    events_requested: Option<Option<Requested>>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Option<String>>,
    iss: Option<Value>,
    aud: Option<Value>,
    events_supported: Option<Value>,
    events_delivered: Option<Value>,
    min_verification_interval: Option<Value>,
}

impl Changed {
    /// What the transmitter supplies is as it is, or not there.
    fn check_ours(&self, now: &StreamInfo) -> Result<(), NotAStream> {
        let is = |given: &Option<Value>, ours: Value| given.as_ref().is_none_or(|given| *given == ours);
        let fits = is(&self.iss, now.iss.clone().into())
            && is(&self.aud, now.aud.clone().into())
            && is(&self.events_supported, now.events_supported.clone().into())
            && is(&self.events_delivered, now.events_delivered.clone().into())
            && is(&self.min_verification_interval, now.min_verification_interval.into());
        if fits { Ok(()) } else { Err(NotAStream::NotYours) }
    }

    /// `PUT`: what is not there goes.
    pub fn replace(self, now: &StreamInfo, poll_url: &str) -> Result<WholeStream, NotAStream> {
        self.check_ours(now)?;
        whole(self.delivery.flatten(), self.events_requested.flatten(), self.description.flatten(), Some(poll_url))
    }

    /// `PATCH`: what is not there stays.
    pub fn change(self, now: &StreamInfo, stored: WholeStream, poll_url: &str) -> Result<WholeStream, NotAStream> {
        self.check_ours(now)?;
        let mut changed = stored;
        if let Some(delivery) = self.delivery {
            changed.delivery = delivery.map_or(Ok(Delivery::Poll), |delivery| delivery.check(Some(poll_url)))?;
        }
        if let Some(requested) = self.events_requested {
            if let Some(requested) = &requested {
                requested.check()?;
            }
            changed.requested = requested.map(|requested| requested.0);
        }
        if let Some(description) = self.description {
            changed.description = description.map(|text| shortened(&text, DESCRIPTION_LETTERS_MAX));
        }
        Ok(changed)
    }
}

/// A stream as its receiver sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamInfo {
    /// Its id.
    pub stream_id: StreamId,
    /// The transmitter.
    pub iss: String,
    /// The receiver.
    pub aud: String,
    /// What it can have.
    pub events_supported: Vec<String>,
    /// What it asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_requested: Option<Vec<String>>,
    /// What it gets.
    pub events_delivered: Vec<String>,
    /// How.
    pub delivery: DeliverySaid,
    /// Seconds between two verifications.
    pub min_verification_interval: u64,
    /// The receiver's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Delivery as it is shown: never with the header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliverySaid {
    /// The method.
    pub method: &'static str,
    /// Where.
    pub endpoint_url: String,
}

impl StreamInfo {
    /// Puts it together.
    pub fn new(id: StreamId, (issuer, audience): (&str, &str), stream: &WholeStream, supported: Kinds, poll_url: String) -> Self {
        let delivery = match &stream.delivery {
            Delivery::Push { endpoint, .. } => DeliverySaid { method: PUSH, endpoint_url: endpoint.clone() },
            Delivery::Poll => DeliverySaid { method: POLL, endpoint_url: poll_url },
        };
        Self {
            stream_id: id,
            iss: issuer.to_owned(),
            aud: audience.to_owned(),
            events_supported: supported.uris(),
            events_requested: stream.requested.clone(),
            events_delivered: stream.delivered(supported).uris(),
            delivery,
            min_verification_interval: VERIFICATION_INTERVAL_S,
            description: stream.description.clone(),
        }
    }
}

/// Whether a stream flows. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum StreamStatus {
    /// Signals are sent.
    Enabled = 0,
    /// They wait.
    Paused = 1,
    /// There are none.
    Disabled = 2,
}

impl StreamStatus {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }

    /// From its number.
    pub fn from_number(number: u64) -> Option<Self> {
        [Self::Enabled, Self::Paused, Self::Disabled].into_iter().find(|status| *status as u64 == number)
    }
}

/// A change of status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatusAsked {
    /// Which stream.
    pub stream_id: String,
    /// To what.
    pub status: StreamStatus,
    /// Why.
    reason: Option<String>,
}

impl StatusAsked {
    /// The receiver's reason, shortened.
    pub fn reason(&self) -> Option<String> {
        self.reason.as_deref().map(|text| shortened(text, REASON_LETTERS_MAX))
    }
}

/// A stream's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusSaid {
    /// Which stream.
    pub stream_id: StreamId,
    /// What it is.
    pub status: StreamStatus,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody to hear of. Whether the receiver verified who they are is its own business.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SubjectAsked {
    /// Which stream.
    pub stream_id: String,
    /// Whom (RFC 9493).
    pub subject: Value,
    #[serde(rename = "verified")]
    _verified: Option<bool>,
}

/// Somebody not to hear of any more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SubjectAskedToGo {
    /// Which stream.
    pub stream_id: String,
    /// Whom (RFC 9493).
    pub subject: Value,
}

/// A verification to send.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VerificationAsked {
    /// Which stream.
    pub stream_id: String,
    /// Comes back in it.
    pub state: Option<String>,
}
