//! The KeePass database format KDBX, versions 3.1 and 4: its container (header, key derivation, ciphers, block streams) and its
//! XML. It knows nothing of Truebell's items.
//!
//! Written here rather than taken from a crate because a database is input from strangers: sizes, depths and costs are bounded,
//! broken headers are errors and not panics, white space in values survives, and randomness comes from the caller.
//! Format: <https://keepass.info/help/kb/kdbx.html>; checked against KeePassXC in `tests/keepassxc.rs`.

mod blocks;
mod header;
mod kdf;
mod key;
mod model;
mod open;
mod save;
mod stream;
#[cfg(test)]
mod tests;
mod variants;
mod xml;
mod xml_read;
mod xml_write;

pub(crate) use key::CompositeKey;
pub(crate) use model::{Binary, Database, Entry, Group, Text, Times, Uuid};
pub(crate) use open::{open, reads_document};
pub(crate) use save::{Cost, save};
pub(crate) use xml_write::is_xml;

/// Why a database was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KdbxError {
    /// Broken at a place, for a reason.
    Damaged(&'static str, String),
    /// Not this version.
    Version(String),
    /// Neither password nor key file was given.
    NoKey,
    /// The key does not open it.
    WrongKey,
    /// Its key derivation asks for too much.
    TooCostly,
    /// It unpacks to too much.
    TooBig,
}

impl KdbxError {
    fn damaged(place: &'static str, reason: impl Into<String>) -> Self {
        Self::Damaged(place, reason.into())
    }
}

/// Reads numbers and slices off the front of bytes; running out is an error value.
struct Bytes<'a> {
    rest: &'a [u8],
    place: &'static str,
}

impl<'a> Bytes<'a> {
    fn new(rest: &'a [u8], place: &'static str) -> Self {
        Self { rest, place }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], KdbxError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| KdbxError::damaged(self.place, "it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KdbxError> {
        let place = self.place;
        self.take(N)?.try_into().map_err(|_| KdbxError::damaged(place, "it ends too early"))
    }

    fn byte(&mut self) -> Result<u8, KdbxError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16, KdbxError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, KdbxError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A 32-bit length and that many bytes.
    fn long(&mut self) -> Result<&'a [u8], KdbxError> {
        let count = self.u32()?;
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }
}
