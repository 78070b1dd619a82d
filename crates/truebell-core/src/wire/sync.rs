//! `POST /v1/sync`: what is new since. The answer is a stream of frames (`application/vnd.truebell.sync`): each a 32-bit
//! big-endian length and that many bytes of CBOR. The last is [`Frame::End`]; a stream without it was cut and none of it counts.
//!
//! The reply's head tells where the account stands; frames are proven by what they carry (events by signatures and chain, the
//! record by the server's signature, revisions by the vault's signed head), so the stream needs no digest of its own. Nothing new is an end and nothing else.

use super::account::SignedRecord;
use super::vault::VaultInfo;
use crate::ids::VaultId;
use crate::vault::{Revision, SignedVaultHead};
use minicbor::{Decode, Encode};

/// The media type of the stream.
pub const MEDIA_TYPE: &str = "application/vnd.truebell.sync";
/// Longest frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 24 << 20;

/// What the client has. Sent as CBOR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Have {
    /// The last event's place in the chain.
    #[n(0)]
    pub events: u64,
    /// The account record's number; 0 for none.
    #[n(1)]
    pub record: u64,
    /// Each vault's sequence; a vault not named is sent whole.
    #[n(2)]
    pub vaults: Vec<HaveVault>,
}

/// How much of a vault the client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct HaveVault {
    /// Which.
    #[n(0)]
    pub vault: VaultId,
    /// Its sequence.
    #[n(1)]
    pub seq: u64,
}

/// One frame. In this order: events, record, then for each vault that moved its info (if not named), its revisions, its head; then the end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Frame {
    /// The next event of the chain: a SET.
    #[n(0)]
    Event(#[n(0)] String),
    /// The account's record.
    #[n(1)]
    Record(#[n(0)] SignedRecord),
    /// A vault the client did not name.
    #[n(2)]
    Vault(#[n(0)] VaultInfo),
    /// Revisions of a vault, oldest commit first; many frames for a large vault.
    #[n(3)]
    Revisions(#[n(0)] VaultId, #[n(1)] Vec<Revision>),
    /// The vault's head after all revisions sent.
    #[n(4)]
    Head(#[n(0)] VaultId, #[n(1)] SignedVaultHead),
    /// The end.
    #[n(5)]
    End,
}

impl Frame {
    /// The frame with its length in front.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes);
        bytes
    }

    /// Appends the same to `out`, without a copy in between.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        let written = minicbor::encode(self, &mut *out);
        debug_assert!(written.is_ok(), "writing to memory does not fail");
        let len = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(start..start + 4) {
            place.copy_from_slice(&len.to_be_bytes());
        }
    }
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// A length beyond any frame's.
    #[error("the sync stream names a frame of {0} bytes")]
    TooLong(usize),
    /// Not CBOR of a frame.
    #[error("the sync stream holds something that is not a frame")]
    Malformed,
}

/// Takes the first whole frame off `buffer`; `None` means more bytes are needed.
pub fn take_frame(buffer: &mut Vec<u8>) -> Result<Option<Frame>, BadFrame> {
    let Some(len) = buffer.first_chunk::<4>().map(|len| u32::from_be_bytes(*len) as usize) else { return Ok(None) };
    if len > FRAME_BYTES_MAX {
        return Err(BadFrame::TooLong(len));
    }
    let Some(body) = buffer.get(4..4 + len) else { return Ok(None) };
    let frame = crate::cbor::from_slice(body).map_err(|_| BadFrame::Malformed)?;
    buffer.drain(..4 + len);
    Ok(Some(frame))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_come_out_as_they_went_in_however_the_bytes_arrive() {
        let frames = [Frame::Event("set".into()), Frame::Revisions(VaultId([1; 16]), vec![]), Frame::End];
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::to_bytes).collect();
        let (mut buffer, mut read) = (Vec::new(), Vec::new());
        for byte in bytes {
            buffer.push(byte);
            read.extend(take_frame(&mut buffer).unwrap());
        }
        assert_eq!((read.as_slice(), buffer.len()), (frames.as_slice(), 0));
    }

    #[test]
    fn a_length_beyond_any_frame_is_refused_before_it_is_waited_for() {
        assert_eq!(take_frame(&mut vec![255, 255, 255, 255]), Err(BadFrame::TooLong(0xffff_ffff)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_reader(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            while let Ok(Some(_)) = take_frame(&mut bytes) {}
        }
    }
}
