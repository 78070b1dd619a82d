//! CBOR from the other side: the frames of the sync stream, and a commit as the server receives it.

use truebell_core::cbor;
use truebell_core::vault::Commit;
use truebell_core::wire::sync::take_frame;

use crate::world::split;

/// What is read is written and read again as the same; a stream ends, whatever is in it.
pub fn run(data: &[u8]) {
    let (kind, rest) = split(data);
    if kind & 1 == 0 {
        frames(rest);
    } else if let Ok(commit) = cbor::from_slice::<Commit>(rest) {
        let again: Commit = cbor::from_slice(&cbor::to_vec(&commit)).expect("our own writing is one we read");
        assert!(again == commit, "a commit changed by being written and read");
    }
}

fn frames(bytes: &[u8]) {
    let mut buffer = bytes.to_vec();
    while let Ok(Some(frame)) = take_frame(&mut buffer) {
        let mut written = frame.to_bytes();
        let again = take_frame(&mut written).expect("our own writing is one we read").expect("and a whole one");
        assert!(again == frame && written.is_empty(), "a frame changed by being written and read");
    }
}
