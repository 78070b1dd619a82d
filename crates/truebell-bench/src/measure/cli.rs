//! The command line as a person feels it: whole processes, from start to exit, with 10,000 items and the agent unlocked.

use super::ITEMS;
use crate::report::{Figure, Report};
use crate::server::{Served, binary};
use anyhow::{Result, ensure};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio::time::Instant;
use truebell_core::derive::derive_stretched;
use truebell_core::ids::AccountId;
use truebell_core::secret::Secret;
use wait4::Wait4;

const PASSWORD: &str = "correct horse battery staple";
/// How often each command runs; the median counts.
const RUNS: usize = 15;

struct Person {
    home: PathBuf,
    binary: PathBuf,
}

struct Cost {
    seconds: f64,
    peak_mib: f64,
}

impl Person {
    fn run(&self, arguments: &[&str], input: &str) -> Result<Cost> {
        let start = Instant::now();
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("TRUEBELL_HOME", &self.home);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let ended = child.wait4()?;
        ensure!(ended.status.success(), "truebell {arguments:?} failed");
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let peak_mib = ended.rusage.maxrss as f64 / f64::from(1 << 20);
        Ok(Cost { seconds: start.elapsed().as_secs_f64(), peak_mib })
    }

    fn median(&self, arguments: &[&str]) -> Result<Cost> {
        let mut costs = (0..RUNS).map(|_| self.run(arguments, "")).collect::<Result<Vec<_>>>()?;
        costs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Ok(costs.swap_remove(RUNS / 2))
    }
}

/// Everything about the command line.
pub(crate) fn command_line(report: &mut Report) -> Result<()> {
    if !["--version", "import", "item get", "item list", "search", "unlock"].iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let ada = Person { home: folder.path().join("home"), binary: binary()? };
    let nothing = Person { home: folder.path().join("home"), binary: "/bin/true".into() }.median(&[])?.seconds * 1e3;
    let spawn = Some(("/bin/true", nothing));
    let version = ada.median(&["--version"])?.seconds * 1e3;
    report.add(Figure { name: "truebell --version", value: version, unit: "ms", reference: spawn, aim: "under 10 ms" });

    let served = Served::truebell(&folder.path().join("data"))?;
    let url = format!("http://{}", served.address);
    let kit = folder.path().join("kit.txt");
    let kit = kit.to_string_lossy();
    ada.run(&["signup", "--server", &url, "--email", "ada@example.org", "--kit-text", &kit, "--password-stdin", "--yes"], PASSWORD)?;
    import(report, &ada, folder.path())?;
    for (name, arguments) in [
        ("item get", &["item", "get", "Site 7777", "--field", "password"][..]),
        ("search", &["search", "site 77"]),
        ("item list", &["item", "list"]),
    ] {
        let cost = ada.median(arguments)?;
        report.add(Figure { name, value: cost.seconds * 1e3, unit: "ms", reference: spawn, aim: "under 30 ms" });
        report.add(Figure { name: "  its peak memory", value: cost.peak_mib, unit: "MiB", reference: None, aim: "under 60 MiB" });
    }
    unlock(report, &ada)
}

fn import(report: &mut Report, ada: &Person, folder: &Path) -> Result<()> {
    let mut csv = String::from("name,url,username,password,note\n");
    for number in 0..ITEMS {
        writeln!(csv, "Site {number},https://www.site{number}.example.com/login,ada{number}@example.org,Correct-Horse-{number},")?;
    }
    let path = folder.join("passwords.csv");
    std::fs::write(&path, csv)?;
    let cost = ada.run(&["import", &path.to_string_lossy(), "--yes"], "")?;
    report.add(Figure { name: "import of 10,000 logins, end to end", value: cost.seconds, unit: "s", reference: None, aim: "under 3 s" });
    Ok(())
}

fn unlock(report: &mut Report, ada: &Person) -> Result<()> {
    let start = Instant::now();
    derive_stretched(&Secret::new(PASSWORD), AccountId([1; 16]));
    let argon2 = start.elapsed().as_secs_f64() * 1e3;
    let mut costs = Vec::new();
    for _ in 0..5 {
        ada.run(&["lock"], "")?;
        costs.push(ada.run(&["unlock", "--password-stdin"], PASSWORD)?.seconds * 1e3);
    }
    costs.sort_by(f64::total_cmp);
    let value = costs.swap_remove(2);
    report.add(Figure { name: "unlock", value, unit: "ms", reference: Some(("bare Argon2id", argon2)), aim: "within 50 ms of Argon2id" });
    ada.run(&["lock"], "")?;
    Ok(())
}
