//! Columns, written as entries come in order. What is written can be gone on with after a crash, from a [`State`].

use super::Seen;
use crate::digest::{Digest, Kind};
use crate::flags::Flags;
use crate::header::{BUCKETS_A_PAGE, Column, ENTRIES_MAX, Header, NUMBER_BYTES};
use crate::page::Page;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// Counts up to this stand in a byte.
const SMALL_COUNT_MAX: u64 = 254;
/// In the byte of a count that does not.
const IN_LARGE: u8 = 255;

/// Writes the columns of one corpus, each to a place of its own.
#[derive(Debug)]
pub struct Writer<W> {
    header: Header,
    outs: Vec<Out<W>>,
    last: Option<Digest>,
    /// Buckets whose beginning is written.
    buckets: u64,
    /// Bytes of the last entry's range so far.
    range_bytes: u64,
}

/// One column on its way.
#[derive(Debug)]
struct Out<W> {
    column: Column,
    to: W,
    page: Page,
    /// Values on the page, and how many it takes.
    used: u64,
    a_page: u64,
    /// Whole pages written.
    pages: u64,
}

/// All that is needed to go on with columns that were cut back to the pages they had then.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    entries: u64,
    buckets: u64,
    range_bytes: u64,
    range_bytes_max: u64,
    last: Option<Vec<u8>>,
    columns: Vec<OutState>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OutState {
    pages: u64,
    used: u64,
    page: Vec<u8>,
}

/// Columns that are complete.
#[derive(Debug)]
pub struct Written<W> {
    pub(super) header: Header,
    /// Each column with where it was written.
    pub columns: Vec<(Column, W)>,
}

impl State {
    /// How many whole pages each column has; anything behind is cut off before going on.
    pub fn pages(&self, full: bool) -> Vec<(Column, u64)> {
        columns(full).into_iter().zip(self.columns.iter().map(|out| out.pages)).collect()
    }

    /// How many entries are written.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The last of them.
    pub fn last(&self, kind: Kind) -> Option<Digest> {
        self.last.as_deref().and_then(|bytes| Digest::of(kind, bytes))
    }
}

/// The five hex digits of a key.
const fn range_of(key: u64) -> u64 {
    key >> 44
}

/// Bytes of `SUFFIX:COUNT` and a line end, as a range answer has them.
fn range_line_bytes(kind: Kind, count: u64) -> u64 {
    (kind.bytes() * 2 - 5 + 1 + 2) as u64 + u64::from(count.checked_ilog10().unwrap_or(0)) + 1
}

fn columns(full: bool) -> Vec<Column> {
    let all = [Column::Buckets, Column::Heads, Column::Flags, Column::Tails, Column::Counts, Column::Large];
    all.into_iter().take(if full { all.len() } else { 3 }).collect()
}

impl<W: Write> Writer<W> {
    /// Begins. `flags` are all that may come; `make` gives each column its place.
    ///
    /// # Errors
    /// Of `make`.
    pub fn new(kind: Kind, bucket_bits: u8, flags: Flags, full: bool, mut make: impl FnMut(Column) -> io::Result<W>) -> io::Result<Self> {
        let header =
            Header { kind, bucket_bits, flags, entries: 0, made_at_ms: 0, sources_bytes: 0, range_bytes_max: 0, full, large_pages: 0 };
        let out = |column| Ok(Out { column, to: make(column)?, page: Page::default(), used: 0, a_page: header.a_page(column), pages: 0 });
        let outs = columns(full).into_iter().map(out).collect::<io::Result<_>>()?;
        Ok(Self { header, outs, last: None, buckets: 0, range_bytes: 0 })
    }

    /// Goes on from a state, with places that were cut back to [`State::pages`].
    ///
    /// # Errors
    /// Of `make`, and *invalid data* for a state of something else.
    pub fn resume(
        state: State,
        kind: Kind,
        bucket_bits: u8,
        flags: Flags,
        full: bool,
        make: impl FnMut(Column) -> io::Result<W>,
    ) -> io::Result<Self> {
        let wrong = || io::Error::from(io::ErrorKind::InvalidData);
        let mut writer = Self::new(kind, bucket_bits, flags, full, make)?;
        if state.columns.len() != writer.outs.len() {
            return Err(wrong());
        }
        writer.header.entries = state.entries;
        writer.buckets = state.buckets;
        (writer.range_bytes, writer.header.range_bytes_max) = (state.range_bytes, state.range_bytes_max);
        writer.last = state.last.map(|bytes| Digest::of_bytes(&bytes));
        for (out, state) in writer.outs.iter_mut().zip(state.columns) {
            (out.pages, out.used) = (state.pages, state.used);
            out.page.0 = state.page.try_into().map_err(|_| wrong())?;
        }
        Ok(writer)
    }

    /// Where it is. What was given to the places before this must be on the disk before it is relied on.
    ///
    /// # Errors
    /// Of the places.
    pub fn state(&mut self) -> io::Result<State> {
        for out in &mut self.outs {
            out.to.flush()?;
        }
        let column = |out: &Out<W>| OutState { pages: out.pages, used: out.used, page: out.page.0.to_vec() };
        Ok(State {
            entries: self.header.entries,
            buckets: self.buckets,
            range_bytes: self.range_bytes,
            range_bytes_max: self.header.range_bytes_max,
            last: self.last.map(|digest| digest.bytes(self.header.kind).to_vec()),
            columns: self.outs.iter().map(column).collect(),
        })
    }

    /// The places, to bring what they have to the disk.
    pub fn places(&mut self) -> impl Iterator<Item = &mut W> {
        self.outs.iter_mut().map(|out| &mut out.to)
    }

    /// How many entries were written.
    pub const fn entries(&self) -> u64 {
        self.header.entries
    }

    /// Writes the next entry.
    ///
    /// # Errors
    /// Of the places; *invalid input* if it is not above the one before it, or one too many.
    pub fn push(&mut self, seen: &Seen) -> io::Result<()> {
        if self.last.is_some_and(|last| seen.digest <= last) || self.header.entries + 1 >= ENTRIES_MAX || seen.count == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let key = seen.digest.key();
        self.begin_buckets(self.header.bucket(key) + 1)?;
        let (number, header) = (self.header.entries, &self.header);
        let (head, kind, head_bits) = (header.head(key), header.kind, header.head_bits());
        let occurring = header.flags;
        let small = if seen.count > SMALL_COUNT_MAX { IN_LARGE } else { u8::try_from(seen.count).unwrap_or(IN_LARGE) };
        for out in &mut self.outs {
            match out.column {
                Column::Heads => out.put(|page, at| page.put_bits(at, head_bits, head))?,
                Column::Tails => out.put(|page, at| page.put_tail(at, seen.digest.tail(kind)))?,
                Column::Counts => out.put(|page, at| page.put_slice(at, &[small]))?,
                Column::Flags if occurring.len() > 1 => {
                    out.put(|page, at| page.put_bits(at, occurring.len(), seen.flags.pack(occurring)))?;
                }
                Column::Large if small == IN_LARGE => {
                    let mut value = [0; crate::header::LARGE_BYTES];
                    for (to, from) in value.iter_mut().zip(number.to_le_bytes().iter().take(NUMBER_BYTES).chain(&seen.count.to_le_bytes()))
                    {
                        *to = *from;
                    }
                    out.put(|page, at| page.put_slice(at, &value))?;
                }
                _ => {}
            }
        }
        if self.last.is_none_or(|last| range_of(last.key()) != range_of(key)) {
            self.range_bytes = 0;
        }
        self.range_bytes += range_line_bytes(kind, seen.count);
        self.header.range_bytes_max = self.header.range_bytes_max.max(self.range_bytes);
        self.last = Some(seen.digest);
        self.header.entries += 1;
        Ok(())
    }

    /// Writes the beginnings of all buckets below `to` that are not written yet: they begin here.
    fn begin_buckets(&mut self, to: u64) -> io::Result<()> {
        let entries = self.header.entries;
        let Some(out) = self.outs.first_mut() else { return Ok(()) };
        while self.buckets < to {
            let value = entries.to_le_bytes();
            let value = value.get(..NUMBER_BYTES).unwrap_or_default();
            out.page.put_slice(usize::try_from(out.used).unwrap_or_default(), value);
            out.used += 1;
            if out.used == BUCKETS_A_PAGE {
                out.close()?;
                // The last of a page is the first of the next, so that a bucket's two ends are on one.
                out.page.put_slice(0, value);
                out.used = 1;
            }
            self.buckets += 1;
        }
        Ok(())
    }

    /// Completes the columns.
    ///
    /// # Errors
    /// Of the places.
    pub fn finish(mut self) -> io::Result<Written<W>> {
        self.begin_buckets((1 << self.header.bucket_bits) + 1)?;
        for out in &mut self.outs {
            // A single value on a page of buckets was told by the page before.
            if out.used > u64::from(out.column == Column::Buckets) {
                out.close()?;
            }
            out.to.flush()?;
            if out.column == Column::Large {
                self.header.large_pages = out.pages;
            }
        }
        let mut columns: Vec<(Column, W)> = self.outs.into_iter().map(|out| (out.column, out.to)).collect();
        columns.sort_by_key(|(column, _)| *column);
        Ok(Written { header: self.header, columns })
    }
}

impl<W: Write> Out<W> {
    fn put(&mut self, write: impl FnOnce(&mut Page, usize)) -> io::Result<()> {
        write(&mut self.page, usize::try_from(self.used).unwrap_or_default());
        self.used += 1;
        if self.used == self.a_page { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> io::Result<()> {
        self.page.close(self.column, self.pages);
        self.to.write_all(&self.page.0)?;
        self.page = Page::default();
        self.used = 0;
        self.pages += 1;
        Ok(())
    }
}
