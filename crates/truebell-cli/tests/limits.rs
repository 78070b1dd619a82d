//! Machines at their limits, as a person and an operator meet them: the disk of the client is full, that of the server is, its disk can
//! only be read, and there are very many items. Real processes on a real small disk.
//!
//! Whoever may mount one runs these as they are; else each runs itself again in a namespace where it may. Where neither works the test
//! fails: none is passed over.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, PASSWORD, Server};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

/// A disk with room for a few megabytes.
struct SmallDisk {
    at: PathBuf,
    ballast: PathBuf,
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    Command::new("mount").args(arguments).arg(at).output().is_ok_and(|output| output.status.success())
}

impl SmallDisk {
    fn new(folder: &Path) -> Self {
        let at = folder.join("disk");
        std::fs::create_dir(&at).unwrap();
        assert!(mount(&["-t", "tmpfs", "-o", "size=6m", "tmpfs"], &at), "a small disk can be mounted");
        Self { ballast: at.join("ballast"), at }
    }

    fn fill(&self) {
        let mut ballast = std::fs::File::create(&self.ballast).unwrap();
        for part in [1 << 16, 1] {
            while ballast.write_all(&vec![7; part]).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(&self.ballast).unwrap();
    }

    fn remount(&self, how: &str) {
        assert!(mount(&["-o", &format!("remount,{how}")], &self.at), "the disk can be mounted {how}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that a failed test left may have a file open.
        let _gone = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

/// Whether the test goes on here. If not, it has passed in a namespace of its own.
fn may_mount(test: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    if mount(&["-t", "tmpfs", "tmpfs"], folder.path()) {
        assert!(Command::new("umount").arg(folder.path()).status().unwrap().success());
        return true;
    }
    assert!(std::env::var_os("TRUEBELL_TEST_IN_NAMESPACE").is_none(), "not even in a namespace of its own can {test} mount a small disk");
    let mut again = Command::new("unshare");
    again.args(["--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap()).args(["--exact", test]);
    let ended = again.env("TRUEBELL_TEST_IN_NAMESPACE", "1").status();
    assert!(
        ended.is_ok_and(|ended| ended.success()),
        "{test} needs to mount a small disk: run it as root, or where `unshare --map-root-user --mount` works"
    );
    false
}

fn create(machine: &Machine, title: &str) -> desk::Ended {
    machine.run(&["item", "create", "login", "--title", title, "--username", "ada"])
}

fn titles(machine: &Machine) -> Vec<String> {
    let listed = machine.run(&["item", "list", "--json"]).json();
    listed["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn assert_said(said: &str, words: &str) {
    assert!(said.contains(words), "{said}");
    for alarm in ["password was", "was reset", "signed out", "new device"] {
        assert!(!said.to_lowercase().contains(alarm), "{said}");
    }
}

const DISK_FULL: &str = "The disk is full: nothing was changed; make room and try again.";
const SERVER_FULL: &str = "The server has no room left: reading goes on, writing does not.";

#[test]
fn on_a_full_disk_nothing_here_is_lost_and_reading_goes_on() {
    if !may_mount("on_a_full_disk_nothing_here_is_lost_and_reading_goes_on") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(folder.path());
    let server = Server::start(folder.path());
    let laptop = Machine::signed_up(folder.path(), &server, "laptop");
    let here = Machine::new(&disk.at, "phone");
    let signin = ["signin", "--kit-text", &laptop.kit(folder.path()), "--password-stdin"];
    disk.fill();
    assert_said(&here.run_with(&signin, PASSWORD).err, DISK_FULL);
    disk.make_room();
    here.run_with(&signin, PASSWORD).ok();
    create(&here, "Mail").ok();
    disk.fill();
    let refused = create(&here, "Second");
    assert_eq!((refused.status, refused.err.trim()), (1, format!("error: {DISK_FULL}").as_str()));
    assert_eq!(titles(&here), ["Mail"]);
    assert_eq!(here.run(&["item", "get", "Mail", "--field", "username"]).ok().out.trim(), "ada");
    // Also for a process that begins now, and in which nothing is open yet.
    here.run(&["lock"]).ok();
    let listed = here.run_with(&["item", "list", "--no-agent", "--password-stdin"], PASSWORD).ok();
    assert_said(&listed.out, "Mail");
    disk.make_room();
    here.run_with(&["unlock", "--password-stdin"], PASSWORD).ok();
    create(&here, "Second").ok();
    assert_eq!(here.run(&["sync", "--json"]).json()["view"]["is"], "up-to-date");
    laptop.run(&["sync"]).ok();
    assert_eq!(titles(&laptop), ["Mail", "Second"]);
}

#[test]
fn a_server_without_room_goes_on_reading_and_gets_every_edit_when_it_has_room_again() {
    if !may_mount("a_server_without_room_goes_on_reading_and_gets_every_edit_when_it_has_room_again") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(folder.path());
    let mut server = Server::start(&disk.at);
    let laptop = Machine::signed_up(folder.path(), &server, "laptop");
    create(&laptop, "Mail").ok();
    laptop.run(&["sync"]).ok();
    disk.fill();
    assert_said(&create(&laptop, "Second").ok().err, SERVER_FULL);
    assert_said(&laptop.run(&["sync"]).err, SERVER_FULL);
    let phone = Machine::new(folder.path(), "phone");
    let signin = ["signin", "--kit-text", &laptop.kit(folder.path()), "--password-stdin"];
    assert_said(&phone.run_with(&signin, PASSWORD).err, SERVER_FULL);
    // It can be started again without room, to read.
    server.kill();
    server.start_again();
    assert_said(&laptop.run(&["sync"]).err, SERVER_FULL);
    disk.make_room();
    assert_eq!(laptop.run(&["sync", "--json"]).json()["view"]["is"], "up-to-date");
    phone.run_with(&signin, PASSWORD).ok();
    assert_eq!(titles(&phone), ["Mail", "Second"]);
}

#[test]
fn a_server_whose_disk_can_only_be_read_goes_on_reading_and_gets_every_edit_later() {
    if !may_mount("a_server_whose_disk_can_only_be_read_goes_on_reading_and_gets_every_edit_later") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(folder.path());
    let mut server = Server::start(&disk.at);
    let laptop = Machine::signed_up(folder.path(), &server, "laptop");
    create(&laptop, "Mail").ok();
    laptop.run(&["sync"]).ok();
    server.kill();
    disk.remount("ro");
    server.start_again();
    let synced = laptop.run(&["sync", "--json"]).json();
    assert_eq!(synced["view"]["is"], "up-to-date", "it is read as ever");
    assert_said(&create(&laptop, "Second").ok().err, SERVER_FULL);
    server.kill();
    disk.remount("rw");
    server.start_again();
    assert_eq!(laptop.run(&["sync", "--json"]).json()["view"]["is"], "up-to-date");
    assert_eq!(titles(&laptop), ["Mail", "Second"]);
}

/// As many as anybody may have.
const MANY: usize = 100_000;

#[test]
fn very_many_items_are_imported_sent_listed_and_fetched_by_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let laptop = Machine::signed_up(folder.path(), &server, "laptop");
    let mut csv = String::from("name,url,username,password,note\n");
    (0..MANY).for_each(|number| writeln!(csv, "Site {number},https://s{number}.example,ada{number},p{number},").unwrap());
    let file = folder.path().join("many.csv");
    std::fs::write(&file, csv).unwrap();
    laptop.run(&["import", &file.to_string_lossy(), "--yes"]).ok();
    let patience = Instant::now() + Duration::from_mins(10);
    while laptop.run(&["status", "--json"]).json()["pending"] != 0 {
        assert!(Instant::now() < patience, "they are not sent");
        laptop.run(&["sync"]).ok();
    }
    let phone = laptop.second(folder.path(), "phone");
    for machine in [&laptop, &phone] {
        let listed = machine.run(&["item", "list"]).ok().out;
        assert_eq!(listed.lines().count(), MANY);
        assert!(listed.lines().all(|line| line.split('\t').count() == 5));
        assert_eq!(machine.run(&["item", "get", "Site 7777", "--field", "password"]).ok().out.trim(), "p7777");
    }
    assert_eq!(phone.run(&["item", "list"]).out, laptop.run(&["item", "list"]).out);
}
