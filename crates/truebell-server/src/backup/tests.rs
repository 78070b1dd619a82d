//! A backup brings everything back, one restore epoch further, or changes nothing and says why.

use super::*;
use crate::identity::{Established, Start, establish, key_path};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_store::memory::{Fault, Memory};
use truebell_store::rows::DumpRow;
use truebell_store::{Location, Store, StoreError};

const AT: UnixMillis = UnixMillis(1_795_415_000_000);

/// A machine with a data folder and a database.
struct Machine {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
}

impl Machine {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = truebell_store::open(&Location::Sqlite(folder.path().join("truebell.db"))).await.unwrap();
        Self { folder, store }
    }

    fn memory() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), store: Arc::new(Memory::new()) }
    }

    async fn start(&self) -> Established {
        let start = Start { data: self.folder.path(), new_identity: false, now: AT };
        establish(&*self.store, start, &mut Seeded::new(1)).await.unwrap()
    }

    /// A server with some accounts.
    async fn with_accounts(self, count: u64) -> Self {
        self.start().await;
        for number in 0..count {
            crate::testing::sign_up(&*self.store, &mut Seeded::new(100 + number), AT, &format!("person{number}@example.org")).await;
        }
        self
    }

    async fn back_up(&self, out: &Path) -> Result<Made, BackupError> {
        let key = self.start().await.key;
        let making = Making { store: &*self.store, key: &key, out, passphrase: &passphrase(), scratch: self.folder.path(), now: AT };
        make(making, &mut Seeded::new(2), &mut || {}).await
    }

    async fn restore(&self, path: &Path, force: bool) -> Result<Restored, BackupError> {
        let contents = inspect(path, &passphrase(), &mut |_, _| {})?;
        let restoring = Restoring {
            store: &*self.store,
            data: self.folder.path(),
            path,
            passphrase: &passphrase(),
            force,
            contents: &contents,
            old_epoch: 0,
        };
        restore(restoring, &mut |_, _| {}).await
    }

    async fn totals(&self) -> Totals {
        self.totals_as(|row| row).await
    }

    /// The totals of what a restore makes of these rows.
    async fn totals_restored(&self) -> Totals {
        self.totals_as(DumpRow::as_restored).await
    }

    async fn totals_as(&self, kept: fn(DumpRow) -> DumpRow) -> Totals {
        let mut tally = Tally::default();
        self.store
            .dump(&mut |row| {
                tally.add(&kept(row));
                true
            })
            .await
            .unwrap();
        tally.totals().clone()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| !file.to_string_lossy().contains("truebell.db"));
        files.sort();
        files
    }
}

fn passphrase() -> Secret {
    Secret::new("correct horse battery staple")
}

async fn backup_of(machine: &Machine) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("truebell.backup");
    machine.back_up(&out).await.unwrap();
    (folder, out)
}

#[tokio::test]
async fn a_restored_server_is_the_same_one_restore_epoch_further() {
    let old = Machine::sqlite().await.with_accounts(5).await;
    let was = old.start().await;
    let (_folder, backup) = backup_of(&old).await;
    for new in [Machine::sqlite().await, Machine::memory()] {
        let restored = new.restore(&backup, false).await.unwrap();
        assert_eq!(restored.identity.restore_epoch, 1);
        assert_eq!(new.totals().await, old.totals_restored().await);
        let is = new.start().await;
        assert_eq!((is.key.server, is.key.signing.public(), is.is_new), (was.key.server, was.key.signing.public(), false));
        assert_eq!(is.identity, Identity { restore_epoch: 1, ..was.identity.clone() });
        assert_eq!(new.files(), [key_path(new.folder.path())], "no key is left under another name");
    }
}

#[tokio::test]
async fn a_mail_that_was_waiting_in_a_backup_is_parked_by_its_restore_and_never_sent_twice() {
    let old = Machine::memory().with_accounts(2).await;
    let (_folder, backup) = backup_of(&old).await;
    let new = Machine::memory();
    new.restore(&backup, false).await.unwrap();
    assert_eq!(new.store.claim_mail(AT, AT).await, Ok(None));
    assert_eq!(new.store.parked_mails(10).await.unwrap().len(), 2, "an operator sees them");
}

#[tokio::test]
async fn each_restore_raises_the_epoch_once_more() {
    let first = Machine::sqlite().await.with_accounts(1).await;
    let (_folder, backup) = backup_of(&first).await;
    let second = Machine::memory();
    second.restore(&backup, false).await.unwrap();
    let (_folder, again) = backup_of(&second).await;
    assert_eq!(Machine::memory().restore(&again, false).await.unwrap().identity.restore_epoch, 2);
    // The same old backup once more, where a key remembers a later restore.
    let third = Machine::memory();
    std::fs::copy(key_path(second.folder.path()), key_path(third.folder.path())).unwrap();
    assert_eq!(third.restore(&backup, false).await.unwrap().identity.restore_epoch, 2);
}

#[tokio::test]
async fn a_restore_goes_into_an_empty_database_and_beside_no_other_servers_key() {
    let old = Machine::memory().with_accounts(1).await;
    let (_folder, backup) = backup_of(&old).await;
    let full = Machine::memory().with_accounts(2).await;
    let before = full.totals().await;
    assert!(matches!(full.restore(&backup, true).await, Err(BackupError::NotEmpty)));
    assert_eq!(full.totals().await, before);

    let keyed = Machine::memory();
    let other = crate::identity::ServerKey::make_random([9; 16], AT, &mut Seeded::new(77));
    other.write(&key_path(keyed.folder.path())).unwrap();
    assert!(matches!(keyed.restore(&backup, false).await, Err(BackupError::OtherKey)));
    assert_eq!(keyed.files().len(), 1);
    keyed.restore(&backup, true).await.unwrap();
    assert!(keyed.folder.path().join("server-key.old-1").exists(), "moved aside, not deleted");
}

#[tokio::test]
async fn a_key_alone_comes_back_to_its_own_database_only() {
    let machine = Machine::memory().with_accounts(1).await;
    let (_folder, backup) = backup_of(&machine).await;
    let contents = inspect(&backup, &passphrase(), &mut |_, _| {}).unwrap();
    std::fs::remove_file(key_path(machine.folder.path())).unwrap();
    restore_key(&*machine.store, machine.folder.path(), &contents, &backup).await.unwrap();
    assert!(!machine.start().await.is_new);
    let twice = restore_key(&*machine.store, machine.folder.path(), &contents, &backup).await;
    assert!(matches!(twice, Err(BackupError::Exists(_))));
    let mut other = Machine::memory();
    other.store = Arc::new(Memory::new());
    let other_server = restore_key(&*other.store, other.folder.path(), &contents, &backup).await;
    assert!(matches!(other_server, Err(BackupError::OtherServer)));
}

/// What a changed file says, and that nothing came of it.
async fn said_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    std::fs::write(&path, bytes).unwrap();
    let machine = Machine::memory();
    let error = machine.restore(&path, false).await.unwrap_err();
    assert_eq!(machine.store.identity().await.unwrap(), None);
    assert!(machine.files().is_empty(), "{:?}", machine.files());
    error.to_string().replace(path.to_str().unwrap(), "FILE")
}

#[tokio::test]
async fn a_damaged_cut_or_foreign_file_is_told_apart_and_changes_nothing() {
    let machine = Machine::memory().with_accounts(3).await;
    let (_folder, backup) = backup_of(&machine).await;
    let whole = std::fs::read(&backup).unwrap();
    let flipped = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    let cut = whole.len() - 1;
    for (bytes, sentence) in [
        (Vec::new(), "FILE is not a Truebell backup: nothing was changed".to_owned()),
        (b"PK\x03\x04 an archive of something else, quite long".to_vec(), "FILE is not a Truebell backup: nothing was changed".to_owned()),
        (whole[..10].to_vec(), "FILE is cut short after 10 bytes: use another copy; nothing was changed".to_owned()),
        (whole[..cut].to_vec(), format!("FILE is cut short after {cut} bytes: use another copy; nothing was changed")),
        (flipped(16), "FILE was made by a newer Truebell: update this one; nothing was changed".to_owned()),
        (flipped(20), "the passphrase does not open FILE (or its first bytes are damaged): nothing was changed".to_owned()),
        (flipped(whole.len() / 2), "FILE is damaged at byte 33: use another copy; nothing was changed".to_owned()),
        ([whole.as_slice(), b"more"].concat(), format!("FILE is damaged at byte {}: use another copy; nothing was changed", whole.len())),
    ] {
        assert_eq!(said_of(&bytes).await, sentence);
    }
}

#[tokio::test]
async fn another_passphrase_opens_nothing() {
    let machine = Machine::memory().with_accounts(1).await;
    let (_folder, backup) = backup_of(&machine).await;
    assert!(matches!(inspect(&backup, &Secret::new("wrong"), &mut |_, _| {}), Err(BackupError::WrongPassphrase(_))));
}

/// A backup of several frames, so that whole frames can go missing.
fn long_backup(path: &Path) -> Vec<u8> {
    let mut chance = Seeded::new(3);
    let mut writer = writer::Writer::start(Vec::new(), &passphrase(), &mut chance).unwrap();
    let key = crate::identity::ServerKey::make_random([1; 16], AT, &mut Seeded::new(4));
    let identity = key.identity();
    writer
        .add(&Entry::Manifest(Manifest {
            made: AT,
            schema: 1,
            server: identity.server,
            key: identity.key,
            generation: identity.generation,
            restore_epoch: 0,
            created: AT,
            key_file: key.expose_text().to_string(),
        }))
        .unwrap();
    let mut tally = Tally::default();
    for number in 0..40_u8 {
        let row = DumpRow { table: "chunks".into(), columns: vec![number; 20_000] };
        tally.add(&row);
        writer.add(&Entry::Row(row)).unwrap();
    }
    writer.add(&Entry::End(tally.totals().clone())).unwrap();
    let bytes = writer.finish().unwrap();
    std::fs::write(path, &bytes).unwrap();
    bytes
}

#[test]
fn frames_can_be_neither_left_out_nor_exchanged_nor_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    let bytes = long_backup(&path);
    let whole = inspect(&path, &passphrase(), &mut |_, _| {}).unwrap();
    assert_eq!((whole.totals.rows_of("chunks"), whole.bytes), (40, bytes.len() as u64));
    let frame = 4 + frames::SEALED_MAX;
    let header = frames::HEADER_LEN;
    let (first, second, rest) = (&bytes[header..header + frame], &bytes[header + frame..header + 2 * frame], &bytes[header + 2 * frame..]);
    let head = &bytes[..header];
    let damaged_at = |at: usize| format!("is damaged at byte {at}");
    for (parts, says) in [
        (vec![head, first, second], format!("is cut short after {} bytes", header + 2 * frame)),
        (vec![head, first], format!("is cut short after {} bytes", header + frame)),
        (vec![head, second, first, rest], "the passphrase does not open".to_owned()),
        (vec![head, first, first, second, rest], damaged_at(header + frame)),
        (vec![head, first, rest], damaged_at(header + frame)),
    ] {
        std::fs::write(&path, parts.concat()).unwrap();
        let error = inspect(&path, &passphrase(), &mut |_, _| {}).unwrap_err().to_string();
        assert!(error.contains(&says), "{error} / {says}");
    }
}

#[tokio::test]
async fn a_database_that_fails_while_it_is_dumped_or_filled_leaves_no_file_and_no_half() {
    let store = Arc::new(Memory::new());
    let mut machine = Machine::memory();
    machine.store = store.clone();
    let machine = machine.with_accounts(2).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("b");
    store.faults().fail_next("dump", Fault::NotPersisted(StoreError::Unavailable));
    assert!(matches!(machine.back_up(&out).await, Err(BackupError::Store(StoreError::Unavailable))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let (_folder, backup) = backup_of(&machine).await;
    let target = Arc::new(Memory::new());
    let mut new = Machine::memory();
    new.store = target.clone();
    target.faults().fail_next("load", Fault::NotPersisted(StoreError::Full));
    assert!(matches!(new.restore(&backup, false).await, Err(BackupError::Store(StoreError::Full))));
    let start = Start { data: new.folder.path(), new_identity: false, now: AT };
    let refused = establish(&*new.store, start, &mut Seeded::new(1)).await.unwrap_err().to_string();
    assert!(refused.starts_with("a restore was not ended: run `truebell restore` again"), "{refused}");
    new.restore(&backup, false).await.unwrap();
    assert_eq!(new.totals().await, machine.totals_restored().await);
}

#[tokio::test]
async fn an_existing_file_is_never_written_over() {
    let machine = Machine::memory().with_accounts(1).await;
    let (_folder, backup) = backup_of(&machine).await;
    let before = std::fs::read(&backup).unwrap();
    assert!(matches!(machine.back_up(&backup).await, Err(BackupError::Exists(_))));
    assert_eq!(std::fs::read(&backup).unwrap(), before);
}

/// A configuration whose data folder and SQLite database are a test's own.
fn config(folder: &Path) -> crate::config::Config {
    crate::config::Config { data: folder.to_owned(), ..crate::config::Config::default() }
}

async fn bring_back(folder: &Path, path: &Path, force: bool) -> Result<Done, RunError> {
    let wish = Wish { path, passphrase: &passphrase(), force, key_only: false };
    super::bring_back(&config(folder), wish, &mut |_, _| {}).await
}

#[tokio::test]
async fn force_moves_an_old_database_aside_and_a_failed_restore_puts_it_back() {
    let machine = Machine::sqlite().await.with_accounts(2).await;
    let data = machine.folder.path().to_owned();
    let (_folder, backup) = backup_of(&machine).await;
    let before = machine.totals().await;
    let Machine { folder, store } = machine;
    drop(store);
    assert!(matches!(bring_back(&data, &backup, false).await, Err(RunError::Backup(BackupError::NotEmpty))));

    // In the way of the waiting key: the restore fails after the database was moved.
    std::fs::create_dir(data.join("server-key.restored")).unwrap();
    assert!(bring_back(&data, &backup, true).await.is_err());
    std::fs::remove_dir(data.join("server-key.restored")).unwrap();
    assert!(!data.join("truebell.db.old-1").exists());

    let done = bring_back(&data, &backup, true).await.unwrap();
    assert_eq!((done.restored.identity.restore_epoch, done.rows), (1, before.rows()));
    assert_eq!(done.aside, Some(data.join("truebell.db.old-1")));
    let again = bring_back(&data, &backup, true).await.unwrap();
    assert_eq!(again.restored.identity.restore_epoch, 2, "one more than the database moved aside");
    drop(folder);
}

#[tokio::test]
async fn a_backup_is_made_while_another_process_serves_the_database() {
    let machine = Machine::sqlite().await.with_accounts(3).await;
    let out = machine.folder.path().join("out.backup");
    let mut rows = 0;
    let made = back_up(&config(machine.folder.path()), &out, &passphrase(), AT, &mut Seeded::new(4), &mut || rows += 1).await.unwrap();
    assert_eq!((made.totals.rows(), made.totals.clone()), (rows, machine.totals().await));
    let nowhere = tempfile::tempdir().unwrap();
    let none = back_up(&config(nowhere.path()), &out, &passphrase(), AT, &mut Seeded::new(4), &mut || {}).await;
    assert!(matches!(none, Err(RunError::NoKey(_))));
}

/// A new database in the tests' PostgreSQL.
async fn new_postgres() -> (tokio_postgres::Client, String, Location) {
    let url = std::env::var("TRUEBELL_TEST_POSTGRES")
        .expect("TRUEBELL_TEST_POSTGRES names no PostgreSQL: run these tests through `cargo xtask test`");
    let (admin, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the tests' PostgreSQL answers");
    tokio::spawn(connection);
    let name = format!("truebell_backup_{}", std::process::id());
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(server, query)| (server, format!("?{query}")));
    let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
    let location = format!("{server}/{name}{query}").parse().unwrap();
    (admin, name, location)
}

#[tokio::test]
async fn a_backup_goes_from_sqlite_to_postgresql_and_back_again() {
    let old = Machine::sqlite().await.with_accounts(4).await;
    let (_folder, from_sqlite) = backup_of(&old).await;
    let (admin, name, location) = new_postgres().await;
    let middle = Machine { folder: tempfile::tempdir().unwrap(), store: truebell_store::open(&location).await.unwrap() };
    middle.restore(&from_sqlite, false).await.unwrap();
    assert_eq!(middle.totals().await, old.totals_restored().await);
    let twice = middle.restore(&from_sqlite, false).await;
    assert!(matches!(twice, Err(BackupError::NotEmpty)));

    let (_folder, from_postgres) = backup_of(&middle).await;
    let new = Machine::sqlite().await;
    assert_eq!(new.restore(&from_postgres, false).await.unwrap().identity.restore_epoch, 2);
    assert_eq!(new.totals().await, old.totals_restored().await);
    drop(middle);
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}
