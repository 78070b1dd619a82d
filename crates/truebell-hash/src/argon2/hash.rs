//! The two ends of Argon2, on BLAKE2b: all inputs into 64 bytes (RFC 9106 section 3.2), and bytes of any length out of a block (3.3).

use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest};
use zeroize::Zeroizing;

use super::{Kind, Parameters, Refused, Version};
use crate::Try;

/// Bytes of a block.
pub(super) const BLOCK: usize = 1024;

/// H0, from which a candidate's memory is filled.
pub(super) struct Start(Zeroizing<[u8; 64]>);

impl Start {
    pub(super) fn of(parameters: &Parameters, one: &Try<'_>) -> Result<Self, Refused> {
        if one.salt.len() < 8 {
            return Err(Refused::Parameters);
        }
        let length = |bytes: usize| u32::try_from(bytes).map(u32::to_le_bytes).map_err(|_| Refused::Parameters);
        let version: u32 = match parameters.version {
            Version::V16 => 0x10,
            Version::V19 => 0x13,
        };
        let kind: u32 = match parameters.kind {
            Kind::D => 0,
            Kind::I => 1,
            Kind::Id => 2,
        };
        let hash = Blake2b512::new()
            .chain_update(parameters.lanes.to_le_bytes())
            .chain_update(length(parameters.length)?)
            .chain_update(parameters.memory_kib.to_le_bytes())
            .chain_update(parameters.passes.to_le_bytes())
            .chain_update(version.to_le_bytes())
            .chain_update(kind.to_le_bytes())
            .chain_update(length(one.password.len())?)
            .chain_update(one.password)
            .chain_update(length(one.salt.len())?)
            .chain_update(one.salt)
            // Neither secret nor associated data.
            .chain_update([0; 8]);
        Ok(Self(Zeroizing::new(hash.finalize().into())))
    }

    /// The first (0) or second (1) block of a lane.
    pub(super) fn block(&self, place: u32, lane: u32) -> Option<Zeroizing<[u8; BLOCK]>> {
        let mut out = Zeroizing::new([0; BLOCK]);
        long(&[self.0.as_slice(), &place.to_le_bytes(), &lane.to_le_bytes()], out.as_mut_slice())?;
        Some(out)
    }
}

/// H′ (section 3.3): the length first; more than 64 bytes in pieces of 32, each the digest of the one before.
pub(super) fn long(parts: &[&[u8]], out: &mut [u8]) -> Option<()> {
    let length = u32::try_from(out.len()).ok()?;
    let message = Zeroizing::new([&[length.to_le_bytes().as_slice()], parts].concat().concat());
    let mut piece = digest(out.len().min(64), &message)?;
    let mut rest = out;
    while rest.len() > 64 {
        let (now, later) = rest.split_at_mut_checked(32)?;
        now.copy_from_slice(piece.get(..32)?);
        rest = later;
        piece = digest(rest.len().min(64), piece.as_slice())?;
    }
    rest.copy_from_slice(piece.get(..rest.len())?);
    Some(())
}

/// BLAKE2b of 1 to 64 bytes, with zeros behind them.
fn digest(length: usize, message: &[u8]) -> Option<Zeroizing<[u8; 64]>> {
    let mut hash = Blake2bVarCore::new(length).ok()?;
    let mut buffer = LazyBuffer::default();
    buffer.digest_blocks(message, |blocks| hash.update_blocks(blocks));
    let mut whole = Default::default();
    hash.finalize_variable_core(&mut buffer, &mut whole);
    Some(Zeroizing::new(whole.into()))
}
