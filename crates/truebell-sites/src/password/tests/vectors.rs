//! `vectors/verifiers/`: what was published, and what the frameworks themselves make. Both implementations must say the same as they.

use serde_json::Value;

use super::super::kdf::Kdf;
use super::super::recipe::{Pepper, Recipe, Stored};
use super::super::verifier::{Implementation, Limit, Verdict, Verifier};
use super::super::{ONE_BY_ONE, Rechecked, check_many, recheck};
use super::{BOTH, computes, recipe};

const FILES: [(&str, &str); 8] = [
    ("argon2", include_str!("../../../../../vectors/verifiers/argon2.json")),
    ("bcrypt", include_str!("../../../../../vectors/verifiers/bcrypt.json")),
    ("crypt", include_str!("../../../../../vectors/verifiers/crypt.json")),
    ("digests", include_str!("../../../../../vectors/verifiers/digests.json")),
    ("pbkdf2", include_str!("../../../../../vectors/verifiers/pbkdf2.json")),
    ("php", include_str!("../../../../../vectors/verifiers/php.json")),
    ("python", include_str!("../../../../../vectors/verifiers/python.json")),
    ("scrypt", include_str!("../../../../../vectors/verifiers/scrypt.json")),
];

struct Vector {
    format: String,
    password: Vec<u8>,
    limit: Option<Limit>,
    verifier: Verifier,
    told: String,
}

impl Vector {
    fn read(row: &Value) -> Self {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let stored = stored_of(row);
        let told = format!("{} ({})", stored.verifier, text("from").expect("an origin"));
        Self {
            format: text("format").expect("a format").to_owned(),
            password: password_of(row),
            limit: text("limit").map(limit),
            verifier: Verifier::parse(&stored, &recipe_of(row)).unwrap_or_else(|unreadable| panic!("{told}: {unreadable}")),
            told,
        }
    }
}

fn bytes_of(row: &Value, name: &str) -> Option<Vec<u8>> {
    let hex = row.get(name).and_then(Value::as_str)?;
    Some(data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal"))
}

pub(super) fn password_of(row: &Value) -> Vec<u8> {
    let text = || row.get("password").and_then(Value::as_str).expect("a password").as_bytes().to_vec();
    bytes_of(row, "password_hex").unwrap_or_else(text)
}

pub(super) fn stored_of(row: &Value) -> Stored<'_> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    Stored { verifier: text("verifier").expect("a verifier"), salt: text("salt"), parameters: text("parameters"), user: text("user") }
}

pub(super) fn recipe_of(row: &Value) -> Recipe {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let mut recipe = match text("template") {
        Some(template) => Recipe::digest(template).expect(template),
        None => recipe(text("recipe").expect("a recipe")),
    };
    if let Some(template) = text("candidate") {
        recipe = recipe.with_candidate(template).expect(template);
    }
    if let Some(pepper) = bytes_of(row, "pepper_hex") {
        recipe = recipe.with_pepper(Pepper::new(pepper));
    }
    if let Some(letter) = text("salt_after") {
        recipe = recipe.with_salt_after(letter.chars().next().expect("a letter"));
    }
    recipe
}

fn limit(name: &str) -> Limit {
    match name {
        "Empty" => Limit::Empty,
        "CutOff" => Limit::CutOff,
        "NulAtEnd" => Limit::NulAtEnd,
        other => panic!("no limit is called {other}"),
    }
}

pub(super) fn rows() -> Vec<Value> {
    let rows = |(name, text): &(&str, &str)| serde_json::from_str::<Vec<Value>>(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    FILES.iter().flat_map(rows).collect()
}

fn vectors() -> Vec<Vector> {
    rows().iter().map(Vector::read).collect()
}

#[test]
fn both_implementations_match_every_vector_and_nothing_near_it() {
    for vector in vectors() {
        assert_eq!(vector.verifier.format(), vector.format, "{}", vector.told);
        for by in BOTH {
            assert!(computes(&vector.verifier, &vector.password, by.code()), "{by:?}: {}", vector.told);
            let expected = vector.limit.map_or(Verdict::Matches, |why| Verdict::NotEvidence { why });
            assert_eq!(vector.verifier.check(&vector.password, by), expected, "{by:?}: {}", vector.told);
            let other = [b"x", vector.password.as_slice()].concat();
            assert_ne!(vector.verifier.check(&other, by), Verdict::Matches, "{by:?}: {}", vector.told);
        }
    }
}

#[test]
fn trying_all_vectors_at_once_says_of_each_what_trying_it_alone_says_and_by_whom() {
    let vectors = vectors();
    let wrong: Vec<Vec<u8>> = vectors.iter().map(|vector| [b"x", vector.password.as_slice()].concat()).collect();
    let right = vectors.iter().map(|vector| (&vector.verifier, vector.password.as_slice()));
    let tries: Vec<_> = right.chain(vectors.iter().map(|vector| &vector.verifier).zip(wrong.iter().map(Vec::as_slice))).collect();
    for ((verifier, candidate), tried) in tries.iter().zip(check_many(&tries)) {
        assert_eq!(tried.verdict, verifier.check(candidate, Implementation::First), "{verifier:?}");
        let is_evidence = !matches!(tried.verdict, Verdict::NotEvidence { .. });
        let is_ours = matches!(verifier.kdf, Kdf::Bcrypt { .. } | Kdf::Argon2 { .. } | Kdf::Pbkdf2 { .. });
        assert_eq!(tried.by == truebell_hash::NAME, is_ours && is_evidence, "{verifier:?}");
        assert_eq!(tried.by == ONE_BY_ONE, !(is_ours && is_evidence), "{verifier:?}");
    }
}

#[test]
fn every_vector_passes_the_second_look_unless_it_is_no_evidence() {
    for vector in vectors() {
        let rechecked = recheck("finding", &vector.verifier, &vector.password);
        assert_eq!(rechecked.is_ok(), vector.limit.is_none(), "{}: {rechecked:?}", vector.told);
        if let Ok(rechecked) = rechecked {
            assert_eq!(rechecked.generation(), vector.verifier.generation());
            assert_eq!(Rechecked::finding(&rechecked), &"finding");
        }
    }
}

#[test]
fn every_format_of_the_document_has_a_vector() {
    let seen: std::collections::BTreeSet<String> = vectors().into_iter().map(|vector| vector.format).collect();
    let expected = [
        "apr1",
        "argon2d",
        "argon2i",
        "argon2id",
        "aspnet-identity v2",
        "aspnet-identity v3",
        "bcrypt",
        "digest by recipe",
        "discourse",
        "django argon2",
        "django bcrypt",
        "django bcrypt_sha256",
        "django md5",
        "django md5, unsalted",
        "django pbkdf2_sha1",
        "django pbkdf2_sha256",
        "django scrypt",
        "django sha1",
        "django sha1, unsalted",
        "drupal",
        "ldap {MD5}",
        "ldap {SHA256}",
        "ldap {SHA384}",
        "ldap {SHA512}",
        "ldap {SHA}",
        "ldap {SMD5}",
        "ldap {SSHA256}",
        "ldap {SSHA384}",
        "ldap {SSHA512}",
        "ldap {SSHA}",
        "md5-crypt",
        "passlib bcrypt-sha256",
        "passlib pbkdf2",
        "pbkdf2",
        "phpass",
        "scrypt",
        "sha256-crypt",
        "sha512-crypt",
        "werkzeug md5",
        "werkzeug pbkdf2",
        "werkzeug scrypt",
        "werkzeug sha1",
        "werkzeug sha256",
        "werkzeug sha512",
        "wordpress",
        "wordpress md5",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
