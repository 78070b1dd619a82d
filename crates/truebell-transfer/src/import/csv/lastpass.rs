//! LastPass: `url,username,password,totp,extra,name,grouping,fav`. Rows with the address `http://sn` are secure notes; of these,
//! those that begin with `NoteType:` have named fields.

use super::super::Source;
use super::map::{Dialect, Notes, To};
use super::table::Row;
use crate::dates;
use crate::draft::{Draft, kind_by_label};
use truebell_core::item::{Category, FieldKind};

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::LastPass,
    needs: &["url", "username", "password", "extra", "name", "grouping"],
    columns: &[
        ("name", To::Title),
        ("url", To::Site),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("totp", To::Field("totp")),
        ("extra", To::Note),
        ("fav", To::Favourite),
    ],
    special,
};

fn special(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let grouping = row.take("grouping").replace('\\', "/");
    if grouping != "(none)" {
        draft.folder(&grouping);
    }
    if row.peek("url") == "http://sn" {
        row.take("url");
        draft.item.overview.category = Category::SecureNote;
        secure_note(row, draft, notes);
    }
    // Groups come as rows of their own too.
    if row.peek("url") == "http://group" {
        draft.title(grouping);
        notes.skip = Some("folders become tags of the items in them");
    }
}

/// Field names of LastPass's own note types. A line that begins with one of them begins a field; any other line goes on with the
/// field before (private keys and notes have several lines).
const KEYS: &[&str] = &[
    "Language",
    "Name on Card",
    "Type",
    "Number",
    "Security Code",
    "Start Date",
    "Expiration Date",
    "Bank Name",
    "Account Type",
    "Routing Number",
    "Account Number",
    "SWIFT Code",
    "IBAN Number",
    "Pin",
    "Branch Address",
    "Branch Phone",
    "Title",
    "First Name",
    "Middle Name",
    "Last Name",
    "Username",
    "Gender",
    "Birthday",
    "Company",
    "Address 1",
    "Address 2",
    "Address 3",
    "City / Town",
    "County",
    "State",
    "Zip / Postal Code",
    "Country",
    "Timezone",
    "Email Address",
    "Phone",
    "Evening Phone",
    "Mobile Phone",
    "Fax",
    "Hostname",
    "Port",
    "Database",
    "Password",
    "SID",
    "Alias",
    "SSID",
    "Connection Type",
    "Connection Mode",
    "Authentication",
    "Encryption",
    "Use 802.1X",
    "FIPS Mode",
    "Key Type",
    "Protected",
    "Key Index",
    "Bit Strength",
    "Format",
    "Passphrase",
    "Private Key",
    "Public Key",
    "Date",
    "Server",
    "License Key",
    "Licensee",
    "Version",
    "Publisher",
    "Support Email",
    "Website",
    "Price",
    "Purchase Date",
    "Order Number",
    "Number of Licenses",
    "Order Total",
    "License Class",
    "Name",
    "Address",
    "Sex",
    "Height",
    "Date of Birth",
    "Nationality",
    "Issuing Authority",
    "Issued Date",
    "Organization",
    "Membership Number",
    "Member Name",
    "Website",
    "Telephone",
    "Policy Type",
    "Policy Number",
    "Expiration",
    "Agent Name",
    "Agent Phone",
    "URL",
    "Company Phone",
    "Physician Name",
    "Physician Phone",
    "Physician Address",
    "Group ID",
    "Member ID",
    "Co-pay",
    "SMTP Server",
    "SMTP Port",
    "Airline",
    "Frequent Flyer Number",
    "Notes",
];

fn secure_note(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let Some(rest) = row.peek("extra").strip_prefix("NoteType:").map(str::to_owned) else { return };
    let (kind, body) = rest.split_once('\n').unwrap_or((&rest, ""));
    let kind = kind.trim();
    // A type of the person's own has fields nobody can tell from text: the whole stays a note.
    if kind.starts_with("Custom") {
        return;
    }
    row.take("extra");
    draft.item.overview.category = category(kind);
    if draft.item.overview.category == Category::SecureNote {
        draft.custom("note type", FieldKind::Text, kind);
        notes.change(row.peek("name"), "type", "there is no category of its own for it; every field is kept in a secure note");
    }
    for (key, value) in split(body).into_iter().filter(|(_, value)| !value.trim().is_empty()) {
        place(kind, key, value.trim_end_matches('\r'), draft);
    }
}

fn category(kind: &str) -> Category {
    match kind {
        "Credit Card" => Category::Card,
        "Address" | "Passport" | "Driver's License" | "Social Security" => Category::Identity,
        "Server" => Category::Server,
        "Database" => Category::Database,
        "SSH Key" => Category::SshKey,
        "Wi-Fi Password" => Category::Wifi,
        _ => Category::SecureNote,
    }
}

fn split(body: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in body.split('\n') {
        let in_notes = fields.last().is_some_and(|(key, _)| *key == "Notes");
        match line.split_once(':').filter(|(key, _)| !in_notes && KEYS.contains(key)) {
            Some((key, value)) => fields.push((key, value.to_owned())),
            None => match fields.last_mut() {
                Some((_, value)) => {
                    value.push('\n');
                    value.push_str(line);
                }
                None => fields.push(("", line.to_owned())),
            },
        }
    }
    fields
}

fn place(kind: &str, key: &str, value: &str, draft: &mut Draft) {
    let id = match (kind, key) {
        (_, "Notes" | "") => return draft.note(value),
        // The language of the app, the same in every note.
        (_, "Language") => return,
        ("Credit Card", "Name on Card") => "cardholder",
        ("Credit Card", "Number") => "number",
        ("Credit Card", "Type") => "brand",
        ("Credit Card", "Security Code") => "cvv",
        ("Credit Card", "Expiration Date") => return month("expires", key, value, draft),
        ("Credit Card", "Start Date") => return month("valid-from", key, value, draft),
        ("Address", "Title") => "title",
        ("Address", "First Name") => "first-name",
        ("Address", "Middle Name") => "middle-name",
        ("Address", "Last Name") => "last-name",
        ("Address", "Company") => "company",
        ("Address", "Email Address") => "email",
        ("Address", "Username") | ("Server" | "Database", "Username") => "username",
        ("Server" | "Database" | "Wi-Fi Password", "Password") => "password",
        ("Server" | "Database", "Hostname") => "hostname",
        ("Database", "Port") => "port",
        ("Database", "Database") => "database",
        ("Database", "Type") => "type",
        ("SSH Key", "Private Key") => "private-key",
        ("SSH Key", "Public Key") => "public-key",
        ("SSH Key", "Passphrase") => "passphrase",
        ("Wi-Fi Password", "SSID") => "ssid",
        ("Wi-Fi Password", "Encryption") => "security",
        ("Passport", "Number") => "passport-number",
        ("Driver's License", "Number") => "license-number",
        ("Social Security", "Number") => "social-security-number",
        _ => return draft.custom(key, kind_by_label(key), value),
    };
    draft.set(id, value);
}

/// `June,2029` as a month; kept as text if it is none.
fn month(id: &str, key: &str, value: &str, draft: &mut Draft) {
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let found = value.split_once(',').and_then(|(name, year)| {
        let name = name.trim().to_lowercase();
        let number = NAMES.iter().position(|short| name.starts_with(short))?;
        dates::month_of(&(number + 1).to_string(), year)
    });
    match found {
        Some(month) => draft.set(id, month),
        None if value.trim_matches([',', ' ']).is_empty() => {}
        None => draft.custom(key, FieldKind::Text, value),
    }
}
