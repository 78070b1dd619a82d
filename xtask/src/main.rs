//! The house's own automation, as Rust one can step through: `cargo xtask <task>`.
//!
//! Never here: anything the product needs at run time. A task's failure message says what to do next.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to the developer on the terminal and to nobody else")]

mod bench;
mod fuzz;
mod mariadb;
mod postgres;
mod serve;
mod setup;
mod sim;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Truebell's own automation.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything CI checks: format, lints, tidy, tests on all three stores, documentation. Ends with `N passed, N failed`.
    Test(test::Options),
    /// The rules no compiler knows: arrows between crates, the waterline, file headers, dead weight, links, migrations, licences.
    Tidy,
    /// Builds `truebell` and starts a server on 127.0.0.1 with SQLite in a data folder of its own.
    Serve(serve::Options),
    /// Measures speed and size; each figure is a ratio to a reference measured in the same run.
    Bench(bench::Options),
    /// Feeds random input, guided by coverage, to everything that reads bytes from outside.
    Fuzz(fuzz::Options),
    /// Plays the simulated world for some seeds: real clients, the real server, and everything that goes wrong in between.
    Sim(sim::Options),
    /// Runs a command with `TRUEBELL_TEST_POSTGRES` pointing at a throw-away PostgreSQL cluster.
    Postgres(postgres::Options),
    /// Runs a command with `TRUEBELL_TEST_MARIADB` pointing at a throw-away MariaDB server.
    Mariadb(mariadb::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Test(options) => return test::run(&options),
        Task::Tidy => tidy::run(),
        Task::Serve(options) => serve::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Sim(options) => sim::run_seeds(&options),
        Task::Postgres(options) => postgres::run(&options),
        Task::Mariadb(options) => mariadb::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
