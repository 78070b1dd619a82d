//! What a record says: an address, and what stands beside it. Never here: how it was written.

use super::encoding::Encoding;
use std::fmt;

/// One record of a list.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// As written, without blanks around it, in UTF-8.
    pub address: &'a [u8],
    /// What stands beside it.
    pub beside: Beside<'a>,
    /// The line it began on, from 1.
    pub line: u64,
}

/// What stands beside an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Beside<'a> {
    /// A password: the candidate.
    Password {
        /// In UTF-8, exactly as written, blanks and all.
        bytes: &'a [u8],
        /// What it was written in: `encoding.rs` goes both ways.
        encoding: Encoding,
    },
    /// A hash, which is never tried.
    Hash(HashForm),
    /// Nothing.
    Nothing,
}

/// What a hash looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashForm {
    /// So many hex digits: 32, 40, 56, 64, 96 or 128.
    Hex(u8),
    /// As `crypt` or a framework writes them: `$2a$…`, `pbkdf2_sha256$…`, `{SSHA}…`.
    Modular,
    /// Whatever it looks like, the list calls it one.
    Called,
}

/// A list is a stranger's secret: no part of it belongs in a log.
impl fmt::Debug for Record<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Record(line {}, {:?})", self.line, self.beside)
    }
}

impl fmt::Debug for Beside<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { .. } => out.write_str("Password(…)"),
            Self::Hash(form) => write!(out, "Hash({form:?})"),
            Self::Nothing => out.write_str("Nothing"),
        }
    }
}

const HEX_DIGITS: [usize; 6] = [32, 40, 56, 64, 96, 128];
const CRYPT: [&[u8]; 15] =
    [b"$2a$", b"$2b$", b"$2x$", b"$2y$", b"$1$", b"$5$", b"$6$", b"$y$", b"$7$", b"$P$", b"$H$", b"$S$", b"$apr1$", b"$argon2", b"$scrypt"];
const NAMED: [&[u8]; 11] =
    [b"pbkdf2_", b"argon2$", b"bcrypt$", b"bcrypt_", b"scrypt$", b"scrypt:", b"pbkdf2:", b"sha1$", b"md5$", b"sha256$", b"sha512$"];
/// A framework's hash is longer than its name and a salt; a shorter text is somebody's idea of a password.
const NAMED_BYTES_MIN: usize = 24;
/// A crypt hash without its digest is 13 letters of DES and no more; whatever begins so and is shorter is a password.
const CRYPT_BYTES_MIN: usize = 20;

/// Whether it is a hash and no password.
pub(super) fn hash_form(bytes: &[u8]) -> Option<HashForm> {
    if HEX_DIGITS.contains(&bytes.len()) {
        return bytes.iter().all(u8::is_ascii_hexdigit).then(|| HashForm::Hex(u8::try_from(bytes.len()).unwrap_or_default()));
    }
    match bytes.first()? {
        b'$' if bytes.len() >= CRYPT_BYTES_MIN => {
            let known = CRYPT.iter().any(|begin| bytes.starts_with(begin)) || bytes.starts_with(b"$pbkdf2");
            known.then_some(HashForm::Modular)
        }
        b'{' => {
            let end = memchr::memchr(b'}', bytes.get(..16.min(bytes.len()))?)?;
            let name = bytes.get(1..end)?.to_ascii_uppercase();
            let known =
                ["SHA", "SSHA", "MD5", "SMD5", "CRYPT", "SHA256", "SSHA256", "SHA512", "SSHA512", "PBKDF2", "ARGON2", "PBKDF2-SHA256"];
            (bytes.len() >= CRYPT_BYTES_MIN && known.iter().any(|known| name == known.as_bytes())).then_some(HashForm::Modular)
        }
        b'*' if bytes.len() == 41 => {
            bytes.iter().skip(1).all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')).then_some(HashForm::Modular)
        }
        _ if bytes.len() >= NAMED_BYTES_MIN => NAMED.iter().any(|begin| bytes.starts_with(begin)).then_some(HashForm::Modular),
        _ => None,
    }
}

/// `hash:salt`, as pairs have it.
pub(super) fn salted_hash_form(bytes: &[u8]) -> Option<HashForm> {
    let end = *HEX_DIGITS.iter().find(|digits| bytes.get(**digits) == Some(&b':'))?;
    hash_form(bytes.get(..end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_known_and_passwords_that_begin_alike_are_not_taken_for_them() {
        let hex = "0123456789abcdefABCDEF".repeat(6);
        for digits in HEX_DIGITS {
            assert_eq!(hash_form(&hex.as_bytes()[..digits]), Some(HashForm::Hex(u8::try_from(digits).unwrap())));
            assert_eq!(hash_form(&hex.as_bytes()[..digits - 1]), None);
        }
        for hash in [
            "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
            "$P$BKyVZ0ZyZ1Ig0Q0g0q0g0q0g0q0g0q0",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
            "pbkdf2_sha256$720000$salt$aGFzaGhhc2hoYXNo",
            "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
            "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        ] {
            assert_eq!(hash_form(hash.as_bytes()), Some(HashForm::Modular), "{hash}");
        }
        for password in
            ["", "$1$", "$2a$money", "{SHA}", "{hello}world-and-more-of-it", "sha1$", "md5$isold", "*star", "pbkdf2_", "password"]
        {
            assert_eq!(hash_form(password.as_bytes()), None, "{password}");
        }
        assert_eq!(salted_hash_form(b"5f4dcc3b5aa765d61d8327deb882cf99:x7"), Some(HashForm::Hex(32)));
        assert_eq!(salted_hash_form(b"5f4dcc3b5aa765d61d8327deb882cf9:x7"), None);
    }

    #[test]
    fn nothing_of_a_record_reaches_a_log() {
        let record =
            Record { address: b"ada@example.org", beside: Beside::Password { bytes: b"hunter2", encoding: Encoding::Utf8 }, line: 7 };
        assert_eq!(format!("{record:?}"), "Record(line 7, Password(…))");
    }
}
