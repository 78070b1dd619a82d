//! The names that columns and keys have in lists.

/// What a column or key holds; for addresses the lower number is believed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Named {
    Address(u8),
    Password(u8),
    Hash(u8),
}

const ADDRESS: [&str; 8] = ["email", "mail", "emailaddress", "useremail", "address", "login", "username", "user"];
const PASSWORD: [&str; 7] = ["password", "pass", "passwd", "pwd", "plaintext", "plain", "passwordplain"];
const HASH: [&str; 5] = ["hash", "passwordhash", "passhash", "hashedpassword", "digest"];
/// No name that is known is longer, whatever stands between its letters.
const NAME_BYTES_MAX: usize = 24;

/// What this name means; `None` for all others. Case, blanks, `_` and `-` make no difference.
pub(in super::super) fn meaning(name: &[u8]) -> Option<Named> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let plain: Vec<u8> = name.iter().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')).map(u8::to_ascii_lowercase).collect();
    let place = |names: &[&str]| names.iter().position(|known| plain == known.as_bytes()).and_then(|at| u8::try_from(at).ok());
    None.or_else(|| place(&ADDRESS).map(Named::Address))
        .or_else(|| place(&PASSWORD).map(Named::Password))
        .or_else(|| place(&HASH).map(Named::Hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_spelled() {
        assert_eq!(meaning(b"E-Mail"), Some(Named::Address(0)));
        assert_eq!(meaning(b"email_address"), Some(Named::Address(2)));
        assert_eq!(meaning(b"PASSWORD"), Some(Named::Password(0)));
        assert_eq!(meaning(b"password_hash"), Some(Named::Hash(1)));
        for other in [&b""[..], b"id", b"passwords", b"email_address_of_the_person"] {
            assert_eq!(meaning(other), None);
        }
    }
}
