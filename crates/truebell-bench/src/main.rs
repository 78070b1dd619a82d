//! `cargo xtask bench`: what Truebell costs, on the machine it runs on, in the binary people run.
//!
//! Each measurement names a reference and measures it in the same run, because machines differ and are noisy: read the ratio.
//! Everything runs on loopback, bounded in count and time. Never here: a test; nothing fails because a machine is slow.

mod account;
mod hello;
mod load;
mod measure;
mod report;
mod server;
mod without;

use anyhow::Result;
use clap::Parser;
use report::Report;

#[derive(Parser)]
#[command(about = "Measures Truebell against references in the same run")]
struct Arguments {
    /// Only measurements whose name contains this.
    filter: Option<String>,
    /// Entries of the synthetic corpus [default: 50 million], accounts that lists are matched against [default: 1 million].
    #[arg(long, value_name = "N")]
    entries: Option<u64>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Serve "hello" and nothing else (the reference for requests; the harness starts it itself).
    #[arg(long, hide = true)]
    hello: bool,
    /// Serve as ours does, but leave something out (the reference for what it costs; the harness starts it itself).
    #[arg(long, hide = true, value_name = "WHAT")]
    without: Option<without::Left>,
    /// Where that server keeps its data.
    #[arg(long, hide = true, requires = "without", default_value = ".")]
    data: std::path::PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    if arguments.hello {
        return runtime.block_on(hello::serve());
    }
    if let Some(left) = arguments.without {
        return runtime.block_on(without::serve(left, &arguments.data));
    }
    let mut report = Report::new(arguments.filter);
    runtime.block_on(measure::server(&mut report))?;
    runtime.block_on(measure::log(&mut report))?;
    runtime.block_on(measure::moving(&mut report))?;
    measure::judgement(&mut report)?;
    measure::command_line(&mut report)?;
    measure::pairs(&mut report)?;
    measure::hashing(&mut report)?;
    measure::corpus(&mut report, arguments.entries.unwrap_or(50_000_000))?;
    measure::lists(&mut report, arguments.entries.unwrap_or(1_000_000))?;
    report.print(arguments.json);
    Ok(())
}
