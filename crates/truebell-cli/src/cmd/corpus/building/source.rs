//! The sources: what each is, by its first bytes and lines, and how its bytes are had.

use super::{Tally, Wanted, bad_source, unreadable};
use crate::cmd::packed::{Counted, Packing, unpack};
use crate::exit::{Answered, Failure};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use truebell_corpus::build::{Form, RangeFile, sniff};
use truebell_corpus::{Corpus, Flag, Flags, Kind, Source};
use truebell_server::ranges::FilePages;

pub(super) const CORPUS_MAGIC: &[u8; 8] = b"TRBLCORP";
const UTF16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
/// Enough lines to tell a list by.
const SNIFF_BYTES: u64 = 64 * 1024;
/// Bytes of a typical line of each digest with its count.
const LINE_BYTES_SHA1: u64 = 43;
const LINE_BYTES_NTLM: u64 = 35;

/// What sources are, where their first lines do not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cmd::corpus) enum Order {
    /// One password a line
    Passwords,
    /// Hashes in any order
    Unordered,
}

/// What is in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Lines(Form),
    /// A folder of range files.
    Ranges,
    Corpus,
}

/// A source that was looked at.
pub(super) struct Opened {
    /// Its place among all.
    pub(super) number: usize,
    pub(super) path: PathBuf,
    /// As errors have it.
    pub(super) name: String,
    pub(super) flag: Flag,
    pub(super) content: Content,
    pub(super) packing: Packing,
    /// Size of the file, or of all range files.
    pub(super) bytes: u64,
    pub(super) changed_ms: u64,
    /// Range files in order.
    pub(super) ranges: Vec<(RangeFileName, PathBuf)>,
    pub(super) corpus: Option<Corpus<FilePages>>,
    /// What was read off standard input to look at it.
    begun: Vec<u8>,
    /// How many of its bytes were read.
    read: Arc<AtomicU64>,
}

/// What is read of a source, unpacked, on whichever thread.
pub(super) type Text = Box<dyn Read + Send>;

/// The five digits of a range file's name, upper case.
pub(super) type RangeFileName = String;

/// Opens all, in the order they were named.
pub(super) fn open_all(wanted: &Wanted) -> Answered<Vec<Opened>> {
    let mut sources = Vec::new();
    for (number, (path, flag)) in wanted.sources.iter().enumerate() {
        sources.push(Opened::open(number, path, *flag, wanted.form)?);
    }
    if sources.iter().filter(|source| source.is_stdin()).count() > 1 {
        return Err(Failure::usage("Standard input can be one source only."));
    }
    Ok(sources)
}

/// Which digest to build: as wanted, else as the sources have it.
pub(super) fn choose_kind(wanted: &Wanted, sources: &[Opened]) -> Answered<Kind> {
    let mut chosen = wanted.kind.map(|kind| (kind, "--hash".to_owned()));
    for source in sources {
        let Some(kind) = source.kind() else { continue };
        match &chosen {
            Some((other, by)) if *other != kind => {
                let words = format!(" holds {} hashes, and {by} asks for {}: a corpus holds one kind.", kind.name(), other.name());
                return Err(bad_source(&source.name, words));
            }
            _ => chosen = Some((kind, source.name.clone())),
        }
    }
    Ok(chosen.map_or(Kind::Sha1, |(kind, _)| kind))
}

impl Opened {
    fn open(number: usize, path: &Path, flag: Flag, form: Option<Order>) -> Answered<Self> {
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "Standard input".to_owned() } else { path.display().to_string() };
        let mut source = Self {
            number,
            path: path.to_owned(),
            name,
            flag,
            content: Content::Lines(Form::Passwords),
            packing: Packing::Plain,
            bytes: 0,
            changed_ms: 0,
            ranges: Vec::new(),
            corpus: None,
            begun: Vec::new(),
            read: Arc::default(),
        };
        source.look(form).map_err(|error| match error {
            Unusable::Read(error) => unreadable(&source.name, &error),
            Unusable::Told(failure) => failure,
        })?;
        Ok(source)
    }

    fn look(&mut self, form: Option<Order>) -> Result<(), Unusable> {
        if !self.is_stdin() {
            let about = std::fs::metadata(&self.path)?;
            self.changed_ms = about
                .modified()?
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or_default());
            if about.is_dir() {
                return self.look_into_folder();
            }
            self.bytes = about.len();
        }
        let mut begin = Vec::new();
        if self.is_stdin() {
            io::stdin().lock().take(SNIFF_BYTES).read_to_end(&mut begin)?;
            self.begun.clone_from(&begin);
        } else {
            File::open(&self.path)?.take(SNIFF_BYTES).read_to_end(&mut begin)?;
        }
        if begin.starts_with(CORPUS_MAGIC) {
            self.content = Content::Corpus;
            if self.is_stdin() {
                return Err(Unusable::Told(bad_source(&self.name, " is a corpus, which can be read from a file only.")));
            }
            self.corpus = Some(super::super::open(&self.path).map_err(Unusable::Told)?);
            return Ok(());
        }
        self.packing = Packing::of(&begin);
        let mut text = Vec::new();
        // The first part of a packed file is cut off where it was: what came out until there is enough.
        let unpacked = unpack(self.packing, Cursor::new(begin))?.take(SNIFF_BYTES).read_to_end(&mut text);
        if text.is_empty() {
            unpacked?;
        }
        if UTF16_MARKS.iter().any(|mark| text.starts_with(mark)) {
            return Err(Unusable::Told(bad_source(&self.name, " is UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8).")));
        }
        self.content = Content::Lines(match form {
            Some(Order::Passwords) => Form::Passwords,
            form => match (sniff_text(&text), form) {
                (Form::Ordered(kind), Some(Order::Unordered)) => Form::Hashes(kind),
                (told, _) => told,
            },
        });
        Ok(())
    }

    fn look_into_folder(&mut self) -> Result<(), Unusable> {
        self.content = Content::Ranges;
        for file in std::fs::read_dir(&self.path)? {
            let file = file?;
            let Some(range) = file.file_name().to_str().and_then(|name| RangeFile::named(Kind::Sha1, name)) else { continue };
            self.bytes += file.metadata()?.len();
            self.ranges.push((range.prefix(), file.path()));
        }
        self.ranges.sort();
        let twice = self.ranges.iter().zip(self.ranges.iter().skip(1)).find(|(one, next)| one.0 == next.0);
        if let Some((one, _)) = twice {
            return Err(Unusable::Told(bad_source(&self.name, format_args!(" has two files for the range {}.", one.0))));
        }
        if self.ranges.is_empty() {
            return Err(Unusable::Told(bad_source(
                &self.name,
                " is a folder without range files (named by five hex digits, as 5BAA6 or 5BAA6.txt).",
            )));
        }
        Ok(())
    }

    pub(super) fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Whether its digests come in order.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self.content, Content::Lines(Form::Ordered(_)) | Content::Ranges | Content::Corpus)
    }

    /// Which digest it holds; `None` for passwords, of which any can be made.
    fn kind(&self) -> Option<Kind> {
        match self.content {
            Content::Lines(Form::Ordered(kind) | Form::Hashes(kind)) => Some(kind),
            Content::Lines(Form::Passwords) => None,
            Content::Corpus => self.corpus.as_ref().map(|corpus| corpus.header().kind),
            Content::Ranges => self.ranges_kind(),
        }
    }

    /// By the first line of the first range file that has one.
    fn ranges_kind(&self) -> Option<Kind> {
        let mut begin = [0; 64];
        self.ranges.iter().find_map(|(_, path)| {
            let length = File::open(path).and_then(|mut file| file.read(&mut begin)).ok()?;
            let digits = begin.get(..length)?.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            match digits {
                35 => Some(Kind::Sha1),
                27 => Some(Kind::Ntlm),
                _ => None,
            }
        })
    }

    /// All flags its entries may have.
    pub(super) fn flags(&self) -> Flags {
        match &self.corpus {
            Some(corpus) if self.flag == Flag::Unmarked => corpus.header().flags,
            Some(corpus) => corpus.header().flags.and(self.flag.into()),
            None => self.flag.into(),
        }
    }

    /// About how many entries it has, by its size; only the size of the index depends on it.
    pub(super) fn entries_about(&self, kind: Kind) -> u64 {
        if let Some(corpus) = &self.corpus {
            return corpus.header().entries;
        }
        let line = if kind == Kind::Sha1 { LINE_BYTES_SHA1 } else { LINE_BYTES_NTLM };
        let times = if self.packing == Packing::Plain { 1 } else { 2 };
        if self.is_stdin() { u64::MAX >> 24 } else { self.bytes * times / line }
    }

    /// As the corpus remembers it.
    pub(super) fn describe(&self, tally: Tally) -> Source {
        let name = self.path.file_name().map_or_else(|| self.name.clone(), |name| name.to_string_lossy().into_owned());
        let flag = (self.flag != Flag::Unmarked).then(|| self.flag.name().to_owned());
        Source {
            name: if self.is_stdin() { "standard input".to_owned() } else { name },
            flag,
            entries: tally.entries,
            skipped: tally.skipped,
        }
    }

    /// How many of its bytes were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Counts bytes of a range file as read.
    pub(super) fn add_read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Its text, from `position` bytes on.
    pub(super) fn text_from(&self, position: u64) -> io::Result<Text> {
        if self.is_stdin() {
            let rest = Cursor::new(self.begun.clone()).chain(io::stdin());
            return skip(unpack(self.packing, Counted { from: rest, read: self.read.clone() })?, position);
        }
        let mut file = File::open(&self.path)?;
        if self.packing == Packing::Plain {
            file.seek(SeekFrom::Start(position))?;
            self.read.store(position, Ordering::Relaxed);
            return Ok(Box::new(Counted { from: file, read: self.read.clone() }));
        }
        self.read.store(0, Ordering::Relaxed);
        skip(unpack(self.packing, Counted { from: file, read: self.read.clone() })?, position)
    }
}

enum Unusable {
    Read(io::Error),
    Told(Failure),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

fn sniff_text(text: &[u8]) -> Form {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // The last line may be cut off, unless it is all there is.
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(text, |end| text.get(..end).unwrap_or(text));
    let lines: Vec<&[u8]> = whole.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    sniff(&lines)
}

fn skip(mut from: Text, bytes: u64) -> io::Result<Text> {
    let passed = io::copy(&mut from.by_ref().take(bytes), &mut io::sink())?;
    if passed < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(from) }
}
