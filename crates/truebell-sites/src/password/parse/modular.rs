//! The formats of `crypt(3)` and its relatives: bcrypt, sha-crypt, md5-crypt, phpass, Drupal's, WordPress's.

use super::super::alphabet::{self, BCRYPT, Filling};
use super::super::kdf::{Hash, Kdf};
use super::{Parsed, Result, Unreadable, broken, number};

pub(super) const BCRYPT_NAME: &str = "bcrypt";

/// `None` when the text is of another family.
pub(super) fn read(text: &str) -> Result<Option<Parsed>> {
    let parsed = if text.starts_with("$2") {
        bcrypt(text)?
    } else if let Some(bcrypt_text) = text.strip_prefix("$wp").filter(|rest| rest.starts_with("$2")) {
        bcrypt(bcrypt_text)?.named("wordpress").after("base64(hmac_sha384_raw('wp-sha384', password))", None)?
    } else if let Some(rest) = text.strip_prefix("$1$") {
        md5_crypt("md5-crypt", "$1$", rest)?
    } else if let Some(rest) = text.strip_prefix("$apr1$") {
        md5_crypt("apr1", "$apr1$", rest)?
    } else if let Some(rest) = text.strip_prefix("$5$") {
        sha_crypt("sha256-crypt", Hash::Sha256, rest)?
    } else if let Some(rest) = text.strip_prefix("$6$") {
        sha_crypt("sha512-crypt", Hash::Sha512, rest)?
    } else if let Some(of_md5) = text.strip_prefix('U').filter(|rest| rest.starts_with('$')) {
        let Some(parsed) = portable(of_md5)? else { return Ok(None) };
        parsed.named("drupal").after("md5(password)", None)?
    } else {
        return portable(text);
    };
    Ok(Some(parsed))
}

/// `$2b$12$`, 22 letters of salt, 31 of digest.
pub(super) fn bcrypt(text: &str) -> Result<Parsed> {
    let mut fields = text.split('$').skip(1);
    match fields.next() {
        Some("2a" | "2b" | "2y") => {}
        Some("2x") => return Err(refused("it marks digests of a faulty program in which unlike passwords match")),
        _ => return Err(refused("only 2a, 2b and 2y are read")),
    }
    let cost = fields.next().filter(|cost| cost.len() == 2 && cost.bytes().all(|digit| digit.is_ascii_digit()));
    let cost = cost.and_then(|cost| cost.parse().ok()).filter(|cost| (4..=31).contains(cost));
    let Some(cost) = cost else { return broken(BCRYPT_NAME, "its cost is not between 04 and 31") };
    match (fields.next(), fields.next()) {
        (Some(letters), None) if letters.len() == 53 && letters.is_ascii() => {
            let (salt, digest) = letters.split_at(22);
            bcrypt_parts(cost, salt, digest)
        }
        _ => broken(BCRYPT_NAME, "salt and digest are not 53 letters"),
    }
}

fn refused(why: &'static str) -> Unreadable {
    Unreadable::Refused { format: BCRYPT_NAME, why }
}

/// From 22 letters of salt and 31 of digest.
pub(super) fn bcrypt_parts(cost: u32, salt: &str, digest: &str) -> Result<Parsed> {
    // Writers of salts fill the last letter with anything; readers never look.
    let salt = alphabet::decode(salt, BCRYPT, Filling::Any).and_then(|salt| salt.try_into().ok());
    let digest = alphabet::decode(digest, BCRYPT, Filling::Zero).filter(|digest| digest.len() == 23);
    match (salt, digest) {
        (Some(salt), Some(digest)) => Ok(Parsed::new(BCRYPT_NAME, Kdf::Bcrypt { cost, salt }, digest)),
        _ => broken(BCRYPT_NAME, "salt or digest is not in bcrypt's letters"),
    }
}

fn md5_crypt(format: &'static str, mark: &'static str, rest: &str) -> Result<Parsed> {
    let Some((salt, digest)) = rest.split_once('$') else { return broken(format, "it has no digest") };
    if salt.len() > 8 {
        return broken(format, "its salt is longer than 8 letters");
    }
    let Some(digest) = alphabet::decode_shuffled(digest, &alphabet::MD5_ORDER) else {
        return broken(format, "its digest is not 22 letters");
    };
    Ok(Parsed::new(format, Kdf::Md5Crypt { mark, salt: salt.as_bytes().to_vec() }, digest))
}

fn sha_crypt(format: &'static str, hash: Hash, rest: &str) -> Result<Parsed> {
    let (rounds, rest) = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        Some((rounds, rest)) => (number(rounds, format)?, rest),
        None => (5000, rest),
    };
    if !(1000..=999_999_999).contains(&rounds) {
        return broken(format, "its rounds are not between 1,000 and 999,999,999");
    }
    let Some((salt, digest)) = rest.split_once('$') else { return broken(format, "it has no digest") };
    if salt.len() > 16 {
        return broken(format, "its salt is longer than 16 letters");
    }
    let order = if hash == Hash::Sha256 { alphabet::sha256_order() } else { alphabet::sha512_order() };
    let Some(digest) = alphabet::decode_shuffled(digest, &order) else { return broken(format, "its digest is not 43 or 86 letters") };
    Ok(Parsed::new(format, Kdf::ShaCrypt { hash, rounds, salt: salt.as_bytes().to_vec() }, digest))
}

/// phpass and Drupal's: mark, log2 of the rounds, 8 letters of salt, digest.
fn portable(text: &str) -> Result<Option<Parsed>> {
    let (format, hash, rest) = match text.get(..3) {
        Some("$P$" | "$H$") => ("phpass", Hash::Md5, text.get(3..)),
        Some("$S$") => ("drupal", Hash::Sha512, text.get(3..)),
        _ => return Ok(None),
    };
    // phpBB and Drupal 7 know 7 to 30.
    let log2_rounds = rest.and_then(|rest| rest.bytes().next()).and_then(alphabet::crypt_value).filter(|log2| (7..=30).contains(log2));
    let Some(log2_rounds) = log2_rounds else { return broken(format, "its rounds are not between 2^7 and 2^30") };
    let (salt, digest) = (rest.and_then(|rest| rest.get(1..9)), rest.and_then(|rest| rest.get(9..)));
    let digest = digest.and_then(|digest| match (hash, digest.len()) {
        (Hash::Md5, 22) => alphabet::decode_low_first(digest, Filling::Zero),
        // Drupal cuts what it writes to 55 letters, in the middle of a byte.
        (Hash::Sha512, 43) => alphabet::decode_low_first(digest, Filling::Any),
        _ => None,
    });
    match (salt, digest) {
        (Some(salt), Some(digest)) => {
            let kdf = Kdf::Phpass { hash, log2_rounds, salt: salt.as_bytes().to_vec() };
            Ok(Some(Parsed::new(format, kdf, digest)))
        }
        _ => broken(format, "salt or digest is cut or not in its letters"),
    }
}
