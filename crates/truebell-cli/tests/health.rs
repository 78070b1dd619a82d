//! `truebell health` as a person uses it: with a corpus on the device, with a range service, with somebody else in that service's place, and on ten thousand logins.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod desk;

use desk::{Machine, Server};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const STRONG: &str = "7Jd-wQpz!m4ZrT0x";

/// A machine with what a browser had: title, address, username, password.
fn machine(folder: &Path, server: &Server, logins: &[(&str, &str, &str)]) -> Machine {
    let machine = Machine::signed_up(folder, server, "laptop");
    let mut csv = String::from("name,url,username,password\n");
    for (title, url, password) in logins {
        writeln!(csv, "{title},{url},ada@example.org,{password}").unwrap();
    }
    let file = folder.join("browser.csv");
    std::fs::write(&file, csv).unwrap();
    machine.run(&["import", "--format", "chrome", file.to_str().unwrap(), "--yes"]).ok();
    machine
}

fn corpus(folder: &Path, name: &str, passwords: &str) -> String {
    let (list, out) = (folder.join("words.txt"), folder.join(name));
    std::fs::write(&list, passwords).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    let made = command.args(["corpus", "build", "--out"]).arg(&out).arg(&list).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    out.to_str().unwrap().to_owned()
}

/// `kind title` of each finding.
fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| format!("{} {}", finding["kind"].as_str().unwrap(), finding["title"].as_str().unwrap())).collect()
}

#[test]
fn with_a_corpus_each_finding_has_its_evidence_and_is_news_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let machine = machine(
        folder.path(),
        &server,
        &[
            ("Exposed", "https://one.example", "liverpool-fc-1892"),
            ("Alike", "https://two.example", "Liverpool-FC-1892!"),
            ("Shared", "https://three.example", STRONG),
            ("Shared too", "https://four.example", STRONG),
            ("Weak", "https://five.example", "qwertz99"),
            ("Plain", "http://six.example/login", "9Kd-wQpz!m4ZrT0x"),
            ("Unguarded", "https://github.com/login", "8Jd-wXpz!m4ZrT0y"),
        ],
    );
    machine.run(&["item", "create", "card", "--title", "Old card", "--set", "expires=2020-01"]).ok();
    let pwned = corpus(folder.path(), "pwned.tbc", "password\nliverpool-fc-1892\nliverpool-fc-1892\n");
    let health = |more: &[&str]| machine.run(&[&["health", "--corpus", &pwned], more].concat());
    let ended = health(&["--json"]);
    assert_eq!(ended.status, 12, "{ended:?}");
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        found(&report),
        [
            "exposed Exposed",
            "similar-to-exposed Alike",
            "reused Shared",
            "reused Shared too",
            "weak Weak",
            "expired Old card",
            "insecure-site Plain",
            "no-second-factor Unguarded"
        ]
    );
    assert_eq!((&report["exposed"], &report["unknown"], &report["new"]), (&1.into(), &0.into(), &1.into()));
    let first = &report["findings"][0];
    assert_eq!((&first["count"], &first["new"]), (&2.into(), &true.into()));
    let version = report["source"]["version"].as_str().unwrap();
    assert_eq!(first["evidence"], format!("Seen 2 times in lists of exposed passwords (corpus pwned.tbc, version {version})."));
    assert_eq!(report["findings"][2]["shared_with"].as_array().unwrap().len(), 1);
    assert!(!ended.out.contains(STRONG) && !ended.out.contains("1892"), "{}", ended.out);

    // Told once, on every device of the account.
    let phone = machine.second(folder.path(), "phone");
    let again: Value = serde_json::from_str(&phone.run(&["health", "--corpus", &pwned, "--json"]).out).unwrap();
    assert_eq!((&again["new"], &again["findings"][0]["new"]), (&0.into(), &false.into()));

    // The corpus grows: what is exposed now and was not before is news, and nothing else is.
    let grown = corpus(folder.path(), "grown.tbc", &format!("password\nliverpool-fc-1892\n{STRONG}\n"));
    let report: Value = serde_json::from_str(&machine.run(&["health", "--corpus", &grown, "--json"]).out).unwrap();
    let news: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["new"] == true)
        .map(|finding| finding["title"].as_str().unwrap())
        .collect();
    assert_eq!(news, ["Shared", "Shared too"]);
}

#[test]
fn a_finding_is_set_aside_with_a_reason_and_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let machine =
        machine(folder.path(), &server, &[("Router", "http://router.example", STRONG), ("Weak", "https://five.example", "qwertz99")]);
    assert_eq!(machine.run(&["health"]).status, 13);
    machine.run(&["health", "--set-aside", "Router", "--finding", "insecure-site", "--reason", "only from inside"]).ok();
    machine.run(&["health", "--set-aside", "Weak", "--finding", "weak", "--reason", "a test account"]).ok();
    let report = machine.run(&["health", "--json"]).json();
    assert_eq!((&report["set_aside"], &report["findings"][0]["set_aside"]["reason"]), (&2.into(), &"a test account".into()));
    let said = machine.run(&["health"]).ok().out;
    assert!(said.contains("2 findings set aside") && !said.contains("qwertz"), "{said}");
    // Of another password nothing was said.
    machine.run_with(&["item", "edit", "Weak", "--set-stdin", "password"], "123456").ok();
    assert_eq!(machine.run(&["health"]).status, 13);
    machine.run(&["health", "--bring-back", "Router", "--finding", "insecure-site"]).ok();
    let ended = machine.run(&["health", "--bring-back", "Router", "--finding", "insecure-site"]);
    assert_eq!((ended.status, ended.err.contains("No finding")), (3, true), "{ended:?}");
    let ended = machine.run(&["health", "--set-aside", "Router", "--finding", "expired", "--reason", "x"]);
    assert_eq!(ended.status, 3, "{ended:?}");
}

#[test]
fn a_pair_service_says_which_user_names_were_seen_with_their_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let machine = machine(
        folder.path(),
        &server,
        &[
            ("Seen", "https://one.example", STRONG),
            ("Nearly", "https://two.example", "Orchestra-1892-zqx!9"),
            ("Fine", "https://three.example", "9Kd-wQpz!m4ZrT0x"),
        ],
    );
    let at = |name: &str| folder.path().join(name);
    std::fs::write(
        at("list.txt"),
        format!("ada@example.org:{STRONG}\nada@example.org:orchestra-1892-zqx\nbob@example.org:9Kd-wQpz!m4ZrT0x\n"),
    )
    .unwrap();
    let mut build = Command::new(env!("CARGO_BIN_EXE_truebell"));
    build
        .args(["corpus", "pair", "build", "--json", "--near", "--out"])
        .arg(at("pairs.tbp"))
        .arg("--key")
        .arg(at("pairs.key"))
        .arg(at("list.txt"));
    let built = build.output().unwrap();
    assert!(built.status.success());
    let start = |more: &[&str]| {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_truebell"));
        serve.args(["corpus", "pair", "serve", "--json", "--listen", "127.0.0.1:0"]).arg(at("pairs.tbp")).arg("--key").arg(at("pairs.key"));
        let mut child = serve.args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        (Running(child), said["url"].as_str().unwrap().to_owned())
    };
    let (_running, url) = start(&[]);
    let ended = machine.run(&["health", "--pairs", &url, "--json"]);
    assert_eq!(ended.status, 12, "{ended:?}");
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let pressing: Vec<String> = found(&report).into_iter().filter(|finding| finding.contains("exposed")).collect();
    assert_eq!(pressing, ["exposed Seen", "similar-to-exposed Nearly"]);
    assert_eq!(report["findings"][0]["evidence"], format!("Seen with this user name in lists (pair service {url})."));
    let pairs = &report["pairs"];
    assert_eq!(
        (&pairs["asked"], &pairs["exposed"], &pairs["similar"], &pairs["clean"], &pairs["unknown"]),
        (&3.into(), &1.into(), &1.into(), &1.into(), &0.into())
    );
    let said = machine.run(&["health", "--pairs", &url]).out;
    assert!(said.contains("With their user names: 1 exposed, 1 nearly, 1 clean, 0 not known"), "{said}");

    // The key that was named is the only one that is believed.
    let key = serde_json::from_slice::<Value>(&built.stdout).unwrap()["public_key"].as_str().unwrap().to_owned();
    let ended = machine.run(&["health", "--pairs", &url, "--pairs-key", &key, "--json"]);
    assert_eq!(ended.status, 12, "{ended:?}");
    // The group's generator: a key like any other, and not this service's.
    let another = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
    let ended = machine.run(&["health", "--pairs", &url, "--pairs-key", another, "--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.status, &report["pairs"]["unknown"]), (6, &3.into()), "{report}");
    assert_eq!(report["pairs"]["why_unknown"], "the service has another public key than the one that was named");

    // Somebody who is no such service, and one that takes no more questions: not known, and nothing is said to be exposed.
    let (_strict, strict) = start(&["--burst", "1", "--refill", "600"]);
    for (url, unknown) in [(answer_all("{\"breached\":true}"), 3), (strict, 2)] {
        let ended = machine.run(&["health", "--pairs", &url, "--json"]);
        let report: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(report["pairs"]["unknown"], unknown, "{report}");
        assert!(report["pairs"]["why_unknown"].is_string());
        assert_eq!(ended.status, if report["pairs"]["exposed"] == 1 { 12 } else { 6 }, "{ended:?}");
    }
}

/// A process that is killed at the end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Somebody who answers everything with the same.
fn answer_all(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        }
    });
    format!("http://{address}")
}

#[test]
fn a_range_service_is_believed_and_somebody_in_its_place_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let machine = machine(
        folder.path(),
        &server,
        &[("Exposed", "https://one.example", "liverpool-fc-1892"), ("Good", "https://two.example", STRONG)],
    );
    let pwned = corpus(folder.path(), "pwned.tbc", "password\nliverpool-fc-1892\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.args(["corpus", "serve", "--json", "--listen", "127.0.0.1:0", &pwned]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut service = Running(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
    let ended = machine.run(&["health", "--ranges", &url, "--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.status, found(&report)), (12, vec!["exposed Exposed".to_owned()]));
    assert_eq!((&report["exposed"], &report["clean"], &report["unknown"]), (&1.into(), &1.into(), &0.into()));
    let check = |password, url: &str| machine.run_with(&["corpus", "check", "--ranges", url, "--password-stdin"], password);
    assert_eq!((check("password", &url).status, check(STRONG, &url).status), (12, 0));

    drop(service);
    let portal = answer_all("<html><body>Welcome! Sign in to the network.</body></html>");
    let moved = answer_all("003D68EB55068C33ACE09247EE4C639306B:3\r\n1E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365");
    for (url, why) in [(url, "nobody answered"), (portal, "not a range of hashes"), (moved, "the same answer whatever it is asked")] {
        let ended = machine.run(&["health", "--ranges", &url]);
        assert_eq!(ended.status, 6, "{ended:?}");
        assert!(ended.out.contains("0 exposed, 0 clean, 2 not known") && ended.out.contains(why), "{}", ended.out);
        let ended = check("password", &url);
        assert!(ended.status == 6 && ended.out.contains("not known") && ended.out.contains(why), "{ended:?}");
    }
    let ended = machine.run(&["health", "--ranges", "http://ranges.example.org"]);
    assert!(ended.status == 2 && ended.err.contains("is not encrypted"), "{ended:?}");
}

#[test]
fn ten_thousand_imported_logins_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let passwords: Vec<String> = (0..10_000_u64)
        .map(|number| {
            let digest = truebell_corpus::Kind::Sha1.digest(&number.to_le_bytes()).unwrap().hex(truebell_corpus::Kind::Sha1);
            if number % 100 == 0 {
                format!("exposed-password-{}", number % 500)
            } else {
                format!("{}zQ!", &digest.to_lowercase().chars().take(16).collect::<String>())
            }
        })
        .collect();
    let logins: Vec<(String, String)> =
        (0..10_000).map(|number| (format!("Site {number}"), format!("https://site-{number}.example"))).collect();
    let rows: Vec<(&str, &str, &str)> =
        logins.iter().zip(&passwords).map(|((title, url), password)| (title.as_str(), url.as_str(), password.as_str())).collect();
    let machine = machine(folder.path(), &server, &rows);
    let pwned =
        corpus(folder.path(), "pwned.tbc", &(0..500).fold(String::new(), |all, number| format!("{all}exposed-password-{number}\n")));
    let ended = machine.run(&["health", "--corpus", &pwned, "--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.status, &report["items"], &report["exposed"], &report["unknown"]), (12, &10_000.into(), &5.into(), &0.into()));
    let count = |kind: &str| found(&report).iter().filter(|line| line.starts_with(&format!("{kind} "))).count();
    assert_eq!((count("exposed"), count("reused"), count("weak"), count("similar-to-exposed")), (100, 100, 0, 0));
    assert_eq!(report["new"], 100);
}
