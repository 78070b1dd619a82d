//! A corpus against a plain map that knows the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use truebell_corpus::build::{Seen, Sorter, Writer, assemble, derive_bucket_bits};
use truebell_corpus::{Answer, Corpus, Damaged, Digest, Exposure, Flag, Flags, Kind, PAGE_BYTES, Page, Pages, Source, Unreadable};

type Plain = BTreeMap<Digest, (u64, Flags)>;

fn digest(kind: Kind, number: u64) -> Digest {
    kind.digest(number.to_string().as_bytes()).unwrap()
}

/// Entries with all that makes a difference: counts on both sides of a byte, several flags.
fn plain(kind: Kind, entries: u64) -> Plain {
    let count = |number| if number % 7 == 0 { 250 + number % 9 } else { 1 + number % 5 };
    let flags = |number| {
        let first = [Flag::Unmarked, Flag::StealerLog][usize::from(number % 3 == 0)];
        if number % 4 == 0 { [first, Flag::Verified].into_iter().collect() } else { Flags::from(first) }
    };
    (0..entries).map(|number| (digest(kind, number), (count(number), flags(number)))).collect()
}

fn build(kind: Kind, bucket_bits: u8, plain: &Plain, full: bool) -> Vec<u8> {
    let flags = plain.values().fold(Flags::default(), |all, (_, flags)| all.and(*flags));
    let mut writer = Writer::new(kind, bucket_bits, flags, full, |_| Ok(Vec::new())).unwrap();
    for (digest, (count, flags)) in plain {
        writer.push(&Seen { digest: *digest, count: *count, flags: *flags }).unwrap();
    }
    let written = writer.finish().unwrap();
    let sources = [Source { name: "plain".to_owned(), flag: None, entries: plain.len() as u64, skipped: 0 }];
    let mut file = Vec::new();
    let columns: Vec<&[u8]> = written.columns.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    assemble(&written, columns, &sources, 1_700_000_000_000, &mut file, &mut |_, _| {}).unwrap();
    file
}

fn check_against(plain: &Plain, kind: Kind, bucket_bits: u8) {
    let file = build(kind, bucket_bits, plain, true);
    let mut corpus = Corpus::open(file).unwrap();
    corpus.verify(&mut |_, _| {}).unwrap();
    let entries: Vec<_> = corpus.entries().unwrap().map(Result::unwrap).map(|entry| (entry.digest, (entry.count, entry.flags))).collect();
    assert_eq!(entries, plain.iter().map(|(digest, known)| (*digest, *known)).collect::<Vec<_>>());
    let expect = |digest: &Digest| match plain.get(digest) {
        Some((count, flags)) => Answer::Exposed(Exposure::Whole { count: *count, flags: *flags }),
        None => Answer::Clean,
    };
    let asked: Vec<Digest> = plain.keys().copied().chain((1_000_000..1_000_500).map(|number| digest(kind, number))).collect();
    // Nothing kept, a few pages of which others take the places, and all of them.
    for (loaded, kept) in [(false, 0), (true, 0), (true, 3 * PAGE_BYTES), (true, 1 << 30)] {
        if loaded {
            corpus.load_buckets().unwrap();
        }
        corpus.keep_pages(kept);
        for digest in &asked {
            assert_eq!(corpus.check(digest).unwrap(), expect(digest), "{digest:?}");
        }
        let mut sorted = asked.clone();
        sorted.sort();
        let mut sweep = corpus.sweep();
        for digest in &sorted {
            assert_eq!(sweep.check(digest).unwrap(), expect(digest), "{digest:?}");
        }
    }
    assert_eq!(corpus.pages_kept() > 0, !plain.is_empty());
    for above in plain.keys().step_by(97).copied().chain(asked.iter().rev().take(20).copied()) {
        let count = corpus.entries_above(&above).unwrap().count();
        assert_eq!(count, plain.range(above..).filter(|(digest, _)| **digest != above).count());
    }
    for prefix in plain.keys().take(50).map(|digest| prefix_of(kind, digest)).chain([0, 0xf_ffff, 0x5baa6]) {
        let range: Vec<_> = corpus.range(prefix).unwrap().map(|entry| entry.unwrap().digest).collect();
        let expect: Vec<_> = plain.keys().copied().filter(|digest| prefix_of(kind, digest) == prefix).collect();
        assert_eq!(range, expect, "{prefix:05X}");
    }
}

#[test]
fn a_corpus_of_the_largest_form_is_read_as_a_small_one() {
    let plain = plain(Kind::Sha1, 400);
    let corpus = Corpus::open(build(Kind::Sha1, 20, &plain, true)).unwrap();
    for (digest, (count, flags)) in &plain {
        assert_eq!(corpus.check(digest).unwrap(), Answer::Exposed(Exposure::Whole { count: *count, flags: *flags }));
        let range: Vec<_> = corpus.range(prefix_of(Kind::Sha1, digest)).unwrap().map(|entry| entry.unwrap().digest).collect();
        assert!(range.contains(digest) && range.len() < 3);
    }
    assert_eq!(corpus.range(0xf_ffff).unwrap().count(), 0);
}

fn prefix_of(kind: Kind, digest: &Digest) -> u32 {
    u32::from_str_radix(&digest.hex(kind)[..5], 16).unwrap()
}

#[test]
fn a_corpus_says_what_a_plain_map_says() {
    for kind in [Kind::Sha1, Kind::Ntlm] {
        for (entries, bucket_bits) in [(0, 0), (1, 0), (747, 0), (5_000, 3), (3_000, 12)] {
            check_against(&plain(kind, entries), kind, bucket_bits);
        }
    }
}

#[test]
fn bucket_bits_follow_the_size() {
    let bits = [0, 1, 47, 48, 96, 100_000, 1 << 26, 2_000_000_000, u64::MAX].map(derive_bucket_bits);
    assert_eq!(bits, [0, 0, 0, 0, 1, 11, 20, 20, 20]);
}

#[test]
fn the_same_entries_give_the_same_bytes() {
    let plain = plain(Kind::Sha1, 1_000);
    assert_eq!(build(Kind::Sha1, 4, &plain, true), build(Kind::Sha1, 4, &plain, true));
}

#[test]
fn a_corpus_for_checking_knows_and_is_no_evidence() {
    let plain = plain(Kind::Sha1, 3_000);
    let corpus = Corpus::open(build(Kind::Sha1, 5, &plain, false)).unwrap();
    corpus.verify(&mut |_, _| {}).unwrap();
    for (digest, (_, flags)) in &plain {
        assert_eq!(corpus.check(digest).unwrap(), Answer::Exposed(Exposure::Truncated { flags: *flags }));
    }
    assert_eq!(corpus.check(&digest(Kind::Sha1, 5_000)).unwrap(), Answer::Clean);
    assert!(matches!(corpus.range(0), Err(Damaged::IndexOnly)));
    assert!(matches!(corpus.entries(), Err(Damaged::IndexOnly)));
}

#[test]
fn every_flipped_byte_is_found_by_verify_and_by_whoever_reads_it() {
    let plain = plain(Kind::Sha1, 40);
    let file = build(Kind::Sha1, 2, &plain, true);
    let asked: Vec<Digest> = plain.keys().copied().chain((100..140).map(|number| digest(Kind::Sha1, number))).collect();
    let truth: Vec<Answer> = asked.iter().map(|digest| Corpus::open(file.as_slice()).unwrap().check(digest).unwrap()).collect();
    for at in 0..file.len() {
        let mut bent = file.clone();
        bent[at] ^= 1 << (at % 8);
        let Ok(corpus) = Corpus::open(bent) else { continue };
        assert!(corpus.verify(&mut |_, _| {}).is_err(), "byte {at}");
        // One page in sixteen bytes' steps is enough for the second look, which is slow.
        if at % 16 == 0 {
            for (digest, truth) in asked.iter().zip(&truth) {
                assert!(corpus.check(digest).is_err() || corpus.check(digest).unwrap() == *truth, "byte {at}");
            }
        }
    }
}

/// A medium that counts what is read of it, and bends a byte of one page while it is told to.
#[derive(Debug)]
struct Medium {
    bytes: Vec<u8>,
    reads: AtomicUsize,
    bent: AtomicU64,
}

impl Medium {
    const fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, reads: AtomicUsize::new(0), bent: AtomicU64::new(u64::MAX) }
    }
}

impl Pages for &Medium {
    fn bytes(&self) -> Result<u64, Unreadable> {
        self.bytes.as_slice().bytes()
    }

    fn read(&self, at: u64, into: &mut Page) -> Result<(), Unreadable> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.as_slice().read(at, into)?;
        if self.bent.load(Ordering::Relaxed) == at {
            into.0[1234] ^= 1;
        }
        Ok(())
    }
}

#[test]
fn a_check_reads_one_page_and_one_that_is_kept_is_not_read_again() {
    let plain = plain(Kind::Sha1, 3_000);
    let medium = Medium::of(build(Kind::Sha1, 6, &plain, false));
    let mut corpus = Corpus::open(&medium).unwrap();
    corpus.load_buckets().unwrap();
    let clean = digest(Kind::Sha1, 5_000);
    let reads = |corpus: &Corpus<&Medium>, digest: &Digest| {
        let before = medium.reads.load(Ordering::Relaxed);
        corpus.check(digest).unwrap();
        medium.reads.load(Ordering::Relaxed) - before
    };
    assert_eq!([reads(&corpus, &clean), reads(&corpus, &clean)], [1, 1]);
    corpus.keep_pages(1 << 20);
    assert_eq!([reads(&corpus, &clean), reads(&corpus, &clean)], [1, 0]);
    // Within a bound: whatever is asked, no more pages than have room.
    let room = 2;
    corpus.keep_pages(room * (PAGE_BYTES + 64));
    assert!(plain.keys().all(|digest| corpus.check(digest).unwrap() != Answer::Clean));
    assert_eq!(corpus.pages_kept(), room);
}

#[test]
fn a_page_that_is_damaged_is_not_kept_and_one_that_is_kept_was_whole() {
    let plain = plain(Kind::Sha1, 3_000);
    let medium = Medium::of(build(Kind::Sha1, 6, &plain, true));
    let mut corpus = Corpus::open(&medium).unwrap();
    corpus.load_buckets().unwrap();
    corpus.keep_pages(1 << 20);
    let pages = (medium.bytes.len() / PAGE_BYTES) as u64;
    for (bent, (digest, (count, flags))) in (0..pages).cycle().zip(&plain) {
        let truth = Answer::Exposed(Exposure::Whole { count: *count, flags: *flags });
        medium.bent.store(bent, Ordering::Relaxed);
        let said = corpus.check(digest);
        assert!(said.is_err() || said.unwrap() == truth, "page {bent}");
        // The damage was on the way: nothing of it stays.
        medium.bent.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(corpus.check(digest).unwrap(), truth, "page {bent}");
        // And what is kept does not change with the disk.
        medium.bent.store(bent, Ordering::Relaxed);
        assert_eq!(corpus.check(digest).unwrap(), truth, "page {bent}");
    }
}

#[test]
fn what_is_kept_answers_all_who_ask_at_once() {
    let plain = plain(Kind::Sha1, 3_000);
    let medium = Medium::of(build(Kind::Sha1, 6, &plain, true));
    let mut corpus = Corpus::open(&medium).unwrap();
    corpus.keep_pages(1 << 20);
    std::thread::scope(|scope| {
        for skip in [0, 500, 1_000, 1_500] {
            let (corpus, plain) = (&corpus, &plain);
            scope.spawn(move || {
                for (digest, (count, flags)) in plain.iter().cycle().skip(skip).take(plain.len()) {
                    assert_eq!(corpus.check(digest).unwrap(), Answer::Exposed(Exposure::Whole { count: *count, flags: *flags }));
                }
            });
        }
    });
}

#[test]
fn heads_that_are_not_spread_evenly_are_found_as_others_are() {
    let number = |key: u64| Digest::of(Kind::Sha1, &[&key.to_be_bytes()[..], &[7; 12]].concat()).unwrap();
    // All at the beginning of the one bucket, all at its end, and half of each: a guess is as wrong as it can be.
    for keys in [
        (0..4_000).collect(),
        (0..4_000).map(|key| u64::MAX - 2 * key).collect(),
        (0..4_000).map(|key| key << 63 | key).collect::<Vec<_>>(),
    ] {
        let plain: Plain = keys.iter().map(|key| (number(*key), (1, Flag::Unmarked.into()))).collect();
        let corpus = Corpus::open(build(Kind::Sha1, 0, &plain, false)).unwrap();
        let mut sweep = corpus.sweep();
        let asked: BTreeSet<u64> = keys.iter().flat_map(|key| [key.wrapping_sub(1), *key, key.wrapping_add(1)]).collect();
        for key in asked {
            let expect = plain.contains_key(&number(key));
            assert_eq!(corpus.check(&number(key)).unwrap() != Answer::Clean, expect, "{key}");
            assert_eq!(sweep.check(&number(key)).unwrap() != Answer::Clean, expect, "{key}");
        }
    }
}

#[test]
fn what_is_cut_off_or_longer_or_something_else_is_refused_with_a_sentence() {
    let file = build(Kind::Sha1, 2, &plain(Kind::Sha1, 40), true);
    let say = |bytes: &[u8]| Corpus::open(bytes).unwrap_err().to_string();
    assert_eq!(say(b""), "this is not a corpus; truebell corpus build makes one from lists");
    assert_eq!(say(&[b'x'; 9000]), "this is not a corpus; truebell corpus build makes one from lists");
    let (has, needs) = (file.len() - PAGE_BYTES, file.len());
    assert_eq!(
        say(&file[..has]),
        format!("this corpus has {has} bytes and must have {needs}; it was not copied whole, so copy or build it again")
    );
    assert!(say(&[file.as_slice(), b"x"].concat()).contains("was not copied whole"));
    let mut newer = file;
    newer[8] = 2;
    assert_eq!(say(&newer), "this corpus is of format 2, and this program reads format 1; build it again, or use the program that made it");
}

#[test]
fn a_crash_at_any_entry_is_gone_on_from_the_last_state() {
    let (kind, plain) = (Kind::Sha1, plain(Kind::Sha1, 2_500));
    let whole = build(kind, 11, &plain, true);
    let flags = plain.values().fold(Flags::default(), |all, (_, flags)| all.and(*flags));
    for stop in [0, 1, 744, 817, 2_499, 2_500] {
        let mut writer = Writer::new(kind, 11, flags, true, |_| Ok(Vec::new())).unwrap();
        let seen = |(digest, (count, flags)): (&Digest, &(u64, Flags))| Seen { digest: *digest, count: *count, flags: *flags };
        plain.iter().take(stop).map(seen).for_each(|seen| writer.push(&seen).unwrap());
        let state = serde_json::to_string(&writer.state().unwrap()).unwrap();
        let mut kept = writer.finish().unwrap().columns;
        let state: truebell_corpus::build::State = serde_json::from_str(&state).unwrap();
        let pages = state.pages(true);
        let cut = |column| {
            let pages = pages.iter().find(|(of, _)| *of == column).unwrap().1;
            let (_, bytes) = kept.iter_mut().find(|(of, _)| *of == column).unwrap();
            bytes.truncate(usize::try_from(pages).unwrap() * PAGE_BYTES);
            Ok(std::mem::take(bytes))
        };
        assert_eq!(state.entries(), stop as u64);
        let mut writer = Writer::resume(state, kind, 11, flags, true, cut).unwrap();
        plain.iter().skip(stop).map(seen).for_each(|seen| writer.push(&seen).unwrap());
        let written = writer.finish().unwrap();
        let sources = [Source { name: "plain".to_owned(), flag: None, entries: plain.len() as u64, skipped: 0 }];
        let mut file = Vec::new();
        let columns: Vec<&[u8]> = written.columns.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        assemble(&written, columns, &sources, 1_700_000_000_000, &mut file, &mut |_, _| {}).unwrap();
        assert!(file == whole, "stopped at {stop}");
    }
}

#[test]
fn what_is_not_above_the_entry_before_is_refused() {
    let seen = |number| Seen { digest: digest(Kind::Sha1, number), count: 1, flags: Flag::Unmarked.into() };
    let mut writer = Writer::new(Kind::Sha1, 0, Flag::Unmarked.into(), true, |_| Ok(Vec::new())).unwrap();
    writer.push(&seen(1)).unwrap();
    assert!(writer.push(&seen(1)).is_err());
    assert!(writer.push(&Seen { count: 0, ..seen(2) }).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn sorted_runs_merged_are_the_plain_sum(list in proptest::collection::vec((0_u64..400, 1_u64..300, 0_usize..6), 0..4_000)) {
        use truebell_corpus::build::{Merge, Run};
        let kind = Kind::Ntlm;
        let mut expect = Plain::new();
        let mut sorter = Sorter::new(0);
        let mut runs: Vec<(Vec<u8>, u64)> = Vec::new();
        let mut spill = |sorter: &mut Sorter| {
            let mut run = Vec::new();
            let written = sorter.write_run(kind, &mut run).unwrap();
            runs.push((run, written));
        };
        for (number, count, flag) in list {
            let flags = Flags::from(Flag::ALL[flag]);
            let known = expect.entry(digest(kind, number)).or_default();
            *known = (known.0 + count, known.1.and(flags));
            if sorter.push(Seen { digest: digest(kind, number), count, flags }) {
                spill(&mut sorter);
            }
        }
        spill(&mut sorter);
        let mut merge = Merge::new(runs.iter().map(|(run, written)| Run::new(kind, run.as_slice(), *written)).collect());
        let mut merged = Plain::new();
        while let Some(seen) = merge.next_merged().unwrap() {
            prop_assert!(merged.insert(seen.digest, (seen.count, seen.flags)).is_none());
        }
        prop_assert_eq!(merged, expect);
    }
}
