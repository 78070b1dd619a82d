//! Where pages come from, and having the last one at hand.

use super::{Corpus, Damaged, Unreadable, index};
use crate::header::{Column, Header};
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

/// Where a column lies, and how much of it a page takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    column: Column,
    /// In pages from the beginning of the file.
    first_page: u64,
    pages: u64,
    pub(super) a_page: u64,
}

impl Place {
    pub(super) fn of(header: &Header, column: Column) -> Self {
        Self { column, first_page: header.first_page(column), pages: header.pages(column), a_page: header.a_page(column) }
    }
}

/// The page of a column that was looked at last.
#[derive(Debug)]
pub(super) struct Cached<'a> {
    place: Place,
    /// Which page that is, and the number of its first value.
    number: Option<u64>,
    first: u64,
    /// In memory already.
    kept: Option<&'a Page>,
    /// Read for this look-up. Made when it is first needed: most look-ups touch one column of six.
    own: Option<Box<Page>>,
}

impl<'a> Cached<'a> {
    pub(super) const fn of(place: Place) -> Self {
        Self { place, number: None, first: 0, kept: None, own: None }
    }

    pub(super) const fn a_page(&self) -> u64 {
        self.place.a_page
    }

    /// Page `number`, read unless it is at hand.
    pub(super) fn page<P: Pages>(&mut self, corpus: &'a Corpus<P>, number: u64) -> Result<&Page, Damaged> {
        if self.number != Some(number) {
            self.turn_to(corpus, number)?;
        }
        match self.kept {
            Some(page) => Ok(page),
            None => Ok(self.own.get_or_insert_default()),
        }
    }

    fn turn_to<P: Pages>(&mut self, corpus: &'a Corpus<P>, number: u64) -> Result<(), Damaged> {
        let Place { column, first_page, pages, a_page } = self.place;
        (self.number, self.kept) = (None, None);
        if number >= pages {
            return Err(Damaged::Content(column));
        }
        let at = first_page + number;
        self.kept = corpus.kept.as_ref().and_then(|kept| kept.page(at));
        if self.kept.is_none() {
            let own = self.own.get_or_insert_default();
            corpus.read_checked(column, number, at, own)?;
            self.kept = corpus.kept.as_ref().and_then(|kept| kept.keep(at, own));
        }
        (self.number, self.first) = (Some(number), number * a_page);
        Ok(())
    }

    /// The page that holds value `at` of the column, and its place there.
    pub(super) fn value<P: Pages>(&mut self, corpus: &'a Corpus<P>, at: u64) -> Result<(&Page, usize), Damaged> {
        let mut here = at.wrapping_sub(self.first);
        // Neighbours are asked for one after the other: a division for each would be most of the work.
        if self.number.is_none() || here >= self.place.a_page {
            self.turn_to(corpus, at / self.place.a_page)?;
            here = at - self.first;
        }
        let page = match self.kept {
            Some(page) => page,
            None => self.own.get_or_insert_default(),
        };
        Ok((page, index(here)))
    }
}
