//! Which encoding a text is in, and its UTF-8: UTF-16 for a whole list, UTF-8 or Windows-1252 for a line. Never here: a guess at other code pages.

use zeroize::Zeroizing;

/// What a line was written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8 (or ASCII); also what was UTF-16.
    #[default]
    Utf8,
    /// Not UTF-8, so taken for Windows-1252.
    Windows1252,
}

/// The characters of 0x80 to 0x9f (WHATWG, index windows-1252); all others are their own number.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–',
    '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn of_byte(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at))).copied().unwrap_or(char::from(byte))
}

/// The byte a character has in Windows-1252; `None` if it has none.
pub(super) fn to_windows_1252(letter: char) -> Option<u8> {
    let number = u32::from(letter);
    match HIGH.iter().position(|high| *high == letter) {
        Some(at) => u8::try_from(at + 0x80).ok(),
        None if number < 0x80 || (0xa0..=0xff).contains(&number) => u8::try_from(number).ok(),
        None => None,
    }
}

/// A line as UTF-8: itself if it is, else read as Windows-1252 into `scratch`.
pub(super) fn judge<'a>(line: &'a [u8], scratch: &'a mut Zeroizing<Vec<u8>>) -> (&'a [u8], Encoding) {
    if str::from_utf8(line).is_ok() {
        return (line, Encoding::Utf8);
    }
    scratch.clear();
    let mut letter = [0; 4];
    for byte in line {
        scratch.extend_from_slice(of_byte(*byte).encode_utf8(&mut letter).as_bytes());
    }
    (scratch.as_slice(), Encoding::Windows1252)
}

/// What a list begins with.
#[derive(Debug, Default)]
enum Begin {
    /// Up to two bytes that may become a mark.
    #[default]
    Waiting,
    /// Bytes as they are.
    Bytes,
    /// UTF-16.
    Units { big_endian: bool },
}

/// Takes off the byte order mark, and makes UTF-8 of UTF-16, whatever pieces the bytes come in.
#[derive(Debug, Default)]
pub(super) struct Unmark {
    begin: Begin,
    /// What waits: of a mark, or of a unit.
    held: Vec<u8>,
    /// A high surrogate that waits for its other half.
    high: Option<u16>,
    text: Zeroizing<Vec<u8>>,
}

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const LITTLE_MARK: &[u8] = &[0xff, 0xfe];
const BIG_MARK: &[u8] = &[0xfe, 0xff];
/// Units are turned into text in pieces, so that memory does not follow the caller's.
const PIECE_BYTES: usize = 1 << 14;

impl Unmark {
    /// More bytes of the list; `take` is given text.
    pub(super) fn push(&mut self, mut bytes: &[u8], take: &mut impl FnMut(&[u8])) {
        while matches!(self.begin, Begin::Waiting) {
            let Some((first, rest)) = bytes.split_first() else { return };
            self.held.push(*first);
            bytes = rest;
            self.begin = match self.held.as_slice() {
                UTF8_MARK => Begin::Bytes,
                LITTLE_MARK => Begin::Units { big_endian: false },
                BIG_MARK => Begin::Units { big_endian: true },
                held if UTF8_MARK.starts_with(held) || LITTLE_MARK.starts_with(held) || BIG_MARK.starts_with(held) => Begin::Waiting,
                held => {
                    take(held);
                    Begin::Bytes
                }
            };
            if !matches!(self.begin, Begin::Waiting) {
                self.held.clear();
            }
        }
        match self.begin {
            Begin::Units { big_endian } => bytes.chunks(PIECE_BYTES).for_each(|piece| self.units(piece, big_endian, take)),
            _ => take(bytes),
        }
    }

    /// No more bytes.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(&[u8])) {
        match self.begin {
            Begin::Waiting => take(&self.held),
            Begin::Bytes => {}
            Begin::Units { .. } => {
                if self.high.take().is_some() || !self.held.is_empty() {
                    take("\u{fffd}".as_bytes());
                }
            }
        }
        self.held.clear();
        self.begin = Begin::Bytes;
    }

    /// Whether the list is UTF-16.
    pub(super) const fn is_utf16(&self) -> bool {
        matches!(self.begin, Begin::Units { .. })
    }

    fn units(&mut self, bytes: &[u8], big_endian: bool, take: &mut impl FnMut(&[u8])) {
        let mut rest = bytes;
        if let (Some(first), Some((second, after))) = (self.held.first().copied(), rest.split_first()) {
            self.held.clear();
            self.unit([first, *second], big_endian);
            rest = after;
        }
        let mut pairs = rest.chunks_exact(2);
        for pair in &mut pairs {
            let [one, two] = *pair else { continue };
            self.unit([one, two], big_endian);
        }
        self.held.extend_from_slice(pairs.remainder());
        take(&self.text);
        zeroize::Zeroize::zeroize(self.text.as_mut_slice());
        self.text.clear();
    }

    fn unit(&mut self, bytes: [u8; 2], big_endian: bool) {
        let unit = if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        let mut letter = [0; 4];
        let mut push = |text: &mut Vec<u8>, character: char| text.extend_from_slice(character.encode_utf8(&mut letter).as_bytes());
        if let Some(high) = self.high.take() {
            if (0xdc00..=0xdfff).contains(&unit) {
                let number = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                push(&mut self.text, char::from_u32(number).unwrap_or('\u{fffd}'));
                return;
            }
            push(&mut self.text, '\u{fffd}');
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => push(&mut self.text, char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8], piece: usize) -> Vec<u8> {
        let (mut unmark, mut text) = (Unmark::default(), Vec::new());
        bytes.chunks(piece).for_each(|piece| unmark.push(piece, &mut |more| text.extend_from_slice(more)));
        unmark.finish(&mut |more| text.extend_from_slice(more));
        text
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        let mark = if big_endian { BIG_MARK } else { LITTLE_MARK };
        let units = text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() });
        mark.iter().copied().chain(units).collect()
    }

    #[test]
    fn marks_go_and_what_only_begins_like_one_stays() {
        assert_eq!(all(b"\xef\xbb\xbfone", 1), b"one");
        for bytes in [&b"\xef\xbbone"[..], b"\xef", b"\xff", b"\xffa", b"\xfe", b"", b"a"] {
            assert_eq!(all(bytes, 1), bytes);
        }
        assert_eq!(all(b"\xef\xbb\xbf\xef\xbb\xbf", 2), b"\xef\xbb\xbf");
    }

    #[test]
    fn a_half_character_of_utf16_becomes_the_replacement_character() {
        assert_eq!(all(&[0xff, 0xfe, 0x3d, 0xd8], 1), "\u{fffd}".as_bytes());
        assert_eq!(all(&[0xff, 0xfe, 0x3d, 0xd8, b'a', 0], 3), "\u{fffd}a".as_bytes());
        assert_eq!(all(&[0xff, 0xfe, b'a', 0, b'b'], 2), "a\u{fffd}".as_bytes());
        assert_eq!(all(&[0xfe, 0xff, 0xdc, 0x00], 9), "\u{fffd}".as_bytes());
    }

    #[test]
    fn windows_1252_goes_both_ways_for_every_byte() {
        for byte in 0..=u8::MAX {
            assert_eq!(to_windows_1252(of_byte(byte)), Some(byte));
        }
        assert_eq!((to_windows_1252('ж'), to_windows_1252('€')), (None, Some(0x80)));
        let mut scratch = Zeroizing::new(Vec::new());
        assert_eq!(judge(b"p\xe4ss\x80", &mut scratch), ("päss€".as_bytes(), Encoding::Windows1252));
        assert_eq!(judge("päss€".as_bytes(), &mut scratch), ("päss€".as_bytes(), Encoding::Utf8));
    }

    proptest! {
        #[test]
        fn utf16_in_any_pieces_is_the_text_it_was(text in ".{0,40}", big_endian: bool, piece in 1_usize..9) {
            prop_assert_eq!(all(&utf16(&text, big_endian), piece), text.as_bytes());
        }
    }
}
