//! `truebell invite`: a code that lets one person sign up.

use super::config::ConfigArgs;
use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show, time_text};
use clap::Args;
use serde::Serialize;
use std::io;
use std::time::Duration;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_server::control::{Answer, Asked, Invitation, ask, invite};
use truebell_server::identity::key_path;
use truebell_server::serve::open_store;

/// Invite a person to sign up
///
/// The code is good for one account. Who gets it signs up with `truebell signup --invitation CODE`. It is made through the running
/// server, or in its database when the server is not running.
#[derive(Debug, Args)]
pub struct Invite {
    /// How long it is good
    #[arg(long, value_name = "TIME", default_value = "7days", value_parser = humantime::parse_duration)]
    good_for: Duration,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Serialize)]
struct Invited {
    invitation: String,
    expires: u64,
}

impl Show for Invited {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("{}   good for one account until {}", self.invitation, time_text(self.expires)))
    }
}

/// A small runtime for one piece of work.
pub(super) fn runtime() -> Answered<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::io("The command cannot run", &error))
}

impl Invite {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let good_for_ms = u64::try_from(self.good_for.as_millis()).unwrap_or(u64::MAX);
        let asked = ask(&config.data, &Asked::Invite { good_for_ms });
        let invitation = match asked.map_err(|error| Failure::io("The running server does not answer", &error))? {
            Some(Answer::Invited(invitation)) => invitation,
            Some(Answer::Failed { sentence }) => return Err(Failure::plain(format!("{sentence}."))),
            Some(_) => return Err(Failure::plain("The running server answers something else: it is of another version.")),
            None => runtime()?.block_on(self.invite_here(&config))?,
        };
        let Invitation { code, expires } = invitation;
        context.out.answer(&Invited { invitation: code, expires: expires.0 })
    }

    async fn invite_here(&self, config: &truebell_server::config::Config) -> Answered<Invitation> {
        let plain = |error: &dyn std::fmt::Display| Failure::plain(format!("{error}."));
        // Opening a database makes it: look first whether a server was ever here.
        if !key_path(&config.data).exists() {
            return Err(Failure::plain(
                "There is no server here yet: start it once with `truebell serve`, or name its data folder with --data.",
            ));
        }
        let store = open_store(config).await.map_err(|error| plain(&error))?;
        invite(&*store, self.good_for, SystemClock.now(), &mut SystemChance).await.map_err(|error| plain(&error))
    }
}
