//! Programs that nobody here wrote, unchanged but for an address, against `truebell corpus serve`: npm `hibp`, npm `@zxcvbn-ts/matcher-pwned`, PyPI `pwned-passwords-django` with a real Django.
//!
//! They are installed once into the target folder, as their lists in `range_clients/` say. What is missing for that is a failure, and never a pass.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "range_clients/installed.rs"]
mod installed;

use installed::{PYTHON_MISSING, installed, python, run, scripts};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn truebell() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.env("TRUEBELL_NO_PROMPT", "1").stdin(Stdio::null());
    command
}

/// A service of both kinds of hashes, killed when the test ends.
struct Service {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let numbers: String = (0..3000).map(|number| format!("{number}\n")).collect();
        fs::write(folder.path().join("words.txt"), format!("password\npassword\npassword\nTr0ub4dour&3 liverpool\n{numbers}")).unwrap();
        for (out, hash) in [("sha1.tbc", "sha1"), ("ntlm.tbc", "ntlm")] {
            let made = truebell()
                .current_dir(folder.path())
                .args(["corpus", "build", "--out", out, "--hash", hash, "words.txt"])
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let mut command = truebell();
        command
            .current_dir(folder.path())
            .args(["corpus", "serve", "--json", "--listen", "127.0.0.1:0", "sha1.tbc", "ntlm.tbc"])
            .args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, url: said["url"].as_str().unwrap().to_owned(), _folder: folder }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const NODE_MISSING: &str = "install Debian's `npm`, or let `cargo xtask test setup` do it";

fn node(script: &str, service: &Service) {
    let folder = installed("npm", "package.json", |folder| {
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder), NODE_MISSING);
    });
    // Modules are looked for beside the script.
    let copy = folder.join(script);
    fs::copy(scripts().join(script), &copy).unwrap();
    let output = run(Command::new("node").arg(copy).arg(&service.url), NODE_MISSING);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "passed\n");
}

#[test]
fn npm_hibp_gets_its_answers() {
    node("hibp.mjs", &Service::start(&[]));
}

#[test]
fn npm_zxcvbn_matcher_pwned_knows_an_exposed_password_in_answers_of_one_size() {
    node("zxcvbn.cjs", &Service::start(&["--constant-size"]));
}

#[test]
fn a_django_site_refuses_an_exposed_password() {
    let service = Service::start(&[]);
    let output = run(Command::new(python()).arg(scripts().join("django_site.py")).arg(&service.url), PYTHON_MISSING);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "passed\n");
}
