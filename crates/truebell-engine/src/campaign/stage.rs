//! Stages, and whose turn comes when: an order that everybody can work out and nobody could choose.

use super::{Manifest, Plan, PlanId, Recipient};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::hash::Hash32;

/// Whom a stage reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// Nobody: everything is done but the sending.
    #[n(0)]
    Shadow,
    /// The site's own people.
    #[n(1)]
    Staff,
    /// As many as it takes until so many are reached in all.
    #[n(2)]
    UpTo(#[n(0)] u64),
    /// As many as it takes until that share of the manifest is (in thousandths).
    #[n(3)]
    Share(#[n(0)] u32),
    /// Everybody who is left.
    #[n(4)]
    Rest,
}

/// One stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Stage {
    /// Whom it reaches.
    #[n(0)]
    pub whom: Whom,
    /// How long to watch before the next, in ms.
    #[n(1)]
    pub soak_ms: u64,
}

/// The stages of DESIGN.md, all with this soak.
pub(super) const USUAL: [Whom; 7] =
    [Whom::Shadow, Whom::Staff, Whom::UpTo(100), Whom::UpTo(1_000), Whom::UpTo(10_000), Whom::Share(100), Whom::Rest];

impl Stage {
    /// Shadow, staff, 100, 1,000, 10,000, a tenth, the rest.
    pub fn usual(soak_ms: u64) -> Vec<Self> {
        USUAL.into_iter().map(|whom| Self { whom, soak_ms }).collect()
    }
}

/// Which stage each recipient is in.
#[derive(Debug, Clone)]
pub struct Turns {
    stage_of: BTreeMap<Recipient, usize>,
    sizes: Vec<u64>,
}

impl Turns {
    /// Works it out. Accounts whose grade's action is to leave them alone have no turn.
    pub fn assign(plan: &Plan, id: &PlanId, manifest: &Manifest) -> Self {
        let staff: BTreeSet<_> = plan.staff.iter().copied().collect();
        let acting = manifest.findings().iter().filter(|finding| plan.action(finding.grade) != super::Action::Leave);
        let (first, mut others): (Vec<_>, Vec<_>) = acting.map(|finding| finding.account).partition(|account| staff.contains(account));
        others.sort_by_cached_key(|account| Hash32::derive_labelled("truebell turn v1", &[&id.0.0, &account.0.0]));
        let all = (first.len() + others.len()) as u64;
        let (mut first, mut others) = (first.into_iter(), others.into_iter());
        let mut turns = Self { stage_of: BTreeMap::new(), sizes: Vec::new() };
        for (number, stage) in plan.stages.iter().enumerate() {
            let reached = turns.stage_of.len() as u64;
            let until = match stage.whom {
                Whom::Shadow => reached,
                Whom::Staff => {
                    turns.put(number, first.by_ref());
                    turns.stage_of.len() as u64
                }
                Whom::UpTo(count) => count,
                Whom::Share(permille) => all.saturating_mul(u64::from(permille)).div_ceil(1_000),
                Whom::Rest => u64::MAX,
            };
            let count = usize::try_from(until.saturating_sub(reached)).unwrap_or(usize::MAX);
            if !matches!(stage.whom, Whom::Shadow | Whom::Staff) {
                turns.put(number, others.by_ref().take(count));
                // Without a stage for staff, they come last with the rest.
                if stage.whom == Whom::Rest {
                    turns.put(number, first.by_ref());
                }
            }
            turns.sizes.push(turns.stage_of.len() as u64 - reached);
        }
        turns
    }

    fn put(&mut self, stage: usize, recipients: impl Iterator<Item = Recipient>) {
        self.stage_of.extend(recipients.map(|recipient| (recipient, stage)));
    }

    /// The stage a recipient is reached in. `None` if never.
    pub fn stage_of(&self, recipient: Recipient) -> Option<usize> {
        self.stage_of.get(&recipient).copied()
    }

    /// How many a stage reaches.
    pub fn size(&self, stage: usize) -> u64 {
        self.sizes.get(stage).copied().unwrap_or(0)
    }

    /// Everybody who has a turn, with its stage.
    pub fn all(&self) -> impl Iterator<Item = (Recipient, usize)> + '_ {
        self.stage_of.iter().map(|(recipient, stage)| (*recipient, *stage))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fixture, finding};
    use super::*;

    fn sizes(count: u64, staff: u64) -> Vec<u64> {
        let mut fixture = Fixture::of(count);
        fixture.plan.staff = (0..staff).map(|number| finding(number).account).collect();
        fixture.plan.stages = Stage::usual(1);
        let turns = Turns::assign(&fixture.plan, &fixture.plan.derive_id(), &fixture.manifest);
        assert_eq!(turns.all().count() as u64, count, "everybody has one turn");
        (0..7).map(|stage| turns.size(stage)).collect()
    }

    #[test]
    fn stages_reach_so_many_in_all_and_small_campaigns_pass_over_what_is_empty() {
        assert_eq!(sizes(60, 3), [0, 3, 57, 0, 0, 0, 0]);
        assert_eq!(sizes(5_000, 0), [0, 0, 100, 900, 4_000, 0, 0]);
        assert_eq!(sizes(20_000, 20), [0, 20, 80, 900, 9_000, 0, 10_000]);
    }

    #[test]
    fn turns_follow_from_the_plan_alone_and_differ_from_plan_to_plan() {
        let mut fixture = Fixture::of(1_000);
        fixture.plan.stages = Stage::usual(1);
        let first = |plan: &Plan| {
            let turns = Turns::assign(plan, &plan.derive_id(), &fixture.manifest);
            turns.all().filter(|(_, stage)| *stage == 2).map(|(recipient, _)| recipient).collect::<BTreeSet<_>>()
        };
        let one = first(&fixture.plan);
        assert_eq!(first(&fixture.plan), one);
        let other = first(&Plan { hold_ms: fixture.plan.hold_ms + 1, ..fixture.plan.clone() });
        assert!(one.intersection(&other).count() < 40, "about ten of a hundred are the same by chance");
    }

    #[test]
    fn whoever_is_to_be_left_alone_has_no_turn() {
        let mut fixture = Fixture::of(100);
        fixture.plan.policy = [super::super::Action::Leave; 4];
        let turns = Turns::assign(&fixture.plan, &fixture.plan.derive_id(), &fixture.manifest);
        assert_eq!(turns.all().count(), 0);
    }
}
