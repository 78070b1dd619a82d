//! `truebell item create`.

use super::super::context::Context;
use super::draft::Content;
use super::{category_parser, parse_category};
use crate::agent::{Ask, Changes, FieldChange, Made, apply_changes};
use crate::exit::Answered;
use crate::output::{Page, Show};
use crate::prompt::{ask_secret, can_ask};
use clap::Args;
use std::io;
use truebell_core::item::{Category, Item, Overview, template};

/// Create an item
///
/// truebell item create login --title Mail --username ada --url https://mail.example.org --generate
#[derive(Debug, Args)]
pub struct Create {
    /// Its category
    #[arg(value_name = "CATEGORY", value_parser = category_parser())]
    category: String,
    /// Its title
    #[arg(long, value_name = "TITLE")]
    title: String,
    /// Into this vault [default: the oldest]
    #[arg(long, value_name = "VAULT")]
    vault: Option<String>,
    /// Mark it as favourite
    #[arg(long)]
    favourite: bool,
    #[command(flatten)]
    content: Content,
}

impl Create {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let category = parse_category(&self.category)?;
        let password = if needs_password(category, &self.content) { ask_password()? } else { None };
        let mut changes = self.content.read(Some(category))?;
        changes.fields.extend(password);
        let mut item = Item { overview: Overview { category, title: self.title, ..Overview::default() }, ..Item::default() };
        apply_changes(&mut item, &Changes { favourite: Some(self.favourite), ..changes })?;
        let made: Made = context.ask(Ask::Create { vault: self.vault, item: Box::new(item) })?;
        context.out.answer(&Saved { verb: "created", made: &made })?;
        context.remark_sync(&made.sync);
        Ok(())
    }
}

/// A person at a terminal is asked for a login's password; a script says what it wants.
fn needs_password(category: Category, content: &Content) -> bool {
    can_ask() && template::field(category, "password").is_some() && !content.has_field("password")
}

fn ask_password() -> Answered<Option<FieldChange>> {
    let value = ask_secret("Password (empty for none)")?;
    Ok((!value.is_empty()).then(|| FieldChange { field: "password".into(), value, concealed: true }))
}

/// An edit that was made, as an answer.
#[derive(serde::Serialize)]
pub(super) struct Saved<'a> {
    /// `created`, `changed`, …
    #[serde(skip)]
    pub verb: &'static str,
    /// What was made.
    #[serde(flatten)]
    pub made: &'a Made,
}

impl Show for Saved<'_> {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("“{}” is {} ({}).", crate::output::clean(&self.made.title), self.verb, self.made.id))
    }
}
