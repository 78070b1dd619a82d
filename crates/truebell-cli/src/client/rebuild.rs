//! A damaged local copy: what can be read of it is kept, the rest is fetched again. The damaged file is put aside, not deleted.

use super::profile::Profile;
use super::replica::rows::{self, PendingRow};
use super::replica::{Replica, ReplicaError};
use super::{Client, Error, World};
use std::path::Path;
use truebell_core::account::{SealedItem, Unlocked};
use truebell_core::secret::Secret;
use truebell_core::vault::Kind;
use truebell_engine::sync::View;

/// The unsynced edits that open: pending ones, and those of commits that were not answered.
pub(super) fn salvage(replica: &Replica, keys: &Unlocked) -> Vec<PendingRow> {
    let Ok(vaults) = rows::vault_keys(replica.read()) else { return Vec::new() };
    let mut kept = Vec::new();
    for (vault, _) in vaults {
        let mut found = rows::pending_of(replica.read(), vault, usize::MAX).unwrap_or_default();
        if let Ok(Some(commit)) = rows::inflight(replica.read(), vault) {
            let sent = commit.revisions.into_iter().map(|revision| PendingRow::of(vault, revision));
            found.extend(sent.filter(|sent| !found.iter().any(|newer| newer.item == sent.item)).collect::<Vec<_>>());
        }
        kept.extend(found.into_iter().filter(|row| opens(keys, row)));
    }
    kept
}

/// Whether an edit can be read; a deletion has nothing to read.
fn opens(keys: &Unlocked, row: &PendingRow) -> bool {
    let sealed = SealedItem { overview: row.overview.clone(), detail: row.detail.clone() };
    row.kind == Kind::Tombstone || keys.open_item(row.vault, row.item, row.base_number + 1, &sealed).is_ok()
}

/// `truebell sync --rebuild`: puts the local copy aside, keeps every unsynced edit that can be read, and fetches the rest again.
/// Returns the client and how many edits were kept. Needs the server; without it nothing is touched.
pub fn rebuild(profile: &Profile, password: &Secret, world: World) -> Result<(Client, usize), Error> {
    let lock = profile.lock()?;
    let device = profile.enrolled()?;
    let old = Replica::open(&profile.replica_file()?)?;
    let opened = super::unlock::open_with(&device, password, &old)?.ok_or(Error::WrongPassword)?;
    let mut keys = opened.keys;
    for (vault, key) in rows::vault_keys(old.read())? {
        // A wrapped key that does not open is fetched again; edits under it cannot be read either way.
        let _unreadable = keys.add_vault(vault, &key);
    }
    let kept = salvage(&old, &keys);
    let keysets = rows::keysets(old.read())?;
    let chain_seen: truebell_core::event::Chain = rows::meta(old.read(), "seen_at_enrolment")?.unwrap_or_default();
    let events = rows::events(old.read()).unwrap_or_default();
    drop(old);
    let aside = profile.put_replica_aside(world.clock.now())?;
    let rebuilt = (|| {
        let mut new = Replica::open(&profile.replica_file()?)?;
        let tx = new.begin()?;
        rows::put_meta(&tx, "seen_at_enrolment", &chain_seen)?;
        for row in keysets.iter().rev() {
            rows::put_keyset(&tx, row.epoch, &row.sealed)?;
        }
        for event in &events {
            rows::put_event(&tx, event.seq, event.digest, &event.body, event.own, event.seen)?;
        }
        tx.commit().map_err(ReplicaError::from)?;
        let opened = super::unlock::Opened { keys, ..opened };
        super::unlock::assemble(profile.clone(), lock, device, new, opened, world)
    })();
    let mut client: Client = rebuilt.inspect_err(|_| put_back(profile, &aside))?;
    if let View::Stale { why, .. } = client.sync()?.view {
        drop(client);
        put_back(profile, &aside);
        return Err(Error::Server(why));
    }
    let count = kept.len();
    client.keep_pending(kept)?;
    Ok((client, count))
}

/// The server could not be asked: the damaged file is better than none.
fn put_back(profile: &Profile, aside: &Path) {
    // If this fails as well, the file is still there under its other name.
    let _still_aside = profile.take_replica_back(aside);
}
