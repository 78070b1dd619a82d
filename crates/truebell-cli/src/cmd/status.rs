//! `truebell status`: how things stand, locked or not, with the server or without.

use super::context::Context;
use crate::agent::{Ask, StatusView, failure_of};
use crate::exit::Answered;
use crate::output::{Page, Show, clean, count_text, time_text};
use clap::Args;
use std::io;
use truebell_client::{Profile, ProfileError};

/// How things stand, and why
///
/// Never asks for a password and never talks to the server. When locked, it tells only what is known without the password.
#[derive(Debug, Args)]
pub struct Status {
    /// Show the last exchanges with the server, how each was judged, and why
    #[arg(long)]
    why: bool,
}

impl Status {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let given = context.globals.password.source();
        let can_unlock = given.stdin || given.file.is_some() || given.fd.is_some();
        let view: StatusView = if context.agent()?.is_some() || can_unlock {
            context.ask(Ask::Status { why: self.why })?
        } else {
            if self.why {
                context.out.remark("The last exchanges are sealed with the account: unlock it to see them.");
            }
            locked(&context.profile()?)?
        };
        context.out.answer(&view)
    }
}

fn locked(profile: &Profile) -> Answered<StatusView> {
    let device = profile.device().map_err(|error| failure_of(&error.into()))?;
    let device = device.ok_or_else(|| failure_of(&ProfileError::Empty(profile.name().to_owned()).into()))?;
    Ok(StatusView {
        profile: profile.name().to_owned(),
        unlocked: false,
        agent: false,
        unlocked_until: None,
        server: device.server,
        fingerprint: device.pinned.key.fingerprint().to_string(),
        account: device.trust.account.to_string(),
        email: device.email,
        device: device.device.to_string(),
        device_name: device.device_name,
        open: None,
    })
}

impl Show for StatusView {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        let mut line = |name: &str, value: &str| page.line(format_args!("{} {value}", paint.dim(&format!("{name:<12}"))));
        line("account", &format!("{} ({})", clean(&self.email), self.account))?;
        line("server", &format!("{} ({})", clean(&self.server), self.fingerprint))?;
        line("device", &format!("{} ({})", clean(&self.device_name), self.device))?;
        line("profile", &self.profile)?;
        let Some(open) = &self.open else {
            return line("state", "locked: `truebell unlock` opens it");
        };
        match self.unlocked_until {
            Some(until) => line("state", &format!("unlocked until {}, or longer while it is used", time_text(until.0)))?,
            None => line("state", "unlocked for this command")?,
        }
        line("items", &open.items.to_string())?;
        line("sync", &open.sentence)?;
        line("log", &open.log_sentence)?;
        line("compare", &format!("{} (the same on each of your devices that is up to date)", clean(&open.state)))?;
        if open.pending > 0 {
            line("waiting", &format!("{} not at the server yet", count_text(open.pending, "edit")))?;
        }
        if !open.second_factors.is_empty() {
            line("factors", &open.second_factors.join(", "))?;
        }
        if open.newer_credentials {
            line("password", "a newer password or Secret Key is in force: unlock with it next time")?;
        }
        if let Some(due) = open.deletion_due {
            line("deletion", &format!("the account will be deleted on {}; `truebell account keep` keeps it", time_text(due.0)))?;
        }
        let Some(why) = &open.why else { return Ok(()) };
        page.line("")?;
        page.line("The last exchanges, newest first: what was asked, what came in, what was concluded, and why.")?;
        for trace in why {
            page.line("")?;
            page.line(format_args!("{}  {}", paint.dim(&trace.at.utc().to_string()), paint.bold(&trace.request)))?;
            if !trace.came_in.is_empty() {
                page.line(format_args!("  came in    {}", clean(&trace.came_in.join(", "))))?;
            }
            page.line(format_args!("  concluded  {}", clean(&trace.outcome)))?;
            page.line(format_args!("  because    {}", clean(&trace.because)))?;
        }
        Ok(())
    }
}
