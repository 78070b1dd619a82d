//! The hostile server as a process, and what is told to it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use truebell_client::{Http, Method, Request, Transport};

pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebell-hostile-server"));
        command.args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn ask(&self, method: Method, path: &str, body: &[u8]) -> String {
        let request = Request { method, server: &self.url, path, content_type: "text/plain", body, nonce: "", token: None };
        let mut response = Http::new().exchange(&request).unwrap();
        assert_eq!(response.status, 200, "{path}");
        let mut text = String::new();
        response.body.read_to_string(&mut text).unwrap();
        text
    }

    /// Remembers the database as it is.
    pub(crate) fn mark(&self) {
        self.ask(Method::Post, "/hostile/mark", b"");
    }

    pub(crate) fn begin(&self, attack: &str) {
        self.ask(Method::Post, &format!("/hostile/begin?attack={attack}"), b"");
    }

    /// Honest again.
    pub(crate) fn end(&self) {
        self.ask(Method::Post, "/hostile/end", b"");
    }

    /// Every request so far: method, path, bytes of body.
    pub(crate) fn heard(&self) -> Vec<(String, String, u64)> {
        let heard: Vec<serde_json::Value> = serde_json::from_str(&self.ask(Method::Get, "/hostile/heard", b"")).unwrap();
        let word = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
        heard.iter().map(|line| (word(line, "method"), word(line, "path"), line["bytes"].as_u64().unwrap())).collect()
    }

    /// In how many requests these bytes were.
    pub(crate) fn search(&self, needle: &[u8]) -> usize {
        self.ask(Method::Post, "/hostile/search", needle).parse().unwrap()
    }

    /// How many uploads were the same bytes as another.
    pub(crate) fn repeats(&self) -> usize {
        self.ask(Method::Get, "/hostile/repeats", b"").parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to save, and may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
