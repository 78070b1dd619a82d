//! From a row to an item: the one mapper all dialects share.

use super::super::{Imported, Source};
use super::table::Row;
use crate::dates;
use crate::draft::{Draft, kind_by_label};
use crate::report::LossReport;
use truebell_core::item::Category;
use truebell_core::time::UnixMillis;

/// One manager's columns.
pub(super) struct Dialect {
    pub(super) source: Source,
    /// Columns its first line always names, in small letters.
    pub(super) needs: &'static [&'static str],
    /// Where its columns go.
    pub(super) columns: &'static [(&'static str, To)],
    /// What cannot be said in a table: rows of several kinds, packed cells. Runs first; what it leaves in the row is mapped.
    pub(super) special: fn(&mut Row, &mut Draft, &mut Notes<'_>),
}

/// Where a column goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum To {
    /// The title.
    Title,
    /// A site's address.
    Site,
    /// A field of the template.
    Field(&'static str),
    /// The note.
    Note,
    /// A tag, as a folder.
    Folder,
    /// Favourite if it is `1` or `true`.
    Favourite,
    /// When it was created: a count or RFC 3339.
    Created,
    /// When it was last edited.
    Edited,
    /// Means something to that manager only (an id).
    Theirs,
    /// Not carried, for this reason.
    Lost(&'static str),
}

/// Where a special reader says what it could not carry.
pub(super) struct Notes<'a> {
    report: &'a mut LossReport,
    place: String,
    /// The whole row is dropped for this reason.
    pub(super) skip: Option<&'static str>,
}

impl Notes<'_> {
    pub(super) fn lose(&mut self, record: &str, field: &str, reason: &str) {
        self.report.lose(&self.place, record, field, reason);
    }

    pub(super) fn change(&mut self, record: &str, field: &str, reason: &str) {
        self.report.change(&self.place, record, field, reason);
    }
}

impl Dialect {
    pub(super) fn fits(&self, columns: &[String]) -> bool {
        self.needs.iter().all(|need| columns.iter().any(|column| column == need))
    }
}

/// For dialects that are a table and nothing more.
pub(super) fn nothing_special(_: &mut Row, _: &mut Draft, _: &mut Notes<'_>) {}

/// Reads one row into `into`.
pub(super) fn read(dialect: &Dialect, mut row: Row, part: &str, now: UnixMillis, into: &mut Imported) {
    let mut draft = Draft::new(Category::Login, now);
    let mut notes = Notes { report: &mut into.report, place: format!("{part}line {}", row.line), skip: None };
    (dialect.special)(&mut row, &mut draft, &mut notes);
    if let Some(reason) = notes.skip {
        let column = dialect.columns.iter().find(|(_, to)| matches!(to, To::Title)).map_or("", |(column, _)| column);
        let title = Some(row.take(column)).filter(|title| !title.is_empty()).unwrap_or_else(|| draft.title_text().to_owned());
        notes.report.lose_record(&notes.place, &title, reason);
        return;
    }
    let (mut created, mut edited) = (None, None);
    for (column, to) in dialect.columns {
        let label = row.label(column);
        let value = row.take(column);
        if value.is_empty() {
            continue;
        }
        match to {
            To::Title => draft.title(value),
            To::Site => draft.site(&value, ""),
            To::Field(id) => draft.set(id, value),
            To::Note => draft.note(&value),
            To::Folder => draft.folder(&value),
            To::Favourite => draft.item.overview.favourite = is_true(&value),
            To::Created => created = instant(&value),
            To::Edited => edited = instant(&value),
            To::Theirs => {}
            To::Lost(reason) => notes.lose(draft.title_text(), &label, reason),
        }
    }
    if created.is_some() || edited.is_some() {
        draft.dates(created, edited);
    }
    for (label, value) in row.rest() {
        draft.custom(&label, kind_by_label(&label), value);
    }
    into.items.push(draft.finish());
}

pub(super) fn is_true(text: &str) -> bool {
    ["1", "true", "yes"].iter().any(|yes| text.trim().eq_ignore_ascii_case(yes))
}

/// A count of seconds, milliseconds or microseconds, or RFC 3339.
pub(super) fn instant(text: &str) -> Option<UnixMillis> {
    let text = text.trim();
    text.parse().ok().filter(|count| *count > 0).map(dates::instant_of_count).or_else(|| dates::instant(text))
}
