//! Exactly who is reached: a Merkle tree over findings (RFC 6962, as the log uses it), frozen by its root in the plan.

use super::{Finding, Grade, Recipient};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use truebell_core::hash::Hash32;
use truebell_core::log::{Nodes, check_inclusion, derive_leaf, derive_node, derive_root, prove_inclusion};

/// What a plan holds of its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Frozen {
    /// The tree's root.
    #[n(0)]
    pub root: Hash32,
    /// How many findings.
    #[n(1)]
    pub size: u64,
    /// How many of E1, E2, E3, E4.
    #[n(2)]
    pub by_grade: [u64; 4],
}

/// Where a finding stands, with the path from there to the root.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Place {
    /// From 0, in the order of recipients.
    #[n(0)]
    pub index: u64,
    /// From the sibling up.
    #[n(1)]
    pub path: Vec<Hash32>,
}

/// Why findings make no manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// One account has two findings.
    #[error("one account is in the findings twice: keep the strongest finding of each account")]
    Twice(Recipient),
}

/// The finding is not shown to be in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this finding is not in the manifest that was approved")]
pub struct NotListed;

/// The findings of a plan, with the tree over them.
#[derive(Debug, Clone)]
pub struct Manifest {
    findings: Vec<Finding>,
    /// Complete subtrees, by height; an odd one at the end of a row belongs to none above.
    rows: Vec<Vec<Hash32>>,
}

impl Manifest {
    /// From findings in any order, one for each account.
    pub fn new(mut findings: Vec<Finding>) -> Result<Self, BadManifest> {
        findings.sort_unstable_by_key(|finding| finding.account);
        let twice = findings.windows(2).find_map(|pair| match pair {
            [one, other] if one.account == other.account => Some(one.account),
            _ => None,
        });
        match twice {
            Some(account) => Err(BadManifest::Twice(account)),
            None => Ok(Self { rows: grow(findings.iter().map(leaf).collect()), findings }),
        }
    }

    /// All findings, in the order of the tree.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the plan holds of it.
    pub fn frozen(&self) -> Frozen {
        let mut by_grade = [0; 4];
        for finding in &self.findings {
            if let Some(count) = by_grade.get_mut(finding.grade.index()) {
                *count += 1;
            }
        }
        let size = self.findings.len() as u64;
        Frozen { root: derive_root(self, size).unwrap_or_default(), size, by_grade }
    }

    /// The finding of an account, with its place. `None` if it is not there.
    pub fn prove(&self, account: Recipient) -> Option<(Finding, Place)> {
        let index = self.findings.binary_search_by_key(&account, |finding| finding.account).ok()?;
        let path = prove_inclusion(self, index as u64, self.findings.len() as u64)?;
        Some((*self.findings.get(index)?, Place { index: index as u64, path }))
    }
}

impl Nodes for Manifest {
    fn node(&self, height: u8, index: u64) -> Option<Hash32> {
        self.rows.get(usize::from(height))?.get(usize::try_from(index).ok()?).copied()
    }
}

fn leaf(finding: &Finding) -> Hash32 {
    derive_leaf(&finding.derive_entry())
}

fn grow(leaves: Vec<Hash32>) -> Vec<Vec<Hash32>> {
    let mut rows = vec![leaves];
    while let Some(below) = rows.last().filter(|row| row.len() > 1) {
        let pairs = below.chunks_exact(2).filter_map(|pair| match pair {
            [left, right] => Some(derive_node(left, right)),
            _ => None,
        });
        rows.push(pairs.collect());
    }
    rows
}

impl Frozen {
    /// Checks that a finding is in the manifest, word for word.
    pub fn check(&self, finding: &Finding, place: &Place) -> Result<(), NotListed> {
        check_inclusion(&leaf(finding), place.index, self.size, &place.path, &self.root).map_err(|_| NotListed)
    }

    /// How many of a grade.
    pub fn of_grade(&self, grade: Grade) -> u64 {
        self.by_grade.get(grade.index()).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::finding;
    use super::*;
    use proptest::prelude::*;
    use truebell_core::time::UnixMillis;

    fn manifest(count: u64) -> Manifest {
        Manifest::new((0..count).map(finding).collect()).unwrap()
    }

    proptest! {
        #[test]
        fn everybody_listed_is_proven_and_nobody_else(count in 1_u64..70, other in 0_u64..1_000) {
            let (manifest, frozen) = (manifest(count), manifest(count).frozen());
            for own in 0..count {
                let (found, place) = manifest.prove(finding(own).account).unwrap();
                prop_assert_eq!(frozen.check(&found, &place), Ok(()));
                let stranger = finding(count + other);
                prop_assert_eq!(frozen.check(&stranger, &place), Err(NotListed));
            }
            prop_assert!(manifest.prove(finding(count + other).account).is_none());
        }
    }

    #[test]
    fn one_changed_word_of_a_finding_is_another_finding() {
        let (manifest, frozen) = (manifest(33), manifest(33).frozen());
        let (found, place) = manifest.prove(finding(7).account).unwrap();
        let changes = [
            Finding { grade: Grade::E2, ..found },
            Finding { source: found.source + 1, ..found },
            Finding { stratum: found.stratum + 1, ..found },
            Finding { generation: finding(8).generation, ..found },
            Finding { found_at: UnixMillis(found.found_at.0 + 1), ..found },
            Finding { account: finding(8).account, ..found },
        ];
        for changed in changes {
            assert_eq!(frozen.check(&changed, &place), Err(NotListed), "{changed:?}");
        }
        let moved = Place { index: place.index ^ 1, ..place.clone() };
        assert_eq!(frozen.check(&found, &moved), Err(NotListed));
        let empty = Manifest::new(Vec::new()).unwrap().frozen();
        assert_eq!((empty.size, empty.check(&found, &place)), (0, Err(NotListed)), "and in an empty manifest is nobody");
    }

    #[test]
    fn the_order_of_findings_changes_nothing_and_an_account_counts_once() {
        let backwards = Manifest::new((0..100).rev().map(finding).collect()).unwrap();
        assert_eq!(backwards.frozen(), manifest(100).frozen());
        let twice = Manifest::new(vec![finding(1), Finding { grade: Grade::E3, ..finding(1) }]);
        assert_eq!(twice.unwrap_err(), BadManifest::Twice(finding(1).account));
    }
}
