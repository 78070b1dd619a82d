//! One KeePass entry as an item.

use super::super::ImportedItem;
use super::{References, history, otp_fields};
use crate::dates;
use crate::draft::Draft;
use crate::kdbx::Entry;
use crate::limits;
use crate::names::{KEEPASS_ARCHIVED, KEEPASS_FAVOURITE, KEEPASS_MORE_URLS, KEEPASS_PLUGINS, KEEPASSXC_PASSKEY};
use crate::passkey;
use crate::report::LossReport;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use truebell_core::item::{Category, FieldKind, State};
use truebell_core::time::UnixMillis;

pub(super) struct Context<'a> {
    pub(super) files: &'a HashMap<&'a str, &'a [u8]>,
    pub(super) references: &'a References<'a>,
    pub(super) place: &'a str,
    pub(super) now: UnixMillis,
}

pub(super) fn read(entry: &Entry, folder: &str, is_trashed: bool, context: &Context<'_>, report: &mut LossReport) -> ImportedItem {
    let mut draft = Draft::new(Category::Login, context.now);
    draft.title(resolve(entry.text("Title"), context));
    draft.dates(entry.times.created, entry.times.edited);
    draft.folder(folder);
    read_tags(entry, &mut draft);
    if is_trashed {
        draft.trash(entry.times.moved.unwrap_or(context.now));
    }
    read_texts(entry, &mut draft, context, report);
    if let Some(expires) = entry.times.expires {
        draft.custom("expires", FieldKind::Text, dates::instant_text(expires));
    }
    draft.custom_if("override URL", FieldKind::Text, &entry.override_url);
    for (window, keys) in &entry.auto_type {
        let label = if window.is_empty() { "auto-type".to_owned() } else { format!("auto-type: {window}") };
        draft.custom(&label, FieldKind::Text, keys.as_str());
    }
    read_files(entry, &mut draft, context, report);
    history::read(entry, &mut draft, context, report);
    draft.begin_section(KEEPASS_PLUGINS);
    // KeePassXC keeps its own change times there; they say nothing elsewhere.
    for (key, value) in entry.custom_data.iter().filter(|(key, _)| !key.starts_with("_LAST_MODIFIED")) {
        draft.custom(key, FieldKind::Concealed, value.as_str());
    }
    for name in &entry.looks {
        report.lose(context.place, draft.title_text(), name, "looks of an entry are not carried");
    }
    for name in &entry.unknown {
        report.lose(context.place, draft.title_text(), name, "this element is not known");
    }
    draft.finish()
}

fn read_tags(entry: &Entry, draft: &mut Draft) {
    for tag in entry.tags.split([';', ',', '\t']).map(str::trim) {
        match tag {
            KEEPASS_FAVOURITE => draft.item.overview.favourite = true,
            KEEPASS_ARCHIVED => draft.item.overview.state = State::Archived,
            _ => draft.tag(tag),
        }
    }
}

fn read_texts(entry: &Entry, draft: &mut Draft, context: &Context<'_>, report: &mut LossReport) {
    let (title, user) = (draft.title_text().to_owned(), resolve(entry.text("UserName"), context));
    let otp = otp_fields::read(entry, &title, &user);
    let mut passkey = Map::new();
    for text in &entry.texts {
        let value = resolve(text.value.expose(), context);
        if value.contains("{REF:") {
            report.change(context.place, &title, &text.key, "the reference in it points to nothing; it is kept as text");
        }
        match text.key.as_str() {
            "Title" => {}
            "UserName" => draft.set("username", value),
            "Password" => draft.set("password", value),
            "URL" => {}
            "Notes" => draft.note(&value),
            key if otp.used.contains(key) => {}
            key if is_url(key) => {}
            key if key.starts_with(KEEPASSXC_PASSKEY) => {
                passkey.insert(key.to_owned(), Value::String(value));
            }
            key => {
                let kind = if text.is_protected || key.starts_with("HmacOtp-Secret") { FieldKind::Concealed } else { FieldKind::Text };
                draft.custom(key, kind, value);
            }
        }
    }
    read_urls(entry, draft, context);
    for uri in otp.uris {
        draft.set("totp", uri);
    }
    if !passkey.is_empty() {
        draft.set("passkey", passkey::wrap("keepassxc", Value::Object(passkey)));
    }
}

fn is_url(key: &str) -> bool {
    key.strip_prefix(KEEPASS_MORE_URLS).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The main address first, then the others in the order of their names, which is not the order of the file.
fn read_urls(entry: &Entry, draft: &mut Draft, context: &Context<'_>) {
    draft.site(&resolve(entry.text("URL"), context), "");
    let mut others: Vec<_> = entry.texts.iter().filter(|text| is_url(&text.key)).collect();
    others.sort_by_key(|text| (text.key.len(), text.key.as_str()));
    others.iter().for_each(|text| draft.site(&resolve(text.value.expose(), context), ""));
}

/// Replaces a value that is exactly one reference to another entry (`{REF:P@I:<uuid>}`) by what it points to.
fn resolve(value: &str, context: &Context<'_>) -> String {
    let target = value.strip_prefix("{REF:").and_then(|rest| rest.strip_suffix('}')).and_then(|rest| rest.split_once("@I:"));
    let Some((wanted, id)) = target else { return value.to_owned() };
    let key = match wanted {
        "T" => "Title",
        "U" => "UserName",
        "P" => "Password",
        "A" => "URL",
        "N" => "Notes",
        _ => return value.to_owned(),
    };
    // One step only: a chain of references could be a ring.
    context.references.get(&id.to_uppercase()).map_or_else(|| value.to_owned(), |entry| entry.text(key).to_owned())
}

fn read_files(entry: &Entry, draft: &mut Draft, context: &Context<'_>, report: &mut LossReport) {
    for (name, id) in &entry.files {
        match context.files.get(id.as_str()) {
            Some(bytes) if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits::ATTACHMENT_BYTES => {
                report.lose(context.place, draft.title_text(), name, "files over 100 MiB are not carried");
            }
            Some(bytes) => draft.file(name, bytes.to_vec()),
            None => report.lose(context.place, draft.title_text(), name, "the file is missing from the database"),
        }
    }
    let current: BTreeSet<&str> = entry.files.iter().map(|(_, id)| id.as_str()).collect();
    let old: BTreeSet<&str> = entry
        .history
        .iter()
        .flat_map(|version| &version.files)
        .filter(|(_, id)| !current.contains(id.as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    for name in old {
        report.lose(context.place, draft.title_text(), name, "files that only older versions of the entry had are not carried");
    }
}
