//! `truebell corpus` as a person uses it: real processes, real files, and what goes wrong with both.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use truebell_corpus::Kind;

fn truebell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.env("TRUEBELL_NO_PROMPT", "1").stdin(Stdio::null());
    command
}

/// A folder to build in.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), bytes).unwrap();
        self
    }

    fn run(&self, words: &[&str]) -> Output {
        truebell().current_dir(self.0.path()).arg("corpus").args(words).output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refusal(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(
            output.status.code(),
            Some(9),
            "{words:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stderr).unwrap().trim_start_matches("error: ").trim_end().to_owned()
    }

    /// All entries, as `check` has them.
    fn counts(&self, corpus: &str, asked: &str) -> BTreeMap<String, u64> {
        self.write("asked.txt", asked);
        let output = self.run(&["check", corpus, "--hashes", "asked.txt", "--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(if answer["exposed"] == 0 { 0 } else { 12 }));
        let found = answer["found"].as_array().unwrap();
        found.iter().map(|entry| (entry["hash"].as_str().unwrap().to_owned(), entry["count"].as_u64().unwrap())).collect()
    }
}

fn sha1(word: &str) -> String {
    Kind::Sha1.digest(word.as_bytes()).unwrap().hex(Kind::Sha1)
}

/// So many hashes in order, each with a count.
fn ordered(numbers: std::ops::Range<u64>) -> String {
    let mut lines: Vec<String> = numbers.map(|number| format!("{}:{}", sha1(&number.to_string()), number % 400 + 1)).collect();
    lines.sort();
    lines.join("\r\n") + "\r\n"
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn lists_of_every_form_become_one_corpus_whose_counts_add_up() {
    let bench = Bench::new();
    bench.write("words.txt", "password\n123456\npassword\nüber\n").write("ordered.txt", ordered(0..3000));
    bench.write("ordered.txt.gz", gzip(ordered(1000..2000).as_bytes()));
    bench.write("more.zst", zstd::encode_all(ordered(5000..5100).as_bytes(), 1).unwrap());
    bench.write("unordered.txt", format!("{}:5\n{}\n{}:0\n", sha1("zebra"), sha1("apple"), sha1("padding")));
    std::fs::create_dir(bench.path("ranges")).unwrap();
    bench.write("ranges/5BAA6.txt", format!("{}:7\r\n{}:0", &sha1("password")[5..], "F".repeat(35)));
    bench.write("ranges/7c4a8", format!("{}:11", &sha1("123456")[5..]));
    let made = bench.json(&[
        "build",
        "--out",
        "all.tbc",
        "words.txt",
        "ordered.txt",
        "--verified",
        "ordered.txt.gz",
        "--stealer-log",
        "more.zst",
        "unordered.txt",
        "ranges",
    ]);
    assert_eq!(made["entries"], 3000 + 100 + 3 + 2);
    assert_eq!(made["skipped"], 0);
    assert_eq!(bench.json(&["verify", "all.tbc"])["whole"], true);

    let mut expect: BTreeMap<String, u64> =
        (0..3000).chain(5000..5100).map(|number| (sha1(&number.to_string()), number % 400 + 1)).collect();
    (1000_u64..2000).for_each(|number| *expect.get_mut(&sha1(&number.to_string())).unwrap() *= 2);
    for (word, count) in [("password", 2 + 7), ("123456", 1 + 11), ("über", 1), ("zebra", 5), ("apple", 1)] {
        expect.insert(sha1(word), count);
    }
    let misses = (9000..9500).map(|number: u64| sha1(&number.to_string())).chain([sha1("padding")]);
    let asked = expect.keys().cloned().chain(misses).fold(String::new(), |all, hash| all + &hash + "\n");
    assert_eq!(bench.counts("all.tbc", &asked), expect);

    let info = bench.json(&["info", "all.tbc"]);
    assert_eq!(info["kinds"], serde_json::json!(["unmarked", "verified", "stealer-log"]));
    assert_eq!(info["sources"].as_array().unwrap().len(), 6);
    let sample = bench.json(&["sample", "all.tbc", "--count", "25"]);
    assert!(
        sample["entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| expect[entry["hash"].as_str().unwrap()] == entry["count"].as_u64().unwrap())
    );
}

#[test]
fn a_password_comes_by_standard_input_and_is_exposed_or_clean() {
    let bench = Bench::new();
    bench.write("words.txt", "password\n123456\n").json(&["build", "--out", "pwned.tbc", "words.txt"]);
    let check = |password: &str| {
        let mut child = truebell()
            .current_dir(bench.0.path())
            .args(["corpus", "check", "pwned.tbc", "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = check("password");
    assert_eq!(code, Some(12));
    assert!(said.starts_with("exposed: Seen once in lists of exposed passwords") && !said.contains("password\n"), "{said}");
    let (code, said) = check("correct horse battery staple");
    assert_eq!(code, Some(0));
    assert!(said.starts_with("clean: Not in this corpus"), "{said}");
}

#[test]
fn corpora_are_merged_and_one_for_checking_only_is_small() {
    let bench = Bench::new();
    bench.write("a.txt", ordered(0..2000)).write("b.txt", ordered(1500..4000));
    bench.json(&["build", "--out", "a.tbc", "--verified", "a.txt"]);
    bench.json(&["build", "--out", "b.tbc", "b.txt"]);
    bench.json(&["merge", "--out", "both.tbc", "a.tbc", "b.tbc"]);
    let asked = (0..4000).fold(String::new(), |all, number: u64| all + &sha1(&number.to_string()) + "\n");
    let expect: BTreeMap<String, u64> = (0..4000)
        .map(|number: u64| (sha1(&number.to_string()), (number % 400 + 1) * if (1500..2000).contains(&number) { 2 } else { 1 }))
        .collect();
    assert_eq!(bench.counts("both.tbc", &asked), expect);
    let small = bench.json(&["merge", "--out", "small.tbc", "--index-only", "a.tbc", "b.tbc"]);
    assert_eq!(small["entries"], 4000);
    let output = bench.run(&["check", "small.tbc", "--hashes", "asked.txt", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&answer["exposed"], &answer["found"][0]["whole"], &answer["found"][0]["count"]),
        (&4000.into(), &false.into(), &Value::Null)
    );
    assert!(bench.refusal(&["sample", "small.tbc"]).contains("is for checking only"));
}

#[test]
fn a_damaged_list_is_named_with_its_line_and_nothing_is_built() {
    let bench = Bench::new();
    let hash = sha1("one");
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("short.txt", format!("{hash}:1\n{}:1\n", &hash[1..]).into(), "short.txt, line 2 is not 40 hex digits and a count."),
        ("hex.txt", format!("{hash}:1\nG{}:1\n", &hash[1..]).into(), "hex.txt, line 2 is not 40 hex digits and a count."),
        (
            "negative.txt",
            format!("{hash}:1\n{hash}:-1\n").into(),
            "negative.txt, line 2 has a count that is not a number from 0 to 9007199254740991.",
        ),
        (
            "order.txt",
            format!("{}:1\n{}:1\n{}:1\n", "2".repeat(40), "3".repeat(40), "1".repeat(40)).into(),
            "order.txt, line 3 is out of order",
        ),
        ("nul.txt", b"password\nletme\0in\n".to_vec(), "nul.txt, line 2 has a control character in it"),
        ("mac.txt", b"password\nletmein\rqwerty\n".to_vec(), "mac.txt, line 2 has a control character in it"),
        ("utf16.txt", b"\xff\xfep\0a\0s\0s\0".to_vec(), "utf16.txt is UTF-16: convert it to UTF-8 first"),
        ("long.txt", [vec![b'x'; 5000], b"\n".to_vec()].concat(), "long.txt, line 1 is too long."),
        ("cut.txt.gz", gzip(ordered(0..9000).as_bytes())[..40_000].to_vec(), "cut.txt.gz, after line "),
        ("mixed.txt", ordered(0..10).replace('\n', "\npassword\n").into(), "mixed.txt"),
    ];
    for (name, bytes, expect) in cases {
        // Enough lines in order before the damage that it is not seen at first sight.
        let begun = if name.starts_with("order") { ordered(0..0) } else { String::new() };
        bench.write(name, [begun.as_bytes(), bytes].concat());
        if *name == "order.txt" {
            let long: String = (0..3000_u32).fold(String::new(), |mut all, number| {
                writeln!(all, "{number:040X}:1").unwrap();
                all
            });
            bench.write(name, format!("{long}{}:1\n", "0".repeat(40)));
            assert_eq!(
                bench.refusal(&["build", "--out", "out.tbc", name]),
                "order.txt, line 3001 is out of order: its digest is below the one before. Nothing was built. Give --form unordered to sort it, or --lenient to pass over such lines."
            );
        } else if *name == "mixed.txt" {
            // Some lines are hashes and some are not: never taken for passwords unasked.
            assert_eq!(
                bench.refusal(&["build", "--out", "out.tbc", name]),
                "mixed.txt, line 2 is not 40 hex digits and a count. Nothing was built. Give --lenient to pass over such lines, or --form passwords if each line is a password."
            );
            assert_eq!(bench.json(&["build", "--out", "mixed.tbc", "--form", "passwords", name])["entries"], 11);
            continue;
        } else {
            let said = bench.refusal(&["build", "--out", "out.tbc", name]);
            assert!(said.starts_with(expect), "{name}: {said}");
        }
        assert!(!bench.path("out.tbc").exists());
    }
    let made = bench.json(&["build", "--out", "lenient.tbc", "--lenient", "short.txt", "hex.txt", "order.txt", "nul.txt"]);
    assert_eq!((&made["skipped"], &made["entries"]), (&4.into(), &(3000 + 1 + 1).into()));
    let made = bench.json(&["build", "--out", "sorted.tbc", "--form", "unordered", "order.txt"]);
    assert_eq!((&made["skipped"], &made["entries"]), (&0.into(), &3000.into()));
}

#[test]
fn a_corpus_that_is_damaged_cut_or_something_else_answers_nothing() {
    let bench = Bench::new();
    bench.write("list.txt", ordered(0..2000)).json(&["build", "--out", "good.tbc", "list.txt"]);
    let good = std::fs::read(bench.path("good.tbc")).unwrap();
    bench.write("cut.tbc", &good[..good.len() - 4096]).write("else.tbc", vec![b'x'; 9000]);
    let mut bent = good;
    bent[3 * 4096 + 77] ^= 4;
    bench.write("bent.tbc", bent);
    assert!(bench.refusal(&["info", "cut.tbc"]).contains("it was not copied whole"));
    assert_eq!(bench.refusal(&["info", "else.tbc"]), "else.tbc: this is not a corpus; truebell corpus build makes one from lists.");
    assert!(bench.refusal(&["verify", "bent.tbc"]).contains("page 3 of the corpus"));
    bench.write("asked.txt", (0..2000).fold(String::new(), |all, number: u64| all + &sha1(&number.to_string()) + "\n"));
    assert!(bench.refusal(&["check", "bent.tbc", "--hashes", "asked.txt"]).contains("is damaged on its disk or was changed"));
    // What is not a corpus is never replaced by one.
    bench.write("precious.txt", "precious");
    let output = bench.run(&["build", "--out", "precious.txt", "list.txt"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read(bench.path("precious.txt")).unwrap(), b"precious");
}

#[test]
fn a_build_that_is_killed_again_and_again_ends_with_the_same_corpus() {
    let bench = Bench::new();
    let words: String = (0..60_000).fold(String::new(), |mut all, number: u32| {
        writeln!(all, "word {number}").unwrap();
        all
    });
    bench.write("words.txt", words).write("list.txt.gz", gzip(ordered(0..60_000).as_bytes()));
    let words = ["build", "--memory", "1MiB", "words.txt", "list.txt.gz"];
    bench.json(&[&words[..], &["--out", "whole.tbc"]].concat());
    let whole = bench.json(&["info", "whole.tbc"]);
    let mut killed = 0;
    for pause_ms in (20..).step_by(40) {
        let mut child = truebell()
            .current_dir(bench.0.path())
            .arg("corpus")
            .args(words)
            .args(["--out", "out.tbc"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(pause_ms));
        if child.try_wait().unwrap().is_some_and(|status| status.success()) {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        assert!(!bench.path("out.tbc").exists() || bench.json(&["verify", "out.tbc"])["whole"] == true);
    }
    assert!(killed > 0);
    bench.json(&["verify", "out.tbc"]);
    let out = bench.json(&["info", "out.tbc"]);
    assert_eq!((&out["entries"], &out["sources"]), (&whole["entries"], &whole["sources"]));
    assert!(!bench.path("out.tbc.building").exists());
}

#[test]
fn unfinished_work_of_other_sources_is_given_up_unless_it_is_much() {
    let bench = Bench::new();
    bench.write("bad.txt", format!("{}password\n", ordered(0..2000))).write("good.txt", ordered(0..3000));
    assert!(bench.refusal(&["build", "--out", "out.tbc", "bad.txt"]).starts_with("bad.txt, line 2001 is not"));
    // As much as hours of work leave; a hole in a file takes no room.
    let much = std::fs::File::create(bench.path("out.tbc.building/run-0")).unwrap();
    much.set_len(5 << 30).unwrap();
    let output = bench.run(&["build", "--out", "out.tbc", "good.txt"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("holds much unfinished work of another build") && said.contains("--restart"), "{said}");
    assert_eq!(much.metadata().unwrap().len(), 5 << 30);

    much.set_len(1 << 20).unwrap();
    let output = bench.run(&["build", "--out", "out.tbc", "good.txt"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("Began anew"), "{said}");
    assert_eq!(bench.json(&["info", "out.tbc"])["entries"], 3000);
    // The same sources, mended, are others too.
    bench.write("bad.txt", format!("{}password\n", ordered(0..2000)));
    bench.refusal(&["build", "--out", "mended.tbc", "bad.txt"]);
    bench.write("bad.txt", ordered(0..2000));
    assert_eq!(bench.json(&["build", "--out", "mended.tbc", "bad.txt"])["entries"], 2000);
}

#[test]
fn a_full_disk_is_said_and_the_same_command_goes_on_once_there_is_room() {
    let bench = Bench::new();
    bench.write("list.txt", ordered(0..40_000));
    // A limit on file size is to this process what a full disk is.
    let limited = Command::new("sh")
        .current_dir(bench.0.path())
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" corpus build --out out.tbc list.txt", env!("CARGO_BIN_EXE_truebell")])
        .output()
        .unwrap();
    assert_eq!(limited.status.code(), Some(1));
    let said = String::from_utf8(limited.stderr).unwrap();
    assert!(said.starts_with("error: ") && said.contains("could not be written"), "{said}");
    assert!(!bench.path("out.tbc").exists());
    bench.json(&["build", "--out", "out.tbc", "list.txt"]);
    assert_eq!(bench.json(&["verify", "out.tbc"])["whole"], true);
}

/// A range service, killed when the test ends.
struct Ranges {
    child: Child,
    address: String,
}

impl Ranges {
    fn start(folder: &Path, words: &[&str]) -> Self {
        let mut child = truebell()
            .current_dir(folder)
            .args(["corpus", "serve", "--json", "--listen", "127.0.0.1:0"])
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { child, address: said["address"].as_str().unwrap().to_owned() }
    }

    /// Status, headers in lower case, body.
    fn get(&self, path: &str, headers: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: ranges\r\nConnection: close\r\n{headers}\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), answer[end + 4..].to_vec())
    }
}

impl Drop for Ranges {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn ranges_are_served_as_the_public_service_has_them() {
    let bench = Bench::new();
    bench.write("words.txt", "password\n".repeat(3)).write("list.txt", ordered(0..20_000));
    bench.json(&["build", "--out", "sha1.tbc", "words.txt", "list.txt"]);
    bench.json(&["build", "--out", "ntlm.tbc", "--hash", "ntlm", "words.txt"]);
    let service = Ranges::start(bench.0.path(), &["sha1.tbc", "ntlm.tbc"]);
    let (status, head, body) = service.get("/range/5BAA6", "");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain") && head.contains("cache-control: public, max-age=2678400, immutable"), "{head}");
    let body = String::from_utf8(body).unwrap();
    assert!(body.split("\r\n").any(|line| line == "1E4C9B93F3F0682250B6CF8331B7EE68FD8:3"), "{body}");
    assert!(body.split("\r\n").is_sorted() && !body.ends_with("\r\n"));
    assert_eq!(service.get("/range/5baa6", "").2, body.as_bytes());
    let (_, _, ntlm) = service.get("/range/8846F?mode=ntlm", "");
    assert_eq!(ntlm, b"7EAEE8FB117AD06BDD830B7586C:3");
    for (path, expect) in [
        ("/range/5BAA", 400),
        ("/range/5BAA61", 400),
        ("/range/5BAAG", 400),
        ("/range/5BAA6?mode=md5", 400),
        ("/", 404),
        ("/range/00000", 200),
    ] {
        assert_eq!(service.get(path, "").0, expect, "{path}");
    }
    let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    assert_eq!(service.get("/range/5BAA6", &format!("If-None-Match: W/{etag}\r\n")).0, 304);
    assert_eq!(service.get("/range/5BAA6", "If-None-Match: \"other\"\r\n").0, 200);

    let sizes: std::collections::BTreeSet<usize> =
        (0..200).map(|number| service.get(&format!("/range/{:05X}", number * 5000), "Add-Padding: true\r\n").2.len()).collect();
    assert_eq!(sizes.len(), 1, "padded answers are of one size: {sizes:?}");
    let padded = String::from_utf8(service.get("/range/5BAA6", "Add-Padding: true\r\nAccept-Encoding: gzip\r\n").2).unwrap();
    let real: Vec<&str> = padded.split("\r\n").filter(|line| line.split_once(':').unwrap().1.parse::<u64>().unwrap() > 0).collect();
    assert_eq!(real, body.split("\r\n").collect::<Vec<_>>());
    assert!(padded.split("\r\n").all(|line| line.split_once(':').unwrap().0.len() == 35));
}

#[test]
fn a_corpus_that_is_replaced_is_taken_up_and_a_bad_one_is_not() {
    let bench = Bench::new();
    bench.write("one.txt", "password\n").write("two.txt", "password\npassword\n");
    bench.json(&["build", "--out", "pwned.tbc", "one.txt"]);
    let service = Ranges::start(bench.0.path(), &["pwned.tbc"]);
    let ask = || String::from_utf8(service.get("/range/5BAA6", "").2).unwrap();
    let until = |expect: &str| {
        (0..100).any(|_| {
            ask() == expect || {
                std::thread::sleep(std::time::Duration::from_millis(100));
                false
            }
        })
    };
    assert!(until("1E4C9B93F3F0682250B6CF8331B7EE68FD8:1"));
    bench.json(&["build", "--out", "pwned.tbc", "two.txt"]);
    assert!(until("1E4C9B93F3F0682250B6CF8331B7EE68FD8:2"));
    std::fs::rename(bench.path("one.txt"), bench.path("pwned.tbc")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(ask(), "1E4C9B93F3F0682250B6CF8331B7EE68FD8:2");
}

#[test]
fn a_filter_says_no_or_perhaps_and_never_exposed() {
    let bench = Bench::new();
    bench.write("words.txt", "password\n123456\n").write("list.txt", ordered(0..3000)).json(&[
        "build",
        "--out",
        "pwned.tbc",
        "words.txt",
        "list.txt",
    ]);
    let made = bench.json(&["filter", "pwned.tbc", "--out", "pwned.tbf"]);
    assert_eq!((&made["keys"], &made["corpus"]), (&3002.into(), &bench.json(&["info", "pwned.tbc"])["version"]));
    let check = |password: &str| {
        bench.write("password.txt", password);
        let output = bench.run(&["check", "--filter", "pwned.tbf", "--password-file", "password.txt"]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = check("password");
    assert!(code == Some(13) && said.starts_with("perhaps: It may be in corpus version") && !said.contains("exposed:"), "{said}");
    let clean = (0..20).filter(|number| check(&format!("correct horse {number}")).0 == Some(0)).count();
    assert!(clean >= 18, "{clean} of 20");
    let mut bent = std::fs::read(bench.path("pwned.tbf")).unwrap();
    bent[200] ^= 1;
    bench.write("bent.tbf", bent);
    assert!(
        bench.refusal(&["check", "--filter", "bent.tbf", "--password-file", "password.txt"]).contains("is damaged or was not copied whole")
    );
    let output = bench.run(&["filter", "pwned.tbc", "--out", "words.txt"]);
    assert!(output.status.code() == Some(1) && std::fs::read(bench.path("words.txt")).unwrap() == b"password\n123456\n");
}

/// The words of the documentation, as they stand there.
#[test]
fn the_tour_goes_word_for_word() {
    let bench = Bench::new();
    let top: String = (0..500).map(|number| format!("{}:{}\r\n", sha1(&format!("top {number}")), number + 1)).collect();
    let mut lines: Vec<&str> = top.split_inclusive("\r\n").collect();
    lines.sort_unstable();
    bench.write("rockyou-like.txt", "password\n123456\nliverpool\n").write("pwned-ordered-by-hash.txt.gz", gzip(lines.concat().as_bytes()));
    let tour = "set -e; PATH=\"$(dirname \"$0\"):$PATH\"
        truebell corpus build --out pwned.tbc rockyou-like.txt pwned-ordered-by-hash.txt.gz
        truebell corpus info pwned.tbc --json
        printf %s 'password' | truebell corpus check pwned.tbc --password-stdin || test $? = 12
        truebell corpus verify pwned.tbc";
    let output = Command::new("sh").current_dir(bench.0.path()).args(["-c", tour, env!("CARGO_BIN_EXE_truebell")]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        said.contains("pwned.tbc holds 503 SHA-1 hashes") && said.contains("\"entries\": 503") || said.contains("\"entries\":503"),
        "{said}"
    );
    assert!(said.contains("exposed: Seen once") && said.contains("pwned.tbc is whole"), "{said}");
}
