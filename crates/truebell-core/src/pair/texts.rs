//! From an address and a password to what the pseudorandom function is asked: places, stems, the slow hash. The rules are of the format and change only with it, so nothing here
//! depends on the tables of a Unicode version except the address's own form.

use crate::address::Address;
use crate::chance::{Chance, make_array};
use crate::hash::Hash32;
use crate::pair::FileId;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Most bits of an address's hash that are ever told.
pub const BITS_MAX: u8 = 20;
/// Argon2id memory in KiB, passes and lanes. A floor, a ceiling and the value: there is no other.
const MEMORY_KIB: u32 = 8 * 1024;
const PASSES: u32 = 1;
const LANES: u32 = 1;

const INPUT_LABEL: &[u8; 23] = b"truebell pairs input v1";
const INPUT_BYTES: usize = INPUT_LABEL.len() + 1 + 32;
/// Shorter stems are in many passwords by chance.
const STEM_CHARS_MIN: usize = 6;

const EXACT: u8 = 1;
const NEAR: u8 = 2;
const CANARY: u8 = 3;
const BEACON: u8 = 4;

/// Where an address is: the first 20 bits of its hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place(u32);

impl Place {
    /// Of an address, however it is spelled.
    pub fn of(address: &Address) -> Self {
        let hash = Hash32::derive_labelled("truebell pairs place v1", &[address.key().as_bytes()]);
        let [first, second, third, ..] = hash.0;
        Self(u32::from_be_bytes([0, first, second, third]) >> (24 - BITS_MAX))
    }

    /// Its bucket in a file with so many bits (at most [`BITS_MAX`]).
    pub const fn bucket(self, bits: u8) -> u32 {
        let left_out = BITS_MAX.saturating_sub(bits);
        self.0 >> left_out
    }

    /// All 20 bits, to sort by.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// What the pseudorandom function is asked about one text. Secret: it stands for the pair.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Input([u8; INPUT_BYTES]);

impl Input {
    fn of(class: u8, stretched: &[u8; 32]) -> Self {
        let mut input = [0; INPUT_BYTES];
        let parts = INPUT_LABEL.iter().chain(std::iter::once(&class)).chain(stretched);
        input.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        Self(input)
    }

    /// Made up this moment, so that nobody can have seen it.
    pub fn make_canary(chance: &mut dyn Chance) -> Self {
        Self::of(CANARY, &Zeroizing::new(make_array(chance)))
    }

    /// What vouches for a bucket, and for no other bucket of this or another file.
    pub(super) fn beacon(file: &FileId, bucket: u32) -> Self {
        Self::of(BEACON, &Hash32::derive_labelled("truebell pairs bucket v1", &[&file.0, &bucket.to_le_bytes()]).0)
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The slow hash with its memory, which is kept from one text to the next.
#[derive(Debug)]
pub struct Stretcher {
    argon: Argon2<'static>,
    memory: Vec<Block>,
}

impl Default for Stretcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Stretcher {
    /// With memory of its own, 8 MiB.
    pub fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the parameters are constants inside Argon2's limits; a test runs them")]
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).expect("valid constants");
        let memory = vec![Block::new(); params.block_count()];
        Self { argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), memory }
    }

    /// This address with this very password. Takes milliseconds, on purpose.
    pub fn exact(&mut self, address: &Address, password: &[u8]) -> Input {
        self.stretch(EXACT, address, password)
    }

    /// This address with a password of this stem, from [`derive_stem`].
    pub fn near(&mut self, address: &Address, stem: &[u8]) -> Input {
        self.stretch(NEAR, address, stem)
    }

    fn stretch(&mut self, class: u8, address: &Address, text: &[u8]) -> Input {
        let salt = Hash32::derive_labelled("truebell pairs salt v1", &[address.key().as_bytes(), &[class]]);
        let mut stretched = Zeroizing::new([0; 32]);
        #[expect(clippy::expect_used, reason = "the lengths are constants; a text of 4 GiB does not fit a line, a prompt or a vault")]
        self.argon.hash_password_into_with_memory(text, &salt.0[..16], stretched.as_mut(), &mut self.memory).expect("valid lengths");
        Input::of(class, &stretched)
    }
}

/// What a password has in common with those that a guesser tries who knows it. `None`: too little to say that two are alike.
pub fn derive_stem(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_ending = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphabetic();
    let length = password.iter().rposition(|byte| !is_ending(byte))? + 1;
    let stem: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().take(length).map(|byte| plain(byte.to_ascii_lowercase())).collect());
    let chars = stem.iter().filter(|byte| *byte & 0xc0 != 0x80).count();
    (chars >= STEM_CHARS_MIN).then_some(stem)
}

/// A look-alike as the letter it stands for.
const fn plain(byte: u8) -> u8 {
    match byte {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    }
}
