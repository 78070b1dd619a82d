//! Whatever happens in whatever order: nothing without a permit, nothing twice, a stop holds, a retraction reaches exactly those who were
//! reached, and the rows are all there is to know.

use super::super::testing::{Fixture, operator, recipient};
use super::super::*;
use super::world::{HOUR, SECOND, Story, WORKER};
use super::*;
use proptest::prelude::*;

const PEOPLE: u64 = 14;

#[derive(Debug, Clone)]
enum Step {
    Order(u8, Order),
    Says { operator: u8, withdraw: bool, round: u32 },
    Wait(u64),
    Look { looked: u64, matched: u64 },
    Tracers { struck: u64, looked: u64 },
    Hear { complaints: u64 },
    Load(u32),
    Ask { number: u64, holds: bool, decoy: bool, same: bool },
    Use { nth: usize },
    Hand { number: u64 },
    Leave { nth: usize },
    Tell { nth: usize, fact: Fact },
    Undone { number: u64, how: u8 },
    Roster { without: u8 },
    Restart,
    Proper,
}

fn steps() -> impl Strategy<Value = Step> {
    let order = prop_oneof![
        3 => Just(Order::Submit), 2 => Just(Order::Resume), 1 => Just(Order::Pause), 1 => Just(Order::Stop), 1 => Just(Order::Retract),
    ];
    prop_oneof![
        2 => (0_u8..5, order).prop_map(|(by, order)| Step::Order(by, order)),
        4 => (0_u8..4, prop::bool::weighted(0.1), 0_u32..3).prop_map(|(operator, withdraw, round)| Step::Says { operator, withdraw, round }),
        4 => prop_oneof![1..10 * SECOND, 1..2 * HOUR].prop_map(Step::Wait),
        2 => (0_u64..3_000, 0_u64..40).prop_map(|(looked, matched)| Step::Look { looked, matched: matched.min(looked) }),
        2 => (prop::sample::select(vec![0_u64, 0, 0, 0, 1]), 250_u64..257).prop_map(|(struck, looked)| Step::Tracers { struck, looked: looked.max(255) }),
        2 => (0_u64..3).prop_map(|complaints| Step::Hear { complaints }),
        3 => (100_u32..800).prop_map(Step::Load),
        10 => (0..PEOPLE + 1, prop::bool::weighted(0.95), prop::bool::weighted(0.99), prop::bool::weighted(0.95))
            .prop_map(|(number, holds, decoy, same)| Step::Ask { number: number.min(PEOPLE - 1), holds, decoy, same }),
        6 => (0_usize..4).prop_map(|nth| Step::Use { nth }),
        6 => (0..PEOPLE).prop_map(|number| Step::Hand { number }),
        5 => (0_usize..4).prop_map(|nth| Step::Leave { nth }),
        4 => (0_usize..4, prop::sample::select(vec![Fact::Told, Fact::Told, Fact::Unknown])).prop_map(|(nth, fact)| Step::Tell { nth, fact }),
        3 => (0..PEOPLE, 0_u8..3).prop_map(|(number, how)| Step::Undone { number, how }),
        1 => (0_u8..6).prop_map(|without| Step::Roster { without }),
        1 => Just(Step::Restart),
        3 => Just(Step::Proper),
    ]
}

/// What is under way outside of the machine.
struct Outside {
    story: Story,
    permits: Vec<Permit>,
    handovers: Vec<Handover>,
    /// Mails that left and of which nothing was heard yet.
    left: Vec<Recipient>,
    stopped_at: Option<UnixMillis>,
    acted: BTreeMap<Recipient, u32>,
    mailed: BTreeMap<Recipient, u32>,
}

impl Outside {
    fn new() -> Self {
        let mut fixture = Fixture::of(PEOPLE);
        fixture.plan.stages = [Whom::Shadow, Whom::UpTo(3), Whom::UpTo(8), Whom::Rest].map(|whom| Stage { whom, soak_ms: HOUR }).to_vec();
        fixture.plan.watches.iter_mut().for_each(|watch| watch.bounds.samples_min = 1);
        let story = Story::new(fixture, Guards::all());
        let (permits, handovers, left) = (Vec::new(), Vec::new(), Vec::new());
        Self { story, permits, handovers, left, stopped_at: None, acted: BTreeMap::new(), mailed: BTreeMap::new() }
    }

    fn take(&mut self, step: &Step) {
        let now = self.story.now;
        let ignored = |_: Result<(), Refused>| {};
        match step {
            Step::Order(by, order) => ignored(self.story.tell(Input::Order { by: operator(*by), order: *order })),
            Step::Says { operator, withdraw, round } => {
                let says = if *withdraw { Says::Withdraw } else { Says::Approve };
                let signed = self.story.fixture.says(*operator, says, *round, now);
                ignored(self.story.tell(Input::Said(signed)));
            }
            Step::Wait(ms) => self.story.wait(*ms),
            Step::Look { looked, matched } => self.story.look(*looked, *matched),
            Step::Tracers { struck, looked } => {
                let report = TracerReport { must_not_matched: *struck, must_not_looked: (*looked).min(256), ..world::SOUND };
                ignored(self.story.tell(Input::Tracers(report)));
            }
            Step::Hear { complaints } => {
                let looked = self.mailed.len() as u64;
                self.story.mailed = self.mailed.keys().copied().collect();
                self.story.hear((*complaints).min(looked));
            }
            Step::Load(permille) => ignored(self.story.tell(Input::Load { permille: *permille })),
            Step::Ask { number, holds, decoy, same } => self.ask(*number, *holds, *decoy, *same),
            Step::Use { nth } => self.use_up(*nth),
            Step::Hand { number } => self.hand(*number),
            Step::Leave { nth } => self.leave(*nth),
            Step::Tell { nth, fact } => {
                if *nth < self.left.len() {
                    let recipient = self.left.remove(*nth);
                    ignored(self.story.tell(Input::Fact { recipient, fact: *fact }));
                }
            }
            Step::Undone { number, how } => self.undone(*number, *how),
            Step::Roster { without } => {
                let mut roster = self.story.fixture.roster.clone();
                roster.0.remove(&operator(*without));
                ignored(self.story.tell(Input::Roster(roster)));
            }
            Step::Restart => self.story.restart(),
            Step::Proper => self.proper(),
        }
    }

    /// What an attentive crew would do next, so that runs get somewhere.
    fn proper(&mut self) {
        let round = self.story.machine.state().round;
        let roster = self.story.fixture.roster.clone();
        let before = self.story.phase();
        self.story.tell(Input::Roster(roster)).unwrap();
        match self.story.phase() {
            // Somebody is back, whose approval counts again.
            phase if phase != before => {}
            Phase::Draft => self.story.order(Order::Submit),
            Phase::InReview | Phase::Stopped { .. } => {
                for signed in self.story.fixture.approvals(round, self.story.now) {
                    self.story.tell(Input::Said(signed)).unwrap();
                }
            }
            Phase::Held { .. } => self.story.wait(HOUR),
            Phase::Paused { .. } => self.story.order(Order::Resume),
            Phase::Running => {
                self.story.tell(Input::Load { permille: 200 }).unwrap();
                for number in self.story.in_turn() {
                    self.ask(number, true, true, true);
                    self.use_up(0);
                    self.hand(number);
                    self.leave(0);
                    self.take(&Step::Tell { nth: 0, fact: Fact::Told });
                }
            }
            Phase::Soaking { .. } => {
                self.story.look(1_000, 8);
                self.take(&Step::Hear { complaints: 0 });
                self.story.wait(HOUR);
            }
            _ => {}
        }
    }

    fn ask(&mut self, number: u64, holds: bool, decoy: bool, same: bool) {
        let mut brought = self.story.bring(number);
        (brought.look.holds, brought.look.decoy_refused) = (holds, decoy);
        if !same {
            brought.generation = testing::finding(999).generation;
        }
        if let Ok(permit) = self.story.ask(&brought) {
            assert!(holds && decoy && same, "a permit in spite of its evidence");
            assert_eq!(self.story.phase(), Phase::Running);
            self.permits.push(permit);
        }
    }

    /// A transaction of some process, possibly long after: it commits if its permit is good and the row still has the claim.
    fn use_up(&mut self, nth: usize) {
        if nth >= self.permits.len() {
            return;
        }
        let before = self.story.acted.len();
        let permit = self.permits.remove(nth);
        if self.story.act(permit).is_ok() && self.story.acted.len() > before {
            let recipient = self.story.acted[before];
            *self.acted.entry(recipient).or_default() += 1;
            self.nothing_long_after_a_stop();
        }
    }

    fn hand(&mut self, number: u64) {
        let share = share_of(recipient(number));
        let Ok(lease) = self.story.lease(share, WORKER) else { return };
        let now = self.story.now;
        if let Ok(handover) = self.story.machine.may_hand_over(recipient(number), &lease, now) {
            assert_eq!(self.story.phase(), Phase::Running);
            self.handovers.push(handover);
        }
        self.story.tell(Input::Timer).unwrap();
    }

    /// A mail leaves, possibly after the process dawdled.
    fn leave(&mut self, nth: usize) {
        if nth >= self.handovers.len() {
            return;
        }
        if let Ok(recipient) = self.handovers.remove(nth).use_up(self.story.now) {
            *self.mailed.entry(recipient).or_default() += 1;
            self.left.push(recipient);
            self.nothing_long_after_a_stop();
        }
    }

    fn undone(&mut self, number: u64, how: u8) {
        if self.story.undo.iter().any(|(who, _)| *who == recipient(number)) {
            let fact = [Fact::Retracted, Fact::Kept, Fact::RetractionFailed][usize::from(how)];
            self.story.tell(Input::Fact { recipient: recipient(number), fact }).unwrap();
        }
    }

    fn nothing_long_after_a_stop(&self) {
        if let Some(at) = self.stopped_at {
            assert!(self.story.now.0 < at.0 + 10 * SECOND, "something left more than ten seconds after a stop");
        }
    }

    fn check(&mut self, before: State) {
        let (state, now) = (self.story.machine.state(), self.story.now);
        let is_over = |phase| !matches!(phase, Phase::Running);
        self.stopped_at = match (is_over(before.phase), is_over(state.phase)) {
            (_, false) => None,
            (false, true) => Some(now),
            (true, true) => self.stopped_at,
        };
        if matches!(before.phase, Phase::Stopped { .. }) && before.phase != state.phase {
            let approved = matches!(state.phase, Phase::Held { .. }) && self.story.machine.approvers(now).len() >= 2;
            assert!(
                approved || matches!(state.phase, Phase::Retracting | Phase::Retracted | Phase::Expired),
                "{before:?} became {state:?}"
            );
        }
        if matches!(before.phase, Phase::Retracting | Phase::Retracted) {
            assert!(matches!(state.phase, Phase::Retracting | Phase::Retracted), "{before:?} became {state:?}");
        }
        assert!(state.round >= before.round);
        assert!(self.acted.values().chain(self.mailed.values()).all(|times| *times == 1), "twice: {:?} {:?}", self.acted, self.mailed);
        assert!(self.mailed.keys().all(|who| self.acted.contains_key(who)), "a mail without its act");
        let reached = self.story.machine.ledger().filter(|(_, entry)| {
            entry.standing.is_reached() || matches!(entry.standing, Standing::Retracting { .. } | Standing::Retracted | Standing::Kept)
        });
        assert_eq!(reached.map(|(who, _)| who).collect::<BTreeSet<_>>(), self.acted.keys().copied().collect(), "the books and the world");
    }

    fn rows_are_all_there_is(&mut self) {
        let Fixture { plan, manifest, .. } = self.story.fixture.clone();
        let roster = self.story.machine.roster.clone();
        let mut again = Machine::new(plan, &manifest, roster, &self.story.rows, World::Live).unwrap();
        let (machine, now) = (&mut self.story.machine, self.story.now);
        assert_eq!(again.rows.claims_in_hour(now), machine.rows.claims_in_hour(now));
        assert_eq!(again.state(), machine.state());
        assert_eq!(again.ledger().collect::<Vec<_>>(), machine.ledger().collect::<Vec<_>>());
        assert_eq!(format!("{:?}", again.rows), format!("{:?}", machine.rows), "and every sum over them");
        assert_eq!((&again.tallies, &again.readings, &again.leases), (&machine.tallies, &machine.readings, &machine.leases));
        assert_eq!((&again.said, again.tracers_are_known()), (&machine.said, machine.tracers_are_known()));
        assert_eq!(again.due(), machine.due());
    }

    /// Somebody retracts; everything is undone in the end.
    fn retract(&mut self) {
        let roster = self.story.fixture.roster.clone();
        self.story.tell(Input::Roster(roster)).unwrap();
        if matches!(self.story.phase(), Phase::Draft | Phase::InReview) {
            return assert!(self.acted.is_empty());
        }
        self.story.order(Order::Retract);
        while !self.permits.is_empty() {
            self.use_up(0);
        }
        for _ in 0..40 {
            for number in 0..PEOPLE {
                self.undone(number, u8::try_from(number % 2).unwrap());
            }
            self.story.wait(60 * SECOND);
        }
        assert_eq!(self.story.phase(), Phase::Retracted);
        let undone: BTreeSet<_> = self.story.undo.iter().map(|(who, _)| *who).collect();
        assert_eq!(undone, self.acted.keys().copied().collect(), "exactly those who were reached");
        let corrected: BTreeSet<_> = self.story.undo.iter().filter(|(_, tell)| *tell).map(|(who, _)| *who).collect();
        assert!(self.mailed.keys().all(|who| corrected.contains(who)), "everybody who was mailed is corrected");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nobody_is_reached_without_leave_or_twice_and_everybody_reached_can_be_undone(steps in prop::collection::vec(steps(), 1..160)) {
        let mut outside = Outside::new();
        for step in &steps {
            let before = outside.story.machine.state();
            outside.take(step);
            outside.check(before);
        }
        outside.rows_are_all_there_is();
        outside.retract();
        outside.rows_are_all_there_is();
    }
}

#[test]
fn an_attentive_crew_gets_through() {
    let mut outside = Outside::new();
    for _ in 0..12 {
        let before = outside.story.machine.state();
        outside.proper();
        outside.check(before);
    }
    assert_eq!((outside.story.phase(), outside.acted.len(), outside.mailed.len()), (Phase::Done, 14, 14));
    outside.rows_are_all_there_is();
    outside.retract();
}
