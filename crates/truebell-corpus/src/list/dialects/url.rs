//! `url:login:password` a line. Where the URL ends has to be found first: it has colons of its own.

use super::{Fields, Text};
use crate::list::tally::Skip;
use memchr::{memchr, memmem};

pub(in super::super) fn parse(line: &[u8]) -> Result<Fields<'_>, Skip> {
    let after_scheme = memmem::find(line, b"://").map(|at| at + 3);
    let rest = line.get(after_scheme.unwrap_or(0)..).unwrap_or_default();
    let (url, rest) = split(rest)?;
    let is_url = after_scheme.is_some() || (memchr(b'.', url).is_some() && memchr(b'@', url).is_none());
    if !is_url {
        return Err(Skip::NoSeparator);
    }
    let rest = if memchr(b'/', url).is_none() { behind_port(rest)? } else { rest };
    let (login, password) = split(rest)?;
    Ok(Fields { address: login, beside: Text::Password(password) })
}

fn split(text: &[u8]) -> Result<(&[u8], &[u8]), Skip> {
    let at = memchr(b':', text).ok_or(Skip::NoSeparator)?;
    let (one, rest) = text.split_at(at);
    Ok((one, rest.get(1..).unwrap_or_default()))
}

/// Behind a host and a colon a number may be its port, with a path behind it.
fn behind_port(rest: &[u8]) -> Result<&[u8], Skip> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits) {
        Some(b':') if digits > 0 => Ok(rest.get(digits + 1..).unwrap_or_default()),
        Some(b'/') if digits > 0 => Ok(split(rest)?.1),
        _ => Ok(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_what_stands_behind_the_url_and_nothing_further_on() {
        for (line, login, password) in [
            ("https://shop.example/login:ada@example.org:pa:ss", "ada@example.org", "pa:ss"),
            ("https://shop.example:8443/login:ada@example.org:pw", "ada@example.org", "pw"),
            ("https://shop.example:8443:ada@example.org:pw", "ada@example.org", "pw"),
            ("shop.example/login:ada@example.org: pw ", "ada@example.org", " pw "),
            ("android://Zm9v@com.example.app/:ada@example.org:pw", "ada@example.org", "pw"),
            ("https://shop.example/:ada:bob@example.org:pw", "ada", "bob@example.org:pw"),
            ("https://shop.example/:12:bob@example.org:pw", "12", "bob@example.org:pw"),
            ("https://shop.example::pw", "", "pw"),
        ] {
            let fields = parse(line.as_bytes()).map(|fields| match fields.beside {
                Text::Password(password) => (fields.address, password),
                _ => panic!("{line}"),
            });
            assert_eq!(fields, Ok((login.as_bytes(), password.as_bytes())), "{line}");
        }
        for line in ["ada@example.org:pw:x", "ada:pw:x", "https://shop.example", "https://shop.example:ada", "shop.example:80/x"] {
            assert_eq!(parse(line.as_bytes()).map(|_| ()), Err(Skip::NoSeparator), "{line}");
        }
    }
}
