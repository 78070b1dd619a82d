//! What an item remembers about its own health: findings that were set aside, exposures that were told. It is sealed with the item's details and travels with them; the server never sees it.

use super::Kind;
use serde::{Deserialize, Serialize};
use truebell_core::hash::Hash32;
use truebell_core::item::Item;
use truebell_core::time::UnixMillis;

/// The member of an item's details.
const MEMBER: &str = "health";
/// Older marks are of passwords that are gone.
const MARKS_MAX: usize = 32;

/// A finding that a person knows of and leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aside {
    /// What was found.
    pub kind: Kind,
    /// Of which value: see [`mark_of`].
    pub mark: String,
    /// Why it is left, in the person's words.
    pub reason: String,
    /// When.
    pub at: UnixMillis,
}

/// What an item remembers is there and cannot be read. Whoever writes over it would lose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what this item remembers of its health was written by a newer version of Truebell, and stays as it is: update this one")]
pub struct Unreadable;

/// An item's memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Set aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<Aside>,
    /// Marks of exposures that were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

impl Record {
    /// As the item has it; empty where it has none.
    pub fn of(item: &Item) -> Result<Self, Unreadable> {
        item.detail.extra.get(MEMBER).map_or_else(|| Ok(Self::default()), |value| Self::deserialize(value).map_err(|_| Unreadable))
    }

    /// Puts it into the item.
    pub fn put(self, item: &mut Item) {
        let is_empty = self == Self::default();
        match serde_json::to_value(self) {
            Ok(value) if !is_empty => drop(item.detail.extra.insert(MEMBER.to_owned(), value)),
            _ => drop(item.detail.extra.remove(MEMBER)),
        }
    }

    /// Whether this finding was set aside.
    pub fn find_aside(&self, kind: Kind, mark: &str) -> Option<&Aside> {
        self.aside.iter().find(|aside| aside.kind == kind && aside.mark == mark)
    }

    /// Sets a finding aside.
    pub fn set_aside(&mut self, aside: Aside) {
        self.aside.retain(|other| (other.kind, &other.mark) != (aside.kind, &aside.mark));
        self.aside.push(aside);
        keep_newest(&mut self.aside);
    }

    /// Brings findings of a kind back; whether there was one.
    pub fn bring_back(&mut self, kind: Kind) -> bool {
        let before = self.aside.len();
        self.aside.retain(|aside| aside.kind != kind);
        self.aside.len() < before
    }

    /// Remembers that an exposure was told.
    pub fn tell(&mut self, mark: &str) {
        if !self.told.iter().any(|told| told == mark) {
            self.told.push(mark.to_owned());
            keep_newest(&mut self.told);
        }
    }
}

fn keep_newest<T>(list: &mut Vec<T>) {
    list.drain(..list.len().saturating_sub(MARKS_MAX));
}

/// Stands for a value in the item's record, so that what was said of an old password is not taken to be said of a new one: 64 bits of a SHA-256 over kind and value.
pub fn mark_of(kind: Kind, value: &str) -> String {
    let digest = Hash32::derive_plain(format!("truebell health\0{kind}\0{value}").as_bytes());
    digest.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
