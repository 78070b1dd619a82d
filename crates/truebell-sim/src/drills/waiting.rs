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
pub const WAITING: &[Waiting] = &[Waiting {
    id: "FA-36",
    incident: "An identity provider was down or refused at a refresh; the session died after an hour.",
    waits_for: "sign-in through an identity provider",
}];
