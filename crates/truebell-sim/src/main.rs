//! `cargo xtask sim`: runs seeds, prints the table, shrinks what it finds. Never here: what a run is (`run.rs`).
#![allow(clippy::disallowed_methods, reason = "it says how long a run took; no run knows the time of the machine")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to the developer on the terminal and to nobody else")]

use std::process::ExitCode;
use std::time::Instant;
use truebell_sim::drills::{self, DRILLS, Drill, Play};
use truebell_sim::kinds::KINDS;
use truebell_sim::run::{self, At, Plan, STEPS, Summary};
use truebell_sim::{Mutation, Story, World, shrink};

struct Options {
    plan: Plan,
    mutations: bool,
    shrink: bool,
    drills: bool,
    noticed: bool,
    kinds: bool,
    verbose: bool,
    storm: Option<usize>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        plan: Plan { first: 0, seeds: u64::MAX, faulted: None, threads: 2, steps: STEPS },
        mutations: false,
        shrink: false,
        drills: false,
        noticed: false,
        kinds: false,
        verbose: false,
        storm: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || given.next().and_then(|text| text.parse::<u64>().ok()).ok_or(format!("{name} needs a number"));
        match name.as_str() {
            "--seeds" => options.plan.seeds = number()?,
            "--first" => options.plan.first = number()?,
            "--faulted" => options.plan.faulted = Some(number()?),
            "--threads" => options.plan.threads = usize::try_from(number()?).unwrap_or(1),
            "--steps" => options.plan.steps = usize::try_from(number()?).unwrap_or(STEPS),
            "--mutations" => options.mutations = true,
            "--shrink" => options.shrink = true,
            "--drills" => options.drills = true,
            "--noticed" => options.noticed = true,
            "--storm" => options.storm = usize::try_from(number()?).ok(),
            "--kinds" => options.kinds = true,
            "--verbose" => options.verbose = true,
            _ => {
                return Err(format!(
                    "{name} is not known: --seeds, --first, --faulted, --threads, --steps, --mutations, --shrink, --drills, --noticed, --kinds, --storm, --verbose"
                ));
            }
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(clients) = options.storm {
        return if print_storm(clients, options.plan.first) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let mut is_good = true;
    if options.plan.seeds > 0 {
        let began = Instant::now();
        let summary = run::run(&options.plan, &progress);
        print_summary(&summary, began.elapsed().as_secs(), options.plan.threads);
        is_good &= summary.is_good();
        if options.kinds {
            is_good &= print_kinds(&summary, options.verbose);
        }
        if options.shrink
            && let Some(found) = summary.found.first()
        {
            print_shrunk(found.seed, options.plan.steps);
        }
    }
    if options.mutations {
        is_good &= print_mutations(options.plan.threads);
    }
    if options.drills {
        is_good &= print_drills();
    }
    if options.noticed {
        print_noticed(options.plan.threads);
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn progress(summary: &Summary) {
    if summary.seeds.is_multiple_of(100) {
        println!("{} seeds, {} faulted exchanges", summary.seeds, summary.exchanges.faulted);
    }
}

fn print_summary(summary: &Summary, seconds: u64, threads: usize) {
    for found in summary.found.iter().take(8) {
        println!("seed {}:", found.seed);
        found.findings.iter().take(12).for_each(|finding| println!("  {finding}"));
    }
    let counts = summary.counts;
    println!("\n{:<28} {:>12}", "simulation", "");
    for (name, value) in [
        ("seeds", summary.seeds),
        ("exchanges", summary.exchanges.all),
        ("  of them faulted", summary.exchanges.faulted),
        ("F false alarms", counts.false_alarms),
        ("M missed alarms", counts.missed_alarms),
        ("L lost writes", counts.lost_writes),
        ("S lost sessions or data", counts.lost_sessions),
        ("C not come together", counts.unconverged),
        ("X mails more than once", counts.duplicate_mails),
        ("naive client: false alarms", summary.naive_false_alarms),
    ] {
        println!("{name:<28} {value:>12}");
    }
    let rate = summary.exchanges.faulted / seconds.max(1);
    println!("{seconds} s on {threads} threads: {rate} faulted exchanges a second");
}

/// How often each kind of trouble really happened. False if one never did: then it was not tried.
fn print_kinds(summary: &Summary, verbose: bool) -> bool {
    println!();
    for kind in KINDS {
        println!("{kind:<40} {:>10}", summary.tally.of(kind));
    }
    let pages = truebell_sim::PAGES.iter().map(|page| (page.who, summary.tally.of(page.who)));
    if verbose {
        pages.clone().for_each(|(who, count)| println!("page: {who:<48} {count:>10}"));
    }
    let least = pages.map(|(_, count)| count).min().unwrap_or(0);
    println!("{} pages of others, each at least {least} times", truebell_sim::PAGES.len());
    let never = summary.tally.never();
    never.iter().for_each(|kind| println!("never happened: {kind}"));
    never.is_empty()
}

fn print_mutations(threads: usize) -> bool {
    let caught = run::try_mutations(threads);
    println!("\n{:<50} {:<3} {:<10} {:>4} {:>4} {:>4} {:>4} {:>4} {:>4}", "one law broken", "by", "at", "F", "M", "L", "S", "C", "X");
    for one in &caught {
        let counts = one.counts;
        println!(
            "{:<50} {:<3} {:<10} {:>4} {:>4} {:>4} {:>4} {:>4} {:>4}",
            one.mutation.about(),
            one.by.map_or(String::new(), |check| format!("{check:?}")),
            match one.at {
                Some(At::Seed(seed)) => format!("seed {seed}"),
                Some(At::Story) => "its story".to_owned(),
                None => "NOT CAUGHT".to_owned(),
            },
            counts.false_alarms,
            counts.missed_alarms,
            counts.lost_writes,
            counts.lost_sessions,
            counts.unconverged,
            counts.duplicate_mails
        );
    }
    let missed = caught.iter().filter(|one| one.at.is_none()).count();
    println!("{} of {} mutations caught", caught.len() - missed, caught.len());
    missed == 0
}

fn print_storm(clients: usize, seed: u64) -> bool {
    let began = Instant::now();
    let report = truebell_sim::storm::storm(clients, seed);
    let never = || "never".to_owned();
    for (name, value) in [
        ("clients", report.clients.to_string()),
        ("simulated seconds", report.seconds.to_string()),
        ("requests", report.exchanges.to_string()),
        ("  sent away or failed", report.not_served.to_string()),
        ("goodput before, a second", report.goodput_before.to_string()),
        ("most offered in a second", format!("{} ({:.1}x)", report.offered_max, report.offered_ratio_max)),
        ("goodput in the surge", format!("{:.0} %", report.goodput_ratio_in_the_surge * 100.0)),
        ("longest queue", report.queue_max.to_string()),
        ("most at work", report.at_work_max.to_string()),
        ("longest answer, ms", report.answer_ms_max.to_string()),
        ("all well after, seconds", report.all_well_after_seconds.map_or_else(never, |seconds| seconds.to_string())),
        ("false alarms", report.false_alarms.to_string()),
        ("naive client: false alarms", report.naive_false_alarms.to_string()),
    ] {
        println!("{name:<28} {value:>16}");
    }
    println!("shown, each once:");
    report.sentences.iter().for_each(|sentence| println!("  {sentence}"));
    println!("{} in {} s", if report.passed { "passed" } else { "FAILED" }, began.elapsed().as_secs());
    report.passed
}

fn print_drills() -> bool {
    let mut all = true;
    let drills: Vec<&Drill> = DRILLS.iter().collect();
    for (drill, report) in drills.iter().zip(drills::play(&drills, Play::default(), 2, &|_, _| {})) {
        println!("{:<8} {:<6} {}", drill.id, if report.passed { "ok" } else { "FAILED" }, drill.title);
        report.findings.iter().for_each(|finding| println!("         {finding}"));
        all &= report.passed;
    }
    all
}

/// Each law broken once, and the drills that notice.
fn print_noticed(threads: usize) {
    let drills: Vec<&Drill> = DRILLS.iter().collect();
    for mutation in Mutation::ALL {
        let reports = drills::play(&drills, Play { seed: 0, broken: Some(mutation) }, threads, &|_, _| {});
        let noticed: Vec<&str> = drills.iter().zip(&reports).filter(|(_, report)| !report.passed).map(|(drill, _)| drill.id).collect();
        println!("{:<48} {}", mutation.about(), noticed.join(" "));
    }
}

fn print_shrunk(seed: u64, steps: usize) {
    println!("\nshrinking seed {seed} …");
    match shrink::shrink(&Story::draw(seed, steps)) {
        Some(shrunk) => {
            println!("{}", shrunk.to_code());
            let mut world = World::new(shrunk.seed);
            let _done = world.run(&shrunk);
            world.findings().iter().for_each(|finding| println!("// {finding}"));
        }
        None => println!("the story was run again and nothing was found: that is itself a fault, runs must replay"),
    }
}
