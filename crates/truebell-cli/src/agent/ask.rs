//! What can be asked at the desk. Plain data: it crosses the agent's socket as JSON. Never here: an answer.

use super::lines::Form;
use crate::agent::lease::Stay;
use serde::{Deserialize, Serialize};
use truebell_core::event::Plea;
use truebell_core::ids::{AttachmentId, DeviceId, ItemId, SessionId};
use truebell_core::item::{Category, Item};
use truebell_core::secret::Secret;
use truebell_engine::health::Kind as FindingKind;

/// An item, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemName {
    /// Title or id.
    pub name: String,
    /// Only in this vault (name or id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
}

/// Which items by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Active ones.
    #[default]
    Active,
    /// Archived ones.
    Archived,
    /// Those in the trash.
    Trashed,
    /// All.
    All,
}

/// Which items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Only of this vault (name or id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
    /// Only of this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Only with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only favourites.
    #[serde(default)]
    pub favourite: bool,
    /// By state.
    #[serde(default)]
    pub state: State,
}

/// A field and its new value; an empty value empties it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its id or label, or `section/field`; a name no field has becomes a new field.
    pub field: String,
    /// The value.
    pub value: Secret,
    /// A new field of this change is concealed.
    pub concealed: bool,
}

/// What an edit changes. Nothing else is touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Title.
    pub title: Option<String>,
    /// Sites to add.
    pub add_sites: Vec<String>,
    /// Sites to take off.
    pub remove_sites: Vec<String>,
    /// Tags to add.
    pub add_tags: Vec<String>,
    /// Tags to take off.
    pub remove_tags: Vec<String>,
    /// Favourite or not.
    pub favourite: Option<bool>,
    /// Note.
    pub note: Option<Secret>,
    /// Fields.
    pub fields: Vec<FieldChange>,
    /// Fields to take off.
    pub remove_fields: Vec<String>,
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// Forget everything and end.
    Lock,
    /// How long from now it is remembered.
    Stay {
        /// How long.
        stay: Stay,
    },
    /// How things stand.
    Status {
        /// With the last exchanges.
        why: bool,
    },
    /// Sync now.
    Sync,
    /// Lines of items, by title.
    List {
        /// Which.
        scope: Scope,
        /// How they are wanted.
        form: Form,
    },
    /// Lines of items that match, best first.
    Search {
        /// Words.
        text: String,
        /// Which.
        scope: Scope,
        /// How they are wanted.
        form: Form,
    },
    /// One item, opened.
    Item {
        /// Which.
        item: ItemName,
        /// With the values of concealed fields.
        reveal: bool,
        /// An older version of it.
        version: Option<u64>,
    },
    /// One field's value.
    Field {
        /// Which item.
        item: ItemName,
        /// Which field.
        field: String,
    },
    /// The one-time password.
    Totp {
        /// Which item.
        item: ItemName,
    },
    /// Adds an item.
    Create {
        /// Into this vault.
        vault: Option<String>,
        /// The item.
        item: Box<Item>,
    },
    /// Edits an item.
    Edit {
        /// Which.
        item: ItemName,
        /// How.
        changes: Box<Changes>,
    },
    /// Into the trash, or gone for good.
    Remove {
        /// Which.
        item: ItemName,
        /// For good.
        purge: bool,
    },
    /// Out of the trash or the archive, or back to an older version.
    Restore {
        /// Which.
        item: ItemName,
        /// To this version.
        version: Option<u64>,
    },
    /// Into another vault.
    Move {
        /// Which.
        item: ItemName,
        /// The vault.
        to: String,
    },
    /// Into the archive.
    Archive {
        /// Which.
        item: ItemName,
    },
    /// An item's versions, and values it had that no version has.
    History {
        /// Which.
        item: ItemName,
        /// With those values.
        reveal: bool,
    },
    /// Adds many items, their times kept. Nothing is synced before `Sync` is asked.
    Import {
        /// Into this vault.
        vault: Option<String>,
        /// The items.
        items: Vec<Item>,
    },
    /// Whole items, some at a time, for an export.
    Open {
        /// Which.
        scope: Scope,
        /// Past so many.
        from: usize,
        /// At most so many.
        count: usize,
    },
    /// Sets findings about an item aside, as they are now.
    SetAside {
        /// Which item.
        item: ItemName,
        /// Which findings.
        finding: FindingKind,
        /// Why.
        reason: String,
    },
    /// Brings them back.
    BringBack {
        /// Which item.
        item: ItemName,
        /// Which findings.
        finding: FindingKind,
    },
    /// Remembers which exposures were told.
    Told {
        /// Marks of each item.
        marks: Vec<(ItemId, Vec<String>)>,
    },
    /// Attaches the bytes of the input stream.
    Attach {
        /// To this item.
        item: ItemName,
        /// Under this name.
        name: String,
        /// Sync afterwards.
        sync: bool,
    },
    /// Writes an attachment to the output stream.
    Attachment {
        /// Of this item.
        item: ItemName,
        /// Its name or id.
        attachment: String,
    },
    /// Takes an attachment off.
    Detach {
        /// Off this item.
        item: ItemName,
        /// Its name or id.
        attachment: String,
    },
    /// The attachment with this very id, while exporting.
    AttachmentById {
        /// Of this item.
        item: ItemName,
        /// Its id.
        attachment: AttachmentId,
    },
    /// All vaults.
    Vaults,
    /// Makes a vault.
    CreateVault {
        /// Its name.
        name: String,
    },
    /// Names a vault anew.
    RenameVault {
        /// Which.
        vault: String,
        /// Its new name.
        name: String,
    },
    /// All devices.
    Devices,
    /// Takes a device's access away.
    RevokeDevice {
        /// Which.
        device: DeviceId,
    },
    /// Lets a new machine read some vaults.
    CreateMachine {
        /// What it is called.
        name: String,
        /// Which vaults, by name or id; none where there is only one.
        vaults: Vec<String>,
    },
    /// All machines.
    Machines,
    /// All sessions.
    Sessions,
    /// Ends a session.
    RevokeSession {
        /// Which.
        session: SessionId,
    },
    /// A kit for the account as it is now: a line of text, `Kit::to_uri`.
    Kit,
    /// Changes the account password.
    ChangePassword {
        /// As it is.
        current: Secret,
        /// As it is to be.
        new: Secret,
    },
    /// Replaces the Secret Key; answers with the new kit.
    RotateSecretKey {
        /// The account password.
        password: Secret,
    },
    /// Changes the mail address.
    ChangeAddress {
        /// The new one.
        email: String,
    },
    /// Asks for the account's deletion.
    DeleteAccount,
    /// Cancels it.
    KeepAccount,
    /// A new second factor, not stored yet.
    MakeSecondFactor,
    /// Adds it.
    AddSecondFactor {
        /// As made.
        uri: Secret,
        /// A code it shows.
        code: String,
    },
    /// Removes the second factor.
    RemoveSecondFactor {
        /// A code it shows.
        code: String,
    },
    /// The inbox, after a sync where the server can be reached.
    Inbox,
    /// Marks notices as seen.
    Seen {
        /// Their places in the chain.
        seqs: Vec<u64>,
    },
    /// How the server's public log stands, and where the account's events are in it.
    Log {
        /// Another device's checkpoint to compare with.
        compare: Option<String>,
    },
    /// Which witnesses of the log are believed.
    LogWitnesses {
        /// Others from now on: their verifier keys, and how many must have signed.
        set: Option<(Vec<String>, usize)>,
    },
    /// Checks a notice.
    VerifyNotice {
        /// Its code.
        code: String,
    },
    /// Takes a notice back.
    RetractNotice {
        /// Its code.
        code: String,
        /// In which words.
        plea: Plea,
    },
    /// Removes the account from this device, and ends.
    SignOut {
        /// Even if edits wait to be sent.
        discard: bool,
    },
}

impl Ask {
    /// Whether notices are to be delivered with its answer. Not with those that deliver them otherwise, nor with the last words.
    pub fn wants_notices(&self) -> bool {
        !matches!(self, Self::Inbox | Self::Seen { .. } | Self::Lock | Self::SignOut { .. } | Self::Stay { .. })
    }

    /// Whether it leaves an edit behind that should be sent.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Attach { sync, .. } => *sync,
            Self::Create { .. }
            | Self::Edit { .. }
            | Self::Remove { .. }
            | Self::Restore { .. }
            | Self::Move { .. }
            | Self::Archive { .. }
            | Self::SetAside { .. }
            | Self::BringBack { .. }
            | Self::Told { .. }
            | Self::Detach { .. }
            | Self::RenameVault { .. } => true,
            _ => false,
        }
    }

    /// Whether a machine may ask it.
    pub fn is_for_machines(&self) -> bool {
        matches!(
            self,
            Self::Sync
                | Self::List { .. }
                | Self::Search { .. }
                | Self::Item { .. }
                | Self::Field { .. }
                | Self::Totp { .. }
                | Self::History { .. }
                | Self::Open { .. }
                | Self::Attachment { .. }
                | Self::AttachmentById { .. }
                | Self::Vaults
        )
    }

    /// Whether the desk closes after it.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Lock | Self::SignOut { .. })
    }
}
