//! Whom a signal is about (RFC 9493): the form a receiver gets, and the forms it may name somebody by.

use crate::address::Address;
use crate::ids::AccountId;
use serde::Deserialize;
use serde_json::{Value, json};

/// How a receiver is told whom a signal is about. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Subjects {
    /// By account id, as `iss_sub`.
    Account = 0,
    /// By account id, as `opaque`.
    Opaque = 1,
    /// By mail address.
    Email = 2,
}

impl Subjects {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Account, Self::Opaque, Self::Email];

    /// As operators type it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Opaque => "opaque",
            Self::Email => "email",
        }
    }

    /// From its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subjects| subjects.word() == word)
    }

    /// From its number.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|subjects| *subjects as u64 == number)
    }
}

/// Somebody as a receiver names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// By account id.
    Account(AccountId),
    /// By address.
    Email(Address),
    /// Well-formed, and nobody here: another issuer's, or no id of ours.
    Nobody,
}

/// Why a text names nobody that could be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASubject {
    /// A member is missing, or of the wrong type.
    #[error("The subject lacks a member that its format needs.")]
    Malformed,
    /// A format this server does not know people by.
    #[error("Name a subject by iss_sub, opaque or email: other formats are not known here.")]
    Format,
}

#[derive(Deserialize)]
struct Members {
    format: String,
    iss: Option<String>,
    sub: Option<String>,
    id: Option<String>,
    email: Option<String>,
}

impl Subject {
    /// Reads a subject identifier.
    pub fn read(value: &Value, issuer: &str) -> Result<Self, NotASubject> {
        let members = Members::deserialize(value).map_err(|_| NotASubject::Malformed)?;
        let account = |id: &str| id.parse().map_or(Self::Nobody, Self::Account);
        match members.format.as_str() {
            "iss_sub" => {
                let (iss, sub) = members.iss.zip(members.sub).ok_or(NotASubject::Malformed)?;
                Ok(if iss == issuer { account(&sub) } else { Self::Nobody })
            }
            "opaque" => Ok(account(&members.id.ok_or(NotASubject::Malformed)?)),
            "email" => Ok(Address::parse(&members.email.ok_or(NotASubject::Malformed)?).map_or(Self::Nobody, Self::Email)),
            _ => Err(NotASubject::Format),
        }
    }
}

/// An account as `sub_id`.
pub(super) fn write(subjects: Subjects, account: AccountId, address: &str, issuer: &str) -> Value {
    match subjects {
        Subjects::Account => json!({ "format": "iss_sub", "iss": issuer, "sub": account }),
        Subjects::Opaque => opaque(&account),
        Subjects::Email => json!({ "format": "email", "email": address }),
    }
}

/// An id of ours.
pub(super) fn opaque(id: &impl ToString) -> Value {
    json!({ "format": "opaque", "id": id.to_string() })
}
