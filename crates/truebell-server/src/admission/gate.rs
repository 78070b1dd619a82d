//! The gate: who works now, who waits a moment, who is sent away at once. Sending away costs a look at this state and nothing more.
//!
//! A place is held while a request really works: not while its body is still on the way, nor while a client takes a long stream slowly.
//! The queue is short. While it empties now and then, waiting in it is allowed for a burst's length; once it has been standing, whoever
//! waited longer than a moment is dropped instead of served late (the idea of CoDel, Nichols and Jacobson 2012).

use super::class::Class;
use super::gradient::{Gradient, KINDS};
use super::pressure::Pressure;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
#[cfg(feature = "simulation")]
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Longest wait for a place while the queue empties now and then.
const PATIENCE_US: u64 = 500_000;
/// Longest wait once the queue is standing.
const PATIENCE_STANDING_US: u64 = 100_000;
/// A queue that did not empty for this long is standing.
const STANDING_US: u64 = 500_000;
/// Longest wait of a request that was let in before and goes on: dropping it would waste what was done.
const PATIENCE_AGAIN_US: u64 = 10_000_000;
/// Most waiting, at least; else as many as may work.
const QUEUE_MIN: usize = 16;

/// What tells one kind of request from another when their times are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(usize);

impl Kind {
    /// The kind of a route (FNV-1a of its template). Two routes that meet in one kind share a base, which is then the faster one's.
    pub(crate) fn of_route(route: &str) -> Self {
        let hash = route.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(usize::try_from(hash % KINDS as u64).unwrap_or_default())
    }
}

struct Waiter {
    since: u64,
    patience: u64,
    turn: oneshot::Sender<Place>,
}

struct State {
    limit: Gradient,
    at_work: usize,
    queues: [VecDeque<Waiter>; Class::COUNT],
    /// Since when somebody has been waiting without a break.
    waiting_since: Option<u64>,
    pressure: Pressure,
}

/// The gate of one server.
pub(crate) struct Gate {
    state: Mutex<State>,
    began: Instant,
    /// The time of a simulated world, in its place.
    #[cfg(feature = "simulation")]
    clock: Option<Arc<AtomicU64>>,
}

/// How the gate stands, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub at_work: usize,
    pub waiting: usize,
    pub limit: usize,
    pub shed: [(&'static str, u64); Class::COUNT],
}

/// One request at work; the place is free again when this is dropped.
pub(crate) struct Place {
    gate: Arc<Gate>,
    since: u64,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Place")
    }
}

pub(super) enum Answer {
    In(Place),
    Wait(oneshot::Receiver<Place>, u64),
    Away,
}

type Turns = Vec<oneshot::Sender<Place>>;

impl State {
    fn allowed(&self, class: Class, now: u64) -> usize {
        (self.limit.limit(now) * class.eighths() / 8).max(1)
    }

    fn waiting(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    fn is_standing(&self, now: u64) -> bool {
        self.waiting_since.is_some_and(|since| now >= since + STANDING_US)
    }

    fn is_anyone_ahead(&self, class: Class) -> bool {
        self.queues.iter().take(class.index() + 1).any(|queue| !queue.is_empty())
    }

    /// Makes room in the queue for one of `class`: those who left go, then the longest waiting of a class below. False if there is none.
    fn has_room(&mut self, class: Class, now: u64) -> bool {
        let most = self.limit.limit(now).max(QUEUE_MIN);
        if self.waiting() < most {
            return true;
        }
        for queue in &mut self.queues {
            queue.retain(|waiter| !waiter.turn.is_closed());
        }
        // Dropping a waiter tells it to go.
        self.waiting() < most || self.queues.iter_mut().skip(class.index() + 1).rev().any(|queue| queue.pop_front().is_some())
    }

    /// Gives free places to those who wait, the first class first.
    fn dispatch(&mut self, now: u64) -> Turns {
        let mut turns = Vec::new();
        let is_standing = self.is_standing(now);
        for class in Class::ALL {
            let allowed = self.allowed(class, now);
            let Some(queue) = self.queues.get_mut(class.index()) else { continue };
            while self.at_work < allowed {
                let Some(waiter) = queue.pop_front() else { break };
                let patience = if is_standing && waiter.patience < PATIENCE_AGAIN_US { PATIENCE_STANDING_US } else { waiter.patience };
                if waiter.turn.is_closed() || now > waiter.since + patience {
                    continue;
                }
                self.at_work += 1;
                turns.push(waiter.turn);
            }
        }
        if self.waiting() == 0 {
            self.waiting_since = None;
        }
        turns
    }
}

impl Gate {
    /// With a limit that never passes `most`.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let state = State {
            limit: Gradient::new(most),
            at_work: 0,
            queues: Default::default(),
            waiting_since: None,
            pressure: Pressure::default(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            began: Instant::now(),
            #[cfg(feature = "simulation")]
            clock: None,
        })
    }

    /// The same, by a clock that somebody else moves, in microseconds.
    #[cfg(feature = "simulation")]
    pub(super) fn with_clock(most: usize, clock: Arc<AtomicU64>) -> Arc<Self> {
        let mut gate = Self::new(most);
        if let Some(gate) = Arc::get_mut(&mut gate) {
            gate.clock = Some(clock);
        }
        gate
    }

    fn now(&self) -> u64 {
        #[cfg(feature = "simulation")]
        if let Some(clock) = &self.clock {
            return clock.load(std::sync::atomic::Ordering::Relaxed);
        }
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Lets one request to work, after a short wait if it must be; `None` sends it away.
    pub(super) async fn admit(self: &Arc<Self>, class: Class) -> Option<Place> {
        self.enter(class, false).await
    }

    /// Lets a request on that was let in before.
    async fn admit_again(self: &Arc<Self>, class: Class) -> Option<Place> {
        self.enter(class, true).await
    }

    async fn enter(self: &Arc<Self>, class: Class, again: bool) -> Option<Place> {
        let place = match self.knock(class, again) {
            Answer::In(place) => Some(place),
            Answer::Away => None,
            Answer::Wait(turn, patience) => match tokio::time::timeout(Duration::from_micros(patience), turn).await {
                Ok(Ok(place)) => Some(place),
                // Its time is over, or its place in the queue was given to a class above.
                Ok(Err(_)) | Err(_) => None,
            },
        };
        if place.is_none() {
            self.sent_away(class);
        }
        place
    }

    /// Counts one who was sent away.
    pub(super) fn sent_away(&self, class: Class) {
        let now = self.now();
        let mut state = self.state.lock();
        let (at_work, limit) = (state.at_work, state.limit.limit(now));
        state.pressure.shed(class, now, at_work, limit);
    }

    pub(super) fn knock(self: &Arc<Self>, class: Class, again: bool) -> Answer {
        let now = self.now();
        let mut state = self.state.lock();
        let at_work = state.at_work;
        state.limit.tick(now, at_work);
        if !again {
            state.pressure.asked(now);
        }
        if state.at_work < state.allowed(class, now) && !state.is_anyone_ahead(class) {
            state.at_work += 1;
            return Answer::In(Place { gate: self.clone(), since: now });
        }
        if !state.has_room(class, now) && !again {
            return Answer::Away;
        }
        let patience = match (again, state.is_standing(now)) {
            (true, _) => PATIENCE_AGAIN_US,
            (false, true) => PATIENCE_STANDING_US,
            (false, false) => PATIENCE_US,
        };
        let (turn, waits) = oneshot::channel();
        state.waiting_since.get_or_insert(now);
        if let Some(queue) = state.queues.get_mut(class.index()) {
            queue.push_back(Waiter { since: now, patience, turn });
        }
        // A limit that has grown since may have room at once.
        let turns = state.dispatch(now);
        drop(state);
        self.call(turns);
        Answer::Wait(waits, patience)
    }

    /// Tells those whose turn it is. Outside the lock: one who has left gives the place back at once.
    fn call(self: &Arc<Self>, turns: Turns) {
        for turn in turns {
            let since = self.now();
            let _left = turn.send(Place { gate: self.clone(), since });
        }
    }

    fn leave(self: &Arc<Self>) {
        let now = self.now();
        let mut state = self.state.lock();
        state.at_work = state.at_work.saturating_sub(1);
        let at_work = state.at_work;
        state.limit.tick(now, at_work + 1);
        if state.waiting_since.is_none() {
            return;
        }
        let turns = state.dispatch(now);
        drop(state);
        self.call(turns);
    }

    pub(super) fn standing(&self) -> Standing {
        let now = self.now();
        let state = self.state.lock();
        let waiting = state.queues.iter().flatten().filter(|waiter| !waiter.turn.is_closed()).count();
        Standing { at_work: state.at_work, waiting, limit: state.limit.limit(now), shed: state.pressure.shed_ever() }
    }

    /// How full, in eighths of the limit; and [`Self::excess`].
    pub(super) fn fullness(&self) -> (u32, u32) {
        let now = self.now();
        let mut state = self.state.lock();
        let eighths = state.at_work * 8 / state.limit.limit(now).max(1);
        (u32::try_from(eighths).unwrap_or(8), state.pressure.excess(now))
    }

    /// How many times more was asked for lately than could be served; 1 while nobody is sent away.
    pub(super) fn excess(&self) -> u32 {
        let now = self.now();
        self.state.lock().pressure.excess(now)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.leave();
    }
}

/// A request that was let in, from then until it is answered: at work, or stepped aside while something slow and foreign goes on.
#[derive(Clone)]
pub(crate) struct Held(Arc<Holding>);

struct Holding {
    gate: Arc<Gate>,
    inner: Mutex<Inner>,
}

struct Inner {
    class: Class,
    kind: Kind,
    place: Option<Place>,
    /// Microseconds at work before it last stepped aside.
    worked: u64,
    is_told: bool,
}

impl Held {
    pub(super) fn new(gate: &Arc<Gate>, class: Class, kind: Kind, place: Place) -> Self {
        let inner = Inner { class, kind, place: Some(place), worked: 0, is_told: false };
        Self(Arc::new(Holding { gate: gate.clone(), inner: Mutex::new(inner) }))
    }

    /// Gives the place to somebody else for a while: what comes now waits for the client.
    pub(crate) fn step_aside(&self) {
        let mut inner = self.0.inner.lock();
        let place = inner.place.take();
        if let Some(place) = &place {
            inner.worked += self.0.gate.now().saturating_sub(place.since);
        }
        drop(inner);
        drop(place);
    }

    /// Takes a place again. False if there is none to be had: the server has too much to do.
    pub(crate) async fn step_in(&self) -> bool {
        let class = {
            let inner = self.0.inner.lock();
            if inner.place.is_some() {
                return true;
            }
            inner.class
        };
        let place = self.0.gate.admit_again(class).await;
        let is_in = place.is_some();
        self.0.inner.lock().place = place;
        is_in
    }

    /// It turns out to be of a lower class, and of another kind. False if there is no room for that one.
    pub(super) async fn lower(&self, class: Class, kind: Kind) -> bool {
        {
            let mut inner = self.0.inner.lock();
            (inner.class, inner.kind) = (class, kind);
        }
        let now = self.0.gate.now();
        let fits = {
            let state = self.0.gate.state.lock();
            // Counted among those at work already.
            state.at_work <= state.allowed(class, now) && !state.is_anyone_ahead(class)
        };
        if fits {
            return true;
        }
        self.step_aside();
        let place = self.0.gate.admit(class).await;
        let is_in = place.is_some();
        self.0.inner.lock().place = place;
        is_in
    }

    /// It was served: how long it worked is learned from.
    pub(super) fn served(&self) {
        self.tell(Gradient::served);
    }

    /// It failed below us, in the database.
    pub(super) fn failed(&self) {
        self.tell(|limit, _, _| limit.failed());
    }

    /// It was too small to learn anything from.
    pub(super) fn nothing_learned(&self) {
        self.tell(|_, _, _| {});
    }

    fn tell(&self, learn: impl FnOnce(&mut Gradient, usize, u64)) {
        let mut inner = self.0.inner.lock();
        if std::mem::replace(&mut inner.is_told, true) {
            return;
        }
        let worked = inner.worked + inner.place.as_ref().map_or(0, |place| self.0.gate.now().saturating_sub(place.since));
        let kind = inner.kind.0;
        drop(inner);
        learn(&mut self.0.gate.state.lock().limit, kind, worked);
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let inner = self.inner.get_mut();
        if let (false, Some(place)) = (inner.is_told, &inner.place) {
            let worked = inner.worked + self.gate.now().saturating_sub(place.since);
            self.gate.state.lock().limit.given_up(inner.kind.0, worked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const KIND: Kind = Kind(1);

    fn fill(gate: &Arc<Gate>, class: Class) -> Vec<Place> {
        std::iter::from_fn(|| gate.admit(class).now_or_never().flatten()).collect()
    }

    #[tokio::test]
    async fn the_lowest_class_is_kept_out_first_and_room_comes_back() {
        let gate = Gate::new(16);
        let mut places = Vec::new();
        for (class, most) in [(Class::Bulk, 8), (Class::Full, 10), (Class::Delta, 14), (Class::FinishSignIn, 16)] {
            places.extend(fill(&gate, class));
            assert_eq!((places.len(), gate.standing().at_work), (most, most), "{class:?}");
        }
        assert_eq!(gate.fullness().0, 8);
        places.truncate(7);
        assert!(gate.admit(Class::Bulk).await.is_some());
        drop(places);
        assert_eq!(gate.standing().at_work, 0);
    }

    #[tokio::test]
    async fn a_free_place_goes_to_the_first_class_that_waits_and_not_to_whoever_came_first() {
        let gate = Gate::new(8);
        let mut places = fill(&gate, Class::FinishSignIn);
        let mut waiting: Vec<_> = [Class::Bulk, Class::Delta, Class::FinishSignIn].map(|class| Box::pin(gate.admit(class))).into();
        assert!(waiting.iter_mut().all(|request| request.now_or_never().is_none()));
        assert_eq!(gate.standing().waiting, 3);
        places.pop();
        let served: Vec<_> = waiting.iter_mut().map(FutureExt::now_or_never).collect();
        assert_eq!(served.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
        places.pop();
        let low = waiting.iter_mut().take(2).any(|request| request.now_or_never().is_some());
        assert!(!low, "one place is kept for those who finish a sign-in");
        places.pop();
        assert!((&mut waiting[1]).now_or_never().is_some_and(|place| place.is_some()));
    }

    #[tokio::test]
    async fn who_waited_too_long_is_sent_away_and_sooner_once_the_queue_is_standing() {
        let gate = Gate::new(8);
        let places = fill(&gate, Class::FinishSignIn);
        let begin = Instant::now();
        assert!(gate.admit(Class::Delta).await.is_none());
        assert!(begin.elapsed().as_millis() >= 500);
        // The queue has been standing since: nothing was dispatched.
        let begin = Instant::now();
        assert!(gate.admit(Class::Delta).await.is_none());
        assert!(begin.elapsed().as_millis() < 400, "{:?}", begin.elapsed());
        assert_eq!(gate.standing().shed.map(|(_, count)| count), [0, 2, 0, 0]);
        drop(places);
        assert!(gate.admit(Class::Bulk).await.is_some(), "and then everything is as before");
    }

    #[tokio::test]
    async fn the_queue_is_short_and_a_higher_class_takes_the_place_of_a_lower_one() {
        let gate = Gate::new(8);
        let _places = fill(&gate, Class::FinishSignIn);
        let mut low: Vec<_> = (0..QUEUE_MIN).map(|_| Box::pin(gate.admit(Class::Full))).collect();
        assert!(low.iter_mut().all(|request| request.now_or_never().is_none()));
        assert!(gate.admit(Class::Bulk).now_or_never().is_some_and(|place| place.is_none()), "sent away at once");
        let mut high = Box::pin(gate.admit(Class::FinishSignIn));
        assert!((&mut high).now_or_never().is_none(), "it waits");
        let gone: Vec<_> = low.iter_mut().map(|request| request.now_or_never().is_some()).collect();
        assert_eq!((gone[0], gone.iter().filter(|gone| **gone).count()), (true, 1), "the one of the lower class that waited longest");
        // A client that hangs up leaves its place in the queue.
        low.clear();
        assert_eq!(gate.standing().waiting, 1);
    }

    #[tokio::test]
    async fn a_request_that_waits_for_its_client_holds_no_place() {
        let gate = Gate::new(1);
        let held = Held::new(&gate, Class::Delta, KIND, gate.admit(Class::Delta).await.unwrap());
        held.step_aside();
        let other = gate.admit(Class::Bulk).await.unwrap();
        let mut back = Box::pin(held.step_in());
        assert!((&mut back).now_or_never().is_none());
        drop(other);
        assert!(back.await);
        assert_eq!(gate.standing().at_work, 1);
        drop(held);
        assert_eq!(gate.standing().at_work, 0);
    }

    /// A database of 16 connections that takes 20 ms, behind a gate.
    #[derive(Clone)]
    struct Served {
        gate: Arc<Gate>,
        connections: Arc<tokio::sync::Semaphore>,
        count: Arc<Mutex<u32>>,
        longest: Arc<Mutex<Duration>>,
    }

    impl Served {
        fn new() -> Self {
            let connections = Arc::new(tokio::sync::Semaphore::new(16));
            Self { gate: Gate::new(1024), connections, count: Arc::default(), longest: Arc::default() }
        }

        async fn request(self, class: Class) {
            let begin = Instant::now();
            let Some(place) = self.gate.admit(class).await else { return };
            let held = Held::new(&self.gate, class, KIND, place);
            let connection = self.connections.acquire().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(connection);
            held.served();
            *self.count.lock() += 1;
            let mut longest = self.longest.lock();
            *longest = begin.elapsed().max(*longest);
        }

        /// So many requests a second for a while; how many were served each second, and the longest queue.
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        async fn offer(&self, per_second: u32, time: Duration) -> (f64, usize) {
            let (begin, before, mut sent, mut most_waiting) = (Instant::now(), *self.count.lock(), 0_usize, 0);
            while begin.elapsed() < time {
                let due = f64::from(per_second) * begin.elapsed().as_secs_f64();
                while (sent as f64) < due {
                    tokio::spawn(self.clone().request(Class::ALL[sent % 4]));
                    sent += 1;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
                most_waiting = most_waiting.max(self.gate.standing().waiting);
            }
            (f64::from(*self.count.lock() - before) / begin.elapsed().as_secs_f64(), most_waiting)
        }
    }

    #[tokio::test]
    async fn ten_times_what_can_be_served_leaves_as_much_served_and_a_short_queue() {
        let served = Served::new();
        let (calm, _) = served.offer(700, Duration::from_secs(2)).await;
        let (stormy, most_waiting) = served.offer(8_000, Duration::from_secs(3)).await;
        assert!(stormy > calm * 0.8, "{calm} each second, and {stormy} in the storm");
        assert!(most_waiting <= 256, "{most_waiting}");
        assert!(*served.longest.lock() < Duration::from_secs(2), "{:?}", served.longest.lock());
    }
}
