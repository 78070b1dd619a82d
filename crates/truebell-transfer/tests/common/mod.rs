//! What tests of imports and exports share: how an import looks as text, and how a zip is made.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use truebell_core::item::{Item, State};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_transfer::import::{self, ImportError, Imported, Source, Unlock};

pub(crate) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// Detects and reads a file that must be of `source`.
pub(crate) fn read_as(source: Source, name: &str, bytes: &[u8]) -> Imported {
    assert_eq!(import::detect(name, bytes), Some(source));
    import::read(source, bytes, Unlock::default(), NOW).unwrap()
}

/// The sentence of a failed import.
pub(crate) fn failure(source: Source, bytes: &[u8], password: Option<&str>) -> String {
    let password = password.map(Secret::from);
    let unlock = Unlock { password: password.as_ref(), key_file: None };
    let error: ImportError = import::read(source, bytes, unlock, NOW).map(|_| ()).unwrap_err();
    error.to_string()
}

/// A zip of these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An import as text: what a person would compare.
pub(crate) fn describe(imported: &Imported) -> String {
    let mut out = String::new();
    for item in &imported.items {
        describe_item(&item.item, &mut out);
        for file in &item.files {
            writeln!(out, "  file {:?}, {} bytes", file.name, file.bytes.len()).unwrap();
        }
    }
    for row in imported.report.rows() {
        writeln!(out, "{}", row.join(" | ")).unwrap();
    }
    out
}

pub(crate) fn describe_item(item: &Item, out: &mut String) {
    let overview = &item.overview;
    write!(out, "{:?} {:?}", overview.category, overview.title).unwrap();
    if !overview.subtitle.is_empty() {
        write!(out, " ({})", overview.subtitle).unwrap();
    }
    for tag in &overview.tags {
        write!(out, " #{tag}").unwrap();
    }
    if overview.favourite {
        out.push_str(" favourite");
    }
    match overview.state {
        State::Active => {}
        State::Archived => out.push_str(" archived"),
        State::Trashed { since } => write!(out, " trashed {}", since.0).unwrap(),
    }
    if overview.created != NOW || overview.edited != NOW {
        write!(out, " {}..{}", overview.created.0, overview.edited.0).unwrap();
    }
    out.push('\n');
    for site in &overview.sites {
        writeln!(out, "  site {} {}", site.url, site.label).unwrap();
    }
    for section in &item.detail.sections {
        if !section.title.is_empty() {
            writeln!(out, "  [{}]", section.title).unwrap();
        }
        for field in &section.fields {
            let label = if field.id.starts_with("custom-") { format!("{:?}", field.label) } else { field.id.clone() };
            writeln!(out, "  {label} {:?} {:?}", field.kind, field.value.expose()).unwrap();
        }
    }
    if !item.detail.note.is_empty() {
        writeln!(out, "  note {:?}", item.detail.note.expose()).unwrap();
    }
    for past in &item.detail.past {
        writeln!(out, "  past {} {:?} until {}", past.field, past.value.expose(), past.until.0).unwrap();
    }
}
