//! `truebell read`: one field's value, for scripts.

use super::context::Context;
use super::files::Draft;
use super::refer::Reference;
use crate::agent::{Ask, ItemName};
use crate::exit::{Answered, Failure};
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;
use truebell_core::secret::Secret;

/// Print one field: tb://vault/item/field
///
/// See `truebell help references`.
#[derive(Debug, Args)]
pub struct Read {
    /// The reference
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// No line end after the value
    #[arg(long, short = 'n')]
    no_newline: bool,
    /// Into this file, for its owner only, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over the file if it exists
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Deserialize)]
struct Value {
    value: Secret,
}

/// The value a reference stands for. The failure names the reference.
pub(super) fn resolve(context: &mut Context, reference: &Reference) -> Answered<Secret> {
    let item = ItemName { name: reference.item.clone(), vault: Some(reference.vault.clone()) };
    let asked = context.ask(Ask::Field { item, field: reference.field.clone() });
    let value: Value = asked.map_err(|failure| Failure { message: format!("{reference}: {}", failure.message), ..failure })?;
    Ok(value.value)
}

impl Read {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let reference = Reference::parse(&self.reference)?;
        let draft = self.out.as_deref().map(|path| Draft::reserve(path, self.force)).transpose()?;
        let value = resolve(context, &reference)?;
        let end = if self.no_newline { "" } else { "\n" };
        let bytes = zeroize::Zeroizing::new(format!("{}{end}", value.expose()).into_bytes());
        match draft {
            Some(draft) => draft.keep(&bytes),
            None if context.out.is_json() => context.out.json_bytes(serde_json::json!({ "value": value }).to_string().as_bytes()),
            None => context.out.raw(&bytes),
        }
    }
}
