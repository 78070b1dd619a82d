//! `cargo xtask sim`: runs the simulated world for as many seeds as wanted. See `docs/simulation.md`.

use std::process::Command;

use anyhow::Result;

use crate::workspace::{cargo, run};

/// Faulted exchanges of one test run.
const FAULTED: &str = "1000000";
/// What a simulated exchange spends its time in; as slow as elsewhere in tests, a million would take half an hour.
const OPTIMISED: [&str; 6] = ["core", "engine", "store", "server", "client", "sim"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them: a failure is replayed by its seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Also try every mutation.
    #[arg(long)]
    mutations: bool,
    /// Also print how often each kind of trouble happened, and fail if one never did.
    #[arg(long)]
    kinds: bool,
    /// Cut the first failure down to a short story and print it as code.
    #[arg(long)]
    shrink: bool,
    /// Instead, a storm of so many clients on one server.
    #[arg(long, value_name = "CLIENTS", conflicts_with_all = ["mutations", "kinds", "shrink"])]
    storm: Option<u64>,
}

/// Only the crates a simulation runs through are optimised, and only for it: what they depend on is built once for everything, and
/// their other tests build as fast as before.
fn program() -> Command {
    let mut command = cargo();
    command.arg("run").arg("--quiet").args(["--package", "truebell-sim"]);
    for name in OPTIMISED {
        command.arg("--config").arg(format!("profile.dev.package.truebell-{name}.opt-level=2"));
    }
    // Each exchange allocates and frees a few bodies: glibc is not to give memory back to the system in between.
    command.env("MALLOC_MMAP_THRESHOLD_", "67108864").env("MALLOC_TRIM_THRESHOLD_", "268435456");
    command.arg("--");
    command
}

pub(crate) fn run_seeds(options: &Options) -> Result<()> {
    let mut command = program();
    if let Some(clients) = options.storm {
        return run(command.arg("--storm").arg(clients.to_string()));
    }
    command.arg("--seeds").arg(options.seeds.to_string()).arg("--first").arg(options.first.to_string());
    for (wanted, flag) in [(options.mutations, "--mutations"), (options.kinds, "--kinds"), (options.shrink, "--shrink")] {
        if wanted {
            command.arg(flag);
        }
    }
    run(&mut command)
}

/// The stage of the tests: a million faulted exchanges, every kind of trouble, every mutation, every drill. Fails when a counter is not
/// zero, when a kind of trouble never happened or a mutation is not caught, and when a naive client would have told nobody anything
/// false: then nothing was tried.
pub(crate) fn stage() -> Result<()> {
    run(program().args(["--faulted", FAULTED, "--kinds", "--mutations", "--drills"]))
}
