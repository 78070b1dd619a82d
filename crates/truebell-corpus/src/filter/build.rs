//! Making a filter, shard by shard: memory is that of one shard.

use super::{FILTER_MAGIC, HEADER_BYTES, SHARD_BITS_MAX, SHARD_BYTES, SUMMED_BYTES, Shard, VERSION, shard_of, sum_of};
use crate::read::{Corpus, Damaged, Pages, Progress};
use std::io::{self, Seek, SeekFrom, Write};
use xorf::BinaryFuse8;

/// About so many keys are one shard.
const KEYS_A_SHARD: u64 = 1 << 19;
/// Keys between two words of how far it is.
const KEYS_BETWEEN: u64 = 1 << 16;

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
pub enum NoFilter {
    /// The corpus could not be read.
    #[error(transparent)]
    Corpus(#[from] Damaged),
    /// The place to write to.
    #[error("the filter could not be written: {0}")]
    Write(#[from] io::Error),
    /// Once in very many tries.
    #[error("a filter of these keys could not be made; build the corpus with one entry more or less")]
    Unlucky,
}

/// Writes the filter of a corpus, from where `out` stands to its end. How many bytes it has.
///
/// # Errors
/// [`NoFilter`]; what was written then is no filter.
pub fn write_filter<P: Pages>(corpus: &Corpus<P>, out: &mut (impl Write + Seek), progress: Progress<'_>) -> Result<u64, NoFilter> {
    let entries = corpus.header().entries;
    let bits = u8::try_from((entries / KEYS_A_SHARD).checked_ilog2().unwrap_or(0)).unwrap_or(SHARD_BITS_MAX).min(SHARD_BITS_MAX);
    let start = out.stream_position()?;
    let directory_bytes = SHARD_BYTES << bits;
    out.write_all(&vec![0; HEADER_BYTES + directory_bytes])?;
    let (mut directory, mut keys, mut count, mut shard) = (Vec::with_capacity(directory_bytes), Vec::new(), 0, 0);
    for (done, key) in (0..).zip(corpus.keys()?) {
        let key = key?;
        while shard_of(key, bits) > shard {
            directory.extend(write_shard(&mut keys, out)?.write());
            shard += 1;
        }
        // Two digests may begin alike.
        if keys.last() != Some(&key) {
            keys.push(key);
            count += 1;
        }
        if done % KEYS_BETWEEN == 0 {
            progress(done, entries);
        }
    }
    while shard < 1 << bits {
        directory.extend(write_shard(&mut keys, out)?.write());
        shard += 1;
    }
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(start))?;
    out.write_all(&header(corpus, bits, count, &directory))?;
    out.write_all(&directory)?;
    out.seek(SeekFrom::Start(end))?;
    out.flush()?;
    progress(entries, entries);
    Ok(end - start)
}

fn write_shard(keys: &mut Vec<u64>, out: &mut impl Write) -> Result<Shard, NoFilter> {
    if keys.is_empty() {
        return Ok(Shard::default());
    }
    let made = BinaryFuse8::try_from(keys.as_slice()).map_err(|_| NoFilter::Unlucky)?;
    keys.clear();
    out.write_all(&made.fingerprints)?;
    let shard = Shard {
        seed: made.descriptor.seed,
        segment: made.descriptor.segment_length,
        span: made.descriptor.segment_count_length,
        length: u32::try_from(made.fingerprints.len()).unwrap_or(u32::MAX),
        sum: sum_of(&made.fingerprints),
    };
    if shard.adds_up() { Ok(shard) } else { Err(NoFilter::Unlucky) }
}

fn header<P: Pages>(corpus: &Corpus<P>, bits: u8, count: u64, directory: &[u8]) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(FILTER_MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&[corpus.header().kind.code(), bits, 0, 0, 0, 0]);
    header.extend_from_slice(&count.to_le_bytes());
    header.extend_from_slice(corpus.seal().get(..8).unwrap_or_default());
    header.extend_from_slice(&sum_of(directory).to_le_bytes());
    header.resize(SUMMED_BYTES, 0);
    header.extend_from_slice(&sum_of(&header).to_le_bytes());
    header
}
