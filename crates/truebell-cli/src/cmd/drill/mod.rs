//! `truebell drill`: bad days that really happened to somebody, played again on this machine. Never here: data that anybody keeps.

mod board;
mod book;
mod cluster;
mod day;
mod load;
mod moving;
mod page;
mod people;
mod proxy;
mod report;
mod served;
mod storm;
mod wire;

use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::Progress;
use board::{Listed, Scoreboard, look_up};
use clap::{Args, Subcommand};
use report::Played;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use truebell_sim::drills::{self, DRILLS, Play};

/// Play a bad day again
#[derive(Debug, Subcommand)]
pub enum Drill {
    /// List the drills, each with the incident behind it
    List,
    /// Run one drill
    Run(Run),
    /// Run all drills
    All(All),
    /// The day of 27 April 2023: a database moved while it crawls, a surge, real processes
    #[command(name = storm::ID)]
    Storm(storm::Storm),
}

/// Run one drill
#[derive(Debug, Args)]
pub struct Run {
    /// Its name, from `truebell drill list`: FA-09
    name: String,
    /// Replays it with this seed; keys, ids and the order of small things come from it
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

/// Run all drills
///
/// Those of the simulated world take a minute, the storm some more and a PostgreSQL. With --json FILE the scoreboard is written there.
#[derive(Debug, Args)]
pub struct All {
    /// Where the scoreboard goes, after --json
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only the drills of the simulated world, which need no PostgreSQL
    #[arg(long)]
    simulated: bool,
    /// Replays the drills of the simulated world with this seed
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

impl Drill {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::List => context.out.answer(&Listed::make()),
            Self::Run(run) if run.name.eq_ignore_ascii_case(storm::ID) => storm::Storm::default().run(context),
            Self::Run(run) => run.run(context),
            Self::All(all) => all.run(context),
            Self::Storm(storm) => storm.run(context),
        }
    }
}

impl Run {
    fn run(self, context: &mut Context) -> Answered {
        let drill = look_up(&self.name)?;
        let played = Played { report: (drill.run)(Play::of(self.seed)), storm: None };
        context.out.remark(format_args!("{}\n{}\n", drill.title, drill.incident));
        context.out.answer(&played)?;
        passed(&played)
    }
}

impl All {
    fn run(self, context: &mut Context) -> Answered {
        let mut played = self.play_simulated(context);
        if !self.simulated {
            played.push(storm::Storm::default().play(context)?);
        }
        let board = Scoreboard::of(played);
        match &self.file {
            Some(file) => {
                write(file, &serde_json::to_vec_pretty(&board).unwrap_or_default())?;
                context.out.remark(format_args!("The scoreboard is in {}.", file.display()));
            }
            None => context.out.answer(&board)?,
        }
        board.judge()
    }

    fn play_simulated(&self, context: &Context) -> Vec<Played> {
        let total = DRILLS.len() as u64;
        let (bar, done) = (Progress::new("drills", total, !context.out.is_quiet()), AtomicU64::new(0));
        let all: Vec<&'static drills::Drill> = DRILLS.iter().collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let reports = drills::play(&all, Play::of(self.seed), threads, &|_, _| bar.at(done.fetch_add(1, Ordering::Relaxed) + 1, total));
        reports.into_iter().map(|report| Played { report, storm: None }).collect()
    }
}

fn passed(played: &Played) -> Answered {
    let report = &played.report;
    if report.passed { Ok(()) } else { Err(Failure::plain(format!("The drill {} failed: {}.", report.name, report.findings.join("; ")))) }
}

fn write(file: &Path, bytes: &[u8]) -> Answered {
    std::fs::write(file, bytes).map_err(|error| Failure::io(format_args!("{} could not be written", file.display()), &error))
}
