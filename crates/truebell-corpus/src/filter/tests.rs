//! A filter against the corpus it was made from, and against whoever bends it.

use super::*;
use crate::build::{Seen, Writer, assemble, derive_bucket_bits};
use crate::flags::Flag;
use crate::{Corpus, Digest, Kind};
use std::collections::BTreeSet;
use std::io::Cursor;

fn digest(number: u64) -> Digest {
    Kind::Sha1.digest(&number.to_le_bytes()).unwrap()
}

fn corpus(entries: u64, full: bool) -> Corpus<Vec<u8>> {
    let flags = Flag::Unmarked.into();
    let mut writer = Writer::new(Kind::Sha1, derive_bucket_bits(entries), flags, full, |_| Ok(Vec::new())).unwrap();
    for digest in (0..entries).map(digest).collect::<BTreeSet<_>>() {
        writer.push(&Seen { digest, count: 1, flags }).unwrap();
    }
    let written = writer.finish().unwrap();
    let columns: Vec<&[u8]> = written.columns.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let mut file = Vec::new();
    assemble(&written, columns, &[], 0, &mut file, &mut |_, _| {}).unwrap();
    Corpus::open(file).unwrap()
}

fn filter(entries: u64, full: bool) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let bytes = write_filter(&corpus(entries, full), &mut out, &mut |_, _| {}).unwrap();
    assert_eq!(bytes, out.get_ref().len() as u64);
    out.into_inner()
}

#[test]
fn what_is_there_is_perhaps_there_and_few_others_are() {
    for (entries, full) in [(0, true), (1, true), (2, false), (5_000, true), (5_000, false), (1_100_000, false)] {
        let bytes = filter(entries, full);
        let filter = Filter::open(bytes.as_slice()).unwrap();
        assert_eq!((filter.keys(), filter.kind()), (entries, Kind::Sha1));
        assert!((0..entries).all(|number| filter.may_have(&digest(number))), "{entries}");
        let wrong = (10_000_000..10_100_000).filter(|number| filter.may_have(&digest(*number))).count();
        let expect = if entries == 0 { 0..=0 } else { 300..=480 };
        // A fifth more than the least there can be, once there are many.
        assert!(entries < 100_000 || (bytes.len() as u64) * 10 < entries * 12, "{} bytes", bytes.len());
        assert!(entries == 1 || entries == 2 || expect.contains(&wrong), "{wrong} of 100,000 clean ones, {entries} entries");
    }
}

#[test]
fn it_names_the_corpus_it_was_made_from() {
    assert_eq!(Filter::open(filter(100, true)).unwrap().corpus_version(), corpus(100, true).version());
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let whole = filter(40, true);
    for at in 0..whole.len() {
        let mut bent = whole.clone();
        bent[at] ^= 1 << (at % 8);
        assert!(Filter::open(bent).is_err(), "byte {at}");
        assert!(Filter::open(&whole[..at]).is_err(), "cut at {at}");
    }
    assert!(Filter::open([whole.as_slice(), &[0]].concat()).is_err());
    let say = |bytes: &[u8]| Filter::open(bytes).unwrap_err().to_string();
    assert_eq!(say(b"hello"), "this is not a filter; truebell corpus filter makes one from a corpus");
    let mut newer = whole;
    newer[8] = 2;
    assert_eq!(say(&newer), "this filter is of format 2, and this program reads format 1; make it again");
}

#[test]
fn a_directory_that_points_beyond_its_fingerprints_is_refused() {
    let good = Shard { seed: 1, segment: 4, span: 8, length: 16, sum: 0 };
    assert!(good.adds_up());
    for bad in [
        Shard { segment: 3, ..good },
        Shard { segment: 0, length: 8, ..good },
        Shard { span: 10, length: 18, ..good },
        Shard { length: 15, ..good },
        Shard { span: 0, length: 8, ..good },
        Shard { span: u32::MAX - 3, length: 4, ..good },
        Shard { segment: SEGMENT_MAX * 2, span: SEGMENT_MAX * 2, length: SEGMENT_MAX * 6, ..good },
        Shard { length: 0, ..good },
    ] {
        assert!(!bad.adds_up(), "{bad:?}");
    }
}
