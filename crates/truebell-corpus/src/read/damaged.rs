//! Why a corpus gives no answer. None of these says anything about a password.

use crate::header::{Column, NotAHeader};

/// The bytes could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the corpus cannot be read: {0}")]
pub struct Unreadable(#[from] pub std::io::Error);

/// The bytes are not those of a corpus that can be believed.
#[derive(Debug, thiserror::Error)]
pub enum Damaged {
    /// Something else.
    #[error("this is not a corpus; truebell corpus build makes one from lists")]
    NotACorpus,
    /// Of another time.
    #[error("this corpus is of format {0}, and this program reads format 1; build it again, or use the program that made it")]
    Version(u16),
    /// Cut off, or with something behind it.
    #[error("this corpus has {has} bytes and must have {needs}; it was not copied whole, so copy or build it again")]
    Length {
        /// Bytes of the file.
        has: u64,
        /// Bytes by its header.
        needs: u64,
    },
    /// A page is not as it was written.
    #[error("page {at} of the corpus ({}) is damaged on its disk or was changed; copy or build it again", .column.name())]
    Page {
        /// Whose page.
        column: Column,
        /// Where in the file, in pages.
        at: u64,
    },
    /// The pages are whole, and what they say contradicts itself.
    #[error("the corpus contradicts itself ({}); whoever built it did it wrongly, so build it again", .0.name())]
    Content(Column),
    /// Each page is whole, and together they are not what was sealed.
    #[error("the corpus is not the one that was sealed; copy or build it again")]
    Seal,
    /// Counts or whole digests were asked of a corpus for checking only.
    #[error("this corpus is for checking only and has neither whole digests nor counts; build it without --index-only")]
    IndexOnly,
    /// See [`Unreadable`].
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl From<NotAHeader> for Damaged {
    fn from(error: NotAHeader) -> Self {
        match error {
            NotAHeader::Magic => Self::NotACorpus,
            NotAHeader::Version(version) => Self::Version(version),
            NotAHeader::Sum => Self::Page { column: Column::Header, at: 0 },
            NotAHeader::Value => Self::Content(Column::Header),
        }
    }
}
