//! One step's reading, the same on every database: the journal, the rows it names, what comes next, and what is to be compared; all of
//! one moment.

use super::shape::{Kind, Owner, Shape, shapes};
use super::{Ask, Compare, Cursor, Item, Mark, Piece, Read, Stretch, Take, Unit};
use crate::StoreError;
use crate::columns::{Column, encode};
use crate::store::Result;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc::Sender;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;

/// A row's key.
pub(crate) type Key = Vec<Column>;

/// Keys looked up at a time.
const KEYS_AT_A_TIME: usize = 64;
/// A batch of rows on its way is sent at this size, or this many rows.
const BATCH_BYTES: usize = 256 << 10;
const BATCH_ROWS: usize = 64;

/// A page of the journal: keys as texts, with the account they belong to.
pub(crate) type Page = Vec<(String, Option<String>)>;

/// One consistent read of one database.
pub(crate) trait Moment {
    /// Up to where the journal is seen.
    async fn mark(&mut self) -> Result<Mark>;
    /// The names of the tables in the journal.
    async fn changed_tables(&mut self) -> Result<BTreeSet<String>>;
    /// Keys of a table in the journal, each once, in the order of their texts, after one.
    async fn journal(&mut self, table: &Shape, after: &str, limit: usize) -> Result<Page>;
    /// The rows with these keys that are there, in any order.
    async fn rows_by_key(&mut self, table: &Shape, keys: &[Key]) -> Result<Vec<Vec<Column>>>;
    /// The first accounts at or after an id.
    async fn accounts_from(&mut self, from: [u8; 16], limit: u32) -> Result<Vec<AccountId>>;
    /// A table's rows of some accounts, in order of key for each.
    async fn rows_of_accounts(&mut self, table: &Shape, whose: Whose<'_>, emit: &mut Emit<'_>) -> Result<()>;
    /// A table's first rows after a key, in its order.
    async fn rows_after(&mut self, table: &Shape, after: Option<&Key>, limit: u32) -> Result<Vec<Vec<Column>>>;
}

/// Accounts whose rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// From one id to another.
    Between([u8; 16], [u8; 16]),
    /// These.
    These(&'a [AccountId]),
}

/// Takes rows as they are read: onto the way to the target, into digests, or both.
pub(crate) struct Emit<'a> {
    out: Option<(usize, &'a Sender<Item>)>,
    name: &'static str,
    batch: Vec<Vec<Column>>,
    batch_bytes: usize,
    digests: Option<&'a mut BTreeMap<AccountId, Sha256>>,
    rows: u64,
    bytes: u64,
}

impl<'a> Emit<'a> {
    fn sending(table: usize, shape: &Shape, out: &'a Sender<Item>) -> Self {
        Self { out: Some((table, out)), name: shape.name, batch: Vec::new(), batch_bytes: 0, digests: None, rows: 0, bytes: 0 }
    }

    fn digesting(shape: &Shape, digests: &'a mut BTreeMap<AccountId, Sha256>) -> Self {
        Self { out: None, name: shape.name, batch: Vec::new(), batch_bytes: 0, digests: Some(digests), rows: 0, bytes: 0 }
    }

    /// A row of an account.
    pub(crate) async fn row(&mut self, owner: AccountId, row: Vec<Column>) -> Result<()> {
        if let Some(digests) = &mut self.digests {
            let hash = digests.entry(owner).or_default();
            add_row(hash, self.name, &row)?;
            return Ok(());
        }
        let bytes = bytes_of(&row);
        self.rows += 1;
        self.bytes += bytes as u64;
        self.batch_bytes += bytes;
        self.batch.push(row);
        if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_ROWS { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        match self.out {
            Some((table, out)) if !batch.is_empty() => send(out, Piece::Rows(table, batch)).await,
            _ => Ok(()),
        }
    }
}

async fn send(out: &Sender<Item>, piece: Piece) -> Result<()> {
    // The target gave up; why, it says itself.
    out.send(Item(piece)).await.map_err(|_| StoreError::Unavailable)
}

fn bytes_of(row: &[Column]) -> usize {
    let of = |column: &Column| match column {
        Column::Null | Column::Number(_) => 8,
        Column::Text(text) => text.len(),
        Column::Bytes(bytes) => bytes.len(),
    };
    row.iter().map(of).sum()
}

fn add_row(hash: &mut Sha256, table: &str, row: &[Column]) -> Result<()> {
    let bytes = encode(row)?;
    for part in [table.as_bytes(), &bytes] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Ok(())
}

/// Names one row's content.
pub(crate) fn row_digest(shape: &Shape, row: &[Column]) -> Result<Hash32> {
    let mut hash = Sha256::new();
    add_row(&mut hash, shape.name, row)?;
    Ok(Hash32(hash.finalize().into()))
}

/// A row's key.
pub(crate) fn key_of(shape: &Shape, row: &[Column]) -> Key {
    shape.key.iter().filter_map(|index| row.get(*index)).cloned().collect()
}

/// A key as the journal has it: bytes and texts in hex, numbers as they are, dots between.
pub(crate) fn key_text(key: &Key) -> String {
    let part = |column: &Column| match column {
        Column::Null => String::new(),
        Column::Number(number) => number.to_string(),
        Column::Text(text) => hex(text.as_bytes()),
        Column::Bytes(bytes) => hex(bytes),
    };
    key.iter().map(part).collect::<Vec<_>>().join(".")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const BAD_KEY: StoreError = StoreError::Damaged("a key in a move's journal");

fn unhex(text: &str) -> Result<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return Err(BAD_KEY);
    }
    let byte = |at| u8::from_str_radix(text.get(at..at + 2).ok_or(BAD_KEY)?, 16).map_err(|_| BAD_KEY);
    (0..text.len()).step_by(2).map(byte).collect()
}

/// A key from its text.
pub(crate) fn read_key(shape: &Shape, text: &str) -> Result<Key> {
    let column = |(part, kind): (&str, Kind)| -> Result<Column> {
        Ok(match kind {
            Kind::Number => Column::Number(part.parse().map_err(|_| BAD_KEY)?),
            Kind::Bytes => Column::Bytes(unhex(part)?),
            Kind::Text => Column::Text(String::from_utf8(unhex(part)?).map_err(|_| BAD_KEY)?),
        })
    };
    let key: Key = text.split('.').zip(shape.key_kinds()).map(column).collect::<Result<_>>()?;
    if key.len() == shape.key.len() { Ok(key) } else { Err(BAD_KEY) }
}

fn read_owner(text: Option<&str>) -> Result<Option<AccountId>> {
    let read = |text: &str| AccountId::from_bytes(&unhex(text)?).ok_or(StoreError::Damaged("an account in a move's journal"));
    text.map(read).transpose()
}

/// The id after one; `None` after the last.
fn after(account: AccountId) -> Option<[u8; 16]> {
    u128::from_be_bytes(account.0).checked_add(1).map(u128::to_be_bytes)
}

const LAST: [u8; 16] = [255; 16];

/// Reads one step.
pub(crate) async fn read_step<M: Moment>(moment: &mut M, ask: &Ask, out: &Sender<Item>) -> Result<Read> {
    let mut read = Read {
        mark: moment.mark().await?,
        cursor: ask.covered.clone(),
        accounts: 0,
        rows: 0,
        bytes: 0,
        tail: 0,
        touched: BTreeSet::new(),
        checks: Some(Vec::new()),
        stretch: Stretch::Nothing,
        digests: Vec::new(),
        compared: Cursor::Start,
    };
    let changed = moment.changed_tables().await?;
    let tables = || shapes().map(|shapes| shapes.iter().enumerate().filter(|(_, shape)| changed.contains(shape.name)));
    // Children first: what is gone, and what stands in the way of what is to come.
    for (index, shape) in tables()?.rev() {
        stale(moment, ask, index, shape, out, &mut read).await?;
    }
    for (index, shape) in tables()? {
        renew(moment, ask, index, shape, out, &mut read).await?;
    }
    if let Some(take) = ask.take {
        copy(moment, take, out, &mut read).await?;
    }
    compare(moment, &ask.compare, &mut read).await?;
    send(out, Piece::End(read.cursor.clone(), ask.step)).await?;
    Ok(read)
}

/// A page of a table's changed keys in the covered part, with the text to go on after.
async fn changed<M: Moment>(
    moment: &mut M,
    ask: &Ask,
    (index, shape): (usize, &Shape),
    after: &str,
    touched: &mut BTreeSet<AccountId>,
) -> Result<Option<(Vec<Key>, String)>> {
    let page = moment.journal(shape, after, KEYS_AT_A_TIME).await?;
    let Some((last, _)) = page.last() else { return Ok(None) };
    let last = last.clone();
    let mut keys = Vec::with_capacity(page.len());
    for (key, owner) in page {
        let (key, owner) = (read_key(shape, &key)?, read_owner(owner.as_deref())?);
        if ask.covered.covers(index, owner, &key)? {
            touched.extend(owner);
            keys.push(key);
        }
    }
    Ok(Some((keys, last)))
}

async fn stale<M: Moment>(moment: &mut M, ask: &Ask, index: usize, shape: &Shape, out: &Sender<Item>, read: &mut Read) -> Result<()> {
    let mut at = String::new();
    while let Some((keys, last)) = changed(moment, ask, (index, shape), &at, &mut read.touched).await? {
        at = last;
        if keys.is_empty() {
            continue;
        }
        read.tail += keys.len() as u64;
        let there: BTreeSet<Key> = moment.rows_by_key(shape, &keys).await?.iter().map(|row| key_of(shape, row)).collect();
        let keys: Vec<(Key, bool)> = keys.into_iter().map(|key| (!there.contains(&key), key)).map(|(gone, key)| (key, gone)).collect();
        note_checks(ask, index, keys.iter().filter(|(_, gone)| *gone).map(|(key, _)| (key.clone(), None)), read);
        send(out, Piece::Stale(index, keys)).await?;
    }
    Ok(())
}

fn note_checks(ask: &Ask, index: usize, rows: impl Iterator<Item = (Key, Option<Hash32>)>, read: &mut Read) {
    let Some(checks) = &mut read.checks else { return };
    checks.extend(rows.map(|(key, digest)| (index, key, digest)));
    if checks.len() > ask.check_rows {
        read.checks = None;
    }
}

async fn renew<M: Moment>(moment: &mut M, ask: &Ask, index: usize, shape: &Shape, out: &Sender<Item>, read: &mut Read) -> Result<()> {
    let mut at = String::new();
    while let Some((keys, last)) = changed(moment, ask, (index, shape), &at, &mut read.touched).await? {
        at = last;
        if keys.is_empty() {
            continue;
        }
        let rows = moment.rows_by_key(shape, &keys).await?;
        let mut digests = Vec::with_capacity(rows.len());
        for row in &rows {
            digests.push((key_of(shape, row), Some(row_digest(shape, row)?)));
        }
        note_checks(ask, index, digests.into_iter(), read);
        read.rows += rows.len() as u64;
        read.bytes += rows.iter().map(|row| bytes_of(row) as u64).sum::<u64>();
        if !rows.is_empty() {
            send(out, Piece::Rows(index, rows)).await?;
        }
    }
    Ok(())
}

/// The stretch after a place, and the place after it.
async fn next_stretch<M: Moment>(moment: &mut M, place: &Cursor, take: Take) -> Result<(Stretch, Cursor, Vec<Vec<Column>>)> {
    let none = Vec::new;
    match place {
        Cursor::Start | Cursor::Account(_) => {
            let from = if let Cursor::Account(account) = place { after(*account) } else { Some([0; 16]) };
            let Some(from) = from else { return Ok((Stretch::Nothing, Cursor::next_table(None)?, none())) };
            let accounts = moment.accounts_from(from, take.accounts.max(1)).await?;
            Ok(match accounts.last() {
                Some(last) if accounts.len() == take.accounts.max(1) as usize => {
                    (Stretch::Accounts(from, last.0), Cursor::Account(*last), none())
                }
                _ => (Stretch::Accounts(from, LAST), Cursor::next_table(None)?, none()),
            })
        }
        Cursor::Table(table, upto) => {
            let index = super::index_of(table)?;
            let shape = shapes()?.get(index).ok_or(StoreError::Damaged("a table that is not known"))?;
            let from = upto.as_deref().map(|text| read_key(shape, text)).transpose()?;
            let rows = moment.rows_after(shape, from.as_ref(), take.rows.max(1)).await?;
            let last = rows.last().filter(|_| rows.len() == take.rows.max(1) as usize).map(|row| key_of(shape, row));
            let (to, next) = match last {
                Some(last) => (Some(key_text(&last)), Cursor::after_row(table, &last)),
                None => (None, Cursor::next_table(Some(index))?),
            };
            Ok((Stretch::Rows(table.clone(), upto.clone(), to), next, rows))
        }
        Cursor::End => Ok((Stretch::Nothing, Cursor::End, none())),
    }
}

async fn copy<M: Moment>(moment: &mut M, take: Take, out: &Sender<Item>, read: &mut Read) -> Result<()> {
    let (stretch, next, rows) = next_stretch(moment, &read.cursor, take).await?;
    match stretch {
        Stretch::Accounts(from, to) => {
            for (index, shape) in shapes()?.iter().enumerate().filter(|(_, shape)| !shape.is_nobodys()) {
                let mut emit = Emit::sending(index, shape, out);
                moment.rows_of_accounts(shape, Whose::Between(from, to), &mut emit).await?;
                emit.flush().await?;
                if shape.name == "accounts" {
                    read.accounts += emit.rows;
                }
                read.rows += emit.rows;
                read.bytes += emit.bytes;
            }
        }
        Stretch::Rows(table, ..) => {
            read.rows += rows.len() as u64;
            read.bytes += rows.iter().map(|row| bytes_of(row) as u64).sum::<u64>();
            let index = super::index_of(&table)?;
            let mut rows = rows.into_iter().peekable();
            while rows.peek().is_some() {
                send(out, Piece::Rows(index, rows.by_ref().take(BATCH_ROWS).collect())).await?;
            }
        }
        Stretch::Nothing | Stretch::These(_) => {}
    }
    read.cursor = next;
    Ok(())
}

async fn compare<M: Moment>(moment: &mut M, asked: &Compare, read: &mut Read) -> Result<()> {
    match asked {
        Compare::Nothing => {}
        Compare::Next(place, take) => (read.stretch, read.compared, _) = next_stretch(moment, place, *take).await?,
        Compare::Accounts(accounts) => read.stretch = Stretch::These(accounts.clone()),
    }
    read.digests = digests(moment, &read.stretch).await?;
    Ok(())
}

/// Digests of a stretch.
pub(crate) async fn digests<M: Moment>(moment: &mut M, stretch: &Stretch) -> Result<Vec<(Unit, Hash32)>> {
    let mut found = BTreeMap::new();
    match stretch {
        Stretch::Nothing => {}
        Stretch::Accounts(from, to) => digest_accounts(moment, Whose::Between(*from, *to), &mut found).await?,
        Stretch::These(accounts) if accounts.is_empty() => {}
        Stretch::These(accounts) => digest_accounts(moment, Whose::These(accounts), &mut found).await?,
        Stretch::Rows(table, from, to) => {
            let digest = digest_rows(moment, table, (from.as_deref(), to.as_deref())).await?;
            return Ok(vec![(Unit::Rows(table.clone()), digest)]);
        }
    }
    Ok(found.into_iter().map(|(account, hash)| (Unit::Account(account), Hash32(hash.finalize().into()))).collect())
}

async fn digest_accounts<M: Moment>(moment: &mut M, whose: Whose<'_>, found: &mut BTreeMap<AccountId, Sha256>) -> Result<()> {
    for shape in shapes()?.iter().filter(|shape| shape.owner != Owner::Nobody) {
        moment.rows_of_accounts(shape, whose, &mut Emit::digesting(shape, found)).await?;
    }
    Ok(())
}

async fn digest_rows<M: Moment>(moment: &mut M, table: &str, (from, to): (Option<&str>, Option<&str>)) -> Result<Hash32> {
    const PAGE: u32 = 512;
    let shape = shapes()?.get(super::index_of(table)?).ok_or(StoreError::Damaged("a table that is not known"))?;
    let to = to.map(|text| read_key(shape, text)).transpose()?;
    let mut at = from.map(|text| read_key(shape, text)).transpose()?;
    let mut hash = Sha256::new();
    loop {
        let rows = moment.rows_after(shape, at.as_ref(), PAGE).await?;
        for row in &rows {
            let key = key_of(shape, row);
            if to.as_ref().is_some_and(|to| key > *to) {
                return Ok(Hash32(hash.finalize().into()));
            }
            add_row(&mut hash, shape.name, row)?;
            at = Some(key);
        }
        if rows.len() < PAGE as usize {
            return Ok(Hash32(hash.finalize().into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_from_its_text_and_keeps_its_order() {
        let revisions = shapes().unwrap().iter().find(|shape| shape.name == "revisions").unwrap();
        let key = |seq| vec![Column::Bytes(vec![0xab; 16]), Column::Number(seq), Column::Bytes(vec![1; 16])];
        for seq in [0, 9, 10, i64::MAX] {
            assert_eq!(read_key(revisions, &key_text(&key(seq))), Ok(key(seq)));
        }
        assert!(key(9) < key(10), "numbers by their value, not by their text");
        for text in ["", "ab", "ab.x.01", "zz.1.01", "é.1.01"] {
            assert!(read_key(revisions, text).is_err(), "{text}");
        }
    }
}
