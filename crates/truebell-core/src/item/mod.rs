//! What a person keeps: an item, in two parts that are sealed apart. The [`Overview`] is what a list and a search need; the
//! [`Detail`] is what must stay sealed until it is asked for.
//!
//! Every category is the same shape: sections of fields. What differs is the template (`template.rs`): which fields, with
//! which ids. Ids, not labels, are what programs and merges go by. A newer client's unknown members survive in `extra`.

mod subtitle;
pub mod template;

use crate::ids::AttachmentId;
use crate::secret::Secret;
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Members this version does not know, kept as they came.
pub type Extra = BTreeMap<String, serde_json::Value>;

/// One item, opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The part lists and searches read.
    pub overview: Overview,
    /// The part opened one item at a time.
    pub detail: Detail,
}

/// What kind of thing an item is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Category {
    /// An account at a site or an app.
    #[default]
    Login,
    /// Text.
    SecureNote,
    /// A payment card.
    Card,
    /// A person's name, addresses and documents' numbers.
    Identity,
    /// A private SSH key with its public half.
    SshKey,
    /// A key or token for a program.
    ApiCredential,
    /// A database connection.
    Database,
    /// A machine one signs in to.
    Server,
    /// A wireless network.
    Wifi,
    /// A file with a name.
    Document,
}

/// What a list shows and a search reads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Its category.
    pub category: Category,
    /// Its title, in the person's words.
    pub title: String,
    /// The second line of a list: a login's username, a card's last four digits. Never a secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    /// Sites it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
    /// Tags, each once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Marked as favourite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub favourite: bool,
    /// Active, archived or in the trash.
    #[serde(default)]
    pub state: State,
    /// When it was created.
    #[serde(default)]
    pub created: UnixMillis,
    /// When a person last edited it.
    #[serde(default)]
    pub edited: UnixMillis,
    /// Unknown members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where an item is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum State {
    /// In lists and searches.
    #[default]
    Active,
    /// Kept, but out of lists.
    Archived,
    /// In the trash since `since`; it can be restored.
    Trashed {
        /// When it was moved there.
        since: UnixMillis,
    },
}

/// A site of a login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its address, as the person wrote it (`https://mail.example.org/login`).
    pub url: String,
    /// A name for it, may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Unknown members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What stays sealed until asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Sections of fields. The first has the empty id and holds the template's fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Secret::is_empty")]
    pub note: Secret,
    /// Files of this item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Values that are no longer current but were not thrown away: old passwords, values that lost a merge. Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Past>,
    /// Unknown members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A group of fields with a title.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Stable id within the item; empty for the template's own fields.
    #[serde(default)]
    pub id: String,
    /// Shown title; empty for the first section.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Its fields, in order.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Unknown members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One named value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Stable id within its section (`username`, `password`, or random for a custom field).
    pub id: String,
    /// Shown label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// How it is shown and checked.
    #[serde(default)]
    pub kind: FieldKind,
    /// Its value. All values are secrets: a mother's maiden name is one too.
    #[serde(default)]
    pub value: Secret,
    /// Unknown members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a field's value is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FieldKind {
    /// Plain text, shown.
    #[default]
    Text,
    /// Text hidden until asked for.
    Concealed,
    /// An `otpauth://` URI (or a bare base32 secret).
    Totp,
    /// A web address.
    Url,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A month, `YYYY-MM`.
    Month,
    /// A postal address, one line per line.
    Address,
    /// A private key, OpenSSH or PEM text.
    PrivateKey,
    /// A passkey: JSON. The shape is reserved; imports keep it, nothing signs with it yet.
    Passkey,
    /// `true` or `false`.
    Boolean,
}

/// A file that belongs to an item; its bytes are sealed apart, in chunks (`docs/formats/attachment.md`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// File name, without folders.
    pub name: String,
    /// Size of the plain bytes.
    pub size_bytes: u64,
    /// SHA-256 of the plain bytes, lower-case hex.
    pub sha256: String,
    /// The key its chunks are sealed with: 32 bytes, base64url.
    pub key: Secret,
    /// Unknown members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A value that was current once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// `section id/field id`, or `title`, `note`, …
    pub field: String,
    /// What it was.
    pub value: Secret,
    /// Until when it was current.
    pub until: UnixMillis,
    /// Why it is no longer: edited, or lost a merge.
    pub why: PastWhy,
}

/// Why a value is past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PastWhy {
    /// The person changed it.
    Edited,
    /// Two devices changed it; the other value was kept as current.
    Merged,
    /// It came with an import.
    Imported,
}

impl Item {
    /// The first field with this id, in any section; the template's section first.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.detail.sections.iter().flat_map(|section| &section.fields).find(|field| field.id == id)
    }

    /// The same, to change it.
    pub fn field_mut(&mut self, id: &str) -> Option<&mut Field> {
        self.detail.sections.iter_mut().flat_map(|section| &mut section.fields).find(|field| field.id == id)
    }

    /// The field a person means by `name`: its id, else its label (any case), else `section/field`.
    pub fn find_field(&self, name: &str) -> Option<&Field> {
        if let Some(field) = self.field(name) {
            return Some(field);
        }
        let wanted = name.to_lowercase();
        self.detail
            .sections
            .iter()
            .flat_map(|section| section.fields.iter().map(move |field| (section, field)))
            .find(|(section, field)| {
                field.label.to_lowercase() == wanted
                    || format!("{}/{}", section.title, field.label).to_lowercase() == wanted
                    || format!("{}/{}", section.id, field.id) == name
            })
            .map(|(_, field)| field)
    }

    /// The second line of a list: whose account, which card, which network. Never a secret; of a card's number the last four digits.
    pub fn derive_subtitle(&self) -> String {
        subtitle::derive_subtitle(self)
    }

    /// Sets a template field by id, adding it to the first section if it is not there.
    pub fn set_field(&mut self, id: &str, value: impl Into<Secret>) {
        let value = value.into();
        if let Some(field) = self.field_mut(id) {
            field.value = value;
            return;
        }
        let known = template::field(self.overview.category, id);
        let field = Field {
            id: id.to_owned(),
            label: known.map_or_else(|| id.to_owned(), |known| known.label.to_owned()),
            kind: known.map_or(FieldKind::Text, |known| known.kind),
            value,
            extra: Extra::new(),
        };
        match self.detail.sections.first_mut() {
            Some(first) if first.id.is_empty() => first.fields.push(field),
            _ => self.detail.sections.insert(0, Section { fields: vec![field], ..Section::default() }),
        }
    }
}
