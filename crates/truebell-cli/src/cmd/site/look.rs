//! `truebell site look`: a dry look at a site's accounts. Never here: a record that is not masked.

use super::room::{Room, source_failure};
use crate::cmd::config::ConfigArgs;
use crate::cmd::context::Context;
use crate::cmd::invite::runtime;
use crate::exit::Answered;
use crate::output::{Page, Show, Table, clean};
use clap::Args;
use serde::Serialize;
use std::io;
use truebell_server::response::site::parse_name;
use truebell_sites::source::{Look as Seen, MaskedAccount, State, look};

/// Look at a site's accounts: ten of them with masks, and the formats of all passwords
///
/// Nothing is tried, nothing is written and nothing is kept. What is not read is counted by its shape, without a letter of it.
#[derive(Debug, Args)]
pub struct Look {
    /// The site
    #[arg(value_name = "SITE", value_parser = parse_name)]
    name: String,
    /// Look at so many accounts at most
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    most: u64,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Serialize)]
struct Answer {
    site: String,
    source: String,
    accounts: u64,
    skipped: u64,
    /// Whether there are more.
    cut: bool,
    states: Vec<Count>,
    formats: Vec<Count>,
    unread: Vec<Count>,
    shown: Vec<Shown>,
}

#[derive(Serialize)]
struct Count {
    what: String,
    accounts: u64,
}

#[derive(Serialize)]
struct Shown {
    address: String,
    user: Option<String>,
    state: &'static str,
    format: Option<String>,
}

/// A state in a word.
pub(super) fn state_word(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Disabled => "disabled",
        State::Deleted => "deleted",
        State::SsoOnly => "sso-only",
    }
}

impl Shown {
    fn of(account: &MaskedAccount) -> Self {
        let format = account.format.map(|format| match format {
            Ok(name) => name.to_owned(),
            Err(why) => why.to_string(),
        });
        let word = |text: &str| clean(text).into_owned();
        Self { address: word(&account.address), user: account.user.as_deref().map(word), state: state_word(account.state), format }
    }
}

impl Answer {
    fn of(site: String, source: String, seen: &Seen) -> Self {
        let count = |what: String, accounts: &u64| Count { what, accounts: *accounts };
        Self {
            site,
            source,
            accounts: seen.accounts,
            skipped: seen.skipped,
            cut: seen.is_cut,
            states: seen.states.iter().map(|(state, accounts)| count(state_word(*state).to_owned(), accounts)).collect(),
            formats: seen.formats.iter().map(|(format, accounts)| count((*format).to_owned(), accounts)).collect(),
            unread: seen.unread.iter().map(|(why, accounts)| count(why.to_string(), accounts)).collect(),
            shown: seen.shown.iter().map(Shown::of).collect(),
        }
    }
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let more = if self.cut { ", and there are more" } else { "" };
        page.line(format_args!("{}: {} accounts at {}{more}", self.site, self.accounts, self.source))?;
        if self.skipped > 0 {
            page.line(format_args!("{} rows have no id or no address, and are nobody's account.", self.skipped))?;
        }
        page.line("")?;
        let mut table = Table::new(&["Address", "User", "State", "Verifier"]);
        for shown in &self.shown {
            let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            table.row([&shown.address, &word(&shown.user), shown.state, &word(&shown.format)]);
        }
        page.table(&table)?;
        for (title, counts) in [("State", &self.states), ("Verifier", &self.formats), ("Not read", &self.unread)] {
            if counts.is_empty() {
                continue;
            }
            page.line("")?;
            let mut table = Table::new(&[title, "Accounts"]);
            for count in counts {
                table.row([count.what.as_str(), &count.accounts.to_string()]);
            }
            page.table(&table)?;
        }
        Ok(())
    }
}

impl Look {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let (source, seen) = runtime()?.block_on(async {
            let kept = Room::open(&config).await?.site(&self.name).await?;
            let mut source = kept.open().await?;
            let seen = look(&mut *source, &kept.recipe()?, self.most).await.map_err(source_failure)?;
            Answered::Ok((kept.definition.source, seen))
        })?;
        context.out.answer(&Answer::of(self.name, source, &seen))
    }
}
