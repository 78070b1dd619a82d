//! NordPass: one table for logins, cards, identities, notes and folders, told apart by the column `type`.

use super::super::Source;
use super::super::bag::Bag;
use super::map::{Dialect, Notes, To};
use super::table::Row;
use crate::dates;
use crate::draft::Draft;
use serde_json::Value;
use truebell_core::item::{Category, FieldKind};

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::NordPass,
    needs: &["name", "url", "username", "password", "note", "cardholdername", "cardnumber", "cvc"],
    columns: &[
        ("name", To::Title),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("note", To::Note),
        ("totp", To::Field("totp")),
        ("folder", To::Folder),
        ("cardholdername", To::Field("cardholder")),
        ("cardnumber", To::Field("number")),
        ("cvc", To::Field("cvv")),
        ("pin", To::Field("pin")),
        ("email", To::Field("email")),
        ("phone_number", To::Field("phone")),
    ],
    special,
};

fn special(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let kind = row.take("type");
    draft.item.overview.category = match kind.as_str() {
        "credit_card" => Category::Card,
        "identity" => Category::Identity,
        "note" => Category::SecureNote,
        "folder" => {
            notes.skip = Some("folders become tags of the items in them");
            return;
        }
        "password" | "" => Category::Login,
        _ => {
            notes.change(row.peek("name"), "type", "this type is not known; it is kept as a login");
            Category::Login
        }
    };
    if kind.is_empty() && !row.peek("cardnumber").is_empty() {
        draft.item.overview.category = Category::Card;
    }
    let expiry = row.take("expirydate");
    match dates::month(&expiry) {
        Some(month) => draft.set("expires", month),
        None => draft.custom_if("expirydate", FieldKind::Text, &expiry),
    }
    if draft.item.overview.category == Category::Identity {
        identity(row, draft);
    }
    draft.site(&row.take("url"), "");
    for url in list(row, "additional_urls").iter().filter_map(Value::as_str) {
        draft.site(url, "");
    }
    for field in list(row, "custom_fields") {
        let mut field = Bag::of(field);
        let kind = if field.text("type") == "hidden" { FieldKind::Concealed } else { FieldKind::Text };
        draft.custom(&field.text("label"), kind, field.text("value"));
        field.keep_rest(draft);
    }
}

fn identity(row: &mut Row, draft: &mut Draft) {
    let name = row.take("full_name");
    match name.trim().rsplit_once(' ') {
        Some((first, last)) => {
            draft.set("first-name", first);
            draft.set("last-name", last);
        }
        None => draft.set("first-name", name),
    }
    let city = format!("{} {}", row.take("zipcode"), row.take("city"));
    let lines = [row.take("address1"), row.take("address2"), city.trim().to_owned(), row.take("state"), row.take("country")];
    draft.set("address", lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"));
}

/// A JSON list packed into a cell. What is not one stays in the row and becomes a custom field.
fn list(row: &mut Row, column: &str) -> Vec<Value> {
    match serde_json::from_str(row.peek(column)) {
        Ok(Value::Array(values)) => {
            row.take(column);
            values
        }
        _ => Vec::new(),
    }
}
