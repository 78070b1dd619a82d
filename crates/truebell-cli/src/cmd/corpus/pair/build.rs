//! `truebell corpus pair build`: lists of address:password as a file of pairs, with its key.

use super::super::replace_only;
use super::entries::Entries;
use super::source::{List, Reader};
use crate::cmd::context::Context;
use crate::exit::{Answered, Code, Failure, describe_io};
use crate::output::{Page, Progress, Show, count_text, size_text};
use clap::Args;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::chance::Chance;
use truebell_core::pair::{FileId, PairKey};
use truebell_corpus::Flag;
use truebell_corpus::pairs::{NotWritten, PAIRS_MAGIC, PairHeader, write_pairs};
use truebell_server::pairs::{KeyFileError, read_key};

/// Build a file of pairs from lists of address:password
///
/// Each line is a mail address, a colon, and a password with everything in it but the line's end; plain, gzip or zstd; `-` is standard input. Neither addresses nor passwords can be read out of the
/// file, and without its key not even a guess can be tested. The key is made if there is none; keep it apart from the file and from the lists.
///
/// Each pair costs a slow hash, some milliseconds on one core, and about 100 bytes of memory; with --near twice that. What is interrupted begins anew. OUT appears whole or not at all.
#[derive(Debug, Args)]
pub struct Build {
    /// The file of pairs to make
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// The key's file: read if it is there, else made, for its owner only
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Lists, or `-`
    #[arg(value_name = "LIST")]
    lists: Vec<PathBuf>,
    /// Answer about near variants as well: whoever guesses then gets there in fewer tries
    #[arg(long)]
    near: bool,
    /// A list known to be from where it says
    #[arg(long, value_name = "LIST", help_heading = "Lists of which something is known")]
    verified: Vec<PathBuf>,
    /// A list known to be made up
    #[arg(long, value_name = "LIST", help_heading = "Lists of which something is known")]
    fabricated: Vec<PathBuf>,
    /// A list withdrawn by who published it
    #[arg(long, value_name = "LIST", help_heading = "Lists of which something is known")]
    retired: Vec<PathBuf>,
    /// A collection made for sending
    #[arg(long, value_name = "LIST", help_heading = "Lists of which something is known")]
    spam_list: Vec<PathBuf>,
    /// What was read from infected machines
    #[arg(long, value_name = "LIST", help_heading = "Lists of which something is known")]
    stealer_log: Vec<PathBuf>,
    /// Pass over lines that cannot be read, and count them
    #[arg(long)]
    lenient: bool,
    /// How many cores may work [default: all]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

#[derive(Serialize)]
struct Built {
    pairs_file: PathBuf,
    key: PathBuf,
    new_key: bool,
    version: String,
    public_key: String,
    pairs: u64,
    lines: u64,
    skipped: u64,
    bytes: u64,
    bucket_bits: u8,
    bucket_entries: u32,
    near: bool,
}

impl Show for Built {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} holds {} of {} lines, version {}, {}.",
            self.pairs_file.display(),
            count_text(usize::try_from(self.pairs).unwrap_or(usize::MAX), "pair"),
            self.lines + self.skipped,
            self.version,
            size_text(self.bytes)
        ))?;
        if self.skipped > 0 {
            page.line(format_args!(
                "{} could not be read and were passed over.",
                count_text(usize::try_from(self.skipped).unwrap_or(usize::MAX), "line")
            ))?;
        }
        let made = if self.new_key { "was made; keep it apart from the file, and nobody else's eyes on it" } else { "was used again" };
        page.line(format_args!("The key {} {made}.", self.key.display()))?;
        page.line(format_args!("Public key {}", self.public_key))
    }
}

impl Build {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        replace_only(&self.out, PAIRS_MAGIC, "file of pairs")?;
        let lists = self.all_lists();
        if lists.is_empty() {
            return Err(Failure::usage("Nothing to build from: name lists of address:password, or `-` for standard input."));
        }
        let (key, new_key) = read_or_make_key(&self.key)?;
        let file = FileId::make_random(&mut SystemChance);
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
        let mut entries = Entries::new(&key, file, self.near, jobs);
        let (mut lines, mut skipped) = (0, 0);
        let total = lists.iter().filter_map(|list| std::fs::metadata(&list.path).ok()).map(|about| about.len()).sum();
        let read = Arc::new(AtomicU64::new(0));
        let bar = Progress::of_bytes(!context.out.is_quiet());
        for list in &lists {
            let mut reader = Reader::open(&list.path, self.lenient, &read)?;
            lines += entries.take_list(&mut reader, list.flag.into(), &mut || bar.stage("Hashing", read.load(Ordering::Relaxed), total))?;
            skipped += reader.skipped;
        }
        let sorted = entries.finish();
        let made_at_ms = SystemClock.now().0;
        let draft = PairHeader {
            bits: 0,
            has_near: self.near,
            id: file.0,
            public_key: *key.public().bytes(),
            pairs: sorted.pairs,
            made_at_ms,
            entries: 0,
        };
        let header = write(&self.out, &key, file, draft, &sorted.entries)?;
        drop(bar);
        context.out.answer(&Built {
            version: file.to_string(),
            public_key: key.public().to_string(),
            pairs: header.pairs,
            bytes: header.bytes(),
            bucket_bits: header.bits,
            bucket_entries: header.entries,
            near: header.has_near,
            pairs_file: self.out,
            key: self.key,
            new_key,
            lines,
            skipped,
        })
    }

    fn all_lists(&self) -> Vec<List> {
        let marked = [
            (Flag::Unmarked, &self.lists),
            (Flag::Verified, &self.verified),
            (Flag::Fabricated, &self.fabricated),
            (Flag::Retired, &self.retired),
            (Flag::SpamList, &self.spam_list),
            (Flag::StealerLog, &self.stealer_log),
        ];
        marked.into_iter().flat_map(|(flag, paths)| paths.iter().map(move |path| List { path: path.clone(), flag })).collect()
    }
}

/// The key, and whether it was made now. Before the first pair is hashed: a file whose key cannot be kept is of no use.
fn read_or_make_key(path: &Path) -> Answered<(PairKey, bool)> {
    match read_key(path) {
        Ok(key) => return Ok((key, false)),
        Err(KeyFileError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::new(Code::BadFile, format!("The key {}: {error}.", path.display()))),
    }
    let key = PairKey::make_random(&mut SystemChance);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(key.expose_text().as_bytes())?;
        file.sync_all()?;
        sync_folder(path)
    };
    write().map_err(|error| unwritable(path, &error))?;
    Ok((key, true))
}

/// Whole or not at all, and who reads the one before goes on reading it.
fn write(out: &Path, key: &PairKey, file: FileId, header: PairHeader, entries: &[(u32, [u8; 16])]) -> Answered<PairHeader> {
    let mut draft = out.to_owned().into_os_string();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let write = || -> Result<PairHeader, NotWritten> {
        let mut to = BufWriter::with_capacity(1 << 20, File::create(&draft)?);
        let mut beacon = |bucket, entries: &[u8]| key.beacon(&file, bucket, entries);
        let header = write_pairs(header, entries, &mut beacon, &mut |bytes| SystemChance.fill(bytes), &mut to)?;
        to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&draft, out)?;
        sync_folder(out)?;
        Ok(header)
    };
    write().map_err(|error| {
        drop(std::fs::remove_file(&draft));
        match error {
            NotWritten::Write(error) => unwritable(out, &error),
            error => Failure::new(Code::BadFile, format!("{error}. Nothing was built.")),
        }
    })
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::plain(format!("{} could not be written: {}.", path.display(), describe_io(error)))
}
