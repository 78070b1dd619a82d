//! One KeePass entry as an item.

use super::super::ImportedItem;
use super::{References, history, otp_fields};
use crate::dates;
use crate::draft::Draft;
use crate::kdbx::Entry;
use crate::limits;
use crate::passkey;
use crate::report::LossReport;
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use truebell_core::item::{Category, FieldKind};
use truebell_core::time::UnixMillis;

pub(super) struct Context<'a> {
    pub(super) files: &'a HashMap<&'a str, &'a [u8]>,
    pub(super) references: &'a References<'a>,
    pub(super) place: &'a str,
    pub(super) now: UnixMillis,
}

/// Prefix of the attributes KeePassXC keeps a passkey in.
pub(crate) const PASSKEY: &str = "KPEX_PASSKEY_";
/// Further addresses, as KeePassXC and Keepass2Android name them (`KP2A_URL`, `KP2A_URL_1`, …).
pub(crate) const MORE_URLS: &str = "KP2A_URL";
/// The tag KeePassXC's own importer gives to favourites; our export gives it too.
pub(crate) const FAVOURITE: &str = "Favorite";
/// Title of the section plug-in data is kept in.
pub(crate) const PLUGIN_SECTION: &str = "KeePass plug-in data";

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
    draft.begin_section(PLUGIN_SECTION);
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
        if tag == FAVOURITE {
            draft.item.overview.favourite = true;
        } else {
            draft.tag(tag);
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
            "URL" => draft.site(&value, ""),
            "Notes" => draft.note(&value),
            key if otp.used.contains(key) => {}
            key if key == MORE_URLS || key.strip_prefix(MORE_URLS).is_some_and(|rest| rest.starts_with('_')) => draft.site(&value, ""),
            key if key.starts_with(PASSKEY) => {
                passkey.insert(key.to_owned(), Value::String(value));
            }
            key => {
                let kind = if text.is_protected { FieldKind::Concealed } else { FieldKind::Text };
                draft.custom(key, kind, value);
            }
        }
    }
    for uri in otp.uris {
        draft.set("totp", uri);
    }
    if !passkey.is_empty() {
        draft.set("passkey", passkey::wrap("keepassxc", Value::Object(passkey)));
    }
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
