//! What a person may want, and what of it is possible when.

use super::super::{Phase, State, Stop, Unclear};
use super::{Effect, Machine};
use serde::{Deserialize, Serialize};
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Show the plan to those who may approve it.
    Submit,
    /// Pause; the same stage goes on with [`Order::Resume`].
    Pause,
    /// I looked; go on.
    Resume,
    /// Stop. One person is enough, and it is effective at once.
    Stop,
    /// Undo everything. One person is enough: it was approved with the plan.
    Retract,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not an operator.
    #[error("only operators of this server may do that: sign in as one")]
    NotAnOperator,
    /// Not at this point.
    #[error("the campaign is {phase}, where this cannot be done")]
    NotNow {
        /// What it is instead.
        phase: &'static str,
    },
    /// Nobody in the roster signed it.
    #[error("no operator of this server signed this approval")]
    NotSigned,
    /// It is about another plan.
    #[error("this approval is for another plan; if the plan was drawn up anew, approve the new one")]
    OtherPlan,
    /// It was signed before the last stop, or for a later one.
    #[error("this approval is for before or after another stop: look at why the campaign stopped, and approve it as it stands now")]
    OtherRound,
    /// There is no such stratum or signal in the plan.
    #[error("the plan measures no such thing")]
    NotMeasured,
    /// Another worker has it.
    #[error("another worker sends to this share until {}", .until.utc())]
    Leased {
        /// Until then.
        until: UnixMillis,
    },
}

impl Machine {
    pub(super) fn order(&mut self, by: AccountId, order: Order, now: UnixMillis) -> Result<(), Refused> {
        // Who draws a plan up submits it, operator or not; anything else is the operators'.
        let allowed = self.roster.has(by) || (order == Order::Submit && by == self.plan.author);
        if !allowed {
            return Err(Refused::NotAnOperator);
        }
        let (state, phase) = (self.state, self.state.phase);
        match (order, phase) {
            (Order::Submit, Phase::Draft) => self.set_state(State { phase: Phase::InReview, ..state }),
            (Order::Pause, Phase::Running | Phase::Soaking { .. }) => self.pause(Unclear::Asked { operator: by }),
            (Order::Resume, Phase::Paused { why: Unclear::NobodyReached }) => self.open_next(now),
            // More may have come in: it soaks again, and is judged again. Only who has looked at what cannot change goes past it.
            (Order::Resume, Phase::Paused { .. }) => self.resume(now),
            (Order::Stop, Phase::InReview | Phase::Held { .. } | Phase::Running | Phase::Soaking { .. } | Phase::Paused { .. }) => {
                self.stop(Stop::Operator { operator: by });
            }
            // Twice is no error: whoever stops in haste may do so again.
            (Order::Stop, Phase::Stopped { .. } | Phase::Retracting | Phase::Retracted | Phase::Done | Phase::Expired) => {}
            (
                Order::Retract,
                Phase::Held { .. }
                | Phase::Running
                | Phase::Soaking { .. }
                | Phase::Paused { .. }
                | Phase::Stopped { .. }
                | Phase::Done
                | Phase::Expired,
            ) => self.retract(now),
            (Order::Retract, Phase::Retracting | Phase::Retracted) => {}
            _ => return Err(Refused::NotNow { phase: phase.word() }),
        }
        Ok(())
    }

    pub(super) fn pause(&mut self, why: Unclear) {
        self.forget_leases();
        self.set_state(State { phase: Phase::Paused { why }, ..self.state });
        self.push(Effect::Unclear(why));
    }

    /// Back to where it paused: sending, if somebody's turn is not over, else watching, from the beginning.
    fn resume(&mut self, now: UnixMillis) {
        let phase = if self.rows.unsettled(self.state.stage) > 0 { Phase::Running } else { self.soak(now) };
        self.set_state(State { phase, ..self.state });
        self.push(Effect::CheckTracers);
    }
}
