//! Who is let in now: guess limits, work at once by class, and which network somebody comes from. Never here: whether a password is
//! right.
//!
//! How the parts fit: `gate.rs` lets requests to work, has them wait a moment or sends them away; `gradient.rs` learns from their times
//! how many may work at once; `pressure.rs` knows how much too much is asked for, which decides when clients are to come back.

mod class;
mod gate;
mod gradient;
mod limiter;
mod network;
mod pressure;
#[cfg(feature = "simulation")]
mod simulated;

pub(crate) use class::Class;
pub(crate) use gate::{Held, Kind};
pub(crate) use limiter::Limiter;
pub(crate) use network::{Origin, client_address};
#[cfg(feature = "simulation")]
pub use simulated::{AtGate, GateStanding, Knocked, SimulatedAdmission, Turn};

use crate::error::{Outside, Refusal};
use crate::state::App;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gate::{Gate, Standing};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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

/// A client that is sent away stays away for this long, and up to as much again, so that not all come back at once; for so many times
/// longer as there is too much to do.
const AWAY: Duration = Duration::from_secs(2);
/// Longest time a client is asked to leave between two syncs.
const PACE_MAX: Duration = Duration::from_secs(60);

/// All that is counted, in memory and bounded.
pub(crate) struct Admission {
    limiter: Limiter<Key>,
    gate: Arc<Gate>,
    /// Long streams that are open: each keeps a page in memory while its client reads.
    streams: Arc<Semaphore>,
}

impl Admission {
    /// Never more than `capacity` at work at once.
    pub(crate) fn new(capacity: usize) -> Self {
        let streams = Arc::new(Semaphore::new((capacity / 2).max(1)));
        Self { limiter: Limiter::new(), gate: Gate::new(capacity), streams }
    }

    /// Pays for one try, or says when the next is allowed.
    pub(crate) fn pay(&self, key: Key, rate: Rate, now: UnixMillis) -> Result<(), Refusal> {
        self.limiter.take(key, rate, now).map_err(|until| Refusal::until(Reason::TooManyAttempts, until))
    }

    /// Gives one payment back: the try was right.
    pub(crate) fn give_back(&self, key: Key, rate: Rate) {
        self.limiter.give_back(key, rate);
    }

    /// A place for one more long stream.
    pub(crate) fn open_stream(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.streams.clone().try_acquire_owned().map_err(|_| Refusal::shed())
    }

    /// One place at work, held by nobody's request.
    pub(crate) async fn hold(&self) -> Option<gate::Place> {
        self.gate.admit(Class::FinishSignIn).await
    }

    pub(crate) fn standing(&self) -> Standing {
        self.gate.standing()
    }

    /// How long a client waits before it syncs again: longer from half the limit on, and longer again when some are sent away.
    pub(crate) fn pace(&self, unhurried: Duration) -> Duration {
        let (eighths, excess) = self.gate.fullness();
        let by_fullness = unhurried.saturating_mul(1 << eighths.saturating_sub(3).min(3));
        by_fullness.saturating_mul(excess).min(PACE_MAX.max(unhurried))
    }

    /// How long a client that is sent away stays away; `chance` spreads them.
    pub(crate) fn away(&self, chance: u8) -> Duration {
        let least = AWAY * self.gate.excess();
        least + least * u32::from(chance) / 256
    }
}

/// The layer of each class: holds a place for the request while it works. Who is sent away was not looked at: no body read, no database
/// asked.
pub(crate) async fn admit(State((app, class)): State<(Arc<App>, Class)>, mut request: Request, next: Next) -> Response {
    #[cfg(feature = "measuring")]
    if app.settings.without == Some(crate::Without::Admission) {
        return next.run(request).await;
    }
    let kind = request.extensions().get::<MatchedPath>().map_or(Kind::of_route(""), |path| Kind::of_route(path.as_str()));
    let Some(place) = app.admission.gate.admit(class).await else { return Refusal::shed().into_response() };
    let held = Held::new(&app.admission.gate, class, kind, place);
    request.extensions_mut().insert(held.clone());
    let response = next.run(request).await;
    match response.extensions().get::<Refusal>().map(|refusal| &refusal.outside) {
        None => held.served(),
        Some(Outside::Busy) => held.failed(),
        Some(Outside::Refused(..) | Outside::Maintenance(..) | Outside::Outdated(_)) => held.nothing_learned(),
    }
    response
}

/// The place this request works in, for handlers that outlast their answer or turn out to be something else. `None` where the gate is
/// left out.
pub(crate) struct AtWork(pub Option<Held>);

impl FromRequestParts<Arc<App>> for AtWork {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Held>().cloned()))
    }
}

impl AtWork {
    /// It turns out to be of a lower class.
    pub(crate) async fn lower(&self, class: Class, kind: &str) -> Result<(), Refusal> {
        match &self.0 {
            Some(held) if !held.lower(class, Kind::of_route(kind)).await => Err(Refusal::shed()),
            _ => Ok(()),
        }
    }

    /// It was too small to learn anything from.
    pub(crate) fn nothing_learned(&self) {
        if let Some(held) = &self.0 {
            held.nothing_learned();
        }
    }
}
