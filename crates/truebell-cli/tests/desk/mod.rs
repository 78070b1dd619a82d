//! A server process and people at their machines, for the tests of the commands. Never here: what is tested.
#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A server with a folder of its own.
pub(crate) struct Server {
    process: Option<Child>,
    /// `http://…` or `https://…`.
    url: String,
    /// Where it listens.
    address: String,
    folder: PathBuf,
    arguments: Vec<String>,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// With further arguments.
    pub(crate) fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let (url, address) = (String::new(), "127.0.0.1:0".into());
        let mut server = Self { process: None, url, address, folder: folder.join("server"), arguments };
        server.start_again();
        server
    }

    /// Its data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.args(["serve", "--json", "--signup", "open", "--listen", &self.address, "--data"]).arg(&self.folder);
        command.args(&self.arguments).stdin(Stdio::null());
        command
    }

    /// A signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// On the address it had.
    pub(crate) fn start_again(&mut self) {
        let mut process = self.command().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server said {line:?}"));
        said["url"].as_str().unwrap().clone_into(&mut self.url);
        said["address"].as_str().unwrap().clone_into(&mut self.address);
        self.process = Some(process);
    }

    /// As if the power went.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    /// From now on somebody listens at its address and never answers, until the test is over.
    pub(crate) fn fall_silent(&mut self) {
        self.kill();
        let listener = std::net::TcpListener::bind(&self.address).unwrap();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                held.push(stream);
            }
        });
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    pub(crate) fn json(self) -> Value {
        let ended = self.ok();
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("not JSON: {ended:?}"))
    }
}

/// A command that still runs.
pub(crate) struct Begun(Child);

impl Begun {
    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A person at a machine: a home, and in it profiles and their agents.
pub(crate) struct Machine {
    pub(crate) home: PathBuf,
    pub(crate) name: &'static str,
}

impl Machine {
    pub(crate) fn new(folder: &Path, name: &'static str) -> Self {
        Self { home: folder.join(name), name }
    }

    /// With an account of its own, unlocked.
    pub(crate) fn signed_up(folder: &Path, server: &Server, name: &'static str) -> Self {
        let machine = Self::new(folder, name);
        let kit = machine.kit(folder);
        let email = format!("{name}@example.org");
        machine.run_with(&["signup", "--server", &server.url(), "--email", &email, "--kit-text", &kit, "--password-stdin"], PASSWORD).ok();
        machine
    }

    /// Another device of the same account.
    pub(crate) fn second(&self, folder: &Path, name: &'static str) -> Self {
        let second = Self::new(folder, name);
        second.run_with(&["signin", "--kit-text", &self.kit(folder), "--password-stdin"], PASSWORD).ok();
        second
    }

    pub(crate) fn kit(&self, folder: &Path) -> String {
        folder.join(format!("{}-kit.txt", self.name)).to_string_lossy().into_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
        command.args(arguments).env("TRUEBELL_HOME", &self.home).env("TRUEBELL_DEVICE_NAME", self.name).env("TRUEBELL_NO_PROMPT", "1");
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command
    }

    /// Begun, and left to itself.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Begun {
        let mut command = self.command(arguments);
        Begun(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut process = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that needs nothing may have ended already.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let output = process.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Where the agent of the default profile listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.home.join("profiles/default/agent/agent.sock")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.run(&["lock"]);
    }
}
