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
