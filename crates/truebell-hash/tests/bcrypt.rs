//! bcrypt against what was published, and against the crate `bcrypt` on whatever goes in.

use proptest::prelude::*;
use truebell_hash::Try;
use truebell_hash::bcrypt::{WIDTH, hash_many};

/// As the crate wants it: with the end mark, cut at 72 bytes.
fn by_the_crate(cost: u32, salt: [u8; 16], password: &[u8]) -> [u8; 24] {
    let mut key = [password, &[0]].concat();
    key.truncate(72);
    bcrypt::bcrypt(cost, salt, &key)
}

#[test]
fn vectors_of_jbcrypt_come_out() {
    // jBCrypt 0.4, TestBCrypt.java: password, cost, salt, digest.
    let rows: [(&str, u32, &str, &str); 6] = [
        ("", 6, "DCq7YPn5Rq63x1Lad4cll.", "TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
        ("a", 6, "m0CrhHm10qJ3lXRY.5zDGO", "3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        ("abc", 6, "If6bvum7DFjUnE9p2uDeDu", "0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        ("abcdefghijklmnopqrstuvwxyz", 6, ".rCVZVOThsIa97pEDOxvGu", "RRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
        ("~!@#$%^&*()      ~!@#$%^&*()PNBFRD", 6, "fPIsBO8qRqkjj273rfaOI.", "HtSV9jLDpTbZn782DC6/t7qT67P6FfO"),
        ("~!@#$%^&*()      ~!@#$%^&*()PNBFRD", 8, "Eq2r4G/76Wv39MzSX262hu", "zPz612MZiYHVUJe/OcOql2jo4.9UxTW"),
    ];
    for (password, cost, salt, digest) in rows {
        let salt: [u8; 16] = unletter(salt).try_into().expect("16 bytes");
        let digests = hash_many(cost, &[Try { salt: &salt, password: password.as_bytes() }]).expect("a low cost");
        assert_eq!(digests[0][..23], unletter(digest), "{password}");
    }
}

/// bcrypt's own base64.
fn unletter(text: &str) -> Vec<u8> {
    const LETTERS: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let bits = text.bytes().flat_map(|letter| {
        let value = LETTERS.bytes().zip(0_u8..).find(|(known, _)| *known == letter).map_or(0, |(_, value)| value);
        (0..6).rev().map(move |bit| value >> bit & 1)
    });
    bits.collect::<Vec<u8>>().as_chunks::<8>().0.iter().map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_number_of_candidates_gives_what_the_crate_gives_in_their_order(
        cost in 0..3_u32,
        tries in prop::collection::vec((any::<[u8; 16]>(), prop::collection::vec(any::<u8>(), 0..100)), 0..2 * WIDTH + 2),
    ) {
        let given: Vec<_> = tries.iter().map(|(salt, password)| Try { salt, password: password.as_slice() }).collect();
        let digests = hash_many(cost, &given).expect("a low cost");
        let expected: Vec<_> = tries.iter().map(|(salt, password)| by_the_crate(cost, *salt, password)).collect();
        prop_assert_eq!(&*digests, &expected);
    }
}

#[test]
fn lengths_around_the_end_of_the_key_give_what_the_crate_gives() {
    let passwords: Vec<Vec<u8>> = (0..80).flat_map(|length| [vec![0x80; length], vec![0; length]]).collect();
    let tries: Vec<_> = passwords.iter().map(|password| Try { salt: b"sixteen letters.", password: password.as_slice() }).collect();
    let digests = hash_many(1, &tries).expect("a low cost");
    for (one, digest) in tries.iter().zip(digests.iter()) {
        assert_eq!(*digest, by_the_crate(1, *one.salt, one.password), "{} bytes", one.password.len());
    }
}
