//! Verifiers that do not name themselves: PBKDF2 in columns of its own, and plain digests by template.

use super::super::kdf::{Hash, Kdf};
use super::super::recipe::Stored;
use super::super::shape::Shape;
use super::super::template::Template;
use super::super::verifier::Step;
use super::phc::{pbkdf2_parameters, pbkdf2_parsed};
use super::{Parsed, Result, Unreadable, broken};

/// Digest in hexadecimal, salt as text, and `$pbkdf2-sha256$i=600000,l=32$`, each in its column.
pub(super) fn pbkdf2(stored: &Stored<'_>) -> Result<Parsed> {
    const FORMAT: &str = "discourse";
    let salt = stored.salt.ok_or(Unreadable::Missing("salt"))?;
    let parameters = stored.parameters.ok_or(Unreadable::Missing("parameters"))?;
    let mut fields = parameters.split('$').filter(|field| !field.is_empty());
    let hash = match fields.next() {
        Some("pbkdf2-sha1") => Hash::Sha1,
        Some("pbkdf2-sha256") => Hash::Sha256,
        Some("pbkdf2-sha512") => Hash::Sha512,
        _ => return broken(FORMAT, "its function is not PBKDF2 with SHA-1, SHA-256 or SHA-512"),
    };
    let (rounds, length) = pbkdf2_parameters(FORMAT, fields.next().unwrap_or_default())?;
    let Some(digest) = data_encoding::HEXLOWER.decode(stored.verifier.as_bytes()).ok() else {
        return Err(Unreadable::Unknown(Shape::of(stored.verifier)));
    };
    if length.is_some_and(|length| length != digest.len()) || fields.next().is_some() {
        return broken(FORMAT, "its digest is not as long as its parameters say");
    }
    pbkdf2_parsed(FORMAT, hash, rounds, salt.as_bytes().to_vec(), digest)
}

/// What the recipe's template makes.
pub(super) fn digest(stored: &Stored<'_>, template: &Template, salt_after: Option<char>) -> Result<Parsed> {
    let unknown = || Unreadable::Unknown(Shape::of(stored.verifier));
    let (digest, salt) = match salt_after {
        None => (stored.verifier, stored.salt),
        Some(letter) => stored.verifier.split_once(letter).map(|(digest, salt)| (digest, Some(salt))).ok_or_else(unknown)?,
    };
    let is_hex = template.makes_hex();
    let fits = digest.bytes().all(|letter| if is_hex { letter.is_ascii_hexdigit() } else { letter.is_ascii_graphic() });
    if !fits {
        return Err(unknown());
    }
    let expected = if is_hex { digest.to_ascii_lowercase() } else { digest.to_owned() };
    let mut steps = vec![Step { template: template.clone(), salt: salt.map(|salt| salt.as_bytes().to_vec()) }];
    if is_hex {
        // Capitals in hexadecimal mean nothing: what is made is compared in the same case as what is kept.
        let lower = Template::parse("lower(password)").map_err(|_| unknown())?;
        steps.push(Step { template: lower, salt: None });
    }
    Ok(Parsed { format: "digest by recipe", steps, kdf: Kdf::Plain, expected: expected.into_bytes() })
}

/// WordPress before 2.5 kept plain MD5, and still checks it.
pub(super) fn wordpress_md5(text: &str) -> Result<Option<Parsed>> {
    let is_md5 = text.len() == 32 && text.bytes().all(|letter| letter.is_ascii_digit() || matches!(letter, b'a'..=b'f'));
    if !is_md5 {
        return Ok(None);
    }
    Parsed::new("wordpress md5", Kdf::Plain, text.as_bytes().to_vec()).after("md5(password)", None).map(Some)
}
