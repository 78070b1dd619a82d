//! Other password managers' files: reading them into items, writing items into them, and saying each time what was not carried.
//!
//! Bytes in, items out. Never here: a file, a socket, a clock, ambient randomness. Whoever calls opens the file, tells the time
//! and brings the chance.
//!
//! * [`import::detect`] and [`import::read`] turn the bytes of an export into [`import::Imported`].
//! * [`export::write`] turns items into the bytes of a file.
//! * Both hand back a [`report::LossReport`]. Nothing is lost without a line in it.

pub mod export;
pub mod import;
pub mod report;

mod archive;
mod dates;
mod draft;
mod kdbx;
mod limits;
mod names;
mod otp;
mod passkey;

/// For fuzzing only: the parser of a KeePass database's inner document, which lies behind a password and a key derivation.
#[doc(hidden)]
pub fn fuzz_keepass_document(bytes: &[u8]) -> bool {
    kdbx::reads_document(bytes)
}
