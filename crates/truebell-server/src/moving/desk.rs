//! The move in a running server: takes orders, takes steps at the right pace, takes up what a crash left, and follows a move that another
//! process of the same server does.

use super::end::{End, absolute};
use super::machine::{Move, Next, Stop, source_waits};
use super::means::Means;
use super::note::{Note, Phase, open_url};
use super::order::{Hidden, Order};
use super::pace::Pace;
use super::served::Follower;
use super::status::Status;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use truebell_store::moving::{Lease, Movable, MoveRow, Role};
use truebell_store::switch::Switch;
use truebell_store::{Found, Location, OpenError, StoreError, look_at, open_movable};

/// How often an idle desk looks whether another process moves the database.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the old database is followed while nothing presses.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How often it tries to take over from a process that may have died.
const TRY_EVERY: Duration = Duration::from_secs(5);
/// How long it waits after a failure, at first and at most.
const WAIT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How long an order waits for the step that is being taken.
const ANSWER: Duration = Duration::from_secs(30);

type Answer = Result<Option<Status>, String>;
type Orders = (Order, oneshot::Sender<Answer>);

/// The way to the move of a running server.
pub struct Desk {
    orders: mpsc::Sender<Orders>,
    last: Arc<Mutex<Option<Status>>>,
}

impl Desk {
    /// Starts working, on what a process before this one left, if anything. It ends with the task that runs the future it gives.
    pub fn new(switch: Arc<Switch>, live: End, row: Option<MoveRow>, means: Means) -> (Self, impl Future<Output = ()> + Send + 'static) {
        switch.follow_with(Box::new(Follower { key: means.key.clone() }));
        let (orders, taken) = mpsc::channel(8);
        let last = Arc::new(Mutex::new(None));
        let work = row.map_or(Work::Idle, Work::Left);
        let driver = Driver {
            switch,
            live,
            means,
            work,
            last: last.clone(),
            wait: WAIT.0,
            waiting: None,
            rate: Rate::default(),
            tried: None,
            held: None,
        };
        (Self { orders, last }, driver.run(taken))
    }

    /// Gives an order; how the move stands then, `None` if there is none.
    pub async fn order(&self, order: Order) -> Answer {
        let is_question = matches!(order, Order::Status);
        let (reply, answer) = oneshot::channel();
        if self.orders.send((order, reply)).await.is_err() {
            return Err("the server is stopping".into());
        }
        let patience = if is_question { Duration::from_secs(2) } else { ANSWER };
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("the server is stopping".into()),
            Err(_) if is_question => Ok(self.last.lock().clone()),
            Err(_) => Err("the order was taken and waits for the step that is being taken: see --status".into()),
        }
    }
}

enum Work {
    Idle,
    /// Left by another process, or begun by one that lives.
    Left(MoveRow),
    Running(Box<Running>),
}

struct Running {
    machine: Move,
    pace: Pace,
    phase: (Phase, Instant),
}

struct Driver {
    switch: Arc<Switch>,
    /// The database that serves, while no move runs.
    live: End,
    means: Means,
    work: Work,
    last: Arc<Mutex<Option<Status>>>,
    wait: Duration,
    waiting: Option<String>,
    rate: Rate,
    /// When another process had the lead.
    tried: Option<Instant>,
    /// The lead, while the move waits for its other database. Given up and taken again it would be, for a moment, nobody's and not ours.
    held: Option<Lease>,
}

impl Driver {
    async fn run(mut self, mut orders: mpsc::Receiver<Orders>) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => {
                    let Some((order, reply)) = order else { return };
                    let answer = self.obey(order).await;
                    // Whoever asked may be gone.
                    let _ = reply.send(answer);
                    pause = Duration::from_millis(1);
                }
                () = tokio::time::sleep(pause) => pause = self.work().await,
            }
        }
    }

    /// Does the next piece of work; how long to rest then.
    async fn work(&mut self) -> Duration {
        match &mut self.work {
            Work::Idle => self.look().await,
            Work::Left(row) => {
                let row = row.clone();
                self.take_up(row).await
            }
            Work::Running(running) if running.machine.is_held() => LOOK_EVERY,
            Work::Running(_) => self.step().await,
        }
    }

    /// Whether another process moves the database this one serves.
    async fn look(&mut self) -> Duration {
        let store = self.switch.current();
        if let Ok(row) = store.move_row().await {
            match row {
                None => {
                    self.switch.watch(false);
                    *self.last.lock() = None;
                }
                Some(row) if row.role == Role::Moved => {
                    self.switch.watch(true);
                    if self.switch.follow(&store).await {
                        self.find_live(&row);
                    }
                }
                Some(row) => self.work = Work::Left(row),
            }
        }
        LOOK_EVERY
    }

    /// Where the database is that this process followed to.
    fn find_live(&mut self, left: &MoveRow) {
        if let Some(url) = open_url(&self.means.key, left) {
            self.live = End { store: self.switch.current(), place: left.place.clone(), url };
        }
    }

    /// Takes up what was left, unless a process that lives is at it.
    async fn take_up(&mut self, row: MoveRow) -> Duration {
        let store = self.switch.current();
        if !Arc::ptr_eq(&store, &self.live.store) {
            self.live.store = store.clone();
        }
        match self.lead(&*store).await {
            Ok(Some(lease)) => {
                self.held = Some(lease);
                match self.open_other(&row).await {
                    Ok(()) => Duration::ZERO,
                    Err(why) => self.wait_for(why),
                }
            }
            Ok(None) => {
                self.switch.watch(true);
                *self.last.lock() = seen_from_outside(&row, &self.live.place);
                // How it ends is in the row.
                self.work = Work::Idle;
                LOOK_EVERY
            }
            Err(error) => self.wait_for(error.to_string()),
        }
    }

    /// Tries to take the lead, unless it is had; not at every look, because it takes a connection of its own.
    async fn lead(&mut self, store: &dyn Movable) -> Result<Option<Lease>, StoreError> {
        if let Some(lease) = self.held.take().filter(Lease::is_held) {
            return Ok(Some(lease));
        }
        if self.tried.is_some_and(|tried| tried.elapsed() < TRY_EVERY) {
            return Ok(None);
        }
        let lease = store.lease().await?;
        self.tried = lease.is_none().then(Instant::now);
        Ok(lease)
    }

    async fn open_other(&mut self, row: &MoveRow) -> Result<(), String> {
        // It may be another one by now.
        let Some(row) = self.live.store.move_row().await.map_err(|error| error.to_string())?.filter(|there| there.id == row.id) else {
            (self.work, self.held) = (Work::Idle, None);
            return Ok(());
        };
        let url = open_url(&self.means.key, &row);
        let location: Location = url
            .and_then(|url| url.expose().parse().ok())
            .ok_or_else(|| format!("the address of {} does not open with this server's key", row.place))?;
        let opened = open_movable(&location).await.map_err(|error| error.to_string())?;
        let other = End::new(&location, opened.store);
        let taken = Move::take_up(self.switch.clone(), self.live.clone(), &row, other, self.means.clone()).await;
        let mut machine = taken.map_err(|stop| stop.to_string())?;
        if let Some(lease) = self.held.take() {
            machine.hold_lease(lease);
        }
        tracing::info!("a move to {} is taken up", row.place);
        self.start(machine);
        Ok(())
    }

    fn start(&mut self, machine: Move) {
        let pace = Pace::new(machine.take);
        let phase = (machine.phase(), Instant::now());
        (self.waiting, self.wait, self.rate) = (None, WAIT.0, Rate::default());
        self.work = Work::Running(Box::new(Running { machine, pace, phase }));
    }

    fn wait_for(&mut self, why: String) -> Duration {
        if self.waiting.as_ref() != Some(&why) {
            tracing::warn!("the move waits: {why}");
        }
        self.waiting = Some(why);
        let wait = self.wait;
        self.wait = (self.wait * 2).min(WAIT.1);
        wait
    }

    async fn step(&mut self) -> Duration {
        let Work::Running(running) = &mut self.work else { return LOOK_EVERY };
        if !running.machine.leads() {
            // The connection that held the lead is gone: another process may have it now.
            match self.live.store.move_row().await {
                Ok(row) => self.work = row.map_or(Work::Idle, Work::Left),
                Err(error) => return self.wait_for(source_waits(error).to_string()),
            }
            return LOOK_EVERY;
        }
        running.machine.take = running.pace.take;
        let begun = Instant::now();
        let next = running.machine.step().await;
        let took = begun.elapsed();
        if running.machine.phase() != running.phase.0 {
            running.phase = (running.machine.phase(), Instant::now());
        }
        match next {
            Ok(next) => {
                running.pace = running.pace.after(took, self.switch.latency());
                let rest = running.pace.rest;
                (self.waiting, self.wait) = (None, WAIT.0);
                self.after(next, rest)
            }
            Err(Stop::Wait(why)) => self.wait_for(why),
            Err(Stop::Broken(why)) => {
                tracing::error!("the move stopped: {why}");
                running.machine.stop(why).await;
                LOOK_EVERY
            }
            Err(Stop::Killed) => LOOK_EVERY,
        }
    }

    fn after(&mut self, next: Next, rest: Duration) -> Duration {
        let Work::Running(running) = &self.work else { return LOOK_EVERY };
        match next {
            Next::Again => rest,
            Next::Calm => FOLLOW_EVERY,
            Next::Switched => {
                self.live = running.machine.serving();
                Duration::ZERO
            }
            Next::Over => {
                self.live = running.machine.serving();
                self.work = Work::Idle;
                *self.last.lock() = None;
                LOOK_EVERY
            }
        }
    }

    async fn obey(&mut self, order: Order) -> Answer {
        match order {
            Order::To { to, keep_ms } => self.begin(&to, Duration::from_millis(keep_ms)).await?,
            Order::Status => {}
            other => self.change(&other).await?,
        }
        Ok(self.status().await)
    }

    async fn begin(&mut self, to: &Hidden, keep: Duration) -> Result<(), String> {
        let to = to.0.parse::<Location>().map_err(|error| error.to_string())?;
        if let Work::Running(running) = &self.work {
            return Err(format!("a move is under way ({} is in it): see --status", running.machine.serving().place));
        }
        if matches!(self.work, Work::Left(_)) {
            return Err("a move is under way: see --status".into());
        }
        let to = match to {
            Location::Sqlite(path) => Location::Sqlite(absolute(&path)),
            Location::Postgres(_) => to,
        };
        if super::end::url(&to) == self.live.url.expose() {
            return Err(super::Refused::Same(to.to_string()).to_string());
        }
        let lease = self.live.store.lease().await.map_err(|error| error.to_string())?;
        let lease = lease.ok_or("another process of this server is at a move: see --status")?;
        let refused = |error: OpenError| format!("{error}; nothing was changed");
        // Looked at first: what is refused is left as it was, its schema too.
        if let Found::Ours(found) = look_at(&to).await.map_err(refused)? {
            Move::check(&self.live, &End::new(&to, found.store)).await.map_err(|refused| refused.to_string())?;
        }
        let opened = open_movable(&to).await.map_err(refused)?;
        let other = End::new(&to, opened.store);
        let machine = Move::begin(self.switch.clone(), self.live.clone(), other, self.means.clone(), keep).await;
        let mut machine = machine.map_err(|refused| refused.to_string())?;
        machine.hold_lease(lease);
        tracing::info!("a move to {to} begins");
        self.start(machine);
        Ok(())
    }

    async fn change(&mut self, order: &Order) -> Result<(), String> {
        if let Work::Left(row) = &self.work {
            // Nobody waits for the next look.
            let row = row.clone();
            self.take_up(row).await;
        }
        let machine = match &mut self.work {
            Work::Running(running) => &mut running.machine,
            Work::Left(_) if matches!(order, Order::Abort) => {
                return match self.abort_alone().await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err("another process of this server does the move: give it the order there".into()),
                    Err(error) => Err(format!("the server's own database does not let go of the move yet ({error}): try again")),
                };
            }
            Work::Left(_) => {
                return Err(self.waiting.clone().unwrap_or_else(|| "the move is being taken up: try again in a moment".into()));
            }
            Work::Idle if self.last.lock().is_some() => {
                return Err("another process of this server does the move: give it the order there".into());
            }
            Work::Idle => return Err("no move is under way here".into()),
        };
        let done = match order {
            Order::Pause => machine.pause(true).await,
            Order::Resume => machine.pause(false).await,
            Order::Abort => machine.order_abort().await,
            Order::Back => machine.order_back(),
            Order::Finish => machine.order_finish().await,
            Order::To { .. } | Order::Status => Ok(()),
        };
        (self.waiting, self.wait) = (None, WAIT.0);
        done.map_err(|stop| stop.to_string())
    }

    /// Takes a move back whose target cannot be opened: nothing of it stays in the database that serves. False if another process has
    /// the lead.
    async fn abort_alone(&mut self) -> Result<bool, StoreError> {
        let store = self.switch.current();
        let lease = match self.held.take().filter(Lease::is_held) {
            Some(lease) => Some(lease),
            None => store.lease().await?,
        };
        let Some(_lease) = lease else { return Ok(false) };
        if store.move_row().await?.is_some_and(|row| row.role == Role::Source) {
            store.stop_journal().await?;
            store.put_move_row(None).await?;
        }
        self.work = Work::Idle;
        (self.waiting, self.wait) = (None, WAIT.0);
        *self.last.lock() = None;
        Ok(true)
    }

    async fn status(&mut self) -> Option<Status> {
        let status = match &self.work {
            Work::Idle => self.last.lock().clone().filter(|_| self.waiting.is_none()),
            Work::Left(row) => seen_from_outside(row, &self.live.place).map(|status| Status { waiting: self.waiting.clone(), ..status }),
            Work::Running(running) => {
                let mut status = running.machine.status().await;
                status.rows_per_second = self.rate.at(status.rows);
                status.seconds_left = seconds_left(&status, running.phase.1.elapsed());
                status.waiting = self.waiting.clone();
                Some(status)
            }
        };
        self.last.lock().clone_from(&status);
        status
    }
}

/// Rows a second since the last time it was asked, smoothed.
#[derive(Default)]
struct Rate {
    last: Option<(Instant, u64)>,
    rate: f64,
}

impl Rate {
    fn at(&mut self, rows: u64) -> f64 {
        let now = Instant::now();
        match self.last {
            Some((then, before)) if now - then >= Duration::from_millis(200) => {
                let fresh = rows.saturating_sub(before) as f64 / (now - then).as_secs_f64();
                self.rate = if self.rate == 0.0 { fresh } else { self.rate * 0.7 + fresh * 0.3 };
                self.last = Some((now, rows));
            }
            Some(_) => {}
            None => self.last = Some((now, rows)),
        }
        self.rate
    }
}

/// Copying takes about as long as comparing does; what follows is a matter of moments.
fn seconds_left(status: &Status, so_far: Duration) -> Option<u64> {
    let left = |done: u64| {
        let share = done as f64 / status.accounts_total.max(1) as f64;
        (share > 0.01).then(|| so_far.as_secs_f64() * (1.0 - share).max(0.0) / share)
    };
    let seconds = match status.phase {
        Phase::Copying => left(status.accounts_copied).map(|seconds| seconds * 2.0 + so_far.as_secs_f64())?,
        Phase::Comparing => left(status.accounts_compared)?,
        Phase::Following => 1.0,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate: never negative, and a time beyond u64 is none"
    )]
    let seconds = seconds.ceil() as u64;
    Some(seconds)
}

/// What a row says to a process that does not do the move.
fn seen_from_outside(row: &MoveRow, live: &str) -> Option<Status> {
    let note = Note::read(row)?;
    let (from, to) = note.in_order(live, row.place.as_str());
    Some(Status {
        id: format!("{:032x}", u128::from_be_bytes(row.id)),
        phase: note.phase,
        from: from.to_owned(),
        to: to.to_owned(),
        serving: live.to_owned(),
        started: note.started_ms,
        paused: note.paused,
        waiting: None,
        stopped: note.stopped,
        accounts_total: 0,
        accounts_copied: 0,
        accounts_compared: 0,
        rows: 0,
        bytes: 0,
        rows_per_second: 0.0,
        seconds_left: None,
        behind: 0,
        move_fence_ms_max: note.fence_us_max as f64 / 1000.0,
        fence_tries: 0,
        switched: note.switched_ms,
        kept_until: note.switched_ms.map(|at| at.saturating_add(note.keep_ms)),
        store_ms: (0.0, 0.0),
    })
}
