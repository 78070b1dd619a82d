//! Bitwarden's plain JSON.

use super::Outgoing;
use super::flat::{Flat, is_hidden};
use crate::dates;
use crate::names::BITWARDEN_MATCH_RULES;
use crate::passkey;
use crate::report::LossReport;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use truebell_core::chance::{Chance, make_array};
use truebell_core::item::{Category, FieldKind, State};

pub(super) fn write(items: &[Outgoing<'_>], chance: &mut dyn Chance, report: &mut LossReport) -> Vec<u8> {
    let mut folders = BTreeMap::new();
    for tag in items.iter().filter_map(|item| item.item.overview.tags.first()) {
        folders.entry(tag.clone()).or_insert_with(|| uuid(chance));
    }
    let records: Vec<Value> = items.iter().enumerate().map(|(index, item)| record(index, item, &folders, chance, report)).collect();
    report.items = records.len();
    let folders: Vec<Value> = folders.iter().map(|(name, id)| json!({ "id": id, "name": name })).collect();
    let document = json!({ "encrypted": false, "folders": folders, "items": records });
    serde_json::to_vec_pretty(&document).unwrap_or_default()
}

/// A random UUID (RFC 9562 version 4).
fn uuid(chance: &mut dyn Chance) -> String {
    let mut bytes: [u8; 16] = make_array(chance);
    let [.., seventh, _, ninth, _, _, _, _, _, _, _] = &mut bytes;
    *seventh = (*seventh & 0x0f) | 0x40;
    *ninth = (*ninth & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        let dash = if [4, 6, 8, 10].contains(&index) { "-" } else { "" };
        let _ = write!(out, "{dash}{byte:02x}");
    }
    out
}

fn record(
    index: usize,
    outgoing: &Outgoing<'_>,
    folders: &BTreeMap<String, String>,
    chance: &mut dyn Chance,
    report: &mut LossReport,
) -> Value {
    let mut flat = Flat::new(index, outgoing);
    let overview = &outgoing.item.overview;
    let folder = overview.tags.first().and_then(|tag| folders.get(tag));
    let mut out = json!({
        "id": uuid(chance),
        "organizationId": null,
        "folderId": folder,
        "reprompt": 0,
        "name": overview.title,
        "notes": text(outgoing.item.detail.note.expose()),
        "favorite": overview.favourite,
        "creationDate": dates::instant_text(overview.created),
        "revisionDate": dates::instant_text(overview.edited),
        "deletedDate": null,
        "archivedDate": null,
        "collectionIds": null,
    });
    match overview.state {
        State::Active => {}
        // Bitwarden keeps when it was archived; we do not, so it is the last edit.
        State::Archived => put(&mut out, "archivedDate", json!(dates::instant_text(overview.edited))),
        State::Trashed { since } => put(&mut out, "deletedDate", json!(dates::instant_text(since))),
    }
    body(&mut flat, &mut out, report);
    put(&mut out, "passwordHistory", history(&flat, report));
    put(&mut out, "fields", custom_fields(&mut flat, report));
    flat.lose_files(outgoing, report);
    flat.lose_extra(report);
    out
}

fn put(out: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = out {
        members.insert(name.to_owned(), value);
    }
}

fn text(value: &str) -> Value {
    if value.is_empty() { Value::Null } else { json!(value) }
}

fn body(flat: &mut Flat<'_>, out: &mut Value, report: &mut LossReport) {
    let category = flat.item.overview.category;
    let (kind, name, value) = match category {
        Category::Card => (3, "card", card(flat)),
        Category::Identity => (4, "identity", identity(flat, report)),
        Category::SshKey => {
            (5, "sshKey", members(flat, &[("privateKey", "private-key"), ("publicKey", "public-key"), ("keyFingerprint", "fingerprint")]))
        }
        Category::SecureNote | Category::Document => (2, "secureNote", json!({ "type": 0 })),
        _ => (1, "login", login(flat)),
    };
    put(out, "type", json!(kind));
    put(out, name, value);
    let has_own = matches!(category, Category::Login | Category::Card | Category::Identity | Category::SshKey | Category::SecureNote);
    if !has_own {
        report.change(&flat.place, flat.title(), "category", "Bitwarden has none like it; its fields are kept as custom fields");
    }
    if kind != 1 {
        for site in &flat.item.overview.sites {
            report.lose(&flat.place, flat.title(), &site.url, "Bitwarden keeps addresses in logins only");
        }
    }
}

fn members(flat: &mut Flat<'_>, names: &[(&str, &str)]) -> Value {
    let members = names.iter().map(|(theirs, ours)| ((*theirs).to_owned(), text(flat.take(ours))));
    Value::Object(members.collect::<Map<_, _>>())
}

fn login(flat: &mut Flat<'_>) -> Value {
    let mut out = members(flat, &[("username", "username"), ("password", "password"), ("totp", "totp")]);
    let mut uris = Vec::new();
    for site in &flat.item.overview.sites {
        let rule = flat.take_label(&format!("match rule for {}", site.url));
        let number = BITWARDEN_MATCH_RULES.iter().position(|name| *name == rule);
        uris.push(json!({ "match": number, "uri": site.url }));
    }
    put(&mut out, "uris", Value::Array(uris));
    if let Some(changed) = dates::instant(flat.take_label("password changed")) {
        put(&mut out, "passwordRevisionDate", json!(dates::instant_text(changed)));
    }
    let mut credentials = json!([]);
    flat.take_each(|section, field| {
        let found = passkey::unwrap("bitwarden", field.value.expose()).filter(|_| section.id.is_empty() && field.id == "passkey");
        found.map(|found| credentials = found).is_some()
    });
    put(&mut out, "fido2Credentials", credentials);
    out
}

fn card(flat: &mut Flat<'_>) -> Value {
    let mut out = members(flat, &[("cardholderName", "cardholder"), ("brand", "brand"), ("number", "number"), ("code", "cvv")]);
    let (mut month, mut year) = (Value::Null, Value::Null);
    flat.take_each(|section, field| {
        let date = dates::month(field.value.expose()).filter(|_| section.id.is_empty() && field.id == "expires");
        let Some((y, m)) = date.as_deref().and_then(|date| date.split_once('-')) else { return false };
        (month, year) = (json!(m.trim_start_matches('0')), json!(y));
        true
    });
    put(&mut out, "expMonth", month);
    put(&mut out, "expYear", year);
    out
}

fn identity(flat: &mut Flat<'_>, report: &mut LossReport) -> Value {
    let mut out = members(
        flat,
        &[
            ("title", "title"),
            ("firstName", "first-name"),
            ("middleName", "middle-name"),
            ("lastName", "last-name"),
            ("username", "username"),
            ("company", "company"),
            ("email", "email"),
            ("phone", "phone"),
            ("ssn", "social-security-number"),
            ("passportNumber", "passport-number"),
            ("licenseNumber", "license-number"),
        ],
    );
    let address = flat.take("address");
    let mut lines = address.splitn(3, '\n');
    for name in ["address1", "address2"] {
        put(&mut out, name, text(lines.next().unwrap_or_default()));
    }
    let rest = lines.next().unwrap_or_default();
    put(&mut out, "address3", text(&rest.replace('\n', ", ")));
    if !address.is_empty() {
        report.change(&flat.place, flat.title(), "address", "it is written in lines; town and country are not told apart");
    }
    out
}

fn history(flat: &Flat<'_>, report: &mut LossReport) -> Value {
    let mut out = Vec::new();
    for past in &flat.item.detail.past {
        if past.field == "/password" {
            out.push(json!({ "lastUsedDate": dates::instant_text(past.until), "password": past.value.expose() }));
        } else {
            report.lose(&flat.place, flat.title(), &past.field, "Bitwarden keeps past passwords only");
        }
    }
    if out.is_empty() { Value::Null } else { Value::Array(out) }
}

fn custom_fields(flat: &mut Flat<'_>, report: &mut LossReport) -> Value {
    let mut out = Vec::new();
    for (name, field) in flat.rest(report) {
        let kind = match field.kind {
            FieldKind::Boolean => 2,
            kind if is_hidden(kind) => 1,
            _ => 0,
        };
        out.push(json!({ "name": name, "value": field.value.expose(), "type": kind, "linkedId": null }));
    }
    for tag in flat.item.overview.tags.iter().skip(1) {
        out.push(json!({ "name": "tag", "value": tag, "type": 0, "linkedId": null }));
        report.change(&flat.place, flat.title(), tag, "Bitwarden has one folder for an item; further tags are custom fields named \"tag\"");
    }
    Value::Array(out)
}
