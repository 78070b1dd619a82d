//! Bitwarden's JSON: plain, locked with a password, and as a zip with attachments. Exports locked to an account are told apart.

mod item;
mod sealed;

use super::bag::Bag;
use super::zip::{Part, Unzip};
use super::{ImportError, Imported, ImportedItem, Source};
use crate::limits;
use crate::report::LossReport;
use serde_json::Value;
use std::collections::HashMap;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

const SOURCE: Source = Source::Bitwarden;
/// The document in a zip export.
pub(super) const ZIP_DATA: &str = "data.json";

pub(super) fn needs_password(bytes: &[u8]) -> bool {
    parse(bytes).is_ok_and(|mut top| top.truth("encrypted") && top.truth("passwordProtected"))
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>, now: UnixMillis) -> Result<Imported, ImportError> {
    if bytes.starts_with(b"PK") {
        return read_zip(bytes, now);
    }
    let mut top = parse(bytes)?;
    if !top.truth("encrypted") {
        return read_plain(top, now);
    }
    if !top.truth("passwordProtected") {
        return Err(ImportError::AccountRestricted);
    }
    let password = password.ok_or(ImportError::NeedsPassword(SOURCE))?;
    let plain = sealed::open(&mut top, password)?;
    let mut inner = parse(&plain)?;
    if inner.truth("encrypted") {
        return Err(ImportError::AccountRestricted);
    }
    read_plain(inner, now)
}

fn parse(bytes: &[u8]) -> Result<Bag, ImportError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: Value = serde_json::from_slice(text).map_err(|error| ImportError::json(SOURCE, &error))?;
    if value.is_object() {
        return Ok(Bag::of(value));
    }
    Err(ImportError::Foreign(SOURCE, "it does not hold one JSON object".to_owned()))
}

fn read_plain(mut top: Bag, now: UnixMillis) -> Result<Imported, ImportError> {
    let Value::Array(items) = top.take("items") else {
        return Err(ImportError::Foreign(SOURCE, "it has no list of items".to_owned()));
    };
    let folders = folder_names(&mut top);
    let mut report = LossReport { records: items.len(), ..LossReport::default() };
    let mut out = Vec::with_capacity(items.len());
    for (index, value) in items.into_iter().enumerate() {
        let place = format!("record {}", index + 1);
        if !value.is_object() {
            return Err(ImportError::damaged(SOURCE, place, "it is not an item"));
        }
        out.push(item::read(Bag::of(value), &folders, &place, &mut report, now));
    }
    Ok(Imported { items: out, report })
}

/// Names of folders and collections by id.
fn folder_names(top: &mut Bag) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for value in top.list("folders").into_iter().chain(top.list("collections")) {
        let mut folder = Bag::of(value);
        let (id, name) = (folder.text("id"), folder.text("name"));
        if !id.is_empty() && !name.is_empty() {
            names.insert(id, name);
        }
    }
    names
}

/// The zip with attachments: `data.json` and `attachments/<item id>/<file name>`.
fn read_zip(bytes: &[u8], now: UnixMillis) -> Result<Imported, ImportError> {
    let mut zip = Unzip::open(SOURCE, bytes)?;
    let document = Zeroizing::new(zip.document(ZIP_DATA)?);
    let mut top = parse(&document)?;
    if top.truth("encrypted") {
        return Err(ImportError::AccountRestricted);
    }
    let ids = item_ids(&document);
    let mut imported = read_plain(top, now)?;
    for path in zip.names().into_iter().filter(|name| name.starts_with("attachments/") && !name.ends_with('/')) {
        let owner = path.split('/').nth(1).and_then(|id| ids.get(id)).copied();
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let part = zip.part(&path, limits::ATTACHMENT_BYTES)?;
        attach(&mut imported, owner, &name, part);
    }
    Ok(imported)
}

fn item_ids(document: &[u8]) -> HashMap<String, usize> {
    let items = parse(document).map(|mut top| top.list("items")).unwrap_or_default();
    items.into_iter().enumerate().map(|(index, item)| (Bag::of(item).text("id"), index)).collect()
}

fn attach(imported: &mut Imported, owner: Option<usize>, name: &str, part: Part) {
    let Some(item) = owner.and_then(|index| imported.items.get_mut(index)) else {
        imported.report.lose_record("attachments", name, "no record of this export owns this file");
        return;
    };
    let title = item.item.overview.title.clone();
    match part {
        Part::Bytes(bytes) => push_file(item, name, bytes),
        Part::Absent => imported.report.lose("attachments", &title, name, "the file is missing from the archive"),
        Part::TooBig => imported.report.lose("attachments", &title, name, "files over 100 MiB are not carried"),
    }
}

fn push_file(item: &mut ImportedItem, name: &str, bytes: Vec<u8>) {
    item.files.push(super::ImportedFile { name: name.to_owned(), bytes });
}
