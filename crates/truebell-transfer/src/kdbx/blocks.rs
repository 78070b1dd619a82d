//! The two block streams: version 3 hashes its blocks inside the encryption, version 4 authenticates them outside of it.

use super::{Bytes, KdbxError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

const PLACE: &str = "its data";

/// Version 3: number, SHA-256, size, data; a block of size zero ends the stream.
pub(super) fn read_hashed(stream: &[u8]) -> Result<Zeroizing<Vec<u8>>, KdbxError> {
    let mut bytes = Bytes::new(stream, PLACE);
    let mut out = Zeroizing::new(Vec::with_capacity(stream.len()));
    loop {
        let number = bytes.u32()?;
        let hash: [u8; 32] = bytes.array()?;
        let block = bytes.long()?;
        if block.is_empty() {
            return Ok(out);
        }
        if Sha256::digest(block).as_slice() != hash {
            return Err(KdbxError::damaged(PLACE, format!("block {number} is not what was written")));
        }
        out.extend_from_slice(block);
    }
}

/// Version 4: HMAC-SHA-256, size, data.
pub(super) fn read_authentic(stream: &[u8], key: &HmacKey) -> Result<Vec<u8>, KdbxError> {
    let mut bytes = Bytes::new(stream, PLACE);
    let mut out = Vec::with_capacity(stream.len());
    for number in 0u64.. {
        let tag: [u8; 32] = bytes.array()?;
        let block = bytes.long()?;
        if !key.is_authentic(number, block, &tag) {
            return Err(KdbxError::damaged(PLACE, format!("block {number} is not what was written")));
        }
        if block.is_empty() {
            break;
        }
        out.extend_from_slice(block);
    }
    Ok(out)
}

/// Splits data into blocks of one MiB, each with its tag, and an empty one at the end.
pub(super) fn write_authentic(data: &[u8], key: &HmacKey) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 256);
    let end: &[u8] = &[];
    for (number, block) in (0u64..).zip(data.chunks(1 << 20).chain([end])) {
        out.extend(key.tag_block(number, block));
        out.extend(u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(block);
    }
    out
}

/// The key that block and header keys come from.
pub(super) struct HmacKey(Zeroizing<[u8; 64]>);

impl HmacKey {
    pub(super) fn derive(master_seed: &[u8], transformed: &[u8; 32]) -> Self {
        let digest = Sha512::new().chain_update(master_seed).chain_update(transformed).chain_update([1]);
        Self(Zeroizing::new(digest.finalize().into()))
    }

    fn mac(&self, number: u64) -> Option<Hmac<Sha256>> {
        let key: Zeroizing<[u8; 64]> =
            Zeroizing::new(Sha512::new().chain_update(number.to_le_bytes()).chain_update(*self.0).finalize().into());
        Hmac::new_from_slice(key.as_slice()).ok()
    }

    fn block_mac(&self, number: u64, block: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = self.mac(number)?;
        mac.update(&number.to_le_bytes());
        mac.update(&u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
        mac.update(block);
        Some(mac)
    }

    fn is_authentic(&self, number: u64, block: &[u8], tag: &[u8; 32]) -> bool {
        self.block_mac(number, block).is_some_and(|mac| mac.verify_slice(tag).is_ok())
    }

    fn tag_block(&self, number: u64, block: &[u8]) -> [u8; 32] {
        self.block_mac(number, block).map_or([0; 32], |mac| mac.finalize().into_bytes().into())
    }

    pub(super) fn opens_header(&self, header: &[u8], tag: &[u8; 32]) -> bool {
        let Some(mut mac) = self.mac(u64::MAX) else { return false };
        mac.update(header);
        mac.verify_slice(tag).is_ok()
    }

    pub(super) fn tag_header(&self, header: &[u8]) -> [u8; 32] {
        let Some(mut mac) = self.mac(u64::MAX) else { return [0; 32] };
        mac.update(header);
        mac.finalize().into_bytes().into()
    }
}
