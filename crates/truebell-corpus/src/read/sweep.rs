//! Many digests in ascending order: one way through the corpus instead of a search for each.

use super::lookup::{Answer, Columns, search_from};
use super::pages::Pages;
use super::{Corpus, Damaged};
use crate::digest::Digest;

/// A way through a corpus that only goes forward.
#[derive(Debug)]
pub struct Sweep<'a, P> {
    corpus: &'a Corpus<P>,
    columns: Columns<'a>,
    last: Option<Digest>,
    /// The bucket of the last digest, and its entries that are not below it.
    bucket: Option<u64>,
    next: u64,
    end: u64,
}

impl<P: Pages> Corpus<P> {
    /// Begins a way through.
    pub fn sweep(&self) -> Sweep<'_, P> {
        Sweep { corpus: self, columns: self.columns(), last: None, bucket: None, next: 0, end: 0 }
    }
}

impl<P: Pages> Sweep<'_, P> {
    /// As [`Corpus::check`]. A digest below the one before it is looked up on its own.
    ///
    /// # Errors
    /// As [`Corpus::check`].
    pub fn check(&mut self, digest: &Digest) -> Result<Answer, Damaged> {
        if self.last.is_some_and(|last| *digest < last) {
            return self.corpus.check(digest);
        }
        self.last = Some(*digest);
        let header = &self.corpus.header;
        let bucket = header.bucket(digest.key());
        if self.bucket != Some(bucket) {
            (self.next, self.end) = self.corpus.bucket(bucket, &mut self.columns.buckets)?;
            self.bucket = Some(bucket);
        }
        self.advance(header.head(digest.key()))?;
        self.corpus.answer(digest, self.next, self.end, &mut self.columns)
    }

    /// Goes to the first entry of the bucket that is not below `head`.
    fn advance(&mut self, head: u64) -> Result<(), Damaged> {
        let (a_page, width) = (self.columns.heads.a_page(), self.corpus.header.head_bits());
        while self.next < self.end {
            let number = self.next / a_page;
            let before = number * a_page;
            let to = self.end.min(before + a_page);
            let page = self.columns.heads.page(self.corpus, number)?;
            // Neighbours are near each other when many are asked for.
            let from = self.next - before;
            self.next = before + search_from(from, from, to - before, |at| page.bits(at, width) < head);
            if self.next < to {
                break;
            }
        }
        Ok(())
    }
}
