//! A plan: everything a campaign does, as one piece of bytes whose digest is its name (`docs/formats/plan.md`).

mod check;
mod parts;

pub use check::BadPlan;
pub use parts::{Caps, Checker, List, Load, Signal, Snapshot, Stratum, Subject, Tracers, Trust, Watch, Wording, World};

use super::{Action, Bounds, Errors, Frozen, Grade, Recipient, Salt, Stage, Text};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use truebell_core::cbor;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;

/// The version of plans this program writes and reads.
pub(super) const VERSION: u32 = 1;

/// A plan's name: a digest over all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct PlanId(#[n(0)] pub Hash32);

impl fmt::Display for PlanId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// Everything a campaign does. Changing anything makes another plan.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Plan {
    /// The version of this format.
    #[n(0)]
    pub version: u32,
    /// Whether it is a drill.
    #[n(1)]
    pub world: World,
    /// The site's name.
    #[n(2)]
    pub site: String,
    /// What makes its recipients unlike those of another plan.
    #[n(3)]
    pub salt: Salt,
    /// Who drew it up, and so cannot approve it.
    #[n(4)]
    pub author: AccountId,
    /// When.
    #[n(5)]
    pub made_at: UnixMillis,
    /// The breach lists.
    #[n(6)]
    pub lists: Vec<List>,
    /// What is done on E1, E2, E3, E4.
    #[n(7)]
    pub policy: [Action; 4],
    /// The accounts it was matched with.
    #[n(8)]
    pub snapshot: Snapshot,
    /// Who verifies, and who verifies again.
    #[n(9)]
    pub checkers: Vec<Checker>,
    /// Which text says what in which language.
    #[n(10)]
    pub wordings: Vec<Wording>,
    /// The texts.
    #[n(11)]
    pub texts: Vec<Text>,
    /// The stages, shadow first.
    #[n(12)]
    pub stages: Vec<Stage>,
    /// How many sends at most.
    #[n(13)]
    pub caps: Caps,
    /// How often its tests may be wrong.
    #[n(14)]
    pub errors: Errors,
    /// Where match rates have to lie.
    #[n(15)]
    pub strata: Vec<Stratum>,
    /// How many findings have to hold when they are verified again.
    #[n(16)]
    pub rechecks: Bounds,
    /// What is watched while mails are out.
    #[n(17)]
    pub watches: Vec<Watch>,
    /// How busy sign-in may be.
    #[n(18)]
    pub load: Load,
    /// Planted accounts.
    #[n(19)]
    pub tracers: Tracers,
    /// Who is reached first.
    #[n(20)]
    pub staff: Vec<Recipient>,
    /// Exactly who is reached.
    #[n(21)]
    pub manifest: Frozen,
    /// Between which numbers the manifest's size was expected.
    #[n(22)]
    pub forecast: [u64; 2],
    /// From the second approval to the first stage, in ms.
    #[n(23)]
    pub hold_ms: u64,
    /// Nothing is sent from then on.
    #[n(24)]
    pub expires: UnixMillis,
}

/// Why bytes are no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPlan {
    /// They do not read.
    #[error("this is not a plan")]
    Malformed,
    /// They read, and would be written otherwise.
    #[error("this plan is not written in the one spelling a plan has: take it from where it was drawn up")]
    Spelling,
    /// It was written by a newer program.
    #[error("this plan has version {0}, which this program does not know: update Truebell")]
    Version(u32),
}

impl Plan {
    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Reads one. There is one spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAPlan> {
        let plan: Self = cbor::from_slice(bytes).map_err(|_| NotAPlan::Malformed)?;
        if plan.version != VERSION {
            return Err(NotAPlan::Version(plan.version));
        }
        if plan.to_bytes() == bytes { Ok(plan) } else { Err(NotAPlan::Spelling) }
    }

    /// Its name.
    pub fn derive_id(&self) -> PlanId {
        PlanId(Hash32::derive_labelled("truebell plan v1", &[&self.to_bytes()]))
    }

    /// What is done on a grade.
    pub fn action(&self, grade: Grade) -> Action {
        self.policy.get(grade.index()).copied().unwrap_or(Action::Leave)
    }

    /// Whether a text is one that says this, in any language.
    pub fn says(&self, subject: Subject, text: &Hash32) -> bool {
        self.wordings.iter().any(|wording| wording.subject == subject && wording.text == *text)
    }

    /// The text that says this in a language; in the plan's first language where that one is not among its own.
    pub fn text(&self, subject: Subject, language: &str) -> Option<&Text> {
        let mut saying = self.wordings.iter().filter(|wording| wording.subject == subject);
        let first = saying.clone().next()?;
        let wording = saying.find(|wording| wording.language.eq_ignore_ascii_case(language)).unwrap_or(first);
        self.texts.iter().find(|text| text.derive_digest() == wording.text)
    }
}

#[cfg(test)]
mod tests;
