//! What is kept of a site: a definition that anybody may see, and secrets, sealed.

use super::NotKept;
use crate::sealed::Kind;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use truebell_core::chance::Chance;
use truebell_core::ids::SiteId;
use truebell_core::seal::{Context, Part, SealKey, open, seal};
use zeroize::{Zeroize, Zeroizing};

/// The version of definitions this program writes.
pub const VERSION: u32 = 1;
/// Longest name, in letters.
const NAME_MAX: usize = 64;

/// What is no secret of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// [`VERSION`].
    pub v: u32,
    /// Where its accounts are, without user and password.
    pub source: String,
    /// The framework whose tables it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// How its verifiers are read, where no preset says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Its table, where it has another name than the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Columns that have other names than the preset's, by what they hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// What goes into the verifier in place of the password: a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// Where its mail leaves, without user and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Whom its mail comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Definition {
    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads it.
    ///
    /// # Errors
    /// Of a newer version.
    pub fn read(json: &str) -> Result<Self, NotKept> {
        let read: Option<Self> = serde_json::from_str(json).ok();
        read.filter(|read| read.v == VERSION).ok_or(NotKept::Shape("this site"))
    }
}

/// What is.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Secrets {
    /// Where its accounts are, whole.
    #[n(0)]
    pub source: String,
    /// Where its mail leaves, whole.
    #[n(1)]
    pub mail: Option<String>,
    /// The key under which its addresses are hashed.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub address_key: [u8; 32],
    /// What its passwords are peppered with.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub pepper: Option<Vec<u8>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secrets(…)")
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.source.zeroize();
        self.mail.zeroize();
        self.address_key.zeroize();
        self.pepper.zeroize();
    }
}

fn context(site: SiteId) -> Context {
    Context::own(Part::Server, site.0, Kind::SiteSecrets as u64)
}

impl Secrets {
    /// Seals them under the server's key.
    pub fn seal(&self, server: &SealKey, site: SiteId, chance: &mut dyn Chance) -> Vec<u8> {
        let plain = Zeroizing::new(truebell_core::cbor::to_vec(self));
        seal(server, &context(site), &plain, chance)
    }

    /// Opens them.
    ///
    /// # Errors
    /// Another server's, or of a newer version.
    pub fn open(server: &SealKey, site: SiteId, sealed: &[u8]) -> Result<Self, NotKept> {
        const WHAT: &str = "this site";
        let plain = open(server, &context(site), sealed).map_err(|why| NotKept::Seal(WHAT, why))?;
        truebell_core::cbor::from_slice(&plain).map_err(|_| NotKept::Shape(WHAT))
    }
}

/// A site's name: it goes into plans, folders and addresses.
///
/// # Errors
/// A sentence.
pub fn parse_name(text: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter);
    if (1..=NAME_MAX).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("give a name of 1 to 64 small letters, digits, `-`, `_` and `.`".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::testing::Seeded;

    #[test]
    fn a_definition_is_read_as_it_was_written_and_a_newer_one_is_refused() {
        let columns = BTreeMap::from([("address".to_owned(), "mail".to_owned())]);
        let definition =
            Definition { v: VERSION, source: "postgres://db/shop".into(), preset: Some("django".into()), columns, ..Definition::default() };
        let json = definition.to_json();
        assert_eq!(json, r#"{"v":1,"source":"postgres://db/shop","preset":"django","columns":{"address":"mail"}}"#);
        assert_eq!(Definition::read(&json), Ok(definition));
        assert!(Definition::read(&json.replace("\"v\":1", "\"v\":2")).is_err());
    }

    #[test]
    fn secrets_open_for_their_site_and_show_nothing() {
        let (server, site) = (SealKey::from_bytes([3; 32]), SiteId([4; 16]));
        let secrets = Secrets { source: "postgres://u:p@db/shop".into(), mail: None, address_key: [5; 32], pepper: Some(vec![6]) };
        let sealed = secrets.seal(&server, site, &mut Seeded::new(1));
        assert_eq!(Secrets::open(&server, site, &sealed), Ok(secrets.clone()));
        assert!(Secrets::open(&server, SiteId([5; 16]), &sealed).is_err());
        assert_eq!(format!("{secrets:?}"), "Secrets(…)");
    }

    #[test]
    fn a_name_can_stand_anywhere() {
        assert_eq!(parse_name("shop-1.de_x"), Ok("shop-1.de_x".into()));
        for name in ["", "Shop", "my shop", "a/b", &"x".repeat(65)] {
            assert!(parse_name(name).is_err(), "{name}");
        }
    }
}
