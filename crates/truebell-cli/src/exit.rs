//! How a command ends: the closed list of codes, and the failure every command reports. Never here: a sentence of one command.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::process::ExitCode;

/// Why a command did not do what was asked. Each has a number for shells and a word for programs (`docs/cli.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Anything without a code of its own.
    Failed,
    /// The command was written wrongly.
    Usage,
    /// Nothing has this name or id.
    NotFound,
    /// More than one thing has this name.
    Ambiguous,
    /// The account password is needed and nobody could give it.
    Locked,
    /// These details do not open this account here.
    WrongDetails,
    /// Our server could not be reached, is busy, or somebody else answered.
    Offline,
    /// The server refused this request.
    Refused,
    /// Data on this device is damaged.
    Damaged,
    /// A file given to the command is damaged or foreign.
    BadFile,
    /// The person said no.
    Declined,
    /// This profile is in use already, or has no account yet.
    Profile,
    /// What was asked about is exposed.
    Exposed,
    /// What was looked at should be changed.
    Findings,
    /// A machine token is none, or its machine has no access.
    Token,
}

/// Number, word and meaning of each code, in the order of the manual.
pub const CODES: &[(Code, u8, &str, &str)] = &[
    (Code::Failed, 1, "failed", "It did not work; the sentence on standard error says why."),
    (Code::Usage, 2, "usage", "The command was written wrongly, or lacks something."),
    (Code::NotFound, 3, "not-found", "No item, field, vault, device, session or notice has this name or id."),
    (Code::Ambiguous, 3, "ambiguous", "More than one has this name; the candidates are listed with their ids."),
    (Code::Locked, 4, "locked", "The account password is needed and could not be asked for."),
    (Code::WrongDetails, 5, "wrong-details", "These details do not open this account here."),
    (Code::Offline, 6, "offline", "The server was not reached, is busy, or somebody else answered in its place."),
    (Code::Refused, 7, "refused", "The server refused this one request."),
    (Code::Damaged, 8, "damaged", "Data kept on this device is damaged."),
    (Code::BadFile, 9, "bad-file", "A file given to the command is damaged, foreign or of another kind."),
    (Code::Declined, 10, "declined", "A question was answered with no; nothing was changed."),
    (Code::Profile, 11, "profile", "This profile has no account yet, or has one already."),
    (Code::Exposed, 12, "exposed", "It worked, and something that was checked is exposed."),
    (Code::Findings, 13, "findings", "It worked, and something that was looked at should be changed."),
    (Code::Token, 14, "token", "The machine token is damaged, or its machine has no access any more."),
];

impl Code {
    /// The exit status.
    pub fn number(self) -> u8 {
        CODES.iter().find(|row| row.0 == self).map_or(1, |row| row.1)
    }

    /// The word programs go by.
    pub fn word(self) -> &'static str {
        CODES.iter().find(|row| row.0 == self).map_or("failed", |row| row.2)
    }
}

/// One of several things a name may mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its title and what tells it from the others.
    pub title: String,
}

/// What went wrong, for people and programs: what happened, what to do now. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// One sentence or two.
    pub message: String,
    /// What an ambiguous name may mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// The result of a command or of a part of one.
pub type Answered<T = ()> = Result<T, Failure>;

impl Failure {
    /// With a code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), candidates: Vec::new() }
    }

    /// A plain failure.
    pub fn plain(message: impl Into<String>) -> Self {
        Self::new(Code::Failed, message)
    }

    /// The command was written wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Nothing has this name.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// A file or stream could not be read or written: what was attempted, and what the system says.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::plain(format!("{what}: {}.", describe_io(error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The system's words without its error number.
pub fn describe_io(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".into(),
        ErrorKind::AlreadyExists => "it exists already".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::InvalidData => "it is not valid text".into(),
        _ => {
            let words = error.to_string();
            let words = words.split(" (os error").next().unwrap_or_default();
            let mut letters = words.chars();
            letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
        }
    }
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Ok,
    /// It failed.
    Failed(Code),
    /// With the status of a child (`run`).
    Child(u8),
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Ok => Self::SUCCESS,
            Ending::Failed(code) => Self::from(code.number()),
            Ending::Child(status) => Self::from(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_word_and_it_is_the_word_of_its_json() {
        for (code, number, word, _) in CODES {
            assert_eq!(code.word(), *word);
            assert_eq!(code.number(), *number);
            assert_eq!(serde_json::to_value(code).unwrap(), *word);
        }
    }

    #[test]
    fn the_manual_lists_each_code_as_it_is() {
        let manual = include_str!("../../../docs/cli.md");
        for (_, number, word, meaning) in CODES {
            let row = format!("| {number} | `{word}` | {meaning} |");
            assert!(manual.contains(&row), "docs/cli.md lacks this row:\n{row}");
        }
    }
}
