//! `truebell mail`: mails whose fate is not known, and notices that were wrong.

use super::config::ConfigArgs;
use super::context::Context;
use super::journal::Journal;
use crate::exit::{Answered, Failure};
use crate::output::{Done, Page, Show, clean, time_text};
use clap::Subcommand;
use serde::Serialize;
use std::io;
use std::time::Duration;
use truebell_client::{Clock, SystemClock};
use truebell_core::event::{CheckCode, Reason};
use truebell_core::ids::MailId;
use truebell_core::time::UnixMillis;
use truebell_server::control::{Decided, Done as DecidedOn};
use truebell_server::mail::MailDetails;
use truebell_server::retract::TakenBack;
use truebell_server::serve::location;
use truebell_store::band::{Excess, Gauge};
use truebell_store::rows::TemplateState;
use truebell_store::{Store, StoreError};

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
    /// How many people were told of each kind of thing, how many may be, and what is held back
    ///
    /// A kind of mail that would tell more people in an hour or a day than four times the busiest hour or three times the busiest day of
    /// the four weeks before is stopped, if they are more than 20 or 60: a mistake that tells everybody something false must not leave.
    /// What was true leaves when you say so, with `truebell mail resume`.
    Status {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List the mails of a kind that wait to leave, with their check codes
    ///
    /// What was true leaves by itself, or with `truebell mail resume`. What was not is taken back by its code, with `truebell mail retract`,
    /// and never leaves.
    Waiting {
        /// The kind, as `truebell mail status` names it
        #[arg(value_name = "KIND")]
        kind: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Let a kind of mail go that is held back
    ///
    /// Mails queued until now leave, and with --for those that are queued in that time too, uncounted. Look first: each carries a check
    /// code (`truebell mail waiting`), and `truebell mail retract` keeps a wrong one from leaving.
    Resume {
        /// The kind, as `truebell mail status` names it
        #[arg(value_name = "KIND")]
        kind: String,
        /// Also what comes in this time, as 24h: for something that really concerns many
        #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
        span: Option<Duration>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Decide on a parked mail: it arrived, it is sent again, or it is given up
    Decide {
        /// The mail, as `truebell mail parked` names it
        #[arg(value_name = "MAIL")]
        mail: MailId,
        /// arrived, send-again, or give-up
        #[arg(long = "as", value_name = "WORD", value_parser = parse_decided)]
        decided: Decided,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Take a notice back that this server sent wrongly
    ///
    /// The correction is signed by the server as its operator's word, and goes wherever the notice went: to each device of the account,
    /// and by mail to the addresses that got it. A mail about it that has not left yet never does. The notice's code then says retracted.
    /// It cannot unsay what a device of the account signed, and says so.
    Retract {
        /// The check code of the notice (7KQ4F-2M9XB)
        #[arg(value_name = "CODE", value_parser = parse_code)]
        code: CheckCode,
        /// Why: fault (of the software), test, duplicate, or mistake (of a person)
        #[arg(long, value_name = "REASON", value_parser = parse_reason)]
        reason: Reason,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

fn parse_code(text: &str) -> Result<CheckCode, String> {
    CheckCode::read(text).map_err(|why| why.to_string())
}

/// Longest time a kind of mail is let go for.
const SPAN_MAX: Duration = Duration::from_hours(7 * 24);

fn parse_span(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text.trim()) {
        Ok(span) if span <= SPAN_MAX => Ok(span),
        Ok(_) => Err("give at most 7 days".into()),
        Err(_) => Err("write a time as 24h or 90min".into()),
    }
}

fn parse_decided(word: &str) -> Result<Decided, String> {
    match word {
        "arrived" => Ok(Decided::Arrived),
        "send-again" => Ok(Decided::SendAgain),
        "give-up" => Ok(Decided::GiveUp),
        _ => Err("give one of arrived, send-again, give-up".into()),
    }
}

fn parse_reason(word: &str) -> Result<Reason, String> {
    Reason::parse(word).ok_or_else(|| format!("give one of {}", Reason::ALL.map(Reason::word).join(", ")))
}

#[derive(Serialize)]
struct WaitingMail {
    mail: String,
    /// Absent if the mail says nothing that can be proven: it will not be sent either.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    to: String,
    queued: u64,
}

#[derive(Serialize)]
struct WaitingMails {
    kind: String,
    mails: Vec<WaitingMail>,
}

impl Show for WaitingMails {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.mails.is_empty() {
            return page.line(format_args!("No mail of the kind {} waits.", clean(&self.kind)));
        }
        for mail in &self.mails {
            let code = mail.code.as_deref().unwrap_or("no code");
            page.line(format_args!("{}\t{code}\t{}\t{}", time_text(mail.queued), clean(&mail.to), mail.mail))?;
        }
        Ok(())
    }
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
        match self {
            Self::Parked { config } => list_parked(context, &config),
            Self::Status { config } => status(context, &config),
            Self::Waiting { kind, config } => list_waiting(context, &config, &kind),
            Self::Resume { kind, span, config } => resume(context, &config, &kind, span.unwrap_or_default()),
            Self::Decide { mail, decided, config } => decide(context, &config, mail, decided),
            Self::Retract { code, reason, config } => retract(context, &config, &code, reason),
        }
    }
}

/// How many people were told of a kind, and how many may be.
#[derive(Serialize)]
struct People {
    people_this_hour: u64,
    most_an_hour: u64,
    people_today: u64,
    most_a_day: u64,
}

impl From<Gauge> for People {
    fn from(gauge: Gauge) -> Self {
        Self { people_this_hour: gauge.hour, most_an_hour: gauge.hour_most, people_today: gauge.day, most_a_day: gauge.day_most }
    }
}

/// A kind of mail, as `mail status` tells of it.
#[derive(Serialize)]
struct Kind {
    kind: String,
    #[serde(flatten)]
    gauge: Option<People>,
    waiting: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    let_go_until: Option<u64>,
}

impl Kind {
    fn of(state: TemplateState, now: UnixMillis) -> Self {
        let TemplateState { template, gauge, waiting, stopped, cleared } = state;
        let why = |excess: Excess| {
            let time = if excess.hours == 1 { "an hour" } else { "a day" };
            format!("{} people in {time} would be told, and at most {} may be", excess.people, excess.most)
        };
        Self {
            kind: template,
            gauge: gauge.map(People::from),
            waiting,
            stopped: stopped.map(|(at, _)| at.0),
            why: stopped.map(|(_, excess)| why(excess)),
            let_go_until: (cleared > now).then_some(cleared.0),
        }
    }
}

#[derive(Serialize)]
struct Kinds {
    kinds: Vec<Kind>,
}

impl Show for Kinds {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.kinds.is_empty() {
            return page.line("No mail was sent lately, and none waits.");
        }
        let paint = page.paint;
        for kind in &self.kinds {
            let told = match &kind.gauge {
                Some(People { people_this_hour, most_an_hour, people_today, most_a_day }) => {
                    format!("{people_this_hour} of {most_an_hour} this hour, {people_today} of {most_a_day} today")
                }
                None => "as many as were told".to_owned(),
            };
            page.line(format_args!("{}\t{told}\t{} waiting", clean(&kind.kind), kind.waiting))?;
            if let (Some(at), Some(why)) = (kind.stopped, &kind.why) {
                page.line(format_args!("    {}: {why}", paint.yellow(&format!("held back since {}", time_text(at)))))?;
                page.line(format_args!(
                    "    Look what it is; if it is true, let it go with `truebell mail resume {}`.",
                    clean(&kind.kind)
                ))?;
            }
            if let Some(until) = kind.let_go_until {
                page.line(format_args!("    let go until {}", time_text(until)))?;
            }
        }
        Ok(())
    }
}

/// Reads the configured database.
fn read<T>(config: &ConfigArgs, look: impl AsyncFnOnce(&dyn Store) -> Result<T, StoreError>) -> Answered<T> {
    let config = config.settings()?;
    let plain = |error: &dyn std::fmt::Display| Failure::plain(format!("{error}."));
    super::invite::runtime()?.block_on(async {
        let store =
            truebell_store::open_to_read(&location(&config).map_err(|error| plain(&error))?).await.map_err(|error| plain(&error))?;
        look(&*store).await.map_err(|error| plain(&error))
    })
}

fn status(context: &mut Context, config: &ConfigArgs) -> Answered {
    let now = SystemClock.now();
    let states = read(config, async |store| store.template_states(now).await)?;
    context.out.answer(&Kinds { kinds: states.into_iter().map(|state| Kind::of(state, now)).collect() })
}

fn resume(context: &mut Context, config: &ConfigArgs, kind: &str, span: Duration) -> Answered {
    let now = SystemClock.now();
    let states = read(config, async |store| store.template_states(now).await)?;
    if !states.iter().any(|state| state.template == kind) {
        return Err(Failure::not_found(format!(
            "No mail of the kind “{}” was sent lately, and none waits: see `truebell mail status`.",
            clean(kind)
        )));
    }
    let until = now + span;
    let was_stopped = Journal::open(config)?.resume_mails(kind, until)?;
    let sentence = match (was_stopped, span.is_zero()) {
        (true, true) => format!("Mails of the kind {kind} go again."),
        (true, false) => format!("Mails of the kind {kind} go again, and uncounted until {}.", time_text(until.0)),
        (false, true) => format!("Mails of the kind {kind} were not held back."),
        (false, false) => format!("Mails of the kind {kind} go uncounted until {}.", time_text(until.0)),
    };
    context.out.answer(&Done::with(sentence, serde_json::json!({ "kind": kind, "was_stopped": was_stopped, "let_go_until": until })))
}

fn decide(context: &mut Context, config: &ConfigArgs, mail: MailId, decided: Decided) -> Answered {
    match Journal::open(config)?.decide_mail(mail, decided)? {
        DecidedOn::Done => {}
        DecidedOn::NotParked => return Err(Failure::not_found(format!("{mail} is not parked: see `truebell mail parked`."))),
        DecidedOn::TakenBack => {
            return Err(Failure::plain(format!(
                "The notice of {mail} was taken back, and its correction may be there already: say --as arrived, or --as give-up."
            )));
        }
    }
    let sentence = match decided {
        Decided::Arrived => format!("{mail} counts as sent."),
        Decided::SendAgain => format!("{mail} is sent again."),
        Decided::GiveUp => format!("{mail} is given up."),
    };
    context.out.answer(&Done::with(sentence, serde_json::json!({ "mail": mail, "as": decided })))
}

fn retract(context: &mut Context, config: &ConfigArgs, code: &CheckCode, reason: Reason) -> Answered {
    let TakenBack { of, code, told, withheld } = Journal::open(config)?.retract(code, reason)?;
    let by_mail = match (told, withheld) {
        (0, 0) => "no mail about it reached anybody".to_owned(),
        (told, 0) => format!("{} to those who got one", count(told)),
        (0, withheld) => format!("{} about it had not left, and will not", count(withheld)),
        (told, withheld) => format!("{} to those who got one; {} about it had not left, and will not", count(told), count(withheld)),
    };
    let sentence = format!("The notice {of} is taken back in the operator's name ({code}), on each device of the account; {by_mail}.");
    context.out.answer(&Done::with(sentence, serde_json::json!({ "retracted": of, "code": code, "told": told, "withheld": withheld })))
}

fn count(mails: u64) -> String {
    if mails == 1 { "1 mail".to_owned() } else { format!("{mails} mails") }
}

fn list_waiting(context: &mut Context, config: &ConfigArgs, kind: &str) -> Answered {
    let (identity, mails) = read(config, async |store| Ok((store.identity().await?, store.queued_mails(kind, LISTED_MAX).await?)))?;
    let code = |values: &str| {
        let (identity, details) = (identity.as_ref()?, serde_json::from_str::<MailDetails>(values).ok()?);
        Some(details.enclosed.open(identity.server, &identity.key).ok()?.code().to_string())
    };
    let waiting = |mail: truebell_store::rows::Mail| WaitingMail {
        mail: mail.mail.mail.to_string(),
        code: code(&mail.mail.values),
        to: mail.mail.to,
        queued: mail.mail.queued.0,
    };
    context.out.answer(&WaitingMails { kind: kind.to_owned(), mails: mails.into_iter().map(waiting).collect() })
}

fn list_parked(context: &mut Context, config: &ConfigArgs) -> Answered {
    let mails = read(config, async |store| store.parked_mails(LISTED_MAX).await)?;
    let parked = |mail: truebell_store::rows::Mail| ParkedMail {
        mail: mail.mail.mail.to_string(),
        event: mail.mail.event.to_string(),
        kind: mail.mail.template,
        to: mail.mail.to,
        queued: mail.mail.queued.0,
    };
    context.out.answer(&Parked { mails: mails.into_iter().map(parked).collect() })
}
