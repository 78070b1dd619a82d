//! Memory's side of a move, without triggers: what changed is the difference between two images of all rows. Plain and slow, and the
//! model that the other two are compared with.

use super::Memory;
use super::state::State;
use crate::StoreError;
use crate::columns::{Column, decode, encode};
use crate::moving::{
    Ask, Cursor, Emit, Fence, Item, Key, Lease, Mark, Moment, Movable, MoveRow, NO_PART, Owner, Page, Read, RowKeys, Shape, Stretch, Unit,
    Whose, Writing, apply_step, digests, index_of, key_of, key_text, read_step, row_digest, shapes,
};
use crate::rows::{DumpRow, Identity};
use crate::store::Result;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, VaultId};

/// All rows, by table and key.
type Image = Vec<BTreeMap<Key, Vec<Column>>>;

/// What a store in memory knows of a move. Shared with a fence.
#[derive(Debug, Clone, Default)]
pub(super) struct Moving(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    row: Option<MoveRow>,
    /// What was carried last; `None` while nothing is noted.
    base: Option<Arc<Image>>,
    /// What was read last, by its number.
    read: (u64, Arc<Image>),
}

impl Moving {
    fn with<T>(&self, change: impl FnOnce(&mut Noted) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn image(state: &State) -> Result<Image> {
    let tables = shapes()?;
    let mut image: Image = vec![BTreeMap::new(); tables.len()];
    for row in state.dump() {
        let index = index_of(&row.table)?;
        if let (Some(shape), Some(rows)) = (tables.get(index), image.get_mut(index)) {
            let columns = decode(&row.columns, shape.columns.len())?;
            rows.insert(key_of(shape, &columns), columns);
        }
    }
    Ok(image)
}

fn state(identity: Option<Identity>, image: &Image) -> Result<State> {
    let mut state = State { identity, ..State::default() };
    for (shape, rows) in shapes()?.iter().zip(image) {
        for columns in rows.values() {
            state.take(&DumpRow { table: shape.name.to_owned(), columns: encode(columns)? })?;
        }
    }
    Ok(state)
}

fn id(row: &[Column], index: usize) -> Option<[u8; 16]> {
    match row.get(index) {
        Some(Column::Bytes(bytes)) if bytes.len() == 16 => bytes.first_chunk().copied(),
        _ => None,
    }
}

/// Whose each vault is.
fn owners(image: &Image) -> Result<BTreeMap<VaultId, AccountId>> {
    let vaults = image.get(index_of("vaults")?).ok_or(StoreError::Damaged("no table of vaults"))?;
    Ok(vaults.values().filter_map(|row| Some((VaultId(id(row, 0)?), AccountId(id(row, 1)?)))).collect())
}

struct Seen {
    now: Arc<Image>,
    base: Option<Arc<Image>>,
    owners: BTreeMap<VaultId, AccountId>,
    number: u64,
}

impl Seen {
    fn rows(&self, table: &Shape) -> Result<&BTreeMap<Key, Vec<Column>>> {
        self.now.get(index_of(table.name)?).ok_or(StoreError::Damaged("a table that is not known"))
    }

    fn owner(&self, table: &Shape, row: &[Column]) -> Option<AccountId> {
        let column = |name| table.columns.iter().position(|column| column == name).and_then(|index| id(row, index));
        match table.owner {
            Owner::Account => column("account").map(AccountId),
            Owner::Vault => column("vault").and_then(|vault| self.owners.get(&VaultId(vault)).copied()),
            Owner::Nobody => None,
        }
    }
}

fn account_text(account: AccountId) -> String {
    key_text(&vec![Column::Bytes(account.0.to_vec())])
}

impl Moment for Seen {
    async fn mark(&mut self) -> Result<Mark> {
        Ok(Mark(self.number.to_string()))
    }

    async fn changed_tables(&mut self) -> Result<BTreeSet<String>> {
        let Some(base) = &self.base else { return Ok(BTreeSet::new()) };
        let tables = shapes()?.iter().zip(base.iter().zip(self.now.iter()));
        Ok(tables.filter(|(_, (before, now))| before != now).map(|(shape, _)| shape.name.to_owned()).collect())
    }

    async fn journal(&mut self, table: &Shape, after: &str, limit: usize) -> Result<Page> {
        let none = BTreeMap::new();
        let now = self.rows(table)?;
        let base = match &self.base {
            Some(base) => base.get(index_of(table.name)?).unwrap_or(&none),
            None => now,
        };
        let mut changed: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (key, row) in
            base.iter().filter(|(key, row)| now.get(*key) != Some(*row)).chain(now.iter().filter(|(key, row)| base.get(*key) != Some(*row)))
        {
            changed.insert(key_text(key), self.owner(table, row).map(account_text));
        }
        Ok(changed.into_iter().filter(|(key, _)| key.as_str() > after).take(limit).collect())
    }

    async fn rows_by_key(&mut self, table: &Shape, keys: &[Key]) -> Result<Vec<Vec<Column>>> {
        let rows = self.rows(table)?;
        Ok(keys.iter().filter_map(|key| rows.get(key)).cloned().collect())
    }

    async fn accounts_from(&mut self, from: [u8; 16], limit: u32) -> Result<Vec<AccountId>> {
        let accounts = self.now.get(index_of("accounts")?).ok_or(StoreError::Damaged("no table of accounts"))?;
        let from = vec![Column::Bytes(from.to_vec())];
        Ok(accounts.range(from..).filter_map(|(_, row)| id(row, 0).map(AccountId)).take(limit as usize).collect())
    }

    async fn rows_of_accounts(&mut self, table: &Shape, whose: Whose<'_>, emit: &mut Emit<'_>) -> Result<()> {
        let is_asked = |owner: &AccountId| match whose {
            Whose::Between(from, to) => (from..=to).contains(&owner.0),
            Whose::These(accounts) => accounts.contains(owner),
        };
        let mut found: Vec<(AccountId, &Vec<Column>)> = Vec::new();
        for row in self.rows(table)?.values() {
            found.extend(self.owner(table, row).filter(is_asked).map(|owner| (owner, row)));
        }
        found.sort_by_key(|(owner, _)| *owner);
        for (owner, row) in found {
            emit.row(owner, row.clone()).await?;
        }
        Ok(())
    }

    async fn rows_after(&mut self, table: &Shape, after: Option<&Key>, limit: u32) -> Result<Vec<Vec<Column>>> {
        let rows = self.rows(table)?.iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
        Ok(rows.take(limit as usize).map(|(_, row)| row.clone()).collect())
    }
}

struct Target {
    image: Image,
    reached: Option<(Cursor, u64)>,
}

impl Target {
    fn rows(&mut self, table: &Shape) -> Result<&mut BTreeMap<Key, Vec<Column>>> {
        self.image.get_mut(index_of(table.name)?).ok_or(StoreError::Damaged("a table that is not known"))
    }
}

impl Writing for Target {
    async fn remove(&mut self, table: &Shape, keys: Vec<Key>) -> Result<()> {
        let rows = self.rows(table)?;
        keys.iter().for_each(|key| drop(rows.remove(key)));
        Ok(())
    }

    async fn free(&mut self, _table: &Shape, _keys: Vec<Key>) -> Result<()> {
        Ok(())
    }

    async fn put(&mut self, table: &Shape, rows: Vec<Vec<Column>>) -> Result<()> {
        let there = self.rows(table)?;
        there.extend(rows.into_iter().map(|row| (key_of(table, &row), row)));
        Ok(())
    }

    async fn reached(&mut self, cursor: &Cursor, step: u64) -> Result<()> {
        self.reached = Some((cursor.clone(), step));
        Ok(())
    }
}

impl Memory {
    fn seen(&self, method: &'static str) -> Result<Seen> {
        let now = Arc::new(self.run(method, |state| image(state))?);
        let base = self.moving.with(|noted| noted.base.clone());
        // What went with its vault was somebody's: whose, the image before still says.
        let mut owners = owners(&now)?;
        if let Some(base) = &base {
            for (vault, account) in self::owners(base)? {
                owners.entry(vault).or_insert(account);
            }
        }
        Ok(Seen { owners, now, base, number: 0 })
    }
}

/// Nobody else writes to this memory.
struct NoOthers(Moving);

#[async_trait]
impl Fence for NoOthers {
    async fn hand_over(self: Box<Self>, row: &MoveRow) -> Result<()> {
        self.0.with(|noted| put(noted, Some(row)));
        Ok(())
    }

    async fn release(self: Box<Self>) {}
}

fn put(noted: &mut Noted, row: Option<&MoveRow>) {
    let there = noted.row.take();
    noted.row = row.cloned().map(|new| match there {
        Some(old) if old.id == new.id => MoveRow { cursor: old.cursor, step: old.step, ..new },
        _ => new,
    });
}

#[async_trait]
impl Movable for Memory {
    async fn schema(&self) -> Result<u32> {
        self.run("schema", |_| Ok(crate::SCHEMA))
    }

    async fn move_row(&self) -> Result<Option<MoveRow>> {
        self.run("move_row", |_| Ok(self.moving.with(|noted| noted.row.clone())))
    }

    async fn put_move_row(&self, row: Option<&MoveRow>) -> Result<()> {
        self.run("put_move_row", |_| {
            self.moving.with(|noted| put(noted, row));
            Ok(())
        })
    }

    async fn start_journal(&self) -> Result<()> {
        self.run("start_journal", |state| {
            let now = Arc::new(image(state)?);
            self.moving.with(|noted| noted.base = Some(now));
            Ok(())
        })
    }

    async fn stop_journal(&self) -> Result<()> {
        self.run("stop_journal", |_| {
            self.moving.with(|noted| noted.base = None);
            Ok(())
        })
    }

    async fn journal_rows(&self) -> Result<u64> {
        let mut seen = self.seen("journal_rows")?;
        let mut rows = 0;
        for shape in shapes()? {
            rows += seen.journal(shape, "", usize::MAX).await?.len() as u64;
        }
        Ok(rows)
    }

    async fn forget(&self, mark: &Mark) -> Result<()> {
        self.run("forget", |_| {
            self.moving.with(|noted| {
                if noted.base.is_some() && mark.0 == noted.read.0.to_string() {
                    noted.base = Some(noted.read.1.clone());
                }
            });
            Ok(())
        })
    }

    async fn read_step(&self, ask: &Ask, out: Sender<Item>) -> Result<Read> {
        let mut seen = self.seen("read_step")?;
        seen.number = self.moving.with(|noted| {
            noted.read = (noted.read.0 + 1, seen.now.clone());
            noted.read.0
        });
        read_step(&mut seen, ask, &out).await
    }

    async fn apply_step(&self, mut items: Receiver<Item>) -> Result<()> {
        // Nobody else writes to a target: what is read here is there still when it is written.
        let now = self.state.lock().map(|state| image(&state)).unwrap_or_else(|broken| image(&broken.into_inner()))?;
        let mut target = Target { image: now, reached: None };
        apply_step(&mut target, &mut items).await?;
        self.run("apply_step", |there| {
            let new = state(there.identity.clone(), &target.image)?;
            self.moving.with(|noted| {
                let row = noted.row.as_mut().ok_or(NO_PART)?;
                let (cursor, step) = target.reached.take().filter(|(_, step)| *step == row.step).ok_or(NO_PART)?;
                (row.cursor, row.step) = (cursor, step + 1);
                *there = new;
                // What the mover writes is not noted.
                if let Some(base) = &mut noted.base {
                    *base = Arc::new(target.image.clone());
                }
                Ok(())
            })
        })
    }

    async fn stretch_digests(&self, stretch: &Stretch) -> Result<Vec<(Unit, Hash32)>> {
        digests(&mut self.seen("stretch_digests")?, stretch).await
    }

    async fn row_digests(&self, rows: &RowKeys) -> Result<Vec<Option<Hash32>>> {
        let seen = self.seen("row_digests")?;
        let tables = shapes()?;
        let digest = |(table, key): &(usize, Key)| -> Result<Option<Hash32>> {
            let shape = tables.get(*table).ok_or(StoreError::Damaged("a table that is not known"))?;
            seen.rows(shape)?.get(key).map(|row| row_digest(shape, row)).transpose()
        };
        rows.0.iter().map(digest).collect()
    }

    async fn is_empty(&self) -> Result<bool> {
        self.run("is_empty", |state| Ok(state.identity.is_none() && state.dump().is_empty()))
    }

    async fn wipe(&self) -> Result<()> {
        self.run("wipe", |state| {
            *state = State::default();
            self.moving.with(|noted| *noted = Noted::default());
            Ok(())
        })
    }

    async fn make_ready(&self, identity: &Identity, row: &MoveRow) -> Result<()> {
        self.run("make_ready", |state| {
            state.create_identity(identity)?;
            self.moving.with(|noted| put(noted, Some(row)));
            Ok(())
        })
    }

    async fn lease(&self) -> Result<Option<Lease>> {
        Ok(Some(Lease(None)))
    }

    async fn fence(&self, _wait: Duration) -> Result<Option<Box<dyn Fence>>> {
        self.run("fence", |_| Ok(Some(Box::new(NoOthers(self.moving.clone())) as Box<dyn Fence>)))
    }
}
