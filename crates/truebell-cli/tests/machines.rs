//! Builds that read their secrets, with the real binary and a real server: on a new machine each time, with a token and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "one story, and one that cannot go on is a failed test"
)]

mod world;

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use world::{Device, PASSWORD, Server, Store};

const SECRET: &str = "hunter2-for-the-build";
const FIELD: &str = "tb://Personal/Registry/password";

/// A machine that was made a moment ago: a home that is empty, a token, and this program.
struct Fresh {
    home: PathBuf,
    token: (&'static str, String),
}

impl Fresh {
    fn new(folder: &Path, token_file: &Path) -> Self {
        let home = folder.join("fresh");
        // Whatever a run before this one kept would be found here.
        assert!(!home.exists() || std::fs::read_dir(&home).unwrap().next().is_none(), "a run left something behind");
        std::fs::create_dir_all(&home).unwrap();
        Self { home, token: ("TRUEBELL_MACHINE_TOKEN_FILE", token_file.display().to_string()) }
    }

    fn with_text(mut self, text: &str) -> Self {
        self.token = ("TRUEBELL_MACHINE_TOKEN", text.to_owned());
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.args(arguments).env_remove("XDG_RUNTIME_DIR").env("TRUEBELL_HOME", &self.home).env("HOME", &self.home);
        command.env(self.token.0, &self.token.1).stdin(Stdio::null());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "truebell {arguments:?} ended with {}: {err}", output.status);
        assert_eq!(err, "", "a build says nothing beside its answer");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Exit code and sentence of a command that must fail.
    fn fail(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.output(arguments);
        assert!(!output.status.success(), "truebell {arguments:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

fn kinds(device: &Device) -> Vec<String> {
    let events: Value = device.json(&["events", "--json"]);
    events["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|there| *there == kind).count()
}

#[test]
fn builds_read_their_secrets_from_nothing_and_only_their_making_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), Store::Sqlite);
    let laptop = Device::new(folder.path(), "laptop");
    let kit = folder.path().join("kit.txt").display().to_string();
    let sign_up = ["signup", "--server", &server.url(), "--email", "ada@example.org", "--kit-text", &kit, "--password-stdin", "--yes"];
    laptop.run_with(&sign_up, PASSWORD);
    laptop.run(&["vault", "create", "Private"]);
    laptop.run_with(&["item", "create", "login", "--title", "Registry", "--set-stdin", "password"], SECRET);
    laptop.run(&["item", "create", "note", "--title", "Diary", "--vault", "Private"]);

    // Several vaults, and none named: nothing is given by default.
    let token_file = folder.path().join("token");
    let token_path = token_file.display().to_string();
    let unnamed = laptop.fail(&["machine", "create", "build", "--token-out", &token_path], "");
    assert!(unnamed.contains("--vault") && !token_file.exists(), "{unnamed}");
    let made = laptop.json(&["machine", "create", "build", "--vault", "personal", "--token-out", &token_path, "--json"]);
    assert_eq!((made["name"].as_str(), made["vaults"][0]["name"].as_str()), (Some("build"), Some("Personal")));
    assert_eq!(std::fs::metadata(&token_file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&token_file).unwrap().trim().to_owned();
    assert!(token.starts_with("tbm1-") && !made.to_string().contains(&token), "a token that went to a file goes nowhere else");

    // Run after run, on nothing; also several at once.
    let fresh = || Fresh::new(folder.path(), &token_file);
    for _ in 0..3 {
        assert_eq!(fresh().run(&["read", FIELD]).trim_end(), SECRET);
    }
    let build = fresh();
    let together: Vec<_> = (0..4).map(|_| build.command(&["read", FIELD]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    for child in together {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), SECRET);
    }
    let listed: Value = serde_json::from_str(&fresh().run(&["item", "list", "--json"])).unwrap();
    let titles: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Registry"], "the vaults it was given, and no other");
    assert_eq!(fresh().run(&["item", "get", "Registry", "--field", "password"]).trim_end(), SECRET);

    // The child of `run` gets the secret and not the token, whichever way that was given.
    let template = folder.path().join("app.env");
    std::fs::write(&template, format!("REGISTRY={FIELD}\n")).unwrap();
    let env_file = template.display().to_string();
    for machine in [fresh(), fresh().with_text(&token)] {
        let seen = machine.run(&["run", "--no-masking", "--env-file", &env_file, "--", "env"]);
        assert!(seen.contains(&format!("REGISTRY={SECRET}")), "{seen}");
        assert!(!seen.contains("TRUEBELL_MACHINE_TOKEN") && !seen.contains("tbm1-"), "{seen}");
    }
    let template = folder.path().join("config.tpl");
    std::fs::write(&template, format!("password = {{{{ {FIELD} }}}}\n")).unwrap();
    assert_eq!(fresh().run(&["inject", "--in", &template.display().to_string()]), format!("password = {SECRET}\n"));

    // What it may not, and what is wrong, each with its code and its sentence, and never with the token.
    for (machine, arguments, code, words) in [
        (fresh(), &["read", "tb://Private/Diary/note"][..], 3, "This machine was given no vault called “Private”"),
        (fresh(), &["item", "create", "note", "--title", "x"], 7, "A machine reads the vaults it was given and does nothing else"),
        (fresh(), &["devices"], 7, "A machine reads the vaults it was given and does nothing else"),
        (fresh(), &["machine", "create", "another", "--vault", "Personal"], 7, "A machine reads the vaults it was given"),
        (fresh().with_text(&token[..token.len() - 3]), &["read", FIELD], 14, "This machine token was cut or mistyped"),
        (fresh().with_text("swordfish"), &["read", FIELD], 14, "This is not a machine token"),
        (fresh().with_text(&token.replace("tbm1", "tbm7")), &["read", FIELD], 14, "another version of Truebell"),
        (Fresh::new(folder.path(), Path::new("/nowhere/token")), &["read", FIELD], 14, "could not be read"),
    ] {
        let (found, said) = machine.fail(arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        assert!(said.contains(words) && !said.contains("tbm1-hX") && !said.contains("swordfish"), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "one clear sentence: {said}");
    }

    // One event, one line in the list, one mail beside the welcome: however many runs there were.
    laptop.run(&["sync"]);
    assert_eq!(count(&kinds(&laptop), "machine-enrolled"), 1);
    assert_eq!(count(&kinds(&laptop), "device-enrolled"), 0);
    let machines = laptop.json(&["machine", "list", "--json"]);
    let listed = &machines["machines"][0];
    assert_eq!((listed["machine"].clone(), listed["revoked"].as_bool()), (made["machine"].clone(), Some(false)));
    assert!(listed["seen"].as_u64() > listed["created"].as_u64(), "{listed}");
    let sessions = laptop.json(&["sessions", "list", "--json"]);
    let of_machine = sessions["sessions"].as_array().unwrap().iter().filter(|session| session["device"] == made["machine"]).count();
    assert_eq!(of_machine, 0, "a run leaves no session behind");
    assert_eq!(server.mails(2).len(), 2);

    // An edit on the laptop is in the next run; with the server gone there is none.
    laptop.run_with(&["item", "edit", "Registry", "--set-stdin", "password"], "rotated");
    assert_eq!(fresh().run(&["read", FIELD]).trim_end(), "rotated");
    server.stop();
    let (code, said) = fresh().fail(&["read", FIELD]);
    assert_eq!((code, said.lines().count()), (6, 1), "{said}");
    server.start_again();
    assert_eq!(fresh().run(&["read", FIELD]).trim_end(), "rotated");

    // A second machine is told once, and so is the end of the first, which is out from then on.
    let other = laptop.run(&["--quiet", "machine", "create", "deploy", "--vault", "Personal"]);
    laptop.run(&["machine", "revoke", "build", "--yes"]);
    let (code, said) = fresh().fail(&["read", FIELD]);
    assert_eq!(code, 14, "{said}");
    assert!(said.contains("The server opens no session for this machine") && !said.contains("revoked"), "an error is not evidence: {said}");
    assert_eq!(fresh().with_text(other.trim()).run(&["read", FIELD]).trim_end(), "rotated");
    let kinds = kinds(&laptop);
    assert_eq!((count(&kinds, "machine-enrolled"), count(&kinds, "device-revoked")), (2, 1));
    assert_eq!(server.mails(4).len(), 4);
    assert_eq!(laptop.json(&["machine", "list", "--json"])["machines"][0]["revoked"], true);
}
