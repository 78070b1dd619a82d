//! The PHC string format (`$id$v=…$name=value,…$salt$digest`), and Passlib's own formats that look like it.

use super::super::alphabet::{self, ADAPTED, Filling, STANDARD};
use super::super::kdf::{Argon2Kind, Hash, Kdf};
use super::modular::bcrypt_parts;
use super::{Parsed, Result, broken, number};

/// `None` when the text is of another family.
pub(super) fn read(text: &str) -> Result<Option<Parsed>> {
    let Some((id, rest)) = text.strip_prefix('$').and_then(|text| text.split_once('$')) else { return Ok(None) };
    let parsed = match id {
        "argon2d" => argon2("argon2d", Argon2Kind::D, rest)?,
        "argon2i" => argon2("argon2i", Argon2Kind::I, rest)?,
        "argon2id" => argon2("argon2id", Argon2Kind::Id, rest)?,
        "scrypt" => scrypt(rest)?,
        "pbkdf2" | "pbkdf2-sha1" => pbkdf2(Hash::Sha1, rest)?,
        "pbkdf2-sha256" => pbkdf2(Hash::Sha256, rest)?,
        "pbkdf2-sha512" => pbkdf2(Hash::Sha512, rest)?,
        "bcrypt-sha256" => bcrypt_sha256(rest)?,
        _ => return Ok(None),
    };
    Ok(Some(parsed))
}

/// The values of `a=1,b=2`, which must be these names in this order.
fn values<'a, const N: usize>(text: &'a str, names: [&str; N]) -> Option<[&'a str; N]> {
    let mut parts = text.split(',');
    let mut found = [""; N];
    for (value, name) in found.iter_mut().zip(names) {
        *value = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
    }
    parts.next().is_none().then_some(found)
}

/// Salt and digest, the last two fields.
fn salt_and_digest(text: &str, letters: &[u8; 64], format: &'static str) -> Result<(Vec<u8>, Vec<u8>)> {
    let (salt, digest) = text.split_once('$').unwrap_or((text, ""));
    let read = |text| alphabet::decode(text, letters, Filling::Zero);
    match (read(salt), read(digest)) {
        (Some(salt), Some(digest)) if !digest.is_empty() => Ok((salt, digest)),
        _ => broken(format, "salt or digest is missing, or not in base64 without padding"),
    }
}

fn argon2(format: &'static str, kind: Argon2Kind, rest: &str) -> Result<Parsed> {
    let (version, rest) = match rest.strip_prefix("v=").and_then(|rest| rest.split_once('$')) {
        Some(("19", rest)) => (0x13, rest),
        Some(("16", rest)) => (0x10, rest),
        Some(_) => return broken(format, "its version is neither 16 nor 19"),
        None => (0x10, rest),
    };
    let Some((parameters, rest)) = rest.split_once('$') else { return broken(format, "it has no salt") };
    let Some([memory, passes, lanes]) = values(parameters, ["m", "t", "p"]) else {
        return broken(format, "its parameters are not m, t and p (a key id or associated data is not read)");
    };
    let (memory_kib, passes, lanes) = (number(memory, format)?, number(passes, format)?, number(lanes, format)?);
    let (salt, digest) = salt_and_digest(rest, STANDARD, format)?;
    // RFC 9106 section 3.1.
    if passes == 0 || lanes == 0 || lanes > 0x00ff_ffff || memory_kib / 8 < lanes || salt.len() < 8 {
        return broken(format, "its parameters are below what Argon2 takes");
    }
    let kdf = Kdf::Argon2 { kind, version, memory_kib, passes, lanes, salt, length: digest.len() };
    Ok(Parsed::new(format, kdf, digest))
}

fn scrypt(rest: &str) -> Result<Parsed> {
    const FORMAT: &str = "scrypt";
    let (parameters, rest) = rest.split_once('$').unwrap_or((rest, ""));
    let Some([log_n, r, p]) = values(parameters, ["ln", "r", "p"]) else { return broken(FORMAT, "its parameters are not ln, r and p") };
    let (salt, digest) = salt_and_digest(rest, STANDARD, FORMAT)?;
    let kdf = scrypt_kdf(FORMAT, number(log_n, FORMAT)?, number(r, FORMAT)?, number(p, FORMAT)?, salt, digest.len())?;
    Ok(Parsed::new(FORMAT, kdf, digest))
}

/// Checks what RFC 7914 section 2 demands.
pub(super) fn scrypt_kdf(format: &'static str, log_n: u8, r: u32, p: u32, salt: Vec<u8>, length: usize) -> Result<Kdf> {
    let product = r.checked_mul(p).filter(|product| (1..1 << 30).contains(product));
    if product.is_none() || !(1..=63).contains(&log_n) || u32::from(log_n) >= r.saturating_mul(16) {
        return broken(format, "its parameters are not what scrypt takes");
    }
    Ok(Kdf::Scrypt { log_n, r, p, salt, length })
}

fn pbkdf2(hash: Hash, rest: &str) -> Result<Parsed> {
    let (parameters, rest) = rest.split_once('$').unwrap_or((rest, ""));
    if parameters.contains('=') {
        return phc_pbkdf2(hash, parameters, rest);
    }
    const FORMAT: &str = "passlib pbkdf2";
    let (salt, digest) = salt_and_digest(rest, ADAPTED, FORMAT)?;
    pbkdf2_parsed(FORMAT, hash, number(parameters, FORMAT)?, salt, digest)
}

fn phc_pbkdf2(hash: Hash, parameters: &str, rest: &str) -> Result<Parsed> {
    const FORMAT: &str = "pbkdf2";
    let (rounds, length) = pbkdf2_parameters(FORMAT, parameters)?;
    let (salt, digest) = salt_and_digest(rest, STANDARD, FORMAT)?;
    if length.is_some_and(|length| length != digest.len()) {
        return broken(FORMAT, "its digest is not as long as it says");
    }
    pbkdf2_parsed(FORMAT, hash, rounds, salt, digest)
}

/// `i=600000` or `i=600000,l=32`.
pub(super) fn pbkdf2_parameters(format: &'static str, text: &str) -> Result<(u32, Option<usize>)> {
    if let Some([rounds, length]) = values(text, ["i", "l"]) {
        return Ok((number(rounds, format)?, Some(number(length, format)?)));
    }
    match values(text, ["i"]) {
        Some([rounds]) => Ok((number(rounds, format)?, None)),
        None => broken(format, "its parameters are not i and l"),
    }
}

pub(super) fn pbkdf2_parsed(format: &'static str, hash: Hash, rounds: u32, salt: Vec<u8>, digest: Vec<u8>) -> Result<Parsed> {
    if rounds == 0 {
        return broken(format, "it has no rounds");
    }
    Ok(Parsed::new(format, Kdf::Pbkdf2 { hash, rounds, salt, length: digest.len() }, digest))
}

/// Version 1 is `2b,12`, version 2 `v=2,t=2b,r=12`; then salt and digest as in bcrypt.
fn bcrypt_sha256(rest: &str) -> Result<Parsed> {
    const FORMAT: &str = "passlib bcrypt-sha256";
    let mut fields = rest.split('$');
    let (Some(parameters), Some(salt), Some(digest), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
        return broken(FORMAT, "it does not have three fields");
    };
    let (template, kind, cost) = match (values(parameters, ["v", "t", "r"]), parameters.split_once(',')) {
        (Some(["2", kind, cost]), _) => ("base64(hmac_sha256_raw(salt, password))", kind, cost),
        (None, Some((kind, cost))) => ("base64(sha256_raw(password))", kind, cost),
        _ => return broken(FORMAT, "its version is neither 1 nor 2"),
    };
    let cost = number(cost, FORMAT)?;
    if !matches!(kind, "2a" | "2b" | "2y") || !(4..=31).contains(&cost) || salt.len() != 22 {
        return broken(FORMAT, "its parameters are not bcrypt's");
    }
    bcrypt_parts(cost, salt, digest)?.named(FORMAT).after(template, Some(salt.as_bytes().to_vec()))
}
