//! Frames on the agent's socket: one byte of kind, four bytes of length (big-endian), the payload. Never here: what is in them.

use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A question, JSON.
    Ask = 1,
    /// The answer, JSON.
    Answer = 2,
    /// Instead of an answer: a failure, JSON.
    Failure = 3,
    /// Unseen notices, or why they cannot be read, JSON, before the answer.
    Notices = 4,
    /// Bytes of a stream; an empty one ends it.
    Data = 5,
    /// How far a sync is, JSON, before the answer.
    Progress = 6,
}

/// Longest payload. Imports and exports come in parts, so only one item of the largest allowed size has to fit.
pub(super) const PAYLOAD_BYTES_MAX: u32 = 256 * 1024 * 1024;

/// Writes one frame.
pub(super) fn write(to: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    let len = u32::try_from(payload.len()).ok().filter(|len| *len <= PAYLOAD_BYTES_MAX).ok_or(io::ErrorKind::FileTooLarge)?;
    to.write_all(&[kind as u8])?;
    to.write_all(&len.to_be_bytes())?;
    to.write_all(payload)
}

/// Reads one frame; `None` where the other side has ended.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(Kind, Zeroizing<Vec<u8>>)>> {
    let mut first = [0; 1];
    if from.read(&mut first)? == 0 {
        return Ok(None);
    }
    let kind = match first {
        [1] => Kind::Ask,
        [2] => Kind::Answer,
        [3] => Kind::Failure,
        [4] => Kind::Notices,
        [5] => Kind::Data,
        [6] => Kind::Progress,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len);
    if len > PAYLOAD_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // Grows with what really comes: a length alone takes no memory.
    let mut payload = Zeroizing::new(Vec::with_capacity(len.min(1 << 20) as usize));
    from.take(u64::from(len)).read_to_end(&mut payload)?;
    if payload.len() as u64 == u64::from(len) { Ok(Some((kind, payload))) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_come_back_as_they_went(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            for kind in [Kind::Ask, Kind::Answer, Kind::Failure, Kind::Notices, Kind::Data, Kind::Progress] {
                let mut bytes = Vec::new();
                write(&mut bytes, kind, &payload).unwrap();
                let mut from = bytes.as_slice();
                prop_assert_eq!(read(&mut from).unwrap(), Some((kind, Zeroizing::new(payload.clone()))));
                prop_assert!(read(&mut from).unwrap().is_none());
                let cut = bytes.len() - 1;
                prop_assert!(read(&mut &bytes[..cut]).is_err());
            }
        }

        #[test]
        fn no_bytes_make_it_panic_or_take_memory_for_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            drop(read(&mut bytes.as_slice()));
        }
    }
}
