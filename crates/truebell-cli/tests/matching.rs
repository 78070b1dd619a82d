//! `truebell breach match` as an operator uses it: Django's table in real databases, noisy lists of people who do not exist, processes that
//! are killed and that share the work. What it finds is compared with a check that shares nothing with it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod django;
mod world;

use django::{Table, truebell};
use flate2::{Compression, write::GzEncoder};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;
use truebell_corpus::list::made_up::{Fault, address, noisy_list, password};
use world::{Server, Store};

/// People of the list; the site's users are others, but for a few.
const LISTED: u64 = 20_000;
const SEED: u64 = 7;
/// Of everybody's password.
const ROUNDS: u32 = 300;

/// A site with users, some of whom are in the list.
struct Desk {
    folder: tempfile::TempDir,
    server: Server,
    table: Table,
    /// What should be found, by the account's id.
    truth: BTreeMap<u64, u8>,
}

/// Who of the list a user is: in no order, as genuine lists have it.
fn listed(id: u64) -> u64 {
    static ORDER: LazyLock<Vec<u64>> = LazyLock::new(|| {
        let mut order: Vec<u64> = (0..LISTED).collect();
        order.sort_by_key(|person| digest(&SHA256, &person.to_be_bytes()).as_ref().to_vec());
        order
    });
    ORDER[usize::try_from(id).unwrap()]
}

/// How a user stands to the list.
fn user(id: u64, rounds: u32) -> (String, String, Option<u8>) {
    let listed = listed(id);
    let (theirs, exposed) = (address(SEED, listed), password(SEED, listed));
    let other = format!("not-the-listed-one-{id}");
    let linked = theirs.replacen('@', "+shop@", 1);
    let rounds = if id % 20 < 4 { rounds } else { 10 };
    let hash = |password: &str| django::pbkdf2(rounds, &format!("salt{id}"), password);
    match id % 20 {
        // In the list, with this password.
        0 => (theirs, hash(&exposed), Some(1)),
        // In the list, with another.
        1 => (theirs, hash(&other), Some(4)),
        // Linked to somebody in the list, with this password, and with another.
        2 => (linked, hash(&exposed), Some(2)),
        3 => (linked, hash(&other), None),
        // The right password, and nobody in the list.
        4 => (format!("user{id}@shop.example"), hash(&exposed), None),
        // In the list, and no password of this site; a verifier nobody knows.
        5 => (theirs, "!unusable".to_owned(), None),
        6 => (theirs, "5f4dcc3b5aa765d61d8327deb882cf99aa".to_owned(), Some(4)),
        _ => (format!("user{id}@shop.example"), hash(&other), None),
    }
}

impl Desk {
    fn new(store: Store, users: u64, rounds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path(), store);
        let table = if store == Store::Sqlite { Table::sqlite(folder.path()) } else { Table::postgres(folder.path()) };
        let people: Vec<_> = (1..=users).map(|id| (id, user(id, rounds))).collect();
        table.insert_all(&people.iter().map(|(id, (email, verifier, _))| (*id, email.clone(), verifier.clone())).collect::<Vec<_>>());
        let noise = Noise::of(&noisy_list(SEED, LISTED, Fault::None));
        let truth = people.iter().filter_map(|(id, (_, _, expected))| Some((*id, noise.grade(*id, *expected)?))).collect();
        let desk = Self { folder, server, table, truth };
        let source = desk.table.location();
        let added = desk.run(&["site", "add", "shop", "--source", &source, "--preset", "django"]);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn gzip(&self, name: &str, bytes: &[u8]) {
        let mut packed = GzEncoder::new(std::fs::File::create(self.path(name)).unwrap(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        truebell(self.folder.path(), &self.server).args(words).output().unwrap()
    }

    fn matching(&self, words: &[&str]) -> Command {
        self.matching_as("ExampleForum", words)
    }

    fn matching_as(&self, name: &str, words: &[&str]) -> Command {
        let mut command = truebell(self.folder.path(), &self.server);
        command.args(["breach", "match", "--site", "shop", "--source-name", name, "--source-date", "2026-09", "--json"]).args(words);
        command
    }

    fn answer(&self, words: &[&str]) -> Value {
        answer(&self.matching(words).output().unwrap())
    }

    fn spawn(&self, words: &[&str]) -> Child {
        spawned(&mut self.matching(words))
    }

    fn expected(&self) -> Value {
        let count = |grade| self.truth.values().filter(|found| **found == grade).count();
        json!({ "e1": count(1), "e2": count(2), "e3": 0, "e4": count(4) })
    }
}

/// A child whose list may come through a pipe.
fn spawned(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What the noise of a list leaves of each record, read by a plain loop over its lines.
struct Noise(BTreeMap<String, Vec<Option<Vec<u8>>>>);

impl Noise {
    fn of(list: &[u8]) -> Self {
        let mut records: BTreeMap<String, Vec<Option<Vec<u8>>>> = BTreeMap::new();
        for line in list.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            let Some(colon) = line.iter().position(|byte| *byte == b':').filter(|_| !line.contains(&0)) else { continue };
            let (address, password) = (String::from_utf8_lossy(&line[..colon]).trim().to_lowercase(), &line[colon + 1..]);
            if !address.contains('@') || password.len() > 1024 {
                continue;
            }
            let is_hash = password.len() == 32 && password.iter().all(u8::is_ascii_hexdigit);
            records.entry(address).or_default().push((!password.is_empty() && !is_hash).then(|| password.to_vec()));
        }
        Self(records)
    }

    /// What is to be found of a user: from what the list really has beside the address, and the password the user really has.
    fn grade(&self, id: u64, expected: Option<u8>) -> Option<u8> {
        let listed = listed(id);
        let theirs = address(SEED, listed);
        let records = self.0.get(&theirs.to_lowercase());
        let exposed = password(SEED, listed);
        let has = records.is_some_and(|records| {
            records.iter().flatten().any(|password| match std::str::from_utf8(password) {
                Ok(text) => text == exposed,
                // A line in another encoding: each byte is the letter of that number.
                Err(_) => password.iter().map(|byte| char::from(*byte)).collect::<String>() == exposed,
            })
        });
        match expected {
            Some(1) if has => Some(1),
            Some(1 | 4) => records.map(|_| 4),
            Some(2) if has => Some(2),
            _ => None,
        }
    }
}

#[test]
fn everybody_whose_password_is_in_a_noisy_list_is_found_and_nobody_else() {
    for store in [Store::Sqlite, Store::Postgres] {
        let desk = Desk::new(store, 1_000, ROUNDS);
        desk.gzip("list.txt.gz", &noisy_list(SEED, LISTED, Fault::None));
        let found = desk.answer(&["list.txt.gz"]);
        assert_eq!(found["findings"], desk.expected(), "{found}");
        assert!(found["findings"]["e1"].as_u64().unwrap() > 40 && found["findings"]["e2"].as_u64().unwrap() > 40, "{found}");
        assert_eq!((&found["phase"], &found["pairs_left"], &found["stopped"]), (&json!("done"), &json!(0), &json!(false)));
        assert_eq!(
            (&found["accounts"], &found["left_out"]),
            (&json!(950), &json!(50)),
            "those signed in from elsewhere are not looked for"
        );
        assert_eq!(found["unknown_formats"].as_array().unwrap().len(), 1, "{found}");
        let again = desk.answer(&["list.txt.gz"]);
        for member in ["findings", "pairs_tried", "lines", "phase", "match"] {
            assert_eq!(again[member], found[member], "nothing is done twice: {member}");
        }
        assert_eq!(again["pairs_per_second"], Value::Null);
        // The same through a pipe is the same list, of another name.
        let mut child = spawned(&mut desk.matching_as("Another", &["-"])).into_pipe(&noisy_list(SEED, LISTED, Fault::None));
        let piped = answer(&child.ended());
        assert_eq!((&piped["findings"], &piped["source"]["digest"]), (&found["findings"], &found["source"]["digest"]));
        let other = desk.matching(&["other.txt"]).output().unwrap();
        assert_eq!(other.status.code(), Some(9), "there is no such list");
        desk.gzip("other.txt", b"ada@example.org:x\n");
        let other = desk.matching(&["other.txt"]).output().unwrap();
        assert_eq!(other.status.code(), Some(2), "{}", String::from_utf8_lossy(&other.stderr));
    }
}

#[test]
fn nothing_of_the_list_stays_in_the_database_in_the_clear() {
    let mut desk = Desk::new(Store::Sqlite, 400, ROUNDS);
    desk.gzip("list.txt.gz", &noisy_list(SEED, LISTED, Fault::None));
    let found = desk.answer(&["list.txt.gz"]);
    assert!(found["findings"]["e1"].as_u64().unwrap() > 10);
    desk.server.stop();
    let rows = rusqlite::Connection::open(desk.path("server/truebell.db")).unwrap();
    let candidates: i64 = rows.query_row("SELECT count(*) FROM breach_candidates", [], |row| row.get(0)).unwrap();
    let proven = found["findings"]["e1"].as_i64().unwrap() + found["findings"]["e2"].as_i64().unwrap();
    assert_eq!(candidates, proven, "the evidence of each finding stays, and nothing else");
    for name in ["truebell.db", "truebell.db-wal"] {
        let Ok(bytes) = std::fs::read(desk.path("server").join(name)) else { continue };
        for id in (20..=400).step_by(20) {
            let listed = listed(id);
            for secret in [address(SEED, listed), password(SEED, listed)].iter().filter(|secret| secret.len() > 7) {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {name}");
            }
        }
    }
}

/// Waits until something was tried and something is left.
fn wait_for_the_middle(url: &str) {
    for _ in 0..3000 {
        let sql =
            "SELECT count(*) FILTER (WHERE state = 2 AND tried > 0) > 5 AND count(*) FILTER (WHERE state = 1) > 5 FROM breach_accounts";
        let output = Command::new("psql").args([url, "-qtAc", sql]).output().unwrap();
        if String::from_utf8_lossy(&output.stdout).trim() == "t" {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it never got there");
}

#[test]
fn a_run_that_is_killed_goes_on_with_the_same_command_and_two_share_the_work() {
    let desk = Desk::new(Store::Postgres, 600, 60_000);
    let url = desk.server.store().unwrap().to_owned();
    desk.gzip("list.txt.gz", &noisy_list(SEED, LISTED, Fault::None));
    let mut first = desk.spawn(&["--budget", "1 core", "list.txt.gz"]);
    wait_for_the_middle(&url);
    first.kill().unwrap();
    first.wait().unwrap();
    let spent = desk.answer(&["--budget", "1 core, 1ms", "list.txt.gz"]);
    assert_eq!(spent["phase"], "verifying");
    assert!(spent["pairs_tried"].as_u64().unwrap() > 5 && spent["pairs_left"].as_u64().unwrap() > 5, "{spent}");
    let two: Vec<_> = (0..2).map(|_| desk.spawn(&["--budget", "1 core", "list.txt.gz"])).collect();
    let ends: Vec<_> = two.into_iter().map(|child| answer(&child.wait_with_output().unwrap())).collect();
    for end in &ends {
        assert_eq!((&end["phase"], &end["findings"]), (&json!("done"), &desk.expected()), "{end}");
        assert!(end["pairs_per_second"].as_f64().is_some_and(|rate| rate > 0.0), "both worked: {end}");
    }
    // Each pair once: of those under way when the first was killed one may have been tried again, and is counted once.
    let sql = "SELECT count(*) FROM breach_accounts WHERE state <> 2";
    let left = Command::new("psql").args([url.as_str(), "-qtAc", sql]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout).trim(), "0");
    assert_eq!(ends[0]["pairs_tried"], ends[1]["pairs_tried"]);
}

#[test]
fn a_list_that_is_made_up_stops_and_nothing_of_it_is_kept() {
    let mut desk = Desk::new(Store::Sqlite, 100, ROUNDS);
    for (name, fault, test) in [("random", Fault::RandomPasswords, "random"), ("shifted", Fault::Shifted, "shifted")] {
        std::fs::write(desk.path(name), noisy_list(SEED, LISTED, fault)).unwrap();
        let output = desk.matching_as(name, &[name]).output().unwrap();
        let stopped = answer(&output);
        assert_eq!(output.status.code(), Some(13), "{stopped}");
        assert_eq!((&stopped["phase"], &stopped["stopped"], &stopped["pairs_tried"]), (&json!("stopped"), &json!(true), &json!(0)));
        let why = stopped["tests"].as_array().unwrap().iter().find(|tested| tested["test"] == test).unwrap();
        assert_eq!(why["standing"], "stopped");
    }
    // Our own users, in our own order.
    let own: String = (1..=100).map(|id| format!("{}:{}\n", user(id, 1).0, password(3, id))).collect();
    std::fs::write(desk.path("own"), own).unwrap();
    let output = desk.matching_as("own", &["own"]).output().unwrap();
    assert_eq!(output.status.code(), Some(13));
    let page = desk.run(&["breach", "match", "--site", "shop", "--source-name", "own", "--source-date", "2026-09", "own"]);
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains("stopped:") && page.contains("Nothing of this list was kept"), "{page}");
    // A person may decide otherwise.
    let despite = answer(&desk.matching_as("own", &["--despite", "own-users", "--despite", "own-order", "own"]).output().unwrap());
    assert_eq!((&despite["phase"], &despite["findings"]["e1"]), (&json!("done"), &json!(0)), "{despite}");
    desk.server.stop();
    let rows = rusqlite::Connection::open(desk.path("server/truebell.db")).unwrap();
    let count = |sql: &str| rows.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM breach_matches WHERE state = 4 AND secret = x''"), 2);
    assert_eq!(count("SELECT count(*) FROM breach_accounts a JOIN breach_matches USING (matching) WHERE breach_matches.state = 4"), 0);
}

#[test]
fn an_account_that_changed_its_address_while_the_list_was_read_is_not_taken_for_the_one_that_is_listed() {
    let desk = Desk::new(Store::Postgres, 200, ROUNDS);
    let mut child = desk.spawn(&["-"]);
    let mut pipe = child.stdin.take();
    // More than a pipe holds: once it is written the list is being read, so the site's addresses are; and the list is not at its end.
    let listed = noisy_list(SEED, LISTED, Fault::None);
    pipe.as_mut().unwrap().write_all(&listed).unwrap();
    desk.table.run("UPDATE auth_user SET email = 'moved' || id || '@elsewhere.example'");
    drop(pipe.take());
    let found = answer(&child.wait_with_output().unwrap());
    assert_eq!((&found["phase"], &found["findings"]), (&json!("done"), &json!({ "e1": 0, "e2": 0, "e3": 0, "e4": 0 })), "{found}");
}

/// A child that is fed from a thread.
struct Fed(Option<Child>, Option<std::thread::JoinHandle<()>>);

trait IntoPipe {
    fn into_pipe(self, bytes: &[u8]) -> Fed;
}

impl IntoPipe for Child {
    fn into_pipe(mut self, bytes: &[u8]) -> Fed {
        let (mut pipe, bytes) = (self.stdin.take().unwrap(), bytes.to_vec());
        let feeding = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        Fed(Some(self), Some(feeding))
    }
}

impl Fed {
    fn ended(&mut self) -> Output {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        self.1.take().unwrap().join().unwrap();
        output
    }
}
