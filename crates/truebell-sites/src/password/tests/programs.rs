//! Other people's programs as judges: the C library's `crypt` through Perl, and OpenSSL. They share no code with either implementation.
//! Both are on every machine that can build this (Debian's `perl-base` is essential, and Git needs Perl); a machine without them fails.

use std::io::Write;
use std::process::{Command, Stdio};

use super::super::recipe::{Dialect, Recipe, Stored};
use super::super::verifier::{Verdict, Verifier};
use super::BOTH;

const PASSWORDS: [&str; 9] = [
    "a",
    "hunter2",
    "pässwörd",
    "日本語のパスワード",
    "it's \"so\"",
    "sixteen letters!",
    "x y z",
    "$1$",
    "0123456789012345678901234567890123456789012345678901234567890123",
];

fn verify(text: &str, password: &str) {
    let verifier =
        Verifier::parse(&Stored::of(text), &Recipe::named(Dialect::Plain)).unwrap_or_else(|unreadable| panic!("{text}: {unreadable}"));
    for by in BOTH {
        assert_eq!(verifier.check(password.as_bytes(), by), Verdict::Matches, "{by:?}: {text}");
        assert_eq!(verifier.check(format!("{password}.").as_bytes(), by), Verdict::Differs, "{by:?}: {text}");
    }
}

/// What the program answers to one line on its input.
fn answer(command: &mut Command, line: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("its input").write_all(line.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn the_c_library_and_both_implementations_agree() {
    let settings = [
        "$1$salt",
        "$1$",
        "$5$rounds=1000$saltsalt",
        "$5$rounds=1234$0123456789abcdef",
        "$6$rounds=1000$s",
        "$6$rounds=1001$0123456789abcdef",
        "$2b$04$abcdefghijklmnopqrstuu",
        "$2y$05$/OK.fbVrR/bpIqNJ5ianF.",
        "$2a$04$CCCCCCCCCCCCCCCCCCCCC.",
    ];
    for setting in settings {
        for password in PASSWORDS {
            let mut perl = Command::new("perl");
            perl.args(["-e", "$p = <STDIN>; chomp $p; print crypt($p, $ARGV[0])", setting]);
            let made = answer(&mut perl, &format!("{password}\n"));
            assert!(made.starts_with(setting), "the C library does not know {setting}");
            verify(&made, password);
        }
    }
}

#[test]
fn openssl_and_both_implementations_agree() {
    for kind in ["-1", "-apr1", "-5", "-6"] {
        for password in PASSWORDS {
            let mut openssl = Command::new("openssl");
            openssl.args(["passwd", kind, "-salt", "s.lt/AZ", "-stdin"]);
            verify(&answer(&mut openssl, &format!("{password}\n")), password);
        }
    }
}
