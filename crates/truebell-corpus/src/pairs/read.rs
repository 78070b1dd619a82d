//! Reading a file of pairs: its header when it is opened, a bucket when it is asked for, each checked before it is believed.

use super::header::{HEADER_BYTES, PairHeader};
use super::{PAIR_ENTRY_BYTES, SEAL_BYTES, SUM_BYTES, sum_of};
use sha2::{Digest, Sha256};
use std::io;

/// Where the bytes of a file of pairs come from. What it gives is not believed.
pub trait PairBytes {
    /// How many there are.
    ///
    /// # Errors
    /// Whatever the medium says.
    fn bytes(&self) -> io::Result<u64>;

    /// Fills `into` from `at` on.
    ///
    /// # Errors
    /// Whatever the medium says, and that there are not so many.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

impl PairBytes for &[u8] {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..)?.get(..into.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(from);
        Ok(())
    }
}

/// Why a file of pairs gives no answer. None of these says anything about a pair.
#[derive(Debug, thiserror::Error)]
pub enum PairsDamaged {
    /// Something else.
    #[error("this is not a file of pairs; truebell corpus pair build makes one from lists of address:password")]
    NotPairs,
    /// Of another time: version and suite.
    #[error(
        "these pairs are of format {0}, suite {1}, and this program reads format 1, suite 1; build them again, or use the program that made them"
    )]
    Version(u16, u8),
    /// Cut off, or with something behind it.
    #[error("this file of pairs has {has} bytes and must have {needs}; it was not copied whole, so copy or build it again")]
    Length {
        /// Bytes of the file.
        has: u64,
        /// Bytes by its header.
        needs: u64,
    },
    /// The header is not as it was written.
    #[error("the header of this file of pairs is damaged; copy or build it again")]
    Header,
    /// A bucket is not as it was written.
    #[error("bucket {0:05X} of this file of pairs is damaged on its disk or was changed; copy or build it again")]
    Bucket(u32),
    /// Each part is whole, and together they are not what was sealed.
    #[error("this file of pairs is not the one that was sealed; copy or build it again")]
    Seal,
    /// The bytes could not be had.
    #[error("the pairs cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// An open file of pairs.
#[derive(Debug)]
pub struct Pairs<S> {
    source: S,
    header: PairHeader,
}

impl<S: PairBytes> Pairs<S> {
    /// Opens it: the header must add up, and the file must have the length that it needs.
    ///
    /// # Errors
    /// [`PairsDamaged`].
    pub fn open(source: S) -> Result<Self, PairsDamaged> {
        let has = source.bytes()?;
        if has < HEADER_BYTES as u64 {
            return Err(PairsDamaged::NotPairs);
        }
        let mut first = [0; HEADER_BYTES];
        source.read_at(0, &mut first)?;
        let header = PairHeader::read(&first)?;
        let needs = header.bytes();
        if has == needs { Ok(Self { source, header }) } else { Err(PairsDamaged::Length { has, needs }) }
    }

    /// What is in it.
    pub const fn header(&self) -> &PairHeader {
        &self.header
    }

    /// Appends the entries of a bucket to `into`. A bucket that is damaged, or that there is not, appends nothing.
    ///
    /// # Errors
    /// [`PairsDamaged`].
    pub fn bucket(&self, number: u32, into: &mut Vec<u8>) -> Result<(), PairsDamaged> {
        if number >= self.header.buckets() {
            return Err(PairsDamaged::Bucket(number));
        }
        let before = into.len();
        let stride = usize::try_from(self.header.stride()).unwrap_or_default();
        into.resize(before + stride, 0);
        let at = HEADER_BYTES as u64 + u64::from(number) * self.header.stride();
        let whole = match into.get_mut(before..) {
            None => Err(PairsDamaged::Bucket(number)),
            Some(bytes) => self.source.read_at(at, bytes).map_err(PairsDamaged::from).and_then(|()| {
                let (entries, sum) = bytes.split_at(stride - SUM_BYTES);
                if sum_of(number, entries) == sum { Ok(()) } else { Err(PairsDamaged::Bucket(number)) }
            }),
        };
        into.truncate(if whole.is_ok() { before + stride - SUM_BYTES } else { before });
        whole
    }

    /// Looks at every byte.
    ///
    /// # Errors
    /// [`PairsDamaged`], for the first that is not as it was written.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), PairsDamaged> {
        let mut first = [0; HEADER_BYTES];
        self.source.read_at(0, &mut first)?;
        let mut hash = Sha256::new_with_prefix(first);
        let mut entries = Vec::new();
        for number in 0..self.header.buckets() {
            entries.clear();
            self.bucket(number, &mut entries)?;
            let all = entries.as_chunks::<PAIR_ENTRY_BYTES>().0;
            if !all.split_last().is_some_and(|(_, entries)| entries.is_sorted()) {
                return Err(PairsDamaged::Bucket(number));
            }
            hash.update(&entries);
            hash.update(sum_of(number, &entries));
            progress(u64::from(number) + 1, u64::from(self.header.buckets()));
        }
        let mut seal = [0; SEAL_BYTES];
        self.source.read_at(self.header.bytes() - SEAL_BYTES as u64, &mut seal)?;
        if hash.finalize().as_slice() == seal { Ok(()) } else { Err(PairsDamaged::Seal) }
    }
}
