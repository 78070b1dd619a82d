//! A line of a list: an address, a colon, a password with everything in it but the line's end. Other dialects of breach lists are read elsewhere.

use crate::address::{Address, BadAddress};

/// Why a line is no pair. None of these repeats what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// Nothing to tell address and password apart by.
    #[error("has no colon between an address and a password")]
    NoColon,
    /// What stands before the colon is not UTF-8.
    #[error("does not begin with text")]
    NotText,
    /// What stands before the colon is no address.
    #[error("does not begin with a mail address")]
    NotAnAddress(#[from] BadAddress),
    /// Nothing behind the colon.
    #[error("has no password")]
    NoPassword,
}

/// Reads a line without its end. `None`: an empty one.
///
/// # Errors
/// [`BadLine`].
pub fn parse_line(line: &[u8]) -> Result<Option<(Address, &[u8])>, BadLine> {
    if line.is_empty() {
        return Ok(None);
    }
    // No address has a colon, and many passwords do: the first one decides.
    let colon = line.iter().position(|byte| *byte == b':').ok_or(BadLine::NoColon)?;
    let (address, password) = line.split_at(colon);
    let password = password.get(1..).filter(|password| !password.is_empty()).ok_or(BadLine::NoPassword)?;
    let address = std::str::from_utf8(address).map_err(|_| BadLine::NotText)?;
    Ok(Some((Address::parse(address)?, password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_address_and_whatever_stands_behind_the_first_colon() {
        let said = |line: &[u8]| parse_line(line).map(|pair| pair.map(|(address, password)| (address.key(), password.to_vec())));
        for (line, address, password) in [
            (&b"ada@example.org:letmein"[..], "ada@example.org", &b"letmein"[..]),
            (b"Ada@Example.org:a:b: c ", "ada@example.org", b"a:b: c "),
            (b" ada@example.org : x", "ada@example.org", b" x"),
            (b"ada@example.org:\xff\xfe", "ada@example.org", b"\xff\xfe"),
        ] {
            assert_eq!(said(line), Ok(Some((address.to_owned(), password.to_vec()))));
        }
        for (line, why) in [
            (&b"letmein"[..], BadLine::NoColon),
            (b"ada@example.org:", BadLine::NoPassword),
            (b"ada:letmein", BadLine::NotAnAddress(BadAddress::Shape)),
            (b":letmein", BadLine::NotAnAddress(BadAddress::Empty)),
            (b"\xff@example.org:letmein", BadLine::NotText),
        ] {
            assert_eq!(said(line), Err(why));
        }
        assert_eq!(said(b""), Ok(None));
    }
}
