//! Vaults: `POST /v1/vaults`; `POST /v1/vaults/{vault}/commits` (CBOR [`crate::vault::Commit`]); attachments:
//! `PUT` and `GET /v1/vaults/{vault}/attachments/{attachment}/chunks/{index}` (the sealed chunk as it is), `DELETE` of the whole.

use crate::b64::Bytes;
use crate::ids::VaultId;
use crate::vault::SignedVaultHead;
use serde::{Deserialize, Serialize};

/// A vault as its owner creates it. Repeating it word for word changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewVault {
    /// Random, chosen by the client.
    pub vault: VaultId,
    /// Its key, wrapped for the owner.
    pub key: Bytes,
    /// Its sealed name, revision 1.
    pub name: Bytes,
    /// CBOR of its [`SignedVaultHead`] with `seq` 0 and the digest of an empty vault.
    pub head: Bytes,
}

/// A vault as a member sees it in the sync stream.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct VaultInfo {
    /// Its id.
    #[n(0)]
    pub vault: VaultId,
    /// Its key, wrapped for this account.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// Revision of the sealed name.
    #[n(2)]
    pub name_revision: u64,
    /// Its sealed name.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub name: Vec<u8>,
    /// Its signed head now.
    #[n(4)]
    pub head: SignedVaultHead,
}

/// The answer to a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The vault's sequence now.
    pub seq: u64,
}
