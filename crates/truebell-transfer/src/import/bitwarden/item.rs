//! One record of a Bitwarden export as an item.

use super::super::ImportedItem;
use super::super::bag::{Bag, keep};
use crate::dates;
use crate::draft::Draft;
use crate::names::BITWARDEN_MATCH_RULES;
use crate::passkey;
use crate::report::LossReport;
use serde_json::Value;
use std::collections::HashMap;
use truebell_core::item::{Category, FieldKind, State};
use truebell_core::time::UnixMillis;

/// Ids and flags that mean something to Bitwarden's server only.
const THEIRS: &[&str] =
    &["id", "organizationId", "object", "edit", "viewPassword", "organizationUseTotp", "permissions", "localData", "key", "partial"];

pub(super) fn read(
    mut record: Bag,
    folders: &HashMap<String, String>,
    place: &str,
    report: &mut LossReport,
    now: UnixMillis,
) -> ImportedItem {
    let kind = record.number("type").unwrap_or(0);
    let mut draft = Draft::new(category(kind), now);
    draft.title(record.text("name"));
    draft.note(&record.text("notes"));
    draft.item.overview.favourite = record.truth("favorite");
    read_dates(&mut record, &mut draft, now);
    read_folders(&mut record, folders, &mut draft);
    read_body(kind, &mut record, &mut draft);
    read_custom_fields(&mut record, &mut draft, place, report);
    read_history(&mut record, &mut draft, now);
    if record.number("reprompt") == Some(1) {
        report.lose(place, draft.title_text(), "password re-prompt", "Truebell has no re-prompt for single items");
    }
    if !matches!(kind, 1..=8) {
        report.change(place, draft.title_text(), "type", "this type is not known; its fields are kept in a secure note");
    } else if matches!(kind, 6..=8) {
        report.change(place, draft.title_text(), "type", "there is no category of its own for it; every field is kept");
    }
    record.drop(THEIRS);
    record.keep_rest(&mut draft);
    draft.finish()
}

fn category(kind: i64) -> Category {
    match kind {
        1 => Category::Login,
        3 => Category::Card,
        4 | 7 | 8 => Category::Identity,
        5 => Category::SshKey,
        _ => Category::SecureNote,
    }
}

fn read_dates(record: &mut Bag, draft: &mut Draft, now: UnixMillis) {
    let created = dates::instant(&record.text("creationDate"));
    let edited = dates::instant(&record.text("revisionDate"));
    draft.dates(created, edited);
    if !record.text("archivedDate").is_empty() {
        draft.item.overview.state = State::Archived;
    }
    let deleted = record.text("deletedDate");
    if !deleted.is_empty() {
        draft.trash(dates::instant(&deleted).unwrap_or(now));
    }
}

fn read_folders(record: &mut Bag, folders: &HashMap<String, String>, draft: &mut Draft) {
    let ids = record.list("collectionIds");
    for name in ids.iter().filter_map(Value::as_str).filter_map(|id| folders.get(id)) {
        draft.folder(name);
    }
    if let Some(name) = folders.get(&record.text("folderId")) {
        draft.folder(name);
    }
}

fn read_body(kind: i64, record: &mut Bag, draft: &mut Draft) {
    match kind {
        1 => read_login(record.bag("login"), draft),
        2 => {
            // One type of note exists, and its number says nothing.
            record.drop(&["secureNote"]);
        }
        3 => read_card(record.bag("card"), draft),
        4 => read_identity(record.bag("identity"), draft),
        5 => read_ssh_key(record.bag("sshKey"), draft),
        7 => read_papers(record.bag("driversLicense"), draft),
        8 => read_papers(record.bag("passport"), draft),
        6 => record.bag("bankAccount").keep_rest(draft),
        _ => {}
    }
}

fn read_login(mut login: Bag, draft: &mut Draft) {
    draft.set("username", login.text("username"));
    draft.set("password", login.text("password"));
    draft.set("totp", login.text("totp"));
    for value in login.list("uris") {
        let mut uri = Bag::of(value);
        let address = uri.text("uri");
        draft.site(&address, "");
        if let Some(rule) = uri.number("match") {
            draft.custom(&format!("match rule for {address}"), FieldKind::Text, match_rule(rule));
        }
        uri.drop(&["uriChecksum"]);
        uri.keep_rest(draft);
    }
    // Old exports had one address only; newer ones may repeat the first there.
    draft.site(&login.text("uri"), "");
    let passkeys = login.list("fido2Credentials");
    if !passkeys.is_empty() {
        draft.set("passkey", passkey::wrap("bitwarden", Value::Array(passkeys)));
    }
    if let Some(changed) = dates::instant(&login.text("passwordRevisionDate")) {
        // The date of the last password change; the newest old password was current until then.
        draft.custom("password changed", FieldKind::Text, dates::instant_text(changed));
    }
    login.keep_rest(draft);
}

fn match_rule(number: i64) -> String {
    let known = usize::try_from(number).ok().and_then(|index| BITWARDEN_MATCH_RULES.get(index).copied());
    known.map_or_else(|| number.to_string(), str::to_owned)
}

fn read_card(mut card: Bag, draft: &mut Draft) {
    draft.set("cardholder", card.text("cardholderName"));
    draft.set("number", card.text("number"));
    draft.set("brand", card.text("brand"));
    draft.set("cvv", card.text("code"));
    let (month, year) = (card.text("expMonth"), card.text("expYear"));
    match dates::month_of(&month, &year) {
        Some(date) => draft.set("expires", date),
        None => {
            draft.custom_if("expiry month", FieldKind::Text, &month);
            draft.custom_if("expiry year", FieldKind::Text, &year);
        }
    }
    card.keep_rest(draft);
}

fn read_identity(mut identity: Bag, draft: &mut Draft) {
    for (theirs, ours) in [
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
    ] {
        draft.set(ours, identity.text(theirs));
    }
    let mut lines: Vec<String> = ["address1", "address2", "address3"].map(|name| identity.text(name)).into();
    lines.push(format!("{} {}", identity.text("postalCode"), identity.text("city")).trim().to_owned());
    lines.extend(["state", "country"].map(|name| identity.text(name)));
    lines.retain(|line| !line.is_empty());
    draft.set("address", lines.join("\n"));
    identity.keep_rest(draft);
}

fn read_ssh_key(mut key: Bag, draft: &mut Draft) {
    draft.set("private-key", key.text("privateKey"));
    draft.set("public-key", key.text("publicKey"));
    let fingerprint = key.text("keyFingerprint");
    draft.set("fingerprint", if fingerprint.is_empty() { key.text("fingerprint") } else { fingerprint });
    key.keep_rest(draft);
}

/// A driving licence or a passport.
fn read_papers(mut papers: Bag, draft: &mut Draft) {
    for (theirs, ours) in [
        ("firstName", "first-name"),
        ("givenName", "first-name"),
        ("middleName", "middle-name"),
        ("lastName", "last-name"),
        ("surname", "last-name"),
        ("dateOfBirth", "birth-date"),
        ("licenseNumber", "license-number"),
        ("passportNumber", "passport-number"),
    ] {
        draft.set(ours, papers.text(theirs));
    }
    papers.keep_rest(draft);
}

fn read_custom_fields(record: &mut Bag, draft: &mut Draft, place: &str, report: &mut LossReport) {
    for value in record.list("fields") {
        let mut field = Bag::of(value);
        let name = field.text("name");
        let kind = match field.number("type") {
            Some(1) => FieldKind::Concealed,
            Some(2) => FieldKind::Boolean,
            Some(3) => {
                let linked = field.take("linkedId");
                report.lose(place, draft.title_text(), &name, "a field linked to another field has no value of its own");
                drop(linked);
                continue;
            }
            _ => FieldKind::Text,
        };
        let text = field.text("value");
        // Our own export writes an item's second and further tags so.
        if name == "tag" && kind == FieldKind::Text && !text.trim().is_empty() {
            draft.tag(&text);
        } else {
            draft.custom(&name, kind, text);
        }
        field.drop(&["linkedId"]);
        field.keep_rest(draft);
    }
}

fn read_history(record: &mut Bag, draft: &mut Draft, now: UnixMillis) {
    for value in record.list("passwordHistory") {
        let mut old = Bag::of(value);
        let until = dates::instant(&old.text("lastUsedDate")).unwrap_or(now);
        match old.take("password") {
            Value::String(password) => draft.past("/password", password, until),
            other => keep(draft, "old password", &other),
        }
    }
}
