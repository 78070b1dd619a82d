//! Sessions: opened by the device's own key, renewed without a word. A session's end is never news to a person.

use super::exchange::{self, Answer, JSON, Question, Stream, ask, ask_stream};
use super::profile::{Device, Profile};
use super::status::Trace;
use super::{Error, World};
use std::time::Duration;
use truebell_core::head::{AccountHead, Reason};
use truebell_core::outcome::{Judgement, Outcome};
use truebell_core::secret::Secret;
use truebell_core::sign::Purpose;
use truebell_core::wire::sign_in::{Challenge, Challenged, Prove, Proved};
use truebell_engine::sync::Why;

/// A session that ends within this time is renewed before it is used.
const MARGIN: Duration = Duration::from_secs(30);

/// What an enrolled device needs to ask its server something.
pub(super) struct Line<'a> {
    pub world: &'a mut World,
    pub profile: &'a Profile,
    pub device: &'a mut Device,
    pub traces: &'a mut Vec<Trace>,
}

impl Line<'_> {
    /// Opens a session: the server gives something to sign, the device's key signs it.
    pub(super) fn open_session(&mut self) -> Result<(), Error> {
        let device = self.device.device;
        let challenged: Challenged = self.plain("/v1/sessions/challenge", &Challenge { device })?;
        let signature = self.device.signing_key()?.sign(Purpose::DeviceProof, &challenged.challenge);
        let proved: Proved = self.plain("/v1/sessions", &Prove { device, challenge: challenged.challenge, signature })?;
        self.device.session = Some(proved.session);
        Ok(self.profile.save(self.device)?)
    }

    /// A question without a session.
    pub(super) fn plain<T: serde::de::DeserializeOwned>(&mut self, path: &str, body: &impl serde::Serialize) -> Result<T, Error> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        let answer = ask(self.world, &self.device.server, &self.device.pinned, None, &Question::post(path, JSON, &body));
        self.traces.push(answer.trace.clone());
        answer.json()
    }

    /// The token of a session that is good for a while.
    fn token(&mut self) -> Result<Secret, Error> {
        let now = self.world.clock.now();
        if self.device.session.as_ref().is_none_or(|session| session.expires <= now + MARGIN) {
            self.open_session()?;
        }
        Ok(self.device.session.as_ref().map(|session| session.token.clone()).unwrap_or_default())
    }

    /// Asks with a session; one that is over is renewed once.
    pub(super) fn ask(&mut self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Answer, Error> {
        let answer = self.ask_once(known, question)?;
        if !session_over(&answer.judgement) {
            return Ok(answer);
        }
        self.device.session = None;
        self.ask_once(known, question)
    }

    fn ask_once(&mut self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Answer, Error> {
        let token = self.token()?;
        let question = Question { token: Some(&token), ..*question };
        let answer = ask(self.world, &self.device.server, &self.device.pinned, known, &question);
        self.traces.push(answer.trace.clone());
        Ok(answer)
    }

    /// Asks for a stream, with the session there is. A refusal is for the engine to see.
    pub(super) fn ask_stream(&mut self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Stream, Error> {
        let token = self.token()?;
        let question = Question { token: Some(&token), ..*question };
        let stream = ask_stream(self.world, &self.device.server, &self.device.pinned, known, &question);
        self.traces.push(stream.trace.clone());
        Ok(stream)
    }

    /// Asks, and reads what was answered as JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&mut self, path: &str, body: &impl serde::Serialize) -> Result<T, Error> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        let accepted = self.ask(None, &Question::post(path, JSON, &body))?.accepted()?;
        exchange::read_json(&accepted.0)
    }
}

fn session_over(judgement: &Judgement) -> bool {
    matches!(judgement.outcome, Outcome::Refused { reason: Reason::NoSession | Reason::SessionExpired, .. })
}

/// An exchange's trouble as the engine takes it; anything else is this device's own.
pub(super) fn why_of(error: Error) -> Result<Why, Error> {
    match error {
        Error::Server(why) => Ok(why),
        Error::Answer(_) => Ok(Why::Unproven { what: truebell_engine::sync::Unproven::Malformed }),
        error => Err(error),
    }
}
