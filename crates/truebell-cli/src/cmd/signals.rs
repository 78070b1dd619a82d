//! `truebell signals`: other systems that are told of security events, and how their streams fare.

use super::config::ConfigArgs;
use super::context::Context;
use super::invite::runtime;
use crate::exit::{Answered, Failure};
use crate::output::{Done, Page, Show, clean, time_text};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::json;
use std::fmt::Display;
use std::io;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_server::config::Config;
use truebell_server::control::{Answer, Asked, ask};
use truebell_server::identity::key_path;
use truebell_server::serve::open_store;
use truebell_server::signals::Setup;
use truebell_server::signals::operate::{self, Added, NewReceiver, NewStream, Shown, ShownStream};

/// Systems that are told of security events
#[derive(Debug, Subcommand)]
pub enum Signals {
    /// The systems that may receive signals
    #[command(subcommand)]
    Receiver(Receivers),
    /// Show how each stream fares: what waits, what was delivered, what failed and why
    Status {
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// The systems that may receive signals
#[derive(Debug, Subcommand)]
pub enum Receivers {
    /// Allow a system to receive signals, and make its token
    ///
    /// The token is shown once. With it the receiver makes its stream (OpenID Shared Signals Framework 1.0), unless --push or --poll
    /// makes it here. It hears of the accounts it names, or of all with --everyone.
    Add(Box<Add>),
    /// List the systems that may receive signals
    List {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Take a system's token away, with its stream and what waits in it
    Rm {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

/// What a receiver may do.
#[derive(Debug, Args)]
pub struct Add {
    /// What you call it
    #[arg(value_name = "NAME")]
    name: String,
    /// The `aud` of its signals, as it expects it; often its address
    #[arg(long, value_name = "TEXT")]
    audience: String,
    /// The types it may get at most; all, if left out
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    events: Vec<String>,
    /// How it is told whom a signal is about; `email` gives it addresses
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Subjects::Account)]
    subjects: Subjects,
    /// It hears of every account, and not only of those it names
    #[arg(long)]
    everyone: bool,
    /// What its token is good for: everything about its stream, or reading and polling
    #[arg(long, value_enum, value_name = "SCOPE", default_value_t = Scope::Manage)]
    scope: Scope,
    /// How its signals are signed: RS256 or EdDSA; RS256 if signals_rsa_key_file is set, if left out
    #[arg(long, value_name = "ALGORITHM")]
    algorithm: Option<String>,
    /// Make its stream now, and push to this address
    #[arg(long, value_name = "URL", conflicts_with = "poll")]
    push: Option<String>,
    /// Make its stream now, to be polled
    #[arg(long)]
    poll: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// How a receiver is told whom a signal is about.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subjects {
    /// By account id, as iss_sub
    Account,
    /// By account id, as opaque
    Opaque,
    /// By mail address
    Email,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// Everything about its stream
    Manage,
    /// Reading and polling
    Read,
}

#[derive(Serialize)]
struct Made {
    name: String,
    #[serde(flatten)]
    added: Added,
}

impl Show for Made {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(self.added.token.expose())?;
        page.line(format_args!(
            "This is the token of {}; it is not shown again. Its signals are signed with {}.",
            self.name, self.added.algorithm
        ))?;
        if let Some(stream) = &self.added.stream {
            page.line(format_args!("Its stream is {stream}."))?;
        }
        page.line(format_args!("It begins at {}.", self.added.configuration))
    }
}

#[derive(Serialize)]
struct Listed {
    receivers: Vec<Shown>,
}

impl Show for Listed {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.receivers.is_empty() {
            return page.line("No system receives signals. `truebell signals receiver add` allows one.");
        }
        for one in &self.receivers {
            let whom = if one.everyone { "every account" } else { "accounts it names" };
            let stream = one.stream.as_ref().map_or("no stream", |stream| stream.delivery.as_str());
            page.line(format_args!(
                "{}\t{}\t{}\t{whom}\tby {}\t{stream}\t{}",
                one.name,
                one.scope,
                one.algorithm,
                one.subjects,
                clean(&one.audience)
            ))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Status {
    receivers: Vec<Shown>,
}

impl Show for Status {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.receivers.is_empty() {
            return page.line("No system receives signals.");
        }
        for one in &self.receivers {
            match &one.stream {
                None => page.line(format_args!("{}: it has not made its stream yet.", one.name))?,
                Some(stream) => show_stream(page, &one.name, stream)?,
            }
        }
        Ok(())
    }
}

fn show_stream(page: &mut Page<'_>, name: &str, stream: &ShownStream) -> io::Result<()> {
    let at = |time: Option<truebell_core::time::UnixMillis>| time.map_or("never".to_owned(), |time| time_text(time.0));
    let reason = stream.reason.as_deref().map(|reason| format!(" ({})", clean(reason))).unwrap_or_default();
    page.line(format_args!("{name}: {}, {}{reason}.", stream.delivery, stream.status))?;
    page.line(format_args!("  delivered {}, last {}", stream.delivered, at(stream.last_delivered)))?;
    match stream.oldest {
        Some(oldest) => page.line(format_args!("  waiting {} of {}, since {}", stream.waiting, stream.waiting_max, time_text(oldest.0)))?,
        None => page.line("  nothing waits")?,
    }
    if stream.refused + stream.dropped > 0 {
        page.line(format_args!("  refused {}, dropped {}", stream.refused, stream.dropped))?;
    }
    if let Some(failure) = &stream.failure {
        page.line(format_args!("  last failed {}: {}", at(stream.last_failed), clean(failure)))?;
    }
    if let Some(next) = stream.next_try {
        page.line(format_args!("  failed tries since the last delivery: {}; the next is at {}", stream.tries, time_text(next.0)))?;
    }
    Ok(())
}

fn plain(error: impl Display) -> Failure {
    Failure::plain(format!("{error}."))
}

impl Signals {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Receiver(Receivers::Add(add)) => add.run(context),
            Self::Receiver(Receivers::List { config }) => context.out.answer(&Listed { receivers: list(&config)? }),
            Self::Receiver(Receivers::Rm { name, config }) => remove(context, &config, &name),
            Self::Status { config } => context.out.answer(&Status { receivers: list(&config)? }),
        }
    }
}

/// Asks the running server; `None` if none runs, and there is a database to open.
fn asked(config: &Config, question: &Asked) -> Answered<Option<Answer>> {
    match ask(&config.data, question).map_err(|error| Failure::io("The running server does not answer", &error))? {
        Some(Answer::Failed { sentence }) => Err(plain(sentence)),
        None if !key_path(&config.data).exists() => {
            Err(Failure::plain("There is no server here yet: start it once with `truebell serve`, or name its data folder with --data."))
        }
        answer => Ok(answer),
    }
}

fn other_version() -> Failure {
    Failure::plain("The running server answers something else: it is of another version.")
}

fn list(args: &ConfigArgs) -> Answered<Vec<Shown>> {
    let config = args.settings()?;
    match asked(&config, &Asked::Receivers)? {
        Some(Answer::Receivers { receivers }) => Ok(receivers),
        Some(_) => Err(other_version()),
        None => runtime()?.block_on(async {
            let store = open_store(&config).await.map_err(plain)?;
            operate::list(&*store).await.map_err(plain)
        }),
    }
}

fn remove(context: &mut Context, args: &ConfigArgs, name: &str) -> Answered {
    let config = args.settings()?;
    let was_there = match asked(&config, &Asked::RemoveReceiver { name: name.to_owned() })? {
        Some(Answer::ReceiverRemoved { was_there }) => was_there,
        Some(_) => return Err(other_version()),
        None => runtime()?.block_on(async {
            let store = open_store(&config).await.map_err(plain)?;
            operate::remove(&*store, name).await.map_err(plain)
        })?,
    };
    if !was_there {
        return Err(Failure::not_found("There is no receiver of that name: `truebell signals receiver list` shows them."));
    }
    let sentence = format!("{} is told nothing any more; its token is worthless and what waited is gone.", clean(name));
    context.out.answer(&Done::with(sentence, json!({ "name": name, "removed": true })))
}

impl Add {
    fn run(self: Box<Self>, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let stream = (self.poll || self.push.is_some()).then(|| NewStream { endpoint: self.push.clone() });
        let subjects = match self.subjects {
            Subjects::Account => "account",
            Subjects::Opaque => "opaque",
            Subjects::Email => "email",
        };
        let new = NewReceiver {
            name: self.name,
            audience: self.audience,
            events: self.events,
            subjects: subjects.to_owned(),
            everyone: self.everyone,
            read_only: self.scope == Scope::Read,
            algorithm: self.algorithm,
            stream,
        };
        let added = match asked(&config, &Asked::AddReceiver { new: new.clone() })? {
            Some(Answer::ReceiverAdded(added)) => added,
            Some(_) => return Err(other_version()),
            None => runtime()?.block_on(async {
                let setup = Setup::from_config(&config).map_err(plain)?;
                let store = open_store(&config).await.map_err(plain)?;
                operate::add(&*store, (&setup, &config.public_url_at(config.listen)), &new, SystemClock.now(), &mut SystemChance)
                    .await
                    .map_err(plain)
            })?,
        };
        context.out.answer(&Made { name: new.name, added })
    }
}
