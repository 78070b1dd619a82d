//! All overviews in memory, opened once at unlock: lists and searches read nothing else.

use super::items::ItemRef;
use super::{Client, Error};
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::item::{Category, Overview};

/// Which items to list by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    /// Active ones.
    #[default]
    Active,
    /// Archived ones.
    Archived,
    /// Those in the trash.
    Trashed,
    /// All of them.
    All,
}

/// What to list. The default is every active item.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this vault.
    pub vault: Option<VaultId>,
    /// Only of this category.
    pub category: Option<Category>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only favourites.
    pub favourite: bool,
    /// By state.
    pub shown: Shown,
}

/// One line of a list.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Its vault.
    pub vault: VaultId,
    /// The item.
    pub id: ItemId,
    /// Its revision's number.
    pub number: u64,
    /// Whether it has an edit that the server does not have yet.
    pub pending: bool,
    /// What a list shows.
    pub overview: &'a Overview,
}

/// The opened overviews.
#[derive(Default)]
pub(super) struct Index {}

impl Client {
    /// Items in the order of their titles (letters' case apart).
    pub fn list(&self, filter: &Filter) -> Vec<Listed<'_>> {
        todo!()
    }

    /// Items that hold every word of `text` in title, second line, sites or tags; best first.
    pub fn search(&self, text: &str, filter: &Filter) -> Vec<Listed<'_>> {
        todo!()
    }

    /// The one item meant by `name`: its id, else its exact title, else its title in any case, else the only one whose title begins so.
    pub fn find(&self, name: &str, vault: Option<VaultId>) -> Result<ItemRef, Error> {
        todo!()
    }

    /// One item's line.
    pub fn overview(&self, item: ItemRef) -> Result<Listed<'_>, Error> {
        todo!()
    }
}
