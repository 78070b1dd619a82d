//! Real processes for stories: a server on a free port, devices with homes of their own, and other managers' files.
#![allow(dead_code, reason = "each story uses what it needs of this world")]

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const KDBX_PASSWORD: &str = "keepass password";

/// Where the server remembers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

/// A server process.
pub(crate) struct Server {
    child: Option<Child>,
    address: String,
    data: PathBuf,
    store: Option<String>,
}

impl Server {
    pub(crate) fn start(folder: &Path, store: Store) -> Self {
        let store = (store == Store::Postgres).then(|| new_database(folder));
        let mut server = Self { child: None, address: "127.0.0.1:0".into(), data: folder.join("server"), store };
        server.start_again();
        server
    }

    /// Starts it on the address it had.
    pub(crate) fn start_again(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.args(["serve", "--json", "--signup", "open", "--listen", &self.address, "--data"]).arg(&self.data);
        if let Some(store) = &self.store {
            command.args(["--store", store]);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server said {line:?}"));
        self.address = told["address"].as_str().unwrap().trim_start_matches("http://").to_owned();
        self.child = Some(child);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// A new and empty server takes the address over.
    pub(crate) fn forget_everything(&self) {
        std::fs::remove_dir_all(&self.data).unwrap();
    }

    /// Its database, where that is not a file of its own.
    pub(crate) fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The mails that went out, once at least so many are there (or a few seconds have passed), and none came after.
    pub(crate) fn mails(&self, expected: usize) -> Vec<String> {
        let read = || -> Vec<String> {
            let Ok(folder) = std::fs::read_dir(self.data.join("outbox")) else { return Vec::new() };
            folder
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
                .map(|path| std::fs::read_to_string(path).unwrap())
                .collect()
        };
        for _ in 0..100 {
            if read().len() >= expected {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        std::thread::sleep(Duration::from_secs(2));
        read()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A PostgreSQL database of its own.
fn new_database(folder: &Path) -> String {
    let admin = std::env::var("TRUEBELL_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("TRUEBELL_TEST_POSTGRES is not set: run the tests with `cargo xtask test`"));
    let name: String =
        folder.file_name().unwrap().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let name = format!("story_{name}");
    let made = Command::new("psql").args([admin.as_str(), "-q", "-c", &format!("CREATE DATABASE {name}")]).status().unwrap();
    assert!(made.success(), "psql could not create a database");
    let (base, _) = admin.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// A device: its own home, its own agent.
pub(crate) struct Device {
    home: PathBuf,
    name: String,
}

impl Device {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self { home: folder.join(name), name: name.into() }
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.args(arguments).env("TRUEBELL_HOME", &self.home).env("TRUEBELL_DEVICE_NAME", &self.name).env_remove("XDG_RUNTIME_DIR");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.spawn(arguments);
        // A command that needs nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> String {
        let output = self.output(arguments, input);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "on the {}: truebell {arguments:?} ended with {}\n{err}\n{out}", self.name, output.status);
        out.into_owned()
    }

    /// Runs for so long and is killed then; whether it had succeeded.
    pub(crate) fn run_for(&self, arguments: &[&str], input: &str, patience: Duration) -> bool {
        let mut child = self.spawn(arguments);
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        std::thread::sleep(patience);
        let _ = child.kill();
        child.wait().unwrap().success()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let out = self.run(arguments);
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("truebell {arguments:?} said {out:?}"))
    }

    /// What a command that must fail says.
    pub(crate) fn fail(&self, arguments: &[&str], input: &str) -> String {
        let output = self.output(arguments, input);
        assert!(!output.status.success(), "on the {}: truebell {arguments:?} succeeded", self.name);
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // An agent left behind by a failed test ends with it.
        let _ = self.output(&["lock"], "");
    }
}

/// A KDBX with a thousand entries, written by the real KeePassXC.
pub(crate) fn keepassxc_database(folder: &Path) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><KeePassFile><Meta/><Root><Group><UUID>AAAAAAAAAAAAAAAAAAAAAQ==</UUID><Name>Root</Name>",
    );
    for number in 0..1000_u16 {
        let uuid = data_encoding::BASE64.encode(&[&[3][..], &number.to_be_bytes(), &[0; 13]].concat());
        let (group, place) = (number / 100, number % 100);
        write!(xml, "<Entry><UUID>{uuid}</UUID>").unwrap();
        write!(xml, "<String><Key>Title</Key><Value>Site {group}/{place}</Value></String>").unwrap();
        write!(xml, "<String><Key>UserName</Key><Value>user{place}@example.org</Value></String>").unwrap();
        write!(xml, "<String><Key>Password</Key><Value>p&lt;ä{group}{place}</Value></String></Entry>").unwrap();
    }
    xml.push_str("</Group></Root></KeePassFile>");
    std::fs::write(folder.join("in.xml"), xml).unwrap();
    let mut command = Command::new("keepassxc-cli");
    command
        .args(["import", "-q", "-p", "in.xml", "vault.kdbx"])
        .current_dir(folder)
        .env("QT_QPA_PLATFORM", "offscreen")
        .env("HOME", folder);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|_| panic!("keepassxc-cli is not installed: install the Debian package keepassxc"));
    child.stdin.take().unwrap().write_all(format!("{KDBX_PASSWORD}\n{KDBX_PASSWORD}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "keepassxc-cli: {}", String::from_utf8_lossy(&output.stderr));
    folder.join("vault.kdbx").to_string_lossy().into_owned()
}

/// A 1PUX: the zip 1Password 8 writes, with one login.
pub(crate) fn one_password_export(folder: &Path) -> String {
    let path = folder.join("export.1pux");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for name in ["export.attributes", "export.data"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/story").join(format!("1pux-{name}.json"));
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(source).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    path.to_string_lossy().into_owned()
}
