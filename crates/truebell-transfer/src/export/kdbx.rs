//! KDBX 4 for KeePass and KeePassXC: one group, the recycle bin for what is in the trash, past values as the entries' history.

use super::Outgoing;
use super::flat::{Flat, is_hidden};
use crate::dates;
use crate::kdbx::{self, Binary, CompositeKey, Cost, Database, Entry, Group, KdbxError, Text, Times};
use crate::names::{KEEPASS_ARCHIVED, KEEPASS_FAVOURITE, KEEPASS_MORE_URLS, KEEPASS_PLUGINS, KEEPASSXC_PASSKEY};
use crate::otp;
use crate::passkey;
use crate::report::LossReport;
use std::collections::{BTreeSet, HashMap};
use truebell_core::chance::{Chance, make_array};
use truebell_core::derive::{ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES};
use truebell_core::item::{Category, Field, Section, State};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// The same work as for our own archive.
const COST: Cost = Cost { memory_kib: ARGON2_MEMORY_KIB, passes: ARGON2_PASSES, lanes: ARGON2_LANES };
/// Names KeePass itself gives a meaning to.
const RESERVED: [&str; 6] = ["Title", "UserName", "Password", "URL", "Notes", "otp"];

pub(super) fn write(
    items: &[Outgoing<'_>],
    password: &Secret,
    now: UnixMillis,
    chance: &mut dyn Chance,
    report: &mut LossReport,
) -> Result<Vec<u8>, KdbxError> {
    let bin = make_array(chance);
    let mut database = Database {
        root: Group { uuid: make_array(chance), name: "Truebell".to_owned(), ..Group::default() },
        recycle_bin: Some(bin),
        ..Database::default()
    };
    let mut trash = Group { uuid: bin, name: "Recycle Bin".to_owned(), ..Group::default() };
    for (index, outgoing) in items.iter().enumerate() {
        let entry = entry(index, outgoing, &mut database.binaries, chance, report);
        let is_trashed = matches!(outgoing.item.overview.state, State::Trashed { .. });
        if is_trashed {
            trash.entries.push(entry)
        } else {
            database.root.entries.push(entry)
        }
        report.items += 1;
        report.files += outgoing.files.len();
    }
    database.root.groups.push(trash);
    kdbx::save(&database, CompositeKey { password: Some(password), key_file: None }, COST, now, chance)
}

fn entry(index: usize, outgoing: &Outgoing<'_>, binaries: &mut Vec<Binary>, chance: &mut dyn Chance, report: &mut LossReport) -> Entry {
    let mut flat = Flat::new(index, outgoing);
    let overview = &outgoing.item.overview;
    let moved = if let State::Trashed { since } = overview.state { Some(since) } else { None };
    let mut entry = Entry {
        uuid: make_array(chance),
        times: Times { created: Some(overview.created), edited: Some(overview.edited), moved, expires: None },
        ..Entry::default()
    };
    if overview.category != Category::Login {
        report.change(&flat.place, flat.title(), "category", "KeePass has entries of one kind only; the fields are kept by their names");
    }
    entry.tags = tags(&flat, report);
    let names = texts(&mut flat, &mut entry, report);
    files(outgoing, &mut entry, binaries, &flat, report);
    history(&flat, &mut entry, &names);
    flat.lose_extra(report);
    entry
}

fn tags(flat: &Flat<'_>, report: &mut LossReport) -> String {
    let overview = &flat.item.overview;
    let mut tags = Vec::new();
    for tag in &overview.tags {
        let clean = tag.replace([';', ',', '\t'], " ");
        if clean != *tag {
            report.change(&flat.place, flat.title(), tag, "KeePass separates tags by commas and semicolons, so a tag has none");
        }
        tags.push(clean);
    }
    if overview.favourite {
        tags.push(KEEPASS_FAVOURITE.to_owned());
    }
    if overview.state == State::Archived {
        tags.push(KEEPASS_ARCHIVED.to_owned());
    }
    tags.join(";")
}

/// Names of the entry's strings by `section id/field id`, for the history.
type Names = HashMap<String, String>;

fn texts(flat: &mut Flat<'_>, entry: &mut Entry, report: &mut LossReport) -> Names {
    let (title, user) = (flat.title().to_owned(), flat.take("username"));
    let (password, totp) = (flat.take("password"), flat.take("totp"));
    push(entry, "Title", &title, false);
    push(entry, "UserName", user, false);
    push(entry, "Password", password, true);
    let urls = flat.item.overview.sites.iter().map(|site| site.url.as_str());
    for (index, url) in urls.enumerate() {
        match index {
            0 => push(entry, "URL", url, false),
            1 => push(entry, KEEPASS_MORE_URLS, url, false),
            _ => push(entry, &format!("{KEEPASS_MORE_URLS}_{}", index - 1), url, false),
        }
    }
    push(entry, "Notes", flat.item.detail.note.expose(), false);
    if !totp.is_empty() {
        push(entry, "otp", &otp::as_uri(totp, &title, user), true);
    }
    special(flat, entry);
    let names = names_of(flat);
    let mut names_by_id = Names::new();
    for (wanted, field) in flat.rest(report) {
        let name = free_name(entry, &wanted);
        if name != wanted {
            report.change(&flat.place, &title, &wanted, &format!("the name is taken or cannot be written; the field is called \"{name}\""));
        }
        if let Some(path) = names.get(&std::ptr::from_ref(field)) {
            names_by_id.insert(path.clone(), name.clone());
        }
        let value = field.value.expose();
        if !is_hidden(field.kind) && !value.chars().all(kdbx::is_xml) {
            report.change(&flat.place, &title, &name, "it holds control letters, which KeePass keeps in hidden fields only");
        }
        push(entry, &name, value, is_hidden(field.kind));
    }
    names_by_id
}

fn names_of(flat: &Flat<'_>) -> HashMap<*const Field, String> {
    let sections = flat.item.detail.sections.iter();
    sections.flat_map(|section| section.fields.iter().map(move |field| (std::ptr::from_ref(field), path(section, field)))).collect()
}

fn path(section: &Section, field: &Field) -> String {
    format!("{}/{}", section.id, field.id)
}

fn push(entry: &mut Entry, key: &str, value: &str, is_protected: bool) {
    entry.texts.push(Text { key: key.to_owned(), value: Secret::new(value), is_protected });
}

/// Fields that KeePass has a place of its own for; our importer makes them of those places.
fn special(flat: &mut Flat<'_>, entry: &mut Entry) {
    flat.take_each(|section, field| {
        let value = field.value.expose();
        if section.title == KEEPASS_PLUGINS {
            entry.custom_data.push((field.label.clone(), value.to_owned()));
            return true;
        }
        if !section.title.is_empty() {
            return false;
        }
        match field.label.as_str() {
            "expires" if entry.times.expires.is_none() => {
                entry.times.expires = dates::instant(value).filter(|at| dates::instant_text(*at) == value && at.0 % 1000 == 0);
                entry.times.expires.is_some()
            }
            "override URL" if entry.override_url.is_empty() => {
                value.clone_into(&mut entry.override_url);
                true
            }
            "auto-type" => {
                entry.auto_type.insert(0, (String::new(), value.to_owned()));
                true
            }
            label => match label.strip_prefix("auto-type: ") {
                Some(window) => {
                    entry.auto_type.push((window.to_owned(), value.to_owned()));
                    true
                }
                None => field.id == "passkey" && passkey_texts(value, entry),
            },
        }
    });
}

/// A passkey that came from KeePassXC goes back into the attributes it was in.
fn passkey_texts(value: &str, entry: &mut Entry) -> bool {
    let Some(serde_json::Value::Object(attributes)) = passkey::unwrap("keepassxc", value) else { return false };
    for (key, value) in attributes.iter().filter(|(key, _)| key.starts_with(KEEPASSXC_PASSKEY)) {
        push(entry, key, value.as_str().unwrap_or_default(), true);
    }
    true
}

/// A name no other string of the entry has, that XML can hold and KeePass does not take for its own.
fn free_name(entry: &Entry, wanted: &str) -> String {
    let clean: String = wanted.chars().map(|c| if kdbx::is_xml(c) && c != '\r' { c } else { ' ' }).collect();
    let clean = if clean.trim().is_empty() { "field".to_owned() } else { clean };
    let is_free = |name: &str| {
        let is_special = RESERVED.contains(&name) || name.starts_with(KEEPASS_MORE_URLS) || name.starts_with(KEEPASSXC_PASSKEY);
        !is_special && !entry.texts.iter().any(|text| text.key == name)
    };
    if is_free(&clean) {
        return clean;
    }
    (2u32..).map(|number| format!("{clean} ({number})")).find(|name| is_free(name)).unwrap_or(clean)
}

fn files(outgoing: &Outgoing<'_>, entry: &mut Entry, binaries: &mut Vec<Binary>, flat: &Flat<'_>, report: &mut LossReport) {
    for file in outgoing.files {
        let mut name = file.name.clone();
        for number in 2u32.. {
            if !entry.files.iter().any(|(taken, _)| *taken == name) {
                break;
            }
            name = format!("{number} {}", file.name);
        }
        if name != file.name {
            report.change(&flat.place, flat.title(), &file.name, &format!("two files cannot have one name; it is called \"{name}\""));
        }
        let id = binaries.len().to_string();
        binaries.push(Binary { id: id.clone(), bytes: file.bytes.clone() });
        entry.files.push((name, id));
    }
}

/// Past values as older versions of the entry, oldest first. A version's own date is when it came to be, so a value that was
/// current until an instant is in the version before the one of that instant.
fn history(flat: &Flat<'_>, entry: &mut Entry, names: &Names) {
    let mut pasts: Vec<_> = flat.item.detail.past.iter().collect();
    pasts.sort_by_key(|past| std::cmp::Reverse(past.until));
    let Some(newest) = pasts.first().map(|past| past.until.seconds()) else { return };
    let mut version = entry.clone();
    let mut versions: Vec<Entry> = Vec::new();
    // The entry itself came to be with its last change; only if that was another one is there a version in between.
    let mut begin = Some(newest).filter(|until| entry.times.edited.is_none_or(|edited| edited.seconds() != *until));
    let (mut until, mut changed) = (newest, BTreeSet::new());
    for past in pasts {
        // Two values of one field that ended in the same second are two versions too.
        if past.until.seconds() != until || !changed.insert(past.field.as_str()) {
            begin = Some(past.until.seconds());
            until = past.until.seconds();
            changed = BTreeSet::from([past.field.as_str()]);
        }
        if let Some(begin) = begin.take() {
            version.times.edited = Some(UnixMillis::from_seconds(begin));
            versions.push(version.clone());
        }
        set_past(&mut version, &past.field, &past.value, names);
    }
    version.times.edited = entry.times.created.min(Some(UnixMillis::from_seconds(until)));
    versions.push(version);
    versions.reverse();
    entry.history = versions;
}

fn set_past(version: &mut Entry, field: &str, value: &Secret, names: &Names) {
    let key = match field {
        "title" => "Title",
        "note" => "Notes",
        "site" => "URL",
        "/username" => "UserName",
        "/password" => "Password",
        "/totp" => "otp",
        "tags" => {
            value.expose().clone_into(&mut version.tags);
            return;
        }
        other => names.get(other).map_or_else(|| other.trim_start_matches('/'), String::as_str),
    };
    match version.texts.iter_mut().find(|text| text.key == key) {
        Some(text) => text.value = value.clone(),
        None => version.texts.push(Text { key: key.to_owned(), value: value.clone(), is_protected: true }),
    }
}
