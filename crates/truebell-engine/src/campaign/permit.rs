//! The last word before anything is done to anybody: a [`Permit`], for one recipient, for a few seconds, once; or exactly why not. Every check
//! fails closed. A [`Handover`] is the same for the mail that belongs to it.
//!
//! A permit comes from [`Machine::may_send`] alone, is used up by using it, and cannot be copied:
//!
//! ```
//! use truebell_engine::campaign::{Permit, PermitOver, Sending};
//! # use truebell_core::time::UnixMillis;
//! fn act(permit: Permit, now: UnixMillis) -> Result<Sending, PermitOver> {
//!     permit.use_up(now)
//! }
//! ```
//! ```compile_fail,E0451
//! use truebell_engine::campaign::Permit;
//! # use truebell_engine::campaign::Sending;
//! # use truebell_core::time::UnixMillis;
//! fn forge(sending: Sending, now: UnixMillis) -> Permit {
//!     Permit { sending, from: now, until: now }
//! }
//! ```
//! ```compile_fail,E0382
//! use truebell_engine::campaign::Permit;
//! # use truebell_core::time::UnixMillis;
//! fn twice(permit: Permit, now: UnixMillis) {
//!     let _once = permit.use_up(now);
//!     let _again = permit.use_up(now);
//! }
//! ```
//! ```compile_fail,E0599
//! use truebell_engine::campaign::Permit;
//! fn copy(permit: &Permit) -> Permit {
//!     Permit::clone(permit)
//! }
//! ```
//! ```compile_fail,E0451
//! use truebell_engine::campaign::{Action, Recipient, Sending};
//! fn forge(recipient: Recipient) -> Sending {
//!     Sending { recipient, claim: 1, action: Action::Reset, generation: todo!(), text: None }
//! }
//! ```

use super::ledger::Fault;
use super::{
    Action, Entry, Finding, Generation, Grade, Guard, Lease, Machine, Measure, NotApproved, Phase, Place, Recipient, Skip, Standing,
    Subject, Tally, Whom, share_of,
};
use truebell_core::hash::Hash32;
use truebell_core::time::UnixMillis;

/// How old a second look may be, in ms.
const RECHECK_MS_MAX: u64 = 30_000;
/// How long a mail may take to be handed over, in ms.
const HANDING_MS: u64 = 5_000;

/// A receipt that the evidence was looked at again, by another implementation than the one that found it, and that the same implementation
/// refused something false. Whoever verifies passwords gives it out; there is one such type, and it is made by verifying.
pub trait Rechecked {
    /// Whose password was verified.
    fn account(&self) -> Recipient;
    /// What that proves.
    fn grade(&self) -> Grade;
    /// The state of the verifier that was verified against.
    fn generation(&self) -> Generation;
    /// By which implementation, with its version, as the plan names it.
    fn checker(&self) -> &str;
    /// When.
    fn at(&self) -> UnixMillis;
    /// Whether the candidate passed.
    fn holds(&self) -> bool;
    /// Whether a changed candidate was refused by the same code at the same time.
    fn decoy_refused(&self) -> bool;
}

/// What a sender brings when it asks.
#[derive(Debug, Clone)]
pub struct Ask<'a, E> {
    /// About whom, and why.
    pub finding: &'a Finding,
    /// That this is in the manifest.
    pub place: &'a Place,
    /// The sender's lease.
    pub lease: Lease,
    /// The state of the account's verifier now, read in the transaction that will act.
    pub generation: Generation,
    /// Digest of the text that would be mailed; none where nothing is.
    pub text: Option<Hash32>,
    /// The second look.
    pub evidence: &'a E,
}

/// Why not. Nothing was done, and nothing may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// Not in the manifest. Stops the campaign.
    #[error("not in the approved manifest")]
    NotListed,
    /// A planted account. Stops the campaign.
    #[error("a planted account")]
    Tracer,
    /// The plan is over.
    #[error("the plan is past its end")]
    Expired,
    /// Nothing is sent at this point.
    #[error("the campaign is {phase}")]
    NotRunning {
        /// What it is.
        phase: &'static str,
    },
    /// Those who approved it no longer may, or took it back.
    #[error(transparent)]
    NotApproved(#[from] NotApproved),
    /// A later stage's, or shadow.
    #[error("its stage is not open")]
    NotItsTurn,
    /// The tracers of this stage are not known to be sound.
    #[error("the planted accounts of this stage were not looked at yet")]
    TracersUnknown,
    /// No lease, an old one, or another share's.
    #[error("the sender's lease is over or is for others")]
    NoLease,
    /// Left alone by policy.
    #[error("the policy leaves this grade alone")]
    LeftAlone,
    /// It had its turn.
    #[error("this recipient is {standing}: each is reached once")]
    HadItsTurn {
        /// Where they stand.
        standing: &'static str,
    },
    /// Not one of the plan's texts for this. Stops the campaign.
    #[error("the text is not the one that was approved for this")]
    WrongText,
    /// The sign-in is busy, or nobody says how busy.
    #[error("sign-in has no room for more people at the moment, or nobody says whether it has")]
    Load,
    /// The cap of the hour is reached.
    #[error("as many as may be sent in an hour were sent")]
    HourCap,
    /// The cap of the campaign is reached.
    #[error("as many as may be sent at all were sent")]
    CampaignCap,
    /// The second look is at something else, or by something else. Stops the campaign.
    #[error("the second look is about something else than the finding")]
    OtherEvidence,
    /// The second look is too old.
    #[error("the second look is too old")]
    OldEvidence,
    /// What looked again accepts what is false. Stops the campaign.
    #[error("what verified it again accepts wrong passwords")]
    DecoyAccepted,
    /// The evidence does not hold. The recipient is passed over.
    #[error("the evidence did not hold when it was verified again")]
    EvidenceFailed,
    /// The password is another one by now. The recipient is passed over.
    #[error("the password was changed since it was found")]
    GenerationChanged,
}

/// The right to act on one recipient, once, now.
#[derive(Debug)]
#[must_use = "a permit that is not used is a claim that is lost for a minute"]
pub struct Permit {
    sending: Sending,
    from: UnixMillis,
    until: UnixMillis,
}

/// What may be done: passed on to the one transaction that does it. That transaction commits only while the recipient's row still has this
/// claim and the account still has this generation.
#[derive(Debug, PartialEq, Eq)]
pub struct Sending {
    recipient: Recipient,
    claim: u32,
    action: Action,
    generation: Generation,
    text: Option<Hash32>,
}

impl Sending {
    /// To whom.
    pub fn recipient(&self) -> Recipient {
        self.recipient
    }

    /// The number the row has to have.
    pub fn claim(&self) -> u32 {
        self.claim
    }

    /// What is done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The generation the account has to have.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Digest of the text that is mailed, if one is.
    pub fn text(&self) -> Option<Hash32> {
        self.text
    }
}

/// The permit's time is over, or has not come: a clock was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permit is over: ask for another")]
pub struct PermitOver;

impl Permit {
    /// Uses it up, at the last moment before the transaction. By the clock of the machine that gave it.
    pub fn use_up(self, now: UnixMillis) -> Result<Sending, PermitOver> {
        if (self.from..self.until).contains(&now) { Ok(self.sending) } else { Err(PermitOver) }
    }

    /// Until when it can be used.
    pub fn until(&self) -> UnixMillis {
        self.until
    }
}

/// The right to hand over one recipient's mail, once, now.
#[derive(Debug)]
#[must_use = "a mail that is not handed over is parked"]
pub struct Handover {
    recipient: Recipient,
    from: UnixMillis,
    until: UnixMillis,
}

impl Handover {
    /// Uses it up, at the last moment before the mail leaves: whose mail it is.
    pub fn use_up(self, now: UnixMillis) -> Result<Recipient, PermitOver> {
        if (self.from..self.until).contains(&now) { Ok(self.recipient) } else { Err(PermitOver) }
    }
}

impl Machine {
    /// Whether something may be done to this recipient now. Everything that is missing says no; what a sound sender would never ask stops
    /// the campaign.
    pub fn may_send<E: Rechecked>(&mut self, ask: &Ask<'_, E>, now: UnixMillis) -> Result<Permit, WhyNot> {
        let now = self.moment(now);
        let result = self.decide(ask, now);
        if let Err(why) = &result {
            self.learn(ask.finding, *why);
        }
        result
    }

    fn decide<E: Rechecked>(&mut self, ask: &Ask<'_, E>, now: UnixMillis) -> Result<Permit, WhyNot> {
        let action = self.plan.action(ask.finding.grade);
        self.check_scope(ask)?;
        self.check_time(now)?;
        self.check_turn(ask.finding.account, now)?;
        self.check_lease(ask.finding.account, &ask.lease, now)?;
        let entry = self.check_once(ask.finding.account)?;
        self.check_text(ask, action)?;
        self.check_pace(now)?;
        self.check_evidence(ask, now)?;
        Ok(self.claim(ask, action, entry, now))
    }

    fn on(&self, guard: Guard) -> bool {
        self.guards.on(guard)
    }

    /// Whom it is about at all.
    fn check_scope<E>(&self, ask: &Ask<'_, E>) -> Result<(), WhyNot> {
        if self.on(Guard::Tracers) && self.tracers.contains(&ask.finding.account) {
            return Err(WhyNot::Tracer);
        }
        if self.on(Guard::Manifest) && self.plan.manifest.check(ask.finding, ask.place).is_err() {
            return Err(WhyNot::NotListed);
        }
        Ok(())
    }

    fn check_time(&mut self, now: UnixMillis) -> Result<(), WhyNot> {
        if self.on(Guard::Expiry) && now >= self.plan.expires {
            return Err(WhyNot::Expired);
        }
        if self.state.phase != Phase::Running {
            return Err(WhyNot::NotRunning { phase: self.state.phase.word() });
        }
        Ok(self.check_approval(now)?)
    }

    fn check_turn(&self, account: Recipient, _now: UnixMillis) -> Result<(), WhyNot> {
        let later = self.turns.stage_of(account).is_some_and(|stage| stage > self.state.stage);
        let shadow = self.plan.stages.get(self.state.stage).is_none_or(|stage| stage.whom == Whom::Shadow);
        if self.on(Guard::Stage) && (later || shadow) {
            return Err(WhyNot::NotItsTurn);
        }
        if self.on(Guard::Tracers) && !self.tracers_are_known() { Err(WhyNot::TracersUnknown) } else { Ok(()) }
    }

    fn check_lease(&self, account: Recipient, lease: &Lease, now: UnixMillis) -> Result<(), WhyNot> {
        let known = self.leases.get(&lease.share);
        let holds = known.is_some_and(|known| known.token == lease.token && known.worker == lease.worker && now < known.until);
        if self.on(Guard::Lease) && (!holds || share_of(account) != lease.share) { Err(WhyNot::NoLease) } else { Ok(()) }
    }

    fn check_once(&self, account: Recipient) -> Result<Entry, WhyNot> {
        let entry = self.rows.get(account);
        if self.on(Guard::Once) && entry.standing != Standing::Planned {
            return Err(WhyNot::HadItsTurn { standing: entry.standing.word() });
        }
        Ok(entry)
    }

    fn check_text<E>(&self, ask: &Ask<'_, E>, action: Action) -> Result<(), WhyNot> {
        let fits = match ask.text {
            Some(text) => action.mails() && self.plan.says(Subject::alarm(ask.finding.grade), &text),
            None => !action.mails(),
        };
        if action == Action::Leave {
            return Err(WhyNot::LeftAlone);
        }
        if self.on(Guard::Wording) && !fits { Err(WhyNot::WrongText) } else { Ok(()) }
    }

    fn check_pace(&mut self, now: UnixMillis) -> Result<(), WhyNot> {
        let limits = self.plan.load;
        let room =
            self.load.is_some_and(|(permille, at)| permille <= limits.permille_max && now.0.saturating_sub(at.0) <= limits.age_ms_max);
        if self.on(Guard::Load) && !room {
            return Err(WhyNot::Load);
        }
        if self.on(Guard::Caps) && self.rows.claims() >= self.plan.caps.per_campaign {
            return Err(WhyNot::CampaignCap);
        }
        if self.on(Guard::Caps) && self.rows.claims_in_hour(now) >= self.plan.caps.per_hour { Err(WhyNot::HourCap) } else { Ok(()) }
    }

    fn check_evidence<E: Rechecked>(&self, ask: &Ask<'_, E>, now: UnixMillis) -> Result<(), WhyNot> {
        let (finding, evidence) = (ask.finding, ask.evidence);
        if self.on(Guard::Evidence) {
            let by_second = self.plan.checkers.iter().any(|checker| checker.second == evidence.checker());
            if evidence.account() != finding.account || evidence.grade() != finding.grade || !by_second {
                return Err(WhyNot::OtherEvidence);
            }
            if now.0.saturating_sub(evidence.at().0) > RECHECK_MS_MAX {
                return Err(WhyNot::OldEvidence);
            }
        }
        if self.on(Guard::Decoy) && !evidence.decoy_refused() {
            return Err(WhyNot::DecoyAccepted);
        }
        let unchanged = ask.generation == finding.generation && evidence.generation() == finding.generation;
        if self.on(Guard::Generation) && !unchanged {
            return Err(WhyNot::GenerationChanged);
        }
        if self.on(Guard::Evidence) && !evidence.holds() { Err(WhyNot::EvidenceFailed) } else { Ok(()) }
    }

    fn claim<E>(&mut self, ask: &Ask<'_, E>, action: Action, entry: Entry, now: UnixMillis) -> Permit {
        let recipient = ask.finding.account;
        let until = self.permitted_until(&ask.lease);
        let claim = entry.claim + 1;
        let mails = action.mails();
        self.put(recipient, Entry { standing: Standing::Claimed { until }, claim, claimed_at: Some(now), mails });
        // One more that held. Too many cannot come of it: everybody is expected to hold.
        let counted = self.handle(super::Input::Looked { measure: Measure::Rechecks, tally: Tally { looked: 1, matched: 1 } }, now);
        debug_assert!(counted.is_ok(), "every plan measures rechecks");
        let sending = Sending { recipient, claim, action, generation: ask.finding.generation, text: ask.text };
        Permit { sending, from: now, until }
    }

    /// No permit outlasts its lease or the plan. What a sender says of its lease is not believed.
    fn permitted_until(&self, lease: &Lease) -> UnixMillis {
        let known = self.leases.get(&lease.share).filter(|_| self.on(Guard::Lease));
        let ends = known.map_or(lease.until, |known| known.until);
        if self.on(Guard::Expiry) { ends.min(self.plan.expires) } else { ends }
    }

    /// What a refusal teaches: a fault stops it, and whoever cannot be reached is passed over.
    fn learn(&mut self, finding: &Finding, why: WhyNot) {
        let skip = match why {
            WhyNot::NotListed => return self.stop_for(Fault::NotListed),
            WhyNot::Tracer => return self.stop_for(Fault::Tracer),
            WhyNot::WrongText => return self.stop_for(Fault::WrongText),
            WhyNot::OtherEvidence => return self.stop_for(Fault::OtherEvidence),
            WhyNot::DecoyAccepted => return self.stop_for(Fault::DecoyAccepted),
            WhyNot::EvidenceFailed => Skip::EvidenceFailed,
            WhyNot::GenerationChanged => Skip::GenerationChanged,
            _ => return,
        };
        let entry = self.rows.get(finding.account);
        self.put(finding.account, Entry { standing: Standing::Skipped { why: skip }, ..entry });
        // Either way the finding does not hold any more. One of them says nothing; if it is most, something is wrong with them all.
        let (moment, tally) = (self.moment(UnixMillis(0)), Tally { looked: 1, matched: 0 });
        let counted = self.handle(super::Input::Looked { measure: Measure::Rechecks, tally }, moment);
        debug_assert!(counted.is_ok(), "every plan measures rechecks");
    }

    /// Whether this recipient's mail may leave now: the last hop, where everything that can end a campaign is asked once more.
    pub fn may_hand_over(&mut self, recipient: Recipient, lease: &Lease, now: UnixMillis) -> Result<Handover, WhyNot> {
        let now = self.moment(now);
        self.check_time(now)?;
        self.check_lease(recipient, lease, now)?;
        let entry = self.rows.get(recipient);
        if entry.standing != Standing::Acted || !entry.mails {
            return Err(WhyNot::HadItsTurn { standing: entry.standing.word() });
        }
        let until = UnixMillis(now.0 + HANDING_MS).min(self.permitted_until(lease));
        self.put(recipient, Entry { standing: Standing::Handing { until }, ..entry });
        Ok(Handover { recipient, from: now, until })
    }
}
