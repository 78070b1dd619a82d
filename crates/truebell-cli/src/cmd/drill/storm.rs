//! The day of 27 April 2023: a database that crawls, breaks and comes back under people who go on working, and then a surge of ten
//! times what can be served. Real server process, real PostgreSQL behind a fault proxy, real clients.

use super::book::{Book, Closed};
use super::cluster::Database;
use super::load::Load;
use super::people::{Bell, DEVICES, Found, People};
use super::proxy::{self, Weather};
use super::report::{Figures, Overload, Played, Sentence};
use super::served::Served;
use super::{page, passed, write};
use crate::cmd::context::Context;
use crate::exit::{Answered, Failure};
use clap::Args;
use std::net::SocketAddr;
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

/// The database answers this much later while the load is measured: as one under strain does.
const STRAIN: Duration = Duration::from_millis(5);

/// The day of 27 April 2023: a crawling database, a surge, real processes
///
/// Starts a server process on a throw-away PostgreSQL, makes people with real clients, and plays the day: the database crawls, falls
/// silent and breaks off; people go on editing, and some really change their password; then ten times as many sign-ins are asked for
/// as can be served. Beside it a naive client judges the same answers. With --json FILE the report is written there as JSON.
#[derive(Debug, Args)]
pub struct Storm {
    /// Where the JSON report goes, after --json
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write the report as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
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
        Self { file: None, html: None, clients: 2000, seconds: 8, postgres: None }
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
        let database = Database::make(url.as_deref())?;
        let weather = Weather::default();
        let door = proxy::start(database.address, &weather).map_err(|error| Failure::io("The fault proxy could not be started", &error))?;
        let served = Served::start(&folder.0, &database.url_through(door), Duration::from_secs(self.seconds * 6))?;
        let to = served.address;
        let info = server_info(&format!("http://{to}"), &mut World::system());
        let key = info.map_err(|error| Failure::plain(format!("The drill's server does not answer: {error}.")))?.key.fingerprint();
        let book = Arc::new(Book::new());
        let people = People::make(to, &folder.0, self.clients, &key, &book, !context.out.is_quiet())?;
        // They have all heard of each other before the day begins.
        people.settle();
        book.begin_again();
        let is_over = AtomicBool::new(false);
        let (overload, mails) = std::thread::scope(|scope| {
            scope.spawn(|| served.watch(&book, &is_over));
            let overload = self.day(to, &folder.0, &people, &weather, &book);
            book.phase("back to normal", "Every device comes up to date by itself.", false);
            weather.late(Duration::ZERO);
            people.settle();
            people.settle();
            let mails = wait_for_mails(&served, people.changes());
            is_over.store(true, Ordering::Relaxed);
            (overload, mails)
        });
        let found = people.check(&mails);
        let closed = book.close();
        let (capacity, overload) = overload?;
        let mut played = note(&found, &closed, people.all.len(), capacity, overload);
        played.judge();
        if let Some(html) = &self.html {
            write(html, page::render(&played, &closed).as_bytes())?;
            context.out.remark(format_args!("The page is {}.", html.display()));
        }
        Ok(played)
    }

    /// The day itself: who lives through it has done all they do when this returns.
    fn day(&self, to: SocketAddr, home: &Path, people: &People, weather: &Weather, book: &Arc<Book>) -> Answered<(f64, Vec<Overload>)> {
        let bell = Bell::default();
        let every = Duration::from_millis(u64::try_from(self.clients).unwrap_or(2000) * 12).max(Duration::from_secs(2));
        std::thread::scope(|scope| {
            let living = scope.spawn(|| people.live(every, &bell));
            self.fall(scope, people, weather, book, &bell);
            let overload = self.surge(to, home, weather, book);
            bell.ring();
            match living.join() {
                Ok(0) => overload,
                _ => Err(Failure::plain("The system gives no more threads: choose fewer --clients.")),
            }
        })
    }

    /// The database crawls, falls silent, breaks off and comes back; some people change their password meanwhile.
    fn fall<'a>(&self, scope: &'a std::thread::Scope<'a, '_>, people: &'a People, weather: &Weather, book: &Book, bell: &'a Bell) {
        let phase = Duration::from_secs(self.seconds);
        book.phase("calm", "People edit and sync.", false);
        std::thread::sleep(phase);
        let accounts = (people.all.len() / DEVICES).max(1);
        for number in 0..(accounts / 12).clamp(2, 20) {
            scope.spawn(move || {
                bell.wait(phase * u32::try_from(number).unwrap_or_default() / 8);
                people.change_password(number, bell);
            });
        }
        book.phase(
            "the database crawls",
            "Every answer of it comes 150 ms late. From here on some people really change their password.",
            true,
        );
        weather.late(Duration::from_millis(150));
        std::thread::sleep(phase);
        book.phase("silent", "It answers nothing.", true);
        weather.silent();
        std::thread::sleep(phase / 2);
        book.phase("broken off", "Every connection to it breaks.", true);
        weather.gone();
        std::thread::sleep(phase / 2);
        book.phase("back", "It answers as before, and everybody who waited comes at once.", false);
        weather.late(Duration::ZERO);
        std::thread::sleep(phase);
    }

    /// What a database under strain can do, and what is left of it when more and more is asked for.
    fn surge(&self, to: SocketAddr, home: &Path, weather: &Weather, book: &Arc<Book>) -> Answered<(f64, Vec<Overload>)> {
        let phase = Duration::from_secs(self.seconds);
        weather.late(STRAIN);
        book.phase("capacity", "Under strain again: how many sign-ins it can do is measured.", false);
        let load = Load::make(to, home, 2, book)?;
        load.run(40, None, phase / 2);
        let capacity = load.run(40, None, phase).served_per_second.max(1.0);
        let mut overload = Vec::new();
        for times in [1, 2, 5, 10] {
            let note = match times {
                1 => "As many sign-ins are asked for as it can do.".to_owned(),
                _ => format!("{times} times as many are asked for."),
            };
            book.phase(format!("{times}×"), note, times > 1);
            // Proofs are good for two minutes.
            let load = Load::make(to, home, 2, book)?;
            let came = load.run(320, Some(capacity * f64::from(times)), phase);
            let ratio = came.served_per_second / capacity;
            overload.push(Overload {
                times,
                offered_per_second: came.offered_per_second,
                served_per_second: came.served_per_second,
                ratio,
            });
        }
        Ok((capacity, overload))
    }
}

/// All that was found, in the fields of the report.
fn note(found: &Found, closed: &Closed, clients: usize, capacity: f64, overload: Vec<Overload>) -> Played {
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
        ..Figures::default()
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
