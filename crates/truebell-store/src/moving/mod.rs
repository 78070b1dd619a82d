//! Moving a database into another one while it serves: what both sides can do, step by step. docs/adr/0009 says why it is so.
//!
//! Never here: when a step is taken, how fast, or what becomes of a failure; the server decides that.

mod carry;
mod cursor;
mod read;
mod shape;
mod write;

pub use carry::{Carried, CarryError, carry};
pub use cursor::Cursor;
pub(crate) use read::{Emit, Key, Moment, Page, Whose, digests, key_of, key_text, read_step, row_digest};
pub(crate) use shape::{Kind, Owner, Shape, index_of, shapes};
pub(crate) use write::{Writing, apply_step};

use crate::columns::Column;
use crate::rows::Identity;
use crate::store::{Result, Store};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;

/// A step for a database that is in no move, or not any more; or one that another mover has taken meanwhile.
pub const NO_PART: crate::StoreError = crate::StoreError::Damaged("a target that does not know of the move, or of another step");

/// What a database is in a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is served, and goes to the other one.
    Source,
    /// It is being filled. Nobody serves it.
    Target,
    /// It is complete; whether it is the one that counts, the other one knows. Nobody serves it without asking there.
    Ready,
    /// It is served; the other one is followed for a way back.
    Live,
    /// It was left. Nobody serves it.
    Moved,
}

impl Role {
    /// As stored; for ever.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Ready => "ready",
            Self::Live => "live",
            Self::Moved => "moved",
        }
    }

    /// From what is stored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Source, Self::Target, Self::Ready, Self::Live, Self::Moved].into_iter().find(|role| role.as_str() == text)
    }
}

/// What a database says about the move it is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRow {
    /// What it is.
    pub role: Role,
    /// Which move; the same in both.
    pub id: [u8; 16],
    /// Where the other one is, without a password.
    pub place: String,
    /// The target's: how much of the source is in it.
    pub cursor: Cursor,
    /// The target's: how many steps were written to it. A step says which one it is, so that of two movers one is refused.
    pub step: u64,
    /// What the server keeps about the move; its own form.
    pub state: String,
}

/// How much of what is still to be copied one step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// Accounts, with all that is theirs.
    pub accounts: u32,
    /// Rows of a table that belongs to no account.
    pub rows: u32,
}

/// What one step compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compare {
    /// Nothing.
    Nothing,
    /// What comes after a place.
    Next(Cursor, Take),
    /// These accounts.
    Accounts(Vec<AccountId>),
}

/// What one step is to do: carry what changed, and more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// How much is in the target already.
    pub covered: Cursor,
    /// How many steps were written to it.
    pub step: u64,
    /// How much more to copy.
    pub take: Option<Take>,
    /// What to compare.
    pub compare: Compare,
    /// Compare up to so many changed rows one by one; where more changed, none.
    pub check_rows: usize,
    /// Leave what was carried in the journal: it is carried once more then. For the last step, while writes wait.
    pub keeps_journal: bool,
}

/// What is compared: all rows of some accounts, or a stretch of a table that belongs to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// Nothing.
    Nothing,
    /// Accounts by their ids, from and to.
    Accounts([u8; 16], [u8; 16]),
    /// These.
    These(Vec<AccountId>),
    /// Rows of a table, after one key up to another (as texts; an empty one is the end).
    Rows(String, Option<String>, Option<String>),
}

/// What is told apart when stretches are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// An account.
    Account(AccountId),
    /// A table's stretch.
    Rows(String),
}

/// Up to where a source's journal was read; only the source understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(pub(crate) String);

/// A piece on its way from source to target.
#[derive(Debug)]
pub struct Item(pub(crate) Piece);

/// The pieces, in the order in which they come.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Keys of a table whose rows changed, and whether each is gone.
    Stale(usize, Vec<(Vec<Column>, bool)>),
    /// Rows of a table as they are.
    Rows(usize, Vec<Vec<Column>>),
    /// All was said; how much is now in the target, which step this was.
    End(Cursor, u64),
}

/// A row to compare: its table, its key, and the digest of what is there.
pub(crate) type Check = (usize, Vec<Column>, Option<Hash32>);

/// What a source read in one step.
#[derive(Debug, Clone)]
pub struct Read {
    /// Up to where its journal was read.
    pub(crate) mark: Mark,
    /// How much will be in the target.
    pub cursor: Cursor,
    /// Accounts copied.
    pub accounts: u64,
    /// Rows carried.
    pub rows: u64,
    /// Their bytes, about.
    pub bytes: u64,
    /// Changed keys carried.
    pub tail: u64,
    /// Accounts in which something changed.
    pub touched: BTreeSet<AccountId>,
    /// Changed rows to compare, if they are not too many.
    pub(crate) checks: Option<Vec<Check>>,
    /// What was compared.
    pub(crate) stretch: Stretch,
    /// Its digests.
    pub(crate) digests: Vec<(Unit, Hash32)>,
    /// Where comparing goes on.
    pub compared: Cursor,
}

/// Held writes of other processes. Dropped, they go on.
#[async_trait]
pub trait Fence: Send {
    /// Writes the row that says where the data is now, and lets go. This is the switch. After [`StoreError::Unknown`](crate::StoreError)
    /// the row must be looked at.
    async fn hand_over(self: Box<Self>, row: &MoveRow) -> Result<()>;
    /// Lets go without a change.
    async fn release(self: Box<Self>);
}

/// The lead of a database's move: of several processes on one database, one has it. Dropped, another can take it.
pub struct Lease(pub(crate) Option<deadpool_postgres::ClientWrapper>);

impl Lease {
    /// Whether it is certain that nobody else has it.
    pub fn is_held(&self) -> bool {
        self.0.as_ref().is_none_or(|client| !client.is_closed())
    }
}

/// A store that can be moved from and to.
#[async_trait]
pub trait Movable: Store {
    /// The newest step of its schema.
    async fn schema(&self) -> Result<u32>;

    /// What it says about a move.
    async fn move_row(&self) -> Result<Option<MoveRow>>;

    /// Says it, or takes it back. The cursor and the steps of a row that is there stay.
    async fn put_move_row(&self, row: Option<&MoveRow>) -> Result<()>;

    /// Notes the key of each change from now on, in the transaction of the change. What was noted before is forgotten.
    async fn start_journal(&self) -> Result<()>;

    /// Notes nothing any more.
    async fn stop_journal(&self) -> Result<()>;

    /// How many changes are noted.
    async fn journal_rows(&self) -> Result<u64>;

    /// Forgets what was noted up to a mark.
    async fn forget(&self, mark: &Mark) -> Result<()>;

    /// Reads one step, of one moment, to `out`.
    async fn read_step(&self, ask: &Ask, out: Sender<Item>) -> Result<Read>;

    /// Writes one step, with its cursor, in one transaction. What it writes is not noted. Nothing if the pieces end before the last.
    async fn apply_step(&self, items: Receiver<Item>) -> Result<()>;

    /// Digests of a stretch.
    async fn stretch_digests(&self, stretch: &Stretch) -> Result<Vec<(Unit, Hash32)>>;

    /// Digests of the rows with these keys, by table.
    #[doc(hidden)]
    async fn row_digests(&self, rows: &RowKeys) -> Result<Vec<Option<Hash32>>>;

    /// Whether there is no row in any table, and no identity.
    async fn is_empty(&self) -> Result<bool>;

    /// Removes all rows, the identity and what it says about a move. For an unfinished target.
    async fn wipe(&self) -> Result<()>;

    /// Makes a complete target one that could be served: identity and row in one transaction.
    async fn make_ready(&self, identity: &Identity, row: &MoveRow) -> Result<()>;

    /// Takes the lead, if no other process has it.
    async fn lease(&self) -> Result<Option<Lease>>;

    /// Holds writes of other processes, once those at work have ended. `None` if they did not within `wait`.
    async fn fence(&self, wait: Duration) -> Result<Option<Box<dyn Fence>>>;
}

/// Rows by table and key.
#[derive(Debug, Clone, Default)]
pub struct RowKeys(pub(crate) Vec<(usize, Vec<Column>)>);
