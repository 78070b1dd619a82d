//! KeePassXC's CSV: `"Group","Title","Username","Password","URL","Notes"`, newer ones with `"TOTP","Icon","Last Modified","Created"`.

use super::super::Source;
use super::map::{Dialect, Notes, To};
use super::table::Row;
use crate::draft::Draft;

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::KeePassXcCsv,
    needs: &["group", "title", "username", "password", "url", "notes"],
    columns: &[
        ("title", To::Title),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("url", To::Site),
        ("notes", To::Note),
        ("totp", To::Field("totp")),
        ("last modified", To::Edited),
        ("created", To::Created),
    ],
    special,
};

/// The group path begins with the root group, which is the database itself.
fn special(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let group = row.take("group");
    if let Some((_, path)) = group.split_once('/') {
        draft.folder(path);
    }
    let icon = row.take("icon");
    if !["", "0"].contains(&icon.trim()) {
        notes.lose(row.peek("title"), "icon", "looks of an entry are not carried");
    }
}
