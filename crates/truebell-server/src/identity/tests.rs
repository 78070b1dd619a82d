//! Each start-up rule, on SQLite files.

use super::*;
use truebell_core::testing::Seeded;
use truebell_store::{Location, Store};

const NOW: UnixMillis = UnixMillis(1_795_415_000_000);

/// A data folder with its database, as a server has it.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn key(&self) -> PathBuf {
        key_path(self.folder.path())
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("truebell.db")
    }

    async fn store(&self) -> std::sync::Arc<dyn Store> {
        truebell_store::open(&Location::Sqlite(self.database())).await.unwrap()
    }

    async fn start(&self, new_identity: bool, seed: u64) -> Result<Established, IdentityError> {
        let store = self.store().await;
        establish(&*store, Start { data: self.folder.path(), new_identity, now: NOW }, &mut Seeded::new(seed)).await
    }

    async fn refusal(&self) -> String {
        self.start(false, 99).await.unwrap_err().to_string().replace(self.folder.path().to_str().unwrap(), "DATA")
    }

    /// Takes a database of another machine.
    fn take_database(&self, other: &Self) {
        std::fs::copy(other.database(), self.database()).unwrap();
        for side in ["-wal", "-shm"] {
            let beside = |machine: &Self| machine.folder.path().join(format!("truebell.db{side}"));
            let _ = std::fs::remove_file(beside(self));
            if beside(other).exists() {
                std::fs::copy(beside(other), beside(self)).unwrap();
            }
        }
    }

    fn empty_database(&self) {
        for file in ["truebell.db", "truebell.db-wal", "truebell.db-shm"] {
            let _ = std::fs::remove_file(self.folder.path().join(file));
        }
    }
}

#[tokio::test]
async fn a_new_machine_makes_key_and_identity_and_later_starts_find_them() {
    let machine = Machine::new();
    let first = machine.start(false, 1).await.unwrap();
    assert!(first.is_new);
    let second = machine.start(false, 2).await.unwrap();
    assert!(!second.is_new);
    assert_eq!((second.key.server, second.identity.clone()), (first.key.server, first.identity));
    assert_eq!(second.identity.restore_epoch, 0);
}

#[tokio::test]
async fn a_database_without_its_key_is_refused() {
    let machine = Machine::new();
    machine.start(false, 1).await.unwrap();
    std::fs::remove_file(machine.key()).unwrap();
    assert_eq!(
        machine.refusal().await,
        "the signing key DATA/server-key is missing: put it back from the backup (`truebell restore BACKUP --key-only`); a new key would make every client say that this is another server"
    );
    assert!(!machine.key().exists(), "nothing was made in its place");
}

#[tokio::test]
async fn a_key_without_its_database_is_refused_until_a_new_identity_is_asked_for() {
    let machine = Machine::new();
    let old = machine.start(false, 1).await.unwrap();
    machine.empty_database();
    assert!(machine.refusal().await.starts_with("the key DATA/server-key belongs to a server whose database is not here: "));
    let new = machine.start(true, 2).await.unwrap();
    assert_ne!(new.key.server, old.key.server);
    assert!(machine.folder.path().join("server-key.old-1").exists(), "the old key is set aside, never deleted");
    assert_eq!(
        machine.start(true, 3).await.unwrap_err().to_string().split(',').next(),
        Some("--new-identity is only for an empty database")
    );
}

#[tokio::test]
async fn key_and_database_of_two_servers_are_refused() {
    let (one, other) = (Machine::new(), Machine::new());
    one.start(false, 1).await.unwrap();
    other.start(false, 2).await.unwrap();
    one.take_database(&other);
    let refusal = one.refusal().await;
    assert!(refusal.starts_with("the key is of server srv_") && refusal.contains("one of them is another server's"), "{refusal}");
}

/// Makes one with a key of its own that differs from the first machine's in one respect.
async fn refusal_with(change: impl FnOnce(&mut ServerKey)) -> String {
    let machine = Machine::new();
    let mut key = machine.start(false, 1).await.unwrap().key;
    change(&mut key);
    key.write(&machine.key()).unwrap();
    machine.refusal().await
}

#[tokio::test]
async fn another_key_a_second_generation_and_an_older_copy_are_refused() {
    let other_key = refusal_with(|key| key.signing = truebell_core::sign::SigningKey::make_random(&mut Seeded::new(8))).await;
    assert!(other_key.starts_with("the key DATA/server-key is not the one this database was made with"), "{other_key}");
    let second = refusal_with(|key| key.generation = [9; 16]).await;
    assert!(second.starts_with("this is a second database made under the same key"), "{second}");
    let older = refusal_with(|key| key.restore_epoch = 2).await;
    assert!(older.starts_with("the database is of restore 0, and this server has been restored 2 times"), "{older}");
}

#[tokio::test]
async fn a_damaged_key_is_refused_and_left_alone() {
    let machine = Machine::new();
    machine.start(false, 1).await.unwrap();
    let text = std::fs::read_to_string(machine.key()).unwrap().replace("restore-epoch 0", "restore-epoch 1");
    std::fs::write(machine.key(), &text).unwrap();
    assert_eq!(machine.refusal().await, "the key file DATA/server-key is damaged: put it back from the backup");
    assert_eq!(std::fs::read_to_string(machine.key()).unwrap(), text);
}

#[tokio::test]
async fn a_first_start_killed_between_its_steps_is_taken_up() {
    // Killed after the key was written, before the database had its identity.
    let machine = Machine::new();
    let key = ServerKey::make_random([3; 16], NOW, &mut Seeded::new(4));
    key.write(&pending_path(machine.folder.path())).unwrap();
    assert_eq!(machine.start(false, 5).await.unwrap().key.server, key.server);
    // Killed after that, before the key had its name.
    std::fs::rename(machine.key(), pending_path(machine.folder.path())).unwrap();
    let taken_up = machine.start(false, 6).await.unwrap();
    assert_eq!(taken_up.key.server, key.server);
    assert!(machine.key().exists());
    assert!(!machine.start(false, 7).await.unwrap().is_new);
}
