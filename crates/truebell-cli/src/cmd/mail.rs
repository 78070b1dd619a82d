//! `truebell mail`: mails whose fate is not known.

use super::config::ConfigArgs;
use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show, clean, time_text};
use clap::Subcommand;
use serde::Serialize;
use std::io;
use truebell_server::serve::location;

/// At most so many are listed.
const LISTED_MAX: u32 = 1000;

/// The server's mails
#[derive(Debug, Subcommand)]
pub enum Mail {
    /// List mails that may have been sent and may not: they are never sent again by themselves
    ///
    /// A mail is parked when the relay's answer was lost, or when the server was killed while it sent. The person still has the notice
    /// in the inbox of every device.
    Parked {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

#[derive(Serialize)]
struct ParkedMail {
    mail: String,
    event: String,
    kind: String,
    to: String,
    queued: u64,
}

#[derive(Serialize)]
struct Parked {
    mails: Vec<ParkedMail>,
}

impl Show for Parked {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.mails.is_empty() {
            return page.line("No mail is parked.");
        }
        for mail in &self.mails {
            page.line(format_args!("{}\t{}\t{}\t{}", time_text(mail.queued), mail.kind, clean(&mail.to), mail.mail))?;
        }
        Ok(())
    }
}

impl Mail {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Parked { config } = self;
        let config = config.settings()?;
        let plain = |error: &dyn std::fmt::Display| Failure::plain(format!("{error}."));
        let mails = super::invite::runtime()?.block_on(async {
            let store =
                truebell_store::open_to_read(&location(&config).map_err(|error| plain(&error))?).await.map_err(|error| plain(&error))?;
            store.parked_mails(LISTED_MAX).await.map_err(|error| plain(&error))
        })?;
        let parked = |mail: truebell_store::rows::Mail| ParkedMail {
            mail: mail.mail.mail.to_string(),
            event: mail.mail.event.to_string(),
            kind: mail.mail.template,
            to: mail.mail.to,
            queued: mail.mail.queued.0,
        };
        context.out.answer(&Parked { mails: mails.into_iter().map(parked).collect() })
    }
}
