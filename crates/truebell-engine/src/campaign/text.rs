//! The texts of a plan: words, and places that are filled in. A text states facts by naming claims, which only its grade can allow; it has
//! one link, which is filled in, and a way without it.

use super::Claim;
use minicbor::{Decode, Encode};
use truebell_core::cbor;
use truebell_core::hash::Hash32;

/// One mail's words.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Text {
    /// Its subject.
    #[n(0)]
    pub subject: String,
    /// Complete in itself.
    #[n(1)]
    pub plain: String,
    /// The same for programs that show HTML.
    #[n(2)]
    pub html: String,
}

/// What is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The site's name.
    Site,
    /// The list's name.
    List,
    /// The list's date.
    ListDate,
    /// The one link, on the site's own domain.
    Link,
    /// The check code.
    Code,
    /// What to do without following a link.
    WithoutLink,
    /// A statement of fact.
    Claim(Claim),
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// A brace that begins no placeholder.
    #[error("“{0}” is nothing that can be filled in: use one of the placeholders of docs/formats/plan.md")]
    Unknown(String),
    /// It claims too much.
    #[error("the text claims “{0}”, which its evidence and action do not prove: take the claim out")]
    Unproven(&'static str),
    /// A necessary part is not there.
    #[error("the text lacks {0}: put it in the plain text and in the HTML")]
    Lacks(&'static str),
    /// A link, a picture or a script.
    #[error("the text holds “{0}”: its one link is {{link}}, and nothing in it may be loaded from elsewhere")]
    Foreign(&'static str),
    /// Nothing is written there.
    #[error("a subject, a plain text and HTML are needed, and one of them is empty")]
    Empty,
}

/// What no text may hold, in lower case: addresses that are not `{link}`, and what a mail program would load or run.
const FOREIGN: &[&str] = &[
    "://",
    "www.",
    "src=",
    "srcset=",
    "url(",
    "<script",
    "<iframe",
    "<form",
    "<link",
    "<base",
    "<object",
    "<meta",
    "mailto:",
    "unsubscribe",
];

impl Text {
    /// What a wording names.
    pub fn derive_digest(&self) -> Hash32 {
        Hash32::derive_labelled("truebell text v1", &[&cbor::to_vec(self)])
    }

    /// Checks it against the closed set of what it may claim.
    pub fn check(&self, allowed: &[Claim]) -> Result<(), BadText> {
        if [&self.subject, &self.plain, &self.html].iter().any(|part| part.trim().is_empty()) {
            return Err(BadText::Empty);
        }
        for part in [&self.subject, &self.plain, &self.html] {
            let beyond = placeholders(part)?.into_iter().find_map(|found| match found {
                Placeholder::Claim(claim) if !allowed.contains(&claim) => Some(claim),
                _ => None,
            });
            if let Some(claim) = beyond {
                return Err(BadText::Unproven(claim.word()));
            }
            let lower = part.to_lowercase();
            if let Some(foreign) = FOREIGN.iter().find(|foreign| lower.contains(**foreign)) {
                return Err(BadText::Foreign(foreign));
            }
        }
        if links_elsewhere(&self.html) {
            return Err(BadText::Foreign("href="));
        }
        for part in [&self.plain, &self.html] {
            let found = placeholders(part)?;
            for (needed, name) in [
                (Placeholder::Site, "{site}"),
                (Placeholder::Link, "{link}"),
                (Placeholder::Code, "{code}"),
                (Placeholder::WithoutLink, "{without-link}"),
            ] {
                if !found.contains(&needed) {
                    return Err(BadText::Lacks(name));
                }
            }
        }
        let says = placeholders(&self.plain)?;
        if says.iter().any(|found| matches!(found, Placeholder::Claim(_))) { Ok(()) } else { Err(BadText::Lacks("a claim")) }
    }
}

/// Whether an attribute leads somewhere but to the one link.
fn links_elsewhere(html: &str) -> bool {
    let lower = html.to_lowercase();
    lower.match_indices("href").any(|(at, _)| {
        let rest = lower.get(at + 4..).unwrap_or_default().trim_start();
        !rest.starts_with("=\"{link}\"")
    })
}

/// All placeholders of a text, in order.
pub(super) fn placeholders(text: &str) -> Result<Vec<Placeholder>, BadText> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if before.contains('}') {
            return Err(BadText::Unknown("}".into()));
        }
        let (name, below) = after.split_once('}').ok_or_else(|| BadText::Unknown("{".into()))?;
        found.push(placeholder(name).ok_or_else(|| BadText::Unknown(format!("{{{name}}}")))?);
        rest = below;
    }
    if rest.contains('}') { Err(BadText::Unknown("}".into())) } else { Ok(found) }
}

fn placeholder(name: &str) -> Option<Placeholder> {
    Some(match name {
        "site" => Placeholder::Site,
        "list" => Placeholder::List,
        "list-date" => Placeholder::ListDate,
        "link" => Placeholder::Link,
        "code" => Placeholder::Code,
        "without-link" => Placeholder::WithoutLink,
        other => Placeholder::Claim(Claim::parse(other.strip_prefix("claim:")?)?),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::alarm;
    use super::super::{Action, Grade, claims};
    use super::*;

    #[test]
    fn a_text_may_say_what_its_grade_proves_and_no_more() {
        let text = alarm("password-beside-address");
        for grade in Grade::ALL {
            let may = matches!(grade, Grade::E1 | Grade::E2);
            assert_eq!(text.check(&claims(grade, Action::Tell)).is_ok(), may, "{grade:?}");
        }
        let reset = alarm("password-reset");
        assert_eq!(reset.check(&claims(Grade::E1, Action::Reset)), Ok(()));
        assert_eq!(reset.check(&claims(Grade::E1, Action::Tell)), Err(BadText::Unproven("password-reset")));
    }

    #[test]
    fn a_text_has_one_link_a_code_and_a_way_without_the_link() {
        let good = alarm("password-listed");
        let with = |change: &dyn Fn(&mut Text)| {
            let mut text = good.clone();
            change(&mut text);
            text.check(&claims(Grade::E1, Action::Reset)).unwrap_err()
        };
        let cases = [
            (with(&|text| text.plain = text.plain.replace("{code}", "")), BadText::Lacks("{code}")),
            (with(&|text| text.html = text.html.replace("{without-link}", "")), BadText::Lacks("{without-link}")),
            (with(&|text| text.plain = text.plain.replace("{claim:password-listed}", "")), BadText::Lacks("a claim")),
            (with(&|text| text.plain += " https://tracker.example/x"), BadText::Foreign("://")),
            (with(&|text| text.plain += " see WWW.shop.example"), BadText::Foreign("www.")),
            (with(&|text| text.html += r#"<img src="x.gif">"#), BadText::Foreign("src=")),
            (with(&|text| text.html += r#"<a href="/sale">sale</a>"#), BadText::Foreign("href=")),
            (with(&|text| text.html += r#"<a href='//evil.example'>x</a>"#), BadText::Foreign("href=")),
            (with(&|text| text.html += r#"<a HREF = "{link}x">x</a>"#), BadText::Foreign("href=")),
            (with(&|text| text.plain += " {name}"), BadText::Unknown("{name}".into())),
            (with(&|text| text.plain += " {claim:hacked}"), BadText::Unknown("{claim:hacked}".into())),
            (with(&|text| text.plain += " }"), BadText::Unknown("}".into())),
            (with(&|text| text.plain += " {"), BadText::Unknown("{".into())),
            (with(&|text| text.subject = " ".into()), BadText::Empty),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }
}
