//! What a KDBX database holds, as the format sees it.

use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// Sixteen bytes that name a group or an entry.
pub(crate) type Uuid = [u8; 16];

/// A whole database.
#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) root: Group,
    /// The group that is the recycle bin, if one is in use.
    pub(crate) recycle_bin: Option<Uuid>,
    /// Attachments, by the id entries name them with.
    pub(crate) binaries: Vec<Binary>,
    /// Pictures of its own.
    pub(crate) custom_icons: usize,
    /// Things nobody here knows, by name.
    pub(crate) unknown: Vec<String>,
}

/// An attachment's bytes.
#[derive(Default)]
pub(crate) struct Binary {
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
}

impl std::fmt::Debug for Binary {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Binary({} bytes)", self.bytes.len())
    }
}

/// A group.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) uuid: Uuid,
    pub(crate) name: String,
    pub(crate) notes: String,
    pub(crate) tags: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) entries: Vec<Entry>,
}

/// An entry.
#[derive(Debug, Default, Clone)]
pub(crate) struct Entry {
    pub(crate) uuid: Uuid,
    pub(crate) times: Times,
    pub(crate) tags: String,
    pub(crate) texts: Vec<Text>,
    /// Name and id of each attachment.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) history: Vec<Entry>,
    /// Key and value.
    pub(crate) custom_data: Vec<(String, String)>,
    /// Window and key sequence; the default sequence has no window.
    pub(crate) auto_type: Vec<(String, String)>,
    pub(crate) override_url: String,
    /// Anything of looks (icon, colours) that is not the default, by name.
    pub(crate) looks: Vec<&'static str>,
    /// Elements nobody here knows, by name.
    pub(crate) unknown: Vec<String>,
}

/// One `String` of an entry.
#[derive(Debug, Default, Clone)]
pub(crate) struct Text {
    pub(crate) key: String,
    pub(crate) value: Secret,
    pub(crate) is_protected: bool,
}

/// Instants of an entry, where the file tells them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) created: Option<UnixMillis>,
    pub(crate) edited: Option<UnixMillis>,
    pub(crate) moved: Option<UnixMillis>,
    pub(crate) expires: Option<UnixMillis>,
}

impl Entry {
    /// The value of a string, empty if there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.texts.iter().find(|text| text.key == key).map_or("", |text| text.value.expose())
    }
}
