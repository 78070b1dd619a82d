//! What is not read, not run or not evidence; and that no digest is ever shown.

use super::super::recipe::{Dialect, Recipe, Stored};
use super::super::template::{Template, TemplateError};
use super::super::verifier::{Limit, Verdict, Verifier};
use super::super::{Shape, Unreadable};
use super::{BOTH, recipe};

fn unreadable(text: &str, name: &str) -> String {
    match Verifier::parse(&Stored::of(text), &recipe(name)) {
        Err(unreadable) => unreadable.to_string(),
        Ok(verifier) => format!("read as {}", verifier.format()),
    }
}

const MD5: &str = "5f4dcc3b5aa765d61d8327deb882cf99";

/// Verifier, recipe, sentence.
const UNREAD: &[(&str, &str, &str)] = &[
    ("", "plain", "no usable password"),
    ("!", "django", "no usable password"),
    ("!A1b2C3", "django", "no usable password"),
    ("*", "plain", "no usable password"),
    (MD5, "plain", "unknown format (hexadecimal, 32 letters)"),
    (MD5, "django", "read as django md5, unsalted"),
    (MD5, "wordpress", "read as wordpress md5"),
    ("1234567890", "plain", "unknown format (digits, 10 letters)"),
    ("rqXexS6ZhobKA", "plain", "unknown format (base64, 13 letters)"),
    ("r.XexS6ZhobKA", "plain", "unknown format (letters as crypt(3) writes them, 13 letters)"),
    ("pässwort", "plain", "unknown format (text beyond ASCII, 8 letters)"),
    ("hunter2!", "plain", "unknown format (printable text, 8 letters)"),
    ("$y$j9T$abc$def", "plain", "unknown format (`$y$…`, 14 letters)"),
    ("$7$C6..../....Salt$aqVb", "plain", "unknown format (`$7$…`, 23 letters)"),
    ("{PKCS5S2}abcd", "plain", "unknown format (`{PKCS5S2}…`, 13 letters)"),
    ("{secret}abcd", "plain", "unknown format (printable text, 12 letters)"),
    ("5f4dcc3b5aa7$65d61d83", "plain", "unknown format (printable text, 21 letters)"),
    (
        "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
        "plain",
        "bcrypt: it marks digests of a faulty program in which unlike passwords match",
    ),
    ("$2$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "plain", "bcrypt: only 2a, 2b and 2y are read"),
    ("$2b$03$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "plain", "bcrypt: its cost is not between 04 and 31"),
    ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3", "plain", "bcrypt: salt and digest are not 53 letters"),
    ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3f", "plain", "bcrypt: salt or digest is not in bcrypt's letters"),
    (
        "$2b$31$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
        "plain",
        "bcrypt: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    ("sha1$salt$7505d64a54e061b7acd54ccd58b49dc43500b635", "plain", "unknown format (`sha1$…`, 50 letters)"),
    ("pbkdf2:sha256$salt$00", "werkzeug", "unknown format (`pbkdf2:…`, 21 letters)"),
    ("pbkdf2_sha256$0$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "django", "django pbkdf2_sha256: it has no rounds"),
    (
        "pbkdf2_sha256$1e9$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "django",
        "django pbkdf2_sha256: a number in it cannot be read",
    ),
    ("scrypt$100$salt$8$1$AA==", "django", "django scrypt: its digest is not 64 bytes in base64"),
    ("bcrypt_sha512$$2b$05$x", "django", "unknown format (`bcrypt_sha…`, 22 letters)"),
    (
        "$argon2id$v=19$m=8,t=1,p=1,keyid=AA$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "argon2id: its parameters are not m, t and p (a key id or associated data is not read)",
    ),
    ("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAA", "plain", "argon2id: its digest is too short to be evidence"),
    ("$argon2id$v=19$m=8,t=1,p=4$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "plain", "argon2id: its parameters are below what Argon2 takes"),
    (
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "argon2id: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    (
        "$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "argon2id: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    (
        "$scrypt$ln=30,r=8,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "scrypt: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    (
        "$scrypt$ln=63,r=1048576,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "scrypt: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    (
        "$scrypt$ln=10,r=1,p=1073741823$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "scrypt: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    ("$scrypt$ln=16,r=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "plain", "scrypt: its parameters are not what scrypt takes"),
    ("$scrypt$ln=4,r=0,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "plain", "scrypt: its parameters are not what scrypt takes"),
    (
        "$pbkdf2-sha512$4294967295$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "passlib pbkdf2: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    ("$pbkdf2-sha256$i=1,l=5$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "plain", "pbkdf2: its digest is not as long as it says"),
    (
        "$pbkdf2-sha256$i=1$c29tZXNhbHQ=$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "pbkdf2: salt or digest is missing, or not in base64 without padding",
    ),
    (
        "$pbkdf2-sha256$i=1$c29tZXNhbHR$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
        "pbkdf2: salt or digest is missing, or not in base64 without padding",
    ),
    ("$6$rounds=999$salt$x", "plain", "sha512-crypt: its rounds are not between 1,000 and 999,999,999"),
    (
        "$6$rounds=999999999$salt$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        "plain",
        "sha512-crypt: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    ("$6$12345678901234567$x", "plain", "sha512-crypt: its salt is longer than 16 letters"),
    ("$5$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc", "plain", "sha256-crypt: its digest is not 43 or 86 letters"),
    ("$1$salt", "plain", "md5-crypt: it has no digest"),
    ("$P$B84478476IagS59wHZvyQMArzfx58u~", "plain", "phpass: salt or digest is cut or not in its letters"),
    ("$P$1984478476IagS59wHZvyQMArzfx58u", "plain", "phpass: its rounds are not between 2^7 and 2^30"),
    (
        "$P$S84478476IagS59wHZvyQMArzfx58u.",
        "plain",
        "phpass: asks for more memory or time than any site would spend on one password, and is not run",
    ),
    ("{SSHA}uJ6qx+YUFzQbcQtyd2gpTQ5qJ3s=", "plain", "ldap {SSHA}: it has a salt where it should not, or none where it should"),
    ("{SHA}uJ6qx", "plain", "ldap {SHA}: it is not base64"),
    ("AQ==", "aspnet-identity", "aspnet-identity v3: it is cut"),
    ("AAAB", "aspnet-identity", "aspnet-identity v2: it is not 49 bytes"),
    ("hello", "aspnet-identity", "unknown format (base64, 5 letters)"),
    ("abc", "pbkdf2-columns", "the recipe needs salt, which this row does not have"),
];

#[test]
fn what_is_not_read_is_named_in_a_sentence() {
    for (text, recipe, expected) in UNREAD {
        assert_eq!(unreadable(text, recipe), *expected, "{text} as {recipe}");
    }
}

#[test]
fn a_very_long_verifier_is_not_read_at_all() {
    let text = format!("$2b$05${}", "a".repeat(5000));
    assert_eq!(unreadable(&text, "plain"), "unknown format (`$2b$…`, 5007 letters)");
}

#[test]
fn neither_errors_nor_debug_show_a_letter_of_a_digest() {
    let digest = "9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ";
    for start in ["", "$", "{", "$y$", "$unknown$", "md5$", "U$", "$argon2id$v=19$", "$scrypt$", "sha1$salt$", "$2b$05$"] {
        for name in ["plain", "django", "werkzeug", "wordpress", "aspnet-identity", "pbkdf2-columns"] {
            let text = format!("{start}{digest}");
            let stored = Stored { salt: Some(digest), parameters: Some(digest), user: Some(digest), ..Stored::of(&text) };
            let told = format!("{stored:?} {:?} {}", Verifier::parse(&stored, &recipe(name)), Shape::of(&text));
            assert!(!told.contains("9sT") && !told.contains("xpQ"), "{told}");
        }
    }
    let read =
        Verifier::parse(&Stored::of("$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY"), &recipe("plain"));
    assert_eq!(format!("{read:?}"), "Ok(Verifier(argon2i))");
}

#[test]
fn what_a_match_would_not_prove_is_no_evidence() {
    const CRYPT: &str =
        "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.";
    const BCRYPT: &str = "$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    const WORDPRESS: &str = "$wp$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    const PBKDF2: &str = "$pbkdf2$i=1,l=20$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y";
    const ARGON2: &str = "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY";
    let cases: &[(&str, &[u8], Option<Limit>)] = &[
        (BCRYPT, &[b'a'; 71], None),
        (BCRYPT, &[b'a'; 72], Some(Limit::CutOff)),
        (BCRYPT, b"a\0a", Some(Limit::NulByte)),
        (BCRYPT, b"a\0", Some(Limit::NulByte)),
        (BCRYPT, b"", Some(Limit::Empty)),
        (WORDPRESS, &[b'a'; 72], None),
        (WORDPRESS, b"a\0a", None),
        (CRYPT, b"a\0a", Some(Limit::NulByte)),
        (CRYPT, &[b'a'; 4097], Some(Limit::TooLong)),
        (PBKDF2, b"a\0", Some(Limit::NulAtEnd)),
        (PBKDF2, b"a\0a", None),
        (ARGON2, b"a\0", None),
        (ARGON2, &[b'a'; 4096], None),
    ];
    for (text, password, expected) in cases {
        let verifier = Verifier::parse(&Stored::of(text), &recipe("plain")).expect(text);
        let expected = expected.map_or(Verdict::Differs, |why| Verdict::NotEvidence { why });
        for by in BOTH {
            assert_eq!(verifier.check(password, by), expected, "{text}, {} bytes", password.len());
        }
    }
}

#[test]
fn a_password_that_the_site_could_not_have_kept_is_no_evidence() {
    let recipe = Recipe::digest("md5(utf16le(password))").expect("a template");
    let verifier = Verifier::parse(&Stored::of("5f4dcc3b5aa765d61d8327deb882cf99"), &recipe).expect("a verifier");
    let why = Limit::NotText;
    assert_eq!(BOTH.map(|by| verifier.check(b"\xff", by)), [Verdict::NotEvidence { why }; 2]);
    let keyed = Recipe::digest("hmac_md5(password, salt)").expect("a template");
    let stored = Stored { salt: Some("s"), ..Stored::of("5f4dcc3b5aa765d61d8327deb882cf99") };
    let verifier = Verifier::parse(&stored, &keyed).expect("a verifier");
    let why = Limit::NulAtEnd;
    assert_eq!(BOTH.map(|by| verifier.check(b"a\0", by)), [Verdict::NotEvidence { why }; 2]);
}

#[test]
fn a_row_that_does_not_fit_its_recipe_is_found_when_it_is_read() {
    let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
    let digest = |template: &str, stored: Stored<'_>| Verifier::parse(&stored, &Recipe::digest(template).expect(template)).map(|_| ());
    assert_eq!(digest("md5(salt+password)", Stored::of(md5)), Err(Unreadable::Missing("salt")));
    assert_eq!(digest("md5(user+password)", Stored::of(md5)), Err(Unreadable::Missing("user")));
    assert_eq!(digest("md5(pepper+password)", Stored::of(md5)), Err(Unreadable::Missing("pepper")));
    let not_hex = Stored { salt: Some("xyz"), ..Stored::of(md5) };
    assert!(matches!(digest("md5(unhex(salt)+password)", not_hex), Err(Unreadable::Broken { .. })));
    assert!(matches!(digest("sha1(password)", Stored::of(md5)), Err(Unreadable::Broken { .. })), "a digest of another length");
    assert!(matches!(digest("md5(password)", Stored::of("hunter2")), Err(Unreadable::Unknown(_))), "no digest at all");
    let named = Recipe::named(Dialect::Plain).with_candidate("password+pepper").expect("a template");
    let bcrypt = "$2b$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    assert_eq!(
        Verifier::parse(&Stored::of(bcrypt), &named).map(|_| ()),
        Err(Unreadable::Missing("pepper")),
        "the secret's file was not given"
    );
}

#[test]
fn a_template_that_would_match_everybody_is_refused() {
    let cases: &[(&str, TemplateError)] = &[
        ("md5(salt)", TemplateError::NoPassword),
        ("md5('password')", TemplateError::NoPassword),
        ("md4(password)", TemplateError::Word("md4".to_owned())),
        ("passwort", TemplateError::Word("passwort".to_owned())),
        ("md5(password", TemplateError::Syntax(13)),
        ("md5(password))", TemplateError::Syntax(14)),
        ("md5(password+)", TemplateError::Syntax(14)),
        ("md5(password+'x)", TemplateError::Syntax(15)),
        ("", TemplateError::Syntax(1)),
        ("md5(password, salt)", TemplateError::Arguments { name: "md5".to_owned(), wanted: "one value" }),
        ("hmac_md5(password)", TemplateError::Arguments { name: "hmac_md5".to_owned(), wanted: "a key and a message" }),
    ];
    for (text, expected) in cases {
        assert_eq!(Template::parse(text).as_ref(), Err(expected), "{text}");
    }
    assert_eq!(Template::parse(&format!("{}password{}", "md5(".repeat(9), ")".repeat(9))), Err(TemplateError::TooLong));
    assert_eq!(Template::parse(&format!("password{}", "+salt".repeat(200))), Err(TemplateError::TooLong));
    for plain in ["password", "password+salt", "md5_raw(password)", "base64(password)", "hex(salt+password)", "upper(password)"] {
        assert_eq!(Recipe::digest(plain).err(), Some(TemplateError::NoDigest), "{plain}");
    }
}
