//! `cargo xtask serve`: from a clean clone to a server one can sign up to.
//!
//! Never here: what the server is or says. This builds `truebell` and calls `truebell serve` with settings for a first try.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{cargo, run as run_command, target_dir};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build with optimisation, as for real use.
    #[arg(long)]
    release: bool,
    /// Where the server keeps its database and keys; made when it is not there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8484")]
    listen: String,
    /// Who may sign up: `open`, `invite` or `closed`.
    #[arg(long, value_name = "POLICY", default_value = "open")]
    signup: String,
    /// Passed on to `truebell serve` as they are, after `--`.
    #[arg(last = true)]
    more: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut build = cargo();
    build.args(["build", "--package", "truebell-cli", "--bin", "truebell"]);
    if options.release {
        build.arg("--release");
    }
    run_command(&mut build)?;
    let target = target_dir()?;
    let data = options.data.clone().unwrap_or_else(|| target.join("serve-data"));
    fs::create_dir_all(&data).with_context(|| format!("cannot make the data folder {}: choose another with --data", data.display()))?;
    let binary = target.join(if options.release { "release" } else { "debug" }).join("truebell");
    let mut serve = Command::new(&binary);
    serve.arg("serve").arg("--data").arg(&data).args(["--listen", &options.listen, "--signup", &options.signup]).args(&options.more);
    // The server takes this process's place: signals, exit code and terminal are its own.
    let error = serve.exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}
