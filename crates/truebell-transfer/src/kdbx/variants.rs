//! KDBX 4's "variant dictionary": typed values by name, used for key derivation settings.

use super::{Bytes, KdbxError};
use std::collections::BTreeMap;

const PLACE: &str = "its key derivation settings";

/// Values by name, as little-endian bytes.
#[derive(Debug, Default)]
pub(super) struct Variants(BTreeMap<Vec<u8>, (u8, Vec<u8>)>);

const U32: u8 = 0x04;
const U64: u8 = 0x05;
const BYTES: u8 = 0x42;

impl Variants {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, KdbxError> {
        let mut bytes = Bytes::new(bytes, PLACE);
        if bytes.u16()? >> 8 != 1 {
            return Err(KdbxError::damaged(PLACE, "they have an unknown version"));
        }
        let mut values = BTreeMap::new();
        loop {
            let kind = bytes.byte()?;
            if kind == 0 {
                return Ok(Self(values));
            }
            let name = bytes.long()?.to_vec();
            values.insert(name, (kind, bytes.long()?.to_vec()));
        }
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&[u8], KdbxError> {
        match self.0.get(name.as_bytes()) {
            Some((BYTES, value)) => Ok(value),
            _ => Err(KdbxError::damaged(PLACE, format!("\"{name}\" is missing"))),
        }
    }

    /// A whole number of either width.
    pub(super) fn number(&self, name: &str) -> Result<u64, KdbxError> {
        let value = self.0.get(name.as_bytes()).filter(|(kind, _)| [U32, U64].contains(kind));
        let value = value.and_then(|(_, value)| match value.len() {
            4 => value.as_slice().try_into().ok().map(|four| u64::from(u32::from_le_bytes(four))),
            _ => value.as_slice().try_into().ok().map(u64::from_le_bytes),
        });
        value.ok_or_else(|| KdbxError::damaged(PLACE, format!("\"{name}\" is missing")))
    }

    pub(super) fn set_u32(&mut self, name: &str, value: u32) {
        self.0.insert(name.as_bytes().to_vec(), (U32, value.to_le_bytes().to_vec()));
    }

    pub(super) fn set_u64(&mut self, name: &str, value: u64) {
        self.0.insert(name.as_bytes().to_vec(), (U64, value.to_le_bytes().to_vec()));
    }

    pub(super) fn set_bytes(&mut self, name: &str, value: &[u8]) {
        self.0.insert(name.as_bytes().to_vec(), (BYTES, value.to_vec()));
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = vec![0x00, 0x01];
        for (name, (kind, value)) in &self.0 {
            out.push(*kind);
            for part in [name, value] {
                out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
                out.extend(part);
            }
        }
        out.push(0);
        out
    }
}
