//! Proton Pass: `data.json` by itself or in its zip with files. The CSV has the same contents and uses the same readers.

use super::bag::Bag;
use super::zip::{Part, Unzip};
use super::{ImportError, Imported, ImportedItem, Source};
use crate::dates;
use crate::draft::Draft;
use crate::limits;
use crate::passkey;
use serde_json::Value;
use truebell_core::item::{Category, FieldKind};
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

const SOURCE: Source = Source::ProtonPass;
/// The types there are.
pub(super) const KINDS: [&str; 5] = ["login", "alias", "creditCard", "note", "identity"];

/// Whether a name in a zip is the document.
pub(super) fn is_data(name: &str) -> bool {
    name == "Proton Pass/data.json"
}

/// Whether a name in a zip is the document, locked.
pub(super) fn is_locked(name: &str) -> bool {
    name == "Proton Pass/data.pgp"
}

pub(super) fn read(bytes: &[u8], now: UnixMillis) -> Result<Imported, ImportError> {
    if bytes.starts_with(b"-----BEGIN PGP") {
        return Err(ImportError::Pgp(SOURCE));
    }
    if !bytes.starts_with(b"PK") {
        return read_json(bytes, None, now);
    }
    let mut zip = Unzip::open(SOURCE, bytes)?;
    if zip.names().iter().any(|name| is_locked(name)) {
        return Err(ImportError::Pgp(SOURCE));
    }
    let document = Zeroizing::new(zip.document("Proton Pass/data.json")?);
    read_json(&document, Some(zip), now)
}

fn read_json(bytes: &[u8], mut zip: Option<Unzip<'_>>, now: UnixMillis) -> Result<Imported, ImportError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut top = Bag::of(serde_json::from_slice(text).map_err(|error| ImportError::json(SOURCE, &error))?);
    if top.truth("encrypted") {
        return Err(ImportError::Pgp(SOURCE));
    }
    let Value::Object(vaults) = top.take("vaults") else {
        return Err(ImportError::Foreign(SOURCE, "it has no vaults".to_owned()));
    };
    let mut imported = Imported::default();
    for (_, vault) in vaults {
        let mut vault = Bag::of(vault);
        let name = vault.text("name");
        if !vault.text("description").is_empty() {
            imported.report.lose(&format!("vault {name}"), "", "description", "vaults become tags, and tags have no description");
        }
        let folders = vault.list("folders");
        for value in vault.list("items") {
            imported.report.records += 1;
            let place = format!("record {}", imported.report.records);
            if !value.is_object() {
                return Err(ImportError::damaged(SOURCE, place, "it is not an item"));
            }
            let item = read_item(Bag::of(value), &name, &folders, &place, &mut zip, &mut imported, now)?;
            imported.items.push(item);
        }
    }
    Ok(imported)
}

fn read_item(
    mut record: Bag,
    vault: &str,
    folders: &[Value],
    place: &str,
    zip: &mut Option<Unzip<'_>>,
    imported: &mut Imported,
    now: UnixMillis,
) -> Result<ImportedItem, ImportError> {
    let mut data = record.bag("data");
    let kind = data.text("type");
    let mut draft = Draft::new(category(&kind), now);
    let mut metadata = data.bag("metadata");
    draft.title(metadata.text("name"));
    draft.note(&metadata.text("note"));
    let (created, edited) = (instant(&mut record, "createTime"), instant(&mut record, "modifyTime"));
    draft.dates(created, edited);
    draft.item.overview.favourite = record.truth("pinned");
    draft.folder(&folder_path(vault, folders, &record.text("folderId")));
    if record.number("state") == Some(2) {
        draft.trash(edited.unwrap_or(now));
    }
    draft.custom_if("alias", FieldKind::Email, &record.text("aliasEmail"));
    read_content(data.bag("content"), &mut draft);
    data.list("extraFields").into_iter().for_each(|field| read_extra(field, &mut draft));
    if !KINDS.contains(&kind.as_str()) {
        imported.report.change(place, draft.title_text(), "type", "this type is not known; its fields are kept in a secure note");
    }
    for name in record.list("files").iter().filter_map(Value::as_str) {
        read_file(name, place, zip, &mut draft, imported)?;
    }
    metadata.drop(&["itemUuid"]);
    record.drop(&["itemId", "shareId", "contentFormatVersion", "shareCount", "revision", "revisionTime", "flags", "lastUseTime"]);
    for rest in [metadata, data, record] {
        rest.keep_rest(&mut draft);
    }
    Ok(draft.finish())
}

fn instant(record: &mut Bag, name: &str) -> Option<UnixMillis> {
    record.number(name).and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0).map(dates::instant_of_count)
}

/// The vault and the folders inside it, outermost first.
fn folder_path(vault: &str, folders: &[Value], id: &str) -> String {
    let mut path = Vec::new();
    let mut wanted = id.to_owned();
    // As many steps as there are folders: a ring of parents ends there.
    for _ in 0..folders.len() {
        let Some(folder) = folders.iter().find(|folder| folder.get("folderId").and_then(Value::as_str) == Some(&wanted)) else { break };
        path.push(folder.get("name").and_then(Value::as_str).unwrap_or_default().to_owned());
        wanted = folder.get("parentFolderId").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    path.push(vault.to_owned());
    path.reverse();
    path.join("/")
}

fn read_file(name: &str, place: &str, zip: &mut Option<Unzip<'_>>, draft: &mut Draft, imported: &mut Imported) -> Result<(), ImportError> {
    let report = &mut imported.report;
    let Some(zip) = zip else {
        report.lose(place, draft.title_text(), name, "files are only in the zip export; export as zip to carry it");
        return Ok(());
    };
    let path = format!("Proton Pass/files/{}", name.replace(['/', '\\'], "_"));
    match zip.part(&path, limits::ATTACHMENT_BYTES)? {
        Part::Bytes(bytes) => draft.file(name, bytes),
        Part::Absent => report.lose(place, draft.title_text(), name, "the file is missing from the archive"),
        Part::TooBig => report.lose(place, draft.title_text(), name, "files over 100 MiB are not carried"),
    }
    Ok(())
}

pub(super) fn category(kind: &str) -> Category {
    match kind {
        "login" | "alias" => Category::Login,
        "creditCard" => Category::Card,
        "identity" => Category::Identity,
        _ => Category::SecureNote,
    }
}

/// Where each member of any content goes; what is not here becomes a custom field.
const CONTENT: &[(&str, &str)] = &[
    ("password", "password"),
    ("totpUri", "totp"),
    ("cardholderName", "cardholder"),
    ("number", "number"),
    ("verificationNumber", "cvv"),
    ("pin", "pin"),
    ("firstName", "first-name"),
    ("middleName", "middle-name"),
    ("lastName", "last-name"),
    ("phoneNumber", "phone"),
    ("organization", "company"),
    ("socialSecurityNumber", "social-security-number"),
    ("passportNumber", "passport-number"),
    ("licenseNumber", "license-number"),
];

/// The content of an item of any type.
pub(super) fn read_content(mut content: Bag, draft: &mut Draft) {
    let (email, user) = (content.text("itemEmail"), content.text("itemUsername"));
    // People sign in with a mail address more often than not; with both, the address is kept beside the name.
    if user.is_empty() {
        draft.set("username", email);
    } else {
        draft.set("username", user);
        draft.custom_if("email", FieldKind::Email, &email);
    }
    for (theirs, ours) in CONTENT {
        draft.set(ours, content.text(theirs));
    }
    if draft.item.overview.category == Category::Identity {
        read_person(&mut content, draft);
    }
    if draft.item.overview.category == Category::Card {
        let expires = content.text("expirationDate");
        match dates::month(&expires) {
            Some(month) => draft.set("expires", month),
            None => draft.custom_if("expirationDate", FieldKind::Text, &expires),
        }
        content.drop(&["cardType"]);
    }
    for url in content.list("urls").iter().filter_map(Value::as_str) {
        draft.site(url, "");
    }
    content.list("autofillUrls").into_iter().for_each(|url| read_autofill(url, draft));
    let passkeys = content.list("passkeys");
    if !passkeys.is_empty() {
        draft.set("passkey", passkey::wrap("protonpass", Value::Array(passkeys)));
    }
    read_sections(&mut content, draft);
    draft.begin_section("");
    content.keep_rest(draft);
}

fn read_person(content: &mut Bag, draft: &mut Draft) {
    draft.set("email", content.text("email"));
    let birth = content.text("birthdate");
    draft.set("birth-date", dates::day(&birth).unwrap_or(birth));
    let full = content.text("fullName");
    let has_name = draft.item.field("first-name").is_some() || draft.item.field("last-name").is_some();
    match full.trim().rsplit_once(' ').filter(|_| !has_name) {
        Some((first, last)) => {
            draft.set("first-name", first);
            draft.set("last-name", last);
        }
        None => draft.custom_if("full name", FieldKind::Text, &full),
    }
    let city = format!("{} {}", content.text("zipOrPostalCode"), content.text("city"));
    let mut lines: Vec<String> = ["streetAddress", "floor"].map(|name| content.text(name)).into();
    lines.push(city.trim().to_owned());
    lines.extend(["county", "stateOrProvince", "countryOrRegion"].map(|name| content.text(name)));
    lines.retain(|line| !line.is_empty());
    draft.set("address", lines.join("\n"));
}

fn read_sections(content: &mut Bag, draft: &mut Draft) {
    for name in ["extraPersonalDetails", "extraAddressDetails", "extraContactDetails", "extraWorkDetails"] {
        content.list(name).into_iter().for_each(|field| read_extra(field, draft));
    }
    for section in content.list("extraSections").into_iter().chain(content.list("sections")) {
        let mut section = Bag::of(section);
        draft.begin_section(&section.text("sectionName"));
        section.list("sectionFields").into_iter().for_each(|field| read_extra(field, draft));
        section.keep_rest(draft);
    }
}

/// One address with the way it is matched.
pub(super) fn read_autofill(value: Value, draft: &mut Draft) {
    let mut url = Bag::of(value);
    let address = url.text("url");
    draft.site(&address, "");
    let mode = url.text("mode");
    if !["", "0", "default", "Default"].contains(&mode.as_str()) {
        draft.custom(&format!("match rule for {address}"), FieldKind::Text, mode);
    }
    url.keep_rest(draft);
}

fn read_extra(value: Value, draft: &mut Draft) {
    let mut field = Bag::of(value);
    let (name, kind) = (field.text("fieldName"), field.text("type"));
    let mut data = field.bag("data");
    let (content, totp, at) = (data.text("content"), data.text("totpUri"), data.text("timestamp"));
    match kind.as_str() {
        "totp" => draft.custom(&name, FieldKind::Totp, totp),
        "hidden" => draft.custom(&name, FieldKind::Concealed, content),
        "timestamp" => draft.custom(&name, FieldKind::Text, at),
        _ => draft.custom(&name, FieldKind::Text, content),
    }
    data.keep_rest(draft);
    field.keep_rest(draft);
}
