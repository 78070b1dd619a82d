//! `OUT.building`: what is done so far, for one plan and one process at a time.

use super::source::{Content, Opened};
use super::{Begun, Wanted, unwritable};
use crate::exit::{Answered, Failure};
use rustix::fs::{FlockOperation, flock};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use truebell_corpus::Kind;

/// What is built from what: a folder with another plan is not gone on with.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    hash: String,
    index_only: bool,
    lenient: bool,
    sources: Vec<PlannedSource>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PlannedSource {
    path: PathBuf,
    flag: String,
    form: String,
    bytes: u64,
    changed_ms: u64,
}

impl Plan {
    pub(super) fn of(wanted: &Wanted, sources: &[Opened], kind: Kind) -> Self {
        let planned = |source: &Opened| PlannedSource {
            path: source.path.clone(),
            flag: source.flag.name().to_owned(),
            form: match source.content {
                Content::Lines(form) => format!("{form:?}"),
                Content::Ranges => "ranges".to_owned(),
                Content::Corpus => "corpus".to_owned(),
            },
            bytes: source.bytes,
            changed_ms: source.changed_ms,
        };
        Self {
            hash: kind.name().to_owned(),
            index_only: wanted.index_only,
            lenient: wanted.lenient,
            sources: sources.iter().map(planned).collect(),
        }
    }
}

/// The folder, held by this process.
pub(super) struct Folder {
    path: PathBuf,
    pub(super) begun: Begun,
    _lock: File,
}

/// Unfinished work of less than this is done again within minutes: it stands in nobody's way. More may be hours, and is given up only by who says so.
const PRECIOUS_BYTES: u64 = 4 << 30;

const LOCK: &str = "lock";
const PLAN: &str = "plan";
/// The corpus until it gets its name.
pub(super) const WHOLE: &str = "whole";

impl Folder {
    /// Takes the folder beside `out`: new, or with what the same plan left there.
    pub(super) fn enter(out: &Path, plan: &Plan, restart: bool) -> Answered<Self> {
        let mut name =
            out.file_name().map(ToOwned::to_owned).ok_or_else(|| Failure::usage(format!("{} is no name for a file.", out.display())))?;
        name.push(".building");
        let path = out.with_file_name(name);
        let failed = |error: &io::Error| unwritable(&path, error);
        std::fs::create_dir_all(&path).map_err(|error| failed(&error))?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(|error| failed(&error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Failure::plain(format!("{} is being built by another process.", out.display())));
        }
        let mut folder = Self { path: path.clone(), begun: Begun::New, _lock: lock };
        let has_stdin = plan.sources.iter().any(|source| source.path == Path::new("-"));
        if restart || has_stdin {
            folder.empty().map_err(|error| failed(&error))?;
        }
        let before = folder.load::<Plan>(PLAN)?;
        if before.as_ref() == Some(plan) {
            folder.begun = Begun::GoneOn;
            return Ok(folder);
        }
        if before.is_some() {
            if folder.bytes().map_err(|error| failed(&error))? >= PRECIOUS_BYTES {
                return Err(Failure::plain(format!(
                    "{} holds much unfinished work of another build: from other sources, or they changed. Finish that one, or begin anew with --restart.",
                    path.display()
                )));
            }
            folder.empty().map_err(|error| failed(&error))?;
            folder.begun = Begun::Anew;
        }
        folder.keep(PLAN, plan)?;
        Ok(folder)
    }

    /// How much work lies there.
    fn bytes(&self) -> io::Result<u64> {
        std::fs::read_dir(&self.path)?.map(|file| Ok(file?.metadata()?.len())).sum()
    }

    fn empty(&self) -> io::Result<()> {
        for file in std::fs::read_dir(&self.path)? {
            let file = file?;
            if file.file_name() != LOCK {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads what was kept under a name.
    pub(super) fn load<T: DeserializeOwned>(&self, name: &str) -> Answered<Option<T>> {
        let path = self.file(name);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|_| Failure::plain(format!("{} is damaged: begin anew with --restart.", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::io(format_args!("{} could not be read", path.display()), &error)),
        }
    }

    /// Keeps something under a name, whole or not at all, on the disk when this returns.
    pub(super) fn keep(&self, name: &str, what: &impl Serialize) -> Answered {
        let draft = self.file(&format!("{name}.new"));
        let keep = || -> io::Result<()> {
            let mut file = File::create(&draft)?;
            file.write_all(&serde_json::to_vec(what)?)?;
            file.sync_all()?;
            std::fs::rename(&draft, self.file(name))?;
            File::open(&self.path)?.sync_all()
        };
        keep().map_err(|error| unwritable(&self.path, &error))
    }

    /// Gives the whole corpus its name, and goes.
    pub(super) fn finish(self, out: &Path) -> Answered {
        let finish = || -> io::Result<()> {
            std::fs::rename(self.file(WHOLE), out)?;
            let beside = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(beside)?.sync_all()?;
            std::fs::remove_dir_all(&self.path)
        };
        finish().map_err(|error| unwritable(out, &error))
    }
}

/// Reads `512MiB`, `2GiB`, `1000000`.
pub(in crate::cmd::corpus) fn parse_memory(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, usize); 6] =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)];
    let (digits, unit) = UNITS.iter().find_map(|(name, unit)| text.strip_suffix(name).map(|digits| (digits, *unit))).unwrap_or((text, 1));
    let bytes = digits.trim().parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes >= 1 << 20).ok_or_else(|| "write a size of at least 1MiB, as 512MiB or 4GiB".to_owned())
}
