//! `cargo xtask test`: every stage in order, each timed; the last line of all is `N passed, N failed`.

mod count;
mod stages;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use count::Count;
use stages::{STAGES, Stage};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these stages, by name; all of them when none is named.
    stages: Vec<String>,
}

/// What became of one stage.
struct Report {
    name: &'static str,
    took: Duration,
    count: Count,
    error: Option<anyhow::Error>,
}

/// Runs the stages; a stage that fails does not keep the next ones from being run.
pub(crate) fn run(options: &Options) -> ExitCode {
    if let Some(unknown) = options.stages.iter().find(|wanted| STAGES.iter().all(|stage| stage.name != wanted.as_str())) {
        let known: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        eprintln!("error: there is no stage `{unknown}`; the stages are {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let chosen = STAGES.iter().filter(|stage| options.stages.is_empty() || options.stages.iter().any(|wanted| wanted == stage.name));
    let reports: Vec<Report> = chosen.map(run_stage).collect();
    print_table(&reports);
    let count = reports.iter().map(Report::counted).fold(Count::default(), Count::plus);
    println!("{} passed, {} failed", count.passed, count.failed);
    if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_stage(stage: &Stage) -> Report {
    println!("\n=== {}: {}", stage.name, stage.about);
    let start = Instant::now();
    let (count, error) = match (stage.run)() {
        Ok(count) => (count, None),
        Err(failure) => (failure.count, Some(failure.error)),
    };
    if let Some(error) = &error {
        println!("{} failed: {error:#}", stage.name);
    }
    Report { name: stage.name, took: start.elapsed(), count, error }
}

impl Report {
    /// A stage that fails without counting a failed test is itself one failure.
    fn counted(&self) -> Count {
        match &self.error {
            Some(_) if self.count.failed == 0 => Count { failed: 1, ..self.count },
            _ => self.count,
        }
    }
}

fn print_table(reports: &[Report]) {
    println!("\n{:<10} {:>9}  {:<7} tests", "stage", "seconds", "result");
    for report in reports {
        let result = if report.error.is_none() { "ok" } else { "FAILED" };
        let tests = match report.count {
            Count { passed: 0, failed: 0 } => String::new(),
            Count { passed, failed: 0 } => passed.to_string(),
            Count { passed, failed } => format!("{passed} and {failed} failed"),
        };
        println!("{:<10} {:>9.1}  {result:<7} {tests}", report.name, report.took.as_secs_f64());
    }
    let whole: Duration = reports.iter().map(|report| report.took).sum();
    println!("{:<10} {:>9.1}", "whole", whole.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(count: Count, failed: bool) -> Report {
        Report { name: "stage", took: Duration::ZERO, count, error: failed.then(|| anyhow::anyhow!("broken")) }
    }

    #[test]
    fn a_stage_that_fails_before_any_test_ran_counts_as_one_failure() {
        assert_eq!(report(Count::default(), true).counted(), Count { passed: 0, failed: 1 });
        assert_eq!(report(Count { passed: 3, failed: 2 }, true).counted(), Count { passed: 3, failed: 2 });
        assert_eq!(report(Count { passed: 3, failed: 0 }, false).counted(), Count { passed: 3, failed: 0 });
    }
}
