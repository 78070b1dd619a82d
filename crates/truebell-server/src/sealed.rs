//! What the server seals for itself: OPAQUE records, TOTP generators, the state of an exchange between its two messages. A copy of
//! the database without the key file holds nothing that a sign-in could be tried against.

use crate::error::Refusal;
use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sha2::Sha256;
use std::time::Duration;
use truebell_core::chance::Chance;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::seal::{Context, Part, SealKey, open, seal};
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

/// How long the state of an exchange is good.
pub(crate) const STATE_TIME: Duration = Duration::from_mins(2);

/// What is sealed. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Kind {
    /// An account's OPAQUE record.
    OpaqueRecord = 1,
    /// An account's TOTP generator.
    Totp = 2,
    /// A password sign-in between its messages.
    SignIn = 3,
    /// A credential change between its messages.
    Credentials = 4,
    /// A device's challenge.
    Challenge = 5,
    /// Where the other database of a move is.
    MovePlace = 6,
    /// A header that a receiver of signals wants to see.
    SignalHeader = 7,
    /// A site's locations, with their passwords, and the key of its addresses.
    SiteSecrets = 8,
    /// The key of a match.
    MatchKey = 9,
}

/// State of an OPAQUE exchange, carried by the client.
#[derive(Debug, Encode, Decode)]
pub(crate) struct Exchange {
    #[n(0)]
    pub account: AccountId,
    /// The enrolled device that changes credentials; none for a sign-in.
    #[n(1)]
    pub device: Option<DeviceId>,
    /// Which record it was begun with: changed in between, the exchange is over.
    #[n(2)]
    pub record: Hash32,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub state: Vec<u8>,
}

/// A device's challenge.
#[derive(Debug, Encode, Decode)]
pub(crate) struct Challenge {
    #[n(0)]
    pub device: DeviceId,
}

#[derive(Encode, Decode)]
struct Dated<T> {
    #[n(0)]
    at: UnixMillis,
    #[n(1)]
    inner: T,
}

/// The key, and what is done with it.
pub(crate) struct Sealing {
    key: SealKey,
}

impl Sealing {
    pub(crate) fn new(key: SealKey) -> Self {
        Self { key }
    }

    /// Seals something kept for an account.
    pub(crate) fn seal(&self, kind: Kind, account: AccountId, plain: &[u8], chance: &mut dyn Chance) -> Vec<u8> {
        seal(&self.key, &context(kind, account.0), plain, chance)
    }

    /// Opens it. It was sealed by this server, so failing is our fault and not the client's.
    pub(crate) fn open(&self, kind: Kind, account: AccountId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        open(&self.key, &context(kind, account.0), sealed).map_err(|why| Refusal::fault(format!("a {kind:?} does not open: {why}")))
    }

    /// Seals state the client carries between two messages.
    pub(crate) fn seal_state<T: Encode<()>>(&self, kind: Kind, state: T, now: UnixMillis, chance: &mut dyn Chance) -> Vec<u8> {
        let plain = Zeroizing::new(truebell_core::cbor::to_vec(&Dated { at: now, inner: state }));
        seal(&self.key, &context(kind, [0; 16]), &plain, chance)
    }

    /// Opens it again, within its time.
    pub(crate) fn open_state<T>(&self, kind: Kind, sealed: &[u8], now: UnixMillis) -> Result<T, Refusal>
    where
        T: for<'b> Decode<'b, ()>,
    {
        let plain = open(&self.key, &context(kind, [0; 16]), sealed)
            .map_err(|_| Refusal::because(Reason::Malformed, "The state is not one this server gave out."))?;
        let dated: Dated<T> = truebell_core::cbor::from_slice(&plain).map_err(|_| Refusal::fault("our own state does not read"))?;
        // Both ways: a clock that jumped back must not make old states good for ever.
        if now - dated.at > STATE_TIME || dated.at - now > STATE_TIME { Err(Reason::SignInOver.into()) } else { Ok(dated.inner) }
    }

    /// The account of an address that has none: always the same, and told apart from a real one by nobody without the key.
    pub(crate) fn invent_account(&self, address_key: &str) -> AccountId {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, section 2)")]
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.key.expose_bytes()).expect("HMAC takes any key");
        let bytes = mac.chain_update(b"truebell invented account v1\0").chain_update(address_key).finalize().into_bytes();
        let mut account = [0; 16];
        account.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        AccountId(account)
    }
}

fn context(kind: Kind, object: [u8; 16]) -> Context {
    Context::own(Part::Server, object, kind as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Outside;
    use truebell_core::testing::Seeded;

    const NOW: UnixMillis = UnixMillis(1_000_000_000);

    #[test]
    fn state_is_good_for_two_minutes_of_any_clock_and_for_one_purpose() {
        let mut chance = Seeded::new(1);
        let sealing = Sealing::new(SealKey::make_random(&mut chance));
        let state = sealing.seal_state(Kind::Challenge, Challenge { device: DeviceId([3; 16]) }, NOW, &mut chance);
        let opened = |kind, now| sealing.open_state::<Challenge>(kind, &state, now).map(|state| state.device).map_err(|why| why.outside);
        let over = Outside::Refused(Reason::SignInOver, None);
        for (now, expected) in [
            (NOW.0, Ok(DeviceId([3; 16]))),
            (NOW.0 + 120_000, Ok(DeviceId([3; 16]))),
            (NOW.0 - 120_000, Ok(DeviceId([3; 16]))),
            (NOW.0 + 120_001, Err(over.clone())),
            (NOW.0 - 120_001, Err(over)),
        ] {
            assert_eq!(opened(Kind::Challenge, UnixMillis(now)), expected, "{now}");
        }
        assert_eq!(opened(Kind::SignIn, NOW), Err(Outside::Refused(Reason::Malformed, None)));
    }

    #[test]
    fn an_invented_account_is_always_the_same_and_no_two_servers_invent_alike() {
        let [one, other] = [1, 2].map(|seed| Sealing::new(SealKey::make_random(&mut Seeded::new(seed))));
        assert_eq!(one.invent_account("ada@example.org"), one.invent_account("ada@example.org"));
        assert_ne!(one.invent_account("ada@example.org"), one.invent_account("eve@example.org"));
        assert_ne!(one.invent_account("ada@example.org"), other.invent_account("ada@example.org"));
    }
}
