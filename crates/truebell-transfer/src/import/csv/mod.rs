//! Password lists as CSV. A dialect is known by the columns its first line names; one mapper serves them all, and columns that no
//! dialect knows become custom fields.

mod bitwarden;
mod browsers;
mod dashlane;
mod keepassxc;
mod lastpass;
mod map;
mod nordpass;
mod onepassword;
mod protonpass;
mod table;
mod truebell;

use super::zip::Unzip;
use super::{ImportError, Imported, Source};
use map::Dialect;
use table::Table;
use truebell_core::time::UnixMillis;

pub(super) use dashlane::is_part as is_dashlane_part;

/// Every dialect, the ones with more telling columns first.
const DIALECTS: [&Dialect; 18] = [
    &truebell::DIALECT,
    &bitwarden::DIALECT,
    &onepassword::DIALECT,
    &lastpass::DIALECT,
    &nordpass::DIALECT,
    &protonpass::DIALECT,
    &dashlane::CREDENTIALS,
    &dashlane::PAYMENTS,
    &dashlane::IDS,
    &dashlane::PERSONAL,
    &dashlane::WIFI,
    &browsers::FIREFOX,
    &keepassxc::DIALECT,
    &browsers::SAFARI,
    &browsers::SAFARI_OLD,
    &browsers::CHROME,
    &browsers::EDGE,
    &dashlane::NOTES,
];

/// Whose columns the first line names.
pub(super) fn detect(bytes: &[u8]) -> Option<Source> {
    // The first line is enough, and it is short; a file of another kind may have none for gigabytes.
    let head = bytes.get(..8192).unwrap_or(bytes);
    let end = head.iter().position(|byte| *byte == b'\n' || *byte == b'\r').unwrap_or(head.len());
    let line = std::str::from_utf8(head.get(..end)?).ok()?;
    let columns = table::columns(line);
    DIALECTS.iter().find(|dialect| dialect.fits(&columns)).map(|dialect| dialect.source)
}

pub(super) fn read(source: Source, bytes: &[u8], now: UnixMillis) -> Result<Imported, ImportError> {
    let mut imported = Imported::default();
    if source == Source::Dashlane && bytes.starts_with(b"PK") {
        let mut zip = Unzip::open(source, bytes)?;
        let mut names: Vec<String> = zip.names().into_iter().filter(|name| is_dashlane_part(name)).collect();
        names.sort();
        for name in names {
            let part = zip.document(&name)?;
            read_table(source, &part, &format!("{name} "), now, &mut imported)?;
        }
        return Ok(imported);
    }
    read_table(source, bytes, "", now, &mut imported)?;
    Ok(imported)
}

fn read_table(source: Source, bytes: &[u8], part: &str, now: UnixMillis, into: &mut Imported) -> Result<(), ImportError> {
    let mut table = Table::parse(source, bytes)?;
    let mut fitting = DIALECTS.iter().filter(|dialect| dialect.source == source);
    let dialect = fitting.find(|dialect| dialect.fits(&table.columns)).ok_or_else(|| foreign(source))?;
    for row in table.rows()? {
        into.report.records += 1;
        map::read(dialect, row, part, now, into);
    }
    Ok(())
}

fn foreign(source: Source) -> ImportError {
    let needed = DIALECTS.iter().find(|dialect| dialect.source == source).map(|dialect| dialect.needs.join(", "));
    ImportError::Foreign(source, format!("its first line must name the columns {}", needed.unwrap_or_default()))
}
