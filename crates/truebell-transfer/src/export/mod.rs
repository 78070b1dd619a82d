//! Writing items into files of other managers and into our own archive, each with a report of what the format cannot carry.

mod bitwarden;
mod csv;
mod flat;
mod kdbx;

use crate::archive;
use crate::import::ImportedFile;
use crate::report::LossReport;
use std::fmt;
use std::str::FromStr;
use truebell_core::chance::Chance;
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// Our own sealed archive: everything.
    Archive,
    /// KDBX 4 for KeePass, KeePassXC and others.
    Kdbx,
    /// Bitwarden's plain JSON.
    Bitwarden,
    /// A table: logins and notes.
    Csv,
}

impl Format {
    /// Every format, in the order help texts list them.
    pub const ALL: [Self; 4] = [Self::Archive, Self::Kdbx, Self::Bitwarden, Self::Csv];

    /// Its name on a command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Kdbx => "kdbx",
            Self::Bitwarden => "bitwarden",
            Self::Csv => "csv",
        }
    }

    /// The usual ending of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Archive => "truebell",
            Self::Kdbx => "kdbx",
            Self::Bitwarden => "json",
            Self::Csv => "csv",
        }
    }

    /// Whether the file is locked with a password. The others are plain text that anybody can read.
    pub fn is_sealed(self) -> bool {
        matches!(self, Self::Archive | Self::Kdbx)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.id())
    }
}

/// A name that is none of the formats.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no format of that name; choose one of archive, kdbx, bitwarden, csv")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.id().eq_ignore_ascii_case(text)).ok_or(UnknownFormat)
    }
}

/// One item to write, with the plain bytes of its files.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The item. Its `detail.attachments` are not read; `files` are.
    pub item: &'a Item,
    /// Its files.
    pub files: &'a [ImportedFile],
}

/// A written file.
pub struct Exported {
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What of the items is not in it.
    pub report: LossReport,
}

/// Why nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A sealed format without a password.
    #[error("the {0} format is sealed with a password; give one")]
    NeedsPassword(Format),
    /// The key derivation or the format could not take it.
    #[error("the items do not fit into a {0} file; export fewer at once, or free some memory")]
    TooBig(Format),
}

/// Writes items as `format`. `password` seals the sealed formats and is not used by the others.
///
/// # Errors
/// [`ExportError`]: a sealed format without a password, or more than fits.
pub fn write(
    format: Format,
    items: &[Outgoing<'_>],
    password: Option<&Secret>,
    now: UnixMillis,
    chance: &mut dyn Chance,
) -> Result<Exported, ExportError> {
    let mut report = LossReport { records: items.len(), ..LossReport::default() };
    let password = || password.filter(|password| !password.is_empty()).ok_or(ExportError::NeedsPassword(format));
    let bytes = match format {
        Format::Archive => {
            (report.items, report.files) = (items.len(), items.iter().map(|item| item.files.len()).sum());
            let parcels: Vec<_> = items.iter().map(|item| archive::Parcel { item: item.item, files: item.files }).collect();
            archive::write(&parcels, password()?, now, chance).ok_or(ExportError::TooBig(format))?
        }
        Format::Kdbx => kdbx::write(items, password()?, now, chance, &mut report).map_err(|_| ExportError::TooBig(format))?,
        Format::Bitwarden => bitwarden::write(items, chance, &mut report),
        Format::Csv => csv::write(items, &mut report),
    };
    Ok(Exported { bytes: Zeroizing::new(bytes), report })
}
