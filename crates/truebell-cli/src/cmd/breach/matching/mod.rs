//! `truebell breach match`: a list read once past a site's accounts, and what it says of them tried. Never here: an address or a
//! password that is shown, or anybody told.

mod accounts;
mod answer;
mod budget;
mod join;
mod numbers;
mod read;
mod verify;
mod work;

use crate::cmd::config::ConfigArgs;
use crate::cmd::context::Context;
use crate::cmd::site::{Kept, Room, plain};
use crate::exit::{Answered, Code, Ending, Failure};
use answer::Answer;
use budget::Budget;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::ids::WorkerId;
use truebell_corpus::list::Dialect;
use truebell_server::response::keys::{MatchKey, derive_match_id};
use truebell_server::response::site::parse_name;
use truebell_server::response::source::{PARSER, PASSED, Part, Progress, Source, VERSION};
use truebell_store::response::{Ask, Match as Row, Phase, Told};
use work::{Store, Work};

/// How often a process that waits for another looks again.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Find the accounts of a site whose present password is in a list
///
/// Reads the lists once, plain, gzip or zstd, `-` for standard input; tests whether they are what lists from real people are; looks up the accounts they name and tries each password beside them on its own account. Of the list nothing is kept but findings: candidates are sealed, and destroyed as soon as they are tried, but for the one that is the evidence. Nobody is told anything.
///
/// The same command goes on where it was interrupted; run on several machines it shares the work. Ends with 13 if a test stops the list.
#[derive(Debug, Args)]
pub struct Match {
    /// The lists, or `-`
    #[arg(value_name = "LIST", required = true)]
    lists: Vec<PathBuf>,
    /// Whose accounts
    #[arg(long, value_name = "SITE", value_parser = parse_name)]
    site: String,
    /// Whose list it is, as notices will name it
    #[arg(long, value_name = "NAME", value_parser = parse_source_name)]
    source_name: String,
    /// Of when: 2026, 2026-09 or 2026-09-30
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    source_date: String,
    /// How it came here, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    origin: String,
    /// The dialect of all lists, where it is known better, as `truebell breach look` names it
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,
    /// Ask this corpus whether the passwords are known from elsewhere
    #[arg(long, value_name = "CORPUS")]
    corpus: Option<PathBuf>,
    /// Go on although this test stops the list: a person found out why. May be repeated
    #[arg(long, value_name = "TEST")]
    despite: Vec<String>,
    /// How much may be spent on trying: cores, a time, or both, as `4 cores`, `8h` or `4 cores, 8h`; all cores without end, if left out
    #[arg(long, value_name = "BUDGET", default_value = "", hide_default_value = true)]
    budget: Budget,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Longest name of a source, in letters.
const SOURCE_NAME_MAX: usize = 100;

fn parse_source_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if (1..=SOURCE_NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err("give a name of 1 to 100 letters".into())
    }
}

fn parse_date(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize, most: u32| {
        part.len() == digits
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse().is_ok_and(|number: u32| (1..=most).contains(&number))
    };
    let fits = match parts.as_slice() {
        [year] => number(year, 4, 9999),
        [year, month] => number(year, 4, 9999) && number(month, 2, 12),
        [year, month, day] => number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31),
        _ => false,
    };
    if fits { Ok(text.to_owned()) } else { Err("write a date as 2026, 2026-09 or 2026-09-30".into()) }
}

/// A list's name and size.
fn part_of(path: &Path) -> Answered<Part> {
    if path == Path::new("-") {
        return Ok(Part { name: "-".to_owned(), bytes: 0 });
    }
    let cannot =
        |error| Failure::new(Code::BadFile, format!("{} could not be read: {}.", path.display(), crate::exit::describe_io(&error)));
    let bytes = std::fs::metadata(path).map_err(cannot)?.len();
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Part { name, bytes })
}

/// Many things wait for the database while others compute.
fn runtime() -> Answered<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::io("The command cannot run", &error))
}

impl Match {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        let config = self.config.settings()?;
        let runtime = runtime()?;
        let room = runtime.block_on(Room::open(&config))?;
        let kept = runtime.block_on(room.site(&self.site))?;
        let source = self.source()?;
        let store = Store { runtime: &runtime, desk: &room.desk };
        let row = self.begin(&store, &room, &kept, &source)?;
        let key = MatchKey::open(&room.key.sealing, row.matching, &row.secret).map_err(plain)?;
        let work = Work {
            store,
            kept: &kept,
            key,
            recipe: kept.recipe()?,
            matching: row.matching,
            worker: WorkerId::make_random(&mut SystemChance),
            folder: config.data.clone(),
            is_quiet: context.out.is_quiet(),
        };
        let begun = Instant::now();
        let rate = self.go_on(&work, context)?;
        let row = work.row()?;
        let progress = Progress::read(&row.progress).map_err(plain)?;
        let source = Source::read(&row.source).map_err(plain)?;
        let Told::Tally(tally, left) = work.store.ask(&Ask::Tally(row.matching))? else { return Err(work::other_version()) };
        let answer = Answer::of(&self.site, &row, source, progress, &tally, (left, rate, begun.elapsed()));
        context.out.answer(&answer)?;
        Ok(if row.phase == Phase::Stopped { Ending::Failed(Code::Findings) } else { Ending::Ok })
    }

    fn source(&self) -> Answered<Source> {
        Ok(Source {
            v: VERSION,
            name: self.source_name.clone(),
            date: self.source_date.clone(),
            origin: self.origin.clone(),
            flags: PASSED,
            parser: PARSER,
            dialect: self.dialect.map(|dialect| dialect.to_string()),
            despite: self.despite.clone(),
            lists: self.lists.iter().map(|path| part_of(path)).collect::<Answered<_>>()?,
        })
    }

    /// Begins the match, or finds the one that this very command began.
    fn begin(&self, store: &Store<'_>, room: &Room, kept: &Kept, source: &Source) -> Answered<Row> {
        let matching = derive_match_id(kept.row.site, &source.name, &source.date);
        loop {
            let row = Row {
                matching,
                site: kept.row.site,
                phase: Phase::Reading,
                made: SystemClock.now(),
                secret: MatchKey::make_sealed(&room.key.sealing, matching, &mut SystemChance),
                source: source.to_json(),
                progress: Progress::default().to_json(),
            };
            let row = match store.ask(&Ask::BeginMatch(row))? {
                Told::Matches(rows) => rows.into_iter().next().ok_or_else(work::other_version)?,
                _ => return Err(Failure::not_found(format!("The site `{}` was removed meanwhile.", self.site))),
            };
            let kept_source = Source::read(&row.source).map_err(plain)?;
            let is_same = kept_source.is_of(&source.lists);
            if row.phase != Phase::Reading && !is_same {
                let message = format!(
                    "`{}` of {} was matched against {} from other lists: give this one another --source-name or --source-date.",
                    source.name, source.date, self.site
                );
                return Err(Failure::usage(message));
            }
            let is_as_wanted = is_same && kept_source.dialect == source.dialect && kept_source.despite == source.despite;
            if row.phase != Phase::Reading || is_as_wanted {
                return Ok(row);
            }
            // It was never read to its end, and is wanted otherwise: what was written of it goes, and it begins anew.
            let stop = Ask::Advance { matching, from: Phase::Reading, to: Phase::Stopped, progress: row.progress };
            store.ask(&stop)?;
        }
    }

    /// Does what is left, phase by phase. How many pairs a second were tried, if any.
    fn go_on(&self, work: &Work<'_>, context: &Context) -> Answered<Option<f64>> {
        let begun = Instant::now();
        let (mut is_waiting, mut tried) = (false, verify::Tried::default());
        loop {
            let row = work.row()?;
            match row.phase {
                Phase::Reading | Phase::Joining if !work.lease()? => {
                    if !is_waiting {
                        context.out.remark("Another process reads this list. This one shares the work as soon as there is some.");
                    }
                    is_waiting = true;
                    std::thread::sleep(LOOK_EVERY);
                }
                Phase::Reading => read::read(work, self)?,
                Phase::Joining => join::join(work, &row.progress)?,
                Phase::Verifying => {
                    let is_over = verify::verify(work, &self.budget, begun, &mut tried)?;
                    if is_over || !work.finish_if_done(&row.progress)? {
                        if is_over || self.budget.is_over(begun) {
                            return Ok(tried.rate());
                        }
                        // What is left is claimed by others.
                        std::thread::sleep(LOOK_EVERY);
                    }
                }
                Phase::Done | Phase::Stopped => return Ok(tried.rate()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_names_of_sources_are_read_as_people_write_them() {
        for (text, fits) in [
            ("2026", true),
            ("2026-09", true),
            ("2026-09-30", true),
            ("2026-13", false),
            ("26-09", false),
            ("2026-9", false),
            ("", false),
            ("2026-00", false),
        ] {
            assert_eq!(parse_date(text).is_ok(), fits, "{text}");
        }
        assert_eq!(parse_source_name(" ExampleForum "), Ok("ExampleForum".into()));
        assert!(parse_source_name("  ").is_err() && parse_source_name("a\nb").is_err());
    }
}
