//! What one line of a source says.

use super::COUNT_MAX;
use crate::digest::{Digest, Kind};

/// What a source's lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `HEX:COUNT`, ascending.
    Ordered(Kind),
    /// `HEX` or `HEX:COUNT` in any order.
    Hashes(Kind),
    /// A password a line.
    Passwords,
}

/// Lines of a file named by five hex digits: `SUFFIX:COUNT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeFile {
    /// What the suffixes are of.
    pub kind: Kind,
    /// The five digits, upper case.
    prefix: [u8; PREFIX_DIGITS],
}

/// Hex digits of a range.
const PREFIX_DIGITS: usize = 5;

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A digest, and how often it was seen.
    Seen(Digest, u64),
    /// Padding: a digest that was seen no time.
    Padding,
    /// Nothing.
    Empty,
}

/// What is wrong with a line. The line itself is never told: it may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Neither as many digits as a digest has, nor only digits.
    #[error("is not {} hex digits and a count", .0.bytes() * 2)]
    NotADigest(Kind),
    /// In a range file.
    #[error("is not {} hex digits and a count", .0.bytes() * 2 - PREFIX_DIGITS)]
    NotASuffix(Kind),
    /// Negative, too high, or no number.
    #[error("has a count that is not a number from 0 to {COUNT_MAX}")]
    Count,
    /// Not above the line before it.
    #[error("is out of order: its digest is below the one before")]
    Order,
    /// Too long for either.
    #[error("is too long")]
    TooLong,
    /// A zero byte, or a carriage return in the middle.
    #[error("has a control character in it, so this is not a list of one password a line in UTF-8")]
    Control,
    /// NTLM is defined over text.
    #[error("is not UTF-8, and an NTLM hash is made of text")]
    NotText,
}

impl Form {
    /// Reads a line. `kind` is what the corpus holds.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn parse(self, kind: Kind, line: &[u8]) -> Result<Parsed, Problem> {
        match self {
            Self::Ordered(of) | Self::Hashes(of) => parse_hash(line, |hex| Digest::parse(of, hex).map_err(|_| Problem::NotADigest(of))),
            Self::Passwords if line.is_empty() => Ok(Parsed::Empty),
            Self::Passwords if line.iter().any(|byte| matches!(byte, 0 | b'\r')) => Err(Problem::Control),
            Self::Passwords => kind.digest(line).map(|digest| Parsed::Seen(digest, 1)).ok_or(Problem::NotText),
        }
    }
}

impl RangeFile {
    /// By the name of the file: `5BAA6`, `5baa6.txt`. `None`: it is not one.
    pub fn named(kind: Kind, name: &str) -> Option<Self> {
        let digits = name.strip_suffix(".txt").unwrap_or(name).as_bytes();
        let prefix: [u8; PREFIX_DIGITS] = digits.try_into().ok()?;
        prefix.iter().all(u8::is_ascii_hexdigit).then_some(Self { kind, prefix })
    }

    /// The range's digests begin so.
    pub fn prefix(&self) -> String {
        String::from_utf8_lossy(&self.prefix).to_ascii_uppercase()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn parse(self, line: &[u8]) -> Result<Parsed, Problem> {
        parse_hash(line, |suffix| {
            let mut hex = [0; 40];
            let (start, rest) = hex.split_at_mut(PREFIX_DIGITS);
            start.copy_from_slice(&self.prefix);
            let to = rest.get_mut(..suffix.len()).ok_or(Problem::NotASuffix(self.kind))?;
            to.copy_from_slice(suffix);
            let hex = hex.get(..PREFIX_DIGITS + suffix.len()).unwrap_or_default();
            Digest::parse(self.kind, hex).map_err(|_| Problem::NotASuffix(self.kind))
        })
    }
}

fn parse_hash(line: &[u8], digest: impl FnOnce(&[u8]) -> Result<Digest, Problem>) -> Result<Parsed, Problem> {
    if line.is_empty() {
        return Ok(Parsed::Empty);
    }
    let (hex, count) = match line.iter().rposition(|byte| *byte == b':') {
        Some(at) => {
            let (hex, count) = line.split_at(at);
            (hex, parse_count(count.get(1..).unwrap_or_default())?)
        }
        None => (line, 1),
    };
    let digest = digest(hex)?;
    Ok(if count == 0 { Parsed::Padding } else { Parsed::Seen(digest, count) })
}

fn parse_count(digits: &[u8]) -> Result<u64, Problem> {
    if digits.is_empty() {
        return Err(Problem::Count);
    }
    let count = digits.iter().try_fold(0_u64, |count, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        count.checked_mul(10)?.checked_add(value)
    });
    count.filter(|count| *count <= COUNT_MAX).ok_or(Problem::Count)
}

/// What a source probably is, by its first lines: a list in order, hashes in any order, or passwords.
///
/// Where at least half of the lines are digests it is a list of digests with damaged lines, and not one of passwords: the other way round a damaged list would become
/// exposed passwords that nobody ever had. A list that only begins in order is found out when the order breaks; a list of passwords that look like digests has to be called one.
pub fn sniff(first_lines: &[&[u8]]) -> Form {
    let lines: Vec<&[u8]> = first_lines.iter().copied().filter(|line| !line.is_empty()).collect();
    for kind in [Kind::Sha1, Kind::Ntlm] {
        let digests: Vec<Digest> = lines.iter().filter_map(|line| digest_of(kind, line)).collect();
        if !digests.is_empty() && digests.len() * 2 >= lines.len() {
            let counted = lines.iter().filter(|line| digest_of(kind, line).is_some()).all(|line| line.contains(&b':'));
            return if counted && digests.is_sorted() { Form::Ordered(kind) } else { Form::Hashes(kind) };
        }
    }
    Form::Passwords
}

fn digest_of(kind: Kind, line: &[u8]) -> Option<Digest> {
    let hex = line.get(..kind.bytes() * 2)?;
    let ends = matches!(line.get(kind.bytes() * 2), None | Some(b':'));
    ends.then(|| Digest::parse(kind, hex).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";

    fn sha1(line: &str) -> Result<Parsed, Problem> {
        Form::Hashes(Kind::Sha1).parse(Kind::Sha1, line.as_bytes())
    }

    #[test]
    fn lines_say_what_they_say() {
        let one = Digest::parse(Kind::Sha1, ONE).unwrap();
        let hex = str::from_utf8(ONE).unwrap();
        assert_eq!(sha1(&format!("{hex}:17")), Ok(Parsed::Seen(one, 17)));
        assert_eq!(sha1(&hex.to_lowercase()), Ok(Parsed::Seen(one, 1)));
        assert_eq!(sha1(&format!("{hex}:0")), Ok(Parsed::Padding));
        assert_eq!(sha1(&format!("{hex}:9007199254740991")), Ok(Parsed::Seen(one, COUNT_MAX)));
        assert_eq!(sha1(""), Ok(Parsed::Empty));
        for count in ["", "-1", "+1", "1.0", " 1", "1 ", "9007199254740992", "99999999999999999999999"] {
            assert_eq!(sha1(&format!("{hex}:{count}")), Err(Problem::Count), "{count}");
        }
        let short = hex.get(..39).unwrap();
        for wrong in [short, &format!("{hex}A"), &format!("{short}\0"), "password", &format!("{hex}\r"), &format!(" {hex}")] {
            assert_eq!(sha1(wrong), Err(Problem::NotADigest(Kind::Sha1)), "{wrong}");
        }
    }

    #[test]
    fn a_range_file_is_its_name_and_its_lines() {
        let one = Digest::parse(Kind::Sha1, ONE).unwrap();
        let file = RangeFile::named(Kind::Sha1, "5baa6.txt").unwrap();
        assert_eq!(file.prefix(), "5BAA6");
        assert_eq!(file.parse(b"1E4C9B93F3F0682250B6CF8331B7EE68FD8:3"), Ok(Parsed::Seen(one, 3)));
        assert_eq!(file.parse(ONE), Err(Problem::NotASuffix(Kind::Sha1)));
        assert_eq!(file.parse(&[b'A'; 300]), Err(Problem::NotASuffix(Kind::Sha1)));
        for name in ["5BAA", "5BAA61", "5BAAG", ".txt", "5BAA6.gz", "ﬀﬀﬀ"] {
            assert_eq!(RangeFile::named(Kind::Sha1, name), None, "{name}");
        }
    }

    #[test]
    fn passwords_are_taken_as_they_are_and_other_files_are_not_taken_for_them() {
        let of = |line: &[u8]| Form::Passwords.parse(Kind::Sha1, line);
        assert_eq!(of(b" password:1 "), Ok(Parsed::Seen(Kind::Sha1.digest(b" password:1 ").unwrap(), 1)));
        assert_eq!(of(b"p\0a\0s\0s\0"), Err(Problem::Control));
        assert_eq!(of(b"one\rtwo\rthree"), Err(Problem::Control));
        assert_eq!(Form::Passwords.parse(Kind::Ntlm, b"caf\xe9"), Err(Problem::NotText));
    }

    #[test]
    fn a_source_is_known_by_its_first_lines() {
        let hash = |digit: u8, count: &str| [vec![digit; 40], count.as_bytes().to_vec()].concat();
        let check = |lines: &[Vec<u8>], expect: Form| {
            assert_eq!(sniff(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>()), expect);
        };
        check(&[hash(b'1', ":5"), hash(b'2', ":1")], Form::Ordered(Kind::Sha1));
        check(&[hash(b'2', ":5"), hash(b'1', ":1")], Form::Hashes(Kind::Sha1));
        check(&[hash(b'1', ""), hash(b'2', "")], Form::Hashes(Kind::Sha1));
        check(&[vec![b'a'; 32]], Form::Hashes(Kind::Ntlm));
        check(&[b"123456".to_vec(), b"password".to_vec()], Form::Passwords);
        check(&[hash(b'1', ":1"), b"damaged".to_vec()], Form::Ordered(Kind::Sha1));
        check(&[b"damaged".to_vec(), hash(b'1', "")], Form::Hashes(Kind::Sha1));
        check(&[hash(b'1', ""), b"password".to_vec(), b"123456".to_vec()], Form::Passwords);
        check(&[], Form::Passwords);
    }
}
