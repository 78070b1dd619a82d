//! Going through a corpus in order of digests: all of it, or what begins with a prefix.

use super::lookup::Columns;
use super::pages::Pages;
use super::{Corpus, Damaged};
use crate::digest::Digest;
use crate::flags::Flags;

/// Bits of the prefix of a range request, five hex digits.
const PREFIX_BITS: u32 = 20;

/// One digest and what is known about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The digest.
    pub digest: Digest,
    /// How often it was seen, at least once.
    pub count: u64,
    /// In what kind of lists.
    pub flags: Flags,
}

/// Entries in ascending order of digest.
#[derive(Debug)]
pub struct InOrder<'a, P> {
    corpus: &'a Corpus<P>,
    columns: Columns<'a>,
    /// The bucket of the next entry, and where it ends.
    bucket: u64,
    bucket_end: u64,
    next: u64,
    end: u64,
}

impl<P: Pages> Corpus<P> {
    /// All entries.
    ///
    /// # Errors
    /// [`Damaged::IndexOnly`], and what else keeps it from being read.
    pub fn entries(&self) -> Result<InOrder<'_, P>, Damaged> {
        self.between(0, 0, self.header.entries)
    }

    /// The entries whose digest begins with these 20 bits.
    ///
    /// # Errors
    /// As [`Self::entries`].
    pub fn range(&self, prefix: u32) -> Result<InOrder<'_, P>, Damaged> {
        let mut columns = self.columns();
        let first_key = u64::from(prefix) << (64 - PREFIX_BITS);
        let bucket = self.header.bucket(first_key);
        let (start, end) = self.bucket(bucket, &mut columns.buckets)?;
        if u32::from(self.header.bucket_bits) == PREFIX_BITS {
            return self.between(bucket, start, end);
        }
        let first = self.first_not_below(self.header.head(first_key), start, end, &mut columns.heads)?;
        // The next prefix begins in this bucket, or is the next bucket's first.
        let past = match first_key.checked_add(1 << (64 - PREFIX_BITS)) {
            Some(next_key) if self.header.bucket(next_key) == bucket => {
                self.first_not_below(self.header.head(next_key), first, end, &mut columns.heads)?
            }
            _ => end,
        };
        self.between(bucket, first, past)
    }

    /// The entries above this one.
    ///
    /// # Errors
    /// As [`Self::entries`].
    pub fn entries_above(&self, digest: &Digest) -> Result<InOrder<'_, P>, Damaged> {
        let mut columns = self.columns();
        let key = digest.key();
        let bucket = self.header.bucket(key);
        let (start, end) = self.bucket(bucket, &mut columns.buckets)?;
        let first = self.first_not_below(self.header.head(key), start, end, &mut columns.heads)?;
        let mut entries = self.between(bucket, first, self.header.entries)?;
        // Few share the first 64 bits with it.
        while entries.next < entries.end {
            let here = entries.next;
            if entries.read()?.digest > *digest {
                entries.next = here;
                break;
            }
        }
        Ok(entries)
    }

    fn between(&self, bucket: u64, next: u64, end: u64) -> Result<InOrder<'_, P>, Damaged> {
        if !self.header.full {
            return Err(Damaged::IndexOnly);
        }
        let mut columns = self.columns();
        let (_, bucket_end) = self.bucket(bucket, &mut columns.buckets)?;
        Ok(InOrder { corpus: self, columns, bucket, bucket_end, next, end })
    }
}

impl<P: Pages> InOrder<'_, P> {
    /// How many are still to come.
    pub const fn remaining(&self) -> u64 {
        self.end - self.next
    }

    fn read(&mut self) -> Result<Entry, Damaged> {
        let corpus = self.corpus;
        while self.next >= self.bucket_end {
            self.bucket += 1;
            (_, self.bucket_end) = corpus.bucket(self.bucket, &mut self.columns.buckets)?;
        }
        let (page, at) = self.columns.heads.value(corpus, self.next)?;
        let key = corpus.header.key(self.bucket, page.bits(at, corpus.header.head_bits()));
        let (page, at) = self.columns.tails.value(corpus, self.next)?;
        let digest = Digest::of_parts(key, page.slice(at, corpus.header.kind.tail_bytes()));
        let count = corpus.count(self.next, &mut self.columns)?;
        let flags = corpus.flags(self.next, &mut self.columns)?;
        self.next += 1;
        Ok(Entry { digest, count, flags })
    }
}

impl<P: Pages> Iterator for InOrder<'_, P> {
    type Item = Result<Entry, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            // What follows a damaged page is not looked at.
            self.end = self.next;
        }
        Some(entry)
    }
}
