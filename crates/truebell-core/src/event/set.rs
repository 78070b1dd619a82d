//! The server's outside: a Security Event Token (RFC 8417) around the act.

use super::act::Act;
use super::verify::Admitted;
use super::{CheckCode, jws};
use crate::account::Unlocked;
use crate::hash::Hash32;
use crate::ids::{AccountId, EventId, ServerId};
use crate::sign::SigningKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Deref;

pub(super) const ACT_TYP: &str = "truebell-act+jwt";
pub(super) const SET_TYP: &str = "secevent+jwt";

/// What was to be signed has no written form. Nothing was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this cannot be written down, so it was not signed")]
pub struct Unsayable;

/// The claims of our SETs.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub iss: String,
    pub jti: EventId,
    /// Seconds since 1970.
    pub iat: u64,
    pub sub_id: SubjectId,
    pub events: BTreeMap<String, serde_json::Value>,
    /// Our own claim: the act as its device signed it.
    #[serde(rename = "urn:truebell:act")]
    pub act: String,
}

/// RFC 9493, section 3.2.7: an opaque identifier.
#[derive(Serialize, Deserialize)]
pub(super) struct SubjectId {
    pub format: String,
    pub id: AccountId,
}

pub(crate) fn issuer(server: ServerId) -> String {
    format!("urn:truebell:{server}")
}

impl Act {
    /// Signs the act with the account's key, on the acting device.
    pub fn sign(&self, keys: &Unlocked) -> Result<String, Unsayable> {
        jws::sign(ACT_TYP, self, |purpose, input| keys.sign(purpose, input)).ok_or(Unsayable)
    }
}

/// A SET with what a server stores beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: EventId,
    /// The SET, compact.
    pub set: String,
    /// Its digest.
    pub digest: Hash32,
    /// Its check code.
    pub code: CheckCode,
    /// The act inside.
    pub act: Act,
}

/// The receipt that a SET was made around an admitted act. Only [`countersign`] gives it out, so that no event can be stored and no
/// mail queued about something no account signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countersigned(Made);

impl Deref for Countersigned {
    type Target = Made;
    fn deref(&self) -> &Made {
        &self.0
    }
}

impl Countersigned {
    /// One for tests of what stores and carries events without reading them. Not in a release.
    #[cfg(any(test, feature = "testing"))]
    pub fn of_a_test(made: Made) -> Self {
        Self(made)
    }
}

/// Wraps a device's signed act. Takes nothing but an act that [`check_act`](super::check_act) admitted: a server cannot make one itself.
pub fn countersign(act: Admitted, id: EventId, at: UnixMillis, server: ServerId, key: &SigningKey) -> Result<Countersigned, Unsayable> {
    let (act, signed) = act.into_parts();
    wrap(act, &signed, id, at, server, key).map(Countersigned)
}

pub(crate) fn wrap(act: Act, signed: &str, id: EventId, at: UnixMillis, server: ServerId, key: &SigningKey) -> Result<Made, Unsayable> {
    let (kind, members) = act.what.set_event(act.at);
    let claims = Claims {
        iss: issuer(server),
        jti: id,
        iat: at.seconds(),
        sub_id: SubjectId { format: "opaque".into(), id: act.account },
        events: BTreeMap::from([(kind.to_owned(), members)]),
        act: signed.to_owned(),
    };
    let set = jws::sign(SET_TYP, &claims, |purpose, input| key.sign(purpose, input)).ok_or(Unsayable)?;
    let digest = Hash32::derive_plain(set.as_bytes());
    Ok(Made { id, digest, code: CheckCode::derive(&digest), set, act })
}
