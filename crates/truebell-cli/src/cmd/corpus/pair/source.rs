//! The lists that pairs are built from: opened, unpacked, read line by line.

use crate::cmd::packed::{Counted, Packing, unpack};
use crate::exit::{Answered, Code, Failure, describe_io};
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use truebell_core::address::Address;
use truebell_core::pair::parse_line;
use truebell_corpus::Flag;
use truebell_corpus::build::{LineError, Lines};
use zeroize::Zeroizing;

/// A list, and what is known about it.
pub(super) struct List {
    pub(super) path: PathBuf,
    pub(super) flag: Flag,
}

/// A line of it.
pub(super) struct Line {
    pub(super) address: Address,
    pub(super) password: Zeroizing<Vec<u8>>,
}

/// Reads a list.
pub(super) struct Reader {
    name: String,
    lines: Lines<Box<dyn Read>>,
    lenient: bool,
    pub(super) skipped: u64,
}

impl Reader {
    /// Opens it. What is read of the file is counted in `read`.
    pub(super) fn open(path: &Path, lenient: bool, read: &Arc<AtomicU64>) -> Answered<Self> {
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "Standard input".to_owned() } else { path.display().to_string() };
        let open = || -> io::Result<Box<dyn Read>> {
            let from: Box<dyn Read + Send> = if is_stdin { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
            let mut from = Counted { from, read: read.clone() };
            let mut begin = Vec::new();
            from.by_ref().take(4).read_to_end(&mut begin)?;
            Ok(unpack(Packing::of(&begin), Cursor::new(begin).chain(from))?)
        };
        match open() {
            Ok(from) => Ok(Self { name, lines: Lines::new(from), lenient, skipped: 0 }),
            Err(error) => Err(unreadable(&name, &error)),
        }
    }

    /// The next pair; `None` at the end.
    pub(super) fn next_pair(&mut self) -> Answered<Option<Line>> {
        loop {
            let problem = match self.lines.next_line() {
                Ok(None) => return Ok(None),
                Ok(Some(line)) => match parse_line(line) {
                    Ok(None) => continue,
                    Ok(Some((address, password))) => return Ok(Some(Line { address, password: Zeroizing::new(password.to_vec()) })),
                    Err(problem) => problem.to_string(),
                },
                Err(LineError::TooLong(_)) => "is too long for a pair".to_owned(),
                Err(LineError::Read(error)) => return Err(unreadable(&self.name, &error)),
            };
            if !self.lenient {
                return Err(Failure::new(
                    Code::BadFile,
                    format!(
                        "{}, line {}, {problem}. Nothing was built. Give --lenient to pass over such lines.",
                        self.name,
                        self.lines.number()
                    ),
                ));
            }
            self.skipped += 1;
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends in the middle: it was not copied whole".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => format!("is damaged: {}", describe_io(error)),
        _ => format!("could not be read: {}", describe_io(error)),
    };
    Failure::new(Code::BadFile, format!("{name} {what}. Nothing was built."))
}
