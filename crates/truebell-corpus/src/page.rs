//! One page: its payload, and the sum that says it is whole and in its place.

use crate::header::Column;

/// Bytes of a page, its sum included.
pub const PAGE_BYTES: usize = 4096;
/// Bytes of a page that hold values.
pub(crate) const PAYLOAD_BYTES: usize = PAGE_BYTES - 4;
/// Bits of a page that hold values.
pub(crate) const PAYLOAD_BITS: usize = PAYLOAD_BYTES * 8;

/// A value of so many bits is whole in the eight bytes from the one it begins in.
const WORD_BITS: usize = 57;

/// A page as it lies in the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Page(pub [u8; PAGE_BYTES]);

impl Default for Page {
    fn default() -> Self {
        Self([0; PAGE_BYTES])
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Page(…)")
    }
}

impl Page {
    /// Its values.
    pub(crate) fn payload(&self) -> &[u8; PAYLOAD_BYTES] {
        let (payload, _) = self.0.split_first_chunk().unwrap_or((&[0; PAYLOAD_BYTES], &[]));
        payload
    }

    pub(crate) fn payload_mut(&mut self) -> &mut [u8] {
        self.0.get_mut(..PAYLOAD_BYTES).unwrap_or_default()
    }

    fn derive_sum(&self, column: Column, number: u64) -> [u8; 4] {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&[column.code()]);
        sum.update(&number.to_le_bytes());
        sum.update(self.payload());
        sum.finalize().to_le_bytes()
    }

    /// Writes its sum, as page `number` of `column`.
    pub(crate) fn close(&mut self, column: Column, number: u64) {
        let sum = self.derive_sum(column, number);
        if let Some((_, end)) = self.0.split_last_chunk_mut() {
            *end = sum;
        }
    }

    /// Whether it is page `number` of `column`, every bit of it as it was written.
    pub(crate) fn is_whole(&self, column: Column, number: u64) -> bool {
        self.0.last_chunk() == Some(&self.derive_sum(column, number))
    }

    /// The `index`th value of `width` bits (at most 64) among values of that width. 0 beyond the page.
    pub(crate) fn bits(&self, index: usize, width: usize) -> u64 {
        let first = index * width;
        let Some(bytes) = self.0.get(first / 8..) else { return 0 };
        if let Some(bytes) = bytes.first_chunk().filter(|_| width <= WORD_BITS) {
            return u64::from_le_bytes(*bytes) >> (first % 8) & ((1 << width) - 1);
        }
        // A value of 64 bits that begins within a byte ends in the ninth.
        let value = match bytes.first_chunk() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte)),
        };
        #[expect(clippy::cast_possible_truncation, reason = "masked to at most 64 bits")]
        let value = (value >> (first % 8) & ((1 << width) - 1)) as u64;
        value
    }

    /// The `index`th value of `width` bytes (at most 8) among values of that width. 0 beyond the page.
    pub(crate) fn bytes(&self, index: usize, width: usize) -> u64 {
        self.slice(index, width).iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// The `index`th value of `width` bytes, as they are. Empty beyond the page.
    pub(crate) fn slice(&self, index: usize, width: usize) -> &[u8] {
        self.payload().get(index * width..(index + 1) * width).unwrap_or_default()
    }

    /// Writes the `index`th value of `width` bits into a page that has zero there.
    pub(crate) fn put_bits(&mut self, index: usize, width: usize, value: u64) {
        let first = index * width;
        if width <= WORD_BITS
            && let Some(bytes) = self.0.get_mut(first / 8..).and_then(<[u8]>::first_chunk_mut)
        {
            *bytes = (u64::from_le_bytes(*bytes) | value << (first % 8)).to_le_bytes();
            return;
        }
        let shifted = u128::from(value) << (first % 8);
        let Some(bytes) = self.0.get_mut(first / 8..) else { return };
        // Beyond the value there are zeros, which change nothing, not even the sum's place.
        if let Some(bytes) = bytes.first_chunk_mut() {
            *bytes = (u128::from_le_bytes(*bytes) | shifted).to_le_bytes();
        } else {
            bytes.iter_mut().zip(shifted.to_le_bytes()).for_each(|(to, from)| *to |= from);
        }
    }

    /// Writes the `index`th of values that have the lengths of tails: known while compiling, so that each is two moves and no call.
    pub(crate) fn put_tail(&mut self, index: usize, value: &[u8]) {
        match (value.as_array::<12>(), value.as_array::<8>()) {
            (Some(value), _) => self.put_slice(index, value),
            (_, Some(value)) => self.put_slice(index, value),
            _ => self.put_slice(index, value),
        }
    }

    /// Writes the `index`th value of as many bytes as there are.
    #[inline]
    pub(crate) fn put_slice(&mut self, index: usize, value: &[u8]) {
        let width = value.len();
        if let Some(to) = self.payload_mut().get_mut(index * width..(index + 1) * width) {
            to.copy_from_slice(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_got(width in 1_usize..=64, values in proptest::collection::vec(any::<u64>(), 1..600)) {
            let values: Vec<u64> =
                values.into_iter().map(|value| value & (u64::MAX >> (64 - width))).take(PAYLOAD_BITS / width).collect();
            let mut page = Page::default();
            for (index, value) in values.iter().enumerate() {
                page.put_bits(index, width, *value);
            }
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(page.bits(index, width), *value);
            }
        }
    }

    #[test]
    fn the_last_value_of_a_page_is_not_mixed_with_its_sum() {
        for width in [44, 63, 64, 5, 6] {
            let last = PAYLOAD_BITS / width - 1;
            let mut page = Page::default();
            page.put_bits(last, width, 1 << (width - 1));
            page.close(Column::Heads, 7);
            assert_eq!(page.bits(last, width), 1 << (width - 1));
            assert!(page.is_whole(Column::Heads, 7));
        }
    }

    #[test]
    fn a_page_is_whole_only_in_its_place_and_with_every_bit() {
        let mut page = Page::default();
        page.put_slice(3, &[1, 2, 3, 4, 5]);
        page.close(Column::Buckets, 9);
        assert!(page.is_whole(Column::Buckets, 9));
        assert!(!page.is_whole(Column::Buckets, 8));
        assert!(!page.is_whole(Column::Heads, 9));
        for bit in 0..PAGE_BYTES * 8 {
            page.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!page.is_whole(Column::Buckets, 9), "bit {bit}");
            page.0[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
