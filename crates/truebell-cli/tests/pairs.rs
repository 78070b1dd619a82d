//! `truebell corpus pair` as a person uses it: real processes, real files, a real service, and those that are none.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

fn truebell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.env("TRUEBELL_NO_PROMPT", "1").stdin(Stdio::null());
    command
}

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    fn run(&self, words: &[&str]) -> Output {
        truebell().current_dir(self.0.path()).args(["corpus", "pair"]).args(words).output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refusal(&self, code: i32, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stderr).trim_start_matches("error: ").trim_end().to_owned()
    }

    fn serve(&self, more: &[&str]) -> Service {
        let mut command = truebell();
        command.current_dir(self.0.path()).args(["corpus", "pair", "serve", "--json", "--listen", "127.0.0.1:0", "pairs.tbp"]);
        let mut child = command.args(["--key", "pairs.key"]).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Service { child, url: said["url"].as_str().unwrap().to_owned(), key: said["public_key"].as_str().unwrap().to_owned() }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A service, killed when the test ends.
struct Service {
    child: Child,
    url: String,
    key: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks, and gives the exit status with the answer.
fn ask(url: &str, address: &str, password: &str, more: &[&str]) -> (i32, Value) {
    let mut command = truebell();
    command.args(["corpus", "pair", "ask", address, "--server", url, "--password-stdin", "--json"]).args(more);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}{}", text(&output.stdout), text(&output.stderr)));
    (output.status.code().unwrap(), said)
}

#[test]
fn a_list_is_built_served_and_asked_and_only_its_pairs_are_exposed() {
    let bench = Bench::new();
    bench.write(
        "list.txt",
        "\u{feff}ada@example.org:Liverpool1\r\nAda@Example.org:Liverpool1\nbob@example.org:pass:word\n\neve@example.org:\u{fc}ber\n",
    );
    bench.write("stolen.txt", "ada@example.org:Liverpool1\ncarol@example.org:letmein");
    let built = bench.json(&["build", "--out", "pairs.tbp", "--key", "pairs.key", "--near", "list.txt", "--stealer-log", "stolen.txt"]);
    assert_eq!((&built["pairs"], &built["lines"], &built["skipped"], &built["new_key"]), (&4.into(), &6.into(), &0.into(), &true.into()));
    // One bucket: four pairs, the stems of three, its beacon.
    assert_eq!((&built["bucket_bits"], &built["bucket_entries"]), (&0.into(), &8.into()));
    assert_eq!(fs::metadata(bench.path("pairs.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let (info, verified) = (bench.json(&["info", "pairs.tbp"]), bench.json(&["verify", "pairs.tbp"]));
    assert_eq!((&info["version"], &verified["whole"]), (&built["version"], &true.into()));
    for word in ["ada", "Liverpool", "example"] {
        let file = fs::read(bench.path("pairs.tbp")).unwrap();
        assert!(!file.windows(word.len()).any(|window| window == word.as_bytes()));
    }

    let service = bench.serve(&[]);
    for (address, password, code, exposed, similar, kinds) in [
        ("ada@example.org", "Liverpool1", 12, true, Value::Null, serde_json::json!(["unmarked", "stealer-log"])),
        (" ADA@example.ORG", "Liverpool1", 12, true, Value::Null, serde_json::json!(["unmarked", "stealer-log"])),
        ("ada@example.org", "l1verp00l!", 13, false, true.into(), serde_json::json!(["unmarked", "stealer-log"])),
        ("bob@example.org", "pass:word", 12, true, Value::Null, serde_json::json!(["unmarked"])),
        ("carol@example.org", "letmein", 12, true, Value::Null, serde_json::json!(["stealer-log"])),
        ("eve@example.org", "\u{fc}ber", 12, true, Value::Null, serde_json::json!(["unmarked"])),
        ("bob@example.org", "Liverpool1", 0, false, false.into(), serde_json::json!([])),
        ("ada@example.org", "letmein", 0, false, false.into(), serde_json::json!([])),
        ("nobody@example.org", "Liverpool1", 0, false, false.into(), serde_json::json!([])),
    ] {
        let (said_code, said) = ask(&service.url, address, password, &["--public-key", &service.key]);
        assert_eq!(said_code, code, "{address} {password}: {said}");
        assert_eq!((&said["exposed"], &said["similar"], &said["kinds"]), (&exposed.into(), &similar, &kinds), "{address} {password}");
        assert_eq!(said["version"], built["version"]);
    }
    let (code, said) = ask(
        &service.url,
        "ada@example.org",
        "Liverpool1",
        &["--public-key", "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"],
    );
    assert_eq!((code, &said["exposed"]), (6, &Value::Null));
    assert_eq!(said["why_unknown"], "the service has another public key than the one that was named");
}

#[test]
fn the_same_list_with_the_same_key_gives_files_that_cannot_be_compared_and_a_new_one_is_taken_up() {
    let bench = Bench::new();
    let entries = |name: &str| -> Vec<[u8; 16]> { fs::read(bench.path(name)).unwrap()[256..].as_chunks().0.to_vec() };
    bench.write("list.txt", "ada@example.org:Liverpool1\n");
    let first = bench.json(&["build", "--out", "pairs.tbp", "--key", "pairs.key", "list.txt"]);
    let old = entries("pairs.tbp");
    let service = bench.serve(&[]);
    bench.write("list.txt", "ada@example.org:Liverpool1\nada@example.org:newer\n");
    let second = bench.json(&["build", "--out", "pairs.tbp", "--key", "pairs.key", "list.txt"]);
    assert_eq!((&first["public_key"], &second["new_key"]), (&second["public_key"], &false.into()));
    assert!(entries("pairs.tbp").iter().all(|entry| !old.contains(entry)));
    let mut tries = 0;
    loop {
        let (code, said) = ask(&service.url, "ada@example.org", "newer", &[]);
        assert!([0, 12].contains(&code), "{said}");
        if code == 12 {
            assert_eq!(said["version"], second["version"]);
            break;
        }
        tries += 1;
        assert!(tries < 100, "the new file was not taken up");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

#[test]
fn a_line_that_is_no_pair_stops_the_build_and_is_never_shown() {
    let bench = Bench::new();
    for (line, why) in [
        ("secret-without-colon", "has no colon between an address and a password"),
        ("no-address:secret", "does not begin with a mail address"),
        ("ada@example.org:", "has no password"),
        (&format!("ada@example.org:{}", "x".repeat(5000)), "is too long for a pair"),
    ] {
        bench.write("list.txt", format!("ada@example.org:fine\n{line}\nbob@example.org:fine\n"));
        let said = bench.refusal(9, &["build", "--out", "pairs.tbp", "--key", "pairs.key", "list.txt"]);
        assert_eq!(said, format!("list.txt, line 2, {why}. Nothing was built. Give --lenient to pass over such lines."));
        assert!(!bench.path("pairs.tbp").exists() && !bench.path("pairs.tbp.new").exists());
        let built = bench.json(&["build", "--out", "lenient.tbp", "--key", "pairs.key", "--lenient", "list.txt"]);
        assert_eq!((&built["pairs"], &built["skipped"]), (&2.into(), &1.into()));
        fs::remove_file(bench.path("lenient.tbp")).unwrap();
    }
    bench.write("cut.gz", [0x1f, 0x8b, 8, 0, 0, 0]);
    let said = bench.refusal(9, &["build", "--out", "pairs.tbp", "--key", "pairs.key", "cut.gz"]);
    assert_eq!(said, "cut.gz ends in the middle: it was not copied whole. Nothing was built.");
    bench.write("other", "precious");
    bench.write("list.txt", "ada@example.org:fine\n");
    let said = bench.refusal(1, &["build", "--out", "other", "--key", "pairs.key", "list.txt"]);
    assert_eq!(said, "other exists and is not a file of pairs: choose another name, or remove it.");
}

#[test]
fn keys_that_are_not_kept_or_not_of_the_file_are_refused() {
    let bench = Bench::new();
    bench.write("list.txt", "ada@example.org:Liverpool1\n");
    bench.json(&["build", "--out", "pairs.tbp", "--key", "pairs.key", "list.txt"]);
    bench.json(&["build", "--out", "others.tbp", "--key", "others.key", "list.txt"]);
    let serve = |key: &str| bench.refusal(1, &["serve", "pairs.tbp", "--listen", "127.0.0.1:0", "--key", key]);
    assert!(serve("others.key").starts_with("others.key is not the key that pairs.tbp was made with"), "{}", serve("others.key"));
    fs::set_permissions(bench.path("pairs.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(serve("pairs.key").contains("give it mode 0600"), "{}", serve("pairs.key"));
    let said = bench.refusal(9, &["build", "--out", "pairs.tbp", "--key", "pairs.key", "list.txt"]);
    assert!(said.contains("give it mode 0600"), "{said}");
    assert!(serve("list.txt").contains("mode 0600"));
    let said = bench.refusal(9, &["verify", "list.txt"]);
    assert!(said.starts_with("list.txt: this is not a file of pairs"), "{said}");
}

/// Answers every request in the same way, whatever it is.
fn somebody(status: &'static str, body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            drop(stream.read(&mut asked));
            drop(write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
            drop(stream.write_all(body));
        }
    });
    url
}

#[test]
fn whoever_is_no_pair_service_knows_nothing() {
    const YES: &[u8] = br#"{"format":1,"version":"00112233445566778899aabbccddeeff","public_key":"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76","bucket_bits":0,"bucket_entries":1,"classes":["exact"],"pairs":1,"made_at":1}"#;
    let nobody = { format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()) };
    for (url, why) in [
        (somebody("200 OK", b"<!doctype html><title>Sign in to the network</title>"), "this is not a pair service"),
        (somebody("200 OK", br#"{"status":"ok","breached":true}"#), "this is not a pair service"),
        (somebody("200 OK", YES), "the answer was not one to this question"),
        (somebody("302 Found", b""), "the answer was HTTP 302"),
        (somebody("503 Service Unavailable", b""), "the answer was HTTP 503"),
        (nobody, "nobody answered"),
    ] {
        let (code, said) = ask(&url, "ada@example.org", "Liverpool1", &[]);
        assert_eq!((code, &said["exposed"], &said["similar"]), (6, &Value::Null, &Value::Null), "{said}");
        assert!(said["why_unknown"].as_str().unwrap().starts_with(why), "{said}");
    }
}

#[test]
fn who_asks_too_often_is_told_nothing() {
    let bench = Bench::new();
    bench.write("list.txt", "ada@example.org:Liverpool1\n");
    bench.json(&["build", "--out", "pairs.tbp", "--key", "pairs.key", "list.txt"]);
    let service = bench.serve(&["--burst", "2", "--refill", "600"]);
    for _ in 0..2 {
        assert_eq!(ask(&service.url, "ada@example.org", "Liverpool1", &[]).0, 12);
    }
    let (code, said) = ask(&service.url, "ada@example.org", "Liverpool1", &[]);
    assert_eq!(code, 6);
    assert_eq!(said["why_unknown"], "the service takes no more questions from here for now; each is a guess that it must count");
}
