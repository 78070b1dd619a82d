//! Our own CSV, as `export::csv` writes it. Its first four columns are Chrome's, so that browsers read it too.

use super::super::Source;
use super::map::{Dialect, Notes, To, is_true};
use super::table::Row;
use crate::draft::Draft;
use truebell_core::item::{Category, State};

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::TruebellCsv,
    needs: &["name", "url", "username", "password", "note", "totp", "tags", "favourite", "archived", "truebell_type"],
    columns: &[
        ("name", To::Title),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("note", To::Note),
        ("totp", To::Field("totp")),
        ("favourite", To::Favourite),
        ("created", To::Created),
        ("edited", To::Edited),
    ],
    special,
};

/// Several addresses are on lines of their own, several tags too: neither can hold a line end.
fn special(row: &mut Row, draft: &mut Draft, _: &mut Notes<'_>) {
    if row.take("truebell_type") == "note" {
        draft.item.overview.category = Category::SecureNote;
    }
    row.take("url").lines().for_each(|url| draft.site(url, ""));
    row.take("tags").lines().for_each(|tag| draft.tag(tag));
    if is_true(&row.take("archived")) {
        draft.item.overview.state = State::Archived;
    }
}
