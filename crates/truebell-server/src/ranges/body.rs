//! The text of a range: `SUFFIX:COUNT` a line. Padding looks like entries that were seen no time.

use super::FilePages;
use truebell_corpus::{Corpus, Damaged, Kind};

/// Hex digits of a range.
const PREFIX_DIGITS: usize = 5;
/// Bytes of the longest digest.
const DIGEST_BYTES_MAX: usize = 20;
const LINE_END: &[u8] = b"\r\n";
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// The lines of a range, without an end after the last one.
pub(super) fn write_range(corpus: &Corpus<FilePages>, prefix: u32) -> Result<Vec<u8>, Damaged> {
    let kind = corpus.header().kind;
    let entries = corpus.range(prefix)?;
    let mut body = Vec::with_capacity(padded_bytes(corpus));
    for entry in entries {
        let entry = entry?;
        if !body.is_empty() {
            body.extend_from_slice(LINE_END);
        }
        push_suffix(&mut body, entry.digest.bytes(kind));
        push_count(&mut body, entry.count);
    }
    Ok(body)
}

/// How long every answer of this corpus is, once padded: a line of padding longer than the longest range.
fn padded_bytes(corpus: &Corpus<FilePages>) -> usize {
    let header = corpus.header();
    usize::try_from(header.range_bytes_max).unwrap_or_default() + padding_line_bytes(header.kind)
}

/// A line of padding with the end before or after it.
fn padding_line_bytes(kind: Kind) -> usize {
    kind.bytes() * 2 - PREFIX_DIGITS + 2 + LINE_END.len()
}

/// Adds lines with count 0 until the body is as long as all others. The same range gets the same padding, so that caches can keep it.
pub(super) fn pad(body: &mut Vec<u8>, corpus: &Corpus<FilePages>, prefix: u32) {
    let (kind, length) = (corpus.header().kind, padded_bytes(corpus));
    let [first, second, ..] = *corpus.seal().as_chunks::<8>().0 else { return };
    let mut noise = Noise(u64::from_le_bytes(first) ^ u64::from_le_bytes(second).rotate_left(20) ^ u64::from(prefix));
    let line = padding_line_bytes(kind);
    while body.len() + line + line <= length {
        push_padding(body, kind, &mut noise);
    }
    push_padding(body, kind, &mut noise);
    // What is left is less than a line: the last count is a longer zero.
    body.resize(length.max(body.len()), b'0');
}

fn push_padding(body: &mut Vec<u8>, kind: Kind, noise: &mut Noise) {
    if !body.is_empty() {
        body.extend_from_slice(LINE_END);
    }
    let mut digest = [0; 20];
    for (to, from) in digest.iter_mut().zip([noise.next(), noise.next(), noise.next()].iter().flat_map(|word| word.to_le_bytes())) {
        *to = from;
    }
    push_suffix(body, digest.get(..kind.bytes()).unwrap_or_default());
    body.extend_from_slice(b":0");
}

/// The digits after the prefix, in upper case.
fn push_suffix(body: &mut Vec<u8>, digest: &[u8]) {
    let mut digits = [[0; 2]; DIGEST_BYTES_MAX];
    for (pair, byte) in digits.iter_mut().zip(digest) {
        *pair = [byte >> 4, byte & 0x0f].map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or_default());
    }
    body.extend_from_slice(digits.as_flattened().get(PREFIX_DIGITS..digest.len() * 2).unwrap_or_default());
}

fn push_count(body: &mut Vec<u8>, mut count: u64) {
    body.push(b':');
    let start = body.len();
    loop {
        body.push(b'0' + u8::try_from(count % 10).unwrap_or_default());
        count /= 10;
        if count == 0 {
            break;
        }
    }
    if let Some(digits) = body.get_mut(start..) {
        digits.reverse();
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014). Padding is told from entries by its count; it only has to look like anything.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
