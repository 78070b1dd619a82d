//! Signals: what other systems are told of events (`docs/formats/signals.md`; OpenID Shared Signals Framework 1.0).
//!
//! A [`Signal`] is made from an event whose signatures verify at that moment, or about a stream itself, and in no other way (law 1):
//!
//! ```compile_fail,E0451
//! # use truebell_core::{signal::*, time::UnixMillis};
//! // A signal nobody proved: its members are private.
//! let signal = Signal { txn: None, at: UnixMillis(0), kind: Kind::CredentialChange, about: todo!(), members: todo!() };
//! ```
//!
//! Never here: sockets, clocks, or who may have which signal.

mod kind;
mod metadata;
mod poll;
mod stream;
mod subject;
mod tell;
mod token;

pub use kind::{Kind, Kinds, UnknownKind, kinds, schedules_deletion};
pub use metadata::{AuthorizationScheme, Jwk, Jwks, Metadata};
pub use poll::{EVENTS_MAX, PollAnswer, PollRequest, SetError};
pub use stream::{
    Changed, CreateStream, Delivery, DeliveryAsked, NotAStream, POLL, PUSH, StatusAsked, StatusSaid, StreamInfo, StreamStatus,
    SubjectAsked, SubjectAskedToGo, VERIFICATION_INTERVAL_S, VerificationAsked, WholeStream,
};
pub use subject::{NotASubject, Subject, Subjects};
pub use tell::{Addresses, NotASignal, Signal, loss_reason};
pub use token::{Algorithm, Envelope, derive_id};

#[cfg(test)]
mod tests;
