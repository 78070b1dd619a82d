//! What must hold, checked by somebody who believes neither client nor server: six counters, all of which must stay zero.
//!
//! - **F** false alarms: a notice, a mail or a sentence about the account's security without a deed.
//! - **M** missed alarms: a deed that another device which syncs was not shown, or of which no mail left, was refused or is parked.
//! - **L** lost writes: a value that a device took, and that is nowhere.
//! - **S** sessions or data dropped: a device that lost its keys, its account or an item, or must sign in again, without a deed.
//! - **C** convergence: after the faults have ended, devices that do not come together.
//! - **X** a mail that went out more than once.
//!
//! A *deed* is what really happened: a change of an account's stored state, seen by comparing the rows before and after each request,
//! that a person had asked for on that device. Events, heads and answers of the server are not asked.

mod ending;
mod truth;

pub(crate) use ending::{Ending, Standing};
pub(crate) use truth::{Belongings, Truth, alarming};

use serde::Serialize;

/// The six counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// F: false alarms.
    pub false_alarms: u64,
    /// M: missed alarms.
    pub missed_alarms: u64,
    /// L: acknowledged writes lost.
    pub lost_writes: u64,
    /// S: sessions or data dropped without proof.
    pub lost_sessions: u64,
    /// C: devices that did not come together again.
    pub unconverged: u64,
    /// X: mails that went out more than once.
    pub duplicate_mails: u64,
}

/// One of the six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Check {
    /// False alarms.
    F,
    /// Missed alarms.
    M,
    /// Lost writes.
    L,
    /// Dropped sessions or data.
    S,
    /// Convergence.
    C,
    /// Mails more than once.
    X,
}

impl Check {
    /// All six.
    pub const ALL: [Self; 6] = [Self::F, Self::M, Self::L, Self::S, Self::C, Self::X];
}

impl Counts {
    /// One more.
    pub fn add(&mut self, check: Check) {
        *self.of_mut(check) += 1;
    }

    /// How many of one.
    pub fn of(&self, check: Check) -> u64 {
        let mut copy = *self;
        *copy.of_mut(check)
    }

    fn of_mut(&mut self, check: Check) -> &mut u64 {
        match check {
            Check::F => &mut self.false_alarms,
            Check::M => &mut self.missed_alarms,
            Check::L => &mut self.lost_writes,
            Check::S => &mut self.lost_sessions,
            Check::C => &mut self.unconverged,
            Check::X => &mut self.duplicate_mails,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        for check in Check::ALL {
            *self.of_mut(check) += other.of(check);
        }
        self
    }

    /// Whether nothing was found.
    pub fn all_zero(&self) -> bool {
        *self == Self::default()
    }
}
