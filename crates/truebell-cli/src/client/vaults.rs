//! Vaults: making, naming, listing them.

use super::{Client, Error};
use truebell_core::ids::VaultId;

/// One vault.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct VaultView {
    /// Its id.
    pub vault: VaultId,
    /// Its name.
    pub name: String,
    /// Active items in it.
    pub items: usize,
    /// Edits the server does not have yet.
    pub pending: usize,
    /// Its sequence.
    pub seq: u64,
}

impl Client {
    /// All vaults by name.
    pub fn vaults(&self) -> Result<Vec<VaultView>, Error> {
        todo!()
    }

    /// The vault meant by `name` (id or name, any case); `None` means the oldest.
    pub fn find_vault(&self, name: Option<&str>) -> Result<VaultId, Error> {
        todo!()
    }

    /// Makes a vault. Needs the server.
    pub fn create_vault(&mut self, name: &str) -> Result<VaultId, Error> {
        todo!()
    }

    /// Gives it another name. An edit like any other: works offline, merges, has a history.
    pub fn rename_vault(&mut self, vault: VaultId, name: &str) -> Result<(), Error> {
        todo!()
    }
}
