//! A kind of mail that would tell too many people, on a real server: held back, said wherever an operator looks, and sent on once let go;
//! nothing is lost by it, and nothing is sent twice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, Server};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

/// One more than may be told in an hour, and some.
const PEOPLE: usize = 23;
/// What `truebell_store::band` lets any server tell in an hour.
const MOST: usize = 20;

/// Whom mails went to, and how many each.
fn told(folder: &Path) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("server/outbox")).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "eml") {
            let mail = std::fs::read_to_string(path).unwrap();
            let to = mail.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
            *told.entry(to.to_owned()).or_default() += 1;
        }
    }
    told
}

fn ask(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it never came to it: {what}");
}

#[test]
fn a_kind_of_mail_that_tells_too_many_is_held_back_said_and_let_go_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut server = Server::start_with(folder.path(), &["--set", &format!("metrics_listen={metrics}")]);
    let data = server.folder().to_string_lossy().into_owned();
    let operator = Machine::new(folder.path(), "operator");
    let status = || {
        let kinds: Value = operator.run(&["mail", "status", "--json", "--data", &data]).json();
        kinds["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "account-created").cloned().unwrap_or_default()
    };
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (folder, server) = (folder.path(), &server);
            scope.spawn(move || {
                for number in (0..PEOPLE).filter(|number| number % 2 == half) {
                    let name: &'static str = Box::leak(format!("person{number}").into_boxed_str());
                    drop(Machine::signed_up(folder, server, name));
                }
            });
        }
    });
    until("it is stopped", || !status()["stopped"].is_null());
    let stopped = status();
    assert_eq!(
        (&stopped["people_this_hour"], &stopped["most_an_hour"], &stopped["waiting"]),
        (&MOST.into(), &MOST.into(), &(PEOPLE - MOST).into()),
        "{stopped}"
    );
    assert!(stopped["why"].as_str().unwrap().contains("21 people in an hour would be told, and at most 20 may be"), "{stopped}");
    until("the first ones left", || told(folder.path()).len() == MOST);
    until("the server says it", || ask(&metrics, "/metrics").contains("truebell_mail_stopped{template=\"account-created\"} 1"));
    let ready = ask(&metrics, "/readyz");
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.contains("truebell mail status"),
        "it serves, and says why somebody should look: {ready}"
    );

    // Not by itself, nor by another start.
    server.kill();
    server.start_again();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(told(folder.path()).len(), MOST);
    let unknown = operator.run(&["mail", "resume", "account-crated", "--data", &data]);
    assert!(unknown.status == 3 && unknown.err.contains("truebell mail status"), "{unknown:?}");

    // Each that waits can be taken back, and then never leaves: what is let go is the rest.
    let waiting = operator.run(&["mail", "waiting", "account-created", "--json", "--data", &data]).json();
    let waiting = waiting["mails"].as_array().unwrap();
    assert_eq!(waiting.len(), PEOPLE - MOST, "{waiting:?}");
    let (wrong, whose) = (waiting[0]["code"].as_str().unwrap(), waiting[0]["to"].as_str().unwrap());
    let done = operator.run(&["mail", "retract", wrong, "--reason", "mistake", "--json", "--data", &data]).json();
    assert_eq!((&done["told"], &done["withheld"]), (&0.into(), &1.into()), "{done}");

    let done = operator.run(&["mail", "resume", "account-created", "--json", "--data", &data]).json();
    assert_eq!(done["was_stopped"], true, "{done}");
    until("the others left", || told(folder.path()).len() == PEOPLE - 1);
    until("the server says it", || ask(&metrics, "/metrics").contains("truebell_mail_stopped{template=\"account-created\"} 0"));
    std::thread::sleep(Duration::from_secs(2));
    let told = told(folder.path());
    assert!(told.len() == PEOPLE - 1 && told.values().all(|mails| *mails == 1), "each once: {told:?}");
    assert!(!told.keys().any(|to| to.contains(whose)), "{whose} was told nothing, and nothing of a correction");
    let after = status();
    assert_eq!((&after["stopped"], &after["waiting"]), (&Value::Null, &0.into()), "{after}");
}
