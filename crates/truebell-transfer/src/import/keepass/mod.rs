//! KeePass databases: groups become tags, the recycle bin the trash, old versions of an entry its past values.

mod entry;
mod history;
mod otp_fields;

use super::{ImportError, Imported, Source, Unlock};
use crate::kdbx::{self, CompositeKey, Database, Group, KdbxError};
use std::collections::HashMap;
use truebell_core::time::UnixMillis;

const SOURCE: Source = Source::KeePass;

pub(super) fn read(bytes: &[u8], unlock: Unlock<'_>, now: UnixMillis) -> Result<Imported, ImportError> {
    let key = CompositeKey { password: unlock.password, key_file: unlock.key_file };
    let database = kdbx::open(bytes, key).map_err(explain)?;
    let mut walk = Walk { out: Imported::default(), files: files_by_id(&database), references: HashMap::new(), now };
    index(&database.root, &mut walk.references);
    walk.group(&database.root, &[], database.recycle_bin, None);
    for name in &database.unknown {
        walk.out.report.lose("all groups", "", name, "this element is not known");
    }
    if database.custom_icons > 0 {
        walk.out.report.lose("all records", "", "custom icons", "pictures are not carried");
    }
    Ok(walk.out)
}

fn explain(error: KdbxError) -> ImportError {
    match error {
        KdbxError::Damaged(place, reason) => ImportError::damaged(SOURCE, place, reason),
        KdbxError::Version(version) => {
            ImportError::Version { source_format: SOURCE, version, hint: "open it in KeePass or KeePassXC and save it as KDBX 4" }
        }
        KdbxError::NoKey => ImportError::NeedsPassword(SOURCE),
        KdbxError::WrongKey => ImportError::WrongPassword(SOURCE),
        KdbxError::TooCostly => ImportError::TooCostly(SOURCE),
        KdbxError::TooBig => ImportError::TooBig { what: "this database, unpacked,".to_owned(), limit: "2 GiB" },
    }
}

fn files_by_id(database: &Database) -> HashMap<&str, &[u8]> {
    database.binaries.iter().map(|binary| (binary.id.as_str(), binary.bytes.as_slice())).collect()
}

/// Entries by UUID in upper-case hex, as references name them.
type References<'a> = HashMap<String, &'a kdbx::Entry>;

fn index<'a>(group: &'a Group, references: &mut References<'a>) {
    for entry in &group.entries {
        references.insert(data_encoding::HEXUPPER.encode(&entry.uuid), entry);
    }
    group.groups.iter().for_each(|inner| index(inner, references));
}

/// State of the walk through the groups.
struct Walk<'a> {
    out: Imported,
    files: HashMap<&'a str, &'a [u8]>,
    references: References<'a>,
    now: UnixMillis,
}

impl<'a> Walk<'a> {
    /// `path` is without the root group's name; `trashed` is where the recycle bin begins.
    fn group(&mut self, group: &'a Group, path: &[&str], bin: Option<kdbx::Uuid>, trashed: Option<()>) {
        let folder = path.join("/");
        for entry in &group.entries {
            self.out.report.records += 1;
            let place = format!("record {}", self.out.report.records);
            let context = entry::Context { files: &self.files, references: &self.references, place: &place, now: self.now };
            let item = entry::read(entry, &folder, trashed.is_some(), &context, &mut self.out.report);
            self.out.items.push(item);
        }
        let name = if folder.is_empty() { group.name.as_str() } else { folder.as_str() };
        if !group.notes.is_empty() {
            self.out.report.lose(&format!("group {name}"), "", "notes", "groups become tags, and tags have no notes");
        }
        if !group.tags.trim().is_empty() {
            self.out.report.lose(&format!("group {name}"), "", "tags", "groups become tags, and tags have no tags");
        }
        for inner in &group.groups {
            if bin == Some(inner.uuid) {
                self.group(inner, &[], bin, Some(()));
                continue;
            }
            if is_empty(inner) {
                self.out.report.lose_record(&format!("group {}", inner.name), "", "groups become tags, and an empty group tags nothing");
                continue;
            }
            let path: Vec<&str> = path.iter().copied().chain([inner.name.as_str()]).collect();
            self.group(inner, &path, bin, trashed);
        }
    }
}

fn is_empty(group: &Group) -> bool {
    group.entries.is_empty() && group.groups.iter().all(is_empty)
}
