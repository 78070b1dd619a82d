//! What a person does about the account itself: second factor, devices, address, Secret Key, its end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, PASSWORD, Server};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};
use truebell_core::time::UnixMillis;
use truebell_core::totp::Totp;

#[expect(clippy::disallowed_methods, reason = "the server checks the code by the real clock")]
fn code_now(uri: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Totp::parse(uri).unwrap().code(UnixMillis(u64::try_from(now).unwrap())).text.expose().to_owned()
}

/// Adds a second factor as a script does: reads the address from standard output, then gives a code.
fn add_second_factor(machine: &Machine) -> String {
    let mut command = machine.command(&["second-factor", "add", "--code-stdin", "--json"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let uri = serde_json::from_str::<Value>(&line).unwrap()["uri"].as_str().unwrap().to_owned();
    writeln!(process.stdin.take().unwrap(), "{}", code_now(&uri)).unwrap();
    assert!(process.wait().unwrap().success());
    uri
}

#[test]
fn a_second_factor_is_asked_of_new_devices_and_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let uri = add_second_factor(&ada);
    assert_eq!(ada.run(&["status", "--json"]).json()["second_factors"], serde_json::json!(["totp"]));

    let phone = Machine::new(folder.path(), "phone");
    let kit = ada.kit(folder.path());
    let without = phone.run_with(&["signin", "--kit-text", &kit, "--password-stdin"], PASSWORD);
    assert_eq!(without.status, 5, "{without:?}");
    assert_eq!(phone.run(&["status"]).status, 11, "nothing is left behind by a sign-in that failed");
    let code = folder.path().join("code");
    std::fs::write(&code, "000000").unwrap();
    let sign_in = ["signin", "--kit-text", &kit, "--password-stdin", "--code-file", &code.to_string_lossy()].map(str::to_owned);
    let wrong = phone.run_with(&sign_in.each_ref().map(String::as_str), PASSWORD);
    assert!(wrong.status == 5 && !wrong.err.contains("changed"), "{wrong:?}");

    // A code is good once: the one that added the factor has had its turn.
    let used = code_now(&uri);
    let fresh = loop {
        let fresh = code_now(&uri);
        if fresh != used {
            break fresh;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    std::fs::write(&code, fresh).unwrap();
    phone.run_with(&sign_in.each_ref().map(String::as_str), PASSWORD).ok();
}

#[test]
fn a_device_that_is_revoked_keeps_reading_and_is_told_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    ada.run(&["item", "create", "note", "--title", "Kept"]).ok();
    let phone = ada.second(folder.path(), "phone");
    let missing = ada.run(&["devices", "revoke", "fridge", "--yes"]);
    assert_eq!(missing.status, 3, "{missing:?}");
    assert_eq!(ada.run(&["devices", "revoke", "phone"]).status, 2, "nobody can be asked, so --yes is needed");
    ada.run(&["devices", "revoke", "phone", "--yes"]).ok();
    let devices = ada.run(&["devices", "--json"]).json();
    let revoked: Vec<&Value> = devices["devices"].as_array().unwrap().iter().filter(|device| device["revoked"] == true).collect();
    assert_eq!((revoked.len(), revoked[0]["name"].as_str()), (1, Some("phone")));
    assert_eq!(ada.run(&["sessions", "--json"]).json()["sessions"].as_array().unwrap().len(), 1);

    let told = phone.run(&["sync"]);
    assert!(told.status == 7 || told.status == 6, "{told:?}");
    assert!(phone.run(&["item", "list"]).ok().out.contains("Kept"), "what is on a device can be read there");
}

#[test]
fn a_new_secret_key_is_asked_for_once_on_each_other_device() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let phone = ada.second(folder.path(), "phone");
    let kit = folder.path().join("new-kit.txt");
    ada.run_with(&["secret-key", "rotate", "--kit-text", &kit.to_string_lossy(), "--yes", "--password-stdin"], PASSWORD).ok();
    let told = phone.run(&["sync"]).ok();
    assert_eq!(told.err.matches("Secret Key was replaced").count(), 1, "{told:?}");

    let text = std::fs::read_to_string(&kit).unwrap();
    let key = text.split_whitespace().find(|word| word.starts_with("TB1-")).unwrap().to_owned();
    let file = folder.path().join("key");
    std::fs::write(&file, &key).unwrap();
    phone.run(&["lock"]).ok();
    phone.run_with(&["unlock", "--password-stdin", "--secret-key-file", &file.to_string_lossy()], PASSWORD).ok();
    phone.run(&["lock"]).ok();
    phone.run_with(&["unlock", "--password-stdin"], PASSWORD).ok();
}

#[test]
fn an_account_is_deleted_after_some_days_and_can_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    assert_eq!(ada.run(&["account", "delete"]).status, 2);
    ada.run(&["account", "delete", "--yes"]).ok();
    ada.run(&["sync"]).ok();
    assert!(ada.run(&["status"]).ok().out.contains("`truebell account keep` keeps it"));
    ada.run(&["account", "keep"]).ok();
    ada.run(&["sync"]).ok();
    assert_eq!(ada.run(&["status", "--json"]).json()["deletion_due"], Value::Null);

    ada.run(&["address", "change", "countess@example.org"]).ok();
    ada.run(&["sync"]).ok();
    assert_eq!(ada.run(&["status", "--json"]).json()["email"], "countess@example.org");
}

#[test]
fn signing_out_keeps_edits_that_were_not_sent_unless_they_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    server.kill();
    ada.run(&["item", "create", "note", "--title", "Only here"]).ok();
    let refused = ada.run(&["signout", "--yes"]);
    assert!(refused.status == 1 && refused.err.contains("1 edit"), "{refused:?}");
    assert!(ada.run(&["item", "list"]).ok().out.contains("Only here"));
    server.start_again();
    ada.run(&["signout", "--yes"]).ok();
    assert_eq!(ada.run(&["status"]).status, 11);
    let back = ada.run_with(&["signin", "--kit-text", &ada.kit(folder.path()), "--password-stdin"], PASSWORD).ok();
    assert!(back.out.contains("1 item"), "{back:?}");
}

#[test]
fn who_cannot_be_reached_or_is_somebody_else_is_said_and_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::new(folder.path(), "ada");
    let kit = ada.kit(folder.path());
    let sign_up = |url: &str, more: &[&str]| {
        let arguments = [&["signup", "--server", url, "--email", "ada@example.org", "--kit-text", &kit, "--password-stdin"], more].concat();
        ada.run_with(&arguments, PASSWORD)
    };
    let nobody = sign_up("http://127.0.0.1:9", &[]);
    assert_eq!(nobody.status, 6, "{nobody:?}");
    let other = sign_up(&server.url(), &["--fingerprint", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]);
    assert_eq!(other.status, 6, "{other:?}");
    assert!(other.err.contains("fingerprint"), "{other:?}");
    assert!(!std::path::Path::new(&kit).exists(), "no kit without an account");
    assert_eq!(ada.run(&["status"]).status, 11);
    sign_up(&server.url(), &[]).ok();
    let taken = sign_up(&server.url(), &[]);
    assert_eq!(taken.status, 11, "{taken:?}");
}
