//! The signed head of every reply: proof that *our* server said this, now, to *this* request (`docs/formats/reply-head.md`).
//!
//! It travels in the header `Truebell-Head` as `base64url(CBOR head) "." base64url(signature)`, and with `"." base64url(path)` behind
//! it where one signature covers the heads of several replies. A reply without one that verifies against the pinned key did not come
//! from our server, whatever its status says.

mod together;

use crate::event::{Chain, CheckCode};
use crate::hash::Hash32;
use crate::ids::{AccountId, ServerId, VaultId};
use crate::sign::{PublicKey, Purpose, Signature, SigningKey};
use crate::time::UnixMillis;
use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};
use serde::Serialize;

/// The header's name.
pub const HEADER: &str = "truebell-head";
/// The request header with the nonce the head must repeat: 16 bytes, base64url.
pub const NONCE_HEADER: &str = "truebell-nonce";

/// The request header in which a client says which version it is: `truebell-cli/0.2.0`.
pub const CLIENT_HEADER: &str = "truebell-client";

/// What the server says about itself, this account and this reply.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// Which server.
    #[n(0)]
    pub server: ServerId,
    /// Which database: random when it was created. Another one under the same identity is not ours.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub generation: [u8; 16],
    /// Raised by every restore from a backup.
    #[n(2)]
    pub restore_epoch: u64,
    /// The server's clock.
    #[n(3)]
    pub at: UnixMillis,
    /// The request's nonce: this reply answers that request and no other.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// What became of the request.
    #[n(5)]
    pub status: Status,
    /// Where the account stands; absent where no session was shown.
    #[n(6)]
    pub account: Option<AccountHead>,
    /// Do not sync again before this many milliseconds have passed.
    #[n(7)]
    pub pace_ms: u32,
    /// SHA-256 of the body; absent where the body is a stream that carries its own proofs.
    #[n(8)]
    pub body: Option<Hash32>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Status {
    /// Done.
    #[n(0)]
    Ok,
    /// Too much work; come back.
    #[n(1)]
    Busy {
        /// Not before.
        #[n(0)]
        until: UnixMillis,
    },
    /// Announced maintenance.
    #[n(2)]
    Maintenance {
        /// Not before.
        #[n(0)]
        until: UnixMillis,
        /// In the operator's words.
        #[n(1)]
        note: String,
    },
    /// This request, and nothing else, was refused.
    #[n(3)]
    Refused {
        /// Why: one of a closed list.
        #[n(0)]
        reason: Reason,
        /// Waiting helps until then; zero where it does not.
        #[n(1)]
        retry_at: UnixMillis,
    },
    /// The client is too old for this server.
    #[n(4)]
    Outdated {
        /// The lowest version that is not.
        #[n(0)]
        needs: String,
    },
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal, $http:literal, $title:literal;)*) => {
        /// Why one request was refused. The same closed list is the RFC 9457 problem types (`docs/problems.md`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
        #[cbor(index_only)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* #[n($number)] $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The last part of the problem type URI.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The HTTP status that goes with it.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$name => $http,)* }
            }

            /// One sentence for people: what happened and what to do.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

reasons! {
    /// The body or a parameter is not what the route takes.
    Malformed = 0, "malformed", 400, "The request is not one this server understands: update Truebell.";
    /// No session, or one that is not known.
    NoSession = 1, "no-session", 401, "The server knows no session of this device: the device opens a new one by itself.";
    /// The session's time is over; the device can open the next one by itself.
    SessionExpired = 2, "session-expired", 401, "The session's time is over; the device opens a new one by itself.";
    /// Sign-in details do not match. Nothing more can be said.
    WrongCredentials = 3, "wrong-credentials", 403, "These details do not open this account here: check the address, the password and the Secret Key.";
    /// The second factor is due.
    SecondFactorNeeded = 4, "second-factor-needed", 403, "A code from your authenticator is needed as well.";
    /// Its code is wrong or was used before.
    SecondFactorWrong = 5, "second-factor-wrong", 403, "That code is not right, or was used already: take the next one your authenticator shows.";
    /// Not yours or not there: the two are not told apart.
    NotFound = 6, "not-found", 404, "There is no such thing in this account.";
    /// Somebody wrote first.
    Conflict = 7, "conflict", 409, "Another device wrote first: sync and try again.";
    /// The address has an account.
    AddressTaken = 8, "address-taken", 409, "An account with this address exists already: sign in instead.";
    /// Sign-up is closed or needs an invitation.
    SignUpClosed = 9, "sign-up-closed", 403, "This server takes no new accounts: ask its operator.";
    /// The invitation is not good.
    BadInvitation = 10, "bad-invitation", 403, "This invitation is not valid any more: ask for a new one.";
    /// Over a limit of size.
    TooLarge = 11, "too-large", 413, "That is larger than this server takes.";
    /// Too many tries.
    TooManyAttempts = 12, "too-many-attempts", 429, "Too many tries: wait, then try again. Devices already signed in are not affected.";
    /// The act is not next in the account's chain.
    ChainMoved = 13, "chain-moved", 409, "Something else happened to this account first: sync and try again.";
    /// The act, head or device signature does not verify.
    BadSignature = 14, "bad-signature", 403, "The request is not signed by this account.";
    /// The device was revoked, or is not enrolled. Whether it was revoked is told by an event, not by this.
    DeviceUnknown = 15, "device-unknown", 403, "This device cannot open a session on this server.";
    /// The disk or quota is full: reading goes on.
    StorageFull = 16, "storage-full", 507, "The server has no room left: reading goes on, writing does not. Tell its operator.";
    /// Our fault; nothing was changed.
    Internal = 17, "internal", 500, "The server made a mistake and changed nothing: try again later.";
    /// The method or path does not exist.
    NoSuchRoute = 18, "no-such-route", 404, "This server does not know that request: one of the two is too old.";
    /// The account is waiting for its deletion and only takes the cancelling of it.
    AccountClosing = 19, "account-closing", 409, "The server takes no changes to this account now: sync to see why, or keep the account with `truebell account keep`.";
    /// The client's clock is too far off for this request.
    ClockSkew = 20, "clock-skew", 403, "The device's clock is too far off: set it and try again.";
    /// The exchange this belongs to took too long, or was used already.
    SignInOver = 21, "sign-in-over", 409, "This took too long or was done already: start it again.";
    /// Not a mail address.
    BadAddress = 22, "bad-address", 400, "This is not a mail address: write it as name@example.org.";
    /// A machine asked for more than to read what it was given.
    MachineOnlyReads = 23, "machine-only-reads", 403, "A machine reads the vaults it was given and does nothing else: do this on a device of your own.";
}

/// Where an account stands: enough to know whether anything is new.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AccountHead {
    /// Whose.
    #[n(0)]
    pub account: AccountId,
    /// The end of the event chain, so that no event can be withheld quietly.
    #[n(1)]
    pub chain: Chain,
    /// Each vault's sequence and the digest of its signed head.
    #[n(2)]
    pub vaults: Vec<VaultMark>,
    /// One more with each change of the account's own record (address, sealed keyset, second factor).
    #[n(3)]
    pub record: u64,
}

impl AccountHead {
    /// A short name for all of it, for two people or two devices to compare by eye.
    pub fn code(&self) -> StateCode {
        let mut sorted = self.clone();
        sorted.vaults.sort_unstable_by_key(|mark| mark.vault);
        StateCode(CheckCode::derive(&Hash32::derive_labelled("truebell account state v1", &[&crate::cbor::to_vec(&sorted)])))
    }
}

/// Names a state of an account: `7KQ4F-2M9XB`, 50 bits. Two devices that are up to date and show different ones are shown different
/// things by their server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct StateCode(CheckCode);

impl std::fmt::Display for StateCode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// How far a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct VaultMark {
    /// Which.
    #[n(0)]
    pub vault: VaultId,
    /// Its sequence.
    #[n(1)]
    pub seq: u64,
    /// Digest of its signed head.
    #[n(2)]
    pub head: Hash32,
}

/// Why a header gives no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoHead {
    /// There is none, or our server did not sign it.
    #[error("the reply carries no head signed by this server")]
    Unsigned,
    /// Our server signed it, and it says something this version does not know.
    #[error("the server's reply is of a newer version")]
    Newer,
}

impl Head {
    /// The header's value.
    pub fn sign(&self, key: &SigningKey) -> String {
        let bytes = crate::cbor::to_vec(self);
        let signature = key.sign(Purpose::ReplyHead, &bytes);
        format!("{}.{}", BASE64URL_NOPAD.encode(&bytes), BASE64URL_NOPAD.encode(&signature.0))
    }

    /// The values of several heads under one signature, which makes each of them much cheaper. What a client learns from one is
    /// the same: that the key signed this head.
    pub fn sign_all(heads: &[Self], key: &SigningKey) -> Vec<String> {
        match heads {
            [] => Vec::new(),
            [alone] => vec![alone.sign(key)],
            together => together::sign(&together.iter().map(crate::cbor::to_vec).collect::<Vec<_>>(), key),
        }
    }

    /// The head, if `key` signed it, alone or together with others.
    pub fn verify(value: &str, key: &PublicKey) -> Result<Self, NoHead> {
        let read = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| NoHead::Unsigned);
        let (head, rest) = value.split_once('.').ok_or(NoHead::Unsigned)?;
        let (signature, path) = rest.split_once('.').map_or((rest, None), |(signature, path)| (signature, Some(path)));
        let head = read(head)?;
        let signature = Signature(read(signature)?.try_into().map_err(|_| NoHead::Unsigned)?);
        let verified = match path {
            None => key.verify(Purpose::ReplyHead, &head, &signature),
            Some(path) => together::verify(&head, &signature, &read(path)?, key),
        };
        verified.map_err(|_| NoHead::Unsigned)?;
        crate::cbor::from_slice(&head).map_err(|_| NoHead::Newer)
    }
}
