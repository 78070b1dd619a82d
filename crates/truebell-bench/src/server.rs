//! Processes under measurement: started on a free loopback port, stopped when dropped.

use crate::without::Left;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server.
pub(crate) struct Served {
    child: Child,
    /// `127.0.0.1:port`.
    pub address: String,
}

impl Served {
    /// The release binary, on SQLite in `data`.
    pub(crate) fn truebell(data: &Path) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--signup", "open", "--data"]).arg(data);
        // The load says whom each connection stands for, as a proxy in front would.
        command.env("TRUEBELL_TRUSTED_PROXIES", "127.0.0.1/32");
        Self::start(command)
    }

    /// The bare "hello".
    pub(crate) fn hello() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--hello");
        Self::start(command)
    }

    /// This harness serving as ours does, with something left out.
    pub(crate) fn without(left: Left, data: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--without", left.word(), "--data"]).arg(data);
        Self::start(command)
    }

    /// Any server that says in JSON where it listens.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("starting a server")?;
        let stdout = child.stdout.take().context("its output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let told: serde_json::Value = serde_json::from_str(&line).with_context(|| format!("the server said {line:?}"))?;
        let address = told.get("address").and_then(|address| address.as_str()).context("no address")?;
        Ok(Self { child, address: address.trim_start_matches("http://").to_owned() })
    }

    /// Resident memory now and at its highest, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        Ok((mib(&status, "VmRSS:")?, mib(&status, "VmHWM:")?))
    }

    /// Processor time so far, of all its threads.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
            total += Duration::from_nanos(stat.split(' ').next().context("no time")?.parse()?);
        }
        Ok(total)
    }

    /// Forgets the highest value so far.
    pub(crate) fn reset_peak(&self) -> Result<()> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }
}

fn mib(status: &str, field: &str) -> Result<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("no {field}"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The release binary, beside this harness.
pub(crate) fn binary() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("truebell");
    if !path.exists() {
        bail!("there is no release binary at {}: run `cargo xtask bench`", path.display());
    }
    Ok(path)
}
