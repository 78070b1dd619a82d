//! The agent as the system sees it: its socket, its memory, its end.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, PASSWORD, Server};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn an_unlocked_agent_answers_its_owner_over_a_private_socket() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    ada.run(&["item", "list"]).ok();

    let socket = ada.socket();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    assert_eq!(mode(&socket) & 0o077, 0);

    // The process has no password in its arguments or its environment, and leaves no core file.
    let stream = UnixStream::connect(&socket).unwrap();
    let pid = rustix::net::sockopt::socket_peercred(&stream).unwrap().pid.as_raw_nonzero();
    let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
    let arguments = String::from_utf8(read("cmdline")).unwrap();
    assert!(arguments.ends_with("truebell\0agent\0--internal\0"), "{arguments:?}");
    assert!(!String::from_utf8_lossy(&read("environ")).contains(PASSWORD));
    let limits = String::from_utf8(read("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");

    // Nonsense ends that conversation and no other.
    let mut nonsense = UnixStream::connect(&socket).unwrap();
    nonsense.write_all(&[9, 255, 255, 255, 255]).unwrap();
    drop(nonsense);
    ada.run(&["item", "list"]).ok();

    // An open folder is not trusted, whoever listens in it.
    std::fs::set_permissions(socket.parent().unwrap(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ada.run(&["status", "--json"]).json()["unlocked"], false);
    std::fs::set_permissions(socket.parent().unwrap(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(ada.run(&["status", "--json"]).json()["unlocked"], true);
}

#[test]
fn a_locked_account_asks_for_its_password_and_works_without_an_agent() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let socket = ada.socket();
    assert!(ada.run(&["lock"]).ok().out.contains("is locked"));
    assert!(!socket.exists());
    assert!(ada.run(&["lock"]).ok().out.contains("locked already"));

    let locked = ada.run(&["item", "list"]);
    assert_eq!(locked.status, 4, "{locked:?}");
    assert!(locked.err.contains("`truebell unlock`"), "{locked:?}");
    let wrong = ada.run_with(&["item", "list", "--password-stdin", "--json"], "wrong");
    assert_eq!(wrong.status, 5, "{wrong:?}");
    assert!(wrong.err.contains("\"code\":\"wrong-details\"") && !wrong.err.contains("changed"), "{wrong:?}");
    ada.run_with(&["item", "list", "--password-stdin", "--no-agent"], PASSWORD).ok();
    assert!(!socket.exists(), "a command for itself leaves no agent behind");

    let wrong = ada.run_with(&["unlock", "--password-stdin"], "wrong");
    assert_eq!(wrong.status, 5, "{wrong:?}");
    ada.run_with(&["unlock", "--password-stdin"], PASSWORD).ok();
    assert!(ada.run(&["unlock"]).ok().out.contains("unlocked already"));
    ada.run(&["item", "list"]).ok();
}

#[test]
fn an_agent_forgets_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let socket = ada.socket();
    ada.run(&["unlock", "--for", "2s"]).ok();
    ada.run(&["item", "list"]).ok();
    for _ in 0..100 {
        if !socket.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!socket.exists());
    assert_eq!(ada.run(&["item", "list"]).status, 4);
}

#[test]
fn a_socket_left_by_a_killed_agent_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let stream = UnixStream::connect(ada.socket()).unwrap();
    let pid = rustix::net::sockopt::socket_peercred(&stream).unwrap().pid;
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(ada.socket().exists());
    assert_eq!(ada.run(&["item", "list"]).status, 4);
    ada.run_with(&["unlock", "--password-stdin"], PASSWORD).ok();
    ada.run(&["item", "list"]).ok();
}

#[test]
fn a_server_that_accepts_and_never_answers_delays_no_reading_and_no_editing() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    ada.run_with(&["item", "create", "login", "--title", "Mail", "--set-stdin", "password"], "secret\n").ok();
    ada.run(&["lock"]).ok();
    server.fall_silent();

    // A new agent: its first sync hangs, and so does one that a person asks for.
    ada.run_with(&["unlock", "--password-stdin"], PASSWORD).ok();
    let mut sync = ada.begin(&["sync"]);
    std::thread::sleep(Duration::from_secs(1));
    let mut still_hanging = || assert!(sync.is_running(), "the server was to hang for as long as this test looks");
    assert_eq!(ada.run(&["item", "get", "Mail", "--field", "password"]).ok().out, "secret\n");
    still_hanging();
    assert!(ada.run(&["item", "list"]).ok().out.contains("Mail"));
    ada.run(&["status"]).ok();
    still_hanging();
    let edited = ada.run_with(&["item", "edit", "Mail", "--set-stdin", "password"], "edited\n").ok();
    assert!(edited.err.contains("Saved on this device; it goes to the server with the next sync."), "{edited:?}");
    assert_eq!(ada.run(&["item", "get", "Mail", "--field", "password"]).ok().out, "edited\n");
    ada.run(&["item", "create", "secure-note", "--title", "Made meanwhile"]).ok();
    still_hanging();
    // A list of devices hangs as well, and holds nobody up.
    let mut devices = ada.begin(&["devices", "list"]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(ada.run(&["search", "meanwhile"]).ok().out.contains("Made meanwhile"));
    assert!(devices.is_running());
    still_hanging();
    ada.run(&["lock"]).ok();
    assert_eq!(ada.run(&["item", "list"]).status, 4);
}

#[test]
fn what_one_device_does_another_hears_of_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let laptop = Machine::signed_up(folder.path(), &server, "laptop");
    let phone = laptop.second(folder.path(), "phone");
    laptop.run(&["item", "create", "secure-note", "--title", "Hello"]).ok();
    // The agent's own round is a minute long; a hint is there at once, on a busy machine a little later.
    let begun = tokio::time::Instant::now();
    while !phone.run(&["item", "list"]).ok().out.contains("Hello") {
        assert!(begun.elapsed() < Duration::from_secs(40), "the phone has not heard of it");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn notices_that_cannot_be_read_are_told_as_such_and_never_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ada = Machine::signed_up(folder.path(), &server, "ada");
    let _phone = ada.second(folder.path(), "phone");
    // The notice of the phone is here and was not shown.
    ada.run(&["sync", "--quiet"]).ok();
    ada.run(&["lock"]).ok();
    let replica = rusqlite::Connection::open(ada.home.join("profiles/default/replica.sqlite")).unwrap();
    assert!(replica.execute("UPDATE events SET body = replace(body, '.', ',')", []).unwrap() > 0);
    drop(replica);

    let told = |ended: desk::Ended| ended.err.contains("Whether there are notices could not be read on this device: ");
    let alone = ada.run_with(&["item", "list", "--password-stdin", "--no-agent"], PASSWORD).ok();
    assert!(told(alone), "without an agent");
    ada.run_with(&["unlock", "--password-stdin"], PASSWORD).ok();
    assert!(told(ada.run(&["item", "list"]).ok()), "by the agent");
    assert!(told(ada.run(&["item", "list", "--quiet"]).ok()), "silence would say that nothing is new");
}
