//! Server processes on one database, a balancer before them, and somebody who listens for hints.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// This one.
    This,
    /// One that knows a step of the schema more, which expands.
    Next,
    /// One whose further step contracts.
    NextContracted,
    /// This one, which dies at a point of a move.
    DiesAt(&'static str),
}

/// A server process, killed if a test fails.
pub(crate) struct Served {
    process: Child,
    pub(crate) address: String,
}

impl Served {
    pub(crate) fn start(version: Version, arguments: &[String]) -> Self {
        let program = if version == Version::This { env!("CARGO_BIN_EXE_truebell") } else { env!("CARGO_BIN_EXE_truebell-next") };
        let mut command = Command::new(program);
        match version {
            Version::NextContracted => drop(command.env("TRUEBELL_NEXT_CONTRACTS", "1")),
            Version::DiesAt(point) => drop(command.env("TRUEBELL_DIES_AT", point)),
            Version::This | Version::Next => {}
        }
        command.args(["serve", "--json", "--signup", "open"]).args(arguments).env_remove("TRUEBELL_CONFIG").stdin(Stdio::null());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{version:?}: one line of JSON, not {line:?}"));
        Self { process, address: said["address"].as_str().unwrap().to_owned() }
    }

    /// What this version says instead of serving.
    pub(crate) fn refused(arguments: &[String]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        let output = command.args(["serve", "--json"]).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until it is gone.
    pub(crate) fn wait(&mut self) {
        self.process.wait().unwrap();
    }

    /// Whether it ended by itself.
    pub(crate) fn is_dead(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// SIGTERM, and a good end.
    pub(crate) fn stop(mut self) {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already, where it was stopped.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// An empty PostgreSQL database, named after a folder.
pub(crate) fn new_database(folder: &Path) -> String {
    let admin = std::env::var("TRUEBELL_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("TRUEBELL_TEST_POSTGRES is not set: run the tests with `cargo xtask test`"));
    let path = folder.to_string_lossy();
    let name: String = path.rsplit("tmp").next().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("fleet_{}", name.to_lowercase());
    let made = Command::new("psql").args([admin.as_str(), "-q", "-c", &format!("CREATE DATABASE {name}")]).status().unwrap();
    assert!(made.success(), "psql could not create a database");
    let (base, _) = admin.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// Servers on one database, each with a data folder of its own.
pub(crate) struct Fleet {
    folder: PathBuf,
    store: Option<String>,
    servers: Vec<Option<Served>>,
}

impl Fleet {
    pub(crate) fn on_sqlite(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), store: None, servers: Vec::new() }
    }

    pub(crate) fn on_postgres(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), store: Some(new_database(folder)), servers: Vec::new() }
    }

    pub(crate) fn name(&self) -> &'static str {
        if self.store.is_some() { "postgres" } else { "sqlite" }
    }

    fn data(&self, server: usize) -> PathBuf {
        self.folder.join(format!("server-{server}"))
    }

    pub(crate) fn arguments(&self, server: usize) -> Vec<String> {
        let mut arguments = vec!["--listen".into(), "127.0.0.1:0".into(), "--data".into(), self.data(server).display().to_string()];
        arguments.extend(self.store.iter().flat_map(|store| ["--store".to_owned(), store.clone()]));
        arguments
    }

    pub(crate) fn start(&mut self, server: usize, version: Version) {
        std::fs::create_dir_all(&self.folder).unwrap();
        self.servers.resize_with(self.servers.len().max(server + 1), || None);
        self.servers[server] = Some(Served::start(version, &self.arguments(server)));
    }

    /// Gives the first server's key to the others, as an operator does.
    pub(crate) fn copy_key(&self) {
        for server in [1, 2] {
            std::fs::create_dir_all(self.data(server)).unwrap();
            std::fs::copy(self.data(0).join("server-key"), self.data(server).join("server-key")).unwrap();
        }
    }

    pub(crate) fn stop(&mut self, server: usize) {
        self.servers[server].take().unwrap().stop();
    }

    pub(crate) fn kill(&mut self, server: usize) {
        drop(self.servers[server].take().unwrap());
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.servers.iter().flatten().map(|served| served.address.clone()).collect()
    }

    /// What a backup says that must be refused.
    pub(crate) fn backup(&self, server: usize) -> String {
        let (out, passphrase) = (self.folder.join("backup"), self.folder.join("passphrase"));
        std::fs::write(&passphrase, "correct horse\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.arg("backup").arg(&out).arg("--file-password-file").arg(&passphrase).arg("--data").arg(self.data(server));
        if let Some(store) = &self.store {
            command.args(["--set", &format!("store={store}")]);
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

/// One address before several: each connection goes to the next server that takes one.
pub(crate) struct Balancer {
    address: String,
    servers: Arc<Mutex<Vec<String>>>,
}

impl Balancer {
    pub(crate) fn start(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let servers = Arc::new(Mutex::new(servers));
        let (behind, next) = (servers.clone(), AtomicUsize::new(0));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let servers = behind.lock().unwrap().clone();
                let first = next.fetch_add(1, Ordering::Relaxed);
                let mut turn = (0..servers.len()).map(|n| &servers[(first + n) % servers.len()]);
                if let Some(server) = turn.find_map(|server| TcpStream::connect(server).ok()) {
                    carry(client, server);
                }
            }
        });
        Self { address, servers }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn now_at(&self, servers: Vec<String>) {
        *self.servers.lock().unwrap() = servers;
    }
}

/// Carries bytes both ways until one side is done. A connection lives a moment only, so that requests reach every server.
fn carry(client: TcpStream, server: TcpStream) {
    for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
        std::thread::spawn(move || {
            let _either_side_ended = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
}

/// A stream of hints, read line by line.
pub(crate) struct Hearing {
    lines: std::sync::mpsc::Receiver<String>,
}

impl Hearing {
    /// Listens at a server, with the session of a device's profile.
    pub(crate) fn start(address: &str, device: &Path) -> Self {
        let device: Value = serde_json::from_slice(&std::fs::read(device).unwrap()).unwrap();
        let token = device["session"]["token"].as_str().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /v1/hints HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
        let (say, lines) = std::sync::mpsc::channel();
        let mut reader = BufReader::new(stream);
        let mut status = String::new();
        reader.read_line(&mut status).unwrap();
        assert!(status.contains(" 200 "), "{status}");
        std::thread::spawn(move || {
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) && say.send(std::mem::take(&mut line)).is_ok() {}
        });
        Self { lines }
    }

    pub(crate) fn wait_for_news(&mut self, what: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while !self
            .lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .unwrap_or_else(|_| panic!("not told: {what}"))
            .starts_with("event: new")
        {}
    }

    /// Lets what is on its way arrive, and forgets it.
    pub(crate) fn quiet(&mut self) {
        while self.lines.recv_timeout(Duration::from_millis(300)).is_ok() {}
    }
}
