//! Reading a filter out of memory: everything is checked first, then any number of digests can be asked about.

use super::{FILTER_MAGIC, HEADER_BYTES, SHARD_BITS_MAX, SHARD_BYTES, SUMMED_BYTES, Shard, VERSION, shard_of, sum_of};
use crate::digest::{Digest, Kind};

/// Why the bytes are no filter that can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAFilter {
    /// Something else.
    #[error("this is not a filter; truebell corpus filter makes one from a corpus")]
    Magic,
    /// Of another time.
    #[error("this filter is of format {0}, and this program reads format 1; make it again")]
    Version(u16),
    /// A sum or a length is wrong.
    #[error("the filter is damaged or was not copied whole; copy or make it again")]
    Damaged,
}

/// A filter.
#[derive(Debug, Clone)]
pub struct Filter<B> {
    bytes: B,
    kind: Kind,
    bits: u8,
    keys: u64,
    corpus: [u8; 8],
    /// Each shard with the place of its fingerprints.
    shards: Vec<(Shard, usize)>,
}

impl<B: AsRef<[u8]>> Filter<B> {
    /// Checks all of it.
    ///
    /// # Errors
    /// [`NotAFilter`], before anything is answered.
    pub fn open(bytes: B) -> Result<Self, NotAFilter> {
        let all = bytes.as_ref();
        if !all.starts_with(FILTER_MAGIC) {
            return Err(NotAFilter::Magic);
        }
        let header: &[u8; HEADER_BYTES] = all.first_chunk().ok_or(NotAFilter::Damaged)?;
        let [.., low, high, kind, bits, _, _, _, _] = *header.first_chunk::<16>().ok_or(NotAFilter::Damaged)?;
        let version = u16::from_le_bytes([low, high]);
        if version != VERSION {
            return Err(NotAFilter::Version(version));
        }
        let eight = |at: usize| header.get(at..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
        let four = |at: usize| header.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().map_or(0, u32::from_le_bytes);
        let is_zero = |from: usize, to: usize| header.get(from..to).is_some_and(|part| part.iter().all(|byte| *byte == 0));
        let sums = header.get(..SUMMED_BYTES).map(sum_of) == Some(four(SUMMED_BYTES));
        if !sums || bits > SHARD_BITS_MAX || !is_zero(12, 16) || !is_zero(36, SUMMED_BYTES) {
            return Err(NotAFilter::Damaged);
        }
        let kind = Kind::of_code(kind).ok_or(NotAFilter::Damaged)?;
        let directory = all.get(HEADER_BYTES..HEADER_BYTES + (SHARD_BYTES << bits)).ok_or(NotAFilter::Damaged)?;
        if sum_of(directory) != four(32) {
            return Err(NotAFilter::Damaged);
        }
        let shards = check_shards(all, directory).ok_or(NotAFilter::Damaged)?;
        Ok(Self { kind, bits, keys: u64::from_le_bytes(eight(16)), corpus: eight(24), shards, bytes })
    }

    /// Which digest.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How many keys it was made of.
    pub const fn keys(&self) -> u64 {
        self.keys
    }

    /// The version of the corpus it was made from.
    pub fn corpus_version(&self) -> String {
        self.corpus.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// `false`: it is not in the corpus. `true`: it is, or it is one in 256 of those that are not.
    pub fn may_have(&self, digest: &Digest) -> bool {
        let key = digest.key();
        let shard = usize::try_from(shard_of(key, self.bits)).ok().and_then(|at| self.shards.get(at));
        shard.is_some_and(|(shard, at)| {
            let length = usize::try_from(shard.length).unwrap_or_default();
            shard.may_have(key, self.bytes.as_ref().get(*at..*at + length).unwrap_or_default())
        })
    }
}

/// Each shard with its place, if all are whole and nothing follows.
fn check_shards(all: &[u8], directory: &[u8]) -> Option<Vec<(Shard, usize)>> {
    let mut at = HEADER_BYTES + directory.len();
    let mut shards = Vec::with_capacity(directory.len() / SHARD_BYTES);
    for bytes in directory.as_chunks().0 {
        let shard = Shard::read(bytes);
        let end = at.checked_add(usize::try_from(shard.length).ok()?)?;
        let fingerprints = all.get(at..end)?;
        if !shard.adds_up() || (shard.length > 0 && sum_of(fingerprints) != shard.sum) {
            return None;
        }
        shards.push((shard, at));
        at = end;
    }
    (at == all.len()).then_some(shards)
}
