//! Other managers' files. Files come from anywhere, so every byte of them is hostile.
//!
//! Of each reader the same is asked: it ends, in an import or in one sentence; and what it imported can be written out again.
//! The sealed formats are tried without a password: what stands before the key derivation is what a stranger reaches cheaply.

use std::io::{Cursor, Write};

use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_transfer::export::{Format, Outgoing, write};
use truebell_transfer::import::{Imported, Source, Unlock, detect, needs_password, read};
use zip::write::SimpleFileOptions;

use crate::world::split;

/// Tables: the first byte says whose.
pub fn csv(data: &[u8]) {
    let (which, text) = split(data);
    let tables = [
        Source::TruebellCsv,
        Source::KeePassXcCsv,
        Source::BitwardenCsv,
        Source::ProtonPassCsv,
        Source::Chrome,
        Source::Edge,
        Source::Firefox,
        Source::Safari,
        Source::LastPass,
        Source::Dashlane,
        Source::NordPass,
    ];
    check(tables[usize::from(which) % tables.len()], text);
}

/// Bitwarden's JSON.
pub fn bitwarden(data: &[u8]) {
    check(Source::Bitwarden, data);
}

/// 1Password's document, in the zip it comes in.
pub fn onepassword(data: &[u8]) {
    check(Source::OnePassword, &zipped("export.data", data));
}

/// Proton Pass: its JSON; with an odd first byte in the zip it may come in.
pub fn protonpass(data: &[u8]) {
    let (zip, document) = split(data);
    if zip & 1 == 1 {
        check(Source::ProtonPass, &zipped("Proton Pass/data.json", document));
    } else {
        check(Source::ProtonPass, document);
    }
}

/// Zip archives, KDBX and our own archive, as raw bytes.
pub fn raw(data: &[u8]) {
    let (which, bytes) = split(data);
    let sources = [Source::KeePass, Source::Archive, Source::OnePassword, Source::ProtonPass, Source::Dashlane, Source::Bitwarden];
    check(sources[usize::from(which) % sources.len()], bytes);
}

fn check(source: Source, bytes: &[u8]) {
    let _ = (detect("export", bytes), needs_password(source, bytes));
    match read(source, bytes, Unlock::default(), UnixMillis::from_seconds(1_700_000_000)) {
        Ok(imported) => check_exports(&imported),
        Err(error) => {
            let sentence = error.to_string();
            assert!(!sentence.is_empty() && !sentence.contains('\n'), "not a sentence: {sentence:?}");
        }
    }
}

/// What was imported is written as each plain format, and read back with none missing where the format takes every kind of item.
fn check_exports(imported: &Imported) {
    let now = UnixMillis::from_seconds(1_700_000_000);
    let items: Vec<Outgoing<'_>> = imported.items.iter().map(|item| Outgoing { item: &item.item, files: &item.files }).collect();
    for (format, source) in [(Format::Bitwarden, Source::Bitwarden), (Format::Csv, Source::TruebellCsv)] {
        let exported = write(format, &items, None, now, &mut Seeded::new(1)).expect("a plain format takes anything");
        let again = read(source, &exported.bytes, Unlock::default(), now).expect("our own export is one we read");
        assert!(again.items.len() == exported.report.items, "{format}: {} were written, {} read", exported.report.items, again.items.len());
    }
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(name, options).expect("memory takes anything");
    zip.write_all(bytes).expect("memory takes anything");
    zip.finish().expect("memory takes anything").into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_files_their_readers_take() {
        let bitwarden = include_bytes!("../seeds/import_bitwarden/all.json").to_vec();
        let onepassword = zipped("export.data", include_bytes!("../seeds/import_onepassword/one.json"));
        let protonpass = include_bytes!("../seeds/import_protonpass/data.json")[1..].to_vec();
        let chrome = include_bytes!("../seeds/import_csv/4")[1..].to_vec();
        let files = [
            (Source::Bitwarden, bitwarden, 5),
            (Source::OnePassword, onepassword, 1),
            (Source::ProtonPass, protonpass, 1),
            (Source::Chrome, chrome, 1),
        ];
        for (source, bytes, items) in files {
            let imported = read(source, &bytes, Unlock::default(), UnixMillis::from_seconds(1_700_000_000));
            assert_eq!(imported.expect("a good file").items.len(), items, "{source}");
        }
    }
}
