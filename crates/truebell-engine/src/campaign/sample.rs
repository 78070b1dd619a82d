//! What reviewers look at: some at random, the riskiest, and some of every stratum. Nobody chooses them: they follow from the plan.

use super::{Finding, Manifest, PlanId};
use serde::Serialize;
use std::collections::BTreeMap;
use truebell_core::hash::Hash32;

/// Samples of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Samples {
    /// Any.
    pub random: Vec<Finding>,
    /// What most is done to on the weakest evidence, and what was found longest ago.
    pub riskiest: Vec<Finding>,
    /// Some of each stratum.
    pub by_stratum: BTreeMap<u32, Vec<Finding>>,
}

/// So many of each kind.
pub fn samples(manifest: &Manifest, id: &PlanId, count: usize) -> Samples {
    let mut drawn = manifest.findings().to_vec();
    drawn.sort_by_cached_key(|finding| Hash32::derive_labelled("truebell sample v1", &[&id.0.0, &finding.account.0.0]));
    let mut by_stratum: BTreeMap<u32, Vec<Finding>> = BTreeMap::new();
    for finding in &drawn {
        let stratum = by_stratum.entry(finding.stratum).or_default();
        if stratum.len() < count {
            stratum.push(*finding);
        }
    }
    let mut riskiest = drawn.clone();
    riskiest.sort_by_key(|finding| (std::cmp::Reverse(finding.grade), finding.found_at));
    riskiest.truncate(count);
    drawn.truncate(count);
    Samples { random: drawn, riskiest, by_stratum }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::super::testing::finding;
    use super::*;

    #[test]
    fn samples_follow_from_the_plan_and_cover_every_stratum() {
        let findings = (0..500).map(|number| Finding {
            stratum: u32::from(number == 77),
            grade: if number == 99 { Grade::E2 } else { Grade::E1 },
            ..finding(number)
        });
        let manifest = Manifest::new(findings.collect()).unwrap();
        let [one, other] = [1, 2].map(|byte| samples(&manifest, &PlanId(Hash32([byte; 32])), 10));
        assert_eq!((one.random.len(), one.riskiest.len()), (10, 10));
        assert_eq!(one.by_stratum[&1], [Finding { stratum: 1, ..finding(77) }]);
        assert_eq!(one.riskiest[0].grade, Grade::E2);
        assert_ne!(one.random, other.random, "another plan, another draw");
        assert_eq!(samples(&manifest, &PlanId(Hash32([1; 32])), 10), one);
    }
}
