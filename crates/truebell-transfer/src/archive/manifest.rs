//! The inside of an archive: a JSON list of items, and the bytes of their files after it.

use super::{SOURCE, frames};
use crate::import::{ImportError, Imported, ImportedFile, ImportedItem};
use crate::limits;
use crate::report::LossReport;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use truebell_core::chance::Chance;
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

/// One item on its way into an archive.
pub(crate) struct Parcel<'a> {
    pub(crate) item: &'a Item,
    pub(crate) files: &'a [ImportedFile],
}

#[derive(Serialize, Deserialize)]
struct Manifest<T> {
    made: UnixMillis,
    items: Vec<Entry<T>>,
}

#[derive(Serialize, Deserialize)]
struct Entry<T> {
    item: T,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<File>,
}

#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    size_bytes: u64,
    sha256: String,
}

/// The bytes of an archive of `parcels`; nothing only if there is no memory for the key derivation.
pub(crate) fn write(parcels: &[Parcel<'_>], password: &Secret, now: UnixMillis, chance: &mut dyn Chance) -> Option<Vec<u8>> {
    let items =
        parcels.iter().map(|parcel| Entry { item: without_attachments(parcel.item), files: parcel.files.iter().map(describe).collect() });
    let manifest = Manifest { made: now, items: items.collect() };
    let json = Zeroizing::new(serde_json::to_vec(&manifest).ok()?);
    let mut plain = Zeroizing::new(Vec::with_capacity(json.len() + 8));
    plain.extend(u64::try_from(json.len()).ok()?.to_be_bytes());
    plain.extend_from_slice(&json);
    for file in parcels.iter().flat_map(|parcel| parcel.files) {
        plain.extend_from_slice(&file.bytes);
    }
    frames::seal(&plain, password, chance)
}

/// Keys and ids of attachments belong to the vault they are in; the files themselves come after the list.
fn without_attachments(item: &Item) -> Item {
    let mut item = item.clone();
    item.detail.attachments.clear();
    item
}

fn describe(file: &ImportedFile) -> File {
    let size_bytes = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
    File { name: file.name.clone(), size_bytes, sha256: HEXLOWER.encode(&Sha256::digest(&file.bytes)) }
}

pub(super) fn read(plain: &[u8]) -> Result<Imported, ImportError> {
    let damaged = |reason: &str| ImportError::damaged(SOURCE, "its list of items", reason);
    let (length, rest) = plain.split_first_chunk::<8>().ok_or_else(|| damaged("it ends too early"))?;
    let length = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let (json, mut files) = rest.split_at_checked(length).ok_or_else(|| damaged("it ends too early"))?;
    if u64::try_from(json.len()).unwrap_or(u64::MAX) > limits::TEXT_BYTES {
        return Err(ImportError::TooBig { what: "the list of items in this archive".to_owned(), limit: "512 MiB" });
    }
    let manifest: Manifest<Item> = serde_json::from_slice(json).map_err(|error| ImportError::json(SOURCE, &error))?;
    let mut out = Imported { items: Vec::new(), report: LossReport { records: manifest.items.len(), ..LossReport::default() } };
    for (index, entry) in manifest.items.into_iter().enumerate() {
        let mut item = ImportedItem { item: entry.item, files: Vec::new(), folder: None };
        for file in entry.files {
            let size = usize::try_from(file.size_bytes).unwrap_or(usize::MAX);
            let broken = || ImportError::damaged(SOURCE, format!("record {}", index + 1), "one of its files is not whole");
            let (bytes, after) = files.split_at_checked(size).ok_or_else(broken)?;
            if HEXLOWER.encode(&Sha256::digest(bytes)) != file.sha256 {
                return Err(broken());
            }
            item.files.push(ImportedFile { name: file.name, bytes: bytes.to_vec() });
            files = after;
        }
        out.items.push(item);
    }
    Ok(out)
}
