//! The server under the drill: this same program, as a process of its own.

use super::book::{Book, GateView};
use super::wire::Line;
use crate::exit::{Answered, Failure};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use truebell_client::{Clock, SystemClock};
use truebell_server::control::{Answer, Asked, ask};

/// A server process; it ends with this.
pub(super) struct Served {
    child: Child,
    pub address: SocketAddr,
    metrics: SocketAddr,
    /// Its data folder.
    pub data: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Served {
    /// With this database, or the SQLite file of its own, and sessions that are good for so long.
    pub(super) fn start(folder: &Path, store: Option<&str>, session: Duration) -> Answered<Self> {
        let failed = |_| Failure::plain("The drill's server could not be started.");
        let data = folder.join("server");
        let log = std::fs::File::create(folder.join("server.log")).map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--signup", "open", "--data"]).arg(&data);
        // Sessions are short, so that people sign in again all the time; the load says whom it stands for, as a proxy would.
        command
            .env("TRUEBELL_STORE", store.unwrap_or_default())
            .env("TRUEBELL_TRUSTED_PROXIES", "127.0.0.1/32")
            .env("TRUEBELL_METRICS_LISTEN", "127.0.0.1:0");
        command.env("TRUEBELL_SESSION_LIFETIME", format!("{}s", session.as_secs()));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().map_err(failed)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
        let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let address = |name: &str| {
            let text = told.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            text.parse().map_err(|_| Failure::plain("The drill's server did not start: its database or its port is not to be had."))
        };
        match (address("address"), address("metrics")) {
            (Ok(address), Ok(metrics)) => Ok(Self { child, address, metrics, data }),
            (Err(failure), _) | (_, Err(failure)) => {
                let _killed = (child.kill(), child.wait());
                Err(failure)
            }
        }
    }

    /// Lets mails about changed passwords go, as an operator would who knows that many will be changed.
    pub(super) fn expect_many(&self) -> Answered {
        let cleared = SystemClock.now() + Duration::from_hours(24);
        let asked = Asked::ResumeMails { template: "password-changed".into(), cleared };
        match ask(&self.data, &asked) {
            Ok(Some(Answer::Resumed { .. })) => Ok(()),
            _ => Err(Failure::plain("The drill's server does not answer its operator.")),
        }
    }

    /// The mails that went out, soft line breaks undone.
    pub(super) fn mails(&self) -> Vec<String> {
        let folder = std::fs::read_dir(self.data.join("outbox")).into_iter().flatten().flatten();
        let mails = folder.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
        mails.filter_map(|path| std::fs::read_to_string(path).ok()).map(|text| text.replace("=\r\n", "").replace("=\n", "")).collect()
    }

    /// Notes how its gate stands, again and again.
    pub(super) fn watch(&self, book: &Book, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            self.look(book);
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn look(&self, book: &Book) {
        let mut line = Line::new(self.metrics, 0);
        let request = line.request("GET", "/metrics", "", "", None, &[]);
        let Ok(answer) = line.ask(&request) else { return };
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).unwrap_or_default()
        };
        book.gate(GateView {
            at_work: value("truebell_requests_at_work"),
            waiting: value("truebell_requests_waiting"),
            limit: value("truebell_requests_limit"),
        });
    }
}
