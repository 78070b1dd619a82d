//! `cargo xtask sim`: runs the simulated world for as many seeds as wanted. See `docs/simulation.md`.

use anyhow::Result;

use crate::workspace::{cargo, run};

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
    /// Cut the first failure down to a short story and print it as code.
    #[arg(long)]
    shrink: bool,
}

pub(crate) fn run_seeds(options: &Options) -> Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "truebell-sim", "--", "--seeds"]).arg(options.seeds.to_string());
    command.arg("--first").arg(options.first.to_string());
    for (wanted, flag) in [(options.mutations, "--mutations"), (options.shrink, "--shrink")] {
        if wanted {
            command.arg(flag);
        }
    }
    run(&mut command)
}
