//! What is exposed: the corpus of digests of exposed passwords, as `docs/formats/corpus.md` has it. Never here: files, sockets, or a password that outlives its digest.
//!
//! [`Corpus`] reads one over anything that gives [`Pages`]; [`build`] makes one out of sources, writing to whatever it is given.

pub mod build;
mod digest;
pub mod filter;
mod flags;
mod header;
pub mod inquiry;
pub mod list;
mod page;
pub mod pairs;
mod read;

pub use digest::{Digest, Kind, NotADigest};
pub use flags::{Flag, Flags, NotAFlag};
pub use header::{Column, Header};
pub use page::{PAGE_BYTES, Page};
pub use read::{Answer, Corpus, Damaged, Entry, Exposure, InOrder, Keys, Pages, Progress, Source, Sweep, Unreadable};
