//! A mail saved from a real server, checked by the command line: genuine offline, and never sent once a word of it was changed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, Server};
use serde_json::Value;
use std::path::Path;

/// The first mail in the server's outbox.
fn mail(folder: &Path) -> String {
    for _ in 0..100 {
        let found = std::fs::read_dir(folder.join("server/outbox")).into_iter().flatten().map(|entry| entry.unwrap().path());
        if let Some(path) = found.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "eml")) {
            return std::fs::read_to_string(path).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no mail came");
}

#[test]
fn a_mail_saved_from_a_real_run_verifies_offline_and_a_changed_one_was_never_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let (mail, saved) = (mail(folder.path()), folder.path().join("mail.eml").to_string_lossy().into_owned());
    let check = |machine: &Machine, text: &str, more: &[&str]| {
        std::fs::write(&saved, text).unwrap();
        let ended = machine.run(&[&["notice", "verify", &saved, "--json"], more].concat());
        let said: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
        (ended.status, said)
    };

    let (status, said) = check(&ada, &mail, &[]);
    assert_eq!((status, said["is"].as_str(), said["about"].as_str()), (0, Some("genuine"), Some("this-account")), "{said}");
    assert_eq!((said["kind"].as_str(), &said["retraction_checked"]), (Some("account-created"), &Value::Bool(true)), "{said}");
    let by_code = ada.run(&["notice", "verify", said["code"].as_str().unwrap(), "--json"]).json();
    assert_eq!(by_code["is"], "genuine");

    // With the server gone it is as genuine, and says that nobody could be asked.
    let fingerprint = ada.run(&["status", "--json"]).json()["fingerprint"].as_str().unwrap().to_owned();
    server.kill();
    let (status, said) = check(&ada, &mail, &[]);
    assert_eq!((status, &said["is"], &said["retraction_checked"]), (0, &"genuine".into(), &Value::Bool(false)), "{said}");
    let told = ada.run(&["notice", "verify", &saved]).ok();
    assert!(told.out.contains("Whether it was taken back since could not be checked"), "{told:?}");

    // One byte of the text, of the subject, of the proof.
    let jws = mail.find("filename=\"truebell-notice.jws\"").unwrap() + 400;
    let mut proof = mail.clone().into_bytes();
    proof[jws] = if proof[jws] == b'A' { b'B' } else { b'A' };
    let changed = [
        mail.replacen("Truebell never asks", "Truebell ever asks", 1),
        mail.replacen("Subject: Y", "Subject: T", 1),
        String::from_utf8(proof).unwrap(),
    ];
    for text in changed {
        assert_ne!(text, mail);
        let (status, said) = check(&ada, &text, &["--offline"]);
        assert_eq!((status, said["is"].as_str()), (3, Some("never-sent")), "{said}");
    }

    // Whoever has no account here knows the server by its fingerprint, and another server is told apart.
    let eve = Machine::new(folder.path(), "eve");
    let (status, said) = check(&eve, &mail, &["--server-key", &fingerprint]);
    assert_eq!((status, said["is"].as_str(), said["about"].as_str()), (0, Some("genuine"), Some("unknown")), "{said}");
    let other = format!("SHA256:{}", "A".repeat(43));
    assert_eq!(check(&eve, &mail, &["--server-key", &other]).0, 3);
    std::fs::write(&saved, &mail).unwrap();
    assert_eq!(eve.run(&["notice", "verify", &saved]).status, 11, "nobody to check it against");
    assert_eq!(ada.run(&["notice", "verify", "K7Q4-M2XD"]).status, 2, "a code of another length is a slip, and no forgery");
}
