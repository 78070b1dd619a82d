//! `truebell breach` as a person uses it: real processes on lists of people who do not exist, packed as lists are, and broken as they are.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use truebell_corpus::list::made_up::{Fault, noisy_list};

const PEOPLE: u64 = 30_000;

fn look(folder: &Path, words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.current_dir(folder).env("TRUEBELL_NO_PROMPT", "1").args(["breach", "look"]).args(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever has read enough, or cannot read on, closes the pipe.
    let writing = std::thread::spawn(move || stdin.write_all(&input).ok());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    output
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn stopped_by(answer: &Value) -> Vec<&str> {
    let tests = answer["tests"].as_array().unwrap().iter();
    tests.filter(|test| test["standing"] == "stopped").map(|test| test["test"].as_str().unwrap()).collect()
}

#[test]
fn a_list_says_the_same_however_it_is_packed_and_shows_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let list = noisy_list(1, PEOPLE, Fault::None);
    for (name, bytes) in [("plain", list.clone()), ("gzip", gzip(&list)), ("zstd", zstd::encode_all(list.as_slice(), 1).unwrap())] {
        std::fs::write(folder.path().join(name), &bytes).unwrap();
        let file = json(&look(folder.path(), &[name, "--json"], b""));
        let mut pipe = json(&look(folder.path(), &["-", "--json"], &bytes));
        assert_eq!((&file["packing"], &pipe["packing"]), (&Value::from(name), &Value::from(name)));
        assert_eq!(file["bytes"], bytes.len());
        for member in ["list", "bytes"] {
            pipe[member] = file[member].clone();
        }
        assert_eq!(file, pipe);
        assert_eq!(file["dialect"], "colon");
        let sum = |names: &[&str]| names.iter().map(|name| file[*name].as_u64().unwrap()).sum::<u64>();
        let skipped: u64 = file["skipped"].as_array().unwrap().iter().map(|skipped| skipped["lines"].as_u64().unwrap()).sum();
        assert_eq!(sum(&["lines"]), sum(&["records", "empty"]) + skipped);
        assert_eq!((file["stopped"].as_bool(), stopped_by(&file)), (Some(false), vec![]));
    }
    let text = String::from_utf8(look(folder.path(), &["plain"], b"").stdout).unwrap();
    let list = String::from_utf8_lossy(&list).into_owned();
    let shown =
        list.lines().filter(|line| line.len() > 12).filter(|line| line.split(':').any(|part| part.len() > 12 && text.contains(part)));
    assert_eq!(shown.count(), 0, "the answer shows a record:\n{text}");
}

#[test]
fn bad_lists_are_stopped_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (fault, test) in [
        (Fault::RandomPasswords, "random"),
        (Fault::OnePassword, "one-password"),
        (Fault::Shifted, "shifted"),
        (Fault::Mojibake, "mojibake"),
    ] {
        let list = noisy_list(2, PEOPLE, fault);
        let output = look(folder.path(), &["-", "--json"], &list);
        let answer = json(&output);
        assert_eq!(output.status.code(), Some(13), "{fault:?}");
        assert!(stopped_by(&answer).contains(&test), "{fault:?}: {answer:#}");
    }
}

#[test]
fn a_corpus_says_whether_the_passwords_are_known_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("known.txt"), "123456\npassword\n").unwrap();
    let mut build = Command::new(env!("CARGO_BIN_EXE_truebell"));
    let built = build.current_dir(folder.path()).args(["corpus", "build", "--quiet", "--out", "known.tbc", "known.txt"]).output().unwrap();
    assert!(built.status.success());
    let list: Vec<u8> = (0..500).flat_map(|number| format!("user{number}@example.org:walrus{number}\n").into_bytes()).collect();
    let answer = json(&look(folder.path(), &["-", "--json", "--corpus", "known.tbc"], &list));
    assert_eq!(stopped_by(&answer), ["not-known"]);
}

#[test]
fn what_cannot_be_read_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let cut = gzip(&noisy_list(1, 5_000, Fault::None));
    let path: PathBuf = folder.path().join("cut.gz");
    std::fs::write(&path, &cut[..cut.len() / 2]).unwrap();
    for (words, input, sentence) in [
        (["cut.gz"], &b""[..], "error: cut.gz ends in the middle: it was not copied whole.\n"),
        (["none.txt"], b"", "error: none.txt could not be read: there is no such file.\n"),
        (
            ["-"],
            b"",
            "error: Standard input is no breach list that is known: in no dialect an address with something beside it is found. If you know better, set --dialect.\n",
        ),
        (
            ["-"],
            &[0xff; 5000],
            "error: Standard input is no breach list that is known: in no dialect an address with something beside it is found. If you know better, set --dialect.\n",
        ),
    ] {
        let output = look(folder.path(), &words, input);
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(9), sentence));
    }
}
