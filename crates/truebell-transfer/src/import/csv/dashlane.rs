//! Dashlane: a CSV for each kind of thing, one by one or in a zip.

use super::super::Source;
use super::map::{Dialect, Notes, To};
use super::table::Row;
use crate::dates;
use crate::draft::Draft;
use truebell_core::item::{Category, FieldKind};

const SOURCE: Source = Source::Dashlane;

/// Whether a file in a zip is one of Dashlane's.
pub(in crate::import) fn is_part(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    ["credentials.csv", "payments.csv", "ids.csv", "personalinfo.csv", "securenotes.csv", "wifi.csv"].contains(&file.as_str())
}

/// `username,username2,username3,title,password,note,url,category,otpSecret` (or `otpUrl`, or `otp`).
pub(super) const CREDENTIALS: Dialect = Dialect {
    source: SOURCE,
    needs: &["username", "username2", "username3", "title", "password", "note", "url"],
    columns: &[
        ("title", To::Title),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("url", To::Site),
        ("note", To::Note),
        ("category", To::Folder),
        ("otpurl", To::Field("totp")),
        ("otpsecret", To::Field("totp")),
        ("otp", To::Field("totp")),
    ],
    special: credentials,
};

fn credentials(row: &mut Row, _: &mut Draft, _: &mut Notes<'_>) {
    // Newer apps write the word for "none" into this column.
    if row.peek("otp") == "null" {
        row.take("otp");
    }
}

/// `title,note`.
pub(super) const NOTES: Dialect = Dialect {
    source: SOURCE,
    needs: &["title", "note"],
    columns: &[("title", To::Title), ("note", To::Note), ("category", To::Folder)],
    special: |_, draft, _| draft.item.overview.category = Category::SecureNote,
};

/// `ssid,passphrase,name,note,hidden,encryption_type`.
pub(super) const WIFI: Dialect = Dialect {
    source: SOURCE,
    needs: &["ssid", "passphrase"],
    columns: &[
        ("name", To::Title),
        ("ssid", To::Field("ssid")),
        ("passphrase", To::Field("password")),
        ("encryption_type", To::Field("security")),
        ("note", To::Note),
    ],
    special: |row, draft, _| {
        draft.item.overview.category = Category::Wifi;
        draft.title(row.peek("ssid"));
    },
};

/// `type,account_name,account_holder,cc_number,code,expiration_month,expiration_year,routing_number,account_number,country,issuing_bank`.
pub(super) const PAYMENTS: Dialect = Dialect {
    source: SOURCE,
    needs: &["type", "account_name", "account_holder", "cc_number"],
    columns: &[
        ("account_name", To::Title),
        ("account_holder", To::Field("cardholder")),
        ("cc_number", To::Field("number")),
        ("code", To::Field("cvv")),
        ("issuing_bank", To::Field("issuer")),
        ("note", To::Note),
    ],
    special: payments,
};

fn payments(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let kind = row.take("type");
    draft.title(row.take("name"));
    if !["credit_card", "payment_card"].contains(&kind.as_str()) {
        draft.item.overview.category = Category::SecureNote;
        draft.custom_if("type", FieldKind::Text, &kind);
        draft.custom_if("account holder", FieldKind::Text, &row.take("account_holder"));
        draft.custom_if("issuing bank", FieldKind::Text, &row.take("issuing_bank"));
        notes.change(row.peek("account_name"), "type", "there is no category of its own for it; every field is kept in a secure note");
        return;
    }
    draft.item.overview.category = Category::Card;
    let (month, year) = (row.peek("expiration_month"), row.peek("expiration_year"));
    if let Some(date) = dates::month_of(month, year) {
        draft.set("expires", date);
        row.take("expiration_month");
        row.take("expiration_year");
    }
}

/// `type,number,name,issue_date,expiration_date,place_of_issue,state`.
pub(super) const IDS: Dialect = Dialect {
    source: SOURCE,
    needs: &["type", "number", "name", "issue_date", "expiration_date"],
    columns: &[("note", To::Note)],
    special: ids,
};

fn ids(row: &mut Row, draft: &mut Draft, _: &mut Notes<'_>) {
    draft.item.overview.category = Category::Identity;
    let (kind, name, number) = (row.take("type"), row.take("name"), row.take("number"));
    draft.title(format!("{name} {}", kind.replace('_', " ")).trim());
    split_name(&name, draft);
    match kind.as_str() {
        "passport" => draft.set("passport-number", number),
        "license" => draft.set("license-number", number),
        "social_security" => draft.set("social-security-number", number),
        _ => draft.custom_if("number", FieldKind::Concealed, &number),
    }
    draft.custom_if("type", FieldKind::Text, &kind);
    for (column, label) in [("issue_date", "issue date"), ("expiration_date", "expiration date")] {
        let text = row.take(column);
        match dates::day(&text) {
            Some(day) => draft.custom(label, FieldKind::Date, day),
            None => draft.custom_if(label, FieldKind::Text, &text),
        }
    }
}

fn split_name(name: &str, draft: &mut Draft) {
    match name.trim().rsplit_once(' ') {
        Some((first, last)) => {
            draft.set("first-name", first);
            draft.set("last-name", last);
        }
        None => draft.set("last-name", name.trim()),
    }
}

/// `type,title,first_name,middle_name,last_name,login,date_of_birth,…,email,…,phone_number,address,…`: one row for each piece.
pub(super) const PERSONAL: Dialect = Dialect {
    source: SOURCE,
    needs: &["type", "title", "first_name", "last_name", "email", "phone_number"],
    columns: &[
        ("title", To::Field("title")),
        ("first_name", To::Field("first-name")),
        ("middle_name", To::Field("middle-name")),
        ("last_name", To::Field("last-name")),
        ("login", To::Field("username")),
        ("email", To::Field("email")),
        ("phone_number", To::Field("phone")),
        ("date_of_birth", To::Field("birth-date")),
        ("note", To::Note),
    ],
    special: personal,
};

fn personal(row: &mut Row, draft: &mut Draft, _: &mut Notes<'_>) {
    draft.item.overview.category = Category::Identity;
    let (kind, name) = (row.take("type"), row.take("item_name"));
    let full = format!("{} {}", row.peek("first_name"), row.peek("last_name"));
    let shown = [name.as_str(), full.trim(), row.peek("email"), row.peek("phone_number")].into_iter().find(|text| !text.is_empty());
    draft.title(shown.unwrap_or(&kind));
    draft.custom_if("type", FieldKind::Text, &kind);
    let city = format!("{} {}", row.take("zip"), row.take("city"));
    let lines = [row.take("address"), city.trim().to_owned(), row.take("state"), row.take("country")];
    draft.set("address", lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"));
    draft.custom_if("website", FieldKind::Url, &row.take("url"));
}
