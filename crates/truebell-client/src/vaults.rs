//! Vaults: making, naming, listing them. A new name is an edit of a reserved item of the vault, so that it works offline, merges, is
//! covered by the vault's signed head and has a history (`docs/formats/replica.md`).

use super::items::ItemRef;
use super::replica::rows;
use super::{Client, Error};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::item::{Category, Item};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire::vault::VaultInfo;
use truebell_engine::merge::Side;

/// Longest name of a vault, in bytes.
const NAME_LEN_MAX: usize = 256;

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

/// The item that holds a vault's settings: its title is the vault's name. Listed nowhere.
pub(super) fn settings_item(vault: VaultId) -> ItemId {
    let digest = Hash32::derive_labelled("truebell vault settings v1", &[vault.as_bytes()]);
    let mut id = [0; 16];
    id.iter_mut().zip(digest.0).for_each(|(to, from)| *to = from);
    ItemId(id)
}

/// The head of a vault that has nothing in it yet. `made` is when the vault was created, which may be long before a restored server
/// lost it.
pub(super) fn first_head(
    vault: VaultId,
    keys: &truebell_core::account::Unlocked,
    device: truebell_core::ids::DeviceId,
    (made, at): (Option<UnixMillis>, UnixMillis),
) -> SignedVaultHead {
    let digest = VaultDigest::default().digest();
    SignedVaultHead::sign(&VaultHead { vault, seq: 0, digest, prev: Hash32::default(), account: keys.account(), device, at, made }, keys)
}

impl Client {
    /// All vaults by name.
    pub fn vaults(&self) -> Result<Vec<VaultView>, Error> {
        let mut vaults = self.vaults_by_age()?;
        vaults.sort_by_key(|vault| vault.name.to_lowercase());
        Ok(vaults)
    }

    fn vaults_by_age(&self) -> Result<Vec<VaultView>, Error> {
        let mut views = Vec::new();
        let mut rows = rows::vaults(self.replica.read())?;
        // By what the account signed, so that all its devices agree.
        rows.sort_by_cached_key(|row| (row.head.parse_unverified().ok().and_then(|head| head.made), row.vault));
        for row in rows {
            let name = match self.index.name(row.vault) {
                Some(name) => name.to_owned(),
                None => self.keys.open_vault_name(row.vault, row.name_revision, &row.name)?,
            };
            let (items, pending) = self.index.count(row.vault);
            let seq = self.local.vaults.get(&row.vault).map_or(0, |known| known.seq);
            views.push(VaultView { vault: row.vault, name, items, pending, seq });
        }
        Ok(views)
    }

    /// The vault meant by `name` (id or name, any case); `None` means the oldest.
    pub fn find_vault(&self, name: Option<&str>) -> Result<VaultId, Error> {
        let vaults = self.vaults_by_age()?;
        let Some(name) = name else {
            let none = || Error::Input("this account has no vault on this device yet: sync first".into());
            return vaults.first().map(|vault| vault.vault).ok_or_else(none);
        };
        let named = |fits: &dyn Fn(&VaultView) -> bool| vaults.iter().find(|vault| fits(vault)).map(|vault| vault.vault);
        named(&|vault| vault.vault.to_string() == name || vault.name == name)
            .or_else(|| named(&|vault| vault.name.to_lowercase() == name.to_lowercase()))
            .ok_or_else(|| match self.by_a_person() {
                Ok(()) => Error::NotFound { what: "vault", name: name.to_owned() },
                Err(_) => Error::NotGiven { name: name.to_owned() },
            })
    }

    /// Makes a vault. The server hears of it at the next sync.
    pub fn create_vault(&mut self, name: &str) -> Result<VaultId, Error> {
        self.by_a_person()?;
        let name = checked(name)?;
        let chance = self.world.chance.as_mut();
        let (vault, key) = self.keys.make_vault(chance);
        let sealed = self.keys.seal_vault_name(vault, 1, name, chance)?;
        let now = self.world.clock.now();
        let made = self.made_after_all_others(now)?;
        let head = first_head(vault, &self.keys, self.device.device, (Some(made), now));
        let tx = self.replica.begin()?;
        rows::put_vault(&tx, &VaultInfo { vault, key, name_revision: 1, name: sealed, head }, false)?;
        tx.commit()?;
        Ok(vault)
    }

    /// When a vault is said to be made that is made now: after all there are, whatever this device's clock says.
    fn made_after_all_others(&self, now: UnixMillis) -> Result<UnixMillis, Error> {
        let heads = rows::vaults(self.replica.read())?;
        let last = heads.iter().filter_map(|row| row.head.parse_unverified().ok()?.made).max();
        Ok(last.map_or(now, |last| now.max(UnixMillis(last.0.saturating_add(1)))))
    }

    /// Gives it another name. An edit like any other: works offline, merges, has a history.
    pub fn rename_vault(&mut self, vault: VaultId, name: &str) -> Result<(), Error> {
        let name = checked(name)?;
        let at = ItemRef { vault, item: settings_item(vault) };
        let mut settings = match self.item(at) {
            Err(Error::NotFound { .. }) => Item::default(),
            found => found?,
        };
        settings.overview.category = Category::SecureNote;
        settings.overview.title = name.to_owned();
        settings.overview.edited = self.world.clock.now();
        self.write(at, Side::Live(Box::<Item>::new(settings)))
    }
}

fn checked(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    if name.is_empty() || name.len() > NAME_LEN_MAX {
        return Err(Error::Input("a vault's name has between 1 and 256 letters".into()));
    }
    Ok(name)
}
