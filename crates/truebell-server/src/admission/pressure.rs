//! How much more is asked for than can be served: what clients are told to wait is made from it, and one line in the log now and then.

use super::class::Class;

/// Counts are of this long, and of as long before.
const BUCKET_US: u64 = 1_000_000;
/// Clients are asked to stay away at most so many times longer.
const EXCESS_MAX: u64 = 8;
/// How often the log says that requests are sent away.
const LOG_EVERY_US: u64 = 10_000_000;

#[derive(Clone, Copy, Default)]
struct Bucket {
    asked: u64,
    shed: u64,
}

/// Counts of the last moments, and of all time.
#[derive(Default)]
pub(super) struct Pressure {
    began: u64,
    now: Bucket,
    before: Bucket,
    shed_ever: [u64; Class::COUNT],
    logged_at: Option<u64>,
    unlogged: u64,
}

impl Pressure {
    fn turn(&mut self, now: u64) {
        if now >= self.began + 2 * BUCKET_US {
            (self.before, self.now, self.began) = (Bucket::default(), Bucket::default(), now);
        } else if now >= self.began + BUCKET_US {
            (self.before, self.now, self.began) = (self.now, Bucket::default(), self.began + BUCKET_US);
        }
    }

    /// A request came.
    pub(super) fn asked(&mut self, now: u64) {
        self.turn(now);
        self.now.asked += 1;
    }

    /// It was sent away.
    pub(super) fn shed(&mut self, class: Class, now: u64, at_work: usize, limit: usize) {
        self.turn(now);
        self.now.shed += 1;
        self.unlogged += 1;
        if let Some(count) = self.shed_ever.get_mut(class.index()) {
            *count += 1;
        }
        if self.logged_at.is_none_or(|at| now >= at + LOG_EVERY_US) {
            tracing::warn!(
                shed = self.unlogged,
                at_work,
                limit,
                "more is asked for than can be served: some clients are asked to come back"
            );
            (self.logged_at, self.unlogged) = (Some(now), 0);
        }
    }

    /// How many times more was asked for than was served, 1 to [`EXCESS_MAX`].
    pub(super) fn excess(&mut self, now: u64) -> u32 {
        self.turn(now);
        let asked = self.now.asked + self.before.asked;
        let shed = (self.now.shed + self.before.shed).min(asked);
        let excess = if shed == 0 { 1 } else { asked.checked_div(asked - shed).unwrap_or(EXCESS_MAX).max(1) };
        u32::try_from(excess.min(EXCESS_MAX)).unwrap_or(1)
    }

    /// How many of each class were ever sent away.
    pub(super) fn shed_ever(&self) -> [(&'static str, u64); Class::COUNT] {
        Class::ALL.map(|class| (class.word(), self.shed_ever.get(class.index()).copied().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_asked_to_stay_away_longer_the_more_is_too_much_and_it_passes() {
        for (asked, shed, excess) in [(0, 0, 1), (100, 0, 1), (100, 10, 1), (100, 50, 2), (100, 90, 8), (100, 75, 4), (5, 5, 8)] {
            let mut pressure = Pressure::default();
            (0..asked).for_each(|_| pressure.asked(10));
            (0..shed).for_each(|_| pressure.shed(Class::Bulk, 10, 1, 1));
            assert_eq!(pressure.excess(20), excess, "{shed} of {asked}");
            assert_eq!(pressure.excess(1_500_000), excess, "the last second still counts");
            assert_eq!(pressure.excess(3_000_000), 1);
            assert_eq!(pressure.shed_ever()[3], ("bulk", shed));
        }
    }
}
