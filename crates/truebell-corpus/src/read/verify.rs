//! Looking at every byte: is it what was sealed, and does it make sense?

use super::pages::Pages;
use super::{Corpus, Damaged};
use crate::header::{BUCKETS_A_PAGE, Column, NUMBER_BYTES};
use crate::page::Page;
use sha2::{Digest as _, Sha256};

/// Told how far a long work has come: what is done, and of how much.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

impl<P: Pages> Corpus<P> {
    /// Reads all of it twice: page by page against the seal, and entry by entry for what a builder may have done wrongly.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self, progress: Progress<'_>) -> Result<(), Damaged> {
        let pages = self.header.pages_in_all();
        let steps = pages + self.header.entries;
        self.verify_seal(&mut |done| progress(done, steps))?;
        self.verify_buckets()?;
        self.sources()?;
        if self.header.full { self.verify_entries(&mut |done| progress(pages + done, steps)) } else { self.verify_heads() }?;
        progress(steps, steps);
        Ok(())
    }

    fn verify_seal(&self, progress: &mut dyn FnMut(u64)) -> Result<(), Damaged> {
        let mut hash = Sha256::new();
        let mut page = Page::default();
        let mut done = 0;
        for column in [Column::Header].into_iter().chain(Column::AFTER_HEADER).filter(|column| *column != Column::Seal) {
            for number in 0..self.header.pages(column) {
                self.read_page(column, number, &mut page)?;
                hash.update(page.0);
                done += 1;
                if done % 1024 == 0 {
                    progress(done);
                }
            }
        }
        if hash.finalize().as_slice() == self.seal { Ok(()) } else { Err(Damaged::Seal) }
    }

    /// Buckets ascend from 0 to the number of entries, and a page's last value is the next one's first.
    fn verify_buckets(&self) -> Result<(), Damaged> {
        let mut last = 0;
        let mut left = (1_u64 << self.header.bucket_bits) + 1;
        for number in 0..self.header.pages(Column::Buckets) {
            let page = self.page(Column::Buckets, number)?;
            let here = left.min(BUCKETS_A_PAGE);
            for at in 0..here {
                let value = page.bytes(super::index(at), NUMBER_BYTES);
                // The first of all is 0, the first of another page is the last of the one before.
                if value < last || (at == 0 && value != last) {
                    return Err(Damaged::Content(Column::Buckets));
                }
                last = value;
            }
            left = left + 1 - here;
        }
        if last == self.header.entries { Ok(()) } else { Err(Damaged::Content(Column::Buckets)) }
    }

    fn verify_entries(&self, progress: &mut dyn FnMut(u64)) -> Result<(), Damaged> {
        let mut last: Option<crate::Digest> = None;
        for (done, entry) in (0..).zip(self.entries()?) {
            let entry = entry?;
            if last.is_some_and(|last| entry.digest <= last) {
                return Err(Damaged::Content(Column::Heads));
            }
            if entry.flags.len() == 0 {
                return Err(Damaged::Content(Column::Flags));
            }
            last = Some(entry.digest);
            if done % 65_536 == 0 {
                progress(done);
            }
        }
        Ok(())
    }

    /// Heads ascend within each bucket; two may be the same, of digests that differ later.
    fn verify_heads(&self) -> Result<(), Damaged> {
        let mut columns = self.columns();
        for bucket in 0..1 << self.header.bucket_bits {
            let (start, end) = self.bucket(bucket, &mut columns.buckets)?;
            let mut last = 0;
            for entry in start..end {
                let (page, at) = columns.heads.value(self, entry)?;
                let head = page.bits(at, self.header.head_bits());
                if head < last {
                    return Err(Damaged::Content(Column::Heads));
                }
                last = head;
            }
        }
        Ok(())
    }
}
