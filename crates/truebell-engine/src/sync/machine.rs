//! When to exchange what: a state machine that does no exchange itself. The caller hands in what happened ([`Machine::handle`]), takes
//! out what to do ([`Machine::poll_effect`]), and does one thing at a time.
//!
//! A run is pull → rebase (the caller's, in the same transaction) → push, until nothing is pending. Hints, edits and timers only wake it.

use super::pace::Pace;
use super::{Unproven, View, Why};
use std::collections::VecDeque;
use std::time::Duration;
use truebell_core::chance::Chance;
use truebell_core::head::Reason;
use truebell_core::time::UnixMillis;

/// Pulls after which a run gives up on writing first and leaves it to the next.
const CONFLICTS_MAX: u32 = 8;
/// How long edits are gathered before they are pushed.
const GATHER_MS: u64 = 500;
/// A person who asks again is not held back by a server's "not before" for longer than this.
const ASKED_WAIT_MS_MAX: u64 = 30_000;

/// Why the machine is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// A person asked for it.
    Asked,
    /// Something was edited here.
    Edited,
    /// The server hinted that something is new.
    Hint,
    /// Time has passed.
    Timer,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A reason to look.
    Wake(Wake),
    /// The exchange asked for went well.
    Done {
        /// The head's `pace_ms`; 0 where there was no exchange.
        pace_ms: u32,
        /// Whether edits wait to be pushed now.
        pending: bool,
    },
    /// It did not.
    Failed(Why),
    /// Something on this device stopped it (a full disk, a damaged file). Says nothing about the server: the view stays.
    Abandoned,
}

/// What to do. Answered by [`Input::Done`] or [`Input::Failed`] before the next is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ask what is new, take it in, rebase pending edits.
    Pull,
    /// Send pending edits: one commit.
    Push,
    /// Open a session with the device's key.
    OpenSession,
}

/// The state machine.
#[derive(Debug)]
pub struct Machine {
    view: View,
    pace: Pace,
    doing: Option<Effect>,
    effects: VecDeque<Effect>,
    /// Woken while busy: go round once more.
    again: bool,
    /// What to repeat after a session was opened; set also marks that one was opened in this run.
    resume: Option<Effect>,
    session_opened: bool,
    conflicts: u32,
    due: UnixMillis,
    /// No exchange before this, but for a person who asks.
    not_before: UnixMillis,
    failed_at: Option<UnixMillis>,
}

impl Machine {
    /// Idle, due at once.
    pub fn new(view: View, chance: &mut dyn Chance) -> Self {
        Self {
            view,
            pace: Pace::new(chance),
            doing: None,
            effects: VecDeque::new(),
            again: false,
            resume: None,
            session_opened: false,
            conflicts: 0,
            due: UnixMillis(0),
            not_before: UnixMillis(0),
            failed_at: None,
        }
    }

    /// How things stand.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// When a [`Wake::Timer`] will do something.
    pub fn due(&self) -> UnixMillis {
        self.due.max(self.not_before)
    }

    /// The next thing to do, if any.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        let effect = self.effects.pop_front()?;
        self.doing = Some(effect);
        Some(effect)
    }

    /// Takes in what happened.
    pub fn handle(&mut self, input: Input, now: UnixMillis) {
        match input {
            Input::Wake(wake) => self.wake(wake, now),
            Input::Done { pace_ms, pending } => self.done(pace_ms, pending, now),
            Input::Failed(why) => self.failed(why, now),
            Input::Abandoned => {
                (self.doing, self.resume, self.again) = (None, None, false);
                self.effects.clear();
                self.due = self.pace.after_failure(now, None);
            }
        }
    }

    fn wake(&mut self, wake: Wake, now: UnixMillis) {
        if self.doing.is_some() || !self.effects.is_empty() {
            self.again |= wake != Wake::Timer;
            return;
        }
        match wake {
            Wake::Asked if now >= self.held_back_until() => self.start(),
            Wake::Timer if now >= self.due() => self.start(),
            Wake::Edited => self.due = self.due.min(now + Duration::from_millis(GATHER_MS)),
            Wake::Hint => self.due = self.due.min(now),
            Wake::Asked | Wake::Timer => {}
        }
    }

    /// Until when even a person has to wait.
    fn held_back_until(&self) -> UnixMillis {
        let until = match &self.view {
            View::Stale { why, .. } => why.until().unwrap_or_default(),
            View::Never | View::UpToDate { .. } => UnixMillis(0),
        };
        until.min(self.failed_at.unwrap_or_default() + Duration::from_millis(ASKED_WAIT_MS_MAX))
    }

    fn start(&mut self) {
        (self.again, self.session_opened, self.conflicts) = (false, false, 0);
        self.effects.push_back(Effect::Pull);
    }

    fn done(&mut self, pace_ms: u32, pending: bool, now: UnixMillis) {
        match self.doing.take() {
            Some(Effect::OpenSession) => self.effects.extend(self.resume.take()),
            Some(Effect::Pull | Effect::Push) if pending => self.effects.push_back(Effect::Push),
            Some(Effect::Pull | Effect::Push) => self.settle(pace_ms, now),
            None => {}
        }
    }

    fn settle(&mut self, pace_ms: u32, now: UnixMillis) {
        self.view = View::UpToDate { as_of: now };
        self.failed_at = None;
        self.not_before = now + Duration::from_millis(Pace::bounded(pace_ms));
        self.due = self.pace.after_success(now, pace_ms);
        if std::mem::take(&mut self.again) {
            self.due = now;
        }
    }

    fn failed(&mut self, why: Why, now: UnixMillis) {
        let Some(doing) = self.doing.take() else { return };
        let why = if is_out_of_place(&why) { Why::Unproven { what: Unproven::Malformed } } else { why };
        match &why {
            // A session is a thing of the device, not of the person: its end is repaired here and shown to nobody.
            Why::Refused { reason: Reason::NoSession | Reason::SessionExpired, .. } if !self.session_opened => {
                self.session_opened = true;
                self.resume = Some(doing);
                self.effects.push_back(Effect::OpenSession);
            }
            Why::Refused { reason: Reason::Conflict, .. } if doing == Effect::Push && self.conflicts < CONFLICTS_MAX => {
                self.conflicts += 1;
                self.effects.push_back(Effect::Pull);
            }
            _ => self.give_up(why, now),
        }
    }

    fn give_up(&mut self, why: Why, now: UnixMillis) {
        let since = match &self.view {
            View::Never => None,
            View::UpToDate { as_of } => Some(*as_of),
            View::Stale { since, .. } => *since,
        };
        self.not_before = self.pace.after_failure(now, why.until());
        self.due = self.not_before;
        self.failed_at = Some(now);
        self.view = View::Stale { since, why };
        (self.again, self.resume) = (false, None);
    }
}

/// A refusal that can only answer a sign-in or a sign-up: said of a sync, it would accuse a password that nobody has asked about.
fn is_out_of_place(why: &Why) -> bool {
    let Why::Refused { reason, .. } = why else { return false };
    matches!(
        reason,
        Reason::WrongCredentials
            | Reason::SecondFactorNeeded
            | Reason::SecondFactorWrong
            | Reason::AddressTaken
            | Reason::BadAddress
            | Reason::SignUpClosed
            | Reason::BadInvitation
            | Reason::SignInOver
    )
}

#[cfg(test)]
mod tests;
