//! What stands for a password: its SHA-1, or its NTLM hash. Neither is a safe way to store one; both are how lists of exposed ones are published.

use sha1::Digest as _;
use zeroize::Zeroizing;

/// Which digest a corpus holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// SHA-1 (FIPS 180-4) of the password's bytes.
    Sha1,
    /// MD4 (RFC 1320) of the password in UTF-16LE, as Windows has it.
    Ntlm,
}

impl Kind {
    /// Length of a digest, in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Ntlm => 16,
        }
    }

    /// Bytes of a digest beyond its key.
    pub(crate) const fn tail_bytes(self) -> usize {
        self.bytes() - KEY_BYTES
    }

    /// As in the header.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Ntlm => 2,
        }
    }

    pub(crate) const fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Sha1),
            2 => Some(Self::Ntlm),
            _ => None,
        }
    }

    /// The digest's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Ntlm => "NTLM",
        }
    }

    /// The digest of a password. `None`: NTLM is defined over text, and these bytes are not UTF-8.
    pub fn digest(self, password: &[u8]) -> Option<Digest> {
        match self {
            Self::Sha1 => Some(Digest::of_bytes(&sha1::Sha1::digest(password))),
            Self::Ntlm => {
                let text = std::str::from_utf8(password).ok()?;
                let wide: Zeroizing<Vec<u8>> = Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
                Some(Digest::of_bytes(&md4::Md4::digest(wide.as_slice())))
            }
        }
    }
}

/// Bytes of the part that is looked up first.
const KEY_BYTES: usize = 8;
const DIGEST_BYTES_MAX: usize = 20;
/// Hex digits of the longest one.
pub(crate) const DIGEST_DIGITS_MAX: usize = DIGEST_BYTES_MAX * 2;

/// A digest of either kind. Ordered as its bytes are; what a shorter one does not have is zero, and kinds are never mixed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; DIGEST_BYTES_MAX]);

/// As bytes are ordered, by words: sorting and merging do little else.
impl Ord for Digest {
    #[inline]
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Digest {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Text that is no digest of the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {} digest is {} hex digits", .0.name(), .0.bytes() * 2)]
pub struct NotADigest(pub Kind);

impl Digest {
    /// From its bytes. `None`: not as many as the kind has.
    pub fn of(kind: Kind, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == kind.bytes()).then(|| Self::of_bytes(bytes))
    }

    /// From the first of these bytes, as many as the kind has.
    pub fn of_first(kind: Kind, bytes: &[u8; 24]) -> Self {
        let mut digest = [0; DIGEST_BYTES_MAX];
        for (to, from) in digest.iter_mut().zip(bytes).take(kind.bytes()) {
            *to = *from;
        }
        Self(digest)
    }

    /// From as many bytes as the kind has; more are cut off.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let mut digest = [0; DIGEST_BYTES_MAX];
        for (to, from) in digest.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(digest)
    }

    /// From its two parts.
    pub(crate) fn of_parts(key: u64, tail: &[u8]) -> Self {
        let mut digest = [0; DIGEST_BYTES_MAX];
        let (start, rest) = digest.split_at_mut(KEY_BYTES);
        start.copy_from_slice(&key.to_be_bytes());
        if let Some(rest) = rest.get_mut(..tail.len()) {
            rest.copy_from_slice(tail);
        }
        Self(digest)
    }

    /// From hex digits in either case.
    pub fn parse(kind: Kind, hex: &[u8]) -> Result<Self, NotADigest> {
        let wrong = NotADigest(kind);
        if hex.len() != kind.bytes() * 2 {
            return Err(wrong);
        }
        match hex.first_chunk() {
            Some(hex) => Self::of_hex(hex),
            None => {
                let mut all = [b'0'; DIGEST_DIGITS_MAX];
                all.iter_mut().zip(hex).for_each(|(to, from)| *to = *from);
                Self::of_hex(&all)
            }
        }
        .ok_or(wrong)
    }

    /// From all hex digits, where those that a shorter digest does not have are zeros. `None`: one is no digit.
    ///
    /// Written so that the compiler makes a few instructions on sixteen bytes at once of each loop: a billion of them are read for a corpus.
    pub(crate) fn of_hex(hex: &[u8; DIGEST_DIGITS_MAX]) -> Option<Self> {
        let (mut values, mut wrong) = ([0; DIGEST_DIGITS_MAX], 0);
        for (value, byte) in values.iter_mut().zip(hex) {
            let digit = byte.wrapping_sub(b'0');
            let letter = (byte | 0x20).wrapping_sub(b'a');
            wrong |= u8::from(digit > 9) & u8::from(letter > 5);
            *value = if digit > 9 { letter.wrapping_add(10) } else { digit };
        }
        let mut digest = [0; DIGEST_BYTES_MAX];
        for (to, [high, low]) in digest.iter_mut().zip(values.as_chunks::<2>().0) {
            *to = high << 4 | low;
        }
        (wrong == 0).then_some(Self(digest))
    }

    /// The first eight bytes, as a number that orders as they do.
    #[inline]
    pub(crate) fn key(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// What follows the key.
    pub(crate) fn tail(&self, kind: Kind) -> &[u8] {
        self.0.get(KEY_BYTES..kind.bytes()).unwrap_or_default()
    }

    /// The whole digest.
    pub fn bytes(&self, kind: Kind) -> &[u8] {
        self.0.get(..kind.bytes()).unwrap_or_default()
    }

    /// In upper-case hex digits, as the lists have it.
    pub fn hex(&self, kind: Kind) -> String {
        self.hex_digits().iter().take(kind.bytes() * 2).copied().map(char::from).collect()
    }

    /// As upper-case hex digits, of which the kind's are the first.
    pub fn hex_digits(&self) -> [u8; DIGEST_DIGITS_MAX] {
        let mut digits = [[0; 2]; DIGEST_BYTES_MAX];
        for (pair, byte) in digits.iter_mut().zip(self.0) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 0x0f)];
        }
        let mut hex = [0; DIGEST_DIGITS_MAX];
        hex.copy_from_slice(digits.as_flattened());
        hex
    }
}

/// What a digest stands for may be guessed from it, so logs and errors get its first five digits only, as a range request shows them.
impl std::fmt::Debug for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:05X}…", self.key() >> 44)
    }
}

const fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' - 10 + value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_everybody_publishes() {
        let sha1 = Kind::Sha1.digest(b"password").unwrap();
        assert_eq!(sha1.hex(Kind::Sha1), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        let ntlm = Kind::Ntlm.digest(b"password").unwrap();
        assert_eq!(ntlm.hex(Kind::Ntlm), "8846F7EAEE8FB117AD06BDD830B7586C");
    }

    #[test]
    fn bytes_that_are_no_text_have_no_ntlm_hash() {
        assert!(Kind::Ntlm.digest(b"caf\xe9").is_none());
        assert!(Kind::Sha1.digest(b"caf\xe9").is_some());
    }

    #[test]
    fn hex_is_read_in_either_case_and_nothing_else_is() {
        let digest = Digest::parse(Kind::Ntlm, b"8846f7eaee8FB117AD06BDD830b7586c").unwrap();
        assert_eq!(digest.hex(Kind::Ntlm), "8846F7EAEE8FB117AD06BDD830B7586C");
        for wrong in [
            "",
            "8846F7EAEE8FB117AD06BDD830B7586",
            "8846F7EAEE8FB117AD06BDD830B7586CC",
            "8846F7EAEE8FB117AD06BDD830B7586g",
            "+846F7EAEE8FB117AD06BDD830B7586C",
        ] {
            assert_eq!(Digest::parse(Kind::Ntlm, wrong.as_bytes()), Err(NotADigest(Kind::Ntlm)), "{wrong}");
        }
        for place in 0..40 {
            for byte in 0..=u8::MAX {
                let mut hex = *b"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
                hex[place] = byte;
                let read = Digest::parse(Kind::Sha1, &hex).map(|digest| digest.hex(Kind::Sha1).into_bytes());
                let expect = if byte.is_ascii_hexdigit() { Ok(hex.to_ascii_uppercase()) } else { Err(NotADigest(Kind::Sha1)) };
                assert_eq!(read, expect, "{byte:#04x} at {place}");
            }
        }
    }

    #[test]
    fn a_digest_in_a_log_is_not_the_digest() {
        let digest = Kind::Sha1.digest(b"password").unwrap();
        assert_eq!(format!("{digest:?}"), "5BAA6…");
    }

    #[test]
    fn digests_are_ordered_as_their_bytes_are() {
        let digests: Vec<Digest> = (0..=u8::MAX)
            .flat_map(|byte| [0, 7, 8, 15, 19].map(|at| (byte, at)))
            .map(|(byte, at)| {
                let mut bytes = [0x80; DIGEST_BYTES_MAX];
                bytes[at] = byte;
                Digest(bytes)
            })
            .collect();
        for one in &digests {
            for other in &digests {
                assert_eq!(one.cmp(other), one.0.cmp(&other.0));
            }
        }
    }

    #[test]
    fn parts_make_the_whole() {
        for kind in [Kind::Sha1, Kind::Ntlm] {
            let digest = kind.digest(b"password").unwrap();
            assert_eq!(Digest::of_parts(digest.key(), digest.tail(kind)), digest);
        }
    }
}
