//! `truebell notice`: whether a notice is true.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::{Answered, Code, Ending};
use crate::output::{NoticeLine, Page, Show, clean, time_text};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::io;
use truebell_core::time::UnixMillis;

/// Commands about notices
#[derive(Debug, Subcommand)]
pub enum Notice {
    /// Check a notice or mail by its code: genuine, or never sent
    ///
    /// Exit status 3 says that it was never sent.
    Verify {
        /// The check code (7KQ4F-2M9XB)
        #[arg(value_name = "CODE")]
        code: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
enum Verdict {
    Genuine { notice: NoticeLine },
    GenuineElsewhere { kind: String, at: UnixMillis },
    NeverSent,
}

impl Show for Verdict {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        match self {
            Self::Genuine { notice } => {
                page.line(format_args!("{}: proven on this device by the account's own signature.", paint.green("Genuine")))?;
                page.line(format_args!("  {}", clean(&notice.sentence)))?;
                page.line(format_args!("  {}. {}", time_text(notice.at), notice.advice))
            }
            Self::GenuineElsewhere { kind, at } => page.line(format_args!(
                "{} ({kind}, {}), but not about the account on this device.",
                paint.green("Sent by this server"),
                time_text(at.0)
            )),
            Self::NeverSent => page.line(format_args!(
                "{}: this server never made a notice with this code. Do not follow its links, and do not answer it.",
                paint.red("Never sent")
            )),
        }
    }
}

impl Notice {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        let Self::Verify { code } = self;
        let verdict: Verdict = context.ask(Ask::VerifyNotice { code })?;
        context.out.answer(&verdict)?;
        Ok(if matches!(verdict, Verdict::NeverSent) { Ending::Failed(Code::NotFound) } else { Ending::Ok })
    }
}
