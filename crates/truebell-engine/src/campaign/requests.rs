//! The budget of resets that people ask for themselves: an outsider who asks for everybody's gets few of them, and learns nothing.
//! (Instagram, January 2026.)

use super::Recipient;
use std::collections::BTreeMap;
use truebell_core::time::UnixMillis;

/// In any 24 hours, for one account.
const PER_TARGET: u32 = 3;
const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;

/// What becomes of a request. The person who asks hears the same sentence in each case, also for an address nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A mail goes out.
    Send,
    /// This account had as many as it gets in a day.
    EnoughForOne,
    /// The site sends as many as it does in an hour; operators are told.
    EnoughForAll,
}

/// Requests of the last day.
#[derive(Debug, Clone)]
pub struct Requests {
    per_hour: u32,
    by_target: BTreeMap<Recipient, Vec<UnixMillis>>,
    sent: std::collections::VecDeque<UnixMillis>,
    swept: UnixMillis,
}

impl Requests {
    /// With so many in an hour for all.
    pub fn new(per_hour: u32) -> Self {
        Self { per_hour, by_target: BTreeMap::new(), sent: std::collections::VecDeque::new(), swept: UnixMillis(0) }
    }

    /// Somebody asks, for an account that there is. Only what is sent is counted, so that nobody can use up another's budget without
    /// that other being told.
    pub fn ask(&mut self, target: Recipient, now: UnixMillis) -> Asked {
        let is_old = |at: &UnixMillis, age: u64| at.0.saturating_add(age) <= now.0;
        while self.sent.front().is_some_and(|at| is_old(at, HOUR_MS)) {
            self.sent.pop_front();
        }
        if now.0.saturating_sub(self.swept.0) >= HOUR_MS {
            self.by_target.retain(|_, sent| sent.last().is_some_and(|at| !is_old(at, DAY_MS)));
            self.swept = now;
        }
        let own = self.by_target.entry(target).or_default();
        own.retain(|at| !is_old(at, DAY_MS));
        if own.len() >= PER_TARGET as usize {
            return Asked::EnoughForOne;
        }
        if self.sent.len() >= self.per_hour as usize {
            return Asked::EnoughForAll;
        }
        own.push(now);
        self.sent.push_back(now);
        Asked::Send
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::finding;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn d19_an_outsider_who_asks_for_everybody_gets_the_hours_budget_and_each_account_three_a_day() {
        let (mut requests, start) = (Requests::new(50), UnixMillis(1_800_000_000_000));
        let sent = (0..10_000_u64).filter(|number| requests.ask(finding(*number).account, UnixMillis(start.0 + number)) == Asked::Send);
        assert_eq!(sent.count(), 50);
        let mut requests = Requests::new(50);
        let one = finding(1).account;
        let answers: Vec<_> = (0..5).map(|minute| requests.ask(one, UnixMillis(start.0 + minute * 60_000))).collect();
        assert_eq!(answers, [Asked::Send, Asked::Send, Asked::Send, Asked::EnoughForOne, Asked::EnoughForOne]);
        assert_eq!(requests.ask(one, UnixMillis(start.0 + DAY_MS)), Asked::Send, "and one more when the first is a day old");
    }

    proptest! {
        #[test]
        fn no_hour_and_no_target_gets_more_than_its_budget(asks in proptest::collection::vec((0_u64..20, 0_u64..1_200_000), 1..400)) {
            let (mut requests, mut now) = (Requests::new(10), UnixMillis(1_000));
            let mut sent = Vec::new();
            for (target, wait) in asks {
                now = UnixMillis(now.0 + wait);
                if requests.ask(finding(target).account, now) == Asked::Send {
                    sent.push((target, now));
                }
            }
            for (target, at) in &sent {
                let in_hour = sent.iter().filter(|(_, other)| (at.0..at.0 + HOUR_MS).contains(&other.0)).count();
                let of_target = sent.iter().filter(|(whose, other)| whose == target && (at.0..at.0 + DAY_MS).contains(&other.0)).count();
                prop_assert!(in_hour <= 10 && of_target <= 3);
            }
        }
    }
}
