//! Mail addresses: when one is usable, when two are the same, and how one is masked. Client and server must agree on all three,
//! because the signed act of a change carries the masked forms.

use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Longest address, in bytes (RFC 5321, section 4.5.3.1.3, less the brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// A mail address in its written form: trimmed, NFC, case kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

/// Why a text is not an address. None of them repeats what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Nothing there.
    #[error("there is no mail address: write it as name@example.org")]
    Empty,
    /// Longer than mail allows.
    #[error("the mail address is too long: at most 254 bytes, 64 of them before the @")]
    TooLong,
    /// Not one `@` with something on both sides.
    #[error("the mail address needs a name, one @ and a domain: write it as name@example.org")]
    Shape,
    /// A space, a control character, or one that mail headers give a meaning.
    #[error("the mail address holds a character that cannot be in one: write it as name@example.org")]
    Character,
    /// An empty part between dots, or a part that begins or ends with a dash.
    #[error("the domain of the mail address is not one: check what follows the @")]
    Domain,
}

impl Address {
    /// Reads an address as a person types it. Blanks around it do not count; letters of any script are taken (RFC 6531).
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text: String = text.trim().nfc().collect();
        if text.is_empty() {
            return Err(BadAddress::Empty);
        }
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(BadAddress::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(BadAddress::Shape)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(BadAddress::Shape);
        }
        if local.len() > LOCAL_BYTES_MAX {
            return Err(BadAddress::TooLong);
        }
        if text.chars().any(is_forbidden) {
            return Err(BadAddress::Character);
        }
        if domain.split('.').any(|label| label.is_empty() || label.starts_with('-') || label.ends_with('-')) {
            return Err(BadAddress::Domain);
        }
        Ok(Self(text))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of the same address have in common: lower case. Providers that tell `Ada@` from `ada@` do not exist.
    pub fn key(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }

    /// `a…@example.org`: enough to recognise one's own, too little to write to.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}…@{domain}")
    }
}

/// Addresses are user data: never in a log.
impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Address(…)")
    }
}

fn is_forbidden(letter: char) -> bool {
    // Direction marks and zero-width letters would let two addresses look the same.
    let invisible = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    letter.is_control()
        || letter.is_whitespace()
        || invisible
        || matches!(letter, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '\\' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_share_a_key_and_keep_their_form() {
        for (typed, written, key, masked) in [
            ("ada@example.org", "ada@example.org", "ada@example.org", "a…@example.org"),
            ("  Ada@Example.ORG\n", "Ada@Example.ORG", "ada@example.org", "A…@Example.ORG"),
            ("a@localhost", "a@localhost", "a@localhost", "a…@localhost"),
            ("用户@例え.jp", "用户@例え.jp", "用户@例え.jp", "用…@例え.jp"),
            ("e\u{301}va@example.org", "éva@example.org", "éva@example.org", "é…@example.org"),
        ] {
            let address = Address::parse(typed).unwrap();
            assert_eq!((address.as_str(), address.key().as_str(), address.masked().as_str()), (written, key, masked));
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_its_reason() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long = format!("a@{}", "b.".repeat(140));
        for (typed, why) in [
            (" ", BadAddress::Empty),
            ("ada", BadAddress::Shape),
            ("@example.org", BadAddress::Shape),
            ("ada@", BadAddress::Shape),
            ("a@b@c", BadAddress::Shape),
            ("a da@example.org", BadAddress::Character),
            ("ada@example.org\r\nBcc: eve@example.org", BadAddress::Shape),
            ("ada@example.org\r\nX", BadAddress::Character),
            ("<ada@example.org>", BadAddress::Character),
            ("ada\u{200b}@example.org", BadAddress::Character),
            ("ada@example..org", BadAddress::Domain),
            ("ada@-example.org", BadAddress::Domain),
            (&long_local, BadAddress::TooLong),
            (&long, BadAddress::TooLong),
        ] {
            assert_eq!(Address::parse(typed).unwrap_err(), why, "{typed:?}");
        }
    }
}
