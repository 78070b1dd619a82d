//! One field of a 1PUX section: its value is an object with one member, named after its kind.

use super::super::bag::{Bag, keep};
use super::category;
use crate::dates;
use crate::draft::Draft;
use serde_json::Value;
use truebell_core::item::FieldKind;

/// Kinds whose value is a text, with ours.
const TEXTS: &[(&str, FieldKind)] = &[
    ("concealed", FieldKind::Concealed),
    ("string", FieldKind::Text),
    ("totp", FieldKind::Totp),
    ("phone", FieldKind::Phone),
    ("url", FieldKind::Url),
    ("menu", FieldKind::Text),
    ("gender", FieldKind::Text),
    ("creditCardType", FieldKind::Text),
    ("creditCardNumber", FieldKind::Concealed),
    ("reference", FieldKind::Text),
];

/// `number` is our field for the one called `number`, where the category has one.
pub(super) fn read(id: &str, title: &str, number: Option<&str>, mut value: Bag, draft: &mut Draft) {
    if let Some(ours) = number.filter(|_| id == "number") {
        draft.set(ours, value.text("string"));
    }
    let label = if title.is_empty() { id } else { title };
    for (name, kind) in TEXTS {
        let text = value.text(name);
        if *name == "totp" && draft.item.field("totp").is_none() {
            draft.set("totp", text);
            if let Some(field) = draft.item.field_mut("totp").filter(|_| !title.is_empty()) {
                title.clone_into(&mut field.label);
            }
        } else {
            put(id, label, *kind, text, draft);
        }
    }
    if let Some(seconds) = value.number("date") {
        put(id, label, FieldKind::Date, dates::day_of(seconds), draft);
    }
    if let Some(month) = value.number("monthYear") {
        put(id, label, FieldKind::Month, dates::month(&month.to_string()).unwrap_or_else(|| month.to_string()), draft);
    }
    let mut email = value.bag("email");
    put(id, label, FieldKind::Email, email.text("email_address"), draft);
    email.drop(&["provider"]);
    let mut place = value.bag("address");
    put(id, label, FieldKind::Address, address(&mut place), draft);
    ssh_key(value.bag("sshKey"), draft);
    for (name, rest) in [("email", email), ("address", place), ("", value)] {
        keep_under(name, label, rest, draft);
    }
}

/// In the template if it has a place there, as a custom field otherwise. Empty fields of 1Password's own templates are dropped.
fn put(id: &str, label: &str, kind: FieldKind, text: String, draft: &mut Draft) {
    if text.is_empty() {
        return;
    }
    match category::field(draft.item.overview.category, id) {
        Some(ours) => draft.set(ours, text),
        None => draft.custom(label, kind, text),
    }
}

fn address(address: &mut Bag) -> String {
    let city = format!("{} {}", address.text("zip"), address.text("city"));
    let lines = [address.text("street"), city.trim().to_owned(), address.text("state"), address.text("country")];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn ssh_key(mut key: Bag, draft: &mut Draft) {
    if key.is_empty() {
        return;
    }
    let mut metadata = key.bag("metadata");
    draft.set("private-key", key.text("privateKey"));
    draft.set("private-key", metadata.text("privateKey"));
    draft.set("public-key", metadata.text("publicKey"));
    draft.set("fingerprint", metadata.text("fingerprint"));
    metadata.keep_rest(draft);
    key.keep_rest(draft);
}

fn keep_under(name: &str, label: &str, rest: Bag, draft: &mut Draft) {
    let label = if name.is_empty() { label.to_owned() } else { format!("{label} {name}") };
    let rest = rest.into_value();
    if let Value::Object(members) = &rest {
        members.values().for_each(|value| keep(draft, &label, value));
    }
}
