//! `truebell store move`: moves the running server's database to another place, shows how far it is, and steers it. The server does the
//! work; this asks it by its control socket. Never here: a step of the move, or a password shown.

use super::config::ConfigArgs;
use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Progress, Show, size_text, time_text};
use crate::prompt::confirm;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use truebell_server::config::StoreUrl;
use truebell_server::control::{Answer, Asked, ask};
use truebell_server::moving::{Hidden, Order, Phase, Status};

/// How often a move that is watched is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The server's database
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Move it to another place while the server goes on serving
    ///
    /// From SQLite to PostgreSQL, back, or from one PostgreSQL to another. The target must be empty. Clients notice nothing: writes wait
    /// for some milliseconds once, at the switch. Until then --abort leaves the old database as it was; after it, --back switches again
    /// without a lost write. The command can be left with Ctrl-C: the server goes on.
    Move(Box<Move>),
}

/// Exactly one of what can be asked of a move.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Begin: the empty database to move to, sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "DATABASE")]
    to: Option<StoreUrl>,
    /// Show how far it is
    #[arg(long)]
    status: bool,
    /// Take no further step, and note changes for later
    #[arg(long)]
    pause: bool,
    /// Go on after a pause, or after it stopped
    #[arg(long)]
    resume: bool,
    /// Take it back and empty the target; before the switch only
    #[arg(long)]
    abort: bool,
    /// Switch back to the old database, with everything written since
    #[arg(long)]
    back: bool,
    /// Close the way back: the old database is not followed any more
    #[arg(long)]
    finish: bool,
}

/// Arguments of `truebell store move`.
#[derive(Debug, Args)]
pub struct Move {
    #[command(flatten)]
    what: What,
    /// A file that holds the target's password and nothing else (with --to)
    #[arg(long, value_name = "FILE", requires = "to")]
    to_password_file: Option<PathBuf>,
    /// How long the old database is followed after the switch (with --to)
    #[arg(long, value_name = "TIME", default_value = "7days", value_parser = humantime::parse_duration)]
    keep: Duration,
    /// Do not wait for the switch (with --to)
    #[arg(long, requires = "to")]
    no_wait: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// How a move stands, or that there is none.
#[derive(Serialize)]
struct Told {
    moving: bool,
    #[serde(flatten)]
    status: Option<Status>,
}

impl Show for Told {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(status) = &self.status else { return page.line("No move is under way.") };
        page.line(headline(status))?;
        for (label, text) in lines(status) {
            page.line(format_args!("  {label:<9} {text}"))?;
        }
        Ok(())
    }
}

/// One sentence: between which databases, and how far.
fn headline(status: &Status) -> String {
    let (from, to, serving) = (&status.from, &status.to, &status.serving);
    match status.phase {
        Phase::Kept if serving == to => {
            format!("The server uses {to} now. {from} is followed for a way back: set `store` to the new one, then --finish.")
        }
        Phase::Kept => format!("The server went back to {from}. {to} is followed: switch again with --back, or --finish."),
        Phase::Aborting => format!("The move from {from} to {to} is being taken back. The server uses {serving}."),
        Phase::Finishing => format!("The move is ending. The server uses {serving}."),
        Phase::Preparing | Phase::Copying | Phase::Comparing | Phase::Following => format!("Moving from {from} to {to}: {}.", step(status)),
    }
}

/// What it is doing.
fn step(status: &Status) -> &'static str {
    match status.phase {
        Phase::Preparing => "preparing both",
        Phase::Copying => "copying",
        Phase::Comparing => "comparing",
        Phase::Following => "following the last changes",
        Phase::Kept => "switched",
        Phase::Aborting => "taking back",
        Phase::Finishing => "ending",
    }
}

fn lines(status: &Status) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(why) = &status.stopped {
        lines.push(("stopped", format!("{why}.")));
    } else if status.paused {
        lines.push(("paused", "it goes on with --resume.".to_owned()));
    } else if let Some(why) = &status.waiting {
        lines.push(("waiting", format!("{why}.")));
    }
    let (copied, total, compared) = (status.accounts_copied, status.accounts_total, status.accounts_compared);
    lines.push(("accounts", format!("{copied} of {total} copied, {compared} compared")));
    lines.push(("rows", format!("{} carried ({}), {:.0} a second", status.rows, size_text(status.bytes), status.rows_per_second)));
    lines.push(("behind", format!("{} changes", status.behind)));
    if let Some(seconds) = status.seconds_left {
        lines.push(("left", format!("about {}", humantime::format_duration(Duration::from_secs(seconds)))));
    }
    if status.fence_tries > 0 || status.switched.is_some() {
        let tries = status.fence_tries;
        lines.push(("fence", format!("writes waited at most {:.1} ms ({tries} tries)", status.move_fence_ms_max)));
    }
    if let (Some(at), Some(until)) = (status.switched, status.kept_until) {
        lines.push(("switched", format!("{}; the way back is open until {}", time_text(at), time_text(until))));
    }
    lines
}

impl Store {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Move(command) = self;
        command.run(context)
    }
}

impl Move {
    fn run(self, context: &mut Context) -> Answered {
        let data = self.config.settings()?.data;
        let Some(to) = &self.what.to else {
            let status = order(&data, self.what.order())?;
            return context.out.answer(&Told { moving: status.is_some(), status });
        };
        if to.has_password() {
            context.out.warn("A password among the arguments can be read by others on this machine: use --to-password-file.");
        }
        let url = with_password(to, self.to_password_file.as_deref())?;
        confirm(&format!("Move this server's database to {to}?"), context.globals.yes)?;
        let keep_ms = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
        let begun = order(&data, Order::To { to: Hidden(url), keep_ms })?;
        let status = if self.no_wait { begun } else { Some(watch(&data, context)?) };
        context.out.answer(&Told { moving: status.is_some(), status })
    }
}

impl What {
    /// What is ordered, where it is not a beginning.
    fn order(&self) -> Order {
        let orders = [
            (self.pause, Order::Pause),
            (self.resume, Order::Resume),
            (self.abort, Order::Abort),
            (self.back, Order::Back),
            (self.finish, Order::Finish),
        ];
        orders.into_iter().find(|(is_meant, _)| *is_meant).map_or(Order::Status, |(_, order)| order)
    }
}

/// The target's address with the password from its file.
fn with_password(to: &StoreUrl, file: Option<&Path>) -> Answered<String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| Failure::io("The target's password cannot be read", &error));
    let password = file.map(read).transpose()?.map(zeroize::Zeroizing::new);
    Ok(to.expose_with(password.as_ref().map(|password| password.trim_end_matches(['\r', '\n']))))
}

/// Gives an order to the server that runs.
fn order(data: &Path, order: Order) -> Answered<Option<Status>> {
    match ask(data, &Asked::Move(order)).map_err(|error| Failure::io("The running server does not answer", &error))? {
        Some(Answer::Moving(status)) => Ok(Some(*status)),
        Some(Answer::NotMoving) => Ok(None),
        Some(Answer::Failed { sentence }) => Err(Failure::plain(format!("{sentence}."))),
        Some(_) => Err(Failure::plain("The running server answers something else: it is of another version.")),
        None => Err(Failure::plain("No server runs here: start it with `truebell serve`, or name its data folder with --data.")),
    }
}

/// Shows how far a move is, until it is switched, paused or over.
fn watch(data: &Path, context: &Context) -> Answered<Status> {
    let bar = Progress::new("Preparing", 0, !context.out.is_quiet());
    let mut last_word = None;
    loop {
        let Some(status) = order(data, Order::Status)? else {
            return Err(Failure::plain("The move was taken back: the server uses the old database, as before."));
        };
        if let Some(why) = &status.stopped {
            return Err(Failure::plain(format!("The move stopped: {why}.")));
        }
        if status.paused || status.phase == Phase::Kept {
            return Ok(status);
        }
        if status.waiting != last_word {
            status.waiting.iter().for_each(|why| context.out.remark(format_args!("Waiting: {why}.")));
            last_word.clone_from(&status.waiting);
        }
        show(&bar, &status);
        std::thread::sleep(LOOK_EVERY);
    }
}

fn show(bar: &Progress, status: &Status) {
    let done = if status.phase == Phase::Comparing { status.accounts_compared } else { status.accounts_copied };
    let left = status.seconds_left.map(|seconds| format!(", about {}", humantime::format_duration(Duration::from_secs(seconds))));
    bar.say(format!("{}{}", step(status), left.unwrap_or_default()));
    bar.at(done.min(status.accounts_total), status.accounts_total);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> Status {
        serde_json::from_value(serde_json::json!({
            "id": "00", "phase": "copying", "from": "sqlite:/a.db", "to": "postgres://db/b", "serving": "sqlite:/a.db", "started": 0,
            "paused": false, "accounts_total": 100, "accounts_copied": 40, "accounts_compared": 0, "rows": 900, "bytes": 20_480,
            "rows_per_second": 450.4, "seconds_left": 75, "behind": 3, "move_fence_ms_max": 0.0, "fence_tries": 0, "store_ms": [1.0, 1.0],
        }))
        .unwrap()
    }

    fn page(status: &Status) -> String {
        let lines = lines(status).into_iter().map(|(label, text)| format!("\n{label}: {text}"));
        lines.fold(headline(status), |page, line| page + &line)
    }

    #[test]
    fn a_move_is_told_with_how_far_it_is_and_how_long_it_may_take() {
        insta::assert_snapshot!(page(&status()), @"
        Moving from sqlite:/a.db to postgres://db/b: copying.
        accounts: 40 of 100 copied, 0 compared
        rows: 900 carried (20.4 kB), 450 a second
        behind: 3 changes
        left: about 1m 15s
        ");
    }

    #[test]
    fn what_holds_it_up_is_told_first() {
        let waiting = Some("postgres://db/b does not answer; the move waits until it does".to_owned());
        assert_eq!(lines(&Status { waiting: waiting.clone(), ..status() })[0].0, "waiting");
        assert_eq!(lines(&Status { waiting: waiting.clone(), paused: true, ..status() })[0].0, "paused");
        assert_eq!(lines(&Status { waiting, stopped: Some("two accounts differ".into()), ..status() })[0].1, "two accounts differ.");
    }

    #[test]
    fn after_the_switch_it_says_which_database_counts_and_what_to_set() {
        let switched =
            Status { phase: Phase::Kept, serving: "postgres://db/b".into(), move_fence_ms_max: 12.34, fence_tries: 1, ..status() };
        let told = page(&switched);
        assert!(told.contains("uses postgres://db/b now") && told.contains("set `store`") && told.contains("at most 12.3 ms"), "{told}");
    }

    #[test]
    fn a_password_from_a_file_is_put_into_the_address() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "p@ss\n").unwrap();
        let to: StoreUrl = "postgres://ada@db/b".parse().unwrap();
        assert_eq!(with_password(&to, Some(&file)), Ok("postgres://ada:p%40ss@db/b".to_owned()));
        assert_eq!(with_password(&to, None), Ok("postgres://ada@db/b".to_owned()));
    }
}
