//! A damaged local copy: what can be read of it is kept, the rest is fetched again. The damaged file is put aside, not deleted.

use super::profile::{Device, Lock, Profile};
use super::replica::rows::{self, PendingRow};
use super::replica::{Replica, ReplicaError};
use super::unlock::{Opened, assemble, fetch_keyset, open_sealed, open_with};
use super::{Client, Error, World};
use truebell_core::account::{SealedItem, Unlocked};
use truebell_core::event::Chain;
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

/// What can still be read of a damaged copy.
#[derive(Default)]
struct Remains {
    opened: Option<Opened>,
    keysets: Vec<rows::KeysetRow>,
    events: Vec<rows::EventRow>,
    chain_seen: Chain,
    log: super::log::Remains,
    kept: Vec<PendingRow>,
}

impl Remains {
    fn read(device: &Device, password: &Secret, old: &Replica) -> Self {
        let mut opened = open_with(device, password, old).unwrap_or_default();
        let mut kept = Vec::new();
        if let Some(opened) = &mut opened {
            for (vault, key) in rows::vault_keys(old.read()).unwrap_or_default() {
                // A wrapped key that does not open is fetched again; edits under it cannot be read either way.
                let _unreadable = opened.keys.add_vault(vault, &key);
            }
            kept = salvage(old, &opened.keys);
        }
        Self {
            opened,
            kept,
            keysets: rows::keysets(old.read()).unwrap_or_default(),
            events: rows::events(old.read()).unwrap_or_default(),
            log: super::log::Remains::read(old),
            chain_seen: rows::meta(old.read(), "seen_at_enrolment").unwrap_or_default().unwrap_or_default(),
        }
    }

    /// A new copy with what has no other place to come from.
    fn begin_again(&self, profile: &Profile) -> Result<Replica, Error> {
        let mut new = Replica::open(&profile.replica_file()?)?;
        let tx = new.begin()?;
        rows::put_meta(&tx, "seen_at_enrolment", &self.chain_seen)?;
        for row in self.keysets.iter().rev() {
            rows::put_keyset(&tx, row.epoch, &row.sealed)?;
        }
        for event in &self.events {
            rows::put_event(&tx, event.seq, event.digest, &event.body, event.own, event.seen)?;
        }
        self.log.write(&tx)?;
        tx.commit()?;
        Ok(new)
    }
}

/// `truebell sync --rebuild`: puts the local copy aside, keeps every unsynced edit that can be read, and fetches the rest again.
/// Returns the client and how many edits were kept. Needs the server; without it nothing is touched.
pub fn rebuild(profile: &Profile, password: &Secret, world: World) -> Result<(Client, usize), Error> {
    let lock = profile.lock()?;
    let device = profile.enrolled()?;
    let remains = match Replica::open(&profile.replica_file()?) {
        Ok(old) => Remains::read(&device, password, &old),
        // Not even a database: what was not synced is lost, the rest is on the server.
        Err(ReplicaError::Damaged { .. }) => Remains::default(),
        Err(error) => return Err(error.into()),
    };
    let aside = profile.put_replica_aside(world.clock.now())?;
    let fetched = fetch_again(profile, lock, device, password, remains, world);
    fetched.inspect_err(|_| {
        // The damaged file is better than none; if this fails as well, it is still there under its other name.
        let _still_aside = profile.take_replica_back(&aside);
    })
}

fn fetch_again(
    profile: &Profile,
    lock: Lock,
    mut device: Device,
    password: &Secret,
    mut remains: Remains,
    mut world: World,
) -> Result<(Client, usize), Error> {
    let new = remains.begin_again(profile)?;
    let opened = match remains.opened.take() {
        Some(opened) => opened,
        None => {
            let (epoch, keyset) = fetch_keyset(profile, &mut device, &new, &mut world)?.ok_or(Error::WrongPassword)?;
            rows::put_keyset(new.read(), epoch, &keyset)?;
            open_sealed(&device, password, epoch, &keyset)?.ok_or(Error::WrongPassword)?
        }
    };
    let mut client = assemble(profile.clone(), lock, device, new, opened, world)?;
    if let View::Stale { why, .. } = client.sync()?.view {
        return Err(Error::Server(why));
    }
    let kept = std::mem::take(&mut remains.kept);
    let count = kept.len();
    client.keep_pending(kept)?;
    Ok((client, count))
}
