//! The guards of a campaign, by name. All are on; tests and drills switch one off to see that it is the one that holds.

/// Something that stops harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// Two people approved it, and still may.
    Approval,
    /// Time to think again before the first stage.
    Hold,
    /// Only recipients of the approved manifest.
    Manifest,
    /// Only recipients of the open stage.
    Stage,
    /// Only under a lease that is alive, of the recipient's share.
    Lease,
    /// So many an hour, so many in all.
    Caps,
    /// Nothing after the plan's end.
    Expiry,
    /// Only while the account's verifier is the one the finding is about.
    Generation,
    /// The evidence holds when it is verified again, by the other implementation.
    Evidence,
    /// That implementation refuses what is false.
    Decoy,
    /// Each recipient once.
    Once,
    /// Only texts of the plan, each for what it says.
    Wording,
    /// Tracers are as they should be.
    Tracers,
    /// Rates are not too high.
    TooMany,
    /// Rates are not too low.
    TooFew,
    /// People do not complain, and mails arrive.
    Health,
    /// The site has room for people signing in.
    Load,
    /// No data is no success.
    Data,
    /// A drill's plan in drills, a live one live.
    World,
}

/// Which guards are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    off: Option<Guard>,
}

impl Guards {
    /// All of them.
    pub fn all() -> Self {
        Self::default()
    }

    /// All but one.
    #[cfg(any(test, feature = "unguarded"))]
    pub fn without(guard: Guard) -> Self {
        Self { off: Some(guard) }
    }

    /// Whether one is on.
    pub fn on(self, guard: Guard) -> bool {
        self.off != Some(guard)
    }
}
