//! The receipts, and the functions that give them out: [`Verified`] for a link proven in its place (a notice takes nothing else),
//! [`Genuine`] for one whose signatures hold (a mail, a page and the command line take nothing less), [`Admitted`] for an act that may
//! become the next event (a server countersigns nothing else).
//!
//! None of them can be made outside:
//!
//! ```
//! // What compiles: a receipt from the door.
//! fn read(set: &str, trust: &truebell_core::event::Trust) -> Option<truebell_core::event::Genuine<truebell_core::event::Event>> {
//!     truebell_core::event::read_signed(set, trust).ok()
//! }
//! ```
//! ```compile_fail,E0423
//! fn forge(event: truebell_core::event::Event) -> truebell_core::event::Genuine<truebell_core::event::Event> {
//!     truebell_core::event::Genuine(event)
//! }
//! ```
//! ```compile_fail,E0423
//! fn forge(event: truebell_core::event::Event) -> truebell_core::event::Verified<truebell_core::event::Event> {
//!     truebell_core::event::Verified(event)
//! }
//! ```
//! ```compile_fail,E0451
//! fn forge(act: truebell_core::event::Act) -> truebell_core::event::Admitted {
//!     truebell_core::event::Admitted { act, signed: String::new() }
//! }
//! ```
//! ```compile_fail,E0423
//! fn forge(made: truebell_core::event::Made) -> truebell_core::event::Countersigned {
//!     truebell_core::event::Countersigned(made)
//! }
//! ```
//! ```compile_fail,E0308
//! # use truebell_core::{event::*, ids::*, sign::SigningKey, time::UnixMillis};
//! // A server countersigns no act but an admitted one.
//! fn wrap(act: Act, id: EventId, at: UnixMillis, server: ServerId, key: &SigningKey) {
//!     let _event = countersign(act, id, at, server, key);
//! }
//! ```

use super::Event;
use super::act::Act;
use super::jws::{self, JwsError};
use super::set::{ACT_TYP, Claims, SET_TYP, issuer};
use crate::hash::Hash32;
use crate::ids::{AccountId, ServerId};
use crate::sign::PublicKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// Proof that a value was checked. Nothing outside this module can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Verified<T> {
    /// What is genuine, found in its place.
    pub(super) fn receipt(genuine: Genuine<T>) -> Self {
        Self(genuine.0)
    }
}

/// Proof that the signatures on a value hold and say the same thing, wherever in a chain it stands: enough to say of a notice that it
/// is genuine and to write it down, too little to raise an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genuine<T>(T);

impl<T> Deref for Genuine<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Genuine<T> {
    /// For the readers of this module.
    pub(super) fn receipt(value: T) -> Self {
        Self(value)
    }
}

impl<T> From<Verified<T>> for Genuine<T> {
    fn from(verified: Verified<T>) -> Self {
        Self(verified.0)
    }
}

/// Proof that the account's key signed an act and that it is the next of the account's chain. Holds the text that was signed, so that
/// no other can be wrapped in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    act: Act,
    signed: String,
}

impl Deref for Admitted {
    type Target = Act;
    fn deref(&self) -> &Act {
        &self.act
    }
}

impl Admitted {
    pub(super) fn into_parts(self) -> (Act, String) {
        (self.act, self.signed)
    }
}

/// Whom a device believes: pinned when it was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// The server.
    pub server: ServerId,
    /// Its signing key.
    pub server_key: PublicKey,
    /// The account.
    pub account: AccountId,
    /// Its signing key.
    pub account_key: PublicKey,
}

/// How far an account's chain of events is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
pub struct Chain {
    /// The last event's place; 0 before the first.
    #[n(0)]
    pub seq: u64,
    /// Its digest.
    #[n(1)]
    pub digest: Hash32,
    /// The credential epoch after it.
    #[n(2)]
    pub epoch: u64,
}

impl Chain {
    /// The chain after `event`.
    pub fn after(event: &Event) -> Self {
        Self { seq: event.act.seq, digest: event.digest, epoch: event.act.epoch }
    }

    fn admits(&self, act: &Act) -> bool {
        let epoch = self.epoch + u64::from(act.what.raises_epoch() || self.seq == 0);
        act.seq == self.seq + 1 && act.prev == self.digest && act.epoch == epoch
    }
}

/// Why a text proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// Not a SET of ours.
    #[error("this is not a security event")]
    Malformed,
    /// The server's signature does not verify.
    #[error("the server did not sign this event")]
    Server,
    /// The account's signature does not verify.
    #[error("no device of this account signed this event")]
    Account,
    /// Inside and outside disagree, or it is about someone else.
    #[error("the event does not say what its signatures cover")]
    Mismatch,
    /// It is genuine, and is not the next of the chain.
    #[error("the event does not follow the last one known here")]
    OutOfChain,
}

impl NotProven {
    pub(super) fn of_server(error: JwsError) -> Self {
        match error {
            JwsError::Malformed => Self::Malformed,
            JwsError::Signature => Self::Server,
        }
    }
}

/// Checks an event fully: both signatures, that they are about the same thing, and its place in the chain.
pub fn verify(set: &str, trust: &Trust, chain: &Chain) -> Result<Verified<Event>, NotProven> {
    let event = read_signed(set, trust)?;
    if chain.admits(&event.act) { Ok(Verified::receipt(event)) } else { Err(NotProven::OutOfChain) }
}

/// Checks both signatures and that they are about the same thing, and not the place in a chain.
pub fn read_signed(set: &str, trust: &Trust) -> Result<Genuine<Event>, NotProven> {
    let claims: Claims = jws::verify(SET_TYP, set, &trust.server_key).map_err(NotProven::of_server)?;
    let act: Act = jws::verify(ACT_TYP, &claims.act, &trust.account_key).map_err(|_| NotProven::Account)?;
    let (kind, members) = act.what.set_event(act.at);
    let consistent = claims.iss == issuer(trust.server)
        && claims.sub_id.id == trust.account
        && act.account == trust.account
        && claims.events.len() == 1
        && claims.events.get(kind) == Some(&members);
    if !consistent {
        return Err(NotProven::Mismatch);
    }
    let digest = Hash32::derive_plain(set.as_bytes());
    Ok(Genuine(Event { id: claims.jti, server: trust.server, at: UnixMillis::from_seconds(claims.iat), act, digest }))
}

/// The same about whatever account it names: for whoever knows only the server, as the reader of a mail does.
pub fn read_public(set: &str, server: ServerId, server_key: &PublicKey, account_key: &PublicKey) -> Result<Genuine<Event>, NotProven> {
    let account = jws::claims_unverified::<Claims>(set).ok_or(NotProven::Malformed)?.sub_id.id;
    read_signed(set, &Trust { server, server_key: *server_key, account, account_key: *account_key })
}

/// The server's check of a device's act before it countersigns: the account's key signed it, and it is next.
pub fn check_act(signed_act: &str, account: AccountId, account_key: &PublicKey, chain: &Chain) -> Result<Admitted, NotProven> {
    let act = read_act(signed_act, account, account_key)?;
    if chain.admits(&act) { Ok(Admitted { act, signed: signed_act.to_owned() }) } else { Err(NotProven::OutOfChain) }
}

/// An act the account's key signed, wherever in the chain it says it is: for a server that was sent one twice. Nothing is made from it.
pub fn read_act(signed_act: &str, account: AccountId, account_key: &PublicKey) -> Result<Act, NotProven> {
    let act: Act = jws::verify(ACT_TYP, signed_act, account_key).map_err(|error| match error {
        JwsError::Malformed => NotProven::Malformed,
        JwsError::Signature => NotProven::Account,
    })?;
    if act.account == account { Ok(act) } else { Err(NotProven::Mismatch) }
}

/// The signed act inside a SET, unchecked: to see whether two are the same act, and for nothing else.
pub fn inner_act(set: &str) -> Option<String> {
    jws::claims_unverified::<Claims>(set).map(|claims| claims.act)
}
