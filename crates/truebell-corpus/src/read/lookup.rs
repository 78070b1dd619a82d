//! One digest: is it there?

use super::pages::{Cached, Pages, Place};
use super::{Corpus, Damaged, index};
use crate::digest::Digest;
use crate::flags::Flags;
use crate::header::{Column, Header, LARGE_BYTES, NUMBER_BYTES};

/// A count that stands in *large*.
const IN_LARGE: u8 = 255;

/// What a corpus says about a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is not in this corpus, which is not to say that nobody has it.
    Clean,
    /// It is.
    Exposed(Exposure),
}

/// How it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// The whole digest is there. Only this can be evidence.
    Whole {
        /// How often it was seen.
        count: u64,
        /// In what kind of lists.
        flags: Flags,
    },
    /// Its first 64 bits are there. Reason enough to refuse a new password; never evidence against one that somebody has.
    Truncated {
        /// In what kind of lists.
        flags: Flags,
    },
}

/// Where the columns lie that a lookup touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    buckets: Place,
    heads: Place,
    tails: Place,
    counts: Place,
    large: Place,
    flags: Place,
}

impl Places {
    pub(super) fn of(header: &Header) -> Self {
        let place = |column| Place::of(header, column);
        Self {
            buckets: place(Column::Buckets),
            heads: place(Column::Heads),
            tails: place(Column::Tails),
            counts: place(Column::Counts),
            large: place(Column::Large),
            flags: place(Column::Flags),
        }
    }
}

/// These columns, each with its last page.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) buckets: Cached<'a>,
    pub(super) heads: Cached<'a>,
    pub(super) tails: Cached<'a>,
    counts: Cached<'a>,
    large: Cached<'a>,
    flags: Cached<'a>,
}

impl Columns<'_> {
    const fn at(places: &Places) -> Self {
        Self {
            buckets: Cached::of(places.buckets),
            heads: Cached::of(places.heads),
            tails: Cached::of(places.tails),
            counts: Cached::of(places.counts),
            large: Cached::of(places.large),
            flags: Cached::of(places.flags),
        }
    }
}

impl<P: Pages> Corpus<P> {
    /// For one look-up, or one way through.
    pub(super) const fn columns(&self) -> Columns<'_> {
        Columns::at(&self.places)
    }

    /// Whether a digest is here. Touches a page of heads and, if it is there, one of each other column.
    ///
    /// # Errors
    /// [`Damaged`]: no answer, which is neither *clean* nor *exposed*.
    pub fn check(&self, digest: &Digest) -> Result<Answer, Damaged> {
        let mut columns = self.columns();
        let key = digest.key();
        let (start, end) = self.bucket(self.header.bucket(key), &mut columns.buckets)?;
        let first = self.first_not_below(self.header.head(key), start, end, &mut columns.heads)?;
        self.answer(digest, first, end, &mut columns)
    }

    /// The answer, where `first` is the first entry of the bucket whose head is not below the digest's.
    pub(super) fn answer<'a>(&'a self, digest: &Digest, first: u64, end: u64, columns: &mut Columns<'a>) -> Result<Answer, Damaged> {
        let head = self.header.head(digest.key());
        let width = self.header.head_bits();
        for entry in first..end {
            let (page, at) = columns.heads.value(self, entry)?;
            if page.bits(at, width) != head {
                break;
            }
            if !self.header.full {
                return Ok(Answer::Exposed(Exposure::Truncated { flags: self.flags(entry, columns)? }));
            }
            let (page, at) = columns.tails.value(self, entry)?;
            let tail = digest.tail(self.header.kind);
            if page.slice(at, tail.len()) == tail {
                let count = self.count(entry, columns)?;
                return Ok(Answer::Exposed(Exposure::Whole { count, flags: self.flags(entry, columns)? }));
            }
        }
        Ok(Answer::Clean)
    }

    /// The first entry in `start..end` whose head is not below `head`; `end` if none.
    ///
    /// Digests are spread evenly, so the place can be guessed, and the guess is rarely off by more than a page.
    pub(super) fn first_not_below<'a>(&'a self, head: u64, start: u64, end: u64, heads: &mut Cached<'a>) -> Result<u64, Damaged> {
        let (a_page, width) = (heads.a_page(), self.header.head_bits());
        let (mut low, mut high) = (start, end);
        let mut guess = start + scale(head, end - start, width);
        while low < high {
            let number = guess / a_page;
            let before = number * a_page;
            let (from, to) = (low.max(before), high.min(before + a_page));
            let page = heads.page(self, number)?;
            let at = |place: usize| page.bits(place, width) < head;
            let found = before + search_from(guess - before, from - before, to - before, at);
            if found > from && found < to {
                return Ok(found);
            }
            if found == from {
                high = from
            } else {
                low = to
            }
            // The neighbour first, where a near miss is; then halves, so that no file can make it slow.
            guess = if guess >= high { high.saturating_sub(1).max(low) } else { low };
            if high - low > 4 * a_page {
                guess = low.midpoint(high);
            }
        }
        Ok(high)
    }

    pub(super) fn flags<'a>(&'a self, entry: u64, columns: &mut Columns<'a>) -> Result<Flags, Damaged> {
        let occurring = self.header.flags;
        if occurring.len() <= 1 {
            return Ok(occurring);
        }
        let (page, at) = columns.flags.value(self, entry)?;
        Ok(Flags::unpack(page.bits(at, occurring.len()), occurring))
    }

    pub(super) fn count<'a>(&'a self, entry: u64, columns: &mut Columns<'a>) -> Result<u64, Damaged> {
        let (page, at) = columns.counts.value(self, entry)?;
        match page.slice(at, 1) {
            [IN_LARGE] => self.large(entry, &mut columns.large),
            [count] if *count > 0 => Ok(u64::from(*count)),
            _ => Err(Damaged::Content(Column::Counts)),
        }
    }

    /// The count of an entry in *large*, which is in order of entries.
    fn large<'a>(&'a self, entry: u64, large: &mut Cached<'a>) -> Result<u64, Damaged> {
        let a_page = large.a_page();
        let (mut low, mut high) = (0, self.header.large_pages);
        while low < high {
            let middle = low.midpoint(high);
            let page = large.page(self, middle)?;
            let value = |at| page.slice(at, LARGE_BYTES).split_at(NUMBER_BYTES);
            let values = (0..index(a_page)).map(value).map(|(number, count)| (little(number), little(count)));
            let mut used = values.take_while(|(_, count)| *count > 0).peekable();
            if used.peek().is_none_or(|(first, _)| *first > entry) {
                high = middle;
                continue;
            }
            match used.find(|(number, _)| *number >= entry) {
                Some((number, count)) if number == entry => return Ok(count),
                Some(_) => break,
                None => low = middle + 1,
            }
        }
        Err(Damaged::Content(Column::Large))
    }
}

/// The first place in `from..to` that is not below, where those below come first; `to` if none. Begun at a guess, in steps that double, and then halves: near a good guess it
/// looks at two or three places beside each other, and far from it no more than a search by halves does twice.
pub(super) fn search_from(guess: u64, from: u64, to: u64, below: impl Fn(usize) -> bool) -> u64 {
    let (mut low, mut high) = (from, to);
    let mut look = guess.clamp(from, to.saturating_sub(1).max(from));
    let mut step = 1;
    // Until the place lies between two that were looked at.
    let upwards = low < high && below(index(look));
    while low < high {
        if below(index(look)) {
            low = look + 1;
            if !upwards {
                break;
            }
            look = (look + step).min(to - 1);
        } else {
            high = look;
            if upwards {
                break;
            }
            look = look.saturating_sub(step).max(from);
        }
        step *= 2;
    }
    while low < high {
        let middle = low.midpoint(high);
        if below(index(middle)) { low = middle + 1 } else { high = middle }
    }
    high
}

fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// `head` of a space of `width` bits, as a place among `count`.
fn scale(head: u64, count: u64, width: usize) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "below `count`")]
    let place = ((u128::from(head) * u128::from(count)) >> width) as u64;
    place
}
