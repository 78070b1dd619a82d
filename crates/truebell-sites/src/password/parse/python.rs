//! Django's hashers and Werkzeug's. They share names and mean different things by them, so a recipe says which.

use super::super::alphabet;
use super::super::kdf::{Hash, Kdf};
use super::modular;
use super::phc::{self, pbkdf2_parsed, scrypt_kdf};
use super::{Parsed, Result, Unreadable, broken, number};

/// Bytes of digest that both keep of scrypt.
const SCRYPT_BYTES: usize = 64;

/// `None` when Django would not know it either.
pub(super) fn django(text: &str) -> Result<Option<Parsed>> {
    if is_hex(text, Hash::Md5) {
        return digest("django md5, unsalted", "md5(password)", "", text).map(Some);
    }
    let Some((name, rest)) = text.split_once('$') else { return Ok(None) };
    let parsed = match name {
        "pbkdf2_sha256" => django_pbkdf2("django pbkdf2_sha256", Hash::Sha256, rest)?,
        "pbkdf2_sha1" => django_pbkdf2("django pbkdf2_sha1", Hash::Sha1, rest)?,
        "argon2" => match phc::read(&format!("${rest}"))? {
            Some(parsed) => parsed.named("django argon2"),
            None => return broken("django argon2", "it is of another variant"),
        },
        "bcrypt" => modular::bcrypt(rest)?.named("django bcrypt"),
        "bcrypt_sha256" => modular::bcrypt(rest)?.named("django bcrypt_sha256").after("sha256(password)", None)?,
        "scrypt" => django_scrypt(rest)?,
        "md5" => salted(["django md5", "django md5, unsalted"], ["md5(salt+password)", "md5(password)"], rest)?,
        "sha1" => salted(["django sha1", "django sha1, unsalted"], ["sha1(salt+password)", "sha1(password)"], rest)?,
        _ => return Ok(None),
    };
    Ok(Some(parsed))
}

fn django_pbkdf2(format: &'static str, hash: Hash, rest: &str) -> Result<Parsed> {
    let mut fields = rest.splitn(3, '$');
    let (Some(rounds), Some(salt), Some(digest)) = (fields.next(), fields.next(), fields.next()) else {
        return broken(format, "it does not have four fields");
    };
    let digest = alphabet::decode_padded(digest).filter(|digest| digest.len() == hash.length());
    let Some(digest) = digest else { return broken(format, "its digest is not the whole digest in base64") };
    pbkdf2_parsed(format, hash, number(rounds, format)?, salt.as_bytes().to_vec(), digest)
}

fn django_scrypt(rest: &str) -> Result<Parsed> {
    const FORMAT: &str = "django scrypt";
    let fields: Vec<&str> = rest.split('$').collect();
    let [n, salt, r, p, digest] = fields[..] else { return broken(FORMAT, "it does not have six fields") };
    let digest = alphabet::decode_padded(digest).filter(|digest| digest.len() == SCRYPT_BYTES);
    let Some(digest) = digest else { return broken(FORMAT, "its digest is not 64 bytes in base64") };
    let kdf = scrypt_kdf(FORMAT, log_n(n, FORMAT)?, number(r, FORMAT)?, number(p, FORMAT)?, salt.as_bytes().to_vec(), SCRYPT_BYTES)?;
    Ok(Parsed::new(FORMAT, kdf, digest))
}

fn log_n(text: &str, format: &'static str) -> Result<u8> {
    let n: u64 = number(text, format)?;
    let log = n.is_power_of_two().then(|| n.trailing_zeros()).and_then(|log| u8::try_from(log).ok());
    log.ok_or(Unreadable::Broken { format, what: "its N is not a power of two" })
}

/// A digest with its salt before it, or with no salt at all.
fn salted([format, unsalted]: [&'static str; 2], [template, bare]: [&'static str; 2], rest: &str) -> Result<Parsed> {
    let Some((salt, hex)) = rest.split_once('$') else { return broken(format, "it does not have three fields") };
    if salt.is_empty() { digest(unsalted, bare, "", hex) } else { digest(format, template, salt, hex) }
}

fn is_hex(text: &str, hash: Hash) -> bool {
    text.len() == 2 * hash.length() && text.bytes().all(|letter| letter.is_ascii_hexdigit())
}

fn digest(format: &'static str, template: &'static str, salt: &str, hex: &str) -> Result<Parsed> {
    if !hex.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return broken(format, "its digest is not hexadecimal");
    }
    Parsed::new(format, Kdf::Plain, hex.to_ascii_lowercase().into_bytes()).after(template, Some(salt.as_bytes().to_vec()))
}

/// `None` when Werkzeug would not know it either.
pub(super) fn werkzeug(text: &str) -> Result<Option<Parsed>> {
    let mut fields = text.splitn(3, '$');
    let (Some(method), Some(salt), Some(hex)) = (fields.next(), fields.next(), fields.next()) else { return Ok(None) };
    let mut words = method.split(':');
    let parsed = match (words.next(), words.next(), words.next(), words.next(), words.next()) {
        (Some("pbkdf2"), Some(hash), Some(rounds), None, None) => werkzeug_pbkdf2(hash, rounds, salt, hex)?,
        (Some("scrypt"), Some(n), Some(r), Some(p), None) => werkzeug_scrypt([n, r, p], salt, hex)?,
        (Some("md5"), None, ..) => digest("werkzeug md5", "hmac_md5(salt, password)", salt, hex)?,
        (Some("sha1"), None, ..) => digest("werkzeug sha1", "hmac_sha1(salt, password)", salt, hex)?,
        (Some("sha256"), None, ..) => digest("werkzeug sha256", "hmac_sha256(salt, password)", salt, hex)?,
        (Some("sha512"), None, ..) => digest("werkzeug sha512", "hmac_sha512(salt, password)", salt, hex)?,
        _ => return Ok(None),
    };
    Ok(Some(parsed))
}

fn werkzeug_pbkdf2(hash: &str, rounds: &str, salt: &str, hex: &str) -> Result<Parsed> {
    const FORMAT: &str = "werkzeug pbkdf2";
    let hash = match hash {
        "sha1" => Hash::Sha1,
        "sha256" => Hash::Sha256,
        "sha512" => Hash::Sha512,
        _ => return broken(FORMAT, "its function is not SHA-1, SHA-256 or SHA-512"),
    };
    let digest = unhex(hex).filter(|digest| digest.len() == hash.length());
    let Some(digest) = digest else { return broken(FORMAT, "its digest is not the whole digest in hexadecimal") };
    pbkdf2_parsed(FORMAT, hash, number(rounds, FORMAT)?, salt.as_bytes().to_vec(), digest)
}

fn werkzeug_scrypt([n, r, p]: [&str; 3], salt: &str, hex: &str) -> Result<Parsed> {
    const FORMAT: &str = "werkzeug scrypt";
    let digest = unhex(hex).filter(|digest| digest.len() == SCRYPT_BYTES);
    let Some(digest) = digest else { return broken(FORMAT, "its digest is not 64 bytes in hexadecimal") };
    let kdf = scrypt_kdf(FORMAT, log_n(n, FORMAT)?, number(r, FORMAT)?, number(p, FORMAT)?, salt.as_bytes().to_vec(), SCRYPT_BYTES)?;
    Ok(Parsed::new(FORMAT, kdf, digest))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()
}
