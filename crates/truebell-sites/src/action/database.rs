//! The steps of an action on any database: each one transaction with one conditional statement at its heart.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use truebell_core::chance::{Chance, make_array};
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

use super::plan::{Revocation, Target, Wanted};
use super::words::{Column, Statement, Value, Words};
use super::{ActionError, Actor, Found, Intent, NotSet, Proven, Reset, Seen, Set, Undo};
use crate::password::{Generation, NotMade, Recipe, Stored, carries, lock, make};
use crate::source::{Held, SourceError, Table, account};

/// What a database says when it does not do as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The connection is gone.
    Lost,
    /// Somebody holds what is wanted, for too long.
    Busy,
    /// A right is missing, or nothing may be written at all.
    Forbidden,
    NoTable,
    NoColumn,
    /// Anything else, by its code.
    Refused(String),
}

/// A row's columns as text.
pub(super) type Row = Vec<Value>;

/// One connection to a database.
#[async_trait]
pub(super) trait Connection: Send {
    fn words(&self) -> Words;
    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure>;
    /// How many rows it met.
    async fn execute(&mut self, statement: &Statement) -> Result<u64, Failure>;
    /// The type of the first column that a statement returns, as a text is cast to it; `None` where that is not needed.
    async fn cast_of(&mut self, statement: &str) -> Result<Option<String>, Failure>;
    /// Whether the table takes part in transactions.
    async fn has_transactions(&mut self, table: &str) -> Result<bool, Failure>;
}

/// A site's database, opened to act.
pub(super) struct Database<C> {
    connection: C,
    table: Table,
    recipe: Recipe,
    target: Target,
    /// The account's id in the table of accounts, and in the one that is written.
    id: Column,
    key: Column,
    /// Those of [`Target::columns`].
    columns: Vec<Column>,
    revocations: Vec<(Revocation, Column)>,
    /// A transaction was begun and nobody ended it: whoever waited for the last step stopped waiting.
    is_open: bool,
}

/// What an exchange found.
enum Exchanged {
    Done,
    Other,
    Gone,
}

impl<C: Connection> Database<C> {
    pub(super) async fn open(connection: C, wanted: Wanted<'_>) -> Result<Self, ActionError> {
        let target = Target::of(wanted.table)?;
        let unnamed = Column { name: String::new(), cast: None };
        let mut database = Self {
            connection,
            table: wanted.table.clone(),
            recipe: wanted.recipe.clone(),
            id: unnamed.clone(),
            key: unnamed,
            columns: Vec::new(),
            target,
            revocations: Vec::new(),
            is_open: false,
        };
        database.check_reading().await?;
        database.check_writing().await?;
        for revocation in wanted.revocations {
            database.check_revocation(revocation).await?;
        }
        Ok(database)
    }

    fn words(&self) -> Words {
        self.connection.words()
    }

    async fn check_reading(&mut self) -> Result<(), ActionError> {
        let quote = self.words().quote();
        let mut table = self.table.clone();
        for flag in std::mem::take(&mut table.flags) {
            let there = self.connection.cast_of(&quote.probe(&self.table, &flag.column)).await;
            if !(flag.is_optional && there == Err(Failure::NoColumn)) {
                table.flags.push(flag);
            }
        }
        self.table = table;
        for name in std::iter::once(self.table.id.clone()).chain(self.table.columns().into_iter().map(str::to_owned)) {
            let probe = quote.probe(&self.table, &name);
            let read = match self.connection.cast_of(&probe).await {
                Ok(cast) => self.connection.rows(&Statement::new(self.connection.words(), probe)).await.map(|_| cast),
                Err(failure) => Err(failure),
            };
            let cast = read.map_err(|failure| self.of_reading(failure, &name))?;
            if name == self.table.id {
                self.id = Column { name: quote.column(&self.table, &name), cast };
            }
        }
        Ok(())
    }

    fn of_reading(&self, failure: Failure, column: &str) -> ActionError {
        let table = self.table.name.clone();
        let source = match failure {
            Failure::NoTable => SourceError::NoTable(table),
            Failure::NoColumn => SourceError::NoColumn { table, column: column.to_owned() },
            Failure::Forbidden => SourceError::Forbidden(table),
            other => return of_statement(other, &table),
        };
        ActionError::Source(source)
    }

    async fn column(&mut self, table: &str, name: &str) -> Result<Column, Failure> {
        let quote = self.words().quote();
        let quoted = quote.one(name);
        let cast = self.connection.cast_of(&format!("SELECT {quoted} FROM {} LIMIT 0", quote.table(table))).await?;
        Ok(Column { name: quoted, cast })
    }

    async fn check_writing(&mut self) -> Result<(), ActionError> {
        let Target { table, key, columns, .. } = self.target.clone();
        self.key = self.column(&table, &key).await.map_err(|failure| self.of_reading(failure, &key))?;
        for name in &columns {
            let column = self.column(&table, name).await.map_err(|failure| self.of_reading(failure, name))?;
            self.columns.push(column);
        }
        if !self.connection.has_transactions(&table).await.map_err(|failure| of_statement(failure, &table))? {
            return Err(ActionError::NoTransactions(table));
        }
        // A new password writes all of them; a reset the first.
        let set: Vec<String> = self.columns.iter().map(|column| format!("{0} = {0}", column.name)).collect();
        let update =
            format!("UPDATE {} SET {} WHERE {} IS NULL AND 1 = 0", self.words().quote().table(&table), set.join(", "), self.key.name);
        self.rehearse(&update).await.map_err(|failure| of_statement(failure, &table))
    }

    /// Executes a statement that meets no row, so that a missing right is known before anything is done, and takes it back.
    async fn rehearse(&mut self, text: &str) -> Result<(), Failure> {
        let words = self.words();
        self.connection.execute(&Statement::new(words, words.begin())).await?;
        let done = self.connection.execute(&Statement::new(words, text)).await;
        self.connection.execute(&Statement::new(words, "ROLLBACK")).await?;
        done.map(|_| ())
    }

    async fn check_revocation(&mut self, revocation: &Revocation) -> Result<(), ActionError> {
        match self.revocation(revocation).await {
            Ok(on)
                if self
                    .connection
                    .has_transactions(&revocation.table)
                    .await
                    .map_err(|failure| of_statement(failure, &revocation.table))? =>
            {
                self.revocations.push((revocation.clone(), on));
                Ok(())
            }
            Ok(_) => Err(ActionError::NoTransactions(revocation.table.clone())),
            Err(Failure::NoTable | Failure::NoColumn) if revocation.is_optional => Ok(()),
            Err(Failure::NoTable) => Err(SourceError::NoTable(revocation.table.clone()).into()),
            Err(Failure::NoColumn) => Err(SourceError::NoColumn { table: revocation.table.clone(), column: revocation.on.clone() }.into()),
            Err(other) => Err(of_statement(other, &revocation.table)),
        }
    }

    async fn revocation(&mut self, revocation: &Revocation) -> Result<Column, Failure> {
        let on = self.column(&revocation.table, &revocation.on).await?;
        if let Some(column) = &revocation.empties {
            // MariaDB says of a column that is not there that it may not be written.
            self.column(&revocation.table, column).await?;
        }
        let rehearsal = format!("{} WHERE {} IS NULL AND 1 = 0", self.revoking(revocation), on.name);
        self.rehearse(&rehearsal).await?;
        Ok(on)
    }

    fn revoking(&self, revocation: &Revocation) -> String {
        let quote = self.words().quote();
        match &revocation.empties {
            Some(column) => format!("UPDATE {} SET {} = NULL", quote.table(&revocation.table), quote.one(column)),
            None => format!("DELETE FROM {}", quote.table(&revocation.table)),
        }
    }

    /// What the verifier's columns hold. With `hold`, whoever is changing them is waited for.
    async fn current(&mut self, id: &str, hold: bool) -> Result<Vec<Row>, Failure> {
        let words = self.words();
        let columns: Vec<String> = self.columns.iter().map(|column| words.read(&column.name)).collect();
        let select = format!("SELECT {} FROM {} WHERE ", columns.join(", "), words.quote().table(&self.target.table));
        let statement = Statement::new(words, select).of_account(&self.key, id).say(if hold { words.hold() } else { "" });
        self.connection.rows(&statement).await
    }

    async fn begin(&mut self) -> Result<(), ActionError> {
        if std::mem::replace(&mut self.is_open, true) {
            return Err(ActionError::CutOff);
        }
        let words = self.words();
        let begun = self.connection.execute(&Statement::new(words, words.begin())).await;
        self.is_open = begun.is_ok();
        begun.map(|_| ()).map_err(|failure| of_statement(failure, &self.target.table))
    }

    /// Ends the transaction as its step went.
    async fn end<T>(&mut self, step: Result<(T, bool), ActionError>) -> Result<T, ActionError> {
        let keep = step.as_ref().is_ok_and(|(_, keep)| *keep);
        let words = self.words();
        let ended = self.connection.execute(&Statement::new(words, if keep { "COMMIT" } else { "ROLLBACK" })).await;
        self.is_open = false;
        match (step, ended) {
            (Ok((answer, true)), Ok(_)) => Ok(answer),
            (Ok((_, true)), Err(Failure::Lost)) => Err(ActionError::Unclear),
            (Ok((_, true)), Err(failure)) => {
                // SQLite keeps the transaction when it could not commit it.
                drop(self.connection.execute(&Statement::new(words, "ROLLBACK")).await);
                Err(of_statement(failure, &self.target.table))
            }
            (Ok((answer, false)), _) => Ok(answer),
            (Err(error), _) => Err(error),
        }
    }

    /// Puts `to` in the place of `from`, and of nothing else.
    async fn exchange(&mut self, id: &str, from: &Row, to: &Row, ends_sessions: bool) -> Result<Exchanged, ActionError> {
        self.begin().await?;
        let step = self.exchange_within(id, from, to, ends_sessions).await;
        self.end(step).await
    }

    async fn exchange_within(&mut self, id: &str, from: &Row, to: &Row, ends_sessions: bool) -> Result<(Exchanged, bool), ActionError> {
        let table = self.target.table.clone();
        let statement = self.exchanging(id, from, to);
        let met = self.connection.execute(&statement).await.map_err(|failure| of_statement(failure, &table))?;
        let rows = self.current(id, true).await.map_err(|failure| of_statement(failure, &table))?;
        let row = match rows.as_slice() {
            [] => return Ok((Exchanged::Gone, false)),
            [row] => row,
            _ => return Err(ActionError::NotUnique(table)),
        };
        match met {
            0 if row == to => Ok((Exchanged::Done, false)),
            0 if row == from => Err(ActionError::Vetoed(table)),
            0 => Ok((Exchanged::Other, false)),
            1 if row != to => Err(ActionError::Vetoed(table)),
            1 => {
                if ends_sessions {
                    self.end_sessions(id).await?;
                }
                Ok((Exchanged::Done, true))
            }
            _ => Err(ActionError::NotUnique(table)),
        }
    }

    fn exchanging(&self, id: &str, from: &Row, to: &Row) -> Statement {
        let words = self.words();
        let mut statement = Statement::new(words, format!("UPDATE {} SET ", words.quote().table(&self.target.table)));
        let mut separator = "";
        for ((column, from), to) in self.columns.iter().zip(from).zip(to) {
            if from != to {
                statement = statement.say(separator).assign(column, to.as_ref().map(|to| to.as_str()));
                separator = ", ";
            }
        }
        statement = statement.say(" WHERE ").of_account(&self.key, id);
        for (column, from) in self.columns.iter().zip(from) {
            statement = statement.say(" AND ").exactly(column, from.as_ref().map(|from| from.as_str()));
        }
        statement
    }

    async fn end_sessions(&mut self, id: &str) -> Result<(), ActionError> {
        for (revocation, on) in self.revocations.clone() {
            let mut statement = Statement::new(self.words(), self.revoking(&revocation)).say(" WHERE ").of_account(&on, id);
            if let Some((column, value)) = &revocation.only {
                let column = Column { name: self.words().quote().one(column), cast: None };
                statement = statement.say(" AND ").exactly(&column, Some(value));
            }
            self.connection.execute(&statement).await.map_err(|failure| of_statement(failure, &revocation.table))?;
        }
        Ok(())
    }

    /// In the order of [`Target::columns`].
    fn row(&self, stored: &Stored<'_>) -> Row {
        let owned = |text: &str| Zeroizing::new(text.to_owned());
        let salt = self.target.has_salt.then(|| stored.salt.map(owned));
        let parameters = (self.columns.len() > 1 + usize::from(self.target.has_salt)).then(|| stored.parameters.map(owned));
        std::iter::once(Some(owned(stored.verifier))).chain(salt).chain(parameters).collect()
    }

    fn stored<'a>(&self, row: &'a Row) -> Option<Stored<'a>> {
        let at = |at: usize| row.get(at).and_then(|value| value.as_ref()).map(|value| value.as_str());
        let after_salt = 1 + usize::from(self.target.has_salt);
        Some(Stored { verifier: at(0)?, salt: self.target.has_salt.then(|| at(1)).flatten(), parameters: at(after_salt), user: None })
    }

    /// The old verifier's columns, and those of its lock.
    fn both(&self, held: &Held, user: Option<&str>, intent: Intent) -> Result<(Row, Row), ActionError> {
        let stored = held.stored(user);
        let locked = lock(&stored, &self.recipe, intent)?;
        Ok((self.row(&stored), self.row(&Stored { verifier: locked.expose(), ..stored })))
    }

    /// The one row of an account, held while it is read.
    async fn read(&mut self, id: &str) -> Result<Option<Row>, ActionError> {
        self.begin().await?;
        let rows = self.current(id, true).await.map_err(|failure| of_statement(failure, &self.target.table));
        let step =
            rows.and_then(|rows| if rows.len() > 1 { Err(ActionError::NotUnique(self.target.table.clone())) } else { Ok((rows, false)) });
        Ok(self.end(step).await?.pop())
    }
}

fn of_statement(failure: Failure, table: &str) -> ActionError {
    let table = table.to_owned();
    match failure {
        Failure::Lost => ActionError::Lost,
        Failure::Busy => ActionError::Busy,
        Failure::Forbidden => ActionError::Forbidden(table),
        // Every table and column was there when it was opened.
        Failure::NoTable | Failure::NoColumn => ActionError::Source(SourceError::Changed(table)),
        Failure::Refused(code) => ActionError::Refused(code),
    }
}

/// Bytes drawn from a seed, for a thread that cannot hold the caller's chance.
struct Drawn {
    seed: Zeroizing<[u8; 32]>,
    count: u64,
}

impl Chance for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::new_with_prefix(b"truebell new verifier v1")
                .chain_update(*self.seed)
                .chain_update(self.count.to_be_bytes())
                .finalize();
            chunk.iter_mut().zip(block).for_each(|(byte, drawn)| *byte = drawn);
            self.count += 1;
        }
    }
}

#[async_trait]
impl<C: Connection> Actor for Database<C> {
    fn revokes(&self) -> Vec<String> {
        self.revocations.iter().map(|(revocation, _)| revocation.words()).collect()
    }

    async fn prepare(&mut self, id: &str) -> Result<Found, ActionError> {
        if self.is_open {
            return Err(ActionError::CutOff);
        }
        let (words, quote) = (self.words(), self.words().quote());
        let columns = self.table.columns().into_iter().chain([self.table.id.as_str()]);
        let columns: Vec<String> = columns.map(|column| words.read(&quote.column(&self.table, column))).collect();
        let select = format!("SELECT {} {} WHERE ", columns.join(", "), quote.from(&self.table));
        let statement = Statement::new(words, select).of_account(&self.id, id).say(" LIMIT 2");
        let mut rows = self.connection.rows(&statement).await.map_err(|failure| of_statement(failure, &self.table.name))?;
        if rows.len() > 1 {
            return Err(ActionError::NotUnique(self.table.name.clone()));
        }
        let Some(row) = rows.pop() else { return Ok(Found::Gone) };
        let mut values: Vec<Option<String>> = row.into_iter().map(|value| value.map(|value| value.to_string())).collect();
        let id = values.pop().flatten();
        Ok(account(&self.table, id, values).map_or(Found::Gone, Found::of))
    }

    async fn reset(&mut self, proven: &Proven, intent: Intent) -> Result<Reset, ActionError> {
        let account = proven.account();
        let (old, locked) = self.both(proven.held(), account.user.as_deref(), intent)?;
        Ok(match self.exchange(&account.id, &old, &locked, true).await? {
            Exchanged::Done => Reset::Done,
            Exchanged::Other => Reset::Changed,
            Exchanged::Gone => Reset::Gone,
        })
    }

    async fn look(&mut self, id: &str, intent: Intent, generation: Generation) -> Result<Seen, ActionError> {
        let Some(row) = self.read(id).await? else { return Ok(Seen::Gone) };
        Ok(match self.stored(&row) {
            Some(stored) if carries(stored.verifier, intent) => Seen::Done,
            Some(stored) if Generation::of(&stored) == generation => Seen::NotDone,
            _ => Seen::SomethingElse,
        })
    }

    async fn undo(&mut self, id: &str, intent: Intent, old: &Held) -> Result<Undo, ActionError> {
        let (old, locked) = self.both(old, None, intent)?;
        Ok(match self.exchange(id, &locked, &old, false).await? {
            Exchanged::Done => Undo::PutBack,
            Exchanged::Other => Undo::ChosenANewOne,
            Exchanged::Gone => Undo::Gone,
        })
    }

    async fn set_password(&mut self, id: &str, intent: Intent, password: &Secret, chance: &mut (dyn Chance + Send)) -> Result<Set, NotSet> {
        let mut drawn = Drawn { seed: Zeroizing::new(make_array(chance)), count: 0 };
        let Some(row) = self.read(id).await? else { return Ok(Set::Gone) };
        let Some(stored) = self.stored(&row).filter(|stored| carries(stored.verifier, intent)) else { return Ok(Set::NotLocked) };
        let like = Held::of(&stored);
        let (recipe, password) = (self.recipe.clone(), password.clone());
        // As slow as the site's format wants it to be.
        let work = move || make(&password, &like.stored(None), &recipe, &mut drawn);
        let made = tokio::task::spawn_blocking(work).await.map_err(|_| NotMade::Fault)??;
        let new = self.row(&made.stored(None));
        Ok(match self.exchange(id, &row, &new, false).await? {
            Exchanged::Done => Set::Done,
            Exchanged::Other => Set::NotLocked,
            Exchanged::Gone => Set::Gone,
        })
    }
}
