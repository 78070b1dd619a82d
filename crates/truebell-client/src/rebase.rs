//! Edits that wait, carried over to what the server has now. Everything happens in the transaction that takes the server's side in.

use super::replica::rows::{self, PendingRow};
use super::{Client, Error, ReplicaError, World};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::account::{SealedItem, Unlocked};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::item::Item;
use truebell_core::vault::{Commit, Kind, Revision};
use truebell_engine::merge::{self, Rebased, Side};
use truebell_engine::sync::Local;

/// Above this many items the whole index is loaded again instead.
const TOUCHED_MANY: usize = 2_000;

/// Items a transaction touched.
#[derive(Default)]
pub(super) struct Touched(BTreeSet<(VaultId, ItemId)>);

impl Touched {
    pub(super) fn add(&mut self, vault: VaultId, item: ItemId) {
        self.0.insert((vault, item));
    }

    pub(super) fn is_large(&self) -> bool {
        self.0.len() > TOUCHED_MANY
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (VaultId, ItemId)> + '_ {
        self.0.iter().copied()
    }
}

/// What waiting edits were made from, opened before the stream may drop it (a tombstone does).
pub(super) type Before = BTreeMap<(VaultId, ItemId), Item>;

impl Client {
    pub(super) fn images_before(&self) -> Result<Before, Error> {
        let mut before = Before::new();
        for vault in rows::vaults(self.replica.read())? {
            for item in rows::pending_items(self.replica.read(), vault.vault)? {
                if let Some(revision) = rows::current(self.replica.read(), vault.vault, item)?
                    && revision.kind == Kind::Live
                {
                    before.insert((vault.vault, item), self.open(vault.vault, revision)?);
                }
            }
        }
        Ok(before)
    }

    /// Takes edits saved from a damaged copy in again.
    pub(super) fn keep_pending(&mut self, kept: Vec<PendingRow>) -> Result<(), Error> {
        let mut touched = Touched::default();
        let tx = self.replica.begin()?;
        for row in kept {
            touched.add(row.vault, row.item);
            rows::put_pending(&tx, &row)?;
        }
        let before = Before::new();
        Rebase { tx: &tx, keys: &self.keys, next: &self.local, before: &before, world: &mut self.world }.run(&mut touched)?;
        tx.commit()?;
        Ok(self.refresh(&touched)?)
    }
}

/// What an edit stands on.
struct Line {
    /// Versions that a restored server has lost, newest first.
    lost: Vec<Item>,
    /// The newest version below them that both sides know.
    ancestor: Option<Item>,
}

/// One rebase of all that waits onto `next`.
pub(super) struct Rebase<'a> {
    pub tx: &'a Connection,
    pub keys: &'a Unlocked,
    pub next: &'a Local,
    pub before: &'a Before,
    pub world: &'a mut World,
}

impl Rebase<'_> {
    /// Rebases commits that were not answered, then pending edits; returns how many items were merged.
    pub(super) fn run(&mut self, touched: &mut Touched) -> Result<usize, Error> {
        let mut merged = 0;
        for row in rows::vaults(self.tx)? {
            if let Some(commit) = rows::inflight(self.tx, row.vault)? {
                self.settle(row.vault, &commit, touched)?;
            }
            for item in rows::pending_items(self.tx, row.vault)? {
                if let Some(pending) = rows::pending(self.tx, row.vault, item)?
                    && self.carry(&pending)?
                {
                    touched.add(row.vault, item);
                    merged += 1;
                }
            }
        }
        Ok(merged)
    }

    /// A commit that was sent: it has landed, can still land, or never will.
    fn settle(&mut self, vault: VaultId, commit: &Commit, touched: &mut Touched) -> Result<(), Error> {
        let landed = commit.revisions.iter().try_fold(true, |all, revision| {
            Ok::<_, ReplicaError>(all && rows::is_there(self.tx, vault, revision.item, revision.number, revision.digest(vault))?)
        })?;
        let next = self.next.vaults.get(&vault);
        let may_land =
            commit.head.parse_unverified().is_ok_and(|head| next.is_some_and(|next| next.seq + 1 == head.seq && next.head == head.prev));
        if landed {
            commit.revisions.iter().for_each(|revision| touched.add(vault, revision.item));
            rows::drop_inflight(self.tx, vault)?;
        } else if !may_land {
            take_back(self.tx, self.keys, self.world, vault, commit, touched)?;
        }
        Ok(())
    }

    /// Carries one edit over; says whether anything had to be done.
    fn carry(&mut self, row: &PendingRow) -> Result<bool, Error> {
        let known = self.next.vaults.get(&row.vault);
        if known.is_none() && row.base_number == 0 {
            return Ok(false);
        }
        // A vault that a restored server has lost begins again, and so do its items.
        let current = known.and_then(|known| known.current(row.item));
        if current.unwrap_or_default() == (row.base_number, row.base_digest) || self.is_sent(row)? {
            return Ok(false);
        }
        let revision = row.revision();
        if rows::is_there(self.tx, row.vault, row.item, revision.number, revision.digest(row.vault))? {
            rows::drop_pending(self.tx, row.vault, row.item)?;
            return Ok(true);
        }
        let Line { lost, ancestor } = self.line(row)?;
        let mine = self.with_what_was_lost(&lost, ancestor.as_ref(), self.side(&revision, row.vault)?);
        let Some(base) = current else { return self.reseal(row, (0, Hash32::default()), &mine) };
        let theirs = rows::current(self.tx, row.vault, row.item)?;
        let theirs = theirs.ok_or_else(|| damaged(row.item))?;
        // A revision that its author sealed wrongly says nothing: ours goes on top, theirs stays in the history.
        let Ok(theirs) = self.side(&theirs, row.vault) else { return self.reseal(row, base, &mine) };
        match merge::rebase(ancestor.as_ref(), &mine, &theirs, self.world.clock.now()) {
            Rebased::Theirs => {
                rows::drop_pending(self.tx, row.vault, row.item)?;
                Ok(true)
            }
            Rebased::Pending(side) => self.reseal(row, base, &side),
        }
    }

    /// The edit, remembering what the revisions below it said that a restored server has lost.
    fn with_what_was_lost(&self, lost: &[Item], ancestor: Option<&Item>, mut mine: Side) -> Side {
        for old in lost {
            if let Side::Live(new) = mine {
                mine = Side::Live(Box::new(merge::remember(ancestor, old, *new, self.world.clock.now())));
            }
        }
        mine
    }

    /// Whether the edit stands on a commit that was sent and may still land.
    fn is_sent(&self, row: &PendingRow) -> Result<bool, Error> {
        let sent = rows::inflight(self.tx, row.vault)?;
        let under = |revision: &Revision| revision.item == row.item && revision.digest(row.vault) == row.base_digest;
        Ok(sent.is_some_and(|commit| commit.revisions.iter().any(under)))
    }

    /// What the edit stands on, digest by digest: a restored server may have another revision under the same number, and that one is
    /// nobody's ancestor here.
    fn line(&self, row: &PendingRow) -> Result<Line, Error> {
        let (mut number, mut digest) = (row.base_number, row.base_digest);
        let mut lost = Vec::new();
        while let Some(revision) = rows::revision(self.tx, row.vault, row.item, number, digest)? {
            // One that its author sealed wrongly says nothing.
            let Ok(Side::Live(item)) = self.side(&revision, row.vault) else { break };
            if rows::is_there(self.tx, row.vault, row.item, number, digest)? {
                return Ok(Line { lost, ancestor: Some(*item) });
            }
            lost.push(*item);
            (number, digest) = (revision.number.saturating_sub(1), revision.prev);
        }
        // Not here any more (a tombstone dropped it): as it was before the stream. Where all of it was lost, nobody else knows any of it.
        let dropped = if lost.is_empty() { self.before.get(&(row.vault, row.item)).cloned() } else { None };
        Ok(Line { lost, ancestor: dropped })
    }

    fn side(&self, revision: &Revision, vault: VaultId) -> Result<Side, Error> {
        side(self.keys, revision, vault)
    }

    fn reseal(&mut self, row: &PendingRow, base: (u64, Hash32), side: &Side) -> Result<bool, Error> {
        let row = seal(self.keys, self.world, (row.vault, row.item), base, side)?;
        rows::put_pending(self.tx, &row)?;
        Ok(true)
    }
}

fn side(keys: &Unlocked, revision: &Revision, vault: VaultId) -> Result<Side, Error> {
    if revision.kind == Kind::Tombstone {
        return Ok(Side::Tombstone);
    }
    let sealed = SealedItem { overview: revision.overview.clone(), detail: revision.detail.clone() };
    let item = keys.open_item(vault, revision.item, revision.number, &sealed).map_err(|_| damaged(revision.item))?;
    Ok(Side::Live(Box::new(item)))
}

/// What an edit was made from, if it is here.
pub(super) fn base_item(db: &Connection, keys: &Unlocked, row: &PendingRow) -> Result<Option<Item>, Error> {
    let stored = rows::revision(db, row.vault, row.item, row.base_number, row.base_digest)?;
    let sent = || {
        Ok::<_, ReplicaError>(
            rows::inflight(db, row.vault)?.and_then(|commit| commit.revisions.into_iter().find(|sent| sent.item == row.item)),
        )
    };
    let base = match stored {
        Some(stored) => Some(stored),
        None => sent()?.filter(|sent| sent.digest(row.vault) == row.base_digest),
    };
    match base.map(|base| side(keys, &base, row.vault)).transpose()? {
        Some(Side::Live(item)) => Ok(Some(*item)),
        Some(Side::Tombstone) | None => Ok(None),
    }
}

/// Seals an edit as the revision after its base.
pub(super) fn seal(
    keys: &Unlocked,
    world: &mut World,
    (vault, item): (VaultId, ItemId),
    base: (u64, Hash32),
    side: &Side,
) -> Result<PendingRow, Error> {
    let (kind, sealed) = match side {
        Side::Live(live) => (Kind::Live, keys.seal_item(vault, item, base.0 + 1, live, world.chance.as_mut())?),
        Side::Tombstone => (Kind::Tombstone, SealedItem::default()),
    };
    Ok(PendingRow { vault, item, base_number: base.0, base_digest: base.1, kind, overview: sealed.overview, detail: sealed.detail })
}

fn damaged(item: ItemId) -> Error {
    ReplicaError::Damaged { at: format!("revisions, {item}"), kept: 0 }.into()
}

/// A commit that will not land: its edits wait again. Where a newer edit was made on top, the two become one, and what the first said
/// is remembered.
pub(super) fn take_back(
    tx: &Connection,
    keys: &Unlocked,
    world: &mut World,
    vault: VaultId,
    commit: &Commit,
    touched: &mut Touched,
) -> Result<(), Error> {
    for revision in &commit.revisions {
        touched.add(vault, revision.item);
        let sent = PendingRow::of(vault, revision.clone());
        let row = match rows::pending(tx, vault, revision.item)? {
            None => sent,
            Some(newer) => {
                let new = match (side(keys, revision, vault)?, side(keys, &newer.revision(), vault)?) {
                    (Side::Live(old), Side::Live(new)) => {
                        let base = base_item(tx, keys, &sent)?;
                        Side::Live(Box::new(merge::remember(base.as_ref(), &old, *new, world.clock.now())))
                    }
                    (_, new) => new,
                };
                seal(keys, world, (vault, revision.item), (sent.base_number, sent.base_digest), &new)?
            }
        };
        rows::put_pending(tx, &row)?;
    }
    Ok(rows::drop_inflight(tx, vault)?)
}

/// Before a restored server is heard: commits that were not answered wait again, what was current here is noted, and nothing counts as
/// there until the stream has shown it.
pub(super) fn prepare_restore(
    tx: &Connection,
    keys: &Unlocked,
    world: &mut World,
    touched: &mut Touched,
) -> Result<Vec<(VaultId, Revision)>, Error> {
    let mut old = Vec::new();
    for row in rows::vaults(tx)? {
        if let Some(commit) = rows::inflight(tx, row.vault)? {
            take_back(tx, keys, world, row.vault, &commit, touched)?;
        }
        for (item, number, digest) in rows::items(tx, row.vault)? {
            old.extend(rows::revision(tx, row.vault, item, number, digest)?.map(|revision| (row.vault, revision)));
        }
    }
    rows::forget_what_the_server_has(tx)?;
    Ok(old)
}

/// After it was heard: what it lost waits to be sent again. Returns how many items that are.
pub(super) fn keep_what_was_lost(tx: &Connection, old: &[(VaultId, Revision)]) -> Result<usize, ReplicaError> {
    let mut lost = 0;
    for (vault, revision) in old {
        let there = rows::is_there(tx, *vault, revision.item, revision.number, revision.digest(*vault))?;
        if there {
            continue;
        }
        lost += 1;
        if rows::pending(tx, *vault, revision.item)?.is_none() {
            rows::put_pending(tx, &PendingRow::of(*vault, revision.clone()))?;
        }
    }
    Ok(lost)
}
