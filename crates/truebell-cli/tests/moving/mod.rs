//! `truebell store move` with real processes: clients write all the while, servers are killed at each step, and everything that was
//! acknowledged is there afterwards.

use super::fleet::{Balancer, Served, Version, new_database};
use super::{account, device, login, settle, write_until};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use truebell_client::{Client, Filter, SignIn};

/// A server whose database goes from place to place, behind an address that stays.
struct Moved {
    folder: PathBuf,
    /// Where it is configured to be.
    store: String,
    server: Served,
    door: Balancer,
    places: usize,
}

impl Moved {
    fn start(folder: &Path, kind: &str) -> Self {
        let store = place(folder, kind, 0);
        let server = Served::start(Version::This, &arguments(folder, &store));
        let door = Balancer::start(vec![server.address.clone()]);
        Self { folder: folder.to_owned(), store, server, door, places: 1 }
    }

    /// Another server process in the place of this one, which is stopped dead if it lives.
    fn again(&mut self, version: Version) {
        let dead = Command::new("kill").args(["-9", &self.server.id().to_string()]).stderr(Stdio::null()).status();
        assert!(dead.is_ok());
        self.server.wait();
        self.server = Served::start(version, &arguments(&self.folder, &self.store));
        self.door.now_at(vec![self.server.address.clone()]);
    }

    fn new_place(&mut self, kind: &str) -> String {
        self.places += 1;
        place(&self.folder, kind, self.places)
    }

    /// `truebell store move …`: what it answers, or the sentence with which it refuses.
    fn order(&self, arguments: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.args(["store", "move", "--json", "--yes", "--data"]).arg(self.folder.join("data")).args(arguments);
        let output = command.env_remove("TRUEBELL_CONFIG").stdin(Stdio::null()).output().unwrap();
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout).unwrap());
        }
        // Warnings come before it.
        let said: Value = serde_json::from_str(String::from_utf8_lossy(&output.stderr).lines().last().unwrap()).unwrap();
        Err(said["error"]["message"].as_str().unwrap().to_owned())
    }

    fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            let status = self.order(&["--status"]);
            if let Some(status) = status.as_ref().ok().filter(|status| is_so(status)) {
                return status.clone();
            }
            assert!(Instant::now() < until, "{what}: {status:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends a move whose switch is done; from now on the new place is configured.
    fn finish(&mut self, to: &str) {
        self.order(&["--finish"]).unwrap();
        self.until("it ends", |status| status["moving"] == false);
        self.store = to.to_owned();
    }
}

fn arguments(folder: &Path, store: &str) -> Vec<String> {
    let data = folder.join("data").display().to_string();
    ["--listen", "127.0.0.1:0", "--data", &data, "--store", store].map(str::to_owned).into()
}

fn place(folder: &Path, kind: &str, number: usize) -> String {
    match kind {
        "sqlite" => format!("sqlite:{}", folder.join(format!("truebell-{number}.db")).display()),
        _ => new_database(&PathBuf::from(format!("{}-{number}", folder.display()))),
    }
}

/// Each device has seen what happened so far: that the others came.
fn see_what_was(devices: &mut [Client]) {
    for client in devices {
        settle(client);
        let seen: Vec<_> = client.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect();
        client.mark_seen(&seen).unwrap();
    }
}

/// Ends the writing however a test ends, so that a failure is seen.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether every device has every item, nobody was signed out, and nothing was told to anybody.
fn check(devices: &mut [Client], request: &SignIn, home: &Path, made: usize) {
    let sessions = |client: &mut Client| client.sessions().unwrap().len();
    for client in devices.iter_mut() {
        settle(client);
        assert_eq!(client.list(&Filter::default()).len(), made, "an acknowledged item is lost");
    }
    let there = sessions(&mut devices[0]);
    assert_eq!(there, devices.len(), "each device goes on with the session it had");
    let new = device(home, request, "new");
    assert_eq!(new.list(&Filter::default()).len(), made, "a new device gets everything");
}

/// One after the other through the kinds, with people writing, and back once.
fn moved_while_people_write(from: &str, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut world = Moved::start(folder.path(), from);
    let (laptop, request) = account(&home, &world.door.url());
    let mut devices = vec![laptop, device(&home, &request, "phone"), device(&home, &request, "tablet")];
    see_what_was(&mut devices);
    let target = world.new_place(to);
    let stop = AtomicBool::new(false);
    let made: usize = std::thread::scope(|scope| {
        let writing: Vec<_> = devices
            .iter_mut()
            .zip(["laptop", "phone", "tablet"])
            .map(|(client, name)| scope.spawn(|| write_until(client, name, &stop)))
            .collect();
        let writing_ends = Stop(&stop);
        let kept = world.order(&["--to", &target]).unwrap();
        assert_eq!((&kept["phase"], &kept["to"]), (&Value::from("kept"), &kept["serving"]), "{kept}");
        let held = kept["move_fence_ms_max"].as_f64().unwrap();
        assert!(held > 0.0 && held < 1_000.0, "writes waited {held} ms");
        std::thread::sleep(Duration::from_millis(300));
        // With the old setting it comes up on the new place, and the way back is still open.
        world.again(Version::This);
        world.until("the way back is open", |status| status["phase"] == "kept");
        world.order(&["--back"]).unwrap();
        world.until("it goes back", |status| status["serving"] == status["from"]);
        std::thread::sleep(Duration::from_millis(300));
        world.order(&["--back"]).unwrap();
        world.until("and there again", |status| status["serving"] == status["to"]);
        drop(writing_ends);
        writing.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(made > 3, "only {made} items were written");
    let left = world.store.clone();
    world.finish(&target);
    check(&mut devices, &request, &home, made);
    // The place that was left is refused by whoever would read it, and says where the data is.
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    let (out, passphrase) = (folder.path().join("backup"), folder.path().join("passphrase"));
    std::fs::write(&passphrase, "correct horse\n").unwrap();
    command.arg("backup").arg(&out).arg("--file-password-file").arg(&passphrase).args(&arguments(folder.path(), &left)[2..]);
    let refused = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("was moved to"), "{said}");
    // And a move to what is no empty database is refused before anything is changed there.
    for wrong in [left.as_str(), &target] {
        let said = world.order(&["--to", wrong]).unwrap_err();
        assert!(said.contains("holds data of this server") || said.contains("is the database this server uses now"), "{said}");
    }
}

#[test]
fn sqlite_is_moved_to_postgres_under_real_clients() {
    moved_while_people_write("sqlite", "postgres");
}

#[test]
fn postgres_is_moved_to_postgres_under_real_clients() {
    moved_while_people_write("postgres", "postgres");
}

#[test]
fn postgres_is_moved_to_sqlite_under_real_clients() {
    moved_while_people_write("postgres", "sqlite");
}

/// Where the server dies, and whether the data is in the new place by then.
const DEATHS: [&str; 11] =
    ["SourceNoted", "TargetNoted", "JournalStarted", "Carried", "Prepared", "Ready", "Held", "Drained", "HandedOver", "Exchanged", "Live"];

#[test]
fn a_server_that_dies_at_any_step_of_a_move_goes_on_with_it_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut world = Moved::start(folder.path(), "sqlite");
    let (laptop, request) = account(&home, &world.door.url());
    let mut devices = vec![laptop, device(&home, &request, "phone")];
    see_what_was(&mut devices);
    let mut made = 0;
    for (point, kind) in DEATHS.into_iter().zip(["postgres", "postgres", "sqlite"].into_iter().cycle()) {
        let stop = AtomicBool::new(false);
        world.again(Version::DiesAt(point));
        let to = world.new_place(kind);
        made += std::thread::scope(|scope| {
            let (phone, stop) = (&mut devices[1], &stop);
            let writing = scope.spawn(move || write_until(phone, point, stop));
            let writing_ends = Stop(stop);
            // It may die before it answers.
            let _answer = world.order(&["--to", &to, "--no-wait"]);
            let until = Instant::now() + Duration::from_secs(120);
            while !world.server.is_dead() {
                assert!(Instant::now() < until, "{point} was never reached");
                std::thread::sleep(Duration::from_millis(10));
            }
            world.again(Version::This);
            let kept = world.until(point, |status| status["phase"] == "kept");
            assert_eq!(kept["serving"], kept["to"], "{point}");
            drop(writing_ends);
            writing.join().unwrap()
        });
        for client in &mut devices {
            settle(client);
            assert_eq!(client.list(&Filter::default()).len(), made, "{point}");
        }
        world.finish(&to);
    }
    check(&mut devices, &request, &home, made);
}

/// Takes a PostgreSQL database away from everybody, or gives it back.
fn hide(place: &str, hidden: bool) {
    let (server, name) = place.rsplit_once('/').unwrap();
    let sql = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {}", !hidden);
    let said = Command::new("psql").args([&format!("{server}/postgres"), "-q", "-c", &sql]).status();
    assert!(said.unwrap().success());
}

#[test]
fn a_move_that_died_and_whose_target_is_gone_is_taken_back_and_can_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut world = Moved::start(folder.path(), "sqlite");
    let (mut laptop, _) = account(&home, &world.door.url());
    for point in ["TargetNoted", "Drained", "Carried"] {
        world.again(Version::DiesAt(point));
        let to = world.new_place("postgres");
        let _answer = world.order(&["--to", &to, "--no-wait"]);
        while !world.server.is_dead() {
            std::thread::sleep(Duration::from_millis(10));
        }
        hide(&to, true);
        world.again(Version::This);
        world.until("it waits, and says why", |status| status["waiting"].is_string());
        world.order(&["--abort"]).unwrap();
        world.until("it is taken back", |status| status["moving"] == false);
        laptop.create(laptop.find_vault(None).unwrap(), login(point)).unwrap();
        settle(&mut laptop);
        hide(&to, false);
        let kept = world.order(&["--to", &to]).unwrap();
        assert_eq!(kept["phase"], "kept", "{kept}");
        world.finish(&to);
    }
    assert_eq!(laptop.list(&Filter::default()).len(), 3);
}
