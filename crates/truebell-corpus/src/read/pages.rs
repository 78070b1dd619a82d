//! Where pages come from, and keeping the last one at hand.

use super::{Corpus, Damaged, Unreadable, index};
use crate::header::Column;
use crate::page::{PAGE_BYTES, Page};

/// Anything a corpus can be read from. What it gives is not believed.
pub trait Pages {
    /// How many bytes there are.
    ///
    /// # Errors
    /// Whatever the medium says.
    fn bytes(&self) -> Result<u64, Unreadable>;

    /// Reads the page at `at` (in pages from the beginning) whole.
    ///
    /// # Errors
    /// Whatever the medium says, and that there is no whole page there.
    fn read(&self, at: u64, into: &mut Page) -> Result<(), Unreadable>;
}

impl Pages for &[u8] {
    fn bytes(&self) -> Result<u64, Unreadable> {
        Ok(self.len() as u64)
    }

    fn read(&self, at: u64, into: &mut Page) -> Result<(), Unreadable> {
        let page =
            self.as_chunks::<PAGE_BYTES>().0.get(index(at)).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?;
        into.0 = *page;
        Ok(())
    }
}

impl Pages for Vec<u8> {
    fn bytes(&self) -> Result<u64, Unreadable> {
        self.as_slice().bytes()
    }

    fn read(&self, at: u64, into: &mut Page) -> Result<(), Unreadable> {
        self.as_slice().read(at, into)
    }
}

/// The page of a column that was read last.
#[derive(Debug)]
pub(super) struct Cached {
    column: Column,
    number: Option<u64>,
    /// Made when it is first needed: most look-ups touch one column of six.
    page: Option<Box<Page>>,
}

impl Cached {
    pub(super) fn of(column: Column) -> Self {
        Self { column, number: None, page: None }
    }

    /// Page `number`, read unless it is at hand.
    pub(super) fn page<P: Pages>(&mut self, corpus: &Corpus<P>, number: u64) -> Result<&Page, Damaged> {
        let page = self.page.get_or_insert_default();
        if self.number != Some(number) {
            self.number = None;
            corpus.read_page(self.column, number, page)?;
            self.number = Some(number);
        }
        Ok(page)
    }

    /// The page that holds value `at` of the column, and its place there.
    pub(super) fn value<P: Pages>(&mut self, corpus: &Corpus<P>, at: u64) -> Result<(&Page, usize), Damaged> {
        let a_page = corpus.header.a_page(self.column);
        Ok((self.page(corpus, at / a_page)?, index(at % a_page)))
    }
}
