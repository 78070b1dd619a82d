//! From the database to the XML KeePass and KeePassXC read.

use super::model::{Database, Entry, Group, Text, Times};
use super::stream::Inner;
use super::xml_read::instant_text;
use data_encoding::BASE64;
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

/// The document, its protected values hidden by `inner`.
pub(super) fn document(database: &Database, now: UnixMillis, inner: &mut Inner) -> Zeroizing<String> {
    let mut out = Writer { out: Zeroizing::new(String::with_capacity(4096)), inner };
    out.raw("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<KeePassFile><Meta>");
    out.element("Generator", "Truebell");
    out.element("DatabaseName", &database.root.name);
    out.raw("<MemoryProtection><ProtectTitle>False</ProtectTitle><ProtectUserName>False</ProtectUserName>");
    out.raw("<ProtectPassword>True</ProtectPassword><ProtectURL>False</ProtectURL><ProtectNotes>False</ProtectNotes></MemoryProtection>");
    let bin = database.recycle_bin;
    out.element("RecycleBinEnabled", "True");
    out.element("RecycleBinUUID", &BASE64.encode(&bin.unwrap_or_default()));
    out.element("RecycleBinChanged", &instant_text(now));
    out.raw("</Meta><Root>");
    out.group(&database.root, now);
    out.raw("</Root></KeePassFile>");
    out.out
}

struct Writer<'a> {
    out: Zeroizing<String>,
    inner: &'a mut Inner,
}

impl Writer<'_> {
    fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn text(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                '\r' => self.raw("&#13;"),
                // XML 1.0 has no way to write these at all; values with them are protected, so only names get here.
                letter if !is_xml(letter) => self.raw("\u{fffd}"),
                letter => self.out.push(letter),
            }
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        self.raw(&format!("<{name}>"));
        self.text(text);
        self.raw(&format!("</{name}>"));
    }

    fn group(&mut self, group: &Group, now: UnixMillis) {
        self.raw("<Group>");
        self.element("UUID", &BASE64.encode(&group.uuid));
        self.element("Name", &group.name);
        self.times(&Times { created: Some(now), edited: Some(now), moved: Some(now), expires: None }, now);
        for entry in &group.entries {
            self.entry(entry, now);
        }
        for inner in &group.groups {
            self.group(inner, now);
        }
        self.raw("</Group>");
    }

    fn entry(&mut self, entry: &Entry, now: UnixMillis) {
        self.raw("<Entry>");
        self.element("UUID", &BASE64.encode(&entry.uuid));
        self.element("OverrideURL", &entry.override_url);
        self.element("Tags", &entry.tags);
        self.times(&entry.times, now);
        for text in &entry.texts {
            self.string(text);
        }
        for (name, id) in &entry.files {
            self.raw("<Binary>");
            self.element("Key", name);
            self.raw(&format!("<Value Ref=\"{id}\"/></Binary>"));
        }
        self.auto_type(&entry.auto_type);
        if !entry.custom_data.is_empty() {
            self.raw("<CustomData>");
            for (key, value) in &entry.custom_data {
                self.raw("<Item>");
                self.element("Key", key);
                self.element("Value", value);
                self.raw("</Item>");
            }
            self.raw("</CustomData>");
        }
        if !entry.history.is_empty() {
            self.raw("<History>");
            for old in &entry.history {
                self.entry(old, now);
            }
            self.raw("</History>");
        }
        self.raw("</Entry>");
    }

    fn auto_type(&mut self, sequences: &[(String, String)]) {
        if sequences.is_empty() {
            return;
        }
        self.raw("<AutoType><Enabled>True</Enabled>");
        for (window, keys) in sequences {
            if window.is_empty() {
                self.element("DefaultSequence", keys);
                continue;
            }
            self.raw("<Association>");
            self.element("Window", window);
            self.element("KeystrokeSequence", keys);
            self.raw("</Association>");
        }
        self.raw("</AutoType>");
    }

    fn string(&mut self, text: &Text) {
        self.raw("<String>");
        self.element("Key", &text.key);
        let value = text.value.expose();
        if text.is_protected || !value.chars().all(is_xml) {
            let mut bytes = Zeroizing::new(value.as_bytes().to_vec());
            self.inner.apply(&mut bytes);
            self.raw("<Value Protected=\"True\">");
            self.raw(&BASE64.encode(&bytes));
            self.raw("</Value>");
        } else {
            self.element("Value", value);
        }
        self.raw("</String>");
    }

    fn times(&mut self, times: &Times, now: UnixMillis) {
        let created = times.created.unwrap_or(now);
        let edited = times.edited.unwrap_or(created);
        self.raw("<Times>");
        self.element("CreationTime", &instant_text(created));
        self.element("LastModificationTime", &instant_text(edited));
        self.element("LastAccessTime", &instant_text(edited));
        self.element("ExpiryTime", &instant_text(times.expires.unwrap_or(created)));
        self.element("Expires", if times.expires.is_some() { "True" } else { "False" });
        self.element("UsageCount", "0");
        self.element("LocationChanged", &instant_text(times.moved.unwrap_or(edited)));
        self.raw("</Times>");
    }
}

/// Whether XML 1.0 can hold the letter (W3C XML 1.0 §2.2).
pub(crate) fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
