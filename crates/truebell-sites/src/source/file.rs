//! Accounts in a file that was exported: CSV with a header line, or an object a line. A place is the offset of the next record.

use std::fs;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::account::account;
use super::csv::{self, Fault};
use super::table::Table;
use super::{Page, Place, Source, SourceError};

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    JsonLines,
}

pub(super) struct File {
    path: PathBuf,
    form: Form,
    table: Table,
    /// The names of a CSV's columns, in its order.
    header: Vec<String>,
    /// Where the first record begins.
    start: Position,
    /// Where the last page ended, to go on counting lines from there.
    reached: Position,
    /// Its length and the time of its last change, when it was opened.
    seen: Seen,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Position {
    offset: u64,
    lines: u64,
}

type Seen = (u64, Option<SystemTime>);

impl File {
    pub(super) fn open(path: &Path, form: Form, table: &Table) -> Result<Self, SourceError> {
        let unreachable = || SourceError::Unreachable(path.display().to_string());
        let seen = seen(path).ok_or_else(unreachable)?;
        let mut file = Self {
            path: path.to_owned(),
            form,
            table: table.clone(),
            header: Vec::new(),
            start: Position::default(),
            reached: Position::default(),
            seen,
        };
        if form == Form::Csv {
            let mut reader = BufReader::new(fs::File::open(path).map_err(|_| unreachable())?);
            let record = csv::lines(&mut reader, csv::is_open).map_err(|fault| file.fault(fault, 0))?;
            let (bytes, lines) = record.unwrap_or_default();
            file.start = Position { offset: bytes.len() as u64, lines };
            file.header = fields(bytes).map_err(|fault| file.fault(fault, 0))?;
            file.header.iter_mut().for_each(|name| *name = name.trim_start_matches('\u{feff}').trim().to_owned());
            file.check_header()?;
        }
        file.reached = file.start;
        Ok(file)
    }

    fn check_header(&mut self) -> Result<(), SourceError> {
        let header = &self.header;
        self.table.flags.retain(|flag| !flag.is_optional || header.contains(&flag.column));
        let wanted = std::iter::once(self.table.id.as_str()).chain(self.table.columns());
        match wanted.into_iter().find(|column| !header.iter().any(|name| name == column)) {
            None => Ok(()),
            Some(column) => Err(SourceError::NoColumn { table: self.name(), column: column.to_owned() }),
        }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn fault(&self, fault: Fault, lines: u64) -> SourceError {
        match fault {
            Fault::Io => SourceError::Unreachable(self.name()),
            Fault::Record(what) => SourceError::Line { file: self.name(), line: lines + 1, what },
        }
    }

    /// The values of the columns of one record: id first, then [`Table::columns`].
    fn values(&self, bytes: Vec<u8>) -> Result<Vec<Option<String>>, Fault> {
        let columns = std::iter::once(self.table.id.as_str()).chain(self.table.columns());
        if self.form == Form::Csv {
            let fields = fields(bytes)?;
            if fields.len() != self.header.len() {
                return Err(Fault::Record("it has more or fewer fields than the header"));
            }
            let at = |column: &str| self.header.iter().position(|name| name == column).and_then(|at| fields.get(at));
            return Ok(columns.map(|column| at(column).filter(|value| !value.is_empty()).cloned()).collect());
        }
        let object: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| Fault::Record("it is not a JSON object"))?;
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        Ok(columns.map(|column| object.get(column).and_then(text)).collect())
    }

    fn read(&mut self, from: Position, limit: u32) -> Result<Page, SourceError> {
        let unreachable = || SourceError::Unreachable(self.path.display().to_string());
        let mut file = fs::File::open(&self.path).map_err(|_| unreachable())?;
        file.seek(SeekFrom::Start(from.offset)).map_err(|_| unreachable())?;
        let mut reader = BufReader::new(file);
        let (mut page, mut at, mut count) = (Page::default(), from, 0);
        let is_open = if self.form == Form::Csv { csv::is_open } else { |_: &[u8]| false };
        while count < limit {
            let record = csv::lines(&mut reader, is_open).map_err(|fault| self.fault(fault, at.lines))?;
            let Some((bytes, lines)) = record else { break };
            let length = bytes.len() as u64;
            if !bytes.trim_ascii().is_empty() {
                let mut values = self.values(bytes).map_err(|fault| self.fault(fault, at.lines))?.into_iter();
                let account = account(&self.table, values.next().flatten(), values.collect());
                page.skipped += u64::from(account.is_none());
                page.accounts.extend(account);
                count += 1;
            }
            at = Position { offset: at.offset + length, lines: at.lines + lines };
        }
        page.next = (count == limit).then_some(Place::Offset(at.offset));
        self.reached = at;
        Ok(page)
    }

    /// With the lines before it, for messages: known where the last page ended, counted anywhere else.
    fn position(&self, offset: u64) -> Result<Position, SourceError> {
        if let Some(known) = [self.start, self.reached].into_iter().find(|known| known.offset == offset) {
            return Ok(known);
        }
        let file = fs::File::open(&self.path).map_err(|_| SourceError::Unreachable(self.name()))?;
        let mut reader = BufReader::new(std::io::Read::take(file, offset));
        let mut lines = 0;
        while let Some((_, count)) = csv::lines(&mut reader, |_| false).map_err(|fault| self.fault(fault, lines))? {
            lines += count;
        }
        Ok(Position { offset, lines })
    }
}

fn fields(bytes: Vec<u8>) -> Result<Vec<String>, Fault> {
    let text = String::from_utf8(bytes).map_err(|_| Fault::Record("it is not UTF-8"))?;
    csv::fields(&text)
}

fn seen(path: &Path) -> Option<Seen> {
    let meta = fs::metadata(path).ok()?;
    meta.is_file().then(|| (meta.len(), meta.modified().ok()))
}

#[async_trait]
impl Source for File {
    async fn page(&mut self, after: Option<&Place>, limit: u32) -> Result<Page, SourceError> {
        if seen(&self.path) != Some(self.seen) {
            return Err(SourceError::Changed(self.name()));
        }
        let from = match after {
            None => self.start,
            Some(Place::Offset(offset)) if *offset <= self.seen.0 => self.position(*offset)?,
            Some(_) => return Err(SourceError::NotAPlace),
        };
        self.read(from, limit)
    }
}
