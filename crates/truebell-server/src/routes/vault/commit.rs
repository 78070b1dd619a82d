//! `POST /v1/vaults/{vault}/commits`: some revisions and the vault's next head, stored together or not at all.

use crate::admission::{AtWork, Class};
use crate::body::{Cbor, Ids};
use crate::error::Refusal;
use crate::reply::Reply;
use crate::routes::{Answer, Apps};
use crate::session::{Session, Writer};
use axum::extract::State;
use std::collections::BTreeSet;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, Reason, VaultMark};
use truebell_core::ids::VaultId;
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;
use truebell_core::vault::{COMMIT_BYTES_MAX, COMMIT_REVISIONS_MAX, Commit, Kind, PART_BYTES_MAX, Revision};
use truebell_core::wire::vault::Committed as Answered;
use truebell_store::rows::{Committed, NewCommit};

/// A commit longer than this is an import: it waits behind everything else.
const SMALL_BYTES_MAX: usize = 256 << 10;
/// What a sequence or a revision's number can be: databases count in 63 bits.
const NUMBERS: std::ops::Range<u64> = 1..1 << 63;

pub(crate) async fn commit(
    State(app): Apps,
    at_work: AtWork,
    Writer(session): Writer,
    Ids((vault,)): Ids<(VaultId,)>,
    Cbor(asked, bytes, _room): Cbor<Commit, COMMIT_BYTES_MAX>,
) -> Answer {
    if bytes > SMALL_BYTES_MAX {
        at_work.lower(Class::Bulk, "import").await?;
    }
    let signer = app.signer(session.account).await?;
    let commit = decide(&session, vault, asked, &signer, app.now())?;
    let mark = VaultMark { vault, seq: commit.seq, head: commit.head_digest };
    match app.store.commit(commit).await? {
        Committed::Done => {
            app.tell(session.account, session.device);
            session.moved(marked(&session.head, mark));
            Reply::json(&Answered { seq: mark.seq })
        }
        Committed::Repeated(seq) => Reply::json(&Answered { seq }),
        Committed::Conflict => Err(Reason::Conflict.into()),
        Committed::NoVault => Err(Reason::NotFound.into()),
    }
}

/// What the server can see of a commit: who signed it, that it is about this vault, and its shape. Its contents are sealed.
fn decide(session: &Session, vault: VaultId, asked: Commit, signer: &PublicKey, now: UnixMillis) -> Result<NewCommit, Refusal> {
    check_revisions(&asked.revisions)?;
    let head = asked.head.verify(signer).map_err(|_| Reason::BadSignature)?;
    if (head.vault, head.account, head.device) != (vault, session.account, session.device) || !NUMBERS.contains(&head.seq) {
        return Err(Refusal::because(Reason::Malformed, "The head is about another vault, account or device."));
    }
    let head_digest = asked.head.digest();
    let Commit { revisions, head: signed, idempotency } = asked;
    let account = session.account;
    Ok(NewCommit { account, vault, seq: head.seq, prev: head.prev, head: signed, head_digest, revisions, idempotency, at: now })
}

fn check_revisions(revisions: &[Revision]) -> Result<(), Refusal> {
    let malformed = |detail: &str| Err(Refusal::because(Reason::Malformed, detail));
    if revisions.is_empty() {
        return malformed("A commit has at least one revision.");
    }
    if revisions.len() > COMMIT_REVISIONS_MAX {
        return Err(Refusal::because(Reason::TooLarge, format!("A commit has at most {COMMIT_REVISIONS_MAX} revisions.")));
    }
    let items: BTreeSet<_> = revisions.iter().map(|revision| revision.item).collect();
    if items.len() != revisions.len() {
        return malformed("A commit has at most one revision of an item.");
    }
    for revision in revisions {
        let parts = [revision.overview.len(), revision.detail.len()];
        if parts.iter().any(|part| *part > PART_BYTES_MAX) {
            return Err(Refusal::because(Reason::TooLarge, format!("A sealed part has at most {PART_BYTES_MAX} bytes.")));
        }
        let is_live = revision.kind == Kind::Live;
        if parts.iter().any(|part| (*part > 0) != is_live) {
            return malformed("An item has both parts, and a tombstone none.");
        }
        if !NUMBERS.contains(&revision.number) || (revision.number == 1) != (revision.prev == Hash32::default()) {
            return malformed("A first revision follows nothing, and every other one follows one.");
        }
    }
    Ok(())
}

/// Where the account stands with this vault moved on.
fn marked(head: &AccountHead, mark: VaultMark) -> AccountHead {
    let mut head = head.clone();
    if let Some(there) = head.vaults.iter_mut().find(|there| there.vault == mark.vault) {
        *there = mark;
    }
    head
}
