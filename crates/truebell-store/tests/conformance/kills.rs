//! A server killed at any moment, with SQLite: what it acknowledged is there, and nothing is there by half.

use crate::world::{Person, Shared, Vault, World};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use truebell_core::wire::sync::Have;
use truebell_store::rows::{Committed, SignedUp};
use truebell_store::{Location, open};

/// Names the database to the process that is to be killed.
const VARIABLE: &str = "TRUEBELL_TEST_KILLED_DATABASE";
const ROUNDS: usize = 12;
const REVISIONS: usize = 3;

/// The one person of this story: the same in each process.
async fn person(store: &Shared) -> (World, Person) {
    let mut world = World::new();
    let mut person = world.person();
    let new = world.sign_up(&mut person);
    assert!(matches!(store.sign_up(new).await, Ok(SignedUp::Created | SignedUp::Repeated)));
    let changes = store.changes(person.account, &Have::default()).await.expect("read").expect("there");
    let stored = &changes.vaults[0];
    person.vault = Vault { seq: stored.mark.seq, digest: stored.mark.head, head: stored.head.clone(), new: person.vault.new };
    (world, person)
}

/// Writes without end, and says each sequence once it is acknowledged.
async fn write_until_killed(path: &Path) {
    let store = open(&Location::Sqlite(path.to_owned())).await.expect("the database opens after a kill");
    let (mut world, mut person) = person(&store).await;
    for _ in 0..person.vault.seq * 10 {
        world.number();
    }
    loop {
        let revisions = (0..REVISIONS).map(|_| world.new_item()).collect();
        let commit = world.commit(&person, revisions);
        assert_eq!(store.commit(commit.clone()).await, Ok(Committed::Done));
        person.vault.follow(&commit);
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacknowledged {}", commit.seq).expect("the parent reads");
        out.flush().expect("the parent reads");
    }
}

fn spawn(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", "kills::what_a_killed_server_acknowledged_is_there_and_nothing_by_half", "--nocapture", "--test-threads=1"]);
    child.env(VARIABLE, path).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("it starts")
}

/// Kills a writer after it acknowledged some commits. The last it acknowledged.
fn run_and_kill(path: &Path, commits: usize) -> u64 {
    let mut child = spawn(path);
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let (mut seen, mut last) = (0, 0);
    for line in lines {
        let line = line.expect("text");
        let Some(seq) = line.strip_prefix("acknowledged ") else { continue };
        last = seq.parse().expect("a sequence");
        seen += 1;
        if seen == commits {
            child.kill().expect("it dies");
        }
    }
    child.wait().expect("it is over");
    assert!(seen >= commits, "the writer ended by itself after {seen} commits");
    last
}

#[tokio::test]
async fn what_a_killed_server_acknowledged_is_there_and_nothing_by_half() {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return write_until_killed(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("truebell.db");
    for round in 0..ROUNDS {
        let acknowledged = run_and_kill(&path, 1 + round * 3);
        let store = open(&Location::Sqlite(path.clone())).await.expect("the database opens after a kill");
        let (_, person) = person(&store).await;
        assert!([0, 1].contains(&(person.vault.seq - acknowledged)), "acknowledged {acknowledged}, found {}", person.vault.seq);
        let found = crate::vaults::all(&store, &person, 0, 1 << 30).await;
        assert_eq!(found.len() as u64, person.vault.seq * REVISIONS as u64, "no commit is there by half");
        assert_eq!(person.vault.digest, person.vault.head.digest(), "nor is a head");
    }
}
