//! What is kept of a match beside its findings: where its lists come from, and what was counted.

use super::NotKept;
use serde::{Deserialize, Serialize};

/// The version of these texts this program writes.
pub const VERSION: u32 = 1;
/// How lists are read: raised with every change of what becomes of a line.
pub const PARSER: u32 = 1;
/// The trust flag of a list that passed its tests, as plans have it.
pub const PASSED: u32 = 4;
/// The trust flag of a list at which a person looked.
pub const LOOKED_AT: u32 = 8;

/// Where the lists of a match come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// [`VERSION`].
    pub v: u32,
    /// Whose list it is.
    pub name: String,
    /// Of when.
    pub date: String,
    /// How it came here.
    pub origin: String,
    /// Trust flags, as plans have them.
    pub flags: u32,
    /// [`PARSER`].
    pub parser: u32,
    /// The dialect, where it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Tests that a person decided to go on despite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub despite: Vec<String>,
    /// The lists.
    pub lists: Vec<Part>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its file's name.
    pub name: String,
    /// Its size; 0 for standard input.
    pub bytes: u64,
}

/// What was counted while the lists were read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Accounts of the site.
    pub accounts: u64,
    /// Accounts that are not in use, or are signed in from elsewhere: they are not looked for.
    pub left_out: u64,
    /// Rows of its table without an id or an address, or with none that can be matched.
    pub unusable: u64,
    /// Groups of accounts with one address: none of them is hit.
    pub ambiguous: u64,
    /// Lines.
    pub lines: u64,
    /// Records.
    pub records: u64,
    /// Records of accounts, by the very address.
    pub same: u64,
    /// Records of linked addresses only.
    pub linked: u64,
    /// SHA-256 of what was read, hexadecimal.
    pub digest: String,
    /// In which dialect each list is.
    pub dialects: Vec<String>,
    /// The tests.
    pub tests: Vec<Tested>,
    /// How long reading the lists took, in ms.
    pub read_ms: u64,
}

/// What a test says of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// Which.
    pub test: String,
    /// `passed`, `stopped` or `not-known`.
    pub standing: String,
    /// In words.
    pub sentence: String,
}

impl Source {
    /// Whether it is the same source, from the same lists.
    pub fn is_of(&self, lists: &[Part]) -> bool {
        self.lists == lists
    }

    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads it.
    ///
    /// # Errors
    /// Of a newer version.
    pub fn read(json: &str) -> Result<Self, NotKept> {
        let read: Option<Self> = serde_json::from_str(json).ok();
        read.filter(|read| read.v == VERSION).ok_or(NotKept::Shape("this match"))
    }
}

impl Progress {
    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads it; what an older version did not count is 0.
    ///
    /// # Errors
    /// Something else.
    pub fn read(json: &str) -> Result<Self, NotKept> {
        serde_json::from_str(json).map_err(|_| NotKept::Shape("this match"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_was_written_and_a_newer_one_is_refused() {
        let lists = vec![Part { name: "list.txt.gz".into(), bytes: 7 }];
        let (name, date, origin) = ("ExampleForum".into(), "2026-09".into(), String::new());
        let source = Source { v: VERSION, name, date, origin, flags: PASSED, parser: PARSER, dialect: None, despite: vec![], lists };
        let json = source.to_json();
        let expected =
            r#"{"v":1,"name":"ExampleForum","date":"2026-09","origin":"","flags":4,"parser":1,"lists":[{"name":"list.txt.gz","bytes":7}]}"#;
        assert_eq!(json, expected);
        assert_eq!(Source::read(&json), Ok(source.clone()));
        assert!(Source::read(&json.replace("\"v\":1", "\"v\":2")).is_err());
        assert!(!source.is_of(&[Part { name: "other".into(), bytes: 7 }]));
        assert_eq!(Progress::read("{}"), Ok(Progress::default()));
    }
}
