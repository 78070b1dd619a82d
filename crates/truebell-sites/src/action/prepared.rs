//! An account that was read to be reset, and the proof that it may be.

use crate::password::{Generation, Rechecked, Stored};
use crate::source::{Account, Held, State};

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// An account in use, with a password.
    Account(Box<Prepared>),
    /// One that is not: switched off, deleted, or without a password of this site. Never reset.
    NotInUse(State),
    /// There is no such account.
    Gone,
}

/// An account with the verifier it had when it was read. Its `Debug` shows nothing of the person.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    account: Account,
    held: Held,
    generation: Generation,
}

/// An account whose exposed password was verified again against what it held a moment ago.
#[derive(Debug, PartialEq, Eq)]
pub struct Proven(Prepared);

impl Found {
    /// Of an account that was read a moment ago, where a [`Webhook`](super::Webhook) acts.
    pub fn of(account: Account) -> Self {
        match (account.state, account.held.clone(), account.generation) {
            (State::Active, Some(held), Some(generation)) => Self::Account(Box::new(Prepared { account, held, generation })),
            (State::Active, ..) => Self::NotInUse(State::SsoOnly),
            (state, ..) => Self::NotInUse(state),
        }
    }
}

impl Prepared {
    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What has to be sealed and written down before the reset, to undo it with.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// As the verifier is parsed, to be verified again.
    pub fn stored(&self) -> Stored<'_> {
        self.held.stored(self.account.user.as_deref())
    }

    /// Which password this is.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// With a finding that was verified again. `None` where that was against another verifier: then the account is to be left alone.
    pub fn prove<T>(self, finding: &Rechecked<T>) -> Option<Proven> {
        (finding.generation() == self.generation).then_some(Proven(self))
    }
}

impl Proven {
    /// The account.
    pub fn account(&self) -> &Account {
        self.0.account()
    }

    /// Which password it is.
    pub fn generation(&self) -> Generation {
        self.0.generation
    }

    /// The verifier that the reset replaces, and nothing else.
    pub fn held(&self) -> &Held {
        self.0.held()
    }
}
