//! scrypt from RFC 7914, on `ring`'s PBKDF2: sections 3 (Salsa20/8), 4 (scryptBlockMix), 5 (scryptROMix) and 6.

use zeroize::{Zeroize, Zeroizing};

use super::super::kdf::Hash;
use super::{Bytes, pbkdf2_of};

/// Words of a Salsa20 block.
const WORDS: usize = 16;

type Block = [u32; WORDS];

/// `None` when the machine has not the memory.
pub(super) fn scrypt(password: &[u8], salt: &[u8], log_n: u8, r: u32, p: u32, length: usize) -> Option<Bytes> {
    let (n, lane) = (1_usize.checked_shl(u32::from(log_n))?, usize::try_from(r).ok()?.checked_mul(128)?);
    let lanes = lane.checked_mul(usize::try_from(p).ok()?)?;
    let mut mixed = pbkdf2_of(Hash::Sha256, password, salt, 1, lanes)?;
    for bytes in mixed.chunks_exact_mut(lane) {
        let mut blocks = read(bytes);
        blocks = ro_mix(blocks, n)?;
        write(&blocks, bytes);
        blocks.zeroize();
    }
    pbkdf2_of(Hash::Sha256, password, &mixed, 1, length)
}

fn read(bytes: &[u8]) -> Vec<Block> {
    let words = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect::<Vec<_>>();
    words.as_chunks::<WORDS>().0.to_vec()
}

fn write(blocks: &[Block], bytes: &mut [u8]) {
    for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(blocks.as_flattened()) {
        *place = word.to_le_bytes();
    }
}

/// Section 5.
fn ro_mix(mut x: Vec<Block>, n: usize) -> Option<Vec<Block>> {
    let mut table: Zeroizing<Vec<Block>> = Zeroizing::new(Vec::new());
    table.try_reserve_exact(n.checked_mul(x.len())?).ok()?;
    for _ in 0..n {
        table.extend_from_slice(&x);
        x = block_mix(&x);
    }
    let width = x.len();
    for _ in 0..n {
        let at = integerify(&x) & (n - 1);
        let kept = table.get(at * width..(at + 1) * width)?;
        for (word, other) in x.as_flattened_mut().iter_mut().zip(kept.as_flattened()) {
            *word ^= other;
        }
        x = block_mix(&x);
    }
    Some(x)
}

/// The last block's first words; no table here is longer than 32 bits count.
fn integerify(x: &[Block]) -> usize {
    let [low, ..] = x.last().copied().unwrap_or_default();
    usize::try_from(low).unwrap_or_default()
}

/// Section 4: even blocks first, odd ones behind them.
fn block_mix(blocks: &[Block]) -> Vec<Block> {
    let mut x = blocks.last().copied().unwrap_or_default();
    let (mut even, mut odd) = (Vec::with_capacity(blocks.len()), Vec::with_capacity(blocks.len() / 2));
    for (at, block) in blocks.iter().enumerate() {
        for (word, other) in x.iter_mut().zip(block) {
            *word ^= other;
        }
        x = salsa20_8(x);
        if at % 2 == 0 { even.push(x) } else { odd.push(x) }
    }
    even.append(&mut odd);
    even
}

/// Section 3.
#[expect(clippy::indexing_slicing, reason = "the places are constants below sixteen")]
fn salsa20_8(block: Block) -> Block {
    const QUARTERS: [[usize; 4]; 8] = [
        [0, 4, 8, 12],
        [5, 9, 13, 1],
        [10, 14, 2, 6],
        [15, 3, 7, 11], // columns
        [0, 1, 2, 3],
        [5, 6, 7, 4],
        [10, 11, 8, 9],
        [15, 12, 13, 14], // rows
    ];
    let mut x = block;
    for _ in 0..4 {
        for [a, b, c, d] in QUARTERS {
            x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
            x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
            x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
            x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
        }
    }
    for (word, start) in x.iter_mut().zip(block) {
        *word = word.wrapping_add(start);
    }
    x
}
