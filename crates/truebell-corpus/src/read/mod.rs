//! Reading a corpus: opening it, asking it for one digest, and going through it in order. A page is checked before it is believed.

mod damaged;
mod in_order;
mod kept;
mod keys;
mod lookup;
mod pages;
mod sweep;
mod verify;

pub use damaged::{Damaged, Unreadable};
pub use in_order::{Entry, InOrder};
pub use keys::Keys;
pub use lookup::{Answer, Exposure};
pub use pages::Pages;
pub use sweep::Sweep;
pub use verify::Progress;

use crate::header::{Column, Header, NUMBER_BYTES};
use crate::page::{PAGE_BYTES, Page};
use kept::Kept;
use lookup::Places;
use pages::Cached;
use serde::{Deserialize, Serialize};

/// An open corpus.
#[derive(Debug)]
pub struct Corpus<P> {
    pages: P,
    header: Header,
    seal: [u8; 32],
    places: Places,
    /// The buckets' beginnings, where they were loaded.
    buckets: Option<Vec<u64>>,
    /// Pages that were read before, where they are kept.
    kept: Option<Kept>,
}

/// One of the lists a corpus was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its file's name, without folders.
    pub name: String,
    /// What was said about it.
    pub flag: Option<String>,
    /// How many digests it gave.
    pub entries: u64,
    /// How many of its lines were skipped.
    pub skipped: u64,
}

impl<P: Pages> Corpus<P> {
    /// Opens it: the header must add up, the file must have the length the header needs, and the seal must be there.
    ///
    /// # Errors
    /// [`Damaged`], before anything was answered.
    pub fn open(pages: P) -> Result<Self, Damaged> {
        let bytes = pages.bytes()?;
        let mut first = Page::default();
        if bytes < PAGE_BYTES as u64 {
            return Err(Damaged::NotACorpus);
        }
        pages.read(0, &mut first)?;
        let header = Header::read(&first)?;
        let needs = header.pages_in_all() * PAGE_BYTES as u64;
        if bytes != needs {
            return Err(Damaged::Length { has: bytes, needs });
        }
        let places = Places::of(&header);
        let mut corpus = Self { pages, header, seal: [0; 32], places, buckets: None, kept: None };
        let seal = corpus.page(Column::Seal, 0)?;
        corpus.seal.copy_from_slice(seal.slice(0, 32));
        Ok(corpus)
    }

    /// Keeps the buckets' beginnings in memory (eight bytes each, 8 MiB at most), so that a check reads one page. For who asks often.
    ///
    /// # Errors
    /// [`Damaged`]; nothing is kept then.
    pub fn load_buckets(&mut self) -> Result<(), Damaged> {
        let a_page = self.header.a_page(Column::Buckets);
        let count = 1_u64 << self.header.bucket_bits;
        let mut all = Vec::with_capacity(usize::try_from(count).unwrap_or_default() + 1);
        for number in 0..self.header.pages(Column::Buckets) {
            let page = self.page(Column::Buckets, number)?;
            let here = (count - number * a_page).min(a_page);
            all.extend((0..here).map(|at| page.bytes(index(at), NUMBER_BYTES)));
        }
        all.push(self.header.entries);
        self.buckets = Some(all);
        Ok(())
    }

    /// Keeps pages in memory once they were read and checked, as many as fit in so many bytes; until then nothing is read. For who asks often.
    pub fn keep_pages(&mut self, bytes: usize) {
        self.kept = (bytes > 0).then(|| Kept::new(bytes, self.header.pages_in_all()));
    }

    /// How many pages are kept.
    pub fn pages_kept(&self) -> usize {
        self.kept.as_ref().map_or(0, Kept::len)
    }

    /// What is in it.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its name among versions: the first 16 hex digits of its seal.
    pub fn version(&self) -> String {
        self.seal.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The digest over all of it.
    pub const fn seal(&self) -> &[u8; 32] {
        &self.seal
    }

    /// What it was built from.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn sources(&self) -> Result<Vec<Source>, Damaged> {
        let mut text = Vec::new();
        for number in 0..self.header.pages(Column::Sources) {
            text.extend_from_slice(self.page(Column::Sources, number)?.payload());
        }
        text.truncate(index(self.header.sources_bytes));
        serde_json::from_slice(&text).map_err(|_| Damaged::Content(Column::Sources))
    }

    /// A page of a column, whole and in its place.
    fn page(&self, column: Column, number: u64) -> Result<Page, Damaged> {
        let mut page = Page::default();
        self.read_page(column, number, &mut page)?;
        Ok(page)
    }

    fn read_page(&self, column: Column, number: u64, page: &mut Page) -> Result<(), Damaged> {
        if number >= self.header.pages(column) {
            return Err(Damaged::Content(column));
        }
        self.read_checked(column, number, self.header.first_page(column) + number, page)
    }

    /// Page `number` of a column, which is page `at` of the file.
    fn read_checked(&self, column: Column, number: u64, at: u64, page: &mut Page) -> Result<(), Damaged> {
        self.pages.read(at, page)?;
        if page.is_whole(column, number) { Ok(()) } else { Err(Damaged::Page { column, at }) }
    }

    /// The numbers of a bucket's first entry and of the first after it.
    fn bucket<'a>(&'a self, bucket: u64, cached: &mut Cached<'a>) -> Result<(u64, u64), Damaged> {
        let (start, end) = if let Some(buckets) = &self.buckets {
            let at = |bucket| buckets.get(index(bucket)).copied().unwrap_or(self.header.entries);
            (at(bucket), at(bucket + 1))
        } else {
            let (page, at) = cached.value(self, bucket)?;
            (page.bytes(at, NUMBER_BYTES), page.bytes(at + 1, NUMBER_BYTES))
        };
        if start <= end && end <= self.header.entries { Ok((start, end)) } else { Err(Damaged::Content(Column::Buckets)) }
    }
}

/// A number that counts what is on one page, or in memory, as an index.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
