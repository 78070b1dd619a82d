//! The receipt: [`Signal`], and the few ways to one.

use super::kind::{Kind, kinds};
use super::subject::{Subjects, opaque, write};
use crate::address::Address;
use crate::event::{Event, NotProven, Trust, What, read_signed};
use crate::ids::{AccountId, DeviceId, EventId, SessionId, StreamId};
use crate::time::UnixMillis;
use serde_json::{Map, Value, json};

/// What a receiver may be told. Nothing outside this module can make one.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    txn: Option<EventId>,
    at: UnixMillis,
    kind: Kind,
    about: About,
    members: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Account { account: AccountId, address: String, device: Option<DeviceId>, session: Option<SessionId> },
    Stream(StreamId),
}

/// An account's addresses when something happened, for receivers of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Its address; before the change, if it changed.
    pub of: String,
    /// Its new address, if it changed.
    pub to: Option<String>,
}

/// Why nothing may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASignal {
    /// The event does not verify.
    #[error("{0}")]
    NotProven(#[from] NotProven),
    /// The event says something else.
    #[error("the event proves something else than the signal would say")]
    SaysOther,
    /// The address beside it is not the one whose masked form was signed, or there is none.
    #[error("the address is not the one the event is about")]
    Address,
    /// The deletion is not due.
    #[error("the account was to be deleted later")]
    NotDue,
}

impl Signal {
    /// From an event of an account, proven here and now. `at` is when it was queued, and counts for what has no event of its own: the
    /// end of an account.
    pub fn of_event(
        set: &str,
        trust: &Trust,
        kind: Kind,
        subjects: Subjects,
        addresses: Option<&Addresses>,
        at: UnixMillis,
    ) -> Result<Self, NotASignal> {
        let event = read_signed(set, trust)?;
        let what = &event.act.what;
        let at = match (kind, what) {
            (Kind::AccountPurged, What::DeletionScheduled { due }) if *due > at => return Err(NotASignal::NotDue),
            (Kind::AccountPurged, What::DeletionScheduled { .. }) => at,
            _ if kinds(what).has(kind) => event.at,
            _ => return Err(NotASignal::SaysOther),
        };
        let address = match subjects {
            Subjects::Email => check_address(what, addresses.ok_or(NotASignal::Address)?)?.of.clone(),
            Subjects::Account | Subjects::Opaque => String::new(),
        };
        let (device, session) = match what {
            What::DeviceRevoked { revoked, .. } => (Some(*revoked), None),
            What::SessionRevoked { session, of_device, .. } => (Some(*of_device), Some(*session)),
            _ => (None, None),
        };
        let about = About::Account { account: event.act.account, address, device, session };
        Ok(Self { txn: Some(event.id), at, kind, about, members: members(kind, &event, addresses) })
    }

    /// The answer to a receiver that asks whether its stream works. `state` is the receiver's own word.
    pub fn verification(stream: StreamId, at: UnixMillis, state: Option<&str>) -> Self {
        let members = state.map_or_else(|| json!({}), |state| json!({ "state": state }));
        Self { txn: None, at, kind: Kind::Verification, about: About::Stream(stream), members }
    }

    /// The stream's state, and why it is told.
    pub fn stream_updated(stream: StreamId, at: UnixMillis, status: &str, reason: &str) -> Self {
        let members = json!({ "status": status, "reason": reason });
        Self { txn: None, at, kind: Kind::StreamUpdated, about: About::Stream(stream), members }
    }

    /// Its type.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn txn(&self) -> Option<EventId> {
        self.txn
    }

    pub(super) fn at(&self) -> UnixMillis {
        self.at
    }

    pub(super) fn members(&self) -> &Value {
        &self.members
    }

    /// `sub_id`.
    pub(super) fn subject(&self, subjects: Subjects, issuer: &str) -> Value {
        match &self.about {
            About::Stream(stream) => opaque(stream),
            About::Account { account, address, device: None, session: _ } => write(subjects, *account, address, issuer),
            About::Account { account, address, device: Some(device), session } => {
                let mut complex = Map::from_iter([
                    ("format".to_owned(), json!("complex")),
                    ("user".to_owned(), write(subjects, *account, address, issuer)),
                    ("device".to_owned(), opaque(device)),
                ]);
                if let Some(session) = session {
                    complex.insert("session".to_owned(), opaque(session));
                }
                Value::Object(complex)
            }
        }
    }
}

/// What is said when signals were dropped, how many since the stream was made.
pub fn loss_reason(dropped: u64) -> String {
    format!("Signals dropped since this stream was made: {dropped}. It holds at most 10,000, for at most 7 days.")
}

/// The addresses, if what was signed agrees with them.
fn check_address<'a>(what: &What, addresses: &'a Addresses) -> Result<&'a Addresses, NotASignal> {
    let masked = |address: &str| Address::parse(address).map(|address| address.masked()).map_err(|_| NotASignal::Address);
    let of = masked(&addresses.of)?;
    if let What::AddressChanged { from_masked, to_masked } = what {
        let to = masked(addresses.to.as_deref().ok_or(NotASignal::Address)?)?;
        if of != *from_masked || to != *to_masked {
            return Err(NotASignal::Address);
        }
    }
    Ok(addresses)
}

fn members(kind: Kind, event: &Event, addresses: Option<&Addresses>) -> Value {
    let at = event.act.at.seconds();
    let what = &event.act.what;
    let caep = |reason: &str, more: &[(&str, &str)]| {
        let mut members = Map::new();
        for (name, value) in more {
            members.insert((*name).to_owned(), json!(value));
        }
        members.insert("initiating_entity".to_owned(), json!("user"));
        members.insert("reason_admin".to_owned(), json!({ "en": reason }));
        members.insert("event_timestamp".to_owned(), json!(at));
        Value::Object(members)
    };
    let credential = |kind: &str, change: &str, reason: &str| caep(reason, &[("credential_type", kind), ("change_type", change)]);
    match (kind, what) {
        (Kind::AccountPurged, _) => json!({}),
        (Kind::IdentifierChanged, _) => json!({ "new-value": addresses.and_then(|addresses| addresses.to.as_deref()) }),
        (_, What::PasswordChanged {}) => credential("password", "update", "The account holder changed the account password."),
        (_, What::SecretKeyRotated {}) => {
            credential("urn:truebell:credential:secret-key", "update", "The account holder replaced the Secret Key.")
        }
        (_, What::DeviceEnrolled { .. }) => {
            credential("urn:truebell:credential:device-key", "create", "The account was opened on a new device.")
        }
        (_, What::MachineEnrolled { .. }) => {
            credential("urn:truebell:credential:device-key", "create", "The account holder let a machine read some vaults.")
        }
        (_, What::SecondFactorAdded { .. }) => credential("app", "create", "The account holder added a second factor."),
        (_, What::SecondFactorRemoved { .. }) => credential("app", "delete", "The account holder removed the second factor."),
        (_, What::DeviceRevoked { .. }) => caep("The account holder removed the device: all its sessions ended.", &[]),
        (_, What::SessionRevoked { .. }) => caep("The account holder ended the session.", &[]),
        // Named by its `txn`, which whoever got it has.
        (_, What::Acknowledged { of, .. }) => json!({ "initiating_entity": "user", "event_timestamp": at, "of": { "txn": of.event } }),
        (_, What::DeletionScheduled { due }) => json!({ "event_timestamp": at, "due": due.seconds() }),
        _ => json!({ "event_timestamp": at }),
    }
}
