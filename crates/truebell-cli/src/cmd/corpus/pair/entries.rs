//! From pairs to entries: the slow hash and the key, on as many cores as there are, each pair once.

use super::source::{Line, Reader};
use crate::exit::Answered;
use std::collections::HashSet;
use std::num::NonZero;
use truebell_core::address::Address;
use truebell_core::hash::Hash32;
use truebell_core::pair::{ENTRY_BYTES, FileId, PairKey, Place, Stretcher, Told, derive_stem};
use truebell_corpus::Flags;
use zeroize::Zeroizing;

/// Texts for each thread between two looks at the list: some tenths of a second.
const TEXTS_A_THREAD: usize = 64;

/// A text to be hashed.
struct Text {
    address: Address,
    bytes: Zeroizing<Vec<u8>>,
    is_stem: bool,
    flags: u8,
}

/// What became of it.
struct Record {
    place: Place,
    told: Told,
    is_stem: bool,
    flags: u8,
}

/// Collects entries. About 100 bytes of memory a pair, twice that with stems.
pub(super) struct Entries<'a> {
    key: &'a PairKey,
    file: FileId,
    with_stems: bool,
    threads: Vec<Stretcher>,
    waiting: Vec<Text>,
    /// Texts that were taken, by 128 bits of their hash: lists repeat themselves, and a slow hash is dear.
    taken: HashSet<[u8; 16]>,
    records: Vec<Record>,
}

/// The entries of a file, in order of their places.
pub(super) struct Sorted {
    pub(super) pairs: u64,
    pub(super) entries: Vec<(u32, [u8; ENTRY_BYTES])>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(key: &'a PairKey, file: FileId, with_stems: bool, jobs: NonZero<usize>) -> Self {
        let threads = (0..jobs.get()).map(|_| Stretcher::new()).collect();
        Self { key, file, with_stems, threads, waiting: Vec::new(), taken: HashSet::new(), records: Vec::new() }
    }

    /// Takes all pairs of a list. Told after each step, so that a bar moves. Returns how many lines were pairs.
    pub(super) fn take_list(&mut self, list: &mut Reader, flags: Flags, progress: &mut dyn FnMut()) -> Answered<u64> {
        let mut lines = 0;
        while let Some(Line { address, password }) = list.next_pair()? {
            lines += 1;
            if let Some(stem) = derive_stem(&password).filter(|_| self.with_stems) {
                self.wait(Text { address: address.clone(), bytes: stem, is_stem: true, flags: flags.bits() });
            }
            self.wait(Text { address, bytes: password, is_stem: false, flags: flags.bits() });
            if self.waiting.len() >= TEXTS_A_THREAD * self.threads.len() {
                self.work();
                progress();
            }
        }
        self.work();
        progress();
        Ok(lines)
    }

    fn wait(&mut self, text: Text) {
        let key = text.address.key();
        let hash = Hash32::derive_labelled("once", &[key.as_bytes(), &text.bytes, &[u8::from(text.is_stem), text.flags]]);
        if hash.0.first_chunk().is_some_and(|short| self.taken.insert(*short)) {
            self.waiting.push(text);
        }
    }

    /// Hashes what waits.
    fn work(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let share = waiting.len().div_ceil(self.threads.len()).max(1);
        let (key, file) = (self.key, self.file);
        let done: Vec<Vec<Record>> = std::thread::scope(|scope| {
            let threads = self.threads.iter_mut().zip(waiting.chunks(share));
            let started: Vec<_> = threads
                .map(|(stretcher, texts)| scope.spawn(move || texts.iter().map(|text| record(key, &file, stretcher, text)).collect()))
                .collect();
            #[expect(clippy::expect_used, reason = "a thread ends by a panic only where this one would have, and the build with it")]
            started.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        self.records.extend(done.into_iter().flatten());
    }

    /// All entries; those of one text in several kinds of lists have the flags of all.
    pub(super) fn finish(mut self) -> Sorted {
        self.records.sort_unstable_by_key(|record| (record.place, record.told));
        self.records.dedup_by(|later, first| {
            let is_same = (later.place, later.told) == (first.place, first.told);
            first.flags |= if is_same { later.flags } else { 0 };
            is_same
        });
        let pairs = self.records.iter().filter(|record| !record.is_stem).count() as u64;
        let entries = self.records.iter().map(|record| (record.place.number(), record.told.entry(record.flags))).collect();
        Sorted { pairs, entries }
    }
}

fn record(key: &PairKey, file: &FileId, stretcher: &mut Stretcher, text: &Text) -> Record {
    let Text { address, bytes, is_stem, flags } = text;
    let input = if *is_stem { stretcher.near(address, bytes) } else { stretcher.exact(address, bytes) };
    Record { place: Place::of(address), told: key.tell(file, &input), is_stem: *is_stem, flags: *flags }
}
