//! The first 64 bits of every digest, in order: what a corpus for checking has as well.

use super::lookup::Columns;
use super::pages::Pages;
use super::{Corpus, Damaged};

/// Keys in ascending order; digests that begin alike give theirs more than once.
#[derive(Debug)]
pub struct Keys<'a, P> {
    corpus: &'a Corpus<P>,
    columns: Columns<'a>,
    bucket: u64,
    bucket_end: u64,
    next: u64,
}

impl<P: Pages> Corpus<P> {
    /// All keys.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn keys(&self) -> Result<Keys<'_, P>, Damaged> {
        let mut columns = self.columns();
        let (_, bucket_end) = self.bucket(0, &mut columns.buckets)?;
        Ok(Keys { corpus: self, columns, bucket: 0, bucket_end, next: 0 })
    }
}

impl<P: Pages> Keys<'_, P> {
    fn read(&mut self) -> Result<u64, Damaged> {
        let corpus = self.corpus;
        while self.next >= self.bucket_end {
            self.bucket += 1;
            (_, self.bucket_end) = corpus.bucket(self.bucket, &mut self.columns.buckets)?;
        }
        let (page, at) = self.columns.heads.value(corpus, self.next)?;
        self.next += 1;
        Ok(corpus.header.key(self.bucket, page.bits(at, corpus.header.head_bits())))
    }
}

impl<P: Pages> Iterator for Keys<'_, P> {
    type Item = Result<u64, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.corpus.header.entries {
            return None;
        }
        let key = self.read();
        if key.is_err() {
            // What follows a damaged page is not looked at.
            self.next = self.corpus.header.entries;
        }
        Some(key)
    }
}
