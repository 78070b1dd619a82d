//! Reading an export of another password manager: which one it is, and what is in it. All or nothing: an error means that no
//! item came of the file.

mod bag;
mod bitwarden;
mod csv;
mod error;
mod keepass;
mod onepassword;
mod protonpass;
mod source;
mod zip;

pub use error::ImportError;
pub use source::{Source, UnknownSource};

use crate::report::LossReport;
use truebell_core::item::{FieldKind, Item};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_core::totp::Totp;
use zeroize::Zeroize;

/// What a file held.
#[derive(Debug, Default)]
pub struct Imported {
    /// Its items, in the order of the file.
    pub items: Vec<ImportedItem>,
    /// What of it could not be carried.
    pub report: LossReport,
}

/// One item with its files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportedItem {
    /// The item. Its `detail.attachments` is empty: whoever stores `files` fills it.
    pub item: Item,
    /// Its files, plain.
    pub files: Vec<ImportedFile>,
    /// The folder, group, collection or vault it was in; also among the item's tags.
    pub folder: Option<String>,
}

/// A file of an item.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ImportedFile {
    /// Its name, without folders.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for ImportedFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ImportedFile({} bytes)", self.bytes.len())
    }
}

impl Drop for ImportedFile {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// What unlocks a file, and the time that stands in for dates it does not tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unlock<'a> {
    /// Its password, if it has one.
    pub password: Option<&'a Secret>,
    /// A KeePass key file's bytes.
    pub key_file: Option<&'a [u8]>,
}

/// Which manager wrote these bytes, by their content first and the file's name second. Nothing if none of ours did.
pub fn detect(name: &str, bytes: &[u8]) -> Option<Source> {
    source::detect(name, bytes)
}

/// Whether this file needs a password (or key file) before [`read`] can open it.
pub fn needs_password(source: Source, bytes: &[u8]) -> bool {
    match source {
        Source::KeePass | Source::Archive => true,
        Source::Bitwarden => bitwarden::needs_password(bytes),
        _ => false,
    }
}

/// Reads a whole file.
///
/// # Errors
/// [`ImportError`], one sentence each: a wrong or missing password, a damaged or foreign file with the line or record. Nothing
/// is imported then.
pub fn read(source: Source, bytes: &[u8], unlock: Unlock<'_>, now: UnixMillis) -> Result<Imported, ImportError> {
    let mut imported = match source {
        Source::Archive => crate::archive::read(bytes, unlock.password),
        Source::KeePass => keepass::read(bytes, unlock, now),
        Source::Bitwarden => bitwarden::read(bytes, unlock.password, now),
        Source::OnePassword => onepassword::read(bytes, now),
        Source::ProtonPass => protonpass::read(bytes, now),
        _ => csv::read(source, bytes, now),
    }?;
    report_odd_totp(&mut imported);
    imported.report.items = imported.items.len();
    imported.report.files = imported.items.iter().map(|item| item.files.len()).sum();
    Ok(imported)
}

/// Says which one-time passwords were kept but make no codes here: counted ones, Steam's, broken ones.
fn report_odd_totp(imported: &mut Imported) {
    for (index, item) in imported.items.iter().enumerate() {
        let fields = item.item.detail.sections.iter().flat_map(|section| &section.fields);
        for field in fields.filter(|field| field.kind == FieldKind::Totp && !field.value.is_empty()) {
            if let Err(error) = Totp::parse(field.value.expose()) {
                let reason = format!("it is kept as it is, but makes no codes: {error}");
                imported.report.change(&format!("item {}", index + 1), &item.item.overview.title, &field.label, &reason);
            }
        }
    }
}
