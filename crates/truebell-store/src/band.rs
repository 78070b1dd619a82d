//! How many people may be told of one kind of thing before somebody looks: the band of a template, from what was usual (`docs/operating.md`,
//! *When too many are to be told*). Never here: a clock, a database, or what a mail says.
//!
//! It is people that are counted, not mails, each once a day: nobody can use up everybody's band with one account.

use std::collections::BTreeMap;

/// So many in an hour are never too many: a family, a small team.
pub const HOUR_FLOOR: u64 = 20;
/// So many in a day are never too many.
pub const DAY_FLOOR: u64 = 60;
/// How many times the busiest hour an hour may be.
pub const HOUR_FACTOR: u64 = 4;
/// How many times the busiest day a day may be.
pub const DAY_FACTOR: u64 = 3;
/// How far back *usual* looks, in hours. The last day does not count as usual: a flood must not widen its own bed.
pub const HOURS_LOOKED_AT: u64 = 29 * 24;
/// Milliseconds of an hour.
pub const HOUR_MILLIS: u64 = 60 * 60 * 1000;

/// The hour of a time, since 1970.
pub fn hour_of(millis: u64) -> u64 {
    millis / HOUR_MILLIS
}

/// People told, by hour.
pub type Hours = BTreeMap<u64, u64>;

/// What may be, and what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    /// Told in this hour of the clock.
    pub hour: u64,
    /// The most there may be in one.
    pub hour_most: u64,
    /// Told in this hour and the 23 before.
    pub day: u64,
    /// The most there may be.
    pub day_most: u64,
}

/// A template that one more would take out of its band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    /// In how many hours: 1 or 24.
    pub hours: u64,
    /// How many would be told.
    pub people: u64,
    /// How many may be.
    pub most: u64,
}

/// Reads the gauge of a template at an hour.
pub fn gauge(hours: &Hours, now: u64) -> Gauge {
    let sum = |from: u64, to: u64| hours.range(from..to).map(|(_, people)| *people).sum::<u64>();
    let today = now.saturating_sub(23);
    let since = now.saturating_sub(HOURS_LOOKED_AT - 1);
    let usual_hour = if since < today { hours.range(since..today).map(|(_, people)| *people).max().unwrap_or(0) } else { 0 };
    let days = (0..HOURS_LOOKED_AT / 24 - 1).map(|day| today.saturating_sub(24 * day));
    let usual_day = days.map(|end| sum(end.saturating_sub(24), end)).max().unwrap_or(0);
    Gauge {
        hour: sum(now, now + 1),
        hour_most: HOUR_FLOOR.max(usual_hour.saturating_mul(HOUR_FACTOR)),
        day: sum(today, now + 1),
        day_most: DAY_FLOOR.max(usual_day.saturating_mul(DAY_FACTOR)),
    }
}

impl Gauge {
    /// What one more would exceed.
    pub fn excess_of_one_more(&self) -> Option<Excess> {
        let too_many = |hours, people: u64, most| (people + 1 > most).then_some(Excess { hours, people: people + 1, most });
        too_many(1, self.hour, self.hour_most).or_else(|| too_many(24, self.day, self.day_most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tells people hour by hour as long as the band lets it. How many were told in each hour, and where it stopped.
    fn told(demand: &[u64]) -> (Hours, Option<u64>) {
        let mut hours = Hours::new();
        for (hour, wanted) in (1_000_u64..).zip(demand) {
            for _ in 0..*wanted {
                if gauge(&hours, hour).excess_of_one_more().is_some() {
                    return (hours, Some(hour));
                }
                *hours.entry(hour).or_default() += 1;
            }
        }
        (hours, None)
    }

    #[test]
    fn a_family_is_never_stopped_and_a_mass_mistake_is_after_a_floor() {
        assert_eq!(told(&[2, 0, 7, 1, 20, 0, 0, 20]).1, None);
        let (hours, stopped) = told(&[0, 5_000]);
        assert_eq!((hours.values().sum::<u64>(), stopped), (HOUR_FLOOR, Some(1_001)));
        let (hours, stopped) = told(&[15; 24]);
        assert_eq!((hours.values().sum::<u64>(), stopped), (DAY_FLOOR, Some(1_004)), "a slow one is stopped by the day");
    }

    #[test]
    fn what_was_usual_for_weeks_may_double_and_not_multiply() {
        // A server that grew up with a busier life: as its operator let it.
        let hours: Hours = (1_000..1_000 + 24 * 20).map(|hour| (hour, 50)).collect();
        let gauge = gauge(&hours, 1_000 + 24 * 20);
        assert_eq!((gauge.hour_most, gauge.day_most, gauge.hour), (200, 3 * 24 * 50, 0));
    }

    #[test]
    fn a_flood_does_not_widen_its_own_bed() {
        let mut hours = Hours::from([(1_000, 20)]);
        assert_eq!(gauge(&hours, 1_001).hour_most, HOUR_FLOOR, "the last day is not what is usual");
        hours.insert(1_001, 5_000);
        assert_eq!(gauge(&hours, 1_002).hour_most, HOUR_FLOOR);
        assert_eq!(gauge(&hours, 1_000 + 24).hour_most, 4 * 20);
        assert_eq!(gauge(&hours, 1_001 + HOURS_LOOKED_AT).hour_most, HOUR_FLOOR, "and is forgotten after four weeks");
    }

    proptest! {
        #[test]
        fn in_every_hour_and_day_no_more_are_told_than_the_band_allows(demand in proptest::collection::vec(0_u64..120, 1..80)) {
            let (hours, _) = told(&demand);
            for hour in 1_000..1_000 + demand.len() as u64 {
                let known: Hours = hours.range(..=hour).map(|(hour, people)| (*hour, *people)).collect();
                let gauge = gauge(&known, hour);
                prop_assert!(gauge.hour <= gauge.hour_most && gauge.day <= gauge.day_most, "{gauge:?}");
            }
        }

        #[test]
        fn whoever_stays_within_the_floors_is_never_stopped(demand in proptest::collection::vec(0_u64..=DAY_FLOOR / 24, 1..200)) {
            prop_assert_eq!(told(&demand).1, None);
        }

        #[test]
        fn more_in_the_past_never_narrows_the_band(past in proptest::collection::vec(0_u64..50, 60), more in 0_usize..36) {
            let hours: Hours = (1_000_u64..).zip(past).collect();
            let mut fuller = hours.clone();
            *fuller.entry(1_000 + more as u64).or_default() += 10;
            let (before, after) = (gauge(&hours, 1_060), gauge(&fuller, 1_060));
            prop_assert!(after.hour_most >= before.hour_most && after.day_most >= before.day_most);
        }
    }
}
