//! Approval: what operators sign, and the receipt that enough of them did.
//!
//! A signature has a purpose of its own rather than being an act of the account's chain: an approval changes nothing about the operator's
//! own account, so it moves no chain, raises no notice, and cannot fail because another of their devices acted at the same moment.
//!
//! [`Approved`] is made by [`approve`] alone:
//!
//! ```
//! use truebell_engine::campaign::{Approved, NotApproved, Plan, Roster, approve};
//! # use truebell_core::time::UnixMillis;
//! fn read(plan: &Plan, roster: &Roster, now: UnixMillis) -> Result<Approved<Plan>, NotApproved> {
//!     approve(plan, 0, &[], roster, now)
//! }
//! ```
//! ```compile_fail,E0451
//! use truebell_engine::campaign::{Approved, Plan};
//! fn forge(plan: Plan) -> Approved<Plan> {
//!     Approved { value: plan, approvers: Vec::new() }
//! }
//! ```
//! ```compile_fail,E0277
//! use truebell_engine::campaign::{Approved, Plan};
//! fn forge(plan: Plan) -> Approved<Plan> {
//!     plan.into()
//! }
//! ```
//! ```compile_fail,E0594
//! use truebell_engine::campaign::{Approved, Plan};
//! // What was approved cannot be changed afterwards.
//! fn change(approved: &mut Approved<Plan>) {
//!     approved.hold_ms = 0;
//! }
//! ```

use super::{Plan, PlanId};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Deref;
use truebell_core::account::Unlocked;
use truebell_core::b64;
use truebell_core::cbor;
use truebell_core::ids::AccountId;
use truebell_core::sign::{PublicKey, Purpose, Signature};
use truebell_core::time::UnixMillis;

/// How many people besides the author.
pub(super) const APPROVERS_MIN: usize = 2;
/// By how much an operator's clock may be ahead, in ms.
const AHEAD_MS_MAX: u64 = 10 * 60_000;

/// What an operator says of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// Do it.
    #[n(0)]
    Approve,
    /// I take that back.
    #[n(1)]
    Withdraw,
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Statement {
    /// Of which plan.
    #[n(0)]
    pub plan: PlanId,
    /// 0, and one more after each stop: what was stopped is approved anew.
    #[n(1)]
    pub round: u32,
    /// Whose word it is.
    #[n(2)]
    pub operator: AccountId,
    /// When, by their device's clock.
    #[n(3)]
    pub at: UnixMillis,
    /// What they say.
    #[n(4)]
    pub says: Says,
}

/// A statement as it travels: the bytes that were signed are never written again.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct SignedStatement {
    /// The statement in CBOR.
    #[cbor(n(0), with = "minicbor::bytes")]
    #[serde(with = "as_base64url")]
    pub bytes: Vec<u8>,
    /// The account key's.
    #[n(1)]
    pub signature: Signature,
}

mod as_base64url {
    use super::b64;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        b64::Bytes(bytes.to_vec()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        b64::Bytes::deserialize(deserializer).map(|bytes| bytes.0)
    }
}

impl SignedStatement {
    /// Signs on the operator's device.
    pub fn sign(statement: &Statement, keys: &Unlocked) -> Self {
        let bytes = cbor::to_vec(statement);
        Self { signature: keys.sign(Purpose::Approval, &bytes), bytes }
    }

    /// What it says, if the named operator signed it with the key the roster has. `None` otherwise.
    pub fn verify(&self, roster: &Roster) -> Option<Statement> {
        let statement: Statement = cbor::from_slice(&self.bytes).ok()?;
        let operator = roster.0.get(&statement.operator)?;
        operator.key.verify(Purpose::Approval, &self.bytes, &self.signature).ok()?;
        Some(statement)
    }
}

/// Somebody who may approve, stop and retract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Their account's signing key.
    pub key: PublicKey,
}

/// Who the operators are at this moment. Whoever left is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roster(pub BTreeMap<AccountId, Operator>);

impl Roster {
    /// Whether somebody is an operator.
    pub fn has(&self, operator: AccountId) -> bool {
        self.0.contains_key(&operator)
    }
}

/// Why a plan is not approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum NotApproved {
    /// Too few valid approvals.
    #[error("the plan has {valid} of the two approvals it needs: ask operators other than its author to run “truebell campaign approve”")]
    TooFew {
        /// How many there are.
        valid: usize,
    },
    /// The plan is over.
    #[error("the plan is past its end: draw it up anew")]
    Expired,
}

/// Proof that two operators other than its author approved this, for whoever asks while they still are operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved<T> {
    value: T,
    approvers: Vec<(AccountId, PublicKey)>,
}

impl<T> Deref for Approved<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Approved<T> {
    /// Who approved it.
    pub fn approvers(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.approvers.iter().map(|(operator, _)| *operator)
    }
}

impl Approved<Plan> {
    /// Whether it still holds now: the plan is not over, and two of those who approved are operators with the same key.
    pub fn still_holds(&self, roster: &Roster, now: UnixMillis) -> Result<(), NotApproved> {
        let valid = self.approvers.iter().filter(|(operator, key)| roster.0.get(operator).is_some_and(|known| known.key == *key)).count();
        if now >= self.value.expires {
            Err(NotApproved::Expired)
        } else if valid < APPROVERS_MIN {
            Err(NotApproved::TooFew { valid })
        } else {
            Ok(())
        }
    }
}

/// The only way to an approved plan.
pub fn approve(plan: &Plan, round: u32, said: &[SignedStatement], roster: &Roster, now: UnixMillis) -> Result<Approved<Plan>, NotApproved> {
    if now >= plan.expires {
        return Err(NotApproved::Expired);
    }
    let approvers = approvers(plan, round, said, roster, now);
    if approvers.len() < APPROVERS_MIN {
        return Err(NotApproved::TooFew { valid: approvers.len() });
    }
    Ok(Approved { value: plan.clone(), approvers })
}

/// Those whose word counts: one for each key, so that one person with two accounts is one.
pub(super) fn approvers(
    plan: &Plan,
    round: u32,
    said: &[SignedStatement],
    roster: &Roster,
    now: UnixMillis,
) -> Vec<(AccountId, PublicKey)> {
    let id = plan.derive_id();
    let latest_at = UnixMillis(now.0.saturating_add(AHEAD_MS_MAX));
    let author_key = roster.0.get(&plan.author).map(|author| author.key);
    // Each operator's last word. At the same moment, a withdrawal is the last.
    let mut last: BTreeMap<AccountId, Statement> = BTreeMap::new();
    for statement in said.iter().filter_map(|signed| signed.verify(roster)) {
        let withdraws = statement.says == Says::Withdraw;
        let counts = statement.plan == id
            && (withdraws
                || (statement.round == round && (plan.made_at..plan.expires).contains(&statement.at) && statement.at <= latest_at));
        let is_later = last.get(&statement.operator).is_none_or(|known| statement.at > known.at || (statement.at == known.at && withdraws));
        if counts && is_later {
            last.insert(statement.operator, statement);
        }
    }
    let mut by_key = BTreeMap::new();
    for statement in last.into_values().filter(|statement| statement.says == Says::Approve && statement.operator != plan.author) {
        if let Some(operator) = roster.0.get(&statement.operator).filter(|operator| Some(operator.key) != author_key) {
            by_key.entry(operator.key).or_insert(statement.operator);
        }
    }
    by_key.into_iter().map(|(key, operator)| (operator, key)).collect()
}

#[cfg(test)]
mod tests;
