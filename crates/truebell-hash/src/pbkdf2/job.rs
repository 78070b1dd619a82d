//! What goes into the lanes and comes out: keys and first rounds in words, made by the crates; and which candidates go there at all.

use hmac::digest::Digest as Digests;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use zeroize::{Zeroize, Zeroizing};

use super::Digest;
use crate::Try;

/// A word of a digest function, big-endian in bytes.
pub(super) trait Word: Copy + Default + Zeroize {
    fn read(bytes: &[u8]) -> Self;
    fn write(self, place: &mut [u8]);
}

impl Word for u32 {
    fn read(bytes: &[u8]) -> Self {
        bytes.iter().fold(0, |word, byte| word << 8 | Self::from(*byte))
    }

    fn write(self, place: &mut [u8]) {
        place.iter_mut().zip(self.to_be_bytes()).for_each(|(place, byte)| *place = byte);
    }
}

impl Word for u64 {
    fn read(bytes: &[u8]) -> Self {
        bytes.iter().fold(0, |word, byte| word << 8 | Self::from(*byte))
    }

    fn write(self, place: &mut [u8]) {
        place.iter_mut().zip(self.to_be_bytes()).for_each(|(place, byte)| *place = byte);
    }
}

/// One block of one candidate's output, of a function whose digest has `S` words.
pub(super) struct Job<W: Word, const S: usize> {
    /// The key of HMAC, filled up with zeros to a block.
    pub(super) key: [W; 16],
    /// The first round's result; and when it is done, the sum of all.
    pub(super) sum: [W; S],
}

impl<W: Word, const S: usize> Drop for Job<W, S> {
    fn drop(&mut self) {
        self.key.zeroize();
        self.sum.zeroize();
    }
}

/// What computes jobs side by side.
pub(super) struct Lanes<W: Word, const S: usize> {
    /// How many at once, at the most.
    pub(super) count: usize,
    /// All rounds but the first, of at most so many jobs.
    pub(super) compute: fn(u32, &mut [Job<W, S>]),
}

/// The digests of all candidates: in lanes as far as they are filled well enough, and the rest by the crate.
pub(super) fn outputs<W: Word, const S: usize, D>(lanes: Option<Lanes<W, S>>, rounds: u32, length: usize, tries: &[Try<'_>]) -> Vec<Digest>
where
    D: EagerHash + Digests,
    Hmac<D>: Mac + KeyInit + Clone,
{
    let width = S * size_of::<W>();
    let blocks = length.div_ceil(width);
    let (wide, rest) = match &lanes {
        Some(lanes) => tries.split_at(worth_lanes(tries.len(), blocks, lanes.count).min(tries.len())),
        None => (&[][..], tries),
    };
    let mut digests: Vec<Digest> = Vec::with_capacity(tries.len());
    if let Some(lanes) = lanes {
        let numbered = wide.iter().flat_map(|one| (1_u32..).take(blocks).map(move |number| (one, number)));
        let mut jobs: Vec<Job<W, S>> = numbered.map(|(one, number)| job_of::<W, S, D>(one, number)).collect();
        jobs.chunks_mut(lanes.count).for_each(|group| (lanes.compute)(rounds, group));
        digests.extend(jobs.chunks(blocks).map(|jobs| digest_of(jobs, length)));
    }
    digests.extend(rest.iter().map(|one| {
        let mut out = Zeroizing::new(vec![0; length]);
        // HMAC takes keys of any length, so this cannot fail; if it did, nothing would match zeros of somebody's making.
        pbkdf2::pbkdf2::<Hmac<D>>(one.password, one.salt, rounds, &mut out).unwrap_or_default();
        out
    }));
    digests
}

/// How many of the candidates go into lanes: registers that would be filled to less than a third cost more than the crate.
fn worth_lanes(tries: usize, blocks: usize, lanes: usize) -> usize {
    let over = tries * blocks % lanes;
    if over * 3 < lanes { tries - over.div_ceil(blocks) } else { tries }
}

fn job_of<W: Word, const S: usize, D>(one: &Try<'_>, number: u32) -> Job<W, S>
where
    D: EagerHash + Digests,
    Hmac<D>: Mac + KeyInit,
{
    let is_long = one.password.len() > 16 * size_of::<W>();
    let key = Zeroizing::new(if is_long { D::digest(one.password).to_vec() } else { one.password.to_vec() });
    let first = <Hmac<D> as KeyInit>::new_from_slice(one.password);
    let first = first.map(|mac| mac.chain_update(one.salt).chain_update(number.to_be_bytes()).finalize().into_bytes().to_vec());
    Job { key: words(&key), sum: words(&Zeroizing::new(first.unwrap_or_default())) }
}

/// The bytes in words, with zeros behind them.
fn words<W: Word, const N: usize>(bytes: &[u8]) -> [W; N] {
    let width = size_of::<W>();
    let mut padded = Zeroizing::new(bytes.to_vec());
    padded.resize(N * width, 0);
    let mut words = [W::default(); N];
    words.iter_mut().zip(padded.chunks_exact(width)).for_each(|(place, bytes)| *place = W::read(bytes));
    words
}

fn digest_of<W: Word, const S: usize>(jobs: &[Job<W, S>], length: usize) -> Digest {
    let width = size_of::<W>();
    let mut bytes = Zeroizing::new(vec![0; jobs.len() * S * width]);
    let words = jobs.iter().flat_map(|job| &job.sum);
    bytes.chunks_exact_mut(width).zip(words).for_each(|(place, word)| word.write(place));
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_used_when_it_is_a_third_full() {
        let cases = [
            (0, 1, 16, 0),
            (5, 1, 16, 0),
            (6, 1, 16, 6),
            (16, 1, 16, 16),
            (20, 1, 16, 16),
            (22, 1, 16, 22),
            (3, 2, 16, 3),
            (17, 2, 16, 16),
            (1, 1, 2, 1),
        ];
        for (tries, blocks, lanes, expected) in cases {
            assert_eq!(worth_lanes(tries, blocks, lanes), expected, "{tries} {blocks} {lanes}");
        }
    }
}
