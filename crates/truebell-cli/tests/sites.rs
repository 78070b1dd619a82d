//! `truebell site` as an operator uses it: real databases, a server that runs and one that does not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod django;
mod world;

use django::{Table, truebell};
use serde_json::{Value, json};
use std::process::Output;
use world::{Server, Store};

/// The operator's shell, with everything in one folder.
struct Desk {
    folder: tempfile::TempDir,
    server: Server,
}

impl Desk {
    fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path(), store);
        Self { folder, server }
    }

    fn run(&self, words: &[&str]) -> Output {
        truebell(self.folder.path(), &self.server).args(words).output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refusal(&self, code: i32, words: &[&str]) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("error: ").to_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        said
    }
}

fn story(store: Store, table: &dyn Fn(&Desk) -> Table) {
    let mut desk = Desk::new(store);
    let table = table(&desk);
    for person in 0..12 {
        table.insert(person, &format!("person{person}@example.org"), &django::md5("salt", "secret"));
    }
    table.insert(12, "sso@example.org", "!unusable");
    table.insert(13, "odd@example.org", "5f4dcc3b5aa765d61d8327deb882cf99aa");
    assert_eq!(desk.json(&["site", "list"]), json!({ "sites": [] }));
    let source = table.location();
    let words = ["--preset", "django", "--mail", "smtp://mailer:hidden@127.0.0.1:2525", "--from", "security@shop.example"];
    let added = desk.run(&[&["site", "add", "shop", "--source", &source], &words[..]].concat());
    let said = String::from_utf8_lossy(&added.stderr).into_owned();
    assert!(added.status.success(), "{said}");
    assert!(said.contains("--mail-password-file"), "a password among the arguments is warned of: {said}");
    let refused = desk.refusal(3, &["site", "add", "shop", "--source", &source, "--preset", "django"]);
    assert!(refused.contains("There is a site `shop` already"), "{refused}");

    let list = desk.json(&["site", "list"]);
    let site = &list["sites"][0];
    assert_eq!((&site["site"], &site["preset"], &site["from"]), (&json!("shop"), &json!("django"), &json!("security@shop.example")));
    assert_eq!(site["mail"], "smtp://127.0.0.1:2525");
    assert_eq!(site["source"], table.shown());
    let look = desk.json(&["site", "look", "shop"]);
    assert_eq!((&look["accounts"], &look["skipped"], &look["cut"]), (&json!(14), &json!(0), &json!(false)));
    assert_eq!(look["formats"], json!([{ "what": "django md5", "accounts": 12 }]));
    assert_eq!(look["states"], json!([{ "what": "active", "accounts": 13 }, { "what": "sso-only", "accounts": 1 }]));
    assert_eq!(look["unread"][0]["accounts"], 1);
    assert_eq!(look["shown"].as_array().unwrap().len(), 10);
    assert_eq!(look["shown"][0]["address"], "p***@e***.org");
    let page = String::from_utf8(desk.run(&["site", "look", "shop"]).stdout).unwrap();
    assert!(!page.contains("person") && !page.contains("5f4dcc"), "nobody is on the page: {page}");

    // What was kept is there for the next process, and without a server.
    desk.server.stop();
    assert_eq!(desk.json(&["site", "list"]), list);
    table.drop_column("email");
    let refused = desk.refusal(2, &["site", "look", "shop"]);
    assert!(refused.contains("has no column `email`: check the preset"), "{refused}");
    let gone = desk.json(&["site", "remove", "shop", "--yes"]);
    assert_eq!(gone, json!({ "site": "shop", "removed": true }));
    let missing = desk.refusal(3, &["site", "look", "shop"]);
    assert_eq!(missing, "There is no site `shop`; there is none yet. `truebell site add` adds one.");
}

#[test]
fn a_site_in_sqlite_is_added_looked_at_and_removed_beside_a_server_on_sqlite() {
    story(Store::Sqlite, &|desk| Table::sqlite(desk.folder.path()));
}

#[test]
fn a_site_in_postgresql_is_added_looked_at_and_removed_beside_a_server_on_postgresql() {
    story(Store::Postgres, &|desk| Table::postgres(desk.folder.path()));
}

#[test]
fn what_is_wrong_with_a_site_is_said_before_it_is_kept() {
    let desk = Desk::new(Store::Sqlite);
    let table = Table::sqlite(desk.folder.path());
    let source = table.location();
    for (words, code, sentence) in [
        (vec!["--source", &source, "--preset", "drupal"], 2, "there is no preset `drupal`: give one of django, laravel"),
        (vec!["--source", &source, "--preset", "wordpress"], 2, "There is no table `wp_users`: check the preset"),
        (vec!["--source", &source, "--preset", "django", "--column", "address=mail"], 2, "has no column `mail`"),
        (vec!["--source", &source], 2, "Say which column holds the id, with --column id=NAME, or give a --preset."),
        (vec!["--source", "sqlite:/nowhere/db", "--preset", "django"], 6, "cannot be reached"),
        (
            vec!["--source", "postgres://ada:hidden@127.0.0.1:1/shop", "--preset", "django"],
            6,
            "postgres://127.0.0.1:1/shop cannot be reached",
        ),
        (vec!["--source", "oracle:x", "--preset", "django"], 2, "The source is not understood"),
        (vec!["--preset", "django"], 2, "Say where the site's accounts are, with --source or --source-file."),
        (vec!["--source", &source, "--preset", "django", "--format", "rot13(password)"], 2, "The template is not understood"),
        (vec!["--source", &source, "--preset", "django", "--mail", "mail.example"], 2, "write smtp://HOST:PORT"),
    ] {
        let refused = desk.refusal(code, &[&["site", "add", "shop"], &words[..]].concat());
        assert!(refused.contains(sentence), "{words:?}: {refused}");
        assert!(!refused.replace("--source-password-file", "").contains("hidden"), "{refused}");
    }
    assert_eq!(desk.json(&["site", "list"]), json!({ "sites": [] }), "nothing was kept");
}

#[test]
fn a_source_may_come_from_a_file_and_is_not_in_the_database_in_the_clear() {
    let mut desk = Desk::new(Store::Sqlite);
    let table = Table::sqlite(desk.folder.path());
    let file = desk.folder.path().join("source");
    std::fs::write(&file, format!("{}\n", table.location())).unwrap();
    let pepper = desk.folder.path().join("pepper");
    std::fs::write(&pepper, b"Pfeffer und Salz").unwrap();
    let words = ["--preset", "django", "--candidate", "password+pepper", "--pepper-file", pepper.to_str().unwrap()];
    let mail = ["--mail", "smtp://mailer:hidden@127.0.0.1:2525"];
    desk.json(&[&["site", "add", "shop", "--source-file", file.to_str().unwrap()], &words[..], &mail[..]].concat());
    desk.server.stop();
    for name in ["truebell.db", "truebell.db-wal"] {
        let Ok(bytes) = std::fs::read(desk.folder.path().join("server").join(name)) else { continue };
        for secret in ["hidden", "Pfeffer und Salz", "mailer"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {name}");
        }
    }
    assert_eq!(desk.json(&["site", "look", "shop"])["accounts"], 0);
}
