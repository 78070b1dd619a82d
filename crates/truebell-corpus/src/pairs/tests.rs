//! Files of pairs: what goes in comes out, and what was changed gives no answer.

use super::*;
use proptest::prelude::*;

fn header() -> PairHeader {
    PairHeader { bits: 0, has_near: true, id: [1; 16], public_key: [2; 32], pairs: 3, made_at_ms: 4, entries: 0 }
}

const BEACON: [u8; 16] = [0xbe; 16];

fn file(entries: &[(u32, [u8; 16])]) -> (PairHeader, Vec<u8>) {
    let mut out = Vec::new();
    let (mut state, mut beacon) = (1_u8, |bucket: u32, _: &[u8]| [&BEACON[..12], &bucket.to_le_bytes()].concat().try_into().unwrap());
    let mut fill = |bytes: &mut [u8]| {
        for byte in bytes {
            state = state.wrapping_mul(5).wrapping_add(3);
            *byte = state;
        }
    };
    let header = write_pairs(header(), entries, &mut beacon, &mut fill, &mut out).unwrap();
    (header, out)
}

fn bucket(pairs: &Pairs<&[u8]>, number: u32) -> Vec<u8> {
    let mut entries = Vec::new();
    pairs.bucket(number, &mut entries).unwrap();
    entries
}

#[test]
fn buckets_are_as_many_as_keep_them_full() {
    for (entries, bits) in [(0, 0), (511, 0), (1023, 0), (1024, 1), (2048, 2), (1 << 20, 11), (1 << 29, 20), (1 << 40, 20)] {
        assert_eq!(derive_bits(entries), bits, "{entries}");
    }
}

#[test]
fn every_bucket_has_its_entries_its_beacon_and_one_size() {
    let entries: Vec<(u32, [u8; 16])> =
        (0..3000_u32).map(|n| (n * 300, [&n.to_be_bytes()[..], &[7; 12]].concat().try_into().unwrap())).collect();
    let (header, bytes) = file(&entries);
    let pairs = Pairs::open(bytes.as_slice()).unwrap();
    assert_eq!((header.bits, pairs.header()), (2, &header));
    assert_eq!(bytes.len() as u64, header.bytes());
    for number in 0..4 {
        let here = bucket(&pairs, number);
        let (here, []) = here.as_chunks::<16>() else { panic!() };
        assert_eq!(here.len(), header.entries as usize);
        let (beacon, here) = here.split_last().unwrap();
        assert!(here.is_sorted());
        assert_eq!((&beacon[..12], &beacon[12..]), (&BEACON[..12], &number.to_le_bytes()[..]));
        for (place, entry) in &entries {
            assert_eq!(here.contains(entry), place >> 18 == number);
        }
    }
    pairs.verify(&mut |_, _| {}).unwrap();
    assert!(matches!(pairs.bucket(4, &mut Vec::new()), Err(PairsDamaged::Bucket(4))));
}

#[test]
fn a_file_without_pairs_has_one_bucket_with_its_beacon() {
    let (header, bytes) = file(&[]);
    assert_eq!((header.bits, header.entries, bytes.len()), (0, 1, 256 + 16 + 4 + 32));
    Pairs::open(bytes.as_slice()).unwrap().verify(&mut |_, _| {}).unwrap();
}

#[test]
fn entries_out_of_order_and_a_bucket_too_full_are_refused() {
    let write = |entries: &[(u32, [u8; 16])]| write_pairs(header(), entries, &mut |_, _| BEACON, &mut |_| {}, &mut Vec::new());
    assert!(matches!(write(&[(2, [0; 16]), (1, [0; 16])]), Err(NotWritten::Order)));
    assert!(matches!(write(&[(1 << 20, [0; 16])]), Err(NotWritten::Order)));
    assert!(matches!(write(&vec![(0, [0; 16]); 1 << 18]), Err(NotWritten::TooFull(262_144))));
}

#[test]
fn every_byte_changed_and_every_cut_is_found() {
    let (header, bytes) = file(&[(0, [5; 16]), (9, [6; 16])]);
    let good = bucket(&Pairs::open(bytes.as_slice()).unwrap(), 0);
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 0x10;
        let Ok(pairs) = Pairs::open(bent.as_slice()) else { continue };
        assert!(pairs.verify(&mut |_, _| {}).is_err(), "byte {at}");
        let mut said = vec![0xaa];
        match pairs.bucket(0, &mut said) {
            // The seal at the end is only looked at by `verify`.
            Ok(()) => assert_eq!((said[1..].to_vec(), pairs.header()), (good.clone(), &header), "byte {at}"),
            Err(_) => assert_eq!(said, [0xaa], "byte {at}"),
        }
    }
    for length in 0..bytes.len() {
        assert!(Pairs::open(&bytes[..length]).is_err(), "{length}");
    }
    assert!(Pairs::open([bytes.as_slice(), &[0]].concat().as_slice()).is_err());
}

#[test]
fn another_time_and_another_thing_are_told_apart() {
    let (_, bytes) = file(&[]);
    let mut later = bytes.clone();
    later[8] = 2;
    assert!(matches!(Pairs::open(later.as_slice()), Err(PairsDamaged::Version(2, 1))));
    assert!(matches!(Pairs::open(&b"TRBLCORP"[..]), Err(PairsDamaged::NotPairs)));
    assert!(matches!(Pairs::open([0; 500].as_slice()), Err(PairsDamaged::NotPairs)));
}

proptest! {
    #[test]
    fn a_header_goes_through_its_bytes(bits in 0..=20_u8, has_near: bool, id: [u8; 16], key: [u8; 32], pairs: u64, made_at_ms: u64, entries in 1..=1_u32 << 18) {
        let header = PairHeader { bits, has_near, id, public_key: key, pairs, made_at_ms, entries };
        prop_assert_eq!(PairHeader::read(&header.write()).unwrap(), header);
    }
}
