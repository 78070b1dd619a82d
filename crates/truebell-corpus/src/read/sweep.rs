//! Many digests in ascending order: one way through the corpus instead of a search for each.

use super::lookup::{Answer, Columns};
use super::pages::Pages;
use super::{Corpus, Damaged, index};
use crate::digest::Digest;
use crate::header::Column;

/// A way through a corpus that only goes forward.
#[derive(Debug)]
pub struct Sweep<'a, P> {
    corpus: &'a Corpus<P>,
    columns: Columns,
    last: Option<Digest>,
    /// The bucket of the last digest, and its entries that are not below it.
    bucket: Option<u64>,
    next: u64,
    end: u64,
}

impl<P: Pages> Corpus<P> {
    /// Begins a way through.
    pub fn sweep(&self) -> Sweep<'_, P> {
        Sweep { corpus: self, columns: Columns::default(), last: None, bucket: None, next: 0, end: 0 }
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
        let header = &self.corpus.header;
        let (a_page, width) = (header.a_page(Column::Heads), header.head_bits());
        while self.next < self.end {
            let number = self.next / a_page;
            let page = self.columns.heads.page(self.corpus, number)?;
            let to = self.end.min((number + 1) * a_page);
            let at = |entry: u64| page.bits(index(entry - number * a_page), width);
            if at(to - 1) < head {
                self.next = to;
                continue;
            }
            // Neighbours are near each other when many are asked for: steps that double, then halves.
            let (mut from, mut step) = (self.next, 1);
            while from + step < to && at(from + step - 1) < head {
                from += step;
                step *= 2;
            }
            let mut past = to.min(from + step);
            while from < past {
                let middle = from.midpoint(past);
                if at(middle) < head { from = middle + 1 } else { past = middle }
            }
            self.next = from;
            return Ok(());
        }
        Ok(())
    }
}
