//! Rows of the list that cannot be played yet, and the feature each waits for. They are listed everywhere and counted nowhere as passed.

/// A row that waits.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Its id.
    pub id: &'static str,
    /// The incident behind it.
    pub incident: &'static str,
    /// What it waits for.
    pub waits_for: &'static str,
}

/// All of them, by id.
pub const WAITING: &[Waiting] = &[
    Waiting {
        id: "FA-36",
        incident: "An identity provider was down or refused at a refresh; the session died after an hour.",
        waits_for: "sign-in through an identity provider",
    },
    Waiting {
        id: "FA-50",
        incident: "CI ran the command line afresh each time; a flood of new-device mails could not be turned off.",
        waits_for: "identities for machines",
    },
    Waiting {
        id: "FA-53",
        incident: "A risk flag was wrong: brand-new unique passwords were marked “at risk”, then all of them.",
        waits_for: "the report on the health of passwords",
    },
    Waiting {
        id: "FA-54",
        incident: "A breach service moved and answered 200 to everything; all passwords were marked as breached.",
        waits_for: "looking up exposed passwords",
    },
];
