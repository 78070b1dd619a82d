//! The operator's commands on a real server process: serve, invite, backup, restore, mail, config.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn truebell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.env_remove("TRUEBELL_CONFIG").env("TRUEBELL_NO_PROMPT", "1").stdin(Stdio::null());
    command
}

/// A server process, killed if a test fails.
struct Served {
    process: Child,
    said: Value,
}

impl Served {
    fn start(data: &Path) -> Self {
        let mut command = truebell();
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, said: serde_json::from_str(&line).unwrap_or_else(|_| panic!("one line of JSON, not {line:?}")) }
    }

    /// SIGTERM, and how it ended.
    fn stop(mut self) -> bool {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        self.process.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already, where it was stopped.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn run(words: &[&str]) -> Output {
    truebell().args(words).output().unwrap()
}

fn answer(words: &[&str]) -> Value {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(words: &[&str]) -> (Option<i32>, String) {
    let output = run(words);
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    (output.status.code(), error["error"]["message"].as_str().unwrap().to_owned())
}

#[test]
fn a_server_is_served_backed_up_lost_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, new, backup, passphrase) = (path("data"), path("new"), path("backup"), path("passphrase"));
    std::fs::write(&passphrase, "correct horse\n").unwrap();

    let served = Served::start(Path::new(&data));
    assert_eq!((served.said["is_new"].as_bool(), served.said["pid"].as_u64()), (Some(true), Some(u64::from(served.process.id()))));
    let fingerprint = served.said["fingerprint"].as_str().unwrap().to_owned();
    assert!(served.said["address"].as_str().unwrap().starts_with("127.0.0.1:") && !served.said["url"].as_str().unwrap().ends_with(":0"));
    // While it serves: an invitation, a backup, the mails.
    assert!(answer(&["invite", "--json", "--data", &data])["invitation"].as_str().unwrap().starts_with("INV-"));
    let made = answer(&["backup", "--json", &backup, "--data", &data, "--file-password-file", &passphrase]);
    assert_eq!((made["accounts"].as_u64(), made["rows"].as_u64()), (Some(0), Some(2)), "the invitation, and where the log stands");
    assert_eq!(answer(&["mail", "parked", "--json", "--data", &data])["mails"], serde_json::json!([]));
    let (_, running) = refusal(&["restore", "--json", &backup, "--data", &data, "--force", "--file-password-file", &passphrase]);
    assert_eq!(running, "a server is running on this data folder: stop it first; nothing was changed.");
    assert!(served.stop(), "a server that is told to stop ends well");

    // The database is gone: it refuses, and says what to do.
    std::fs::remove_file(Path::new(&data).join("truebell.db")).unwrap();
    let (code, lost) = refusal(&["serve", "--json", "--data", &data, "--listen", "127.0.0.1:0"]);
    assert!(
        code == Some(1) && lost.contains("belongs to a server whose database is not here") && lost.contains("truebell restore"),
        "{lost}"
    );

    let restored = answer(&["restore", "--json", &backup, "--data", &new, "--file-password-file", &passphrase]);
    assert_eq!((restored["restore_epoch"].as_u64(), restored["fingerprint"].as_str()), (Some(1), Some(fingerprint.as_str())));
    let served = Served::start(Path::new(&new));
    assert_eq!((served.said["is_new"].as_bool(), served.said["fingerprint"].as_str()), (Some(false), Some(fingerprint.as_str())));
    assert!(served.stop());
    // Without a server the invitation is made in the database itself.
    assert!(answer(&["invite", "--json", "--data", &new, "--good-for", "1h"])["invitation"].as_str().is_some());
}

#[test]
fn what_an_operator_did_wrong_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, passphrase, foreign) = (path("data"), path("passphrase"), path("foreign"));
    std::fs::write(&passphrase, "correct horse\n").unwrap();
    std::fs::write(&foreign, "something else, long enough to be read as a header").unwrap();
    let with = ["--json", "--data", &data, "--file-password-file", &passphrase];
    for (words, code, says) in [
        (vec!["serve", "--json", "--set", "lisen=127.0.0.1:1"], 2, "there is no setting `lisen` (flag --set): did you mean `listen`?"),
        (vec!["serve", "--json", "--signup", "maybe"], 2, "`sign_up` (flag --signup) is not right: write `open`, `invite` or `closed`."),
        ([&["restore", &foreign], with.as_slice()].concat(), 9, "is not a Truebell backup: nothing was changed."),
        (
            [&["restore", "/nonexistent"], with.as_slice()].concat(),
            1,
            "/nonexistent cannot be read (entity not found): nothing was changed.",
        ),
        ([&["backup", "/tmp/never"], with.as_slice()].concat(), 1, "there is no server key in"),
        (vec!["invite", "--json", "--data", &data], 1, "There is no server here yet: start it once with `truebell serve`"),
    ] {
        let (ended, sentence) = refusal(&words);
        assert!(ended == Some(code) && sentence.contains(says), "{words:?}: {ended:?} {sentence}");
    }
    assert!(!Path::new(&data).exists(), "nothing was made by the way");
}

#[test]
fn a_configuration_is_explained_with_origins_and_remarks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("truebell.toml");
    std::fs::write(&file, "[mail]\nrelay = \"mail.example.org:465\"\n").unwrap();
    let checked = answer(&["config", "check", "--json", file.to_str().unwrap(), "--set", "sign_up=closed"]);
    let of = |name: &str| checked["settings"].as_array().unwrap().iter().find(|line| line["name"] == name).unwrap().clone();
    assert_eq!((of("sign_up")["value"].as_str(), of("sign_up")["origin"].as_str()), (Some("closed"), Some("flag --set")));
    assert_eq!(of("mail_relay")["origin"].as_str(), Some(format!("file {}", file.display()).as_str()));
    assert_eq!(checked["remarks"][0]["setting"], "dkim_domain");
}
