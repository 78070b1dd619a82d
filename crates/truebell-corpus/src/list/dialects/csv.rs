//! Columns, quoted as RFC 4180 has it, line by line: a record may go over several lines, and one whose quote never closes may not swallow the others.

use super::super::address::is_plausible;
use super::super::dialect::Columns;
use super::super::encoding::Encoding;
use super::names::{Named, meaning};
use super::{Fields, Text, trim};
use crate::list::LINE_BYTES_MAX;
use crate::list::beside::HashForm;
use crate::list::tally::Skip;
use std::collections::VecDeque;
use zeroize::{Zeroize, Zeroizing};

/// The most lines of one record.
const RECORD_LINES_MAX: usize = 16;

/// A line that waits.
struct Waiting {
    number: u64,
    text: Zeroizing<Vec<u8>>,
    encoding: Encoding,
}

/// What came of some lines.
pub(in super::super) struct Outcome<'a> {
    /// The first of them.
    pub(in super::super) number: u64,
    /// How many.
    pub(in super::super) lines: u64,
    pub(in super::super) encoding: Encoding,
    /// `None`: a header.
    pub(in super::super) said: Result<Option<Fields<'a>>, Skip>,
}

/// The cells of one record, their text without quotes.
#[derive(Default)]
pub(in super::super) struct Cells {
    text: Zeroizing<Vec<u8>>,
    /// End of each in `text`, and whether it was quoted.
    ends: Vec<(usize, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Split {
    Whole,
    /// A quote is open at the end.
    Open,
    /// Something stands behind a closing quote.
    Broken,
}

impl Cells {
    pub(in super::super) fn count(&self) -> usize {
        self.ends.len()
    }

    pub(in super::super) fn cell(&self, at: usize) -> Option<(&[u8], bool)> {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        let (end, quoted) = *self.ends.get(at)?;
        Some((self.text.get(start..end)?, quoted))
    }

    pub(in super::super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count()).filter_map(|at| self.cell(at).map(|(text, _)| text))
    }

    pub(in super::super) fn any_quoted(&self) -> bool {
        self.ends.iter().any(|(_, quoted)| *quoted)
    }

    fn clear(&mut self) {
        self.text.as_mut_slice().zeroize();
        self.text.clear();
        self.ends.clear();
    }

    /// Splits a record. Text of a cell without quotes is taken as it is, quotes in its middle too.
    pub(in super::super) fn split(&mut self, record: &[u8], separator: u8) -> Split {
        self.clear();
        self.text.reserve(record.len());
        let mut rest = record;
        loop {
            if let Some(mut inner) = rest.strip_prefix(b"\"") {
                loop {
                    let Some(at) = memchr::memchr(b'"', inner) else { return Split::Open };
                    self.text.extend_from_slice(inner.get(..at).unwrap_or_default());
                    inner = inner.get(at + 1..).unwrap_or_default();
                    let Some(after) = inner.strip_prefix(b"\"") else { break };
                    self.text.push(b'"');
                    inner = after;
                }
                self.ends.push((self.text.len(), true));
                match inner.split_first() {
                    None => return Split::Whole,
                    Some((byte, after)) if *byte == separator => rest = after,
                    Some(_) => return Split::Broken,
                }
            } else {
                let end = memchr::memchr(separator, rest);
                self.text.extend_from_slice(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
                self.ends.push((self.text.len(), false));
                match end {
                    None => return Split::Whole,
                    Some(end) => rest = rest.get(end + 1..).unwrap_or_default(),
                }
            }
        }
    }
}

/// Which columns hold what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Layout {
    pub(in super::super) columns: Columns,
    /// The list calls its column one of hashes.
    pub(in super::super) is_hash: bool,
}

impl Layout {
    /// By the names in a header.
    pub(in super::super) fn of_header(cells: &Cells) -> Option<Self> {
        let mut named: Vec<(Named, u16)> = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            if let (Some(meaning), Ok(at)) = (meaning(trim(cell)), u16::try_from(at)) {
                named.push((meaning, at));
            }
        }
        named.sort_unstable();
        let of = |wanted: fn(&Named) -> bool| named.iter().find(|(name, _)| wanted(name)).map(|(_, at)| *at);
        let address = of(|name| matches!(name, Named::Address(_)))?;
        let (password, hash) = (of(|name| matches!(name, Named::Password(_))), of(|name| matches!(name, Named::Hash(_))));
        // `login` alone names half of the columns of the world: one more name makes a header.
        (named.len() > 1 || address_is_sure(&named))
            .then_some(Self { columns: Columns { address, password: password.or(hash) }, is_hash: password.is_none() && hash.is_some() })
    }

    /// By the first cell that holds an address: the password is the next, or the one before where there is none.
    pub(in super::super) fn of_record(cells: &Cells) -> Option<Self> {
        let address = cells.iter().position(|cell| is_plausible(trim(cell)))?;
        let password = if address + 1 < cells.count() { Some(address + 1) } else { address.checked_sub(1) };
        let number = |at: usize| u16::try_from(at).ok();
        Some(Self { columns: Columns { address: number(address)?, password: password.and_then(number) }, is_hash: false })
    }
}

fn address_is_sure(named: &[(Named, u16)]) -> bool {
    named.iter().any(|(name, _)| matches!(name, Named::Address(0..=3)))
}

/// Reads records.
pub(in super::super) struct Csv {
    separator: u8,
    layout: Option<Layout>,
    width: Option<usize>,
    /// Lines of a record whose quote is open.
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    cells: Cells,
}

impl Csv {
    pub(in super::super) fn new(separator: u8, columns: Option<Columns>) -> Self {
        let layout = columns.map(|columns| Layout { columns, is_hash: false });
        Self { separator, layout, width: None, waiting: VecDeque::new(), waiting_bytes: 0, cells: Cells::default() }
    }

    /// The next line.
    pub(in super::super) fn take(&mut self, number: u64, line: &[u8], encoding: Encoding, each: &mut impl FnMut(Outcome<'_>)) {
        if self.waiting.is_empty() {
            match self.cells.split(line, self.separator) {
                Split::Whole => return self.record(number, 1, encoding, each),
                Split::Broken => return each(Outcome { number, lines: 1, encoding, said: Err(Skip::Quote) }),
                Split::Open => {}
            }
        }
        self.wait(Waiting { number, text: Zeroizing::new(line.to_vec()), encoding });
        self.try_waiting(false, each);
    }

    /// Whether a record goes on in the next line, even in an empty one.
    pub(in super::super) fn is_open(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// No more lines, or one that can be no part of a record.
    pub(in super::super) fn end(&mut self, each: &mut impl FnMut(Outcome<'_>)) {
        self.try_waiting(true, each);
        self.cells.clear();
    }

    fn wait(&mut self, line: Waiting) {
        self.waiting_bytes += line.text.len() + 1;
        self.waiting.push_back(line);
    }

    /// Whether what waits has become a record. Where it cannot any more, its first line is given up and the others are read anew.
    fn try_waiting(&mut self, last: bool, each: &mut impl FnMut(Outcome<'_>)) {
        let mut ahead: VecDeque<Waiting> = VecDeque::new();
        loop {
            let joined: Zeroizing<Vec<u8>> =
                Zeroizing::new(self.waiting.iter().map(|line| line.text.as_slice()).collect::<Vec<_>>().join(&b'\n'));
            let full = self.waiting.len() >= RECORD_LINES_MAX || self.waiting_bytes > LINE_BYTES_MAX;
            let none_ahead = ahead.is_empty();
            match (self.waiting.front().map(|first| first.number), self.cells.split(&joined, self.separator)) {
                (None, _) => {}
                (Some(number), Split::Whole) => {
                    let odd = self.waiting.iter().any(|line| line.encoding == Encoding::Windows1252);
                    let encoding = if odd { Encoding::Windows1252 } else { Encoding::Utf8 };
                    let lines = self.waiting.len() as u64;
                    self.forget();
                    self.record(number, lines, encoding, each);
                }
                (Some(_), Split::Open) if !full && none_ahead && !last => return,
                (Some(_), Split::Open) if !full && !none_ahead => {}
                (Some(number), _) => {
                    let mut given_up = std::mem::take(&mut self.waiting);
                    self.waiting_bytes = 0;
                    let encoding = given_up.pop_front().map_or(Encoding::Utf8, |line| line.encoding);
                    each(Outcome { number, lines: 1, encoding, said: Err(Skip::Quote) });
                    given_up.append(&mut ahead);
                    ahead = given_up;
                }
            }
            let Some(next) = ahead.pop_front() else { return };
            self.wait(next);
        }
    }

    fn forget(&mut self) {
        self.waiting.clear();
        self.waiting_bytes = 0;
    }

    fn record(&mut self, number: u64, lines: u64, encoding: Encoding, each: &mut impl FnMut(Outcome<'_>)) {
        let said = self.fields();
        each(Outcome { number, lines, encoding, said });
    }

    fn fields(&mut self) -> Result<Option<Fields<'_>>, Skip> {
        if self.cells.count() == 1 && self.cells.cell(0).is_some_and(|(text, _)| text.is_empty()) {
            return Ok(None);
        }
        if self.width.is_none() {
            let header = Layout::of_header(&self.cells).filter(|_| !self.cells.iter().any(|cell| is_plausible(trim(cell))));
            if header.is_some() {
                self.width = Some(self.cells.count());
                self.layout = self.layout.or(header);
                return Ok(None);
            }
            self.layout = self.layout.or_else(|| Layout::of_record(&self.cells));
            // Words before the first record are no measure for the others.
            let layout = self.layout.ok_or(Skip::NotAnAddress)?;
            if !self.cells.cell(usize::from(layout.columns.address)).is_some_and(|(cell, _)| is_plausible(trim(cell))) {
                return Err(Skip::NotAnAddress);
            }
            self.width = Some(self.cells.count());
        }
        let (Some(layout), Some(width)) = (self.layout, self.width) else { return Err(Skip::NotAnAddress) };
        if self.cells.count() != width {
            return Err(Skip::Columns);
        }
        let (address, _) = self.cells.cell(usize::from(layout.columns.address)).ok_or(Skip::Columns)?;
        let beside = match layout.columns.password.map(|at| self.cells.cell(usize::from(at))) {
            None => Text::Nothing,
            Some(None) => return Err(Skip::Columns),
            Some(Some((b"NULL" | b"\\N", false) | (b"", _))) => Text::Nothing,
            Some(Some(_)) if layout.is_hash => Text::Hash(HashForm::Called),
            Some(Some((password, _))) => Text::Password(password),
        };
        Ok(Some(Fields { address, beside }))
    }
}
