//! Sealed bytes as a server or a disk hands them back.

use truebell_core::ids::{ItemId, VaultId};
use truebell_core::seal::{Context, Part, SealKey, open, seal};
use truebell_core::testing::Seeded;

use crate::world::split;

/// Nothing opens but what was sealed, whole and in its place: not arbitrary bytes, and not a sealed text changed in any byte.
pub fn run(data: &[u8]) {
    let key = SealKey::from_bytes([3; 32]);
    let place = Context::item(Part::Detail, VaultId([1; 16]), ItemId([2; 16]), 3);
    assert!(open(&key, &place, data).is_err(), "bytes nobody sealed were opened");

    let (change, plain) = split(data);
    let mut sealed = seal(&key, &place, plain, &mut Seeded::new(1));
    assert_eq!(open(&key, &place, &sealed).expect("what was just sealed").as_slice(), plain);
    let elsewhere = Context::item(Part::Overview, VaultId([1; 16]), ItemId([2; 16]), 3);
    assert!(open(&key, &elsewhere, &sealed).is_err(), "a detail was opened as an overview");

    let at = (usize::from(change) * 131 + plain.len()) % sealed.len();
    sealed[at] ^= change | 1;
    assert!(open(&key, &place, &sealed).is_err(), "a sealed text changed at byte {at} was opened");
}
