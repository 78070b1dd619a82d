//! Sessions: opened by the device's own key, renewed without a word. A session's end is never news to a person.

use super::exchange::{Answer, Errand, JSON, Question, Stream};
use super::profile::{Device, Profile};
use super::status::Trace;
use super::{Error, World};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
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

/// How an exchange gets at the line: for moments, never while it waits.
pub(super) trait Wire {
    fn on<T>(&self, act: impl FnOnce(Line<'_>) -> Result<T, Error>) -> Result<T, Error>;

    /// Opens a session: the server gives something to sign, the device's key signs it.
    fn open_session(&self) -> Result<(), Error> {
        let device = self.on(|line| Ok(line.device.device))?;
        let challenged: Challenged = self.plain("/v1/sessions/challenge", &Challenge { device })?;
        let signature = self.on(|line| Ok(line.device.signing_key()?.sign(Purpose::DeviceProof, &challenged.challenge)))?;
        let proved: Proved = self.plain("/v1/sessions", &Prove { device, challenge: challenged.challenge, signature })?;
        self.on(|line| {
            line.device.session = Some(proved.session);
            Ok(line.profile.save(line.device)?)
        })
    }

    /// A question without a session.
    fn plain<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.exchange(None, &Question::post(path, JSON, &body))?.json()
    }

    /// One exchange: prepared and judged with the line in hand, carried out without it.
    fn exchange(&self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Answer, Error> {
        let errand = self.on(|line| Ok(Errand::new(line.world, &line.device.server, question)))?;
        let back = errand.answered();
        self.on(|line| {
            let answer = errand.judge(back, line.world, &line.device.pinned, known);
            line.traces.push(answer.trace.clone());
            Ok(answer)
        })
    }

    /// The token of a session that is good for a while.
    fn token(&self) -> Result<Secret, Error> {
        let is_over = self.on(|line| {
            let now = line.world.clock.now();
            Ok(line.device.session.as_ref().is_none_or(|session| session.expires <= now + MARGIN))
        })?;
        if is_over {
            self.open_session()?;
        }
        self.on(|line| Ok(line.device.session.as_ref().map(|session| session.token.clone()).unwrap_or_default()))
    }

    /// Asks with a session; one that is over is renewed once.
    fn ask(&self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Answer, Error> {
        let answer = self.ask_once(known, question)?;
        if !session_over(&answer.judgement) {
            return Ok(answer);
        }
        self.on(|line| {
            line.device.session = None;
            Ok(())
        })?;
        self.ask_once(known, question)
    }

    fn ask_once(&self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Answer, Error> {
        let token = self.token()?;
        self.exchange(known, &Question { token: Some(&token), ..*question })
    }

    /// Asks for a stream, with the session there is. A refusal is for the engine to see.
    fn ask_stream(&self, known: Option<&AccountHead>, question: &Question<'_>) -> Result<Stream, Error> {
        let token = self.token()?;
        let question = Question { token: Some(&token), ..*question };
        let errand = self.on(|line| Ok(Errand::new(line.world, &line.device.server, &question)))?;
        let begun = errand.begun();
        self.on(|line| {
            let stream = errand.judge_stream(begun, line.world, &line.device.pinned, known);
            line.traces.push(stream.trace.clone());
            Ok(stream)
        })
    }

    /// Asks, and reads what was answered as JSON.
    fn json<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.ask(None, &Question::post(path, JSON, &body))?.json()
    }
}

/// A line before there is a client.
pub(super) struct Bare<'a>(pub RefCell<Line<'a>>);

impl Wire for Bare<'_> {
    fn on<T>(&self, act: impl FnOnce(Line<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut line = self.0.borrow_mut();
        let Line { world, profile, device, traces } = &mut *line;
        act(Line { world, profile, device, traces })
    }
}

pub(super) fn session_over(judgement: &Judgement) -> bool {
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
