//! The stages of `cargo xtask test`, in the order in which a failure is cheapest to see.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::count::Count;
use crate::workspace::{cargo, find_program, output, run, target_dir};
use crate::{fuzz, mariadb, postgres, setup, sim, tidy};

/// One step of the test run.
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) run: fn() -> Result<Count, Failure>,
}

/// A failed stage, with what was counted before it failed.
pub(super) struct Failure {
    pub(super) count: Count,
    pub(super) error: anyhow::Error,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { count: Count::default(), error }
    }
}

pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "setup",
        about: "PostgreSQL, MariaDB, keepassxc-cli, pdftotext, npm and Python's venv are here",
        run: || done(setup::install_missing(setup::TESTS)),
    },
    Stage { name: "format", about: "rustfmt has nothing to change", run: || done(run(cargo().args(["fmt", "--all", "--check"]))) },
    Stage { name: "lints", about: "clippy finds nothing, tests included", run: || done(lints()) },
    Stage { name: "tidy", about: "the rules no compiler knows", run: || done(tidy::run()) },
    Stage { name: "deny", about: "licences, bans and sources of what we build on", run: || done(deny()) },
    Stage { name: "wasm", about: "above the waterline everything builds for a browser", run: || done(wasm()) },
    Stage { name: "tests", about: "unit, property, conformance on three stores, transcripts", run: tests },
    Stage {
        name: "doctests",
        about: "the examples in the documentation run",
        run: || count(cargo().args(["test", "--workspace", "--doc"])),
    },
    Stage { name: "seeds", about: "every fuzz target builds and passes its seeds", run: seeds },
    Stage { name: "fuzz", about: "a minute of random input for each reader of corpora and pairs", run: fuzz },
    Stage {
        name: "simulation",
        about: "a million faulted exchanges in a simulated world: six counters, all zero; every broken law caught",
        run: || done(sim::stage()),
    },
    Stage { name: "docs", about: "the documentation builds without a warning", run: || done(docs()) },
];

/// Adds the second binary that rolling upgrades are tested with.
const NEXT: &str = "truebell-cli/next-schema";

fn done(result: Result<()>) -> Result<Count, Failure> {
    result?;
    Ok(Count::default())
}

fn lints() -> Result<()> {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--features", NEXT, "--keep-going", "--", "--deny", "warnings"]))
}

fn docs() -> Result<()> {
    run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Advisories change without us and need the network, so they are no part of this; the scheduled workflow asks for them.
fn deny() -> Result<()> {
    if find_program("cargo-deny").is_none() {
        println!(
            "cargo-deny is not installed; tidy has checked the licences against deny.toml. For the rest: `cargo install --locked cargo-deny`"
        );
        return Ok(());
    }
    run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}

fn wasm() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let folder = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    if !std::path::Path::new(folder.trim()).exists() {
        println!(
            "the target {TARGET} is not installed; tidy has checked the waterline in sources and dependencies. To build: `rustup target add {TARGET}`"
        );
        return Ok(());
    }
    run(cargo().args(["check", "--target", TARGET, "-p", "truebell-core", "-p", "truebell-engine", "-p", "truebell-transfer"]))
}

fn tests() -> Result<Count, Failure> {
    let cluster = postgres::Cluster::start()?;
    println!("PostgreSQL: {}", if cluster.is_throw_away() { "a throw-away cluster" } else { postgres::VARIABLE });
    let server = mariadb::Server::start()?;
    println!("MariaDB: {}", if server.is_throw_away() { "a throw-away server" } else { mariadb::VARIABLE });
    let mut command = cargo();
    if find_program("cargo-nextest").is_some() {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    command.args(["--features", NEXT]);
    let counted = count(command.env(postgres::VARIABLE, cluster.url()).env(mariadb::VARIABLE, server.url()))?;
    if counted.passed == 0 {
        return Err(anyhow::anyhow!("no test ran: a run that proves nothing is a failed run").into());
    }
    Ok(counted)
}

/// The fuzz targets are a workspace of their own; without this they would rot unseen.
fn seeds() -> Result<Count, Failure> {
    let folder = target_dir()?.join("fuzz");
    count(cargo().args(["test", "--manifest-path", "fuzz/Cargo.toml", "--lib", "--no-default-features", "--target-dir"]).arg(folder))
}

/// Each target that was searched counts as a test.
fn fuzz() -> Result<Count, Failure> {
    let searched = fuzz::stage()?;
    Ok(Count { passed: u64::try_from(searched).unwrap_or(u64::MAX), failed: 0 })
}

/// Runs a test runner, shows what it says, and counts.
fn count(command: &mut Command) -> Result<Count, Failure> {
    let (said, succeeded) = run_and_listen(command)?;
    let count = Count::read(&said);
    if succeeded && count.failed == 0 {
        return Ok(count);
    }
    Err(Failure { count, error: anyhow::anyhow!("see above") })
}

/// Both streams of the command, shown as they come and returned, with whether it succeeded.
fn run_and_listen(command: &mut Command) -> Result<(String, bool)> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("cannot start the tests")?;
    // The command still holds the writing ends; without this the reader would wait for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut said = String::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        std::io::stdout().write_all(&line)?;
        said.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok((said, child.wait()?.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_heard_and_the_exit_code_is_kept() -> Result<()> {
        let mut command = Command::new("sh");
        let (said, succeeded) = run_and_listen(command.args(["-c", "echo out; echo err >&2; exit 3"]))?;
        assert!(said.contains("out") && said.contains("err"), "{said}");
        assert!(!succeeded, "exit code 3 is not a success");
        Ok(())
    }
}
