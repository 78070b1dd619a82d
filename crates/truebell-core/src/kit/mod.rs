//! The Emergency Kit: what a person needs, besides the account password, to open the account on a new device
//! (`docs/formats/kit.md`). Its plain text and its one-line URI live here; the printed page does not.

mod found;
mod text;
mod uri;

use crate::ids::AccountId;
use crate::secret_key::{SecretKey, SecretKeyError};
use crate::time::UnixMillis;
use std::fmt;

/// The version of the format that is written.
const VERSION: u64 = 1;

/// An Emergency Kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kit {
    /// The server's address, `https://…`.
    pub server: String,
    /// The server's fingerprint, as the server shows it.
    pub fingerprint: String,
    /// The mail address at sign-up.
    pub email: String,
    /// The account.
    pub account: AccountId,
    /// Its Secret Key.
    pub secret_key: SecretKey,
    /// The epoch of the account's credentials when the kit was made.
    pub epoch: u64,
    /// When it was made; kits keep whole seconds.
    pub created: UnixMillis,
}

/// A value of a kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KitField {
    /// [`Kit::server`].
    Server,
    /// [`Kit::fingerprint`].
    Fingerprint,
    /// [`Kit::email`].
    Email,
    /// [`Kit::account`].
    Account,
    /// [`Kit::secret_key`].
    SecretKey,
    /// [`Kit::epoch`].
    Epoch,
    /// [`Kit::created`].
    Created,
    /// The version of the format.
    Version,
}

/// Where in a kit something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this line of its text, the first being 1.
    Line(usize),
    /// In its URI.
    Code,
}

/// Why something is not an Emergency Kit. No variant repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KitError {
    /// Nothing of a kit is in it.
    #[error("this is not a Truebell Emergency Kit: use the PDF or the text that was saved at sign-up")]
    NotAKit,
    /// Written by a newer version.
    #[error("this Emergency Kit is of a newer version: update Truebell")]
    NewerVersion,
    /// A value is not there.
    #[error("this Emergency Kit has no \"{field}\": use the whole of it")]
    Missing {
        /// Which.
        field: KitField,
    },
    /// A value is not what it should be.
    #[error("{place} of the Emergency Kit cannot be read: \"{field}\" must be {}", field.wanted())]
    Unreadable {
        /// Where.
        place: Place,
        /// Which.
        field: KitField,
    },
    /// The Secret Key is mistyped.
    #[error("{place} of the Emergency Kit: {error}")]
    SecretKey {
        /// Where.
        place: Place,
        /// What is wrong with it.
        error: SecretKeyError,
    },
    /// Two kits in one.
    #[error("this Emergency Kit has two different values for \"{field}\" ({first}, {second}): use one kit at a time")]
    Differ {
        /// The first place.
        first: Place,
        /// The second.
        second: Place,
        /// The value.
        field: KitField,
    },
}

impl Kit {
    /// The values as texts, in the order in which they are written.
    fn fields(&self) -> [(KitField, zeroize::Zeroizing<String>); 7] {
        let key = self.secret_key.to_text().expose().to_owned();
        [
            (KitField::Server, self.server.clone()),
            (KitField::Fingerprint, self.fingerprint.clone()),
            (KitField::Email, self.email.clone()),
            (KitField::Account, self.account.to_string()),
            (KitField::SecretKey, key),
            (KitField::Epoch, self.epoch.to_string()),
            (KitField::Created, self.created.utc().to_string()),
        ]
        .map(|(field, value)| (field, value.into()))
    }
}

impl KitField {
    const ALL: [Self; 8] =
        [Self::Server, Self::Fingerprint, Self::Email, Self::Account, Self::SecretKey, Self::Epoch, Self::Created, Self::Version];

    /// What is read in its place.
    fn wanted(self) -> &'static str {
        match self {
            Self::Server => "the server's address, beginning with https:// or http://",
            Self::Fingerprint => "the server's fingerprint, in one word",
            Self::Email => "a mail address",
            Self::Account => "acc_ and 26 letters or digits",
            Self::SecretKey => "TB1 and seven groups of five letters or digits",
            Self::Epoch | Self::Version => "a number",
            Self::Created => "a date, such as 2026-11-23 06:20:31Z",
        }
    }
}

impl fmt::Display for KitField {
    /// The key in a kit's text.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Server => "Server",
            Self::Fingerprint => "Server fingerprint",
            Self::Email => "Email",
            Self::Account => "Account",
            Self::SecretKey => "Secret Key",
            Self::Epoch => "Epoch",
            Self::Created => "Created",
            Self::Version => "Kit version",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(out, "line {line}"),
            Self::Code => out.write_str("the QR code"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn ada() -> Kit {
        Kit {
            server: "https://vault.example.org".to_owned(),
            fingerprint: "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg".to_owned(),
            email: "ada@example.org".to_owned(),
            account: AccountId(*b"analytical engin"),
            secret_key: SecretKey::from_bytes(*b"0123456789abcdef"),
            epoch: 3,
            created: UnixMillis::from_seconds(1_795_415_631),
        }
    }

    prop_compose! {
        pub(super) fn any_kit()(
            host in "[^\\s\\p{C}]{1,40}", fingerprint in "[!-~]{1,60}", user in "[^\\s\\p{C}]{1,30}", domain in "[^\\s\\p{C}]{1,30}",
            account: [u8; 16], key: [u8; 16], epoch: u64, seconds in 0..253_402_300_800_u64,
        ) -> Kit {
            Kit {
                server: format!("http://{host}"), fingerprint, email: format!("{user}@{domain}"), account: AccountId(account),
                secret_key: SecretKey::from_bytes(key), epoch, created: UnixMillis::from_seconds(seconds),
            }
        }
    }

    proptest! {
        #[test]
        fn every_kit_reads_back_from_its_text_and_its_uri(kit in any_kit()) {
            prop_assert_eq!(Kit::parse_text(kit.to_text().expose()), Ok(kit.clone()));
            prop_assert_eq!(Kit::parse_uri(kit.to_uri().expose()), Ok(kit));
        }
    }

    #[test]
    fn debug_does_not_show_the_secret_key() {
        let shown = format!("{:?}", ada());
        assert!(shown.contains("SecretKey(…)") && !shown.contains("60RK3"));
    }
}
