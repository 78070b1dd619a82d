//! The day of 27 April 2023: a database that is moved while it crawls, breaks and comes back under people who go on working, and then
//! a surge of ten times what can be served. Real server process, real databases, PostgreSQL behind a fault proxy, real clients.

use super::book::{Book, Closed};
use super::cluster::Cluster;
use super::day::{Day, Measured, STRAIN};
use super::moving::{Form, Operator};
use super::people::{Found, People};
use super::proxy::{self, Weather};
use super::report::{Figures, Played, Sentence};
use super::served::Served;
use super::{page, passed, write};
use crate::cmd::context::Context;
use crate::exit::{Answered, Failure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use truebell_client::{World, server_info};
use truebell_sim::{NaiveSentence, Report};

/// Its name.
pub(super) const ID: &str = "1password-2023-04-27";
/// What happened.
pub(super) const INCIDENT: &str =
    "A database migration set off a surge; servers refused sign-ins, and apps said “Your Secret Key or password was recently changed”";

/// The day of 27 April 2023: a database moved while it crawls, a surge, real processes
///
/// Starts a server process and a throw-away PostgreSQL, makes people with real clients, and plays the day: the operator moves the
/// database to another one while people work; databases crawl, fall silent and break off, before the switch and after it; people go on
/// editing, and some really change their password; then ten times as many sign-ins are asked for as can be served. Beside it a naive
/// client judges the same answers. With --json FILE the report is written there as JSON.
#[derive(Debug, Args)]
pub struct Storm {
    /// Where the JSON report goes, after --json
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write the report as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Between which databases the operator moves
    #[arg(long, value_enum, default_value_t)]
    form: Form,
    /// How many real clients
    #[arg(long, value_name = "NUMBER", default_value_t = 2000)]
    clients: usize,
    /// How long each phase of the day lasts
    #[arg(long, value_name = "NUMBER", default_value_t = 8)]
    seconds: u64,
    /// A PostgreSQL to use instead of a throw-away one, postgres://USER:PASSWORD@ADDRESS/DATABASE
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

impl Default for Storm {
    fn default() -> Self {
        Self { file: None, html: None, form: Form::default(), clients: 2000, seconds: 8, postgres: None }
    }
}

/// A folder that goes with the drill. People's devices are many: in memory where the system has such a place.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Answered<Self> {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("truebell-drill-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| Failure::io("The drill's folder could not be made", &error))?;
        Ok(Self(folder))
    }
}

/// Each device keeps a connection and the files of its replica open, the server a connection to each: as many as the system lets us.
fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where this is refused, few clients still work.
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind at worst; nothing in it is anybody's.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

impl Storm {
    pub(super) fn run(self, context: &mut Context) -> Answered {
        let played = self.play(context)?;
        match &self.file {
            Some(file) => {
                write(file, &serde_json::to_vec_pretty(&played).unwrap_or_default())?;
                context.out.remark(format_args!("The report is in {}.", file.display()));
            }
            None => context.out.answer(&played)?,
        }
        passed(&played)
    }

    pub(super) fn play(&self, context: &mut Context) -> Answered<Played> {
        let folder = Folder::make()?;
        allow_many_files();
        let url = self.postgres.clone().or_else(|| std::env::var("TRUEBELL_TEST_POSTGRES").ok());
        let cluster = Cluster::make(url.as_deref(), self.form.databases())?;
        let weather = Weather::default();
        let door = proxy::start(cluster.address, &weather).map_err(|error| Failure::io("The fault proxy could not be started", &error))?;
        let from = self.form.databases().split_last().and_then(|(_, from)| from.first()).map(|from| cluster.url_through(door, from));
        let served = Served::start(&folder.0, from.as_deref(), Duration::from_secs(self.seconds * 8))?;
        let to = served.address;
        let info = server_info(&format!("http://{to}"), &mut World::system());
        let key = info.map_err(|error| Failure::plain(format!("The drill's server does not answer: {error}.")))?.key.fingerprint();
        served.expect_many()?;
        let book = Arc::new(Book::new());
        let people = People::make(to, &folder.0, self.clients, &key, &book, !context.out.is_quiet())?;
        // They have all heard of each other before the day begins.
        people.settle();
        book.begin_again();
        let day = Day {
            form: self.form,
            phase: Duration::from_secs(self.seconds),
            server: to,
            operator: Operator(&served.data),
            to: cluster.url_through(door, "new"),
            weather: &weather,
            people: &people,
            home: &folder.0,
            book: &book,
        };
        let is_over = AtomicBool::new(false);
        let (measured, mails) = std::thread::scope(|scope| {
            scope.spawn(|| served.watch(&book, &is_over));
            let measured = day.play();
            book.phase("back to normal", "Every device comes up to date by itself.", false);
            weather.late(Duration::ZERO);
            people.settle();
            people.settle();
            let mails = wait_for_mails(&served, people.changes());
            is_over.store(true, Ordering::Relaxed);
            let finished = measured.is_ok().then(|| day.operator.finish()).transpose();
            (measured.and_then(|measured| finished.map(|_| measured)), mails)
        });
        let found = people.check(&mails);
        let closed = book.close();
        let mut played = note(&found, &closed, people.all.len(), measured?);
        played.judge();
        if let Some(html) = &self.html {
            write(html, page::render(&played, &closed).as_bytes())?;
            context.out.remark(format_args!("The page is {}.", html.display()));
        }
        Ok(played)
    }
}

/// All that was found, in the fields of the report.
fn note(found: &Found, closed: &Closed, clients: usize, Measured { moved, capacity, overload }: Measured) -> Played {
    let naive =
        |said: &Sentence| NaiveSentence { sentence: said.sentence.clone(), accounts: usize::try_from(said.accounts).unwrap_or_default() };
    let report = Report {
        name: ID.into(),
        false_alarms: found.false_alarms,
        missed_alarms: found.missed_alarms,
        lost_writes: found.lost_writes,
        lost_sessions: found.lost_sessions,
        duplicate_mails: found.duplicate_mails,
        naive_false_alarms: closed.naive_alarms(),
        exchanges: closed.exchanges,
        faulted: closed.steps.iter().map(|step| step.busy + step.unanswered + step.unsigned).sum(),
        sentences: closed.said.iter().map(|said| said.sentence.clone()).collect(),
        naive_sentences: closed.naive.iter().map(naive).collect(),
        ..Report::default()
    };
    let storm = Figures {
        move_fence_ms_max: Some(moved.fence_ms_max),
        moved: Some(moved),
        goodput_ratio_at_10x: overload.last().map(|step| step.ratio),
        clients: clients as u64,
        password_changes: found.changes,
        saved_edits: found.edits,
        queue_max: closed.steps.iter().filter_map(|step| step.gate).map(|gate| gate.waiting).max().unwrap_or_default(),
        capacity_per_second: capacity,
        overload,
        strain_ms: STRAIN.as_secs_f64() * 1000.0,
        said: closed.said.clone(),
        naive_said: closed.naive.clone(),
        seconds: closed.seconds,
    };
    Played { report, storm: Some(storm) }
}

/// The outbox, once the mails about so many changes are there, or would be.
fn wait_for_mails(served: &Served, changes: usize) -> Vec<String> {
    for _ in 0..60 {
        let mails = served.mails();
        if mails.iter().filter(|mail| mail.contains("password")).count() >= changes {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    std::thread::sleep(Duration::from_secs(2));
    served.mails()
}
