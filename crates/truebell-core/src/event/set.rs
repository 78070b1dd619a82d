//! The server's outside: a Security Event Token (RFC 8417) around the act.

use super::act::Act;
use super::{CheckCode, jws};
use crate::account::Unlocked;
use crate::hash::Hash32;
use crate::ids::{AccountId, EventId, ServerId};
use crate::sign::SigningKey;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) const ACT_TYP: &str = "truebell-act+jwt";
pub(super) const SET_TYP: &str = "secevent+jwt";

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

pub(super) fn issuer(server: ServerId) -> String {
    format!("urn:truebell:{server}")
}

impl Act {
    /// Signs the act with the account's key, on the acting device.
    pub fn sign(&self, keys: &Unlocked) -> String {
        jws::sign(ACT_TYP, self, |purpose, input| keys.sign(purpose, input)).unwrap_or_default()
    }
}

/// A SET the server has made, with what it stores beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countersigned {
    /// Its id.
    pub id: EventId,
    /// The SET, compact.
    pub set: String,
    /// Its digest.
    pub digest: Hash32,
    /// Its check code.
    pub code: CheckCode,
    /// The act inside, as read and verified by the caller.
    pub act: Act,
}

/// Wraps a device's signed act. The server has checked it with [`check_act`](super::check_act); it cannot make one itself.
pub fn countersign(act: Act, signed_act: &str, id: EventId, at: UnixMillis, server: ServerId, key: &SigningKey) -> Countersigned {
    let (kind, members) = act.what.set_event(act.at);
    let claims = Claims {
        iss: issuer(server),
        jti: id,
        iat: at.seconds(),
        sub_id: SubjectId { format: "opaque".into(), id: act.account },
        events: BTreeMap::from([(kind.to_owned(), members)]),
        act: signed_act.to_owned(),
    };
    let set = jws::sign(SET_TYP, &claims, |purpose, input| key.sign(purpose, input)).unwrap_or_default();
    let digest = Hash32::derive_plain(set.as_bytes());
    Countersigned { id, digest, code: CheckCode::derive(&digest), set, act }
}
