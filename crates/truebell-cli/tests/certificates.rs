//! A server with a certificate authority of its own, and people who trust it: real processes, real TLS. Also what is said about each
//! thing that can be wrong with a certificate, and that a server takes a renewed one without a restart.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Ended, Machine, PASSWORD, Server};
use std::path::{Path, PathBuf};

/// A file of `testdata/tls`.
fn file(name: &str) -> String {
    format!("{}/../../testdata/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The server's own copy of its certificate, which the tests change under it.
struct Shown(PathBuf);

impl Shown {
    fn new(folder: &Path, name: &str) -> Self {
        let shown = Self(folder.to_owned());
        shown.change(name);
        shown
    }

    fn change(&self, name: &str) {
        for end in ["pem", "key"] {
            std::fs::copy(file(&format!("{name}.{end}")), self.0.join(format!("server.{end}"))).unwrap();
        }
    }

    fn server(&self) -> Server {
        let setting = |name: &str, end: &str| format!("{name}={}", self.0.join(format!("server.{end}")).display());
        let (certificate, key) = (setting("tls_certificate", "pem"), setting("tls_key", "key"));
        Server::start_with(&self.0, &["--set", &certificate, "--set", &key])
    }
}

fn sign_up(machine: &Machine, folder: &Path, server: &Server, authority: Option<&str>) -> Ended {
    let kit = machine.kit(folder);
    let url = server.url();
    let mut arguments = vec!["signup", "--server", &url, "--email", "ada@example.org", "--kit-text", &kit, "--password-stdin"];
    arguments.extend(authority.iter().flat_map(|file| ["--ca-file", file]));
    machine.run_with(&arguments, PASSWORD)
}

/// What a sync says, by a process of its own with a connection of its own.
fn sync(machine: &Machine) -> String {
    let ended = machine.run_with(&["sync", "--no-agent", "--password-stdin", "--json"], PASSWORD);
    format!("{}{}", ended.out, ended.err)
}

#[track_caller]
fn assert_said(said: &str, words: &str) {
    assert!(said.contains(words), "{said}");
    for alarm in ["password was", "was changed", "was reset", "signed out", "new device"] {
        assert!(!said.to_lowercase().contains(alarm), "{said}");
    }
}

#[test]
fn an_authority_given_once_is_remembered_by_its_profile_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Shown::new(folder.path(), "localhost").server();
    let copy = folder.path().join("ours.pem");
    std::fs::copy(file("authority.pem"), &copy).unwrap();
    let laptop = Machine::new(folder.path(), "laptop");
    let refused = sign_up(&laptop, folder.path(), &server, None);
    assert_eq!(refused.status, 6, "{refused:?}");
    assert_said(&refused.err, "not signed by an authority this device trusts");
    sign_up(&laptop, folder.path(), &server, copy.to_str()).ok();
    // The profile keeps what counts, not where it was.
    std::fs::remove_file(&copy).unwrap();
    laptop.run(&["item", "create", "login", "--title", "Mail"]).ok();
    assert_eq!(laptop.run(&["sync", "--json"]).json()["view"]["is"], "up-to-date");
    laptop.run(&["lock"]).ok();
    assert_said(&sync(&laptop), "up-to-date");

    let kit = laptop.kit(folder.path());
    let phone = Machine::new(folder.path(), "phone");
    let signin = ["signin", "--kit-text", &kit, "--password-stdin"];
    assert_said(&phone.run_with(&signin, PASSWORD).err, "not signed by an authority this device trusts");
    let authority = file("authority.pem");
    phone.run_with(&[&signin[..], &["--ca-file", &authority]].concat(), PASSWORD).ok();
    assert_said(&phone.run(&["item", "list"]).ok().out, "Mail");
    let test = ["kit", "test", "--kit-text", &kit, "--password-stdin"];
    laptop.run_with(&test, PASSWORD).ok();
    let nobody = Machine::new(folder.path(), "nobody");
    assert_said(&nobody.run_with(&test, PASSWORD).err, "not signed by an authority this device trusts");
    nobody.run_with(&[&test[..], &["--ca-file", &authority]].concat(), PASSWORD).ok();
}

#[test]
fn an_authority_that_was_replaced_is_given_again_when_the_account_is_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Shown::new(folder.path(), "localhost").server();
    let laptop = Machine::new(folder.path(), "laptop");
    sign_up(&laptop, folder.path(), &server, Some(&file("authority.pem"))).ok();
    // An agent that has the account open lets go of it.
    laptop.run_with(&["unlock", "--ca-file", &file("stranger.pem"), "--password-stdin"], PASSWORD).ok();
    assert_said(&laptop.run(&["sync", "--json"]).err, "not signed by an authority this device trusts");
    laptop.run_with(&["unlock", "--ca-file", &file("authority.pem"), "--password-stdin"], PASSWORD).ok();
    assert_eq!(laptop.run(&["sync", "--json"]).json()["view"]["is"], "up-to-date");
}

#[test]
fn each_thing_wrong_with_a_certificate_or_its_authority_has_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let laptop = Machine::new(folder.path(), "laptop");
    for (shown, authority, words) in [
        ("localhost", "stranger.pem", "not signed by an authority this device trusts"),
        ("expired", "authority.pem", "has run out or is not valid yet"),
        ("elsewhere", "authority.pem", "is for another name than the address this device uses"),
        ("localhost", "nothing.pem", "The certificate authority in "),
        ("localhost", "localhost.key", "is not a certificate authority: it holds no certificate"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let server = Shown::new(data.path(), shown).server();
        let refused = sign_up(&laptop, folder.path(), &server, Some(&file(authority)));
        assert_ne!(refused.status, 0);
        assert_said(&refused.err, words);
        assert_eq!(refused.err.trim().lines().count(), 1, "{refused:?}");
    }
}

#[test]
fn a_renewed_certificate_is_taken_without_a_restart_and_one_that_is_none_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let shown = Shown::new(folder.path(), "localhost");
    let server = shown.server();
    let laptop = Machine::new(folder.path(), "laptop");
    sign_up(&laptop, folder.path(), &server, Some(&file("authority.pem"))).ok();
    laptop.run(&["lock"]).ok();
    let becomes = |words: &str| {
        // The signal is on its way while the first of these asks.
        for _ in 0..20 {
            if sync(&laptop).contains(words) {
                return;
            }
        }
        panic!("{:?} and not {words:?}", sync(&laptop));
    };
    assert_said(&sync(&laptop), "up-to-date");
    shown.change("elsewhere");
    assert_said(&sync(&laptop), "up-to-date");
    server.signal("HUP");
    becomes("is for another name");
    std::fs::write(folder.path().join("server.pem"), "no certificate").unwrap();
    server.signal("HUP");
    // It goes on with what it had.
    assert_said(&sync(&laptop), "is for another name");
    shown.change("renewed");
    server.signal("HUP");
    becomes("up-to-date");
}
