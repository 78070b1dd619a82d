//! The second line of an item in a list, made from its fields. Never a secret: what is concealed does not come here, but for the last
//! four digits of a card, which shops print on receipts.

use super::{Category, FieldKind, Item};

const CHARS_MAX: usize = 120;

/// The second line for this item; empty if it has nothing that tells it from others.
pub(super) fn derive_subtitle(item: &Item) -> String {
    let first = |ids: &[&str]| ids.iter().map(|id| shown(item, id)).find(|text| !text.is_empty()).unwrap_or_default();
    let line = match item.overview.category {
        Category::Login => or_else(first(&["username", "email"]), || first_site(item)),
        Category::Card => or_else(last_four(item), || first(&["brand", "issuer"])),
        Category::Identity => or_else(full_name(item), || first(&["email", "company"])),
        Category::SshKey => first(&["fingerprint"]),
        Category::ApiCredential => or_else(first(&["username"]), || host(&first(&["hostname"]))),
        Category::Database | Category::Server => or_else(host(&first(&["hostname"])), || first(&["database", "username"])),
        Category::Wifi => first(&["ssid"]),
        Category::Document => item.detail.attachments.first().map(|file| file.name.clone()).unwrap_or_default(),
        Category::SecureNote => String::new(),
    };
    // One line, whatever was pasted into the field.
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ").chars().filter(|letter| !letter.is_control()).take(CHARS_MAX).collect()
}

fn or_else(text: String, other: impl FnOnce() -> String) -> String {
    if text.trim().is_empty() { other() } else { text }
}

/// The field's value, if its kind may be shown.
fn shown(item: &Item, id: &str) -> String {
    let hidden = |kind| matches!(kind, FieldKind::Concealed | FieldKind::Totp | FieldKind::PrivateKey | FieldKind::Passkey);
    item.field(id).filter(|field| !hidden(field.kind)).map(|field| field.value.expose().trim().to_owned()).unwrap_or_default()
}

fn first_site(item: &Item) -> String {
    item.overview.sites.first().map(|site| host(&site.url)).unwrap_or_default()
}

/// `•••• 1234`, if the number is long enough to hide something.
fn last_four(item: &Item) -> String {
    let number = item.field("number").map(|field| field.value.expose()).unwrap_or_default();
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    match digits.split_last_chunk::<4>() {
        Some((before, last)) if before.len() >= 4 => format!("•••• {}", last.iter().collect::<String>()),
        _ => String::new(),
    }
}

fn full_name(item: &Item) -> String {
    ["first-name", "middle-name", "last-name"].map(|id| shown(item, id)).join(" ")
}

/// The host and port of a web address, or the text itself; never what stands before an `@`, which may be a password.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Attachment, Site};
    use super::*;

    fn item(category: Category, fields: &[(&str, &str)]) -> Item {
        let mut item = Item::default();
        item.overview.category = category;
        fields.iter().for_each(|(id, value)| item.set_field(id, *value));
        item
    }

    #[test]
    fn each_category_shows_what_tells_its_items_apart() {
        for (category, fields, line) in [
            (Category::Login, &[("username", "ada"), ("password", "secret")][..], "ada"),
            (Category::Login, &[("email", "ada@example.org")], "ada@example.org"),
            (Category::Login, &[("password", "secret")], ""),
            (Category::SecureNote, &[("username", "ada")], ""),
            (Category::Card, &[("number", "4111 1111 1111 1234"), ("brand", "Visa")], "•••• 1234"),
            (Category::Card, &[("number", "1234567"), ("brand", "Visa")], "Visa"),
            (Category::Card, &[("cvv", "123")], ""),
            (Category::Identity, &[("first-name", "Ada"), ("last-name", "Lovelace")], "Ada Lovelace"),
            (Category::Identity, &[("middle-name", "King"), ("passport-number", "X1")], "King"),
            (Category::Identity, &[("company", "Engines")], "Engines"),
            (Category::SshKey, &[("private-key", "-----"), ("fingerprint", "SHA256:abc")], "SHA256:abc"),
            (Category::SshKey, &[("private-key", "-----")], ""),
            (Category::ApiCredential, &[("username", "ci"), ("credential", "token")], "ci"),
            (Category::ApiCredential, &[("hostname", "https://api.example.org/v1"), ("credential", "token")], "api.example.org"),
            (Category::Database, &[("hostname", "db.example.org"), ("port", "5432"), ("username", "ada")], "db.example.org"),
            (Category::Database, &[("database", "engine"), ("password", "secret")], "engine"),
            (Category::Server, &[("hostname", "ssh://ada:hunter2@www.example.org:22/"), ("username", "ada")], "example.org:22"),
            (Category::Server, &[("username", "root"), ("password", "secret")], "root"),
            (Category::Wifi, &[("ssid", "home"), ("password", "secret")], "home"),
        ] {
            assert_eq!(derive_subtitle(&item(category, fields)), line, "{category:?} {fields:?}");
        }
    }

    #[test]
    fn a_login_without_a_name_shows_its_site_and_a_document_its_file() {
        let mut login = item(Category::Login, &[("username", " ")]);
        login.overview.sites.push(Site { url: "https://ada:pw@mail.example.org/inbox?x#y".to_owned(), ..Site::default() });
        assert_eq!(derive_subtitle(&login), "mail.example.org");
        let mut document = item(Category::Document, &[]);
        let (id, sha256, key) = (crate::ids::AttachmentId([1; 16]), String::new(), "key".into());
        document.detail.attachments.push(Attachment {
            id,
            name: "deed.pdf".to_owned(),
            size_bytes: 1,
            sha256,
            key,
            extra: Default::default(),
        });
        assert_eq!(derive_subtitle(&document), "deed.pdf");
    }

    #[test]
    fn a_concealed_field_is_never_shown_whatever_its_id() {
        for kind in [FieldKind::Concealed, FieldKind::Totp, FieldKind::PrivateKey, FieldKind::Passkey] {
            for (category, id) in
                [(Category::Login, "username"), (Category::Wifi, "ssid"), (Category::SshKey, "fingerprint"), (Category::Server, "hostname")]
            {
                let mut item = item(category, &[(id, "secret")]);
                item.field_mut(id).unwrap().kind = kind;
                assert_eq!(derive_subtitle(&item), "");
            }
        }
    }

    #[test]
    fn it_is_one_line_of_bounded_length() {
        let pasted = "a\u{7}da\nlovelace\t".to_owned() + &"é".repeat(1_000_000);
        let line = derive_subtitle(&item(Category::Login, &[("username", &pasted)]));
        assert!(line.starts_with("ada lovelace é") && line.chars().count() == CHARS_MAX);
    }
}
