//! What is proven about an account, what may be done on the strength of it, and what may be said of it. Words follow the grade: a text can
//! hold the claims of [`claims`] and no others.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// How strong the evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
pub enum Grade {
    /// This address with this password, and it verifies against the current verifier.
    #[n(1)]
    E1,
    /// An address linked to the same person, and it verifies.
    #[n(2)]
    E2,
    /// The password is exposed with other people's addresses.
    #[n(3)]
    E3,
    /// The address is exposed; the password is not known to match.
    #[n(4)]
    E4,
}

impl Grade {
    /// All of them, the strongest first.
    pub const ALL: [Self; 4] = [Self::E1, Self::E2, Self::E3, Self::E4];

    /// Its place among the four.
    pub fn index(self) -> usize {
        match self {
            Self::E1 => 0,
            Self::E2 => 1,
            Self::E3 => 2,
            Self::E4 => 3,
        }
    }

    /// Whether the evidence is enough for this: a password is reset on E1, and by policy on E2; nobody is made to do anything on E4, which
    /// proves nothing about their password (NIST SP 800-63B-4: force a change on evidence of compromise, never otherwise).
    pub fn carries(self, action: Action) -> bool {
        match action {
            Action::Leave | Action::Tell => true,
            Action::Enforce => self != Self::E4,
            Action::Reset => matches!(self, Self::E1 | Self::E2),
        }
    }
}

/// What is done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    #[n(0)]
    Leave,
    /// A new password is asked for at the next sign-in; no mail.
    #[n(1)]
    Enforce,
    /// A mail; nothing is changed.
    #[n(2)]
    Tell,
    /// The password stops working, reversibly, and a mail says so.
    #[n(3)]
    Reset,
}

impl Action {
    /// Whether a mail goes out.
    pub fn mails(self) -> bool {
        matches!(self, Self::Tell | Self::Reset)
    }
}

/// A statement of fact that a text may make. Each is one sentence of the program's in each language; texts hold its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Your address is in the list.
    AddressListed,
    /// Another address of yours is.
    LinkedAddressListed,
    /// Your present password is in it.
    PasswordListed,
    /// It stands beside that address.
    PasswordBesideAddress,
    /// Your password no longer opens your account.
    PasswordReset,
    /// You will be asked for a new one when you sign in.
    ChangeAsked,
    /// An earlier notice was wrong.
    Mistake,
    /// Your old password works again.
    PasswordBack,
}

impl Claim {
    const ALL: [Self; 8] = [
        Self::AddressListed,
        Self::LinkedAddressListed,
        Self::PasswordListed,
        Self::PasswordBesideAddress,
        Self::PasswordReset,
        Self::ChangeAsked,
        Self::Mistake,
        Self::PasswordBack,
    ];

    /// Its name in a text.
    pub fn word(self) -> &'static str {
        match self {
            Self::AddressListed => "address-listed",
            Self::LinkedAddressListed => "linked-address-listed",
            Self::PasswordListed => "password-listed",
            Self::PasswordBesideAddress => "password-beside-address",
            Self::PasswordReset => "password-reset",
            Self::ChangeAsked => "change-asked",
            Self::Mistake => "mistake",
            Self::PasswordBack => "password-back",
        }
    }

    /// By its name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.word() == word)
    }
}

/// The closed set of what an alarm of this grade, with this action, may claim.
pub fn claims(grade: Grade, action: Action) -> Vec<Claim> {
    let proven: &[Claim] = match grade {
        Grade::E1 => &[Claim::AddressListed, Claim::PasswordListed, Claim::PasswordBesideAddress],
        Grade::E2 => &[Claim::LinkedAddressListed, Claim::PasswordListed, Claim::PasswordBesideAddress],
        Grade::E3 => &[Claim::PasswordListed],
        Grade::E4 => &[Claim::AddressListed],
    };
    let done: &[Claim] = match action {
        Action::Reset => &[Claim::PasswordReset],
        Action::Enforce => &[Claim::ChangeAsked],
        Action::Leave | Action::Tell => &[],
    };
    if grade.carries(action) { [proven, done].concat() } else { Vec::new() }
}

/// What a retraction may claim.
pub(super) const RETRACTION_CLAIMS: &[Claim] = &[Claim::Mistake, Claim::PasswordBack];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_said_follows_from_what_is_proven_and_done() {
        let mut table = String::new();
        for grade in Grade::ALL {
            for action in [Action::Leave, Action::Enforce, Action::Tell, Action::Reset] {
                let words: Vec<_> = claims(grade, action).into_iter().map(Claim::word).collect();
                table += &format!("{grade:?} {action:?}: {}\n", if words.is_empty() { "nothing".into() } else { words.join(" ") });
            }
        }
        insta::assert_snapshot!(table, @r"
        E1 Leave: address-listed password-listed password-beside-address
        E1 Enforce: address-listed password-listed password-beside-address change-asked
        E1 Tell: address-listed password-listed password-beside-address
        E1 Reset: address-listed password-listed password-beside-address password-reset
        E2 Leave: linked-address-listed password-listed password-beside-address
        E2 Enforce: linked-address-listed password-listed password-beside-address change-asked
        E2 Tell: linked-address-listed password-listed password-beside-address
        E2 Reset: linked-address-listed password-listed password-beside-address password-reset
        E3 Leave: password-listed
        E3 Enforce: password-listed change-asked
        E3 Tell: password-listed
        E3 Reset: nothing
        E4 Leave: address-listed
        E4 Enforce: nothing
        E4 Tell: address-listed
        E4 Reset: nothing
        ");
    }

    #[test]
    fn a_claim_is_read_by_its_own_name_only() {
        for claim in Claim::ALL {
            assert_eq!(Claim::parse(claim.word()), Some(claim));
        }
        assert_eq!(Claim::parse("password-stolen"), None);
    }

    #[test]
    fn an_address_alone_and_other_peoples_addresses_reset_nothing() {
        let may: Vec<_> = Grade::ALL.into_iter().filter(|grade| grade.carries(Action::Reset)).collect();
        assert_eq!(may, [Grade::E1, Grade::E2]);
        assert!(!Grade::E4.carries(Action::Enforce) && Grade::E3.carries(Action::Enforce));
    }
}
