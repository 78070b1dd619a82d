//! Lines out of pieces of text, counted and bounded; what one holds over to the next piece is wiped. Never here: what a line says.

use super::LINE_BYTES_MAX;
use zeroize::{Zeroize, Zeroizing};

/// A line without its end, or `None`: it was too long.
pub(super) type Line<'a> = Option<&'a [u8]>;

/// Finds lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line begun in the piece before. It has its whole size from the start, so that no copy is left behind when it grows.
    begun: Zeroizing<Vec<u8>>,
    too_long: bool,
    number: u64,
}

impl Lines {
    /// More text; `take` is given each line that ends in it, with its number from 1.
    pub(super) fn push(&mut self, text: &[u8], take: &mut impl FnMut(u64, Line<'_>)) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            let line = text.get(start..end).unwrap_or_default();
            start = end + 1;
            if self.begun.is_empty() && !self.too_long {
                self.number += 1;
                take(self.number, within(line));
            } else {
                self.hold(line);
                self.end(take);
            }
        }
        self.hold(text.get(start..).unwrap_or_default());
    }

    /// No more text: the last line needs no end.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(u64, Line<'_>)) {
        if self.too_long || !self.begun.is_empty() {
            self.end(take);
        }
    }

    fn hold(&mut self, part: &[u8]) {
        if part.is_empty() || self.too_long {
            return;
        }
        if self.begun.len() + part.len() > LINE_BYTES_MAX {
            self.too_long = true;
            self.wipe();
            return;
        }
        if self.begun.capacity() < LINE_BYTES_MAX {
            self.begun.reserve_exact(LINE_BYTES_MAX);
        }
        self.begun.extend_from_slice(part);
    }

    fn end(&mut self, take: &mut impl FnMut(u64, Line<'_>)) {
        self.number += 1;
        if self.too_long {
            take(self.number, None);
        } else {
            take(self.number, within(&self.begun));
        }
        self.too_long = false;
        self.wipe();
    }

    fn wipe(&mut self) {
        self.begun.as_mut_slice().zeroize();
        self.begun.clear();
    }
}

/// Without the CRs before its end; `None` if it is too long with them.
fn within(line: &[u8]) -> Line<'_> {
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    let mut line = line;
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8], piece: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        let mut take = |number, line: Line<'_>| found.push((number, line.map(<[u8]>::to_vec)));
        text.chunks(piece).for_each(|piece| lines.push(piece, &mut take));
        lines.finish(&mut take);
        found
    }

    #[test]
    fn ends_are_no_part_of_a_line_and_the_last_one_needs_none() {
        let expect = [(1, "one"), (2, "two"), (3, ""), (4, "a\rb"), (5, "end")];
        let expect: Vec<_> = expect.into_iter().map(|(number, line)| (number, Some(line.as_bytes().to_vec()))).collect();
        assert_eq!(all(b"one\r\ntwo\r\r\n\na\rb\nend", 3), expect);
        assert_eq!(all(b"", 1), []);
    }

    #[test]
    fn a_line_that_never_ends_is_passed_over_and_held_nowhere() {
        let text = [b"one\n".to_vec(), vec![b'x'; LINE_BYTES_MAX + 1], b"\ntwo\n".to_vec(), vec![b'y'; 3 * LINE_BYTES_MAX]].concat();
        for piece in [7, LINE_BYTES_MAX, text.len()] {
            let found = all(&text, piece);
            assert_eq!(found, [(1, Some(b"one".to_vec())), (2, None), (3, Some(b"two".to_vec())), (4, None)]);
        }
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; 10 * LINE_BYTES_MAX], &mut |_, _| {});
        assert!(lines.begun.capacity() <= LINE_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200), piece in 1_usize..20) {
            prop_assert_eq!(all(&text, piece), all(&text, text.len().max(1)));
        }
    }
}
