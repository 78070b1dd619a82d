//! Formats that are bytes in base64: LDAP's schemes and ASP.NET Core Identity.

use super::super::alphabet;
use super::super::kdf::{Hash, Kdf};
use super::super::shape::Shape;
use super::phc::pbkdf2_parsed;
use super::{Parsed, Result, Unreadable, broken, modular};

/// `{SSHA}` and its family (RFC 2307 section 5.3): digest, then salt.
pub(super) fn ldap(text: &str) -> Result<Parsed> {
    let unknown = || Unreadable::Unknown(Shape::of(text));
    let (scheme, rest) = text.strip_prefix('{').and_then(|text| text.split_once('}')).ok_or_else(unknown)?;
    let scheme = scheme.to_ascii_uppercase();
    if scheme == "CRYPT" {
        return modular::read(rest)?.ok_or_else(unknown);
    }
    let (format, hash, is_salted) = match scheme.as_str() {
        "MD5" => ("ldap {MD5}", Hash::Md5, false),
        "SMD5" => ("ldap {SMD5}", Hash::Md5, true),
        "SHA" => ("ldap {SHA}", Hash::Sha1, false),
        "SSHA" => ("ldap {SSHA}", Hash::Sha1, true),
        "SHA256" => ("ldap {SHA256}", Hash::Sha256, false),
        "SSHA256" => ("ldap {SSHA256}", Hash::Sha256, true),
        "SHA384" => ("ldap {SHA384}", Hash::Sha384, false),
        "SSHA384" => ("ldap {SSHA384}", Hash::Sha384, true),
        "SHA512" => ("ldap {SHA512}", Hash::Sha512, false),
        "SSHA512" => ("ldap {SSHA512}", Hash::Sha512, true),
        _ => return Err(unknown()),
    };
    let Some(mut digest) = alphabet::decode_padded(rest) else { return broken(format, "it is not base64") };
    if digest.len() < hash.length() {
        return broken(format, "it is shorter than its digest");
    }
    let salt = digest.split_off(hash.length());
    if salt.is_empty() == is_salted {
        return broken(format, "it has a salt where it should not, or none where it should");
    }
    Ok(Parsed::new(format, Kdf::Salted { hash, salt }, digest))
}

/// Both versions of `PasswordHasher`.
pub(super) fn aspnet_identity(text: &str) -> Result<Parsed> {
    let Some(bytes) = alphabet::decode_padded(text) else { return Err(Unreadable::Unknown(Shape::of(text))) };
    match bytes.split_first() {
        Some((0, rest)) => identity_v2(rest),
        Some((1, rest)) => identity_v3(rest),
        _ => Err(Unreadable::Unknown(Shape::of(text))),
    }
}

fn identity_v2(rest: &[u8]) -> Result<Parsed> {
    const FORMAT: &str = "aspnet-identity v2";
    match rest.split_first_chunk::<16>() {
        Some((salt, digest)) if digest.len() == 32 => pbkdf2_parsed(FORMAT, Hash::Sha1, 1000, salt.to_vec(), digest.to_vec()),
        _ => broken(FORMAT, "it is not 49 bytes"),
    }
}

fn identity_v3(rest: &[u8]) -> Result<Parsed> {
    const FORMAT: &str = "aspnet-identity v3";
    let Some(([function, rounds, salt_length], rest)) = numbers(rest) else { return broken(FORMAT, "it is cut") };
    let hash = match function {
        0 => Hash::Sha1,
        1 => Hash::Sha256,
        2 => Hash::Sha512,
        _ => return broken(FORMAT, "its function is not SHA-1, SHA-256 or SHA-512"),
    };
    let parts = usize::try_from(salt_length).ok().and_then(|length| rest.split_at_checked(length));
    match parts {
        // The framework itself demands 128 bits of both.
        Some((salt, digest)) if salt.len() >= 16 && digest.len() >= 16 => {
            pbkdf2_parsed(FORMAT, hash, rounds, salt.to_vec(), digest.to_vec())
        }
        _ => broken(FORMAT, "its salt or digest is shorter than 16 bytes"),
    }
}

/// Three big-endian numbers, and what follows them.
fn numbers(bytes: &[u8]) -> Option<([u32; 3], &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    let (second, rest) = rest.split_first_chunk()?;
    let (third, rest) = rest.split_first_chunk()?;
    Some(([*first, *second, *third].map(u32::from_be_bytes), rest))
}
