//! An account's keys: what is sealed under the unlock key, and what an unlocked account can do with it (`docs/formats/keys.md`).
//!
//! `account unlock key → keyset (signing key, KEM key, wrapping key) → vault keys → overviews and details`
//!
//! Callers never hold the keys: they ask an [`Unlocked`] to seal, open and sign.

use crate::chance::{Chance, make_array};
use crate::derive::Root;
use crate::hash::Hash32;
use crate::ids::{AccountId, AttachmentId, ItemId, VaultId};
use crate::item::{Detail, Item, Overview};
use crate::seal::{self, Context, OpenError, Part, SealKey};
use crate::sign::{PublicKey, Purpose, Signature, SigningKey};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What the world may know of an account's keys. Pinned by each device when it is enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPublic {
    /// The account.
    pub account: AccountId,
    /// Verifies its acts and its vault heads.
    pub signing: PublicKey,
    /// X-Wing encapsulation key (1216 bytes); others seal to it when they share.
    pub kem: crate::b64::Bytes,
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct Keyset {
    #[cbor(n(0), with = "minicbor::bytes")]
    signing_seed: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    kem_seed: [u8; 32],
    #[cbor(n(2), with = "minicbor::bytes")]
    wrapping: [u8; 32],
}

impl Keyset {
    fn to_cbor(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(128));
        let written = minicbor::encode(self, &mut *bytes);
        debug_assert!(written.is_ok(), "writing to memory does not fail");
        bytes
    }
}

/// Why something of an account does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// This account holds no key for the vault.
    #[error("this account holds no key for vault {0}")]
    NoSuchVault(VaultId),
    /// The seal does not open.
    #[error(transparent)]
    Seal(#[from] OpenError),
    /// It opened, and is not what it should be: written by a newer version.
    #[error("the opened data has a shape this version does not know: update Truebell")]
    Shape,
}

/// The two sealed parts of one item revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealedItem {
    /// The overview.
    pub overview: Vec<u8>,
    /// The detail.
    pub detail: Vec<u8>,
}

/// An account whose keys are in memory. Dropped, they are erased: that is what locking is.
pub struct Unlocked {
    account: AccountId,
    keyset: Keyset,
    signing: SigningKey,
    vaults: BTreeMap<VaultId, SealKey>,
}

impl std::fmt::Debug for Unlocked {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Unlocked({}, {} vaults)", self.account, self.vaults.len())
    }
}

impl Unlocked {
    /// A new account's keys.
    pub fn make_account(account: AccountId, chance: &mut dyn Chance) -> Self {
        let keyset = Keyset { signing_seed: make_array(chance), kem_seed: make_array(chance), wrapping: make_array(chance) };
        Self::from_keyset(account, keyset)
    }

    fn from_keyset(account: AccountId, keyset: Keyset) -> Self {
        let signing = SigningKey::from_seed(&keyset.signing_seed);
        Self { account, keyset, signing, vaults: BTreeMap::new() }
    }

    /// Opens the sealed keyset of a credential epoch.
    pub fn open(account: AccountId, epoch: u64, root: &Root, sealed: &[u8]) -> Result<Self, KeyError> {
        let plain = seal::open(&root.derive_unlock_key(), &Context::keyset(account, epoch), sealed)?;
        let keyset = minicbor::decode(&plain).map_err(|_| KeyError::Shape)?;
        Ok(Self::from_keyset(account, keyset))
    }

    /// A machine's: its own key in place of the account's, and a wrapping key that opens the vaults it was given and nothing else. What it
    /// signs is signed by the machine, and nobody takes it for the account's.
    pub(crate) fn of_machine(account: AccountId, key: &SigningKey, wrapping: &SealKey) -> Self {
        let (signing_seed, wrapping) = (*key.expose_seed(), *wrapping.expose_bytes());
        // No KEM key: nothing is ever sealed to a machine, and none of its public halves are told as an account's.
        Self::from_keyset(account, Keyset { signing_seed, kem_seed: [0; 32], wrapping })
    }

    /// Seals the keyset for a credential epoch: at sign-up, and whenever a password or Secret Key changes.
    pub fn seal_keyset(&self, epoch: u64, root: &Root, chance: &mut dyn Chance) -> Vec<u8> {
        seal::seal(&root.derive_unlock_key(), &Context::keyset(self.account, epoch), &self.keyset.to_cbor(), chance)
    }

    /// Whose keys these are.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The public halves.
    pub fn public(&self) -> AccountPublic {
        use x_wing::{Decapsulator, KeyExport};
        let kem = x_wing::DecapsulationKey::from(self.keyset.kem_seed);
        AccountPublic { account: self.account, signing: self.signing.public(), kem: kem.encapsulation_key().to_bytes().to_vec().into() }
    }

    /// Signs with the account's key.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        self.signing.sign(purpose, message)
    }

    /// Makes a vault key; returns the vault's id and the key wrapped for this account. Own vaults are wrapped symmetrically, so
    /// that nobody who knows only public keys can plant one.
    pub fn make_vault(&mut self, chance: &mut dyn Chance) -> (VaultId, Vec<u8>) {
        let (vault, key) = (VaultId::make_random(chance), SealKey::make_random(chance));
        let wrapped = seal::seal(&self.wrapping(), &Context::vault_key(self.account, vault), key.expose_bytes(), chance);
        self.vaults.insert(vault, key);
        (vault, wrapped)
    }

    /// Takes a wrapped vault key in. A vault already held keeps the key it has: a server cannot swap it.
    pub fn add_vault(&mut self, vault: VaultId, wrapped: &[u8]) -> Result<(), KeyError> {
        let plain = seal::open(&self.wrapping(), &Context::vault_key(self.account, vault), wrapped)?;
        let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| KeyError::Shape)?;
        self.vaults.entry(vault).or_insert(SealKey::from_bytes(key));
        Ok(())
    }

    /// A vault's key, sealed for a machine that is to read it.
    pub fn wrap_vault_for(&self, vault: VaultId, wrapping: &SealKey, chance: &mut dyn Chance) -> Result<Vec<u8>, KeyError> {
        Ok(seal::seal(wrapping, &Context::vault_key(self.account, vault), self.vault(vault)?.expose_bytes(), chance))
    }

    /// The vaults whose keys are held.
    pub fn vaults(&self) -> impl Iterator<Item = VaultId> + '_ {
        self.vaults.keys().copied()
    }

    /// Seals a vault's name.
    pub fn seal_vault_name(&self, vault: VaultId, revision: u64, name: &str, chance: &mut dyn Chance) -> Result<Vec<u8>, KeyError> {
        Ok(seal::seal(self.vault(vault)?, &Context::vault_info(vault, revision), name.as_bytes(), chance))
    }

    /// Opens a vault's name.
    pub fn open_vault_name(&self, vault: VaultId, revision: u64, sealed: &[u8]) -> Result<String, KeyError> {
        let plain = seal::open(self.vault(vault)?, &Context::vault_info(vault, revision), sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| KeyError::Shape)
    }

    /// Seals both parts of an item as one revision.
    pub fn seal_item(
        &self,
        vault: VaultId,
        id: ItemId,
        revision: u64,
        item: &Item,
        chance: &mut dyn Chance,
    ) -> Result<SealedItem, KeyError> {
        let key = self.vault(vault)?;
        let mut part = |part, json: Result<Vec<u8>, serde_json::Error>| {
            let json = Zeroizing::new(json.map_err(|_| KeyError::Shape)?);
            Ok::<_, KeyError>(seal::seal(key, &Context::item(part, vault, id, revision), &json, chance))
        };
        Ok(SealedItem {
            overview: part(Part::Overview, serde_json::to_vec(&item.overview))?,
            detail: part(Part::Detail, serde_json::to_vec(&item.detail))?,
        })
    }

    /// Opens an overview.
    pub fn open_overview(&self, vault: VaultId, id: ItemId, revision: u64, sealed: &[u8]) -> Result<Overview, KeyError> {
        self.open_json(vault, Context::item(Part::Overview, vault, id, revision), sealed)
    }

    /// Opens a detail.
    pub fn open_detail(&self, vault: VaultId, id: ItemId, revision: u64, sealed: &[u8]) -> Result<Detail, KeyError> {
        self.open_json(vault, Context::item(Part::Detail, vault, id, revision), sealed)
    }

    /// Opens both parts.
    pub fn open_item(&self, vault: VaultId, id: ItemId, revision: u64, sealed: &SealedItem) -> Result<Item, KeyError> {
        Ok(Item {
            overview: self.open_overview(vault, id, revision, &sealed.overview)?,
            detail: self.open_detail(vault, id, revision, &sealed.detail)?,
        })
    }

    fn open_json<T: serde::de::DeserializeOwned>(&self, vault: VaultId, context: Context, sealed: &[u8]) -> Result<T, KeyError> {
        let plain = seal::open(self.vault(vault)?, &context, sealed)?;
        serde_json::from_slice(&plain).map_err(|_| KeyError::Shape)
    }

    /// A key only this account can derive, for what a device keeps locally under `label`.
    pub fn derive_local_key(&self, label: &str) -> SealKey {
        let mut key = [0; 32];
        let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(b"truebell local key v1"), &self.keyset.wrapping);
        crate::derive::expand(&hkdf, label.as_bytes(), &mut key);
        SealKey::from_bytes(key)
    }

    fn wrapping(&self) -> SealKey {
        SealKey::from_bytes(self.keyset.wrapping)
    }

    fn vault(&self, vault: VaultId) -> Result<&SealKey, KeyError> {
        self.vaults.get(&vault).ok_or(KeyError::NoSuchVault(vault))
    }
}

/// Plain bytes in one attachment chunk; the last may be shorter, and only an empty file has an empty last chunk.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Seals one chunk of an attachment (`docs/formats/attachment.md`).
pub fn seal_chunk(
    key: &SealKey,
    vault: VaultId,
    id: AttachmentId,
    index: u64,
    last: bool,
    plain: &[u8],
    chance: &mut dyn Chance,
) -> Vec<u8> {
    seal::seal(key, &Context::chunk(vault, id, index, last), plain, chance)
}

/// Opens one chunk. A chunk of another place, file or order, and a file cut short, do not open.
pub fn open_chunk(
    key: &SealKey,
    vault: VaultId,
    id: AttachmentId,
    index: u64,
    last: bool,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    seal::open(key, &Context::chunk(vault, id, index, last), sealed)
}

/// A password's stretched form sealed nowhere, compared nowhere: devices check a password by opening the keyset with it. This
/// digest names a keyset blob so that a device can tell whether it has the current one.
pub fn derive_keyset_digest(sealed: &[u8]) -> Hash32 {
    Hash32::derive_labelled("truebell keyset v1", &[sealed])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::derive_root_from_stretched;
    use crate::secret_key::SecretKey;
    use crate::testing::Seeded;

    fn root(password: u8, secret_key: &SecretKey, account: AccountId) -> Root {
        derive_root_from_stretched(&Zeroizing::new([password; 32]), secret_key, account)
    }

    fn login() -> Item {
        let mut item = Item::default();
        item.overview.title = "Bank".into();
        item.set_field("username", "ada");
        item.set_field("password", "correct horse");
        item
    }

    #[test]
    fn a_keyset_opens_with_both_secrets_for_its_account_and_epoch_only() {
        let mut chance = Seeded::new(1);
        let account = AccountId([1; 16]);
        let (ours, other) = (SecretKey::make_random(&mut chance), SecretKey::make_random(&mut chance));
        let keys = Unlocked::make_account(account, &mut chance);
        let sealed = keys.seal_keyset(2, &root(1, &ours, account), &mut chance);
        let opened = Unlocked::open(account, 2, &root(1, &ours, account), &sealed).unwrap();
        assert_eq!(opened.public(), keys.public());
        let wrong = KeyError::Seal(OpenError::WrongKey);
        assert_eq!(Unlocked::open(account, 2, &root(2, &ours, account), &sealed).unwrap_err(), wrong, "wrong password");
        assert_eq!(Unlocked::open(account, 2, &root(1, &other, account), &sealed).unwrap_err(), wrong, "wrong Secret Key");
        assert_eq!(Unlocked::open(account, 1, &root(1, &ours, account), &sealed).unwrap_err(), wrong, "wrong epoch");
        let stranger = AccountId([2; 16]);
        assert_eq!(Unlocked::open(stranger, 2, &root(1, &ours, stranger), &sealed).unwrap_err(), wrong, "wrong account");
    }

    #[test]
    fn ms_07_parts_do_not_open_elsewhere() {
        let mut chance = Seeded::new(2);
        let mut keys = Unlocked::make_account(AccountId([1; 16]), &mut chance);
        let ((vault, _), (other_vault, _)) = (keys.make_vault(&mut chance), keys.make_vault(&mut chance));
        let (id, other_id) = (ItemId([3; 16]), ItemId([4; 16]));
        let sealed = keys.seal_item(vault, id, 5, &login(), &mut chance).unwrap();
        assert_eq!(keys.open_item(vault, id, 5, &sealed).unwrap(), login());
        assert!(keys.open_item(vault, id, 6, &sealed).is_err(), "another revision");
        assert!(keys.open_item(vault, other_id, 5, &sealed).is_err(), "another item");
        assert!(keys.open_item(other_vault, id, 5, &sealed).is_err(), "another vault");
        let swapped = SealedItem { overview: sealed.detail.clone(), detail: sealed.overview.clone() };
        assert!(keys.open_item(vault, id, 5, &swapped).is_err(), "parts swapped");
    }

    #[test]
    fn ms_15_a_vault_key_cannot_be_planted_or_swapped() {
        let mut chance = Seeded::new(3);
        let mut keys = Unlocked::make_account(AccountId([1; 16]), &mut chance);
        let (vault, wrapped) = keys.make_vault(&mut chance);
        let sealed = keys.seal_item(vault, ItemId([3; 16]), 1, &login(), &mut chance).unwrap();
        let mut attacker = Unlocked::make_account(AccountId([1; 16]), &mut chance);
        let (_, planted) = attacker.make_vault(&mut chance);
        assert!(keys.add_vault(vault, &planted).is_err());
        assert_eq!(keys.add_vault(vault, &wrapped), Ok(()));
        assert!(keys.open_item(vault, ItemId([3; 16]), 1, &sealed).is_ok());
    }

    #[test]
    fn ms_30_attachment_chunks_cannot_be_cut_swapped_or_moved() {
        let mut chance = Seeded::new(4);
        let key = SealKey::make_random(&mut chance);
        let (vault, id) = (VaultId([1; 16]), AttachmentId([2; 16]));
        let first = seal_chunk(&key, vault, id, 0, false, b"first", &mut chance);
        let last = seal_chunk(&key, vault, id, 1, true, b"last", &mut chance);
        assert!(open_chunk(&key, vault, id, 0, false, &first).is_ok() && open_chunk(&key, vault, id, 1, true, &last).is_ok());
        assert!(open_chunk(&key, vault, id, 0, true, &first).is_err(), "cut after the first");
        assert!(open_chunk(&key, vault, id, 0, false, &last).is_err(), "swapped");
        assert!(open_chunk(&key, vault, AttachmentId([3; 16]), 0, false, &first).is_err(), "another file");
    }

    #[test]
    fn what_a_newer_version_wrote_in_an_item_is_kept() {
        let json = r#"{"category":"login","title":"x","state":{"is":"active"},"created":1,"edited":2,"shared-by":{"who":"bob"}}"#;
        let overview: Overview = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(&overview).unwrap()["shared-by"]["who"], "bob");
    }
}
