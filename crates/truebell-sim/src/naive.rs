//! A client as many were: it believes statuses. It hears every answer that the real client hears, and says what such a client would say.
//!
//! None of this is invented: each sentence and each rule was seen in a shipping password manager (`docs/simulation.md` names the rows).

use crate::site::Answer;
use truebell_core::outcome::Failure;

/// What a naive client would tell its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
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
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "You have been signed out: your session has expired.",
            Self::PasswordChanged => "Your Secret Key or password was recently changed.",
            Self::AccountGone => "Your account does not exist any more.",
            Self::VaultEmpty => "Your vault is empty.",
        }
    }
}

/// What a naive client concludes from one exchange: its path, and status, media type and body of what came back, or nothing.
pub fn judge_naively(path: &str, answer: Option<(u16, Option<&str>, &[u8])>) -> Option<Alarm> {
    // The public log is nothing that such a client knew of.
    if path.starts_with("/v1/log") {
        return None;
    }
    let signing_in = ["/v1/sign-in", "/v1/sessions", "/v1/account/credentials"].iter().any(|begins| path.starts_with(begins));
    let Some((status, content_type, body)) = answer else {
        // FA-16, FA-18, FA-24: a session that cannot be renewed is over.
        return signing_in.then_some(Alarm::SignedOut);
    };
    let is_page = content_type.is_some_and(|kind| kind.contains("html"));
    let says = |word: &str| String::from_utf8_lossy(body).contains(word);
    match status {
        // FA-01, FA-02, FA-12: any refused sign-in means that the details are not the right ones any more.
        400 | 401 | 403 | 429 | 500..600 if signing_in => Some(Alarm::PasswordChanged),
        // FA-09 to FA-11, FA-17, FA-23: 401, 403 and 407 end the session. FA-14, FA-30: and any 400 of a refresh.
        401 | 403 | 407 => Some(Alarm::SignedOut),
        400 if says("invalid") => Some(Alarm::SignedOut),
        // FA-43: an account that is not found was deleted.
        404 | 410 => Some(Alarm::AccountGone),
        // FA-09, FA-15, FA-55, FA-57: so does a server in trouble.
        500..600 => Some(Alarm::SignedOut),
        // FA-13, FA-55: a redirect or a page where an answer should be is the sign-in page.
        300..400 => Some(Alarm::SignedOut),
        200..300 if is_page => Some(Alarm::SignedOut),
        // FA-41: what is not in the answer is not there.
        200..300 if path.starts_with("/v1/sync") && matches!(body.trim_ascii(), b"" | b"{}" | b"[]" | b"null") => Some(Alarm::VaultEmpty),
        _ => None,
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
        let answer = heard.ok().map(|answer| (answer.status, answer.content_type.as_deref(), answer.body.as_slice()));
        let alarm = judge_naively(path, answer);
        if alarm.is_none() && heard.is_ok_and(|answer| (200..300).contains(&answer.status)) {
            self.said = None;
        }
        let new = alarm.filter(|alarm| self.said != Some(*alarm));
        self.said = alarm.or(self.said);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_naive_client_cries_at_what_proves_nothing_and_is_silent_when_all_is_well() {
        let (html, json) = (Some("text/html"), Some("application/json"));
        for (path, answer, cries) in [
            ("/v1/sync", Some((200, json, &b"{\"some\":1}"[..])), None),
            ("/v1/sync", Some((200, json, b"{}")), Some(Alarm::VaultEmpty)),
            ("/v1/sync", Some((200, html, b"<html>")), Some(Alarm::SignedOut)),
            ("/v1/sync", Some((401, None, b"")), Some(Alarm::SignedOut)),
            ("/v1/sync", Some((404, None, b"")), Some(Alarm::AccountGone)),
            ("/v1/sync", Some((503, None, b"")), Some(Alarm::SignedOut)),
            ("/v1/sync", None, None),
            ("/v1/log/checkpoint", Some((404, None, b"")), None),
            ("/v1/sessions", Some((200, json, b"{\"some\":1}")), None),
            ("/v1/sessions", Some((503, json, b"")), Some(Alarm::PasswordChanged)),
            ("/v1/sign-in/start", Some((403, json, b"")), Some(Alarm::PasswordChanged)),
            ("/v1/sessions", None, Some(Alarm::SignedOut)),
        ] {
            assert_eq!(judge_naively(path, answer), cries, "{path} {answer:?}");
        }
    }
}
