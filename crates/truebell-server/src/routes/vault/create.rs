//! `POST /v1/vaults`: an empty vault, its key wrapped for its owner. Sent again word for word, nothing changes.

use crate::body::Json;
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::State;
use truebell_core::hash::Hash32;
use truebell_core::head::Reason;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::sign::PublicKey;
use truebell_core::vault::{SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire::vault::{Committed as Answered, NewVault};
use truebell_store::rows::{Committed, NewVault as Row};

/// Most vaults of one account: every head of a reply carries a mark of each.
const VAULTS_MAX: usize = 100;
/// Longest wrapped key and longest sealed name, in bytes.
const KEY_BYTES_MAX: usize = 4096;
const NAME_BYTES_MAX: usize = 16 << 10;

pub(crate) async fn create(State(app): Apps, Writer(session): Writer, Json(asked): Json<NewVault>) -> Answer {
    if session.head.vaults.len() >= VAULTS_MAX {
        return Err(Refusal::because(Reason::TooLarge, format!("An account has at most {VAULTS_MAX} vaults.")));
    }
    let signer = app.signer(session.account).await?;
    let vault = read_vault(&asked, session.account, session.device, &signer)?;
    match app.store.create_vault(session.account, vault, app.now()).await? {
        Committed::Done => {
            app.tell(session.account, session.device);
            session.read_again(&app).await;
            Reply::json(&Answered { seq: 0 })
        }
        Committed::Repeated(seq) => Reply::json(&Answered { seq }),
        Committed::Conflict => Err(Reason::Conflict.into()),
        Committed::NoVault => Err(Reason::NotFound.into()),
    }
}

/// A vault's row: its head is signed by its owner, about this vault, and empty.
pub(crate) fn read_vault(asked: &NewVault, account: AccountId, device: DeviceId, signer: &PublicKey) -> Result<Row, Refusal> {
    let malformed = |detail: &str| Refusal::because(Reason::Malformed, detail);
    if asked.key.len() > KEY_BYTES_MAX || asked.name.len() > NAME_BYTES_MAX {
        return Err(malformed("The vault's key or name is too long."));
    }
    let signed: SignedVaultHead = truebell_core::cbor::from_slice(&asked.head).map_err(|_| malformed("The vault's head is malformed."))?;
    let head = signed.verify(signer).map_err(|_| Reason::BadSignature)?;
    let empty = VaultDigest::default().digest();
    let VaultHead { vault, seq, digest, prev, account: by, device: on, at: _, made: _ } = head;
    if (vault, seq, digest, prev, by, on) != (asked.vault, 0, empty, Hash32::default(), account, device) {
        return Err(malformed("The vault's head is not that of this new vault."));
    }
    Ok(Row { vault, key: asked.key.to_vec(), name: asked.name.to_vec(), head: signed })
}
