//! The local copy under damage, a full disk and a process that dies.

use super::*;
use rusqlite::Connection;
use truebell_engine::sync::View;

fn database(story: &Story) -> Connection {
    Connection::open(story.profile("laptop").folder().join("replica.sqlite")).unwrap()
}

/// Two synced items, and one edit that waits.
fn laptop() -> (Story, ItemRef, ItemRef) {
    let (story, mut laptop) = Story::begin();
    let synced_item = add(&mut laptop, "Mail", "one");
    add(&mut laptop, "Bank", "two");
    synced(&mut laptop);
    story.server.offline(true);
    let waiting = add(&mut laptop, "Shop", "three");
    (story, synced_item, waiting)
}

fn damage(story: &Story, sql: &str) {
    assert!(database(story).execute(sql, []).unwrap() > 0, "{sql} changed nothing");
}

#[test]
fn a_flipped_bit_is_said_and_a_rebuild_keeps_what_was_not_sent() {
    for sql in [
        "UPDATE items SET digest = zeroblob(32)",
        "UPDATE vaults SET head = CAST(substr(head, 1, length(head) - 1) || x'00' AS BLOB)",
        "UPDATE vaults SET head = 'text'",
        "UPDATE revisions SET overview = CAST(substr(overview, 1, 80) || x'ff00' || substr(overview, 83) AS BLOB)",
        "DELETE FROM items",
    ] {
        let (story, at, waiting) = laptop();
        damage(&story, sql);
        let error = story.unlock("laptop").err().unwrap().to_string();
        assert!(
            error.starts_with("the local copy is damaged at ") && error.contains("one unsynced edit could be read and is kept"),
            "{sql}: {error}"
        );
        let again = rebuild(&story.profile("laptop"), &password(), story.server.world(7));
        assert!(matches!(again.err(), Some(Error::Server(_))), "without the server nothing is touched");
        assert!(story.unlock("laptop").is_err(), "and the damage is still there to be seen");
        story.server.offline(false);
        let (mut client, kept) = rebuild(&story.profile("laptop"), &password(), story.server.world(7)).unwrap();
        assert_eq!(kept, 1);
        assert_eq!((value(&client, at, "password").as_str(), value(&client, waiting, "password").as_str()), ("one", "three"));
        synced(&mut client);
        drop(client);
        assert_eq!(story.unlock("laptop").unwrap().status().unwrap().pending, 0);
    }
}

#[test]
fn a_flipped_bit_in_a_detail_is_found_when_the_item_is_opened() {
    let (story, at, _) = laptop();
    damage(&story, "UPDATE revisions SET detail = CAST(substr(detail, 1, 90) || x'ff00ff' || substr(detail, 94) AS BLOB)");
    let client = story.unlock("laptop").unwrap();
    let error = client.item(at).err().unwrap().to_string();
    assert!(error.starts_with("the local copy is damaged at revisions, itm_"), "{error}");
    assert!(error.ends_with("one unsynced edit could be read and is kept"), "{error}");
    assert_eq!(client.list(&Filter::default()).len(), 3, "the rest stays usable");
}

#[test]
fn a_file_that_is_no_database_is_said_and_not_overwritten() {
    let (story, _, _) = laptop();
    let file = story.profile("laptop").folder().join("replica.sqlite");
    for end in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{end}", file.display())));
    }
    std::fs::write(&file, vec![0x42; 8192]).unwrap();
    let error = story.unlock("laptop").err().unwrap().to_string();
    assert!(error.starts_with("the local copy is damaged at the database file"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), vec![0x42; 8192]);
    story.server.offline(false);
    let wrong = rebuild(&story.profile("laptop"), &Secret::new("wrong"), story.server.world(7));
    assert!(matches!(wrong.err(), Some(Error::WrongPassword)));
    assert_eq!(std::fs::read(&file).unwrap(), vec![0x42; 8192], "a wrong password touches nothing");
    let (client, kept) = rebuild(&story.profile("laptop"), &password(), story.server.world(7)).unwrap();
    assert_eq!((kept, client.list(&Filter::default()).len()), (0, 2), "what the server has is back");
}

#[test]
fn a_full_disk_is_said_and_no_half_edit_appears() {
    let (story, mut client) = Story::begin();
    let at = add(&mut client, "Mail", "one");
    synced(&mut client);
    let pages: u32 = client.replica.read().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    client.replica.read().pragma_update(None, "max_page_count", pages + 4).unwrap();
    let vault = client.find_vault(None).unwrap();
    let many = (0..500).map(|number| login(&format!("Site {number}"), "x")).collect();
    let error = client.import(vault, many).err().unwrap();
    assert_eq!(error.to_string(), "the disk is full: nothing was changed; make room and try again");
    assert_eq!((client.list(&Filter::default()).len(), value(&client, at, "password").as_str()), (1, "one"));
    client.replica.read().pragma_update(None, "max_page_count", 1_000_000).unwrap();
    add(&mut client, "Bank", "two");
    drop(client);
    assert_eq!(story.unlock("laptop").unwrap().list(&Filter::default()).len(), 2);
}

/// What a process that dies leaves behind: the files as they are, with nothing closed.
fn crash(story: &Story) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join("profiles/laptop");
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(story.profile("laptop").folder()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    copy
}

#[test]
fn a_process_that_dies_at_any_moment_loses_no_acknowledged_edit() {
    let (story, mut client) = Story::begin();
    story.server.offline(true);
    let at = add(&mut client, "Mail", "0");
    for number in 1..12 {
        set(&mut client, at, "password", &number.to_string());
        let copy = crash(&story);
        let profile = Profile::open("laptop", Some(copy.path())).unwrap();
        let after = unlock(&profile, &password(), None, story.server.world(4)).unwrap();
        assert_eq!(value(&after, at, "password"), number.to_string());
    }
}

#[test]
fn a_log_cut_anywhere_leaves_whole_edits_only() {
    let (story, mut client) = Story::begin();
    story.server.offline(true);
    let at = add(&mut client, "Mail", "0");
    for number in 1..5 {
        set(&mut client, at, "password", &number.to_string());
    }
    let whole = std::fs::read(story.profile("laptop").folder().join("replica.sqlite-wal")).unwrap();
    for part in 1..4 {
        let copy = crash(&story);
        let folder = copy.path().join("profiles/laptop");
        drop(std::fs::remove_file(folder.join("replica.sqlite-shm")));
        std::fs::write(folder.join("replica.sqlite-wal"), &whole[..whole.len() * part / 4 + 13]).unwrap();
        let profile = Profile::open("laptop", Some(copy.path())).unwrap();
        let after = unlock(&profile, &password(), None, story.server.world(4));
        // Cut before the first commit there is no keyset yet; after it, every item opens whole.
        if let Ok(after) = after {
            for listed in after.list(&Filter::default()) {
                after.item(ItemRef { vault: listed.vault, item: listed.id }).unwrap();
            }
        }
    }
}

#[test]
fn nothing_a_person_typed_lies_in_the_profile_in_the_clear() {
    let (story, mut client) = Story::begin();
    add(&mut client, "Unmistakable title", "unmistakable-secret");
    synced(&mut client);
    client.rename_vault(client.find_vault(None).unwrap(), "Unmistakable vault").unwrap();
    for entry in std::fs::read_dir(story.profile("laptop").folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for needle in ["nmistakable", PASSWORD] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()));
        }
    }
}

#[test]
fn the_trace_holds_fifty_lines_and_no_secret() {
    let (story, mut client) = Story::begin();
    for _ in 0..40 {
        client.devices().unwrap();
        story.server.pass(40);
        client.sync().unwrap();
    }
    let lines = client.trace().unwrap();
    assert_eq!(lines.len(), 50);
    let text = serde_json::to_string(&lines).unwrap();
    let token = client.device.session.as_ref().unwrap().token.expose();
    assert!(!text.contains(token) && !text.contains("ada@") && !text.contains("vlt_"), "{text}");
    assert!(matches!(client.status().unwrap().sync, View::UpToDate { .. }));
}
