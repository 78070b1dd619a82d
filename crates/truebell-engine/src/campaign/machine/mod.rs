//! The campaign itself, as a state machine without IO. The caller hands in what happened ([`Machine::handle`]), asks for each send
//! (`permit.rs`), and takes out what to do ([`Machine::poll_effect`]): rows to write first, then what they announce.
//!
//! Only time, a person's order, a fact from outside or a count moves it. It never concludes anything good from silence.

mod advance;
mod book;
mod judge;
mod orders;
mod undo;

pub use orders::{Order, Refused};

use super::approval::approvers;
use super::lease::{LEASE_MS, SHARES};
use super::ledger::Fault;
use super::{
    Approved, BadPlan, Entry, Guards, Lease, Manifest, Measure, Phase, Plan, PlanId, Reading, Recipient, Record, Roster, Says, Signal,
    SignedStatement, Skip, State, Stop, Tally, Traced, TracerReport, Turns, WorkerId, World, approve,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time has passed.
    Timer,
    /// A person, signed in as an operator, wants something.
    Order {
        /// Who.
        by: AccountId,
        /// What.
        order: Order,
    },
    /// An approval or a withdrawal came.
    Said(SignedStatement),
    /// The operators are others now.
    Roster(Roster),
    /// So many more were looked at, and so many of them matched.
    Looked {
        /// What was measured.
        measure: Measure,
        /// How many more.
        tally: Tally,
    },
    /// The tracers went the way findings go.
    Tracers(TracerReport),
    /// A signal's counts since the first mail.
    Reading {
        /// Which.
        signal: Signal,
        /// Of how many mails, how many.
        tally: Tally,
    },
    /// How busy the site's sign-in is, in thousandths of what it can do.
    Load {
        /// That.
        permille: u32,
    },
    /// A worker wants to send to a share, or to go on doing so.
    LeaseAsked {
        /// Which share.
        share: u16,
        /// Who.
        worker: WorkerId,
    },
    /// Something is known about a recipient.
    Fact {
        /// Whose.
        recipient: Recipient,
        /// What.
        fact: Fact,
    },
}

/// What a sender knows to have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Reset or enforced, with event, outbox row and revocations: committed, under the permit with this number.
    Acted {
        /// The permit's.
        claim: u32,
    },
    /// The mail was accepted.
    Told,
    /// Nobody knows whether it was.
    Unknown,
    /// It was not: the other side said so, and may take it later (greylisting, a full queue).
    Deferred,
    /// It was not, and never will be.
    Undeliverable,
    /// They are passed over.
    Skipped(Skip),
    /// Undone, the old password works again.
    Retracted,
    /// They had chosen a new password, which stays; the correction went out.
    Kept,
    /// Undoing did not work, or nobody knows.
    RetractionFailed,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write this row, before anything that comes after it.
    Record(Record),
    /// Send the tracers the way findings go.
    CheckTracers,
    /// This stage is open: its recipients may be asked for.
    Open {
        /// From 0.
        stage: usize,
    },
    /// This worker may send to this share's recipients for a few seconds.
    Lease(Lease),
    /// Undo what was done to somebody, and correct what they were told, in this order. May come again.
    Undo {
        /// Whose.
        recipient: Recipient,
        /// Whether they get the correction.
        tell: bool,
    },
    /// Somebody has to look: it stopped.
    Stopped(Stop),
    /// Somebody has to look: it is unclear.
    Unclear(Unclear),
}

/// What a person has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Unclear {
    /// A person wanted it.
    #[error("an operator paused it: “truebell campaign run” goes on")]
    Asked {
        /// Who.
        operator: AccountId,
    },
    /// Too little was looked at.
    #[error("too little was looked at to say anything ({measure}): see whether the workers run")]
    NoLooks {
        /// Of what.
        measure: Measure,
    },
    /// A signal is silent.
    #[error("nothing is heard of {signal} since the mails went out, which is not the same as none: see whether they are counted")]
    NoReading {
        /// Which.
        signal: Signal,
    },
    /// The tracers were not looked at, or not all.
    #[error("the planted accounts were not all looked at in this stage: see whether the workers run")]
    NoTracers,
    /// Everybody in the stage was passed over.
    #[error("everybody in this stage was passed over, so it shows nothing: look at why in the ledger")]
    NobodyReached,
}

/// Why there is nothing to run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotARun {
    /// The plan is not whole.
    #[error(transparent)]
    BadPlan(#[from] BadPlan),
    /// A drill's plan, live; or the reverse.
    #[error("this plan is for {plan:?} and this program is built for {here:?}: nothing was done")]
    World {
        /// The plan's.
        plan: World,
        /// The program's.
        here: World,
    },
}

/// The state machine. Its sends are in `permit.rs`.
#[derive(Debug)]
pub struct Machine {
    pub(super) plan: Plan,
    pub(super) id: PlanId,
    pub(super) guards: Guards,
    pub(super) roster: Roster,
    pub(super) approved: Option<Approved<Plan>>,
    pub(super) turns: Turns,
    pub(super) tracers: BTreeSet<Recipient>,
    pub(super) state: State,
    said: Vec<SignedStatement>,
    pub(super) rows: book::Rows,
    tallies: BTreeMap<Measure, Tally>,
    readings: BTreeMap<Signal, Reading>,
    pub(super) traced: Option<Traced>,
    pub(super) load: Option<(u32, UnixMillis)>,
    pub(super) leases: BTreeMap<u16, Lease>,
    effects: VecDeque<Effect>,
    /// The latest moment it was told of: a clock set back moves nothing back.
    latest: UnixMillis,
}

impl Machine {
    /// A campaign, as its rows have it: none of them for a new one. Refuses a plan that is not whole or is for another world.
    pub fn new(plan: Plan, manifest: &Manifest, roster: Roster, records: &[Record], here: World) -> Result<Self, NotARun> {
        Self::guarded(plan, manifest, roster, records, here, Guards::all())
    }

    /// The same with a guard switched off.
    #[cfg(any(test, feature = "unguarded"))]
    pub fn unguarded(
        plan: Plan,
        manifest: &Manifest,
        roster: Roster,
        records: &[Record],
        here: World,
        guards: Guards,
    ) -> Result<Self, NotARun> {
        Self::guarded(plan, manifest, roster, records, here, guards)
    }

    fn guarded(plan: Plan, manifest: &Manifest, roster: Roster, records: &[Record], here: World, guards: Guards) -> Result<Self, NotARun> {
        if guards.on(super::Guard::World) && plan.world != here {
            return Err(NotARun::World { plan: plan.world, here });
        }
        plan.check(manifest)?;
        let id = plan.derive_id();
        let turns = Turns::assign(&plan, &id, manifest);
        let tracers = plan.tracers.must_match.iter().chain(&plan.tracers.must_not_match).copied().collect();
        let mut machine = Self {
            rows: book::Rows::new(&turns, plan.stages.len()),
            plan,
            id,
            guards,
            roster,
            approved: None,
            turns,
            tracers,
            state: State { phase: Phase::Draft, round: 0, stage: 0, opened: UnixMillis(0) },
            said: Vec::new(),
            tallies: BTreeMap::new(),
            readings: BTreeMap::new(),
            traced: None,
            load: None,
            leases: BTreeMap::new(),
            effects: VecDeque::new(),
            latest: UnixMillis(0),
        };
        records.iter().for_each(|record| machine.put_back(record));
        Ok(machine)
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its name.
    pub fn id(&self) -> PlanId {
        self.id
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Everybody's row, in the order of recipients.
    pub fn ledger(&self) -> impl Iterator<Item = (Recipient, Entry)> + '_ {
        self.rows.all()
    }

    /// What was counted of something.
    pub fn tally(&self, measure: Measure) -> Tally {
        self.tallies.get(&measure).copied().unwrap_or_default()
    }

    /// Who has approved the present round so far.
    pub fn approvers(&self, now: UnixMillis) -> Vec<AccountId> {
        approvers(&self.plan, self.state.round, &self.said, &self.roster, now).into_iter().map(|(operator, _)| operator).collect()
    }

    /// The next thing to do, if any.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Takes in what happened.
    pub fn handle(&mut self, input: Input, now: UnixMillis) -> Result<(), Refused> {
        let now = self.moment(now);
        let result = match input {
            Input::Timer => Ok(()),
            Input::Order { by, order } => self.order(by, order, now),
            Input::Said(signed) => self.said(signed),
            Input::Roster(roster) => {
                self.roster = roster;
                self.approved = None;
                Ok(())
            }
            Input::Looked { measure, tally } => self.looked(measure, tally),
            Input::Tracers(report) => {
                self.note_tracers(report, now);
                Ok(())
            }
            Input::Reading { signal, tally } => self.note_reading(signal, tally, now),
            Input::Load { permille } => {
                self.load = Some((permille, now));
                Ok(())
            }
            Input::LeaseAsked { share, worker } => self.lease(share, worker, now),
            Input::Fact { recipient, fact } => {
                self.note_fact(recipient, fact, now);
                Ok(())
            }
        };
        self.advance(now);
        result
    }

    /// Time does not go back here.
    pub(super) fn moment(&mut self, now: UnixMillis) -> UnixMillis {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Whether two who approved it still may.
    pub(super) fn check_approval(&mut self, now: UnixMillis) -> Result<(), super::NotApproved> {
        use super::Guard;
        if !self.guards.on(Guard::Approval) {
            return Ok(());
        }
        // What guards against the plan's end is a guard of its own.
        let asked = if self.guards.on(Guard::Expiry) { now } else { now.min(UnixMillis(self.plan.expires.0.saturating_sub(1))) };
        if let Some(approved) = &self.approved {
            return approved.still_holds(&self.roster, asked);
        }
        self.approved = Some(approve(&self.plan, self.state.round, &self.said, &self.roster, asked)?);
        Ok(())
    }

    fn said(&mut self, signed: SignedStatement) -> Result<(), Refused> {
        let statement = signed.verify(&self.roster).ok_or(Refused::NotSigned)?;
        if statement.plan != self.id {
            return Err(Refused::OtherPlan);
        }
        // An approval given in advance would let what is stopped go on without anybody having looked at why. A withdrawal is always heard.
        if statement.says == Says::Approve && statement.round != self.state.round {
            return Err(Refused::OtherRound);
        }
        if !self.said.contains(&signed) {
            self.said.push(signed.clone());
            self.approved = None;
            self.effects.push_back(Effect::Record(Record::Said { signed }));
        }
        Ok(())
    }

    /// Gives out or renews a lease; nothing is renewed unless it runs.
    fn lease(&mut self, share: u16, worker: WorkerId, now: UnixMillis) -> Result<(), Refused> {
        if self.state.phase != Phase::Running || share >= SHARES || self.check_approval(now).is_err() {
            return Err(Refused::NotNow { phase: self.state.phase.word() });
        }
        let known = self.leases.get(&share).copied();
        let alive = known.filter(|lease| now < lease.until);
        let token = match (alive, known) {
            (Some(lease), _) if lease.worker != worker => return Err(Refused::Leased { until: lease.until }),
            (Some(lease), _) => lease.token,
            (None, known) => known.map_or(1, |lease| lease.token + 1),
        };
        let lease = Lease { share, worker, token, until: UnixMillis(now.0 + LEASE_MS) };
        self.leases.insert(share, lease);
        self.effects.push_back(Effect::Record(Record::Lease { lease }));
        self.effects.push_back(Effect::Lease(lease));
        Ok(())
    }

    /// Ends it, until two people approve it anew.
    pub(super) fn stop(&mut self, why: Stop) {
        let stoppable = matches!(
            self.state.phase,
            Phase::InReview | Phase::Held { .. } | Phase::Running | Phase::Soaking { .. } | Phase::Paused { .. }
        );
        if !stoppable {
            return;
        }
        self.approved = None;
        self.forget_leases();
        self.set_state(State { phase: Phase::Stopped { why }, round: self.state.round + 1, ..self.state });
        self.effects.push_back(Effect::Stopped(why));
    }

    pub(super) fn stop_for(&mut self, fault: Fault) {
        self.stop(Stop::Fault { fault });
    }

    /// Leases that ran out keep their tokens: whoever held one holds nothing.
    fn forget_leases(&mut self) {
        for lease in self.leases.values_mut() {
            lease.until = UnixMillis(0);
            self.effects.push_back(Effect::Record(Record::Lease { lease: *lease }));
        }
    }

    fn set_state(&mut self, state: State) {
        if self.state != state {
            self.state = state;
            self.effects.push_back(Effect::Record(Record::State { state }));
        }
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
