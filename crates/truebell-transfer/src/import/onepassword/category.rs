//! 1Password's categories by number, and where theirs fields go in our templates.

use truebell_core::item::Category;

/// Number, name, our category, and whether it is one of its own with us.
const ALL: [(&str, &str, Category, bool); 21] = [
    ("001", "Login", Category::Login, true),
    ("002", "Credit Card", Category::Card, true),
    ("003", "Secure Note", Category::SecureNote, true),
    ("004", "Identity", Category::Identity, true),
    ("005", "Password", Category::Login, true),
    ("006", "Document", Category::Document, true),
    ("100", "Software License", Category::SecureNote, false),
    ("101", "Bank Account", Category::SecureNote, false),
    ("102", "Database", Category::Database, true),
    ("103", "Driver License", Category::Identity, false),
    ("104", "Outdoor License", Category::SecureNote, false),
    ("105", "Membership", Category::SecureNote, false),
    ("106", "Passport", Category::Identity, false),
    ("107", "Rewards", Category::SecureNote, false),
    ("108", "Social Security Number", Category::Identity, false),
    ("109", "Wireless Router", Category::Wifi, true),
    ("110", "Server", Category::Server, true),
    ("111", "Email", Category::Login, false),
    ("112", "API Credential", Category::ApiCredential, true),
    ("113", "Medical Record", Category::SecureNote, false),
    ("114", "SSH Key", Category::SshKey, true),
];

pub(super) fn of(id: &str) -> Category {
    ALL.iter().find(|(number, ..)| *number == id).map_or(Category::SecureNote, |(_, _, category, _)| *category)
}

/// The name of a category that has no counterpart; its number if it is not even known.
pub(super) fn without_place(id: &str) -> Option<&str> {
    match ALL.iter().find(|(number, ..)| *number == id) {
        Some((_, name, _, false)) => Some(name),
        Some(_) => None,
        None => Some(id),
    }
}

/// Our field for one of their template's fields.
pub(super) fn field(category: Category, id: &str) -> Option<&'static str> {
    let table: &[(&str, &str)] = match category {
        Category::Login => {
            &[("username", "username"), ("password", "password"), ("pop_username", "username"), ("pop_password", "password")]
        }
        Category::Card => &[
            ("cardholder", "cardholder"),
            ("type", "brand"),
            ("ccnum", "number"),
            ("cvv", "cvv"),
            ("expiry", "expires"),
            ("validFrom", "valid-from"),
            ("bank", "issuer"),
            ("pin", "pin"),
        ],
        Category::Identity => &[
            ("firstname", "first-name"),
            ("initial", "middle-name"),
            ("lastname", "last-name"),
            ("birthdate", "birth-date"),
            ("company", "company"),
            ("address", "address"),
            ("defphone", "phone"),
            ("username", "username"),
            ("email", "email"),
        ],
        Category::Database => &[
            ("database_type", "type"),
            ("hostname", "hostname"),
            ("port", "port"),
            ("database", "database"),
            ("username", "username"),
            ("password", "password"),
            ("options", "options"),
        ],
        Category::Server => &[
            ("url", "hostname"),
            ("username", "username"),
            ("password", "password"),
            ("admin_console_url", "admin-url"),
            ("admin_console_username", "admin-username"),
            ("admin_console_password", "admin-password"),
            ("console_password", "admin-password"),
        ],
        Category::Wifi => &[
            ("network_name", "ssid"),
            ("wireless_password", "password"),
            ("wireless_security", "security"),
            ("name", "base-station"),
            ("password", "base-station-password"),
        ],
        Category::ApiCredential => &[
            ("username", "username"),
            ("credential", "credential"),
            ("type", "type"),
            ("hostname", "hostname"),
            ("validFrom", "valid-from"),
            ("expires", "expires"),
        ],
        _ => &[],
    };
    table.iter().find(|(theirs, _)| *theirs == id).map(|(_, ours)| *ours)
}

/// Where the field `number` goes, which means something else in each category.
pub(super) fn number(id: &str) -> Option<&'static str> {
    match id {
        "103" => Some("license-number"),
        "106" => Some("passport-number"),
        "108" => Some("social-security-number"),
        _ => None,
    }
}
