//! The two implementations agree on whatever goes in, at low costs: NUL, more than 72 bytes, more than a block, no text at all, nothing.

use proptest::prelude::*;

use super::super::kdf::{Argon2Kind, Hash, Kdf};
use super::super::template::{Template, Values};
use super::BOTH;

fn passwords() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let text = "\\PC{0,40}".prop_map(String::into_bytes);
    let around_limits = (prop::sample::select(vec![0, 1, 15, 16, 17, 55, 56, 63, 64, 65, 71, 72, 73, 127, 128, 129]), any::<u8>())
        .prop_map(|(length, byte)| vec![byte; length]);
    prop_oneof![bytes, text, around_limits]
}

fn salts() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 8..40)
}

fn letters(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"./09AZaz".to_vec()), 0..=most)
}

fn kdfs() -> impl Strategy<Value = Kdf> {
    let pbkdf2 = (prop::sample::select(vec![Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512]), 1..40_u32, salts(), 16..150_usize)
        .prop_map(|(hash, rounds, salt, length)| Kdf::Pbkdf2 { hash, rounds, salt, length });
    let scrypt = (1..7_u8, 1..5_u32, 1..4_u32, salts(), 16..100_usize).prop_map(|(log_n, r, p, salt, length)| Kdf::Scrypt {
        log_n,
        r,
        p,
        salt,
        length,
    });
    let argon2 = (
        prop::sample::select(vec![Argon2Kind::D, Argon2Kind::I, Argon2Kind::Id]),
        prop::sample::select(vec![0x10, 0x13]),
        (1..4_u32, 0..40_u32),
        1..4_u32,
        salts(),
        16..100_usize,
    )
        .prop_map(|(kind, version, (lanes, more), passes, salt, length)| Kdf::Argon2 {
            kind,
            version,
            memory_kib: 8 * lanes + more,
            passes,
            lanes,
            salt,
            length,
        });
    let sha_crypt = (prop::sample::select(vec![Hash::Sha256, Hash::Sha512]), letters(16)).prop_map(|(hash, salt)| Kdf::ShaCrypt {
        hash,
        rounds: 1000,
        salt,
    });
    let md5_crypt = (prop::sample::select(vec!["$1$", "$apr1$"]), letters(8)).prop_map(|(mark, salt)| Kdf::Md5Crypt { mark, salt });
    let phpass = (prop::sample::select(vec![Hash::Md5, Hash::Sha512]), 0..8_u32, letters(8))
        .prop_map(|(hash, log2_rounds, salt)| Kdf::Phpass { hash, log2_rounds, salt });
    let salted = (hashes(), salts()).prop_map(|(hash, salt)| Kdf::Salted { hash, salt });
    prop_oneof![pbkdf2, scrypt, argon2, sha_crypt, md5_crypt, phpass, salted]
}

fn hashes() -> impl Strategy<Value = Hash> {
    prop::sample::select(vec![Hash::Md5, Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_function_gives_the_same_twice(kdf in kdfs(), password in passwords()) {
        let [first, second] = BOTH.map(|by| by.code().derive(&kdf, &password));
        prop_assert!(first.is_some());
        prop_assert_eq!(first, second);
    }

    #[test]
    fn every_digest_is_the_same_twice(hash in hashes(), key in passwords(), message in passwords()) {
        let both = BOTH.map(|by| (by.code().hash(hash, &message), by.code().hmac(hash, &key, &message)));
        prop_assert_eq!(&both[0], &both[1]);
        prop_assert_eq!(both[0].0.len(), hash.length());
    }

    #[test]
    fn any_text_is_a_template_or_an_error(text in "[a-z0-9_+(),' ]{0,60}|\\PC{0,30}|(md5\\(){0,12}password[)]{0,12}", password in passwords()) {
        if let Ok(template) = Template::parse(&text) {
            let values = Values { password: &password, salt: Some(b"salt"), user: Some(b"user"), pepper: Some(b"pepper") };
            let both = BOTH.map(|by| template.evaluate(&values, by.code()));
            prop_assert_eq!(&both[0], &both[1]);
        }
    }
}

proptest! {
    // A bcrypt is a few milliseconds at its lowest cost, and more without the optimiser.
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bcrypt_gives_the_same_twice(salt in any::<[u8; 16]>(), password in passwords()) {
        let kdf = Kdf::Bcrypt { cost: 4, salt };
        let [first, second] = BOTH.map(|by| by.code().derive(&kdf, &password));
        prop_assert!(first.is_some());
        prop_assert_eq!(first, second);
    }
}
