//! A notice of a real server that is taken back: its saved mail says so, its code says so, those who were told are told, and nobody else.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, Server};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The mails in the server's outbox, by their subjects.
fn outbox(folder: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("server/outbox")).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "eml") {
            let mail = std::fs::read_to_string(&path).unwrap();
            let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned();
            found.entry(subject).or_default().push(path);
        }
    }
    found
}

/// The one mail with a subject, once it is there.
fn mail(folder: &Path, subject: &str) -> String {
    for _ in 0..150 {
        if let Some(found) = outbox(folder).get(subject) {
            assert_eq!(found.len(), 1, "{subject} once");
            return found[0].to_string_lossy().into_owned();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no mail with the subject {subject:?} came: {:?}", outbox(folder));
}

fn verify(machine: &Machine, what: &str, more: &[&str]) -> (i32, Value) {
    let ended = machine.run(&[&["notice", "verify", what, "--json"], more].concat());
    let said = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended.status, said)
}

const CREATED: &str = "Your Truebell account was created";
const OPERATORS: &str = "A notice about your Truebell account was taken back";
const DEVICES: &str = "A device of your Truebell account says: that was me";

#[test]
fn what_the_operator_takes_back_is_retracted_wherever_it_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let data = server.folder().to_string_lossy().into_owned();
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let saved = mail(folder.path(), CREATED);
    let (status, said) = verify(&ada, &saved, &[]);
    assert_eq!((status, said["is"].as_str(), &said["retraction_checked"]), (0, Some("genuine"), &Value::Bool(true)), "{said}");
    let code = said["code"].as_str().unwrap().to_owned();

    let done = ada.run(&["mail", "retract", &code, "--reason", "fault", "--json", "--data", &data]).json();
    assert_eq!((&done["retracted"], &done["told"], &done["withheld"]), (&code.as_str().into(), &1.into(), &0.into()), "{done}");
    let again = ada.run(&["mail", "retract", &code, "--reason", "fault", "--data", &data]);
    assert!(again.status == 1 && again.err.contains("was taken back already"), "{again:?}");
    let never = ada.run(&["mail", "retract", "00000-00000", "--reason", "test", "--data", &data]);
    assert!(never.status == 1 && never.err.contains("never sent a notice with the code 00000-00000"), "{never:?}");

    // The very same file, and the code.
    let (status, said) = verify(&ada, &saved, &[]);
    assert_eq!((status, said["is"].as_str(), &said["corrections"][0]["code"]), (0, Some("retracted"), &done["code"]), "{said}");
    assert_eq!(said["corrections"][0]["by"], "operator");
    assert_eq!(ada.run(&["sync"]).status, 0);
    assert_eq!(verify(&ada, &code, &[]).1["is"], "retracted");
    let shown = ada.run(&["events"]).ok().out;
    assert!(shown.contains("The operator of the server says it was sent in error") && shown.contains(&code), "{shown}");
    // A changed byte is never sent, taken back or not.
    let forged = folder.path().join("forged.eml").to_string_lossy().into_owned();
    std::fs::write(&forged, std::fs::read_to_string(&saved).unwrap().replacen("Truebell never asks", "Truebell ever asks", 1)).unwrap();
    assert_eq!(verify(&ada, &forged, &[]).1["is"], "never-sent");

    // Offline it is as genuine as it was, and says that nobody was asked; the correction's own mail proves both.
    let (status, said) = verify(&ada, &saved, &["--offline"]);
    assert_eq!((status, said["is"].as_str(), &said["retraction_checked"]), (0, Some("genuine"), &Value::Bool(false)), "{said}");
    let fingerprint = ada.run(&["status", "--json"]).json()["fingerprint"].as_str().unwrap().to_owned();
    let eve = Machine::new(folder.path(), "eve");
    let (status, said) = verify(&eve, &mail(folder.path(), OPERATORS), &["--offline", "--server-key", &fingerprint]);
    assert_eq!((status, &said["is"], &said["kind"], &said["code"]), (0, &"genuine".into(), &"retracted".into(), &done["code"]), "{said}");
    assert!(said["sentence"].as_str().unwrap().contains(&code), "it names what it takes back: {said}");
    std::thread::sleep(Duration::from_secs(3));
    let counts: Vec<(String, usize)> = outbox(folder.path()).into_iter().map(|(subject, mails)| (subject, mails.len())).collect();
    assert_eq!(counts, [(OPERATORS.to_owned(), 1), (CREATED.to_owned(), 1)], "each once, and nothing else");
}

#[test]
fn what_a_device_takes_back_is_said_on_every_device_and_by_mail() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let phone = ada.second(folder.path(), "phone");
    let saved = mail(folder.path(), "Your Truebell account was opened on a new device");
    let code = verify(&phone, &saved, &[]).1["code"].as_str().unwrap().to_owned();
    let done = ada.run(&["notice", "retract", &code, "--reason", "that-was-me", "--json"]).json();
    assert_eq!(done["retracted"], code.as_str(), "{done}");
    let again = ada.run(&["notice", "retract", &code, "--reason", "mistake"]);
    assert!(again.status != 0 && again.err.contains("was taken back already"), "{again:?}");
    let (status, said) = verify(&phone, &saved, &[]);
    assert_eq!((status, said["is"].as_str(), said["corrections"][0]["by"].as_str()), (0, Some("retracted"), Some("account")), "{said}");
    phone.run(&["sync"]).ok();
    let shown = phone.run(&["events"]).ok().out;
    assert!(shown.contains("says: that was me"), "{shown}");
    assert_eq!(verify(&ada, &mail(folder.path(), DEVICES), &[]).1["kind"], "acknowledged");
    // Only whose notice it is may say so.
    let eve = Machine::signed_up(folder.path(), &server, "eve");
    let refused = eve.run(&["notice", "retract", &code, "--reason", "mistake"]);
    assert!(refused.status != 0 && refused.err.contains("is about another account"), "{refused:?}");
}
