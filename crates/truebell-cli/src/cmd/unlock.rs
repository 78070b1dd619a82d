//! `truebell unlock`: an agent that keeps the account unlocked for a while.

use super::ca_file::CaFile;
use super::context::{Context, require_account, retry_busy};
use crate::agent::{Ask, Stay, Streams, failure_of};
use crate::exit::{Answered, Failure};
use crate::output::Done;
use crate::prompt::SecretKeyArgs;
use clap::Args;
use std::io;
use std::time::Duration;
use truebell_client::{Authority, trust};

/// Keep the account unlocked for a while
///
/// A background process of yours holds the account open and answers your commands over a private socket. It forgets everything a
/// quarter of an hour after the last command, or after the time you say; `truebell lock` ends it at once.
#[derive(Debug, Args)]
pub struct Unlock {
    /// For so long from now, whatever happens (8h, 30m) [default: 15m after the last command]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    stay: Option<Duration>,
    #[command(flatten)]
    secret_key: SecretKeyArgs,
    #[command(flatten)]
    ca: CaFile,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    const MAX: Duration = Duration::from_hours(7 * 24);
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() || time > MAX { Err("from a moment up to 7 days".into()) } else { Ok(time) }
}

impl Unlock {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        if context.globals.no_agent {
            return Err(Failure::usage("`unlock` starts the agent; with --no-agent each command unlocks for itself."));
        }
        require_account(&context.profile()?)?;
        if let Some(authority) = self.ca.read()? {
            trust_from_now_on(context, &authority)?;
        }
        let stay = self.stay.map_or_else(Stay::default, |time| Stay::For(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)));
        if context.agent()?.is_some() {
            context.tell(Ask::Stay { stay })?;
            return context.out.answer(&answer("The account is unlocked already.", stay));
        }
        let password = context.account_password()?;
        let secret_key = self.secret_key.source().read("The Secret Key")?;
        context.start_agent(password, secret_key, stay)?;
        context.out.answer(&answer("The account is unlocked.", stay))
    }
}

/// Into the profile, which an agent that runs must let go of.
fn trust_from_now_on(context: &Context, authority: &Authority) -> Answered {
    if let Some(mut agent) = context.agent()? {
        agent.ask(Ask::Lock, &mut Streams::none(&mut io::empty(), &mut io::sink()))?;
    }
    let profile = context.profile()?;
    retry_busy(|| trust(&profile, authority)).map_err(|error| failure_of(&error))
}

fn answer(said: &str, stay: Stay) -> Done {
    let (until, ms) = match stay {
        Stay::Idle(ms) => (format!("after {} without a command", minutes(ms)), ms),
        Stay::For(ms) => (format!("in {}", minutes(ms)), ms),
    };
    let members = serde_json::json!({ "unlocked": true, "forgets_after_ms": ms, "counts_from": if matches!(stay, Stay::Idle(_)) { "last-command" } else { "now" } });
    Done::with(format!("{said} It is forgotten {until}, or with `truebell lock`."), members)
}

fn minutes(ms: u64) -> String {
    humantime::format_duration(Duration::from_millis(ms)).to_string()
}
