//! Lines out of bytes that somebody else wrote: counted, bounded, and without their ends.

use crate::digest::{Digest, Kind};
use std::io::{self, Read};

/// A count of so many digits is below every bound.
const COUNT_DIGITS_SAFE: usize = 15;
/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;
/// A longer line is no digest, and no password that anybody typed.
pub(crate) const LINE_BYTES_MAX: usize = 4096;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why there is no next line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The medium, or a compressed stream that ends too early.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Line so-and-so is too long; reading may go on behind it.
    #[error("line {0} is longer than {LINE_BYTES_MAX} bytes")]
    TooLong(u64),
}

/// Reads lines.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    chunk: Vec<u8>,
    /// What of the chunk is not given out yet.
    start: usize,
    end: usize,
    ended: bool,
    number: u64,
    /// Bytes given out, line ends included.
    position: u64,
}

impl<R: Read> Lines<R> {
    /// From the beginning.
    pub fn new(from: R) -> Self {
        Self::resume(from, 0, 0)
    }

    /// From a reader that stands at `position`, behind line `number`.
    pub fn resume(from: R, position: u64, number: u64) -> Self {
        Self { from, chunk: vec![0; CHUNK_BYTES], start: 0, end: 0, ended: false, number, position }
    }

    /// The number of the last line given, from 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Bytes of the lines given.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The next line without its LF or CRLF; `None` at the end. A byte order mark before the first line is passed over.
    ///
    /// # Errors
    /// [`LineError`]. After *too long* the next call gives the line behind.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, LineError> {
        let mut searched = 0;
        let (length, whole) = loop {
            let rest = self.chunk.get(self.start..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', rest.get(searched..).unwrap_or_default()) {
                break (searched + at, true);
            }
            searched = rest.len();
            if searched > LINE_BYTES_MAX + 1 {
                return self.pass_over_long_line();
            }
            if self.ended {
                break (searched, false);
            }
            self.fill()?;
        };
        let start = self.start;
        let taken = length + usize::from(whole);
        if taken == 0 {
            return Ok(None);
        }
        self.start += taken;
        self.position += taken as u64;
        self.number += 1;
        let mut line = self.chunk.get(start..start + length).unwrap_or_default();
        if self.number == 1 {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if whole {
            line = line.strip_suffix(b"\r").unwrap_or(line);
        }
        if line.len() > LINE_BYTES_MAX { Err(LineError::TooLong(self.number)) } else { Ok(Some(line)) }
    }

    /// The next line, if it is at hand as a whole and is plainly `HEX:COUNT` or `HEX`. `None` says nothing about it: [`Self::next_line`] does, and gives it.
    ///
    /// Most lines of most lists are so, and this looks at each byte of them once.
    #[inline]
    pub fn next_hash(&mut self, kind: Kind) -> Option<(Digest, u64)> {
        let (hex, rest) = self.chunk.get(self.start..self.end)?.split_at_checked(kind.bytes() * 2)?;
        let (count, length) = if let Some(b':') = rest.first() { read_count(rest.get(1..)?)? } else { (1, 0) };
        let end = match rest.get(length..)? {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        let digest = Digest::parse(kind, hex).ok()?;
        let taken = hex.len() + length + end;
        self.start += taken;
        self.position += taken as u64;
        self.number += 1;
        Some((digest, count))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.chunk.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let free = self.chunk.get_mut(self.end..).unwrap_or_default();
        match self.from.read(free) {
            Ok(0) => self.ended = true,
            Ok(more) => self.end += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn pass_over_long_line(&mut self) -> Result<Option<&[u8]>, LineError> {
        self.number += 1;
        loop {
            let rest = self.chunk.get(self.start..self.end).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest);
            let taken = end.map_or(rest.len(), |at| at + 1);
            self.start += taken;
            self.position += taken as u64;
            if end.is_some() || self.ended {
                return Err(LineError::TooLong(self.number));
            }
            self.fill()?;
        }
    }
}

/// A count that is not 0, and how many bytes it has with the colon before it.
fn read_count(digits: &[u8]) -> Option<(u64, usize)> {
    let (mut count, mut length) = (0, 0);
    for digit in digits.iter().map(|byte| byte.wrapping_sub(b'0')).take_while(|digit| *digit <= 9).take(COUNT_DIGITS_SAFE + 1) {
        count = count * 10 + u64::from(digit);
        length += 1;
    }
    (count > 0 && length <= COUNT_DIGITS_SAFE).then_some((count, length + 1))
}

#[cfg(test)]
mod tests {
    use super::super::{Form, Parsed};
    use super::*;
    use proptest::prelude::*;

    /// Gives bytes in small pieces, as pipes do.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len());
            self.0.read(into.get_mut(..count).unwrap_or_default())
        }
    }

    fn all(bytes: &[u8], drip: usize) -> Vec<Result<Vec<u8>, u64>> {
        let mut lines = Lines::new(Drip(bytes, drip));
        let mut all = Vec::new();
        loop {
            match lines.next_line() {
                Ok(None) => break,
                Ok(Some(line)) => all.push(Ok(line.to_vec())),
                Err(LineError::TooLong(number)) => all.push(Err(number)),
                Err(LineError::Read(error)) => panic!("{error}"),
            }
        }
        assert_eq!(lines.position(), bytes.len() as u64);
        all
    }

    #[test]
    fn ends_marks_and_a_missing_last_end_are_no_part_of_a_line() {
        let expect = |lines: &[&str]| lines.iter().map(|line| Ok(line.as_bytes().to_vec())).collect::<Vec<_>>();
        assert_eq!(all(b"\xef\xbb\xbfone\r\ntwo\n\nfour", 3), expect(&["one", "two", "", "four"]));
        assert_eq!(all(b"", 3), expect(&[]));
        assert_eq!(all(b"\n", 3), expect(&[""]));
        assert_eq!(all(b"a\rb\n", 1), expect(&["a\rb"]));
    }

    #[test]
    fn a_line_that_never_ends_is_passed_over_in_bounded_memory() {
        let mut bytes = b"before\n".to_vec();
        bytes.extend(vec![b'x'; 3 * CHUNK_BYTES]);
        bytes.extend(b"\nafter\n");
        assert_eq!(all(&bytes, CHUNK_BYTES), [Ok(b"before".to_vec()), Err(2), Ok(b"after".to_vec())]);
        let at_most = [vec![b'x'; LINE_BYTES_MAX], b"\r\n".to_vec(), vec![b'y'; LINE_BYTES_MAX + 1], b"\n".to_vec()].concat();
        assert_eq!(all(&at_most, 1000), [Ok(vec![b'x'; LINE_BYTES_MAX]), Err(2)]);
    }

    /// What lines say: each of the form, or wrong. `quick`: asked the quick way first.
    fn said(bytes: &[u8], drip: usize, kind: Kind, quick: bool) -> Vec<(u64, u64, Result<Parsed, ()>)> {
        let (mut lines, mut all) = (Lines::new(Drip(bytes, drip)), Vec::new());
        loop {
            let said = match if quick { lines.next_hash(kind) } else { None } {
                Some((digest, count)) => Ok(Parsed::Seen(digest, count)),
                None => match lines.next_line() {
                    Ok(None) => return all,
                    Ok(Some(line)) => Form::Hashes(kind).parse(kind, line).map_err(drop),
                    Err(_) => Err(()),
                },
            };
            all.push((lines.number(), lines.position(), said));
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_says_what_the_long_one_says(
            lines in proptest::collection::vec(("[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32}|[0-9A-G ]{39,41}|[0-9A-F:\r]{0,50}", "|:|:0|:[0-9]{1,17}|:1[ 0-9x\r-]{1,3}|:00[0-9]", "\n|\r\n|\r|"), 0..30),
            mark in any::<bool>(),
            drip in 1_usize..200,
        ) {
            let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
            text.extend(lines.iter().flat_map(|(hex, count, end)| [hex.as_str(), count, end]));
            for kind in [Kind::Sha1, Kind::Ntlm] {
                prop_assert_eq!(said(text.as_bytes(), drip, kind, true), said(text.as_bytes(), drip, kind, false));
            }
        }

        #[test]
        fn lines_are_those_that_split_finds(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300), drip in 1_usize..50) {
            prop_assume!(!bytes.starts_with(BYTE_ORDER_MARK));
            let mut expect: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            let last = expect.pop().unwrap_or_default();
            let mut expect: Vec<_> = expect.into_iter().map(|line| Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())).collect();
            if !last.is_empty() {
                expect.push(Ok(last.to_vec()));
            }
            prop_assert_eq!(all(&bytes, drip), expect);
        }
    }
}
