//! Lists that look as real ones do: digests spread evenly, so that ranges differ in length, and few counts that are large. The same number gives the same list.

use anyhow::Result;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// SplitMix64 (Steele, Lea, Flood 2014): made up quickly, and evenly enough.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Above 0, up to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn fraction(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// How many of those that fall on `mean` places at an average fall on one (Knuth's way).
    fn poisson(&mut self, mean: f64) -> u64 {
        let floor = (-mean).exp();
        let (mut count, mut product) = (0, self.fraction());
        while product > floor {
            count += 1;
            product *= self.fraction();
        }
        count
    }

    /// One is the most frequent; one in `n` is above `n`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 2^53")]
    fn count(&mut self) -> u64 {
        (1.0 / self.fraction()) as u64
    }

    pub(super) fn digest(&mut self) -> [u8; 20] {
        let words = [self.next(), self.next(), self.next()];
        let mut digest = [0; 20];
        for (to, from) in digest.iter_mut().zip(words.iter().flat_map(|word| word.to_be_bytes())) {
            *to = from;
        }
        digest
    }
}

/// Ranges of five hex digits.
const RANGES: u32 = 1 << 20;

/// A list in order, `HASH:COUNT` with CRLF.
pub(super) struct Ordered {
    pub(super) entries: u64,
}

/// The first 64 bits of each hash of a list.
pub(super) fn keys_of(path: &Path, entries: u64) -> Result<Vec<u64>> {
    let mut keys = Vec::with_capacity(usize::try_from(entries)?);
    let mut list = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut line = String::new();
    while {
        line.clear();
        list.read_line(&mut line)?
    } > 0
    {
        keys.push(u64::from_str_radix(line.get(..16).unwrap_or_default(), 16)?);
    }
    Ok(keys)
}

impl Ordered {
    pub(super) fn write(path: &Path, about: u64) -> Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let mut chance = Chance::new(about);
        #[expect(clippy::cast_precision_loss, reason = "an average")]
        let mean = about as f64 / f64::from(RANGES);
        let mut entries = 0;
        for range in 0..RANGES {
            let mut digests: Vec<[u8; 20]> = (0..chance.poisson(mean)).map(|_| chance.digest()).collect();
            for digest in &mut digests {
                place(digest, range);
            }
            digests.sort_unstable();
            for digest in digests {
                write_hex(&mut out, &digest)?;
                write!(out, ":{}\r\n", chance.count())?;
                entries += 1;
            }
        }
        out.into_inner()?.sync_all()?;
        Ok(Self { entries })
    }
}

/// A list in no order, a hash a line.
pub(super) fn write_unordered(path: &Path, entries: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut chance = Chance::new(entries);
    for _ in 0..entries {
        write_hex(&mut out, &chance.digest())?;
        out.write_all(b"\n")?;
    }
    Ok(out.into_inner()?.sync_all()?)
}

/// Gives a digest its range.
fn place(digest: &mut [u8; 20], range: u32) {
    let [a, b, c, ..] = digest;
    let [_, high, middle, low] = (range << 4 | u32::from(*c & 0x0f)).to_be_bytes();
    (*a, *b, *c) = (high, middle, low);
}

fn write_hex(out: &mut impl Write, digest: &[u8; 20]) -> std::io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut hex = [0; 40];
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    for (to, digit) in hex.iter_mut().zip(digits) {
        *to = DIGITS.get(usize::from(digit)).copied().unwrap_or_default();
    }
    out.write_all(&hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_in_order_and_about_as_long_as_was_asked_for() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let list = Ordered::write(file.path(), 20_000).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<&str> = text.lines().map(|line| line.split_once(':').unwrap().0).collect();
        assert!(lines.is_sorted() && lines.len() as u64 == list.entries && list.entries.abs_diff(20_000) < 1_000);
        let keys = keys_of(file.path(), list.entries).unwrap();
        assert!(keys.len() == lines.len() && keys.iter().zip(&lines).all(|(key, line)| line.starts_with(&format!("{key:016X}"))));
    }
}
