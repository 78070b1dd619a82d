//! The main job, on real processes and real input: a person signs up, brings the passwords of today, has them on a second
//! device, loses no edit made while the server was gone, and is told the truth once when the password changes.
//!
//! The same story on SQLite and on PostgreSQL. Nothing here reaches into the product: only the command line is used.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a story that cannot go on is a failed test")]

mod world;

use serde_json::Value;
use std::path::Path;
use world::{Device, PASSWORD, Server, Store, keepassxc_database};

const NEW_PASSWORD: &str = "a new and longer pass phrase";

fn fixture(folder: &Path, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/story").join(name);
    let copy = folder.join(name);
    std::fs::copy(path, &copy).unwrap();
    copy.to_string_lossy().into_owned()
}

fn titles(device: &Device) -> Vec<String> {
    let listed: Value = device.json(&["item", "list", "--json"]);
    let items = listed.as_array().or_else(|| listed["items"].as_array()).unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

fn tell(store: Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), store);
    let laptop = Device::new(folder.path(), "laptop");
    let phone = Device::new(folder.path(), "phone");
    let kit = folder.path().join("kit.pdf").to_string_lossy().into_owned();

    // A thousand entries of KeePassXC's own making, a Bitwarden export and a 1PUX come in on the first device.
    laptop.run_with(
        &["signup", "--server", &server.url(), "--email", "ada@example.org", "--kit", &kit, "--password-stdin", "--yes"],
        PASSWORD,
    );
    let database = keepassxc_database(folder.path());
    laptop.run_with(&["import", &database, "--dry-run", "--import-password-stdin"], world::KDBX_PASSWORD);
    assert_eq!(titles(&laptop).len(), 0, "a dry run changes nothing");
    laptop.run_with(&["import", &database, "--yes", "--import-password-stdin"], world::KDBX_PASSWORD);
    laptop.run(&["import", &fixture(folder.path(), "bitwarden.json"), "--yes"]);
    laptop.run(&["import", &world::one_password_export(folder.path()), "--yes"]);
    laptop.run(&["sync"]);
    let here = titles(&laptop);
    assert_eq!(here.len(), 1000 + 2 + 1);

    // A second device signs in with the kit and has them all.
    phone.run_with(&["signin", "--kit", &kit, "--password-stdin", "--yes"], PASSWORD);
    phone.run(&["sync"]);
    let (mut here, mut there) = (here, titles(&phone));
    here.sort();
    there.sort();
    assert_eq!(here, there);
    assert_eq!(phone.run(&["item", "get", "Site 2/5", "--field", "password"]).trim_end(), "p<ä25");

    // The server is gone; both devices edit, one item even both of them.
    server.stop();
    laptop.run(&["item", "edit", "Bitwarden login", "--username", "from the laptop"]);
    phone.run(&["item", "edit", "Bitwarden login", "--url", "https://from.the.phone.example"]);
    laptop.run(&["item", "create", "note", "--title", "Made on the laptop"]);
    phone.run(&["item", "create", "note", "--title", "Made on the phone"]);
    server.start_again();
    for device in [&laptop, &phone, &laptop] {
        device.run(&["sync"]);
    }
    for device in [&laptop, &phone] {
        let names = titles(device);
        assert!(names.contains(&"Made on the laptop".into()) && names.contains(&"Made on the phone".into()));
        let merged = device.run(&["item", "get", "Bitwarden login", "--json"]);
        assert!(merged.contains("from the laptop") && merged.contains("https://from.the.phone.example"), "{merged}");
    }

    // The password changes on one device; the other is told once, with who and when; and by mail once.
    let passwords = format!("{PASSWORD}\n{NEW_PASSWORD}\n");
    laptop.run_with(&["password", "change", "--password-stdin", "--new-password-stdin", "--yes"], &passwords);
    phone.run(&["sync"]);
    let events = phone.json(&["events", "--json"]);
    let events = events.as_array().or_else(|| events["events"].as_array()).unwrap().clone();
    let changed: Vec<&Value> = events.iter().filter(|event| event["kind"] == "password-changed").collect();
    assert_eq!(changed.len(), 1, "{events:?}");
    assert!(changed[0]["sentence"].as_str().unwrap().contains("laptop"), "{changed:?}");
    let code = changed[0]["code"].as_str().unwrap();
    assert!(phone.run(&["notice", "verify", code]).contains("enuine"));

    // Nothing else was said: one mail each for the welcome, the new device and the change.
    let mails = server.mails(3);
    assert_eq!(mails.len(), 3, "{mails:?}");
    assert_eq!(mails.iter().filter(|mail| mail.contains(code)).count(), 1);

    // The new password opens the phone. Used there once, it is the only one, and the old one is refused without blame.
    phone.run(&["lock"]);
    phone.run_with(&["unlock", "--password-stdin"], NEW_PASSWORD);
    phone.run(&["lock"]);
    let refused = phone.fail(&["unlock", "--password-stdin"], PASSWORD);
    assert!(!refused.contains("changed"), "{refused}");
    for device in [&laptop, &phone] {
        device.run(&["lock"]);
    }
}

#[test]
fn the_whole_story_on_sqlite() {
    tell(Store::Sqlite);
}

#[test]
fn the_whole_story_on_postgresql() {
    tell(Store::Postgres);
}
