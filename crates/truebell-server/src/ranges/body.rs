//! The text of a range: `SUFFIX:COUNT` a line. Padding looks like entries that were seen no time.

use super::FilePages;
use truebell_corpus::{Corpus, Damaged, Digest, Kind};

/// Hex digits of a range.
const PREFIX_DIGITS: usize = 5;
/// Room for the longest line: 35 digits, a colon, a count of 20 digits, and an end.
const LINE_BYTES_MAX: usize = 64;
const LINE_END: &[u8; 2] = b"\r\n";

/// The lines of a range, without an end after the last one.
pub(super) fn write_range(corpus: &Corpus<FilePages>, prefix: u32) -> Result<Vec<u8>, Damaged> {
    let kind = corpus.header().kind;
    let entries = corpus.range(prefix)?;
    let mut body = Vec::with_capacity(padded_bytes(corpus) + LINE_END.len());
    for entry in entries {
        let entry = entry?;
        push_line(&mut body, kind, &entry.digest, entry.count);
    }
    body.truncate(body.len().saturating_sub(LINE_END.len()));
    Ok(body)
}

/// How long every answer of this corpus is, once padded: a line of padding longer than the longest range.
pub(super) fn padded_bytes(corpus: &Corpus<FilePages>) -> usize {
    let header = corpus.header();
    usize::try_from(header.range_bytes_max).unwrap_or_default() + padding_line_bytes(header.kind)
}

/// A line of padding with the end before or after it.
const fn padding_line_bytes(kind: Kind) -> usize {
    kind.bytes() * 2 - PREFIX_DIGITS + 2 + LINE_END.len()
}

/// Adds lines with count 0 until the body is as long as all others. The same range gets the same padding, so that caches can keep it.
pub(super) fn pad(body: &mut Vec<u8>, corpus: &Corpus<FilePages>, prefix: u32) {
    let (kind, length) = (corpus.header().kind, padded_bytes(corpus));
    let [first, second, ..] = *corpus.seal().as_chunks::<8>().0 else { return };
    let mut noise = Noise(u64::from_le_bytes(first) ^ u64::from_le_bytes(second).rotate_left(20) ^ u64::from(prefix));
    let line = padding_line_bytes(kind);
    if !body.is_empty() {
        body.extend_from_slice(LINE_END);
    }
    // One at least, and then as long as another one has room behind it.
    push_line(body, kind, &noise.digest(kind), 0);
    while body.len() + line <= length + LINE_END.len() {
        push_line(body, kind, &noise.digest(kind), 0);
    }
    body.truncate(body.len() - LINE_END.len());
    // What is left is less than a line: the last count is a longer zero.
    body.resize(length.max(body.len()), b'0');
}

/// Adds a line with its end: the digits after the prefix, in upper case, and the count.
fn push_line(body: &mut Vec<u8>, kind: Kind, digest: &Digest, count: u64) {
    let digits = digest.hex_digits();
    let suffix = digits.get(PREFIX_DIGITS..kind.bytes() * 2).unwrap_or_default();
    let mut line = [0; LINE_BYTES_MAX];
    let mut end = suffix.len();
    if let Some(to) = line.get_mut(..end) {
        to.copy_from_slice(suffix);
    }
    let mut put = |byte| {
        if let Some(to) = line.get_mut(end) {
            *to = byte;
        }
        end += 1;
    };
    put(b':');
    let mut power = 10_u64.pow(count.checked_ilog10().unwrap_or_default());
    while power > 0 {
        put(b'0' + u8::try_from(count / power % 10).unwrap_or_default());
        power /= 10;
    }
    LINE_END.iter().for_each(|byte| put(*byte));
    body.extend_from_slice(line.get(..end).unwrap_or_default());
}

/// SplitMix64 (Steele, Lea, Flood 2014). Padding is told from entries by its count; it only has to look like anything.
struct Noise(u64);

impl Noise {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn digest(&mut self, kind: Kind) -> Digest {
        let mut bytes = [0; 24];
        for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip([self.next(), self.next(), self.next()]) {
            *to = word.to_le_bytes();
        }
        Digest::of_first(kind, &bytes)
    }
}
