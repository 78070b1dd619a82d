//! When two addresses are the same, and when they are only linked. Never here: whether mail reaches one.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest domain, in bytes (RFC 5321, section 4.5.3.1.2).
const DOMAIN_BYTES_MAX: usize = 255;
/// The longest form.
pub(super) const FORM_BYTES_MAX: usize = LOCAL_BYTES_MAX + 1 + DOMAIN_BYTES_MAX;
/// Letters beyond ASCII take more bytes before they are brought into their form.
const WRITTEN_BYTES_MAX: usize = 4 * (LOCAL_BYTES_MAX + DOMAIN_BYTES_MAX);

/// It is no address, or none that can be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no mail address")]
pub struct NotAnAddress;

/// Both forms of an address (`docs/formats/list.md`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Canonical<'a> {
    /// Equal where two addresses are the same.
    pub exact: &'a [u8],
    /// Equal where they are the same or linked: without a tag, and as the provider reads it.
    pub person: &'a [u8],
}

/// Room for the forms of one address after the other.
#[derive(Default)]
pub struct Forms {
    exact: Vec<u8>,
    person: Vec<u8>,
}

/// It may stand in a local part without quotes: RFC 5322's atoms and dots, and everything beyond ASCII (RFC 6531).
const ATOM: u8 = 1;
/// It may stand in a domain.
const DOMAIN: u8 = 2;

/// What each byte may be. A table, because every byte of a list is asked about.
const KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    loop {
        let of_both = matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | 0x80.. | b'.' | b'-' | b'_');
        let mark = matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'/' | b'=' | b'?');
        let rare = matches!(byte, b'^' | b'`' | b'{' | b'|' | b'}' | b'~');
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
        {
            kinds[byte as usize] = if of_both {
                ATOM | DOMAIN
            } else if mark || rare {
                ATOM
            } else {
                0
            };
        }
        if byte == u8::MAX {
            return kinds;
        }
        byte += 1;
    }
}

fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether each byte is of this kind. Without an early end, which costs more than it saves.
fn all_are(wanted: u8, bytes: &[u8]) -> bool {
    bytes.iter().fold(wanted, |all, byte| all & kind(*byte)) == wanted
}

/// Local part and domain: what stands before and behind the last `@`.
fn split(address: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b'@', address)?;
    let (local, domain) = address.split_at(at);
    Some((local, domain.get(1..)?))
}

/// Whether it looks like an address that can be matched; cheaper than [`Forms::of`], which says it for sure.
pub(super) fn is_plausible(address: &[u8]) -> bool {
    let Some((local, domain)) = split(address) else { return false };
    let quoted = local.len() > 2 && local.starts_with(b"\"") && local.ends_with(b"\"");
    let fits = !local.is_empty() && local.len() <= 4 * LOCAL_BYTES_MAX && address.len() <= WRITTEN_BYTES_MAX;
    fits && (quoted || all_are(ATOM, local)) && is_plausible_domain(domain)
}

fn is_plausible_domain(domain: &[u8]) -> bool {
    // No empty part; one dot at the end is none.
    let (_, empty) = domain.iter().fold((b'.', false), |(before, empty), byte| (*byte, empty | ((before == b'.') & (*byte == b'.'))));
    !domain.is_empty() && !empty && all_are(DOMAIN, domain)
}

impl Forms {
    /// The forms of an address as a site or a list has it.
    ///
    /// # Errors
    /// [`NotAnAddress`].
    pub fn of(&mut self, written: &[u8]) -> Result<Canonical<'_>, NotAnAddress> {
        let written = super::dialects::trim(written);
        if !is_plausible(written) {
            return Err(NotAnAddress);
        }
        let (local, domain) = split(written).ok_or(NotAnAddress)?;
        self.exact.clear();
        if written.is_ascii() && !local.starts_with(b"\"") {
            self.exact.extend_from_slice(written.strip_suffix(b".").unwrap_or(written));
            self.exact.make_ascii_lowercase();
        } else {
            self.exact.extend_from_slice(lower_local(local)?.as_bytes());
            self.exact.push(b'@');
            self.exact.extend_from_slice(lower_domain(domain)?.as_bytes());
        }
        let (local, domain) = split(&self.exact).ok_or(NotAnAddress)?;
        if local.is_empty() || local.len() > LOCAL_BYTES_MAX || domain.is_empty() || domain.len() > DOMAIN_BYTES_MAX {
            return Err(NotAnAddress);
        }
        person_of(local, domain, &mut self.person);
        Ok(Canonical { exact: &self.exact, person: &self.person })
    }
}

fn lower_local(local: &[u8]) -> Result<String, NotAnAddress> {
    let local = str::from_utf8(local).map_err(|_| NotAnAddress)?;
    let bare = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map_or(Ok(Cow::Borrowed(local)), |inner| unquote(inner).map(Cow::Owned))?;
    let lower: String = bare.nfc().collect::<String>().to_lowercase().nfc().collect();
    let is_atom = all_are(ATOM, lower.as_bytes());
    if !local.starts_with('"') {
        // The Greek question mark becomes a semicolon, which would need quotes.
        return if is_atom { Ok(lower) } else { Err(NotAnAddress) };
    }
    if is_atom && !lower.starts_with('.') && !lower.ends_with('.') && !lower.contains("..") {
        return Ok(lower);
    }
    let mut quoted = String::from("\"");
    for letter in lower.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    Ok(quoted)
}

/// What stands in quotes (RFC 5321, section 4.1.2), each `\` with what is behind it.
fn unquote(inner: &str) -> Result<String, NotAnAddress> {
    let (mut bare, mut letters) = (String::new(), inner.chars());
    while let Some(letter) = letters.next() {
        let meant = match letter {
            '\\' => letters.next().ok_or(NotAnAddress)?,
            '"' => return Err(NotAnAddress),
            letter => letter,
        };
        if meant.is_control() {
            return Err(NotAnAddress);
        }
        bare.push(meant);
    }
    Ok(bare)
}

fn lower_domain(domain: &[u8]) -> Result<String, NotAnAddress> {
    let domain = str::from_utf8(domain).map_err(|_| NotAnAddress)?;
    let mut lower = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        // UTS 46, and nothing that could not be in a host name.
        idna::domain_to_ascii_strict(domain).map_err(|_| NotAnAddress)?
    };
    if lower.ends_with('.') {
        lower.pop();
    }
    if is_plausible_domain(lower.as_bytes()) { Ok(lower) } else { Err(NotAnAddress) }
}

/// How a provider reads what stands before the `@`, and which domain stands for all of its.
struct Provider {
    domain: &'static [u8],
    /// Letters that make no difference.
    dropped: &'static [u8],
    /// One letter that is read as another.
    replaced: Option<(u8, u8)>,
}

/// Only what the providers say themselves.
const fn provider(domain: &[u8]) -> Option<Provider> {
    match domain {
        b"gmail.com" | b"googlemail.com" => Some(Provider { domain: b"gmail.com", dropped: b".", replaced: None }),
        b"proton.me" | b"protonmail.com" | b"pm.me" | b"protonmail.ch" => {
            Some(Provider { domain: b"proton.me", dropped: b".-_", replaced: None })
        }
        b"icloud.com" | b"me.com" | b"mac.com" => Some(Provider { domain: b"icloud.com", dropped: b"", replaced: None }),
        b"yandex.ru" | b"ya.ru" | b"yandex.com" | b"yandex.by" | b"yandex.kz" | b"yandex.ua" => {
            Some(Provider { domain: b"yandex.ru", dropped: b"", replaced: Some((b'-', b'.')) })
        }
        _ => None,
    }
}

fn person_of(local: &[u8], domain: &[u8], person: &mut Vec<u8>) {
    person.clear();
    let quoted = local.starts_with(b"\"");
    let name = match memchr::memchr(b'+', local) {
        Some(at) if at > 0 && !quoted => local.get(..at).unwrap_or(local),
        _ => local,
    };
    // These providers give out names in ASCII. In another, a letter could join the mark behind a dot that is dropped, and be a new one.
    let Some(provider) = provider(domain).filter(|_| !quoted && name.is_ascii()) else {
        person.extend_from_slice(name);
        person.push(b'@');
        person.extend_from_slice(domain);
        return;
    };
    let read = |byte: u8| provider.replaced.map_or(byte, |(from, to)| if byte == from { to } else { byte });
    person.extend(name.iter().filter(|byte| !provider.dropped.contains(byte)).map(|byte| read(*byte)));
    if person.is_empty() {
        person.extend_from_slice(name);
    }
    person.push(b'@');
    person.extend_from_slice(provider.domain);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forms(written: &str) -> Result<(String, String), NotAnAddress> {
        let mut forms = Forms::default();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        forms.of(written.as_bytes()).map(|canonical| (text(canonical.exact), text(canonical.person)))
    }

    #[test]
    fn spellings_of_one_address_are_the_same_and_tags_are_only_linked() {
        for (written, exact, person) in [
            ("ada@example.org", "ada@example.org", "ada@example.org"),
            (" Ada@EXAMPLE.org.\t", "ada@example.org", "ada@example.org"),
            ("\"Ada\"@example.org", "ada@example.org", "ada@example.org"),
            ("\"a\\da\"@example.org", "ada@example.org", "ada@example.org"),
            ("\"A da\"@example.org", "\"a da\"@example.org", "\"a da\"@example.org"),
            ("\"a\\\"b@c\"@example.org", "\"a\\\"b@c\"@example.org", "\"a\\\"b@c\"@example.org"),
            ("ada+shop+2@example.org", "ada+shop+2@example.org", "ada@example.org"),
            ("+ada@example.org", "+ada@example.org", "+ada@example.org"),
            ("ada@Bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ÉVA@example.org", "éva@example.org", "éva@example.org"),
            ("e\u{301}va@example.org", "éva@example.org", "éva@example.org"),
            ("A.d.a+x@GoogleMail.com", "a.d.a+x@googlemail.com", "ada@gmail.com"),
            ("a.d.a@example.org", "a.d.a@example.org", "a.d.a@example.org"),
            ("a-d_a@pm.me", "a-d_a@pm.me", "ada@proton.me"),
            ("a.da@mac.com", "a.da@mac.com", "a.da@icloud.com"),
            ("a-da@ya.ru", "a-da@ya.ru", "a.da@yandex.ru"),
            ("...@gmail.com", "...@gmail.com", "...@gmail.com"),
            ("A.L.\u{301}op@GoogleMail.com", "a.l.\u{301}op@googlemail.com", "a.l.\u{301}op@googlemail.com"),
            ("ada@localhost", "ada@localhost", "ada@localhost"),
        ] {
            assert_eq!(forms(written), Ok((exact.to_owned(), person.to_owned())), "{written}");
        }
    }

    #[test]
    fn what_is_no_address_has_no_form() {
        let long = format!("{}@example.org", "a".repeat(65));
        let long_domain = format!("a@{}", "b".repeat(256));
        for written in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@.org",
            "ada@example..org",
            "a da@example.org",
            "a@b@c",
            "ada:x@example.org",
            "ada@[192.0.2.1]",
            "Ada <ada@example.org>",
            "\"ada@example.org",
            "\"\"@example.org",
            "\"a\"b\"@example.org",
            "\"a\\\"@example.org",
            "\"a\\\u{b}\"@example.org",
            "ada@exam ple.org",
            "ada@example.org/x",
            "ada@ex\u{200b}..org",
            "ada\u{37e}@example.org",
            &long,
            &long_domain,
        ] {
            assert_eq!(forms(written), Err(NotAnAddress), "{written}");
        }
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(local in "[a-zA-Z.+\"\\\\ é_\u{301}\u{37e}-]{1,12}", domain in "[a-zA-Zü.-]{1,10}|gmail\\.com|ya\\.ru") {
            if let Ok((exact, person)) = forms(&format!("{local}@{domain}")) {
                prop_assert_eq!(forms(&exact), Ok((exact.clone(), person.clone())));
                prop_assert_eq!(forms(&person).map(|(_, again)| again), Ok(person));
            }
        }
    }
}
