//! `truebell item list`, and the lines it shares with `search`.

use super::super::context::{Context, unreadable};
use super::{category_parser, parse_category};
use crate::agent::{Ask, Form, Marked, MarkedLine, Scope, State, read_marked};
use crate::exit::Answered;
use crate::output::{Page, ShowText, Table};
use clap::Args;
use std::io;

/// List items
///
/// On a terminal as a table; piped, one line per item: id, title, username, category, vault, separated by tabs.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    scope: ScopeArgs,
}

/// Which items.
#[derive(Debug, Clone, Args)]
pub(crate) struct ScopeArgs {
    /// Only of this vault
    #[arg(long, value_name = "VAULT")]
    vault: Option<String>,
    /// Only of this category
    #[arg(long, value_name = "CATEGORY", value_parser = category_parser(), hide_possible_values = true)]
    category: Option<String>,
    /// Only with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only favourites
    #[arg(long)]
    favourite: bool,
    /// Those in the archive instead
    #[arg(long, group = "state")]
    archived: bool,
    /// Those in the trash instead
    #[arg(long, group = "state")]
    trash: bool,
    /// All, also those in the archive and in the trash
    #[arg(long, group = "state")]
    all: bool,
}

impl ScopeArgs {
    /// As the desk takes it.
    pub(crate) fn scope(&self) -> Answered<Scope> {
        let state = match (self.archived, self.trash, self.all) {
            (true, ..) => State::Archived,
            (_, true, _) => State::Trashed,
            (.., true) => State::All,
            _ => State::Active,
        };
        Ok(Scope {
            vault: self.vault.clone(),
            category: self.category.as_deref().map(parse_category).transpose()?,
            tag: self.tag.clone(),
            favourite: self.favourite,
            state,
        })
    }
}

impl List {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let scope = self.scope.scope()?;
        show_listing(context, |form| Ask::List { scope, form })
    }
}

/// Asks for lines and shows them. Piped, and for programs, they pass through as they are.
pub(crate) fn show_listing(context: &mut Context, ask: impl FnOnce(Form) -> Ask) -> Answered {
    let form = match (context.out.is_json(), context.out.has_terminal()) {
        (true, _) => Form::Json,
        (false, false) => Form::Lines,
        (false, true) => Form::Marked,
    };
    let answer = context.ask_bytes(ask(form))?;
    let mut is_empty = answer.is_empty();
    match form {
        Form::Json => return context.out.json_bytes(&answer),
        Form::Lines => context.out.raw(&answer)?,
        Form::Marked => {
            let marked = std::str::from_utf8(&answer).map_err(|_| unreadable())?;
            let marked = read_marked(marked).ok_or_else(unreadable)?;
            is_empty = marked.lines.is_empty();
            context.out.text(&Shown(marked))?;
        }
    }
    if is_empty {
        context.out.remark("No items.");
    }
    Ok(())
}

/// On a terminal.
struct Shown<'a>(Marked<'a>);

impl ShowText for Shown<'_> {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.0.lines.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(&["id", "title", "username", "category", "vault"]);
        for MarkedLine { favourite, cells: [id, title, subtitle, category, vault] } in &self.0.lines {
            let title = if *favourite { format!("★ {title}") } else { (*title).to_owned() };
            table.row([id, &title, subtitle, category, vault]);
        }
        page.table(&table)?;
        match self.0.stale {
            Some(stale) => page.line(page.paint.dim(stale)),
            None => Ok(()),
        }
    }
}
