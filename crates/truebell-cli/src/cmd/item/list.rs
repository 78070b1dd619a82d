//! `truebell item list`, and the lines it shares with `search`.

use super::super::context::{Context, read_answer};
use super::{category_parser, category_word, parse_category};
use crate::agent::{Ask, Lines, Scope, State};
use crate::exit::Answered;
use crate::output::{Page, ShowText, Table, clean};
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
        show_listing(context, Ask::List { scope: self.scope.scope()? })
    }
}

/// Asks for lines and shows them. For programs they pass through as they are: ten thousand lines are not taken apart and put
/// together again.
pub(crate) fn show_listing(context: &mut Context, ask: Ask) -> Answered {
    let json = context.ask_json(ask)?;
    if context.out.is_json() {
        return context.out.json_bytes(&json);
    }
    let listing: Lines<'_> = read_answer(&json)?;
    let is_empty = listing.items.is_empty();
    context.out.text(&Shown(listing))?;
    if is_empty {
        context.out.remark("No items.");
    }
    Ok(())
}

/// On a terminal a table; piped, one line after another, without holding all of them again.
struct Shown<'a>(Lines<'a>);

impl Shown<'_> {
    fn show_table(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["id", "title", "username", "category", "vault"]);
        for row in &self.0.items {
            let title = if row.favourite { format!("★ {}", row.title) } else { row.title.clone().into_owned() };
            table.row([&row.id, &title, &row.subtitle, category_word(row.category), &row.vault_name]);
        }
        page.table(&table)?;
        match &self.0.stale {
            Some(stale) => page.line(page.paint.dim(&clean(stale))),
            None => Ok(()),
        }
    }
}

impl ShowText for Shown<'_> {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.0.items.is_empty() {
            return Ok(());
        }
        if page.width.is_some() {
            return self.show_table(page);
        }
        self.0.items.iter().try_for_each(|row| {
            let (title, subtitle, vault) = (clean(&row.title), clean(&row.subtitle), clean(&row.vault_name));
            page.line(format_args!("{}\t{title}\t{subtitle}\t{}\t{vault}", row.id, category_word(row.category)))
        })
    }
}
