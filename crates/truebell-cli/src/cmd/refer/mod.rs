//! References to fields (`tb://vault/item/field`), and the two kinds of text they stand in: env files and templates. Pure: what a
//! reference's value is, the caller asks.

pub(super) mod env_file;
pub(super) mod mask;
pub(super) mod template;

use crate::exit::{Answered, Failure};
use std::fmt;

const SCHEME: &str = "tb://";

/// One field of one item of one vault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(super) struct Reference {
    /// The vault's name or id.
    pub vault: String,
    /// The item's title or id.
    pub item: String,
    /// The field's id or label, or `section/field`.
    pub field: String,
}

/// Whether a text means to be a reference.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with(SCHEME)
}

impl Reference {
    /// Reads `tb://vault/item/field` or `tb://vault/item/section/field`. A slash, a percent sign or a brace inside a name is written
    /// `%2F`, `%25`, `%7D`.
    pub(super) fn parse(text: &str) -> Answered<Self> {
        let wrong = || {
            // A reference names things; it is no secret.
            Failure::usage(format!("“{text}” is not a reference: write tb://vault/item/field, and a slash inside a name as %2F."))
        };
        let parts: Option<Vec<String>> = text.trim().strip_prefix(SCHEME).ok_or_else(wrong)?.split('/').map(decode).collect();
        match parts.ok_or_else(wrong)?.as_slice() {
            [vault, item, field @ ..] if (1..=2).contains(&field.len()) && ![vault, item].iter().any(|part| part.is_empty()) => {
                let field = field.join("/");
                if field.is_empty() || field.starts_with('/') || field.ends_with('/') {
                    return Err(wrong());
                }
                Ok(Self { vault: vault.clone(), item: item.clone(), field })
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |text: &str| text.replace('%', "%25").replace('/', "%2F").replace('}', "%7D");
        write!(out, "{SCHEME}{}/{}/{}", part(&self.vault), part(&self.item), self.field.replace('%', "%25").replace('}', "%7D"))
    }
}

/// RFC 3986, section 2.1.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut left = part.bytes();
    while let Some(byte) = left.next() {
        bytes.push(if byte == b'%' { hex(left.next()?)? << 4 | hex(left.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(vault: &str, item: &str, field: &str) -> Reference {
        Reference { vault: vault.into(), item: item.into(), field: field.into() }
    }

    #[test]
    fn a_reference_names_a_field() {
        for (text, expected) in [
            ("tb://Personal/My bank/password", reference("Personal", "My bank", "password")),
            ("tb://Personal/My%20bank/PIN", reference("Personal", "My bank", "PIN")),
            ("tb://Work/a%2Fb/Login/user", reference("Work", "a/b", "Login/user")),
            ("tb://東京/銀行/暗証番号", reference("東京", "銀行", "暗証番号")),
        ] {
            assert_eq!(Reference::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_says_how_one_is_written() {
        for text in [
            "",
            "tb://",
            "tb://a",
            "tb://a/b",
            "tb://a/b/",
            "tb:///b/c",
            "tb://a//c",
            "tb://a/b/c/d/e",
            "tb://a/b/%zz",
            "tb://a/b/%ff",
            "op://a/b/c",
        ] {
            let failure = Reference::parse(text).unwrap_err();
            assert!(failure.message.contains("write tb://vault/item/field"), "{text}: {failure}");
        }
    }

    proptest! {
        #[test]
        fn any_names_can_be_referred_to(vault in "\\PC{1,12}", item in "\\PC{1,12}", field in "[^/]{1,12}") {
            prop_assume!(!vault.trim().is_empty() && field.trim_end() == field);
            let written = reference(&vault, &item, &field);
            prop_assert_eq!(Reference::parse(&written.to_string()).unwrap(), written);
        }
    }
}
