//! `truebell drill`: bad days that really happened to somebody, played again on this machine. Never here: data that anybody keeps.

mod book;
mod cluster;
mod load;
mod page;
mod people;
mod proxy;
mod report;
mod served;
mod storm;
mod wire;

use super::context::Context;
use crate::exit::{Answered, Code, Failure};
use crate::output::{Page, Show, Table};
use clap::{Args, Subcommand};
use report::Report;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// Play a bad day again
#[derive(Debug, Subcommand)]
pub enum Drill {
    /// List the drills, each with the incident behind it
    List,
    /// Run one drill
    Run(Run),
    /// Run all drills
    All(All),
    /// The day of 27 April 2023: a crawling database, a surge, real processes
    #[command(name = storm::ID)]
    Storm(storm::Storm),
}

/// Run one drill
#[derive(Debug, Args)]
pub struct Run {
    /// Its name, from `truebell drill list`
    name: String,
}

/// Run all drills
///
/// With --json FILE the scoreboard is written there.
#[derive(Debug, Args)]
pub struct All {
    /// Where the scoreboard goes, after --json
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Listed {
    drills: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    incident: &'static str,
}

impl Show for Listed {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["drill", "what happened"]);
        for line in &self.drills {
            table.row([line.name, line.incident]);
        }
        page.table(&table)
    }
}

#[derive(Serialize)]
struct Scoreboard {
    drills: Vec<Report>,
}

impl Show for Scoreboard {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.drills.iter().try_for_each(|report| report.show(page))
    }
}

impl Drill {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::List => context.out.answer(&Listed { drills: vec![Line { name: storm::ID, incident: storm::INCIDENT }] }),
            Self::Run(run) if run.name.eq_ignore_ascii_case(storm::ID) => storm::Storm::default().run(context),
            Self::Run(run) => {
                Err(Failure::new(Code::NotFound, format!("No drill is called {}: `truebell drill list` shows what there is.", run.name)))
            }
            Self::All(all) => {
                let board = Scoreboard { drills: vec![storm::Storm::default().play(context)?] };
                if let Some(file) = &all.file {
                    write(file, &serde_json::to_vec_pretty(&board).unwrap_or_default())?;
                }
                context.out.answer(&board)?;
                passed(&board.drills)
            }
            Self::Storm(storm) => storm.run(context),
        }
    }
}

fn passed(reports: &[Report]) -> Answered {
    match reports.iter().find(|report| !report.passed) {
        Some(failed) => Err(Failure::plain(format!("The drill {} failed: {}.", failed.name, failed.findings.join("; ")))),
        None => Ok(()),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Answered {
    std::fs::write(file, bytes).map_err(|error| Failure::io(format_args!("{} could not be written", file.display()), &error))
}
