//! What is remembered of a campaign: rows, each replaced by its newer state. The machine's state is a function of the plan, these rows and
//! the roster, so that a crash at any moment is a restart from the rows.

use super::{Lease, Ppm, Recipient, Signal, SignedStatement, Tally, TracerReport, TracerVerdict, Unclear};
use serde::{Deserialize, Serialize};
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its phase.
    pub phase: Phase,
    /// 0, and one more with each stop. Approvals are for a round.
    pub round: u32,
    /// The stage it is in, from 0.
    pub stage: usize,
    /// When that stage was opened.
    pub opened: UnixMillis,
}

/// The phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Phase {
    /// Being drawn up.
    Draft,
    /// Shown to those who may approve it.
    InReview,
    /// Approved; time to think again.
    Held {
        /// Until then.
        until: UnixMillis,
    },
    /// The stage's recipients have their turn.
    Running,
    /// They had it; what comes of it is watched.
    Soaking {
        /// Since then.
        since: UnixMillis,
        /// Until then.
        until: UnixMillis,
    },
    /// Somebody has to look.
    Paused {
        /// At what.
        why: Unclear,
    },
    /// Nothing more is sent until two people approve it anew.
    Stopped {
        /// Why.
        why: Stop,
    },
    /// Everything that was done is being undone.
    Retracting,
    /// It is.
    Retracted,
    /// All stages are over.
    Done,
    /// The plan's end came first.
    Expired,
}

impl Phase {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in-review",
            Self::Held { .. } => "held",
            Self::Running => "running",
            Self::Soaking { .. } => "soaking",
            Self::Paused { .. } => "paused",
            Self::Stopped { .. } => "stopped",
            Self::Retracting => "retracting",
            Self::Retracted => "retracted",
            Self::Done => "done",
            Self::Expired => "expired",
        }
    }
}

/// What a rate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Measure {
    /// Matches among those looked at, in a stratum of the plan.
    Stratum {
        /// Its place in the plan.
        number: u32,
    },
    /// Findings that hold when they are verified again.
    Rechecks,
}

/// Why a campaign stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Stop {
    /// A person did.
    #[error("an operator stopped it")]
    Operator {
        /// Who.
        operator: AccountId,
    },
    /// A rate is too high.
    #[error("{} of {} match ({measure}), which is more than the plan allows: whatever says that they match is broken, or the plan is wrong", .tally.matched, .tally.looked)]
    TooMany {
        /// Of what.
        measure: Measure,
        /// How many.
        tally: Tally,
    },
    /// A rate is too low.
    #[error("only {} of {} match ({measure}), which is fewer than the plan expects: whatever reads the list or the accounts is broken, or the plan is wrong", .tally.matched, .tally.looked)]
    TooFew {
        /// Of what.
        measure: Measure,
        /// How many.
        tally: Tally,
    },
    /// A health signal is outside its bounds.
    #[error("{} of {} mails led to {signal}, which is outside of what the plan allows", .tally.matched, .tally.looked)]
    Health {
        /// Which.
        signal: Signal,
        /// How many of how many.
        tally: Tally,
    },
    /// A tracer is not as it should be.
    #[error("{}", tracer_sentence(.verdict))]
    Tracer {
        /// How.
        verdict: TracerVerdict,
    },
    /// Something was asked or reported that a sound sender never would.
    #[error("the sender {fault}: it is broken, and nothing was sent on the strength of it")]
    Fault {
        /// What.
        fault: Fault,
    },
}

fn tracer_sentence(verdict: &TracerVerdict) -> &'static str {
    match verdict {
        TracerVerdict::Struck => "a planted account that must not match matched, so real people are struck as well",
        TracerVerdict::Missed => "a planted account that must match did not, so something is not found",
        TracerVerdict::Sound | TracerVerdict::Incomplete => "the planted accounts were looked at",
    }
}

/// What a sound sender never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It asks about somebody who is not in the manifest.
    #[error("asked to send to an account that is not in the approved manifest")]
    NotListed,
    /// It asks about a tracer.
    #[error("asked to send to a planted account")]
    Tracer,
    /// It would send something else.
    #[error("had another text than the one that was approved")]
    WrongText,
    /// Its second look is at somebody else, or by somebody else.
    #[error("brought evidence about something else than the finding")]
    OtherEvidence,
    /// Its second look accepts what is false.
    #[error("verified with something that accepts wrong passwords")]
    DecoyAccepted,
    /// It says it did what nobody allowed.
    #[error("reported what it had not been allowed to do")]
    Unannounced,
}

impl std::fmt::Display for Measure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stratum { number } => write!(out, "stratum {number}"),
            Self::Rechecks => out.write_str("verified again"),
        }
    }
}

impl std::fmt::Display for Signal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Bounces => "bounces",
            Self::Complaints => "complaints",
            Self::NotMe => "“not me”",
            Self::VerifyLookups => "look-ups of the verify page",
            Self::SignInFailures => "failed sign-ins",
        })
    }
}

/// Why a recipient is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// The password is another one by now.
    GenerationChanged,
    /// The evidence did not hold when it was looked at again.
    EvidenceFailed,
    /// There is no password: the account signs in elsewhere.
    NoPassword,
    /// The account is disabled.
    Disabled,
    /// There is no such account any more.
    Deleted,
    /// There is no address to write to.
    NoAddress,
    /// The campaign was taken back before their turn was over.
    TakenBack,
}

/// Where a recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing has happened.
    Planned,
    /// A permit was given out: the action may be committed until then, under this number.
    Claimed {
        /// Until then.
        until: UnixMillis,
    },
    /// Reset, or enforced; the mail, if there is one, has not begun to leave.
    Acted,
    /// The mail is being handed over; it is known by then whether it was.
    Handing {
        /// Until then.
        until: UnixMillis,
    },
    /// The mail was accepted.
    Told,
    /// Nobody knows whether it was. Never repeated.
    Unknown,
    /// The mail was refused for good: they meet what was done when they sign in.
    Undeliverable,
    /// Passed over.
    Skipped {
        /// Why.
        why: Skip,
    },
    /// Being undone.
    Retracting {
        /// Whether the alarm reached them, so that the correction has to.
        tell: bool,
        /// How often it was tried.
        tries: u32,
        /// When it is tried again.
        next: UnixMillis,
    },
    /// Undone.
    Retracted,
    /// The correction went out; the new password they had chosen stays.
    Kept,
}

impl Standing {
    /// Whether something was done to them that a retraction has to undo.
    pub fn is_reached(self) -> bool {
        matches!(self, Self::Acted | Self::Handing { .. } | Self::Told | Self::Unknown | Self::Undeliverable)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Claimed { .. } => "claimed",
            Self::Acted => "acted",
            Self::Handing { .. } => "handing",
            Self::Told => "told",
            Self::Unknown => "unknown",
            Self::Undeliverable => "undeliverable",
            Self::Skipped { .. } => "skipped",
            Self::Retracting { .. } => "retracting",
            Self::Retracted => "retracted",
            Self::Kept => "kept",
        }
    }
}

/// A recipient's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where they stand.
    pub standing: Standing,
    /// How many permits were given out for them. What a permit allows is committed only while the row still has its number.
    pub claim: u32,
    /// When the last one was.
    pub claimed_at: Option<UnixMillis>,
    /// Whether a mail belongs to what is done.
    pub mails: bool,
}

impl Entry {
    pub(super) const NEW: Self = Self { standing: Standing::Planned, claim: 0, claimed_at: None, mails: false };
}

/// What was found of the tracers, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// What was found.
    pub report: TracerReport,
    /// When.
    pub at: UnixMillis,
    /// In which round.
    pub round: u32,
    /// In which stage.
    pub stage: usize,
}

/// A reading of a signal: counts since the first mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Of how many mails, how many.
    pub tally: Tally,
    /// What of that lies before the last new approval, and was judged by those who gave it.
    pub before: Tally,
    /// When it was read.
    pub at: UnixMillis,
}

impl Reading {
    /// What came since the last new approval.
    pub fn since(&self) -> Tally {
        let looked = self.tally.looked.saturating_sub(self.before.looked);
        Tally { looked, matched: self.tally.matched.saturating_sub(self.before.matched).min(looked) }
    }
}

/// One row. Written before what it announces is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "kebab-case")]
pub enum Record {
    /// The one row of the campaign itself.
    State {
        /// As it is now.
        state: State,
    },
    /// An approval or a withdrawal.
    Said {
        /// As it was signed.
        signed: SignedStatement,
    },
    /// A recipient's.
    Recipient {
        /// Whose.
        recipient: Recipient,
        /// As it is now.
        entry: Entry,
    },
    /// A count's.
    Tally {
        /// Of what.
        measure: Measure,
        /// As it is now.
        tally: Tally,
    },
    /// A signal's.
    Reading {
        /// Which.
        signal: Signal,
        /// As it is now.
        reading: Reading,
    },
    /// The tracers'.
    Tracers {
        /// As they are known now.
        traced: Traced,
    },
    /// A share's.
    Lease {
        /// As it is now.
        lease: Lease,
    },
}

impl Tally {
    /// Its rate; `None` of nothing.
    pub fn rate(self) -> Option<Ppm> {
        let ppm = u128::from(self.matched) * 1_000_000 / u128::from(self.looked).max(1);
        (self.looked > 0).then(|| Ppm(u32::try_from(ppm).unwrap_or(Ppm::ALL.0)))
    }
}
