//! Why a file was not imported: one sentence each, with the line or record, and what to do now.

use super::Source;

/// Why a file was not imported. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// None of the formats.
    #[error("this file is not an export that Truebell can read; export it from your password manager as JSON, 1PUX, KDBX or CSV")]
    Unknown,
    /// It is an export, but not of the manager named.
    #[error("this is not {article} {source_name} file: {reason}", article = .0.article(), source_name = .0.name(), reason = .1)]
    Foreign(Source, String),
    /// It is of the manager named, but broken.
    #[error("this {source_name} file is damaged at {place}: {reason}; nothing was imported, please export it again", source_name = .source_format.name())]
    Damaged {
        /// Whose format.
        source_format: Source,
        /// The line or record.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// Not UTF-8.
    #[error("line {line} is not UTF-8 text; save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\") and import it again")]
    NotUtf8 {
        /// The first line that is not, counted from 1.
        line: u64,
    },
    /// It is locked and no password was given.
    #[error("this {} file is locked; give the password it was exported with", .0.name())]
    NeedsPassword(Source),
    /// The password (or the key file) does not open it.
    #[error("this password does not open the {} file{}", .0.name(), if *.0 == Source::KeePass { "; if it also needs a key file, give that too (one that needs a hardware key cannot be imported)" } else { "" })]
    WrongPassword(Source),
    /// Locked with an account's own key.
    #[error(
        "this Bitwarden export is restricted to the account it came from and cannot be opened elsewhere; export again as \".json\", or as \".json (Encrypted)\" with the type \"Password protected\""
    )]
    AccountRestricted,
    /// Locked in a way we do not open.
    #[error("this {} export is locked with PGP; export it again without encryption", .0.name())]
    Pgp(Source),
    /// Bigger than we unpack.
    #[error("{what} is bigger than {limit}; nothing was imported")]
    TooBig {
        /// What is.
        what: String,
        /// How big it may be.
        limit: &'static str,
    },
    /// Its key derivation asks for more than we give.
    #[error("this {} file asks for more memory or time to unlock than Truebell spends; lower its key derivation settings and save it again", .0.name())]
    TooCostly(Source),
    /// A newer or older version of a format.
    #[error("this {} file has version {version}, which this Truebell cannot read; {hint}", .source_format.name())]
    Version {
        /// Whose format.
        source_format: Source,
        /// The version as the file tells it.
        version: String,
        /// What to do now.
        hint: &'static str,
    },
}

impl ImportError {
    /// Broken at a place.
    pub(crate) fn damaged(source_format: Source, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Damaged { source_format, place: place.into(), reason: reason.into() }
    }

    /// Broken JSON: where, without quoting any of it.
    pub(crate) fn json(source_format: Source, error: &serde_json::Error) -> Self {
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "the text ends too early",
            serde_json::error::Category::Data => "the data has another shape than expected",
            _ => "it is not valid JSON",
        };
        Self::damaged(source_format, format!("line {}, column {}", error.line(), error.column()), reason)
    }
}
