//! A site and its workers for the stories: they persist rows, act as permits allow, and keep a book of what was really done to whom.

use super::super::testing::{Fixture, NOW, operator, recipient};
use super::super::*;
use super::*;
use std::time::Duration;
use truebell_core::hash::Hash32;

pub(super) const SECOND: u64 = 1_000;
pub(super) const HOUR: u64 = 3_600_000;
pub(super) const WORKER: WorkerId = WorkerId(1);

/// What a second look found.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub account: Recipient,
    pub grade: Grade,
    pub generation: Generation,
    pub checker: String,
    pub at: UnixMillis,
    pub holds: bool,
    pub decoy_refused: bool,
}

impl Rechecked for Look {
    fn account(&self) -> Recipient {
        self.account
    }
    fn grade(&self) -> Grade {
        self.grade
    }
    fn generation(&self) -> Generation {
        self.generation
    }
    fn checker(&self) -> &str {
        &self.checker
    }
    fn at(&self) -> UnixMillis {
        self.at
    }
    fn holds(&self) -> bool {
        self.holds
    }
    fn decoy_refused(&self) -> bool {
        self.decoy_refused
    }
}

/// What a sender brings, before a story bends it.
#[derive(Debug, Clone)]
pub(super) struct Brought {
    pub finding: Finding,
    pub place: Place,
    pub lease: Lease,
    pub generation: Generation,
    pub text: Option<Hash32>,
    pub look: Look,
}

/// The story so far.
#[derive(Debug)]
pub(super) struct Story {
    pub fixture: Fixture,
    pub machine: Machine,
    pub guards: Guards,
    pub now: UnixMillis,
    pub rows: Vec<Record>,
    /// Whom something was really done to, in order.
    pub acted: Vec<Recipient>,
    /// Whose mail really left, in order.
    pub mailed: Vec<Recipient>,
    pub undo: Vec<(Recipient, bool)>,
    pub stops: Vec<Stop>,
    pub unclear: Vec<Unclear>,
    /// What the tracers find when they are sent; nothing answers if none.
    pub tracers: Option<TracerReport>,
}

pub(super) const SOUND: TracerReport = TracerReport { must_looked: 8, must_matched: 8, must_not_looked: 256, must_not_matched: 0 };

impl Story {
    pub(super) fn new(fixture: Fixture, guards: Guards) -> Self {
        let machine =
            Machine::unguarded(fixture.plan.clone(), &fixture.manifest, fixture.roster.clone(), &[], World::Live, guards).unwrap();
        Self {
            fixture,
            machine,
            guards,
            now: UnixMillis(NOW.0 + 60_000),
            rows: Vec::new(),
            acted: Vec::new(),
            mailed: Vec::new(),
            undo: Vec::new(),
            stops: Vec::new(),
            unclear: Vec::new(),
            tracers: Some(SOUND),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.machine.state().phase
    }

    pub(super) fn tell(&mut self, input: Input) -> Result<(), Refused> {
        let result = self.machine.handle(input, self.now);
        self.drain();
        result
    }

    fn drain(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                Effect::Record(record) => self.rows.push(record),
                Effect::CheckTracers => {
                    if let Some(report) = self.tracers {
                        self.machine.handle(Input::Tracers(report), self.now).unwrap();
                    }
                }
                Effect::Undo { recipient, tell } => self.undo.push((recipient, tell)),
                Effect::Stopped(why) => self.stops.push(why),
                Effect::Unclear(why) => self.unclear.push(why),
                Effect::Open { .. } | Effect::Lease(_) => {}
            }
        }
    }

    /// Facts are never refused.
    fn fact(&mut self, recipient: Recipient, fact: Fact) {
        assert_eq!(self.tell(Input::Fact { recipient, fact }), Ok(()));
    }

    pub(super) fn wait(&mut self, ms: u64) {
        self.now = self.now + Duration::from_millis(ms);
        self.tell(Input::Timer).unwrap();
    }

    pub(super) fn order(&mut self, order: Order) {
        self.tell(Input::Order { by: operator(3), order }).unwrap();
    }

    pub(super) fn approve(&mut self) {
        for signed in self.fixture.approvals(self.machine.state().round, self.now) {
            self.tell(Input::Said(signed)).unwrap();
        }
    }

    /// Everything is measured that can be without reaching anybody, and it is sound.
    pub(super) fn look(&mut self, looked: u64, matched: u64) {
        let stratum = Measure::Stratum { number: 0 };
        self.tell(Input::Looked { measure: stratum, tally: Tally { looked, matched } }).unwrap();
        let again = Tally { looked: 40, matched: 38 };
        self.tell(Input::Looked { measure: Measure::Rechecks, tally: again }).unwrap();
    }

    /// Up to the first stage that reaches anybody.
    pub(super) fn begin(&mut self) {
        self.order(Order::Submit);
        self.approve();
        self.wait(self.fixture.plan.hold_ms);
        self.look(2_000, 20);
        self.wait(HOUR);
        self.tell(Input::Load { permille: 300 }).unwrap();
    }

    pub(super) fn lease(&mut self, share: u16, worker: WorkerId) -> Result<Lease, Refused> {
        self.tell(Input::LeaseAsked { share, worker })?;
        Ok(self.machine.leases[&share])
    }

    /// What an honest sender brings for an account, listed or not.
    pub(super) fn bring(&mut self, number: u64) -> Brought {
        let share = share_of(recipient(number));
        let lease = self.lease(share, WORKER).unwrap_or(Lease { share, worker: WORKER, token: 0, until: self.now });
        self.bring_with(number, lease)
    }

    /// The same under a lease it has.
    pub(super) fn bring_with(&mut self, number: u64, lease: Lease) -> Brought {
        let account = recipient(number);
        let (finding, place) =
            self.fixture.manifest.prove(account).unwrap_or((testing::finding(number), Place { index: 0, path: Vec::new() }));
        let plan = &self.fixture.plan;
        let text = plan.action(finding.grade).mails().then(|| plan.text(Subject::alarm(finding.grade), "en").unwrap().derive_digest());
        let look = Look {
            account,
            grade: finding.grade,
            generation: finding.generation,
            checker: plan.checkers[0].second.clone(),
            at: self.now,
            holds: true,
            decoy_refused: true,
        };
        Brought { generation: finding.generation, finding, place, lease, text, look }
    }

    pub(super) fn ask(&mut self, brought: &Brought) -> Result<Permit, WhyNot> {
        let Brought { finding, place, lease, generation, text, look } = brought;
        let ask = Ask { finding, place, lease: *lease, generation: *generation, text: *text, evidence: look };
        let result = self.machine.may_send(&ask, self.now);
        self.drain();
        result
    }

    /// The transaction: commits while the row has the claim.
    pub(super) fn act(&mut self, permit: Permit) -> Result<(), PermitOver> {
        let sending = permit.use_up(self.now)?;
        let (recipient, claim) = (sending.recipient(), sending.claim());
        let entry = self.machine.rows.get(recipient);
        if entry.claim == claim && matches!(entry.standing, Standing::Claimed { .. }) {
            self.acted.push(recipient);
            self.fact(recipient, Fact::Acted { claim });
        }
        Ok(())
    }

    pub(super) fn hand_over(&mut self, recipient: Recipient, lease: &Lease) -> Result<(), WhyNot> {
        let handover = self.machine.may_hand_over(recipient, lease, self.now);
        self.drain();
        if let Ok(recipient) = handover?.use_up(self.now) {
            self.mailed.push(recipient);
            self.fact(recipient, Fact::Told);
        }
        Ok(())
    }

    /// The whole of a send, with what the story bends in between.
    pub(super) fn send_bent(&mut self, number: u64, bend: impl FnOnce(&mut Brought)) -> Result<(), WhyNot> {
        let mut brought = self.bring(number);
        bend(&mut brought);
        let permit = self.ask(&brought)?;
        assert_eq!(self.act(permit), Ok(()), "a permit is good when it is given");
        if brought.text.is_some() {
            self.hand_over(brought.finding.account, &brought.lease)?;
        }
        Ok(())
    }

    pub(super) fn send(&mut self, number: u64) -> Result<(), WhyNot> {
        self.send_bent(number, |_| {})
    }

    /// Accounts of the manifest whose turn it is, by number.
    pub(super) fn in_turn(&self) -> Vec<u64> {
        let stage = self.machine.state().stage;
        let count = self.fixture.manifest.findings().len() as u64;
        (0..count).filter(|number| self.machine.turns.stage_of(recipient(*number)) == Some(stage)).collect()
    }

    /// Everybody whose turn it is gets theirs.
    pub(super) fn send_stage(&mut self) {
        for number in self.in_turn() {
            self.send(number).unwrap();
        }
    }

    /// The signals are heard, and nobody complains.
    pub(super) fn hear(&mut self, complaints: u64) {
        let looked = self.mailed.len() as u64;
        for (signal, matched) in [(Signal::Bounces, 0), (Signal::Complaints, complaints)] {
            self.tell(Input::Reading { signal, tally: Tally { looked, matched } }).unwrap();
        }
    }

    /// From an open stage to the next.
    pub(super) fn pass_stage(&mut self) {
        self.send_stage();
        self.hear(0);
        self.wait(HOUR);
        self.tell(Input::Load { permille: 300 }).unwrap();
    }

    /// The same campaign after a crash: from its rows, the last of each.
    pub(super) fn restart(&mut self) {
        let Fixture { plan, manifest, roster } = self.fixture.clone();
        self.machine = Machine::unguarded(plan, &manifest, roster, &self.rows, World::Live, self.guards).unwrap();
        self.drain();
    }
}
