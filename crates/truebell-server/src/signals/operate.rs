//! What an operator does with receivers, through the running server or in its database. Never here: how it is typed or shown.

use super::caller::make_token;
use super::guard::check_url;
use super::{Setup, deliver};
use serde::{Deserialize, Serialize};
use truebell_core::chance::Chance;
use truebell_core::ids::{ReceiverId, StreamId};
use truebell_core::secret::Secret;
use truebell_core::signal::{Algorithm, DeliveryAsked, Kind, Kinds, Subjects};
use truebell_core::time::UnixMillis;
use truebell_store::signals::{Connected, Receiver, ReceiverAdded, Scope, Stream, StreamConfig};
use truebell_store::{Store, StoreError};

/// A receiver to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReceiver {
    /// The operator's name for it.
    pub name: String,
    /// `aud`.
    pub audience: String,
    /// The types it may get at most, by URI or last part; all if there are none.
    pub events: Vec<String>,
    /// `account`, `opaque` or `email`.
    pub subjects: String,
    /// Whether it hears of every account.
    pub everyone: bool,
    /// Whether its token is for reading and polling only.
    pub read_only: bool,
    /// `RS256` or `EdDSA`; what there is, if it is not said.
    pub algorithm: Option<String>,
    /// A stream to make for it at once.
    pub stream: Option<NewStream>,
}

/// A stream the operator makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewStream {
    /// Where signals are pushed; fetched if it is not said.
    pub endpoint: Option<String>,
}

/// A receiver that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Its token, shown once.
    pub token: Secret,
    /// Its stream, if one was made.
    pub stream: Option<StreamId>,
    /// How its tokens are signed.
    pub algorithm: String,
    /// Where it begins: the transmitter's configuration document.
    pub configuration: String,
}

/// Why a receiver was not added.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// Its name.
    #[error("a receiver's name is 1 to 64 letters, digits, dots, dashes and underscores")]
    Name,
    /// Another has it.
    #[error("there is a receiver of that name: choose another, or remove it first with `truebell signals receiver rm`")]
    NameTaken,
    /// Its audience.
    #[error("an audience is 1 to 256 visible letters: the value the receiver expects as `aud`, often its address")]
    Audience,
    /// A type.
    #[error("`{0}` is no type of signal for these subjects: choose of {1}")]
    Event(String, String),
    /// Its subjects.
    #[error("subjects are `account`, `opaque` or `email`")]
    Subjects,
    /// Its algorithm.
    #[error("the algorithm is `RS256` or `EdDSA`")]
    Algorithm,
    /// RS256 without a key.
    #[error("RS256 needs a key: make one with `openssl genrsa -out FILE 3072` and set signals_rsa_key_file")]
    NoKey,
    /// Its endpoint.
    #[error("the receiver cannot be pushed to: {0}")]
    Endpoint(String),
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Adds a receiver, with a stream where one is wanted, to the server at an address.
pub async fn add(
    store: &dyn Store,
    (setup, issuer): (&Setup, &str),
    new: &NewReceiver,
    now: UnixMillis,
    chance: &mut (dyn Chance + Send),
) -> Result<Added, NotAdded> {
    let (token, digest) = make_token(chance);
    let receiver = read(setup, new, ReceiverId::make_random(chance), digest, now)?;
    let endpoint = new.stream.as_ref().and_then(|stream| stream.endpoint.clone());
    if let Some(url) = &endpoint {
        DeliveryAsked::push(url).check(None).map_err(|why| NotAdded::Endpoint(why.to_string()))?;
        check_url(url, &setup.networks).map_err(|why| NotAdded::Endpoint(why.to_string()))?;
    }
    if store.add_receiver(&receiver).await? == ReceiverAdded::NameTaken {
        return Err(NotAdded::NameTaken);
    }
    let stream = match &new.stream {
        Some(_) => {
            let stream = StreamId::make_random(chance);
            let delivered = receiver.kinds;
            let config = StreamConfig { endpoint, authorization: None, delivered, requested: String::new(), description: None };
            store.create_stream(stream, receiver.receiver, &config).await?;
            Some(stream)
        }
        None => None,
    };
    let configuration = format!("{issuer}/.well-known/ssf-configuration");
    Ok(Added { token, stream, algorithm: receiver.algorithm.name().to_owned(), configuration })
}

fn read(
    setup: &Setup,
    new: &NewReceiver,
    receiver: ReceiverId,
    token: truebell_core::hash::Hash32,
    made: UnixMillis,
) -> Result<Receiver, NotAdded> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if new.name.is_empty() || new.name.len() > 64 || !new.name.bytes().all(is_name) {
        return Err(NotAdded::Name);
    }
    if new.audience.is_empty() || new.audience.len() > 256 || !new.audience.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NotAdded::Audience);
    }
    let subjects = Subjects::parse(&new.subjects).ok_or(NotAdded::Subjects)?;
    let algorithm = match &new.algorithm {
        Some(word) => Algorithm::parse(word).ok_or(NotAdded::Algorithm)?,
        None if setup.rsa.is_some() => Algorithm::Rs256,
        None => Algorithm::EdDsa,
    };
    if algorithm == Algorithm::Rs256 && setup.rsa.is_none() {
        return Err(NotAdded::NoKey);
    }
    Ok(Receiver {
        receiver,
        token,
        scope: if new.read_only { Scope::Read } else { Scope::Manage },
        subjects,
        kinds: read_kinds(&new.events, Kinds::supported(subjects))?,
        everyone: new.everyone,
        algorithm,
        made,
        audience: new.audience.clone(),
        name: new.name.clone(),
    })
}

fn read_kinds(events: &[String], supported: Kinds) -> Result<Kinds, NotAdded> {
    if events.is_empty() {
        return Ok(supported);
    }
    let words = || supported.iter().map(Kind::word).collect::<Vec<_>>().join(", ");
    let read = |text: &String| {
        text.parse().ok().filter(|kind| supported.has(*kind)).ok_or_else(|| NotAdded::Event(text.chars().take(100).collect(), words()))
    };
    events.iter().map(read).collect()
}

/// A receiver as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// `aud`.
    pub audience: String,
    /// What its token is good for.
    pub scope: String,
    /// How it is told whom a signal is about.
    pub subjects: String,
    /// The types it may get at most.
    pub events: Vec<String>,
    /// Whether it hears of every account.
    pub everyone: bool,
    /// How its tokens are signed.
    pub algorithm: String,
    /// When it was made.
    pub made: UnixMillis,
    /// Its stream.
    pub stream: Option<ShownStream>,
}

/// A stream as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownStream {
    /// Its id.
    pub id: String,
    /// `push` or `poll`.
    pub delivery: String,
    /// Where it is pushed.
    pub endpoint: Option<String>,
    /// `enabled`, `paused` or `disabled`.
    pub status: String,
    /// Why, in its receiver's words.
    pub reason: Option<String>,
    /// The types it gets.
    pub events: Vec<String>,
    /// Signals that wait, and how many may.
    pub waiting: u64,
    /// See `waiting`.
    pub waiting_max: u64,
    /// Since when the oldest waits.
    pub oldest: Option<UnixMillis>,
    /// Signals delivered so far.
    pub delivered: u64,
    /// Refused for good.
    pub refused: u64,
    /// Dropped, too many or too old.
    pub dropped: u64,
    /// When one was last delivered.
    pub last_delivered: Option<UnixMillis>,
    /// When one last was not.
    pub last_failed: Option<UnixMillis>,
    /// Why.
    pub failure: Option<String>,
    /// Tries that failed since one did not.
    pub tries: u32,
    /// When it is tried again, if it waits for that.
    pub next_try: Option<UnixMillis>,
}

/// All receivers, and how their streams fare.
pub async fn list(store: &dyn Store) -> Result<Vec<Shown>, StoreError> {
    Ok(store.receivers().await?.into_iter().map(show).collect())
}

/// Removes a receiver with its stream. False if it is not there.
pub async fn remove(store: &dyn Store, name: &str) -> Result<bool, StoreError> {
    store.remove_receiver(name).await
}

fn words(kinds: Kinds) -> Vec<String> {
    kinds.iter().map(|kind| kind.word().to_owned()).collect()
}

fn show(connected: Connected) -> Shown {
    let Connected { receiver, stream, waiting, oldest } = connected;
    Shown {
        name: receiver.name,
        audience: receiver.audience,
        scope: receiver.scope.word().to_owned(),
        subjects: receiver.subjects.word().to_owned(),
        events: words(receiver.kinds),
        everyone: receiver.everyone,
        algorithm: receiver.algorithm.name().to_owned(),
        made: receiver.made,
        stream: stream.map(|stream| show_stream(stream, waiting, oldest)),
    }
}

fn show_stream(stream: Stream, waiting: u64, oldest: Option<UnixMillis>) -> ShownStream {
    let standing = stream.standing;
    ShownStream {
        id: stream.stream.to_string(),
        delivery: if stream.config.endpoint.is_some() { "push" } else { "poll" }.to_owned(),
        endpoint: stream.config.endpoint,
        status: stream.status.word().to_owned(),
        reason: stream.reason,
        events: words(stream.config.delivered),
        waiting,
        waiting_max: deliver::KEEP,
        oldest,
        delivered: standing.sent,
        refused: standing.refused,
        dropped: standing.dropped,
        last_delivered: standing.last_sent,
        last_failed: standing.failed,
        failure: standing.failure,
        tries: standing.tries,
        next_try: (standing.tries > 0).then_some(standing.due),
    }
}
