//! Rows of signals: who receives them, over which streams, and what waits there. What a signal says is `truebell_core::signal`'s.

use truebell_core::event::{Countersigned, What};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, EventId, ReceiverId, SignalId, StreamId};
use truebell_core::sign::PublicKey;
use truebell_core::signal::{Addresses, Algorithm, Kind, Kinds, StreamStatus, Subjects, derive_id, kinds};
use truebell_core::time::UnixMillis;

/// What a receiver's token is good for. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// Everything about its stream.
    Manage = 0,
    /// Reading its stream's configuration and status, and polling.
    Read = 1,
}

impl Scope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Manage, Self::Read];

    /// From its number.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| *scope as u64 == number)
    }

    /// As OAuth has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Manage => "ssf.manage",
            Self::Read => "ssf.read",
        }
    }
}

/// A system that receives signals, as its operator allowed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its id.
    pub receiver: ReceiverId,
    /// SHA-256 of its token.
    pub token: Hash32,
    /// What the token is good for.
    pub scope: Scope,
    /// How it is told whom a signal is about.
    pub subjects: Subjects,
    /// The types it may get at most.
    pub kinds: Kinds,
    /// Whether it hears of every account, or of those it names.
    pub everyone: bool,
    /// How its tokens are signed.
    pub algorithm: Algorithm,
    /// When it was made.
    pub made: UnixMillis,
    /// `aud`.
    pub audience: String,
    /// The operator's name for it. Unique.
    pub name: String,
}

/// What a receiver decides about its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    /// Where signals are pushed; `None` where they are fetched.
    pub endpoint: Option<String>,
    /// A header to show there, sealed by the server.
    pub authorization: Option<Vec<u8>>,
    /// The types it gets.
    pub delivered: Kinds,
    /// What it asked for, JSON; empty if it did not say.
    pub requested: String,
    /// A note of its own.
    pub description: Option<String>,
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its id.
    pub stream: StreamId,
    /// Whose.
    pub receiver: ReceiverId,
    /// What its receiver decided.
    pub config: StreamConfig,
    /// Whether it flows.
    pub status: StreamStatus,
    /// Why, in its receiver's words.
    pub reason: Option<String>,
    /// How it fares.
    pub standing: Standing,
}

/// How a stream fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Not to be tried before.
    pub due: UnixMillis,
    /// Tries that failed since one did not.
    pub tries: u32,
    /// When a verification was last asked for.
    pub verified: UnixMillis,
    /// Signals delivered so far.
    pub sent: u64,
    /// Refused for good.
    pub refused: u64,
    /// Dropped, because they were too many or too old.
    pub dropped: u64,
    /// When one was last delivered.
    pub last_sent: Option<UnixMillis>,
    /// When one last was not.
    pub failed: Option<UnixMillis>,
    /// Why.
    pub failure: Option<String>,
}

/// A receiver with its stream and what waits in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The receiver.
    pub receiver: Receiver,
    /// Its stream, if there is one.
    pub stream: Option<Stream>,
    /// How many signals wait.
    pub waiting: u64,
    /// Since when the oldest does.
    pub oldest: Option<UnixMillis>,
}

/// What became of a new receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiverAdded {
    /// It is there.
    Added,
    /// Another one has that name.
    NameTaken,
}

/// What became of a new stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamCreated {
    /// It is there, enabled.
    Created,
    /// The receiver has one.
    Exists,
    /// The receiver is gone.
    NoReceiver,
}

/// A signal about the stream itself, to be put at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// Which stream.
    pub stream: StreamId,
    /// Its id.
    pub signal: SignalId,
    /// What it is.
    pub kind: Kind,
    /// When.
    pub at: UnixMillis,
    /// What the server needs to make it.
    pub body: String,
}

/// A signal that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub signal: SignalId,
    /// On which stream.
    pub stream: StreamId,
    /// What it is.
    pub kind: Kind,
    /// When it was queued; by the device's clock, if an event is told.
    pub at: UnixMillis,
    /// Whom it is about; nobody, if it is about the stream.
    pub account: Option<AccountId>,
    /// The event it tells of.
    pub event: Option<EventId>,
    /// The account's signing key, to prove the event by.
    pub key: Option<PublicKey>,
    /// The account's addresses then, where the receiver is told of addresses.
    pub addresses: Option<Addresses>,
    /// The event's SET, or what makes a note.
    pub body: String,
}

/// A signal to push now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// To whom.
    pub receiver: Receiver,
    /// Over which stream, as it was before the claim.
    pub stream: Stream,
    /// What.
    pub waiting: Waiting,
    /// The claim: nobody else works on the stream until then.
    pub lease: UnixMillis,
}

/// How a push ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The receiver took it.
    Taken,
    /// It will never take it; why.
    Refused(String),
    /// Try again then; why.
    RetryAt(UnixMillis, String),
}

impl NewNote {
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting {
            signal: self.signal,
            stream: self.stream,
            kind: self.kind,
            at: self.at,
            account: None,
            event: None,
            key: None,
            addresses: None,
            body: self.body.clone(),
        }
    }
}

/// What is told of one event, before it is known to whom. Made from what is stored in the same transaction, and from nothing else.
pub(crate) struct Told<'a> {
    pub(crate) account: AccountId,
    pub(crate) kinds: Kinds,
    event: EventId,
    at: UnixMillis,
    key: PublicKey,
    address: &'a str,
    address_to: Option<&'a str>,
    set: &'a str,
}

impl<'a> Told<'a> {
    /// An event of an account whose address was this before it.
    pub(crate) fn of_event(event: &'a Countersigned, key: PublicKey, address: &'a str, address_to: Option<&'a str>) -> Self {
        let address_to = address_to.filter(|_| matches!(event.act.what, What::AddressChanged { .. }));
        let (account, kinds) = (event.act.account, kinds(&event.act.what));
        Self { account, kinds, event: event.id, at: event.act.at, key, address, address_to, set: &event.set }
    }

    /// The end of an account, proven by the event that asked for it.
    pub(crate) fn of_end(account: AccountId, (event, set): (EventId, &'a str), key: PublicKey, address: &'a str, now: UnixMillis) -> Self {
        let kinds = [Kind::AccountPurged].into_iter().collect();
        Self { account, kinds, event, at: now, key, address, address_to: None, set }
    }

    /// As it waits on one stream.
    pub(crate) fn waiting(&self, stream: StreamId, kind: Kind, subjects: Subjects) -> Waiting {
        let addresses = || Addresses { of: self.address.to_owned(), to: self.address_to.map(str::to_owned) };
        Waiting {
            signal: derive_id(stream, &self.event.0, kind),
            stream,
            kind,
            at: self.at,
            account: Some(self.account),
            event: Some(self.event),
            key: Some(self.key),
            addresses: (subjects == Subjects::Email).then(addresses),
            body: self.set.to_owned(),
        }
    }
}
