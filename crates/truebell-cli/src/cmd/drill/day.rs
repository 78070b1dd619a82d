//! What befalls the server that day, phase by phase: the move, the trouble before and after the switch, the surge. Never here: what
//! people do meanwhile, and what is found afterwards.

use super::book::Book;
use super::load::Load;
use super::moving::{Form, Moved, Operator};
use super::people::{Bell, DEVICES, People};
use super::proxy::Weather;
use super::report::Overload;
use crate::exit::{Answered, Failure};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::{Scope, scope, sleep};
use std::time::Duration;

/// PostgreSQL answers this much later while it crawls.
const CRAWL: Duration = Duration::from_millis(150);
/// It answers this much later while the load is measured: as one under strain does.
pub(super) const STRAIN: Duration = Duration::from_millis(5);

/// All that the day is made of.
pub(super) struct Day<'a> {
    pub form: Form,
    /// How long each phase lasts.
    pub phase: Duration,
    /// Where the server is, and its operator's door.
    pub server: SocketAddr,
    pub operator: Operator<'a>,
    /// The database it is moved to.
    pub to: String,
    pub weather: &'a Weather,
    /// The people, and where their devices are.
    pub people: &'a People,
    pub home: &'a Path,
    pub book: &'a Arc<Book>,
}

/// What was measured.
pub(super) struct Measured {
    pub moved: Moved,
    /// Sign-ins a second that the database allows.
    pub capacity: f64,
    pub overload: Vec<Overload>,
}

impl Day<'_> {
    /// Who lives through it has done all they do when this returns.
    pub(super) fn play(&self) -> Answered<Measured> {
        let bell = Bell::default();
        let every = Duration::from_millis(self.people.all.len() as u64 * 12).max(Duration::from_secs(2));
        scope(|scope| {
            let living = scope.spawn(|| self.people.live(every, &bell));
            let measured = self.move_and_surge(scope, &bell);
            bell.ring();
            match living.join() {
                Ok(0) => measured,
                _ => Err(Failure::plain("The system gives no more threads: choose fewer --clients.")),
            }
        })
    }

    fn move_and_surge<'a>(&'a self, scope: &'a Scope<'a, '_>, bell: &'a Bell) -> Answered<Measured> {
        self.book.phase("calm", "People edit and sync.", false);
        sleep(self.phase);
        self.change_passwords(scope, bell);
        let moved = self.moved()?;
        self.crawl("and again", "The new database, which serves now, crawls too.");
        self.fail_and_return();
        let (capacity, overload) = self.surge()?;
        Ok(Measured { moved, capacity, overload })
    }

    /// From now on some people really change their password, one after the other.
    fn change_passwords<'a>(&'a self, scope: &'a Scope<'a, '_>, bell: &'a Bell) {
        let accounts = (self.people.all.len() / DEVICES).max(1);
        for number in 0..(accounts / 12).clamp(2, 20) {
            scope.spawn(move || {
                bell.wait(self.phase * u32::try_from(number).unwrap_or_default() / 4);
                self.people.change_password(number, bell);
            });
        }
    }

    /// The move is ordered in a bad moment, and goes through when the trouble is over.
    fn moved(&self) -> Answered<Moved> {
        let crawls = match self.form {
            Form::SqliteToPostgres => "which answers 150 ms late",
            Form::PostgresToPostgres => "and both answer 150 ms late",
        };
        let note =
            format!("The operator moves the database to another one, {crawls}. From here on some people really change their password.");
        self.crawl("the move begins", &note);
        let begun = self.operator.begin(self.to.clone())?;
        self.fail_and_return();
        self.book.phase("the move goes on", "It copies what is left, compares, and switches.", false);
        let moved = self.operator.wait_until_switched(self.form, begun)?;
        self.book.phase("switched", format!("Writes waited {:.0} ms; the new database serves.", moved.fence_ms_max), false);
        sleep(self.phase);
        Ok(moved)
    }

    /// PostgreSQL crawls.
    fn crawl(&self, name: &str, note: &str) {
        self.book.phase(name, note, true);
        self.weather.late(CRAWL);
    }

    /// It goes on crawling, falls silent, breaks off and comes back.
    fn fail_and_return(&self) {
        sleep(self.phase);
        self.book.phase("silent", "It answers nothing.", true);
        self.weather.silent();
        sleep(self.phase / 2);
        self.book.phase("broken off", "Every connection to it breaks.", true);
        self.weather.gone();
        sleep(self.phase / 2);
        self.book.phase("back", "It answers as before, and everybody who waited comes at once.", false);
        self.weather.late(Duration::ZERO);
        sleep(self.phase);
    }

    /// What a database under strain can do, and what is left of it when more and more is asked for.
    fn surge(&self) -> Answered<(f64, Vec<Overload>)> {
        self.weather.late(STRAIN);
        self.book.phase("capacity", "Under strain again: how many sign-ins it can do is measured.", false);
        let load = Load::make(self.server, self.home, 2, self.book)?;
        load.run(40, None, self.phase / 2);
        let capacity = load.run(40, None, self.phase).served_per_second.max(1.0);
        let mut overload = Vec::new();
        for times in [1, 2, 5, 10] {
            let note = match times {
                1 => "As many sign-ins are asked for as it can do.".to_owned(),
                _ => format!("{times} times as many are asked for."),
            };
            self.book.phase(format!("{times}×"), note, times > 1);
            // Proofs are good for two minutes.
            let load = Load::make(self.server, self.home, 2, self.book)?;
            let came = load.run(320, Some(capacity * f64::from(times)), self.phase);
            let (offered_per_second, served_per_second) = (came.offered_per_second, came.served_per_second);
            overload.push(Overload { times, offered_per_second, served_per_second, ratio: served_per_second / capacity });
        }
        Ok((capacity, overload))
    }
}
