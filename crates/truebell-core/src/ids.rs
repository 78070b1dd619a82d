//! Identifiers: sixteen random bytes each, one newtype per noun, so that an item's id can never be passed where a vault's belongs.
//!
//! In text an id is a prefix and 26 letters of lower-case Crockford base32 (`itm_0a1b…`); on the wire and in contexts it is its bytes.

use crate::chance::Chance;
use std::fmt;
use std::str::FromStr;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}: write it as {prefix} and 26 letters or digits")]
pub struct NotAnId {
    expected: &'static str,
    prefix: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[expect(clippy::indexing_slicing, reason = "five bits index an alphabet of 32")]
fn write_base32(bytes: &[u8; 16], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    // 128 bits in 26 letters of 5 bits: the first letter carries three bits only.
    let value = u128::from_be_bytes(*bytes);
    let text: String = (0..26).rev().map(|place| char::from(ALPHABET[((value >> (place * 5)) & 31) as usize])).collect();
    out.write_str(&text)
}

fn read_base32(text: &str) -> Option<[u8; 16]> {
    if text.len() != 26 {
        return None;
    }
    let mut value: u128 = 0;
    for (place, letter) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|a| *a == letter)? as u128;
        if place == 0 && digit > 7 {
            return None;
        }
        value = (value << 5) | digit;
    }
    Some(value.to_be_bytes())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// A new random id.
            pub fn make_random(chance: &mut dyn Chance) -> Self {
                let mut bytes = [0; 16];
                chance.fill(&mut bytes);
                Self(bytes)
            }

            /// The id from exactly sixteen bytes.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                Some(Self(bytes.try_into().ok()?))
            }

            /// Its bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str($prefix)?;
                write_base32(&self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix($prefix)
                    .and_then(read_base32)
                    .map(Self)
                    .ok_or(NotAnId { expected: $expected, prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(&self, e: &mut minicbor::Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?;
                Ok(())
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                Self::from_bytes(d.bytes()?).ok_or_else(|| minicbor::decode::Error::message(concat!("not ", $expected)))
            }
        }
    };
}

id!(/// One Truebell server, whatever its address.
    ServerId, "srv_", "a server id");
id!(/// One account.
    AccountId, "acc_", "an account id");
id!(/// One enrolled device of an account.
    DeviceId, "dev_", "a device id");
id!(/// One session of a device.
    SessionId, "ses_", "a session id");
id!(/// One vault.
    VaultId, "vlt_", "a vault id");
id!(/// One item of a vault.
    ItemId, "itm_", "an item id");
id!(/// One attachment of an item.
    AttachmentId, "att_", "an attachment id");
id!(/// One security event (the `jti` of its SET).
    EventId, "evt_", "an event id");
id!(/// One mail in the outbox.
    MailId, "mal_", "a mail id");
id!(/// One system that receives signals.
    ReceiverId, "rcv_", "a receiver id");
id!(/// One stream of signals.
    StreamId, "str_", "a stream id");
id!(/// One signal on one stream (the `jti` of its SET).
    SignalId, "sig_", "a signal id");
id!(/// One site whose accounts are protected.
    SiteId, "ste_", "a site id");
id!(/// One breach list matched against one site.
    MatchId, "mat_", "a match id");
id!(/// One account of a site, as one match knows it: a keyed digest.
    ListedId, "lst_", "a listed account's id");
id!(/// One account with one candidate password, as one match knows them: a keyed digest.
    PairId, "par_", "a pair's id");
id!(/// One process that works on a match.
    WorkerId, "wrk_", "a worker's id");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_round_trip() {
        for bytes in [[0; 16], [255; 16], *b"0123456789abcdef"] {
            let id = ItemId(bytes);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn another_nouns_id_is_refused_with_what_was_expected() {
        let error = VaultId([7; 16]).to_string().parse::<ItemId>().unwrap_err();
        assert_eq!(error.to_string(), "not an item id: write it as itm_ and 26 letters or digits");
    }
}
