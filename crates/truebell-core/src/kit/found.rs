//! The values of a kit as they were found in its text or its URI, and the kit they make.

use super::{Kit, KitError, KitField, Place, VERSION};
use crate::secret_key::SecretKey;
use crate::time::Utc;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What was found so far.
#[derive(Default)]
pub(super) struct Found(BTreeMap<KitField, (Place, Zeroizing<String>)>);

impl Found {
    /// Adds a value; the same value may come again.
    pub(super) fn add(&mut self, field: KitField, place: Place, value: Zeroizing<String>) -> Result<(), KitError> {
        match self.0.get(&field) {
            Some((first, before)) if *before != value => Err(KitError::Differ { first: *first, second: place, field }),
            Some(_) => Ok(()),
            None => {
                self.0.insert(field, (place, value));
                Ok(())
            }
        }
    }

    /// The kit, if every value is there and can be read.
    pub(super) fn into_kit(self) -> Result<Kit, KitError> {
        self.check_version()?;
        if !self.0.contains_key(&KitField::SecretKey) && self.0.len() < 3 {
            return Err(KitError::NotAKit);
        }
        let (place, key) = self.text(KitField::SecretKey)?;
        Ok(Kit {
            server: self.read(KitField::Server, read_server)?,
            fingerprint: self.read(KitField::Fingerprint, read_word)?,
            email: self.read(KitField::Email, |text| read_word(text).filter(|word| word.contains('@')))?,
            account: self.read(KitField::Account, parse)?,
            secret_key: SecretKey::parse(key).map_err(|error| KitError::SecretKey { place, error })?,
            epoch: self.read(KitField::Epoch, read_number)?,
            created: self.read(KitField::Created, |text| parse::<Utc>(text)?.to_millis())?,
        })
    }

    fn check_version(&self) -> Result<(), KitError> {
        if !self.0.contains_key(&KitField::Version) {
            return Ok(());
        }
        match self.read(KitField::Version, read_number)? {
            version if version > VERSION => Err(KitError::NewerVersion),
            _ => Ok(()),
        }
    }

    fn text(&self, field: KitField) -> Result<(Place, &str), KitError> {
        let (place, value) = self.0.get(&field).ok_or(KitError::Missing { field })?;
        Ok((*place, value))
    }

    fn read<T>(&self, field: KitField, read: impl Fn(&str) -> Option<T>) -> Result<T, KitError> {
        let (place, text) = self.text(field)?;
        read(text).ok_or(KitError::Unreadable { place, field })
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// One word with something in it. Control characters, which no kit is written with, would be lost on its way to paper.
fn read_word(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())).then(|| text.to_owned())
}

fn read_server(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    if is_web && !rest.is_empty() { read_word(text) } else { None }
}

/// Digits only: `parse` would take a sign.
fn read_number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { parse(text) } else { None }
}
