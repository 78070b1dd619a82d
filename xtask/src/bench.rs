//! `cargo xtask bench`: speed and size, each as a ratio to a reference measured in the same run.
//!
//! Never here: what is measured. That is the crate `truebell-bench`, so that it can use the product's own types.

use anyhow::{Result, bail};

use crate::postgres::{Cluster, VARIABLE};
use crate::setup;
use crate::workspace::{cargo, metadata_without_deps, run as run_command};

/// The crate that measures.
const HARNESS: &str = "truebell-bench";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the measurements whose name contains this.
    filter: Option<String>,
    /// Passed on to the harness, after `--`.
    #[arg(last = true)]
    more: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if !metadata_without_deps()?.packages.iter().any(|package| package.name.as_str() == HARNESS) {
        bail!("there is no crate {HARNESS} in this workspace, so there is nothing to measure: see docs/performance.md");
    }
    let wants = |name: &str| options.filter.as_deref().is_none_or(|filter| name.contains(filter));
    if wants("corpus ranges") {
        setup::install_missing(setup::RANGES)?;
    }
    // What is measured is the binary people run.
    run_command(cargo().args(["build", "--release", "--package", "truebell-cli", "--bin", "truebell"]))?;
    let mut harness = cargo();
    harness.args(["run", "--release", "--package", HARNESS, "--"]).args(&options.filter).args(&options.more);
    let cluster = wants("move to PostgreSQL").then(Cluster::start).transpose()?;
    if let Some(cluster) = &cluster {
        harness.env(VARIABLE, cluster.url());
    }
    run_command(&mut harness)
}
