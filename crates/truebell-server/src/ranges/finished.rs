//! Answers that were put together once, kept for whoever asks for the same range next, within a bound. They belong to one version of a corpus and go with it.
//!
//! What is asked often is likely to come early, so the first answers stay, and reading them takes no lock.

use bytes::Bytes;
use std::sync::OnceLock;

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As there are entries.
    Plain,
    /// The same, compressed where that is worth it.
    Gzip,
    /// As long as all others.
    Padded,
}

/// Forms there are.
const FORMS: usize = 3;
/// Ranges there are.
const RANGES: usize = 1 << 20;

/// An answer.
#[derive(Debug)]
pub(super) struct Finished {
    of: (u32, Form),
    pub(super) body: Bytes,
    /// Whether it was worth compressing.
    pub(super) compressed: bool,
}

/// Bytes of an answer beside its text: its place, what it is of, and what counts those who are sending it.
const AROUND_BYTES: usize = size_of::<OnceLock<Box<Finished>>>() + size_of::<Finished>() + 64;

/// Places for answers. Each has one it may take.
#[derive(Debug)]
pub(super) struct Answers(Vec<OnceLock<Box<Finished>>>);

impl Answers {
    /// Within `bytes` of memory, where the longest answer has `longest` bytes.
    pub(super) fn new(bytes: usize, longest: usize) -> Self {
        let places = (bytes / (longest + AROUND_BYTES)).min(RANGES * FORMS);
        Self((0..places).map(|_| OnceLock::new()).collect())
    }

    fn slot(&self, range: u32, form: Form) -> Option<&OnceLock<Box<Finished>>> {
        let at = usize::try_from(range).ok()? * FORMS + form as usize;
        self.0.get(at.checked_rem(self.0.len())?)
    }

    /// The answer, if it is here.
    pub(super) fn find(&self, range: u32, form: Form) -> Option<&Finished> {
        self.slot(range, form)?.get().map(AsRef::as_ref).filter(|finished| finished.of == (range, form))
    }

    /// Keeps an answer, if its place is free.
    pub(super) fn keep(&self, range: u32, form: Form, body: &Bytes, compressed: bool) {
        if let Some(slot) = self.slot(range, form) {
            slot.get_or_init(|| Box::new(Finished { of: (range, form), body: body.clone(), compressed }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_for_its_range_and_form_and_nothing_else_is() {
        let answers = Answers::new(1 << 20, 2_000);
        for range in 0..1_000 {
            answers.keep(range, Form::Plain, &Bytes::from(format!("plain {range}")), false);
            answers.keep(range, Form::Gzip, &Bytes::from(format!("gzip {range}")), true);
        }
        let found = |range, form| answers.find(range, form).map(|finished| (finished.body.clone(), finished.compressed));
        let mut here = 0;
        for range in 0..2_000 {
            let (plain, gzip) = (found(range, Form::Plain), found(range, Form::Gzip));
            assert!(plain.is_none_or(|found| found == (Bytes::from(format!("plain {range}")), false)));
            here += usize::from(gzip.is_some());
            assert!(gzip.is_none_or(|found| found == (Bytes::from(format!("gzip {range}")), true)));
            assert_eq!(found(range, Form::Padded), None);
        }
        assert!(here > 100, "{here}");
    }

    fn ranges() -> impl Iterator<Item = u32> {
        (0..).take(RANGES)
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let answers = Answers::new(10_000, 900);
        ranges().for_each(|range| answers.keep(range, Form::Padded, &Bytes::from(vec![b'x'; 900]), false));
        let here: usize = ranges().filter_map(|range| answers.find(range, Form::Padded)).map(|found| found.body.len()).sum();
        assert!((1..=10_000).contains(&here), "{here}");
        let none = Answers::new(0, 900);
        none.keep(7, Form::Plain, &Bytes::from_static(b"x"), false);
        assert!(none.find(7, Form::Plain).is_none());
    }
}
