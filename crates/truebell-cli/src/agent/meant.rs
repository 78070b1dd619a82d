//! What is meant by what a person typed: which item, which of its fields and files, which list. Never here: changing any of it.

use super::answer::Card;
use super::ask::{ItemName, Scope, State};
use super::desk::{failure_of, now, of, sentence};
use super::view::card;
use crate::exit::{Answered, Candidate, Code, Failure};
use truebell_client::{Client, Error, Filter, ItemRef, Listed, Shown};
use truebell_core::event::CheckCode;
use truebell_core::ids::VaultId;
use truebell_core::item::{FieldKind, Item};
use truebell_core::secret::Secret;
use truebell_core::totp::Totp;

/// The one item meant. Where several may be, the failure lists them with what tells them apart.
pub(super) fn find(client: &Client, item: &ItemName) -> Answered<ItemRef> {
    let vault = item.vault.as_deref().map(|vault| client.find_vault(Some(vault))).transpose().map_err(of)?;
    client.find(&item.name, vault).map_err(|error| {
        let mut failure = failure_of(&error);
        if matches!(error, Error::Ambiguous { .. }) {
            failure.candidates = candidates(client, &item.name, vault);
            failure.message = format!("{} items may be meant by “{}”: name one by its id.", failure.candidates.len(), item.name);
        }
        failure
    })
}

pub(super) fn filter(client: &Client, scope: &Scope) -> Answered<Filter> {
    let shown = match scope.state {
        State::Active => Shown::Active,
        State::Archived => Shown::Archived,
        State::Trashed => Shown::Trashed,
        State::All => Shown::All,
    };
    let vault = scope.vault.as_deref().map(|vault| client.find_vault(Some(vault))).transpose().map_err(of)?;
    Ok(Filter { vault, category: scope.category, tag: scope.tag.clone(), favourite: scope.favourite, shown })
}

fn candidates(client: &Client, name: &str, vault: Option<VaultId>) -> Vec<Candidate> {
    let wanted = name.to_lowercase();
    let all = client.list(&Filter { vault, shown: Shown::All, ..Filter::default() });
    let exact = |line: &&Listed<'_>| line.overview.title.to_lowercase() == wanted;
    let begins = |line: &&Listed<'_>| line.overview.title.to_lowercase().starts_with(&wanted);
    let mut found: Vec<&Listed<'_>> = all.iter().filter(exact).collect();
    if found.is_empty() {
        found = all.iter().filter(begins).collect();
    }
    found
        .into_iter()
        .map(|line| {
            let title = if line.overview.subtitle.is_empty() {
                line.overview.title.clone()
            } else {
                format!("{} ({})", line.overview.title, line.overview.subtitle)
            };
            Candidate { id: line.id.to_string(), title }
        })
        .collect()
}

pub(super) fn find_attachment(item: &Item, name: &str) -> Answered<Card> {
    let all = &item.detail.attachments;
    if let Some(found) = all.iter().find(|attachment| attachment.id.to_string() == name) {
        return Ok(card(found));
    }
    let found: Vec<Card> = all.iter().filter(|attachment| attachment.name == name).map(card).collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::not_found(format!("This item has no attachment “{name}”."))),
        several => Err(Failure {
            candidates: several.iter().map(|card| Candidate { id: card.id.to_string(), title: card.name.clone() }).collect(),
            ..Failure::new(Code::Ambiguous, format!("{} attachments are called “{name}”: name one by its id.", several.len()))
        }),
    }
}

pub(super) fn find_totp(item: &Item) -> Answered<Totp> {
    let fields = item.detail.sections.iter().flat_map(|section| &section.fields);
    let field = item
        .field("totp")
        .or_else(|| fields.into_iter().find(|field| field.kind == FieldKind::Totp))
        .filter(|field| !field.value.is_empty());
    let field =
        field.ok_or_else(|| Failure::not_found(format!("“{}” has no one-time password: set its field totp.", item.overview.title)))?;
    Totp::parse(field.value.expose()).map_err(|error| Failure::plain(sentence(&error.to_string())))
}

/// What is no field but is asked for like one.
pub(super) fn pseudo_field(item: &Item, name: &str) -> Answered<Secret> {
    let overview = &item.overview;
    match name.to_lowercase().as_str() {
        "title" => Ok(Secret::new(overview.title.clone())),
        "note" | "notes" if !item.detail.note.is_empty() => Ok(item.detail.note.clone()),
        "url" | "website" | "site" if !overview.sites.is_empty() => {
            Ok(Secret::new(overview.sites.first().map(|site| site.url.clone()).unwrap_or_default()))
        }
        "totp-code" => Ok(find_totp(item)?.code(now()).text),
        _ => {
            let known = item.detail.sections.iter().flat_map(|section| &section.fields).map(|field| field.id.as_str()).collect::<Vec<_>>();
            let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(Failure::not_found(format!("“{}” has no field “{name}”. It has: {has}.", overview.title)))
        }
    }
}

/// A check code as it was typed.
pub(super) fn read_code(code: &str) -> Answered<CheckCode> {
    CheckCode::read(code).map_err(|why| Failure::usage(sentence(&why.to_string())))
}
