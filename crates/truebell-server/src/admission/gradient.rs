//! How many requests may work at once, learned from how long they take. Pure: time comes in as microseconds since the start.
//!
//! In the manner of Netflix' `Gradient2Limit` and Envoy's gradient controller: each kind of request has a base, what it takes when
//! nothing queues behind it. When requests take longer than a tolerated multiple of their base, somebody below (the database's
//! connections, the disk) has a queue, and the limit shrinks by that gradient; when they do not, it grows by a little headroom. Every
//! few seconds the limit is halved for a moment, so that the base is measured without a queue; a base older than two epochs is
//! forgotten, so that a database that has become slower for good is the new normal and not an emergency for ever.

/// Kinds of requests told apart; routes are hashed onto them.
pub(super) const KINDS: usize = 64;

/// The limit begins here, so that the first base is measured without a queue, and never falls below: one process's connections to its
/// database. Fewer at once would leave some of them idle.
const LIMIT_MIN: f64 = 16.0;
/// Shortest time between two corrections.
const WINDOW_US: u64 = 100_000;
/// A window with fewer requests than this says too little, and goes on.
const WINDOW_SAMPLES_MIN: u32 = 8;
/// A full house in which nothing ended for this long is stuck.
const STUCK_US: u64 = 1_000_000;
/// How often the base is measured anew; it holds for two of these.
const EPOCH_US: u64 = 10_000_000;
/// How long the limit is halved for that.
const PROBE_US: u64 = 300_000;
/// How much longer than its base a request may take before the limit shrinks.
const TOLERANCE: f64 = 1.5;
/// Weight of one request in its kind's running mean.
const WEIGHT: f64 = 1.0 / 16.0;
/// One request counts for at most so many times its kind's mean: a single slow one says nothing about the others.
const OUTLIER: f64 = 4.0;

/// What is known of one kind of request, in microseconds.
#[derive(Clone, Copy, Default)]
struct Kind {
    /// Requests since the last epoch began, up to what makes the mean worth something.
    samples: u32,
    /// Running mean.
    mean: f64,
    /// The lowest mean of this epoch and of the one before; 0 where there is none.
    base: f64,
    base_before: f64,
}

impl Kind {
    fn sample(&mut self, took: f64) {
        self.mean = if self.mean == 0.0 { took } else { self.mean + (took.min(self.mean * OUTLIER) - self.mean) * WEIGHT };
        self.samples = self.samples.saturating_add(1);
        if self.samples >= 16 && (self.base == 0.0 || self.mean < self.base) {
            self.base = self.mean;
        }
    }

    /// How many times its base a request of this kind takes now; `None` while there is no base.
    fn stretch(&self) -> Option<f64> {
        let base = match (self.base > 0.0, self.base_before > 0.0) {
            (true, true) => self.base.min(self.base_before),
            (true, false) => self.base,
            (false, true) => self.base_before,
            (false, false) => return None,
        };
        Some(self.mean / base)
    }
}

/// The limit and what it is learned from.
pub(super) struct Gradient {
    limit: f64,
    least: f64,
    most: f64,
    kinds: [Kind; KINDS],
    /// Sum of stretches in this window, and of how many requests.
    stretched: f64,
    samples: u32,
    failed: bool,
    most_at_work: usize,
    window_began: u64,
    epoch_began: u64,
}

impl Gradient {
    /// A limit that never passes `most`.
    pub(super) fn new(most: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a limit is far below 2^52")]
        let most = most.max(1) as f64;
        Self {
            limit: LIMIT_MIN.min(most),
            least: LIMIT_MIN.min(most),
            most,
            kinds: [Kind::default(); KINDS],
            stretched: 0.0,
            samples: 0,
            failed: false,
            most_at_work: 0,
            window_began: 0,
            epoch_began: 0,
        }
    }

    /// How many may be at work now.
    pub(super) fn limit(&self, now: u64) -> usize {
        let limit = if self.is_probing(now) { (self.limit / 2.0).max(self.least) } else { self.limit };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and `most`, which came from a usize")]
        let limit = limit as usize;
        limit
    }

    /// The first moments of each epoch but the first.
    fn is_probing(&self, now: u64) -> bool {
        self.epoch_began > 0 && now < self.epoch_began + PROBE_US
    }

    /// A request of this kind was served and took so long.
    pub(super) fn served(&mut self, kind: usize, took_us: u64) {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of one request")]
        let took = took_us.max(1) as f64;
        let Some(kind) = self.kinds.get_mut(kind) else { return };
        kind.sample(took);
        if let Some(stretch) = kind.stretch() {
            self.stretched += stretch;
            self.samples += 1;
        }
    }

    /// A request was given up after so long: it would have taken at least that.
    pub(super) fn given_up(&mut self, kind: usize, after_us: u64) {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of one request")]
        let after = after_us as f64;
        if self.kinds.get(kind).is_some_and(|known| known.mean > 0.0 && after > known.mean) {
            self.served(kind, after_us);
        }
    }

    /// A request failed below us. How fast it failed says nothing about how long one takes.
    pub(super) fn failed(&mut self) {
        self.failed = true;
    }

    /// Time has passed, with so many at work: corrects the limit at the end of a window.
    pub(super) fn tick(&mut self, now: u64, at_work: usize) {
        self.most_at_work = self.most_at_work.max(at_work);
        if now < self.window_began + WINDOW_US {
            return;
        }
        let is_stuck = self.samples == 0 && at_work >= self.limit(now) && now >= self.window_began + STUCK_US;
        if self.samples < WINDOW_SAMPLES_MIN && !self.failed && !is_stuck && now < self.window_began + STUCK_US {
            return;
        }
        self.correct(now, is_stuck);
        (self.stretched, self.samples, self.failed, self.most_at_work, self.window_began) = (0.0, 0, false, at_work, now);
        if now >= self.epoch_began + EPOCH_US {
            self.begin_epoch(now);
        }
    }

    fn correct(&mut self, now: u64, is_stuck: bool) {
        if self.is_probing(now) {
            return;
        }
        let stretch = if self.samples == 0 { 1.0 } else { self.stretched / f64::from(self.samples) };
        let mut gradient = (TOLERANCE / stretch).clamp(0.5, 1.0);
        if is_stuck {
            gradient = 0.5;
        } else if self.failed {
            gradient = gradient.min(0.9);
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let is_wanted = self.most_at_work as f64 >= self.limit / 2.0;
        // A limit nobody comes near is not raised: nothing was learned about it.
        let headroom = if is_wanted && gradient == 1.0 || gradient < 1.0 && !is_stuck && !self.failed { self.limit.sqrt() } else { 0.0 };
        let next = self.limit * gradient + headroom;
        self.limit = f64::midpoint(self.limit, next).clamp(self.least, self.most);
    }

    fn begin_epoch(&mut self, now: u64) {
        self.epoch_began = now;
        for kind in &mut self.kinds {
            (kind.base_before, kind.base, kind.samples) = (kind.base, 0.0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of `connections` that takes `base_us` for each request; so many clients want something all the time. Returns the
    /// limit after `seconds`.
    fn run(gradient: &mut Gradient, from_us: &mut u64, (connections, base_us): (usize, u64), wanted: usize, seconds: u64) -> usize {
        let end = *from_us + seconds * 1_000_000;
        while *from_us < end {
            let at_work = wanted.min(gradient.limit(*from_us)).max(1);
            // Little's law: beyond its connections, requests wait for each other.
            let took = base_us * at_work.max(connections) as u64 / connections as u64;
            *from_us += (took / at_work as u64).max(1);
            gradient.served(1, took);
            gradient.tick(*from_us, at_work);
        }
        gradient.limit(*from_us)
    }

    #[test]
    fn under_endless_demand_the_limit_settles_a_little_above_what_the_database_can_do_at_once() {
        for connections in [16, 32, 100] {
            let (mut gradient, mut now) = (Gradient::new(1024), 0);
            for seconds in [5, 20, 60] {
                let limit = run(&mut gradient, &mut now, (connections, 5_000), 10_000, seconds);
                assert!((connections..=connections * 5 / 2).contains(&limit), "{connections} connections, after {seconds} s: {limit}");
            }
        }
    }

    #[test]
    fn a_database_that_crawls_shrinks_the_limit_at_once_and_is_the_new_normal_after_a_while() {
        let (mut gradient, mut now) = (Gradient::new(1024), 0);
        let before = run(&mut gradient, &mut now, (100, 2_000), 10_000, 20);
        let crawling = run(&mut gradient, &mut now, (100, 100_000), 10_000, 5);
        assert!(crawling <= before / 2, "{before} and then {crawling}");
        let settled = run(&mut gradient, &mut now, (100, 100_000), 10_000, 60);
        assert!(settled >= 100, "{settled}");
    }

    #[test]
    fn what_nobody_comes_near_is_not_raised_and_the_bounds_hold() {
        let (mut gradient, mut now) = (Gradient::new(1024), 0);
        let quiet = run(&mut gradient, &mut now, (100, 2_000), 3, 30);
        assert!(quiet <= 64, "{quiet}");
        assert_eq!(Gradient::new(8).limit(0), 8);
        assert!(run(&mut Gradient::new(8), &mut 0, (1, 5_000), 100, 30) == 8);
    }

    #[test]
    fn a_full_house_in_which_nothing_ends_shrinks_and_failures_do_not_count_as_fast() {
        let (mut gradient, mut now) = (Gradient::new(1024), 0);
        run(&mut gradient, &mut now, (64, 5_000), 10_000, 5);
        let before = gradient.limit(now);
        for _ in 0..10 {
            now += 1_100_000;
            gradient.tick(now, before);
        }
        assert_eq!(gradient.limit(now), 16, "from {before}");
        for _ in 0..10 {
            now += 200_000;
            gradient.failed();
            gradient.tick(now, 16);
        }
        assert_eq!(gradient.limit(now), 16);
        let again = run(&mut gradient, &mut now, (64, 5_000), 10_000, 5);
        assert!(again >= 48, "it recovers within seconds: {again}");
    }

    #[test]
    fn one_slow_request_among_many_changes_little() {
        let (mut gradient, mut now) = (Gradient::new(1024), 0);
        let before = run(&mut gradient, &mut now, (100, 5_000), 10_000, 8);
        gradient.served(1, 60_000_000);
        let after = run(&mut gradient, &mut now, (100, 5_000), 10_000, 1);
        assert!(after * 4 >= before * 3, "{before} and then {after}");
    }
}
