//! Who is let in now: guess limits, work at once, and which network somebody comes from. Never here: whether a password is right.

mod capacity;
mod limiter;
mod network;

pub(crate) use capacity::{Class, Permit};
pub(crate) use network::Origin;

use crate::error::Refusal;
use limiter::Limiter;
use std::time::Duration;
use truebell_core::head::Reason;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::time::UnixMillis;

/// How often something may be tried: `burst` at once, then one more each `refill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tries at once.
    pub burst: u32,
    /// Time until one try comes back.
    pub refill: Duration,
}

impl Rate {
    /// `burst` at once, `per_hour` in the long run.
    pub const fn new(burst: u32, per_hour: u32) -> Self {
        Self { burst, refill: Duration::from_millis(3_600_000 / per_hour as u64) }
    }
}

/// How often what can be tried.
///
/// OPAQUE lets whoever holds a stolen kit test one password with each *first* message, whether or not the second is ever sent: so
/// the first message pays, and a sign-in that succeeds gets its payment back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Password tries at one account, from anywhere. Enrolled devices open sessions by their keys and never pay here.
    pub sign_in_account: Rate,
    /// Password tries from one network.
    pub sign_in_network: Rate,
    /// Codes of a second factor at one account.
    pub second_factor: Rate,
    /// Tries of the current password or code on one enrolled device, when something is changed there.
    pub device: Rate,
    /// Look-ups of addresses and check codes from one network.
    pub lookup_network: Rate,
    /// Accounts made from one network.
    pub sign_up_network: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in_account: Rate::new(20, 20),
            sign_in_network: Rate::new(200, 600),
            second_factor: Rate::new(5, 10),
            device: Rate::new(10, 20),
            lookup_network: Rate::new(120, 1200),
            sign_up_network: Rate::new(50, 120),
        }
    }
}

/// Whose tries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    SignIn(AccountId),
    SecondFactor(AccountId),
    Device(DeviceId),
    SignInFrom(Origin),
    LookupFrom(Origin),
    SignUpFrom(Origin),
}

/// All that is counted, in memory and bounded.
pub(crate) struct Admission {
    limiter: Limiter<Key>,
    capacity: capacity::Capacity,
}

impl Admission {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { limiter: Limiter::new(), capacity: capacity::Capacity::new(capacity) }
    }

    /// Pays for one try, or says when the next is allowed.
    pub(crate) fn pay(&self, key: Key, rate: Rate, now: UnixMillis) -> Result<(), Refusal> {
        self.limiter.take(key, rate, now).map_err(|until| Refusal::until(Reason::TooManyAttempts, until))
    }

    /// Gives one payment back: the try was right.
    pub(crate) fn give_back(&self, key: Key, rate: Rate) {
        self.limiter.give_back(key, rate);
    }

    /// Lets one request of a class to work, or sheds it.
    pub(crate) fn admit(&self, class: Class) -> Result<Permit, Refusal> {
        self.capacity.admit(class).ok_or_else(|| Refusal::busy("over capacity"))
    }

    pub(crate) fn at_work(&self) -> usize {
        self.capacity.at_work()
    }

    /// How long a client waits before it syncs again: longer from half its capacity on, up to eight times.
    pub(crate) fn pace(&self, unhurried: Duration) -> Duration {
        unhurried.saturating_mul(1 << self.capacity.eighths().saturating_sub(3).min(3))
    }
}
