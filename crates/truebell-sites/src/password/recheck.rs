//! The second look, just before harm is done: another implementation must say yes, and must say no to a password that is almost the same.
//!
//! Law 5, closed on harm: whatever is not a clear yes is a no, and what no sound program could say stops the campaign.

use zeroize::Zeroizing;

use super::generation::Generation;
use super::verifier::{Implementation, Limit, Verdict, Verifier};

/// A finding whose evidence was looked at again. [`recheck`] alone makes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rechecked<T> {
    finding: T,
    generation: Generation,
}

impl<T> Rechecked<T> {
    /// The finding itself.
    pub fn finding(&self) -> &T {
        &self.finding
    }

    /// The verifier it holds for. A reset names it in its condition and changes nothing when another stands there by now.
    pub fn generation(&self) -> Generation {
        self.generation
    }
}

/// Why a finding may not be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRechecked {
    /// The two implementations contradict each other on this password and this verifier.
    #[error("the two implementations disagree about a password: one of them is wrong, so the campaign stops; report the format")]
    Disagreement,
    /// A password that nobody has matched too.
    #[error("a made-up password matched as well: checking is broken, so the campaign stops")]
    DecoyMatched,
    /// Both say that it is not the password (any more).
    #[error("the password is not, or no longer, this account's")]
    Differs,
    /// A match would prove less than the whole password.
    #[error("there is no evidence: {0}")]
    NotEvidence(Limit),
}

impl NotRechecked {
    /// Whether the fault is in checking itself, so that no other finding can be believed either.
    pub fn stops_campaign(self) -> bool {
        matches!(self, Self::Disagreement | Self::DecoyMatched)
    }
}

/// Verifies a finding's evidence again: the second implementation must match the candidate, and must not match the same candidate with its
/// last letter changed. Where it does not match, the first is asked as well, to tell a changed password from a fault.
///
/// Costs two or three checks.
pub fn recheck<T>(finding: T, verifier: &Verifier, candidate: &[u8]) -> Result<Rechecked<T>, NotRechecked> {
    look_again(candidate, |candidate, by| verifier.check(candidate, by))?;
    Ok(Rechecked { finding, generation: verifier.generation() })
}

fn look_again(candidate: &[u8], check: impl Fn(&[u8], Implementation) -> Verdict) -> Result<(), NotRechecked> {
    match check(candidate, Implementation::Second) {
        Verdict::Matches => {}
        Verdict::NotEvidence { why } => return Err(NotRechecked::NotEvidence(why)),
        Verdict::Differs => {
            let first = check(candidate, Implementation::First);
            return Err(if first == Verdict::Matches { NotRechecked::Disagreement } else { NotRechecked::Differs });
        }
    }
    match check(&derive_decoy(candidate), Implementation::Second) {
        Verdict::Differs => Ok(()),
        Verdict::Matches => Err(NotRechecked::DecoyMatched),
        Verdict::NotEvidence { why } => Err(NotRechecked::NotEvidence(why)),
    }
}

/// The candidate with another last byte: as long, as readable, and neither NUL nor a change of case, which some sites overlook.
fn derive_decoy(candidate: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoy = Zeroizing::new(candidate.to_vec());
    if let Some(last) = decoy.last_mut() {
        *last = match *last {
            b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => *last + 1,
            b'9' => b'0',
            b'z' => b'a',
            b'Z' => b'A',
            // The last byte of a letter beyond ASCII; its neighbour is often the same letter in the other case.
            0x80..=0xbd => *last + 2,
            0xbe => 0x80,
            0xbf => 0x81,
            _ => b'0',
        };
    }
    decoy
}

#[cfg(test)]
mod tests {
    use super::*;
    use Implementation::{First, Second};

    /// The true password of these tests.
    const TRUE: &[u8] = b"summer9";

    fn judged(is_match: bool) -> Verdict {
        if is_match { Verdict::Matches } else { Verdict::Differs }
    }

    #[test]
    fn a_sound_check_of_the_true_password_passes() {
        assert_eq!(look_again(TRUE, |candidate, _| judged(candidate == TRUE)), Ok(()));
    }

    #[test]
    fn what_is_not_clear_stops_and_says_whether_checking_itself_is_broken() {
        type Check = fn(&[u8], Implementation) -> Verdict;
        let limit = Verdict::NotEvidence { why: Limit::NulByte };
        let cases: [(&str, Check, NotRechecked, bool); 5] = [
            ("everything matches (D2)", |_, _| Verdict::Matches, NotRechecked::DecoyMatched, true),
            ("only the first says yes", |_, by| judged(by == First), NotRechecked::Disagreement, true),
            ("the password was changed", |_, _| Verdict::Differs, NotRechecked::Differs, false),
            ("no evidence", |_, _| Verdict::NotEvidence { why: Limit::NulByte }, NotRechecked::NotEvidence(Limit::NulByte), false),
            (
                "the first cannot say and the second says no",
                |_, by| if by == Second { Verdict::Differs } else { Verdict::NotEvidence { why: Limit::NotComputed } },
                NotRechecked::Differs,
                false,
            ),
        ];
        for (name, check, expected, stops) in cases {
            assert_eq!(look_again(TRUE, check), Err(expected), "{name}");
            assert_eq!(expected.stops_campaign(), stops, "{name}");
        }
        let decoy_only = |candidate: &[u8], _| if candidate == TRUE { Verdict::Matches } else { limit };
        assert_eq!(
            look_again(TRUE, decoy_only),
            Err(NotRechecked::NotEvidence(Limit::NulByte)),
            "a decoy that says nothing proves nothing"
        );
    }

    #[test]
    fn a_decoy_differs_in_its_last_letter_and_stays_text() {
        for text in ["a", "Z", "9", "x!", "ü", "ÿ", "日本", "Ā", "pass word ", "\u{1f600}", "\u{bf}"] {
            let decoy = derive_decoy(text.as_bytes());
            let decoy = std::str::from_utf8(&decoy).expect(text);
            assert_eq!(decoy.len(), text.len());
            assert_ne!(decoy.to_lowercase(), text.to_lowercase());
            assert!(!decoy.contains('\0'));
        }
        for last in 0..=255_u8 {
            let decoy = derive_decoy(&[b'x', last]);
            assert_ne!(decoy[1], last);
            assert_ne!(decoy[1], 0);
        }
    }
}
