//! The managers we read, and how to tell their files apart.

use super::{bitwarden, csv, onepassword, protonpass, zip};
use std::fmt;
use std::str::FromStr;

/// Whose export a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Truebell's own sealed archive.
    Archive,
    /// Truebell's own CSV.
    TruebellCsv,
    /// KeePass, KeePassXC and others: KDBX 3.1 and 4.
    KeePass,
    /// KeePassXC's CSV.
    KeePassXcCsv,
    /// Bitwarden's JSON, plain or password protected, also as zip with attachments.
    Bitwarden,
    /// Bitwarden's CSV.
    BitwardenCsv,
    /// 1Password's 1PUX.
    OnePassword,
    /// 1Password's CSV.
    OnePasswordCsv,
    /// Proton Pass: JSON or its zip.
    ProtonPass,
    /// Proton Pass: CSV.
    ProtonPassCsv,
    /// Chrome, and other browsers that write the same CSV.
    Chrome,
    /// Edge: Chrome's CSV.
    Edge,
    /// Firefox.
    Firefox,
    /// Safari and Apple Passwords.
    Safari,
    /// LastPass.
    LastPass,
    /// Dashlane: each of its CSV files, or the zip of all.
    Dashlane,
    /// NordPass.
    NordPass,
}

const ALL: [(Source, &str, &str); 17] = [
    (Source::Archive, "truebell", "Truebell archive"),
    (Source::TruebellCsv, "truebell-csv", "Truebell CSV"),
    (Source::KeePass, "keepass", "KeePass"),
    (Source::KeePassXcCsv, "keepassxc-csv", "KeePassXC CSV"),
    (Source::Bitwarden, "bitwarden", "Bitwarden"),
    (Source::BitwardenCsv, "bitwarden-csv", "Bitwarden CSV"),
    (Source::OnePassword, "1password", "1Password 1PUX"),
    (Source::OnePasswordCsv, "1password-csv", "1Password CSV"),
    (Source::ProtonPass, "protonpass", "Proton Pass"),
    (Source::ProtonPassCsv, "protonpass-csv", "Proton Pass CSV"),
    (Source::Chrome, "chrome", "Chrome CSV"),
    (Source::Edge, "edge", "Edge CSV"),
    (Source::Firefox, "firefox", "Firefox CSV"),
    (Source::Safari, "safari", "Safari CSV"),
    (Source::LastPass, "lastpass", "LastPass CSV"),
    (Source::Dashlane, "dashlane", "Dashlane CSV"),
    (Source::NordPass, "nordpass", "NordPass CSV"),
];

impl Source {
    /// Every source, in the order help texts list them.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(source, _, _)| *source)
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(source, _, _)| *source == self).map_or("", |(_, _, name)| name)
    }

    /// Its name on a command line (`bitwarden`, `keepassxc-csv`).
    pub fn id(self) -> &'static str {
        ALL.iter().find(|(source, _, _)| *source == self).map_or("", |(_, id, _)| id)
    }

    /// `a` or `an`, for sentences.
    pub(crate) fn article(self) -> &'static str {
        if self == Self::Edge { "an" } else { "a" }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A name that is none of the sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no source of that name; choose one of {}", ALL.map(|(_, id, _)| id).join(", "))]
pub struct UnknownSource;

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        ALL.iter().find(|(_, id, _)| id.eq_ignore_ascii_case(text)).map(|(source, _, _)| *source).ok_or(UnknownSource)
    }
}

/// The first bytes of each KeePass file.
const KEEPASS_MAGIC: [u8; 4] = [0x03, 0xd9, 0xa2, 0x9a];

pub(super) fn detect(name: &str, bytes: &[u8]) -> Option<Source> {
    if bytes.starts_with(crate::archive::MAGIC) {
        return Some(Source::Archive);
    }
    if bytes.starts_with(&KEEPASS_MAGIC) {
        return Some(Source::KeePass);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return detect_zip(bytes);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if text.starts_with(b"-----BEGIN PGP MESSAGE") {
        // Nobody else exports so; the reader says what to do.
        return Some(Source::ProtonPass);
    }
    if text.starts_with(b"{") {
        return detect_json(text);
    }
    let dialect = csv::detect(text);
    let is_edge = dialect == Some(Source::Chrome) && name.to_lowercase().contains("edge");
    if is_edge { Some(Source::Edge) } else { dialect }
}

fn detect_zip(bytes: &[u8]) -> Option<Source> {
    let names = zip::names(bytes)?;
    if names.iter().any(|name| name == onepassword::DATA) {
        return Some(Source::OnePassword);
    }
    if names.iter().any(|name| protonpass::is_data(name) || protonpass::is_locked(name)) {
        return Some(Source::ProtonPass);
    }
    if names.iter().any(|name| name == bitwarden::ZIP_DATA) {
        return Some(Source::Bitwarden);
    }
    names.iter().any(|name| csv::is_dashlane_part(name)).then_some(Source::Dashlane)
}

/// By member names alone, so that a damaged file still gets the right sentence.
fn detect_json(text: &[u8]) -> Option<Source> {
    let has = |member: &[u8]| text.windows(member.len()).any(|window| window == member);
    if has(b"\"vaults\"") && (has(b"\"userId\"") || has(b"\"version\"") || has(b"\"shareId\"")) {
        return Some(Source::ProtonPass);
    }
    (has(b"\"encrypted\"") || has(b"\"items\"")).then_some(Source::Bitwarden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_found_by_its_id_and_a_wrong_one_lists_them() {
        for source in Source::all() {
            assert_eq!(source.id().parse(), Ok(source));
            assert!(!source.name().is_empty());
        }
        assert!("paper".parse::<Source>().is_err_and(|e| e.to_string().contains("bitwarden, ")));
    }

    #[test]
    fn bytes_that_are_no_export_are_nobodys() {
        for bytes in [&b""[..], b"hello", b"\xff\xfe\x00", b"PK\x03\x04broken", b"{}", b"a,b,c\n1,2,3\n", b"<html></html>"] {
            assert_eq!(detect("passwords.csv", bytes), None);
        }
    }
}
