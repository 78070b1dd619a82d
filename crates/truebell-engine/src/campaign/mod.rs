//! Campaigns: plan → review → approvals → hold → stages → done, and the way back (`docs/formats/plan.md`).
//!
//! What is decided before anybody is reached is a [`Plan`] with its [`Manifest`], and nothing of it can change afterwards. What happens then is
//! decided by the [`Machine`], which sends nothing itself: it hands out a [`Permit`] for one recipient, or says why not.
//!
//! Never here: a password, an address, a mail, a database, a clock or chance.

mod approval;
pub mod binomial;
mod bounds;
mod finding;
mod forecast;
mod grade;
mod guard;
mod lease;
mod ledger;
mod machine;
mod manifest;
mod permit;
mod plan;
mod requests;
mod sample;
pub mod sequential;
mod stage;
mod text;
mod tracer;

pub use approval::{Approved, NotApproved, Operator, Roster, Says, SignedStatement, Statement, approve};
pub use bounds::{Bounds, Errors, Ppm, Tally, Verdict};
pub use finding::{Finding, Generation, Recipient, Salt};
pub use forecast::{BaseRate, Expected, Forecast, Grounds, Stocktaking, forecast};
pub use grade::{Action, Claim, Grade, claims};
pub use guard::{Guard, Guards};
pub use lease::{Lease, WorkerId, share_of};
pub use ledger::{Entry, Fault, Measure, Phase, Reading, Record, Skip, Standing, State, Stop, Traced};
pub use machine::{Effect, Fact, Input, Machine, NotARun, Order, Refused, Unclear};
pub use manifest::{BadManifest, Frozen, Manifest, NotListed, Place};
pub use permit::{Ask, Handover, Permit, PermitOver, Rechecked, Sending, WhyNot};
pub use plan::{
    BadPlan, Caps, Checker, List, Load, NotAPlan, Plan, PlanId, Signal, Snapshot, Stratum, Subject, Tracers, Trust, Watch, Wording, World,
};
pub use requests::{Asked, Requests};
pub use sample::{Samples, samples};
pub use stage::{Stage, Turns, Whom};
pub use text::{BadText, Placeholder, Text};
pub use tracer::{TracerReport, TracerVerdict, chance_of_missing};

#[cfg(test)]
mod testing;
