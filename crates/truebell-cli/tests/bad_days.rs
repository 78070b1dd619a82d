//! Days on which things break, on real processes: killed in the middle, another server at the address, very large and very strange items.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a story that cannot go on is a failed test")]

mod world;

use std::path::Path;
use std::time::Duration;
use world::{Device, PASSWORD, Server, Store};

fn signed_up(folder: &Path, server: &Server) -> (Device, String) {
    let device = Device::new(folder, "laptop");
    let kit = folder.join("kit.txt").to_string_lossy().into_owned();
    let url = server.url();
    device.run_with(&["signup", "--server", &url, "--email", "ada@example.org", "--kit-text", &kit, "--password-stdin", "--yes"], PASSWORD);
    (device, kit)
}

fn titles(device: &Device) -> Vec<String> {
    let listed = device.json(&["item", "list", "--json"]);
    listed["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

fn create<'a>(title: &'a str, password_file: &'a str) -> [&'a str; 10] {
    ["--no-agent", "item", "create", "login", "--title", title, "--set-stdin", "password", "--password-file", password_file]
}

#[test]
fn client_and_server_killed_at_any_moment_lose_nothing_acknowledged_and_leave_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), Store::Sqlite);
    let (laptop, kit) = signed_up(folder.path(), &server);
    laptop.run(&["lock"]);
    let password = folder.path().join("password").to_string_lossy().into_owned();
    std::fs::write(&password, PASSWORD).unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..16_u32 {
        let title = format!("round {round}");
        // Some are killed while they derive the key, some while they write, some while they send; some come through.
        let patience = Duration::from_millis(u64::from(150 + round * 53 % 700));
        if laptop.run_for(&create(&title, &password), &format!("secret {round}\n"), patience) {
            acknowledged.push(title);
        }
        if round % 4 == 3 {
            server.stop();
            server.start_again();
        }
    }
    laptop.run_with(&create("the last", &password), "secret\n");
    acknowledged.push("the last".into());

    laptop.run_with(&["unlock", "--password-stdin"], PASSWORD);
    laptop.run(&["sync"]);
    let phone = Device::new(folder.path(), "phone");
    phone.run_with(&["signin", "--kit-text", &kit, "--password-stdin", "--yes"], PASSWORD);
    let here = titles(&laptop);
    assert_eq!(here, titles(&phone));
    for title in &acknowledged {
        assert_eq!(here.iter().filter(|other| *other == title).count(), 1, "{title} of {here:?}");
    }
    for title in &here {
        assert!(phone.run(&["item", "get", title, "--field", "password"]).starts_with("secret"), "{title} is half there");
    }
}

#[test]
fn another_server_at_the_same_address_is_not_believed_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), Store::Sqlite);
    let (laptop, _) = signed_up(folder.path(), &server);
    laptop.run(&["item", "create", "secure-note", "--title", "kept"]);
    server.stop();
    server.forget_everything();
    server.start_again();
    let said = laptop.fail(&["sync"], "");
    assert!(!said.contains("your account was") && !said.contains("password"), "{said}");
    assert_eq!(titles(&laptop), ["kept"]);
}

#[test]
fn a_large_item_and_names_in_every_script_travel_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), Store::Sqlite);
    let (laptop, kit) = signed_up(folder.path(), &server);
    let names = ["Ελληνικά", "Русский", "עברית", "العربية", "हिन्दी", "日本語", "한국어", "ไทย", "ქართული", "👩‍👩‍👧 family", "e\u{301}"];
    for name in names {
        laptop.run(&["item", "create", "login", "--title", name, "--username", name]);
    }
    let note = "a line of a very long note\n".repeat((1 << 20) / 27);
    laptop.run_with(&["item", "create", "secure-note", "--title", "large", "--note-stdin"], &note);
    laptop.run(&["sync"]);
    let phone = Device::new(folder.path(), "phone");
    phone.run_with(&["signin", "--kit-text", &kit, "--password-stdin", "--yes"], PASSWORD);
    let there = titles(&phone);
    for name in names {
        assert!(there.iter().any(|title| title == name), "{name} of {there:?}");
    }
    let large = phone.json(&["item", "get", "large", "--json", "--reveal"]);
    assert!(large.to_string().matches("a line of a very long note").count() > 38_000);
}
