//! What an unknown verifier looks like, without a letter of it: for counting, and for whoever has to find out what it is.

use std::fmt;

/// The marks that may be shown: whoever wrote them, they are names and never part of a digest.
const MARKS: &[&str] = &[
    "$2$",
    "$2x$",
    "$7$",
    "$y$",
    "$gy$",
    "$sha1$",
    "$md5$",
    "$md5,",
    "$3$",
    "$p5k2$",
    "$pbkdf2-sha3",
    "$fshp",
    "$bcrypt-sha256$",
    "$argon2",
    "$scrypt$",
    "$S$",
    "$P$",
    "$H$",
    "$1$",
    "$5$",
    "$6$",
    "$apr1$",
    "$wp$",
    "$2a$",
    "$2b$",
    "$2y$",
    "$pbkdf2",
    "{PKCS5S2}",
    "{x-",
    "{CRYPT}",
    "{ARGON2}",
    "{BCRYPT}",
    "{PBKDF2",
    "pbkdf2_",
    "bcrypt_sha",
    "bcrypt$",
    "scrypt$",
    "scrypt:",
    "pbkdf2:",
    "argon2$",
    "sha1$",
    "sha256$",
    "sha512$",
    "md5$",
    "hmac$",
    "crypt$",
    "hashed_",
    "fshp",
];

/// A verifier that nobody named: its mark, or what its letters are, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    mark: Option<&'static str>,
    letters: Letters,
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Letters {
    Digits,
    Hexadecimal,
    Base64,
    Crypt,
    Printable,
    Other,
}

impl Shape {
    /// Looks at a verifier and keeps nothing of it.
    pub fn of(text: &str) -> Self {
        let mark = MARKS.iter().find(|mark| text.starts_with(**mark)).copied();
        Self { mark, letters: Letters::of(text), length: text.chars().count() }
    }
}

impl Letters {
    fn of(text: &str) -> Self {
        let all = |is: fn(u8) -> bool| text.bytes().all(is);
        if all(|letter| letter.is_ascii_digit()) {
            Self::Digits
        } else if all(|letter| letter.is_ascii_hexdigit()) {
            Self::Hexadecimal
        } else if all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/' | b'=')) {
            Self::Base64
        } else if all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'/')) {
            Self::Crypt
        } else if all(|letter| letter.is_ascii_graphic() || letter == b' ') {
            Self::Printable
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mark) = self.mark {
            return write!(out, "`{mark}…`, {} letters", self.length);
        }
        let letters = match self.letters {
            Letters::Digits => "digits",
            Letters::Hexadecimal => "hexadecimal",
            Letters::Base64 => "base64",
            Letters::Crypt => "letters as crypt(3) writes them",
            Letters::Printable => "printable text",
            Letters::Other => "text beyond ASCII",
        };
        write!(out, "{letters}, {} letters", self.length)
    }
}
