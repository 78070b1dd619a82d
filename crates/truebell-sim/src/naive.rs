//! A client as many were: it believes statuses. It hears every answer that the real client hears, and says what such a client would say.
//!
//! None of this is invented: each sentence and each rule was seen in a shipping password manager (`docs/simulation.md` names the rows).

use crate::site::Answer;
use truebell_core::outcome::Failure;

/// What a naive client would tell its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// "Your session has expired / you were signed out."
    SignedOut,
    /// "Your Secret Key or password was recently changed."
    PasswordChanged,
    /// "Your account was deleted." And it deletes its data.
    AccountGone,
    /// An empty vault, as if it were true.
    VaultEmpty,
}

impl Alarm {
    /// In words.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "You have been signed out: your session has expired.",
            Self::PasswordChanged => "Your Secret Key or password was recently changed.",
            Self::AccountGone => "Your account does not exist any more.",
            Self::VaultEmpty => "Your vault is empty.",
        }
    }
}

/// One naive client, beside one real one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Naive {
    /// What it said last; it says the same again only after something went well in between.
    said: Option<Alarm>,
}

impl Naive {
    /// Hears what came back; `Some` if it raises an alarm now.
    pub(crate) fn hear(&mut self, path: &str, heard: Result<&Answer, Failure>) -> Option<Alarm> {
        let alarm = heard.ok().and_then(|answer| conclude(path, answer));
        if alarm.is_none() && heard.is_ok_and(|answer| (200..300).contains(&answer.status)) {
            self.said = None;
        }
        let new = alarm.filter(|alarm| self.said != Some(*alarm));
        self.said = alarm.or(self.said);
        new
    }
}

fn conclude(path: &str, answer: &Answer) -> Option<Alarm> {
    let signing_in = path.starts_with("/v1/sign-in") || path.starts_with("/v1/sessions");
    let body = String::from_utf8_lossy(&answer.body);
    let is_page = answer.content_type.as_deref().is_some_and(|kind| kind.contains("html"));
    match answer.status {
        // FA-01, FA-02: any refused sign-in means that the details are not the right ones any more.
        401 | 403 | 400 | 429 if signing_in => Some(Alarm::PasswordChanged),
        // FA-09 to FA-11, FA-17, FA-23: 401 and 403 end the session. FA-14, FA-30: and any 400 of a refresh.
        401 | 403 => Some(Alarm::SignedOut),
        400 if body.contains("invalid") => Some(Alarm::SignedOut),
        // FA-43: an account that is not found was deleted.
        404 | 410 => Some(Alarm::AccountGone),
        // FA-13, FA-55: a redirect or a page where an answer should be is the sign-in page.
        300..400 => Some(Alarm::SignedOut),
        200..300 if is_page => Some(Alarm::SignedOut),
        // FA-41: what is not in the answer is not there.
        200..300 if path.starts_with("/v1/sync") && matches!(body.trim(), "" | "{}" | "[]" | "null") => Some(Alarm::VaultEmpty),
        _ => None,
    }
}
