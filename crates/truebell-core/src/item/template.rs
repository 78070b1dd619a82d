//! Which fields a category starts with. A template is a suggestion: items may lack its fields and have others.

use super::{Category, FieldKind};

/// A field a template knows.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its stable id.
    pub id: &'static str,
    /// Its English label.
    pub label: &'static str,
    /// Its kind.
    pub kind: FieldKind,
}

const fn known(id: &'static str, label: &'static str, kind: FieldKind) -> Known {
    Known { id, label, kind }
}

use FieldKind::{Address, Concealed, Date, Email, Month, Passkey, Phone, PrivateKey, Text, Totp, Url};

const LOGIN: &[Known] = &[
    known("username", "username", Text),
    known("password", "password", Concealed),
    known("totp", "one-time password", Totp),
    known("passkey", "passkey", Passkey),
];
const SECURE_NOTE: &[Known] = &[];
const CARD: &[Known] = &[
    known("cardholder", "cardholder name", Text),
    known("number", "number", Concealed),
    known("brand", "type", Text),
    known("expires", "expiry date", Month),
    known("cvv", "verification number", Concealed),
    known("pin", "PIN", Concealed),
    known("valid-from", "valid from", Month),
    known("issuer", "issuing bank", Text),
];
const IDENTITY: &[Known] = &[
    known("title", "title", Text),
    known("first-name", "first name", Text),
    known("middle-name", "middle name", Text),
    known("last-name", "last name", Text),
    known("username", "username", Text),
    known("company", "company", Text),
    known("email", "email", Email),
    known("phone", "phone", Phone),
    known("address", "address", Address),
    known("birth-date", "birth date", Date),
    known("social-security-number", "social security number", Concealed),
    known("passport-number", "passport number", Concealed),
    known("license-number", "driving licence number", Concealed),
];
const SSH_KEY: &[Known] = &[
    known("private-key", "private key", PrivateKey),
    known("public-key", "public key", Text),
    known("fingerprint", "fingerprint", Text),
    known("passphrase", "passphrase", Concealed),
];
const API_CREDENTIAL: &[Known] = &[
    known("username", "username", Text),
    known("credential", "credential", Concealed),
    known("type", "type", Text),
    known("hostname", "hostname", Url),
    known("valid-from", "valid from", Date),
    known("expires", "expires", Date),
];
const DATABASE: &[Known] = &[
    known("type", "type", Text),
    known("hostname", "server", Text),
    known("port", "port", Text),
    known("database", "database", Text),
    known("username", "username", Text),
    known("password", "password", Concealed),
    known("options", "connection options", Text),
];
const SERVER: &[Known] = &[
    known("hostname", "address", Url),
    known("username", "username", Text),
    known("password", "password", Concealed),
    known("admin-url", "admin console", Url),
    known("admin-username", "admin username", Text),
    known("admin-password", "admin password", Concealed),
];
const WIFI: &[Known] = &[
    known("ssid", "network name", Text),
    known("password", "password", Concealed),
    known("security", "security", Text),
    known("base-station", "base station name", Text),
    known("base-station-password", "base station password", Concealed),
];
const DOCUMENT: &[Known] = &[];

/// The fields a new item of this category starts with, in order.
pub fn fields(category: Category) -> &'static [Known] {
    match category {
        Category::Login => LOGIN,
        Category::SecureNote => SECURE_NOTE,
        Category::Card => CARD,
        Category::Identity => IDENTITY,
        Category::SshKey => SSH_KEY,
        Category::ApiCredential => API_CREDENTIAL,
        Category::Database => DATABASE,
        Category::Server => SERVER,
        Category::Wifi => WIFI,
        Category::Document => DOCUMENT,
    }
}

/// The template's field with this id.
pub fn field(category: Category, id: &str) -> Option<Known> {
    fields(category).iter().copied().find(|field| field.id == id)
}
