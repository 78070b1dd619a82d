//! All accounts of a site, page by page; a lost connection is made again.

use super::work::Work;
use crate::cmd::site::source_failure;
use crate::exit::Answered;
use std::time::Duration;
use truebell_sites::source::{Page, Place, Source, SourceError};

/// Accounts of a page.
const PAGE: u32 = 2000;
/// How often a lost connection is made again, and how long it is waited for each time.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_secs(1);

/// The accounts of a site.
pub(super) struct Accounts<'a, 'b> {
    work: &'a Work<'b>,
    source: Box<dyn Source>,
    place: Option<Place>,
    is_over: bool,
}

impl<'a, 'b> Accounts<'a, 'b> {
    /// From the first on.
    pub(super) fn open(work: &'a Work<'b>) -> Answered<Self> {
        let source = work.store.runtime.block_on(work.kept.open())?;
        Ok(Self { work, source, place: None, is_over: false })
    }

    /// The next page; `None` after the last.
    pub(super) fn next(&mut self) -> Answered<Option<Page>> {
        if self.is_over {
            return Ok(None);
        }
        let mut tries = 0;
        let page = loop {
            match self.work.store.runtime.block_on(self.source.page(self.place.as_ref(), PAGE)) {
                Ok(page) => break page,
                Err(SourceError::Lost) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                    if let Ok(source) = self.work.store.runtime.block_on(self.work.kept.open()) {
                        self.source = source;
                    }
                }
                Err(error) => return Err(source_failure(error)),
            }
        };
        self.place.clone_from(&page.next);
        self.is_over = page.next.is_none();
        Ok(Some(page))
    }
}
