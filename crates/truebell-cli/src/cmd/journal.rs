//! How the operator's commands say something for the status page: through the running server, or in the database where none runs.

use super::config::ConfigArgs;
use super::invite::runtime;
use crate::exit::{Answered, Failure};
use std::fmt::Display;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::event::{CheckCode, Reason};
use truebell_core::ids::MailId;
use truebell_core::status::{Said, Status, StatusId};
use truebell_core::time::{UnixMillis, Utc};
use truebell_server::CLIENT_FLOOR;
use truebell_server::config::Config;
use truebell_server::control::{Answer, Asked, Decided, Done as DecidedOnMail, ask};
use truebell_server::identity::{ServerKey, key_path};
use truebell_server::mail::Signer;
use truebell_server::retract::{TakenBack, take_back};
use truebell_server::serve::{location, open_store};
use truebell_server::status::{document_of, say_in};
use truebell_store::{Store, StoreError};

/// The journal of the configured server.
pub(super) struct Journal {
    pub(super) config: Config,
    key: ServerKey,
}

fn plain(error: impl Display) -> Failure {
    Failure::plain(format!("{error}."))
}

fn upper(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl Journal {
    pub(super) fn open(args: &ConfigArgs) -> Answered<Self> {
        let config = args.settings()?;
        let nobody =
            || Failure::plain("There is no server here yet: start it once with `truebell serve`, or name its data folder with --data.");
        let key = ServerKey::read(&key_path(&config.data)).map_err(plain)?.ok_or_else(nobody)?;
        Ok(Self { config, key })
    }

    fn ask(&self, asked: &Asked) -> Answered<Option<Answer>> {
        match ask(&self.config.data, asked).map_err(|error| Failure::io("The running server does not answer", &error))? {
            Some(Answer::Failed { sentence }) => Err(plain(upper(&sentence))),
            answer => Ok(answer),
        }
    }

    /// Says something. Gives what it is called, and whether it is stored already.
    pub(super) fn say(&self, said: &Said) -> Answered<(StatusId, bool)> {
        match self.ask(&Asked::Say { said: said.clone() })? {
            Some(Answer::Said { id, is_stored }) => Ok((id, is_stored)),
            Some(_) => Err(Failure::plain("The running server answers something else: it is of another version.")),
            None => runtime()?.block_on(async {
                let store = open_store(&self.config).await.map_err(plain)?;
                let id = say_in(&*store, said.clone(), SystemClock.now(), &mut SystemChance).await.map_err(plain)?;
                Ok((id, true))
            }),
        }
    }

    /// Takes a notice back in the operator's name.
    pub(super) fn retract(&self, code: &CheckCode, reason: Reason) -> Answered<TakenBack> {
        match self.ask(&Asked::Retract { code: code.clone(), reason })? {
            Some(Answer::TakenBack(taken_back)) => Ok(taken_back),
            Some(_) => Err(Failure::plain("The running server answers something else: it is of another version.")),
            None => runtime()?.block_on(async {
                let store = open_store(&self.config).await.map_err(plain)?;
                let signer = Signer { server: self.key.server, key: self.key.signing.clone() };
                let taken_back = take_back(&*store, &signer, (code, reason), SystemClock.now(), &mut SystemChance).await;
                taken_back.map(|(_, taken_back)| taken_back).map_err(|why| plain(upper(&why.to_string())))
            }),
        }
    }

    /// What the running server answers, or what comes of doing it in the database.
    fn ask_or<T>(
        &self,
        asked: &Asked,
        read: impl FnOnce(Answer) -> Option<T>,
        change: impl AsyncFnOnce(&dyn Store) -> Result<T, StoreError>,
    ) -> Answered<T> {
        match self.ask(asked)? {
            Some(answer) => {
                read(answer).ok_or_else(|| Failure::plain("The running server answers something else: it is of another version."))
            }
            None => runtime()?.block_on(async {
                let store = open_store(&self.config).await.map_err(plain)?;
                change(&*store).await.map_err(plain)
            }),
        }
    }

    /// Lets a kind of mail go. Whether it was stopped.
    pub(super) fn resume_mails(&self, template: &str, cleared: UnixMillis) -> Answered<bool> {
        let read = |answer| if let Answer::Resumed { was_stopped } = answer { Some(was_stopped) } else { None };
        let asked = Asked::ResumeMails { template: template.to_owned(), cleared };
        self.ask_or(&asked, read, async |store| store.resume_mails(template, cleared).await)
    }

    /// Decides on a parked mail.
    pub(super) fn decide_mail(&self, mail: MailId, decided: Decided) -> Answered<DecidedOnMail> {
        let read = |answer| if let Answer::Decided { done } = answer { Some(done) } else { None };
        let decide = async |store: &dyn Store| store.decide_mail(mail, decided.into(), SystemClock.now()).await.map(Into::into);
        self.ask_or(&Asked::DecideMail { mail, decided }, read, decide)
    }

    /// The signed document, and what it says.
    pub(super) fn document(&self) -> Answered<(String, Status)> {
        let document = match self.ask(&Asked::Status)? {
            Some(Answer::Status { document }) => document,
            Some(_) => return Err(Failure::plain("The running server answers something else: it is of another version.")),
            None => runtime()?.block_on(async {
                let store = truebell_store::open_to_read(&location(&self.config).map_err(plain)?).await.map_err(plain)?;
                let floor = self.config.client_floor.unwrap_or(CLIENT_FLOOR);
                document_of(&*store, &self.key, floor, SystemClock.now()).await.map_err(plain)
            })?,
        };
        let status = Status::verify(&document, self.key.server, &self.key.signing.public(), SystemClock.now()).map_err(plain)?;
        Ok((document, status))
    }

    /// The server key's fingerprint.
    pub(super) fn fingerprint(&self) -> String {
        self.key.signing.public().fingerprint().0
    }
}

/// The one entry that is meant, of those that fit: the one with this id, or the only one.
pub(super) fn the_one<T>(fitting: impl Iterator<Item = T>, id: impl Fn(&T) -> &StatusId, typed: Option<&str>, none: &str) -> Answered<T> {
    let typed = typed.map(StatusId::typed);
    let mut meant = fitting.filter(|told| typed.as_ref().is_none_or(|typed| id(told) == typed));
    match (meant.next(), meant.next()) {
        (Some(told), None) => Ok(told),
        (None, _) => Err(Failure::not_found(none)),
        (Some(one), Some(other)) => {
            Err(Failure::usage(format!("There are several, {} and {} among them: name one by its id.", id(&one), id(&other))))
        }
    }
}

/// A time: `2026-11-27 22:00`, `2026-11-27T22:00Z`, or `2h` from now.
pub(super) fn parse_time(text: &str) -> Result<UnixMillis, String> {
    if let Ok(ahead) = humantime::parse_duration(text.trim()) {
        return Ok(SystemClock.now() + ahead);
    }
    let wrong = || "write a time as 2026-11-27T22:00Z (UTC), or how far ahead it is, as 2h or 90min".to_owned();
    text.parse::<Utc>().map_err(|_| wrong())?.to_millis().ok_or_else(wrong)
}

/// Words for people: one to a thousand letters.
pub(super) fn parse_words(text: &str) -> Result<String, String> {
    let words = text.trim();
    match words.chars().count() {
        0 => Err("say something".into()),
        1..=1000 if !words.chars().any(|letter| letter.is_control() && letter != '\n') => Ok(words.to_owned()),
        1..=1000 => Err("write it without control characters".into()),
        _ => Err("write at most 1000 letters".into()),
    }
}

/// What is said once something was said.
pub(super) fn remark_if_not_stored(context: &super::Context, is_stored: bool) {
    if !is_stored {
        context.out.warn("The database does not answer: this server says it already, the others will once the database is back.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_words_are_read_as_people_write_them() {
        let at = UnixMillis(1_795_816_800_000);
        for text in ["2026-11-27T22:00Z", "2026-11-27 22:00", "2026-11-27 22:00:00Z"] {
            assert_eq!(parse_time(text), Ok(at), "{text}");
        }
        assert!(parse_time("2h").unwrap() > SystemClock.now() + std::time::Duration::from_mins(119));
        for text in ["", "soon", "27.11.2026", "2026-13-01 10:00"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        assert_eq!(parse_words(" a\nb "), Ok("a\nb".into()));
        for words in ["", "  ", "\u{1b}[2J", &"x".repeat(1001)] {
            assert!(parse_words(words).is_err());
        }
    }
}
