//! Bitwarden's CSV: `folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp`; of an
//! organisation with `collections` for `folder`.

use super::super::Source;
use super::map::{Dialect, Notes, To};
use super::table::Row;
use crate::dates;
use crate::draft::Draft;
use truebell_core::item::{Category, FieldKind, State};

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::BitwardenCsv,
    needs: &["type", "name", "login_uri", "login_username", "login_password"],
    columns: &[
        ("name", To::Title),
        ("folder", To::Folder),
        ("favorite", To::Favourite),
        ("notes", To::Note),
        ("login_username", To::Field("username")),
        ("login_password", To::Field("password")),
        ("login_totp", To::Field("totp")),
    ],
    special,
};

fn special(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let kind = row.take("type");
    if kind == "note" {
        draft.item.overview.category = Category::SecureNote;
    } else if kind != "login" {
        notes.change(row.peek("name"), "type", "this type is not known; it is kept as a login");
    }
    for path in row.take("collections").split(',') {
        draft.folder(path);
    }
    for uri in split_uris(&row.take("login_uri")) {
        draft.site(&uri, "");
    }
    for line in row.take("fields").lines().filter(|line| !line.is_empty()) {
        let (label, value) = line.split_once(": ").unwrap_or(("", line));
        draft.custom(label, FieldKind::Text, value);
    }
    if row.take("reprompt") == "1" {
        notes.lose(row.peek("name"), "password re-prompt", "Truebell has no re-prompt for single items");
    }
    if dates::instant(&row.take("archiveddate")).is_some() {
        draft.item.overview.state = State::Archived;
    }
}

/// Addresses are joined by commas, which an address may hold itself: a piece without a scheme belongs to the one before.
fn split_uris(text: &str) -> Vec<String> {
    let mut uris: Vec<String> = Vec::new();
    for piece in text.split(',') {
        match uris.last_mut() {
            Some(last) if !piece.contains("://") => {
                last.push(',');
                last.push_str(piece);
            }
            _ => uris.push(piece.to_owned()),
        }
    }
    uris
}
