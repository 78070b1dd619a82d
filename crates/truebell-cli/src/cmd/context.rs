//! What a command works with: the global options, its output, and the door to the account, opened when first needed.

use super::machine_token;
use crate::agent::{Ask, Desk, Door, Handover, Place, Stay, Streams, failure_of, start};
use crate::exit::{Answered, Code, Failure};
use crate::output::{Colour, Manner, Output};
use crate::prompt::{PasswordArgs, can_ask};
use clap::Args;
use serde::de::DeserializeOwned;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use truebell_client::{Client, Profile, ProfileError, World, unlock};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use zeroize::Zeroizing;

const HEADING: &str = "Options of every command";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Globals {
    /// Which account or device: each profile has its own
    #[arg(long, global = true, value_name = "NAME", default_value = "default", env = "TRUEBELL_PROFILE", hide_env_values = true, help_heading = HEADING)]
    pub profile: String,
    /// Answer in JSON, errors included
    #[arg(long, global = true, help_heading = HEADING)]
    pub json: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = HEADING)]
    pub color: Colour,
    /// No remarks, only answers and errors; notices wait for the next command
    #[arg(long, short, global = true, help_heading = HEADING)]
    pub quiet: bool,
    /// Answer questions with yes
    #[arg(long, short, global = true, help_heading = HEADING)]
    pub yes: bool,
    /// Neither use nor start the background agent: unlock for this command only
    #[arg(long, global = true, env = "TRUEBELL_NO_AGENT", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true, hide_short_help = true, help_heading = HEADING)]
    pub no_agent: bool,
    /// Where the account password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// A command's surroundings.
pub struct Context {
    /// The global options.
    pub globals: Globals,
    /// Where answers go.
    pub out: Output,
    door: Option<Door>,
    password: Option<Secret>,
}

impl Context {
    /// With these options.
    pub fn new(globals: Globals) -> Self {
        let out = Output::new(Manner { json: globals.json, quiet: globals.quiet, colour: globals.color });
        Self { globals, out, door: None, password: None }
    }

    fn home() -> Option<PathBuf> {
        std::env::var_os("TRUEBELL_HOME")
            .filter(|home| !home.is_empty())
            .map(|home| std::path::absolute(&home).unwrap_or_else(|_| home.into()))
    }

    fn runtime() -> Option<PathBuf> {
        // A world apart has its agent apart as well.
        if Self::home().is_some() { None } else { std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()).map(PathBuf::from) }
    }

    /// The profile's folder.
    pub fn profile(&self) -> Answered<Profile> {
        Profile::open(&self.globals.profile, Self::home().as_deref()).map_err(|error| failure_of(&error.into()))
    }

    /// Where its agent listens.
    pub fn place(&self) -> Answered<Place> {
        Ok(Place::of(&self.profile()?, Self::runtime().as_deref()))
    }

    /// A door to the agent, if one runs and may be used.
    pub fn agent(&self) -> Answered<Option<Door>> {
        if self.globals.no_agent { Ok(None) } else { Ok(self.place()?.connect().map(Door::to_agent)) }
    }

    /// Takes the account password off standard input before anything else is read from there. A command that turns out not to need it,
    /// because the agent has the account open, takes the line all the same: what follows must not become something else depending on
    /// whether an agent runs.
    pub fn take_password_line(&mut self) -> Answered {
        if self.globals.password.source().stdin { self.given_password().map(drop) } else { Ok(()) }
    }

    /// The account password, if one of its options names a place; read once.
    pub fn given_password(&mut self) -> Answered<Option<Secret>> {
        if self.password.is_none() {
            self.password = self.globals.password.source().read("The account password")?;
        }
        Ok(self.password.clone())
    }

    /// The account password, asked for or read once.
    pub fn account_password(&mut self) -> Answered<Secret> {
        let password = match self.given_password()? {
            Some(password) => password,
            None if can_ask() => crate::prompt::ask_secret("Account password")?,
            None => {
                return Err(Failure::new(
                    Code::Locked,
                    "The account is locked, and nobody can be asked for its password here: unlock it with `truebell unlock`, or give the password with \
                     --password-stdin, --password-file or --password-fd.",
                ));
            }
        };
        self.password = Some(password.clone());
        Ok(password)
    }

    /// Unlocks in this process.
    pub fn unlock_here(&mut self, secret_key: Option<&SecretKey>) -> Answered<Client> {
        let profile = self.profile()?;
        require_account(&profile)?;
        let password = self.account_password()?;
        retry_busy(|| unlock(&profile, &password, secret_key, World::of(&profile)?)).map_err(|error| failure_of(&error))
    }

    /// Leaves an agent behind that has the account unlocked.
    pub fn start_agent(&self, password: Secret, secret_key: Option<Secret>, stay: Stay) -> Answered {
        let handover =
            Handover { profile: self.globals.profile.clone(), home: Self::home(), runtime: Self::runtime(), password, secret_key, stay };
        start(&handover)
    }

    /// The same after `signup` or `signin`, where it is a service: without it the account is there all the same.
    pub fn offer_agent(&self, password: Secret) {
        if self.globals.no_agent {
            return;
        }
        if let Err(failure) = self.start_agent(password, None, Stay::default()) {
            self.out.warn(format_args!("The account is not kept unlocked: {}", failure.message));
        }
    }

    /// The door to the account, opened when first asked for.
    pub fn door(&mut self) -> Answered<&mut Door> {
        let door = match self.door.take() {
            Some(door) => door,
            None => self.open_door()?,
        };
        Ok(self.door.insert(door))
    }

    /// Of a machine where there is a token, else of the agent, else in this process.
    fn open_door(&mut self) -> Answered<Door> {
        if let Some(token) = machine_token::read()? {
            return Ok(Door::here(Desk::new(Profile::nowhere(), machine_token::open(&token)?, false)));
        }
        match self.agent()? {
            Some(door) => Ok(door),
            None => Ok(Door::here(Desk::new(self.profile()?, self.unlock_here(None)?, false))),
        }
    }

    /// Asks, and reads the answer.
    pub fn ask<T: DeserializeOwned>(&mut self, ask: Ask) -> Answered<T> {
        let json = self.ask_bytes(ask)?;
        read_answer(&json)
    }

    /// Asks, and gives the answer as it came.
    pub fn ask_bytes(&mut self, ask: Ask) -> Answered<Zeroizing<Vec<u8>>> {
        self.door()?.ask(ask, &mut Streams::none(&mut io::empty(), &mut io::sink()))
    }

    /// Asks for something of which the answer is not more than “done”.
    pub fn tell(&mut self, ask: Ask) -> Answered {
        self.ask_bytes(ask).map(drop)
    }

    /// Shows notices that came with answers, then marks them as seen: a notice may come twice if this process dies in between, but
    /// it is never missed.
    pub fn show_notices(&mut self) {
        let Some(door) = self.door.as_mut() else { return };
        let notices = match door.take_notices() {
            Ok(notices) => notices,
            // Even with `--quiet`: silence would say that there is nothing new.
            Err(failure) => {
                self.out.warn(format_args!("Whether there are notices could not be read on this device: {}", failure.message));
                return;
            }
        };
        if notices.is_empty() || self.out.is_quiet() {
            return;
        }
        notices.iter().for_each(|notice| self.out.notice(notice));
        let seen = Ask::Seen { seqs: notices.iter().map(|notice| notice.seq).collect() };
        if let Err(failure) = self.tell(seen) {
            self.out.warn(format_args!("The notice could not be marked as seen, so it will come again: {}", failure.message));
        }
    }

    /// Says where an edit is, when it has not reached the server.
    pub fn remark_sync(&self, sync: &crate::agent::SyncNote) {
        if let Some(why) = &sync.waiting {
            self.out.remark(format_args!("Saved on this device; it goes to the server with the next sync. {why}"));
        }
    }
}

/// Reads an answer of the desk.
pub(super) fn read_answer<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Answered<T> {
    serde_json::from_slice(json).map_err(|_| unreadable())
}

/// An agent that answers something else.
pub(super) fn unreadable() -> Failure {
    Failure::plain("The agent's answer could not be read: end it with `truebell lock`, then unlock again.")
}

/// There must be an account before a password is asked for.
pub(super) fn require_account(profile: &Profile) -> Answered {
    match profile.device() {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(failure_of(&ProfileError::Empty(profile.name().to_owned()).into())),
        Err(error) => Err(failure_of(&error.into())),
    }
}

/// Another command of the same person may hold the profile for a moment.
pub(super) fn retry_busy<T>(mut attempt: impl FnMut() -> Result<T, truebell_client::Error>) -> Result<T, truebell_client::Error> {
    const PAUSE: Duration = Duration::from_millis(100);
    for _ in 0..50 {
        match attempt() {
            Err(truebell_client::Error::Profile(ProfileError::Busy)) => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
    attempt()
}
