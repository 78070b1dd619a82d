//! What the desk answers with; the same members are the command line's JSON (`docs/cli.md`). Never here: how a question is answered.

use serde::{Deserialize, Serialize};
use truebell_core::ids::{AttachmentId, ItemId, VaultId};
use truebell_core::item::{Category, FieldKind, Item, Past, PastWhy, State};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// Lines of items, as the desk writes them: borrowed, because ten thousand of them are not to be copied.
#[derive(Debug, Serialize)]
pub(crate) struct Listing<'a> {
    /// The lines.
    pub items: Vec<Row<&'a str>>,
    /// Since when and why they may be old, if they may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
}

/// One line with everything: nothing in it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row<T = String> {
    /// The item's id.
    pub id: ItemId,
    /// Its vault's id.
    pub vault: VaultId,
    /// Its vault's name.
    pub vault_name: T,
    /// Its category.
    pub category: Category,
    /// Its title.
    pub title: T,
    /// The second line: a username, the last four digits.
    pub subtitle: T,
    /// Its sites.
    pub urls: Vec<T>,
    /// Its tags.
    pub tags: Vec<T>,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// Active, archived, trashed.
    pub state: State,
    /// Created, in milliseconds since 1970.
    pub created: UnixMillis,
    /// Last edited by a person.
    pub edited: UnixMillis,
    /// Whether an edit waits to be sent.
    pub pending: bool,
}

impl Row<&str> {
    /// With text of its own.
    pub fn to_owned_text(&self) -> Row {
        let own = |text: &&str| (*text).to_owned();
        Row {
            id: self.id,
            vault: self.vault,
            vault_name: own(&self.vault_name),
            category: self.category,
            title: own(&self.title),
            subtitle: own(&self.subtitle),
            urls: self.urls.iter().map(own).collect(),
            tags: self.tags.iter().map(own).collect(),
            favourite: self.favourite,
            state: self.state,
            created: self.created,
            edited: self.edited,
            pending: self.pending,
        }
    }
}

/// One item, opened. Values of concealed fields are `null` unless asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub row: Row,
    /// Its fields.
    pub sections: Vec<Section>,
    /// Its note; `null` where it has one and it was not asked for.
    pub note: Option<Secret>,
    /// Its attachments.
    pub attachments: Vec<Card>,
}

/// A group of fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its title; empty for the first.
    pub title: String,
    /// Its fields.
    pub fields: Vec<FieldView>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// How it is read.
    pub kind: FieldKind,
    /// Whether it is hidden until asked for.
    pub concealed: bool,
    /// Its value; `null` where it is concealed and was not asked for.
    pub value: Option<Secret>,
}

/// A value an item had and that no version of it has: two devices had edited the same field, or it came with an import or a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastView {
    /// `section/field`, `title`, `note`, …
    pub field: String,
    /// Until when it was current.
    pub until: UnixMillis,
    /// How it came to be here: `merged`, `edited`, `imported`.
    pub why: PastWhy,
    /// The value; `null` unless asked for.
    pub value: Option<Secret>,
}

impl PastView {
    /// With its value, or without.
    pub fn new(past: Past, reveal: bool) -> Self {
        Self { field: past.field, until: past.until, why: past.why, value: reveal.then_some(past.value) }
    }
}

/// An attachment, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its id.
    pub id: AttachmentId,
    /// File name.
    pub name: String,
    /// Plain bytes.
    pub size_bytes: u64,
    /// SHA-256 of the plain bytes, hex.
    pub sha256: String,
}

/// An item that was made, and whether the server has it already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its id.
    pub id: ItemId,
    /// Its vault.
    pub vault: VaultId,
    /// Its title.
    pub title: String,
    /// What the sync after it said.
    #[serde(flatten)]
    pub sync: SyncNote,
}

/// An edit that was made.
pub type Edited = Made;

/// Whether edits have reached the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncNote {
    /// Whether every edit on this device is at the server.
    pub synced: bool,
    /// Why not, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
}

/// Whole items for an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    /// How many there are in all.
    pub total: usize,
    /// Some of them.
    pub items: Vec<(ItemId, Item)>,
}

/// The server's public log, as `truebell log` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogView {
    /// How it stands.
    pub standing: serde_json::Value,
    /// The same in words.
    pub sentence: String,
    /// The checkpoint this device remembers, a signed note.
    pub checkpoint: Option<String>,
    /// The account's events, oldest first.
    pub events: Vec<LogEvent>,
    /// Two checkpoints that do not go together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<LogEvidence>,
    /// What came of comparing, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<String>,
}

/// One event's place in the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogEvent {
    /// Its place in the account's chain.
    pub seq: u64,
    /// Its check code.
    pub code: String,
    /// How it stands.
    pub standing: serde_json::Value,
    /// The same in words.
    pub sentence: String,
}

/// Two checkpoints the server signed that do not go together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogEvidence {
    /// How: `forked` is proven by the two alone, `not-continued` by the lack of a proof.
    pub how: serde_json::Value,
    /// The one that was remembered.
    pub remembered: String,
    /// The other.
    pub shown: String,
}

/// How things stand, as `truebell status` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusView {
    /// The profile.
    pub profile: String,
    /// Whether the account is unlocked, and by whom.
    pub unlocked: bool,
    /// Whether an agent keeps it so.
    pub agent: bool,
    /// Until when the agent remembers, if nobody asks anything more.
    pub unlocked_until: Option<UnixMillis>,
    /// The server's address.
    pub server: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The account.
    pub account: String,
    /// Its mail address.
    pub email: String,
    /// This device.
    pub device: String,
    /// Its name.
    pub device_name: String,
    /// What only an unlocked account can tell.
    #[serde(flatten)]
    pub open: Option<OpenStatus>,
}

/// What only an unlocked account can tell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenStatus {
    /// Credential epoch.
    pub epoch: u64,
    /// Items here.
    pub items: usize,
    /// Edits the server does not have yet.
    pub pending: usize,
    /// Notices not seen yet.
    pub unseen: usize,
    /// Second factors in force.
    pub second_factors: Vec<String>,
    /// When the account will be deleted, if that was asked for.
    pub deletion_due: Option<UnixMillis>,
    /// Whether the account's password or Secret Key is newer elsewhere than here.
    pub newer_credentials: bool,
    /// Names all this device knows of the account, to be compared with another device that is up to date.
    #[serde(default)]
    pub state: String,
    /// Synchronisation, as the engine sees it.
    pub sync: serde_json::Value,
    /// The same in words.
    pub sentence: String,
    /// The server's public log, as far as this device follows it.
    #[serde(default)]
    pub log: serde_json::Value,
    /// The same in words.
    #[serde(default)]
    pub log_sentence: String,
    /// The last exchanges, newest first (`--why`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Vec<truebell_client::Trace>>,
}
