//! Promises about locks and about new verifiers, on every published vector.

use truebell_core::chance::Chance;
use truebell_core::secret::Secret;

use super::super::lock::{Intent, NoLock, carries, is_locked, lock};
use super::super::made::{NotMade, make};
use super::super::recipe::{Dialect, Recipe, Stored};
use super::super::verifier::{Limit, Verdict, Verifier};
use super::vectors::{password_of, recipe_of, rows, stored_of};
use super::{BOTH, recipe};

const INTENT: Intent = Intent::from_bytes(*b"\x00\x10\x83\xfb\xef\xbe\xff\xff\x51\x87\x20\x92\x8b\x30\xd3\x8f");
const OTHER: Intent = Intent::from_bytes(*b"\x01\x10\x83\xfb\xef\xbe\xff\xff\x51\x87\x20\x92\x8b\x30\xd3\x8f");

struct Counting(u8);

impl Chance for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(113);
            *byte = self.0;
        }
    }
}

#[test]
fn every_verifier_has_a_lock_of_its_length_that_carries_its_intent_and_no_other() {
    for row in rows() {
        let (stored, recipe) = (stored_of(&row), recipe_of(&row));
        let locked = lock(&stored, &recipe, INTENT).unwrap_or_else(|error| panic!("{}: {error}", stored.verifier));
        let text = locked.expose();
        assert_eq!(text.len(), stored.verifier.len(), "{text}");
        assert!(carries(text, INTENT) && !carries(text, OTHER), "{text}");
        assert!(!carries(stored.verifier, INTENT) && !is_locked(stored.verifier), "{}", stored.verifier);
        assert_eq!(lock(&stored, &recipe, INTENT).as_ref(), Ok(&locked), "the same each time");
        assert_ne!(lock(&stored, &recipe, OTHER).as_ref(), Ok(&locked));
    }
}

#[test]
fn no_lock_is_opened_by_the_password_it_locks_out() {
    for row in rows() {
        let (stored, recipe) = (stored_of(&row), recipe_of(&row));
        let locked = lock(&stored, &recipe, INTENT).expect(stored.verifier);
        // What cannot be parsed is a lock too: every encoder writes something else.
        if let Ok(verifier) = Verifier::parse(&Stored { verifier: locked.expose(), ..stored }, &recipe) {
            for by in BOTH {
                assert_ne!(verifier.check(&password_of(&row), by), Verdict::Matches, "{}", locked.expose());
            }
        }
    }
}

#[test]
fn a_lock_keeps_what_the_site_needs_and_changes_what_ends_its_sessions() {
    insta::assert_snapshot!(shown(), @r"
    $2y$12$ABCD....//9RhyCSizDTj.ABCD....//9RhyCSizDTjwtruebells
    $wp$2y$10$ABCD....//9RhyCSizDTj.ABCD....//9RhyCSizDTjwtruebells
    $P$9ABCD....ABCD....//9RhyCSizDTjw
    001083fbefbeffff518720928b30d38f
    $argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$ABCD++++//9RhyCSizDTj3RydWViZWxsdHJ1ZWJlbGw
    sha1$seasalt$001083fbefbeffff518720928b30d38f74727565
    pbkdf2_sha256$1000000$salt$ABCD++++//9RhyCSizDTj3RydWViZWxsdHJ1ZWJlbGw=
    $6$saltstring$ABCD....//9RhyCSizDTjwtruebelltruebelltruebelltruebelltruebelltruebelltruebelltruebell
    {SSHA}ABCD++++//9RhyCSizDTj3RydWUAAAAA
    001083fbefbeffff518720928b30d38f7472756562656c6c7472756562656c6c
    ");
}

fn shown() -> String {
    let columns = Stored {
        salt: Some("ab"),
        parameters: Some("$pbkdf2-sha256$i=600000,l=32$"),
        ..Stored::of("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
    };
    let cases = [
        ("plain", Stored::of("$2y$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")),
        ("wordpress", Stored::of("$wp$2y$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")),
        ("wordpress", Stored::of("$P$984478476IagS59wHZvyQMArzfx58u.")),
        ("wordpress", Stored::of("5f4dcc3b5aa765d61d8327deb882cf99")),
        ("plain", Stored::of("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")),
        ("django", Stored::of("sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8")),
        ("django", Stored::of("pbkdf2_sha256$1000000$salt$3c+6Yq1hRMLBvEY0QCsxDbcxI0f3y4yBGdN7sJmYMq0=")),
        ("plain", Stored::of("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")),
        ("plain", Stored::of("{SSHA}yfkdhmMGMbK0tUzuCqXwo9JvTTsAAAAA")),
        ("pbkdf2-columns", columns),
    ];
    let line = |(name, stored): &(&str, Stored<'_>)| match lock(stored, &recipe(name), INTENT) {
        Ok(locked) => format!("{}\n", locked.expose()),
        Err(error) => format!("{error}\n"),
    };
    cases.iter().map(line).collect()
}

#[test]
fn long_digests_say_that_they_are_locks_without_knowing_the_intent() {
    let seen: Vec<(String, bool)> = rows()
        .iter()
        .map(|row| {
            let locked = lock(&stored_of(row), &recipe_of(row), INTENT).expect("a lock");
            (row["format"].as_str().expect("a format").to_owned(), is_locked(locked.expose()))
        })
        .collect();
    for name in [
        "bcrypt",
        "django pbkdf2_sha256",
        "django argon2",
        "wordpress",
        "discourse",
        "sha512-crypt",
        "aspnet-identity v3",
        "ldap {SSHA256}",
    ] {
        let of_name: Vec<bool> = seen.iter().filter(|(format, _)| format == name).map(|(_, is)| *is).collect();
        assert!(!of_name.is_empty() && of_name.iter().all(|is| *is), "{name}: {of_name:?}");
    }
}

#[test]
fn what_is_not_read_has_no_lock() {
    let plain = Recipe::named(Dialect::Plain);
    for text in ["", "!", "!x", "*", "$y$j9T$abc$def", "md5$a$b", "letmein", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"]
    {
        assert!(matches!(lock(&Stored::of(text), &plain, INTENT), Err(NoLock::Unreadable(_))), "{text}");
    }
    // A lock of bcrypt is no bcrypt: nothing locks it again.
    let locked = lock(&Stored::of("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"), &plain, INTENT).expect("a lock");
    assert!(lock(&Stored::of(locked.expose()), &plain, OTHER).is_err());
}

#[test]
fn a_new_verifier_is_of_the_accounts_family_and_opens_for_the_new_password_alone() {
    let django_argon2 = "argon2$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let cases = [
        ("plain", "$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2y$10$", "bcrypt"),
        (
            "plain",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$",
            "argon2id",
        ),
        ("django", django_argon2, "argon2$argon2id$v=19$m=256,t=2,p=1$", "django argon2"),
        ("django", "pbkdf2_sha256$10$salt$3c+6Yq1hRMLBvEY0QCsxDbcxI0f3y4yBGdN7sJmYMq0=", "pbkdf2_sha256$1000000$", "django pbkdf2_sha256"),
        ("django", "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8", "pbkdf2_sha256$1000000$", "django pbkdf2_sha256"),
        (
            "django",
            "bcrypt_sha256$$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "bcrypt_sha256$$2b$10$",
            "django bcrypt_sha256",
        ),
        ("wordpress", "$wp$2y$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$wp$2y$10$", "wordpress"),
        ("wordpress", "$P$984478476IagS59wHZvyQMArzfx58u.", "$P$B", "phpass"),
        ("wordpress", "5f4dcc3b5aa765d61d8327deb882cf99", "$P$B", "wordpress md5"),
    ];
    let password = Secret::new("a new pässword");
    for (name, old, head, _) in cases {
        let recipe = recipe(name);
        for like in [old.to_owned(), lock(&Stored::of(old), &recipe, INTENT).expect(old).expose().to_owned()] {
            let made = make(&password, &Stored::of(&like), &recipe, &mut Counting(7)).unwrap_or_else(|error| panic!("{like}: {error}"));
            let stored = made.stored(None);
            assert!(stored.verifier.starts_with(head) && stored.verifier.len() <= 128, "{}", stored.verifier);
            let verifier = Verifier::parse(&stored, &recipe).expect("it is read");
            for by in BOTH {
                assert_eq!(verifier.check(password.expose().as_bytes(), by), Verdict::Matches, "{}", stored.verifier);
                assert_eq!(verifier.check(b"another", by), Verdict::Differs, "{}", stored.verifier);
            }
            let again = make(&password, &Stored::of(&like), &recipe, &mut Counting(8)).expect("it is made");
            assert_ne!(again, made, "another salt");
        }
    }
}

#[test]
fn discourses_three_columns_are_made_together() {
    let recipe = recipe("pbkdf2-columns");
    let made =
        make(&Secret::new("a new one"), &Stored { salt: Some("ab"), ..Stored::of("00") }, &recipe, &mut Counting(7)).expect("it is made");
    let stored = made.stored(None);
    assert_eq!(
        (stored.verifier.len(), stored.salt.map(str::len), stored.parameters),
        (64, Some(32), Some("$pbkdf2-sha256$i=600000,l=32$"))
    );
    let verifier = Verifier::parse(&stored, &recipe).expect("it is read");
    assert!(BOTH.iter().all(|by| verifier.check(b"a new one", *by) == Verdict::Matches));
}

#[test]
fn what_would_not_keep_the_whole_password_is_not_made() {
    let bcrypt = Stored::of("$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
    let plain = Recipe::named(Dialect::Plain);
    let of = |password: &str| make(&Secret::new(password), &bcrypt, &plain, &mut Counting(7));
    assert_eq!(of(&"x".repeat(72)), Err(NotMade::Unfit(Limit::CutOff)));
    assert_eq!(of("nul\0"), Err(NotMade::Unfit(Limit::NulByte)));
    assert_eq!(of(""), Err(NotMade::Unfit(Limit::Empty)));
    for text in [
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        "",
        "!x",
        "5f4dcc3b5aa765d61d8327deb882cf99",
    ] {
        assert_eq!(make(&Secret::new("new"), &Stored::of(text), &plain, &mut Counting(7)), Err(NotMade::Family), "{text}");
    }
}
