//! Pages kept in memory once they were read and checked, within a bound. Never here: a page that was not checked, or one that takes another's place.
//!
//! Digests fall evenly on the pages of a corpus, so whichever pages are kept, each is as likely to be asked for as any other: choosing better than *the first that came* finds
//! nothing. So what is kept stays, and reading it takes no lock.

use crate::page::Page;
use std::sync::OnceLock;

/// Bytes of a page that is kept, with what stands around it: its number, its place, and what the allocator takes.
const KEPT_BYTES: usize = size_of::<(u64, Page)>() + size_of::<Slot>() + 16;

/// A page's number in the file, and the page.
type Slot = OnceLock<Box<(u64, Page)>>;

/// Places for pages. A page has one it may take, by its number.
#[derive(Debug)]
pub(super) struct Kept(Vec<Slot>);

impl Kept {
    /// Within `bytes` of memory, and no more places than the file has pages.
    pub(super) fn new(bytes: usize, pages_in_all: u64) -> Self {
        let places = (bytes / KEPT_BYTES).min(super::index(pages_in_all));
        Self((0..places).map(|_| Slot::new()).collect())
    }

    fn slot(&self, at: u64) -> Option<&Slot> {
        let places = self.0.len() as u64;
        // Where all pages have a place there is nothing to divide.
        self.0.get(super::index(if at < places { at } else { at.checked_rem(places)? }))
    }

    /// The page at `at` in the file, if it is here.
    pub(super) fn page(&self, at: u64) -> Option<&Page> {
        self.slot(at)?.get().filter(|kept| kept.0 == at).map(|kept| &kept.1)
    }

    /// Keeps a page that was checked, if its place is free, and gives it back from there.
    pub(super) fn keep(&self, at: u64, page: &Page) -> Option<&Page> {
        let kept = self.slot(at)?.get_or_init(|| Box::new((at, page.clone())));
        (kept.0 == at).then_some(&kept.1)
    }

    /// How many pages are here.
    pub(super) fn len(&self) -> usize {
        self.0.iter().filter(|slot| slot.get().is_some()).count()
    }
}
