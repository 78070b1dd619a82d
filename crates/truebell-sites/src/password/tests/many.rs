//! Trying many at once says of each what both implementations say of it alone, whatever is mixed in whatever order.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::check_many;
use super::super::generation::Generation;
use super::super::kdf::{Argon2Kind, Hash, Kdf};
use super::super::recipe::Stored;
use super::super::verifier::{Implementation, Verdict, Verifier};
use super::BOTH;

/// Few costs, so that groups form; formats that `truebell-hash` has and formats that it has not.
fn kdfs() -> impl Strategy<Value = Kdf> {
    let salt = || prop::collection::vec(any::<u8>(), 8..20);
    let bcrypt = any::<[u8; 16]>().prop_map(|salt| Kdf::Bcrypt { cost: 0, salt });
    let argon2 = (prop::sample::select(vec![Argon2Kind::I, Argon2Kind::Id]), prop::sample::select(vec![0x10, 0x13]), salt())
        .prop_map(|(kind, version, salt)| Kdf::Argon2 { kind, version, memory_kib: 16, passes: 2, lanes: 1, salt, length: 32 });
    let hashes = vec![Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512];
    let pbkdf2 =
        (prop::sample::select(hashes), 1..3_u32, salt()).prop_map(|(hash, rounds, salt)| Kdf::Pbkdf2 { hash, rounds, salt, length: 40 });
    let salted = salt().prop_map(|salt| Kdf::Salted { hash: Hash::Sha256, salt });
    prop_oneof![bcrypt, argon2, pbkdf2, salted]
}

/// What the second implementation makes of the password, or nothing near it.
fn verifier(kdf: Kdf, password: &[u8], is_theirs: bool) -> Verifier {
    let mut expected = Implementation::Second.code().derive(&kdf, password).expect("it can be computed");
    if !is_theirs && let Some(last) = expected.last_mut() {
        *last ^= 1;
    }
    let generation = Generation::of(&Stored::of("a row"));
    Verifier {
        format: "a format",
        steps: Vec::new(),
        kdf,
        expected: Zeroizing::new(expected.to_vec()),
        user: None,
        pepper: None,
        generation,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_at_once_are_judged_as_each_alone(
        rows in prop::collection::vec((kdfs(), prop::collection::vec(1..=255_u8, 0..90), any::<bool>()), 0..50),
    ) {
        let verifiers: Vec<_> = rows.iter().map(|(kdf, password, is_theirs)| (verifier(kdf.clone(), password, *is_theirs), password)).collect();
        let tries: Vec<_> = verifiers.iter().map(|(verifier, password)| (verifier, password.as_slice())).collect();
        let together = check_many(&tries);
        prop_assert_eq!(together.len(), tries.len());
        for (((verifier, candidate), tried), (_, _, is_theirs)) in tries.iter().zip(together).zip(&rows) {
            for by in BOTH {
                prop_assert_eq!(tried.verdict, verifier.check(candidate, by));
            }
            if !matches!(tried.verdict, Verdict::NotEvidence { .. }) {
                prop_assert_eq!(tried.verdict == Verdict::Matches, *is_theirs);
            }
        }
    }
}
