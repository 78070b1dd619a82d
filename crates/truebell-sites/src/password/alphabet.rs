//! The alphabets that digests are written in. Strict: text that an encoder would not have written is not read, because the site that
//! compares texts would not accept it either.

/// RFC 4648, table 1.
pub(super) const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Passlib's `ab64`: `.` where the standard has `+`.
pub(super) const ADAPTED: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./";
/// bcrypt's own order.
pub(super) const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// The order of `crypt(3)`.
pub(super) const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What the bits that fill the last letter may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// Zero, as every encoder writes them.
    Zero,
    /// Anything: for salts, whose readers never look, and for digests that were cut.
    Any,
}

fn value(letter: u8, alphabet: &[u8; 64]) -> Option<u32> {
    alphabet.iter().position(|known| *known == letter).and_then(|at| u32::try_from(at).ok())
}

/// Reads letters whose first carries the highest bits, without padding.
pub(super) fn decode(text: &str, alphabet: &[u8; 64], filling: Filling) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut count) = (Vec::with_capacity(text.len()), 0_u32, 0_u32);
    for letter in text.bytes() {
        held = held << 6 | value(letter, alphabet)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(held >> count & 0xff).ok()?);
            held &= (1 << count) - 1;
        }
    }
    // Six bits left over are a letter that belongs to no byte.
    (count < 6 && (held == 0 || filling == Filling::Any)).then_some(bytes)
}

/// The reverse of [`decode`]: the bits that fill the last letter are zero.
pub(super) fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    written(
        bytes,
        alphabet,
        |chunk| chunk.iter().chain(&[0, 0, 0]).take(3).fold(0, |held, byte| held << 8 | u32::from(*byte)),
        [18, 12, 6, 0],
    )
}

/// The reverse of [`decode_low_first`].
pub(super) fn encode_low_first(bytes: &[u8]) -> String {
    written(bytes, CRYPT, |chunk| chunk.iter().rev().fold(0, |held, byte| held << 8 | u32::from(*byte)), [0, 6, 12, 18])
}

/// Three bytes in four letters; `hold` makes one number of them, from which the letters are taken by `shifts`.
fn written(bytes: &[u8], alphabet: &[u8; 64], hold: fn(&[u8]) -> u32, shifts: [u32; 4]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let held = hold(chunk);
        let letters = shifts.into_iter().take(chunk.len() + 1);
        text.extend(letters.filter_map(|shift| alphabet.get((held >> shift & 63) as usize)).map(|letter| char::from(*letter)));
    }
    text
}

/// The standard alphabet with its padding, as RFC 4648 demands it.
pub(super) fn decode_padded(text: &str) -> Option<Vec<u8>> {
    data_encoding::BASE64.decode(text.as_bytes()).ok()
}

/// Reads `crypt(3)` letters whose first carries the lowest bits, three bytes in four letters, as phpass writes them.
pub(super) fn decode_low_first(text: &str, filling: Filling) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut count) = (Vec::with_capacity(text.len()), 0_u32, 0_u32);
    for letter in text.bytes() {
        held |= value(letter, CRYPT)? << count;
        count += 6;
        if count >= 8 {
            bytes.push(u8::try_from(held & 0xff).ok()?);
            held >>= 8;
            count -= 8;
        }
    }
    (count < 6 && (held == 0 || filling == Filling::Any)).then_some(bytes)
}

/// Reads a digest that `crypt(3)` wrote in a shuffled order: `order` names, for each byte in the order of writing, its place in the
/// digest; each three are one group, lowest bits first, the last of them in the lowest.
pub(super) fn decode_shuffled(text: &str, order: &[usize]) -> Option<Vec<u8>> {
    let mut digest = vec![0; order.len()];
    let mut letters = text.bytes();
    for group in order.chunks(3) {
        let mut held = 0_u32;
        let width = group.len() * 8;
        for place in 0..width.div_ceil(6) {
            held |= value(letters.next()?, CRYPT)? << (6 * place);
        }
        if held >> width != 0 {
            return None;
        }
        for (at, place) in group.iter().rev().enumerate() {
            *digest.get_mut(*place)? = u8::try_from(held >> (8 * at) & 0xff).ok()?;
        }
    }
    letters.next().is_none().then_some(digest)
}

/// The letter's value in the order of `crypt(3)`, where one letter is a number.
pub(super) fn crypt_value(letter: u8) -> Option<u32> {
    value(letter, CRYPT)
}

/// The order in which md5-crypt writes its sixteen bytes.
pub(super) const MD5_ORDER: [usize; 16] = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];

/// The order in which sha256-crypt writes its bytes: groups of three, each turned against the one before.
pub(super) fn sha256_order() -> Vec<usize> {
    let groups = (0..10).map(|group| turn([group, group + 10, group + 20], 3 - group % 3));
    groups.flatten().chain([31, 30]).collect()
}

/// The order in which sha512-crypt writes its bytes.
pub(super) fn sha512_order() -> Vec<usize> {
    (0..21).map(|group| turn([group, group + 21, group + 42], group % 3)).flat_map(<[usize; 3]>::into_iter).chain([63]).collect()
}

fn turn(mut group: [usize; 3], by: usize) -> [usize; 3] {
    group.rotate_left(by % 3);
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_are_those_of_the_specification() {
        // Drepper, step 22: the first and the last groups of each.
        let short = sha256_order();
        assert_eq!(short[..12], [0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23]);
        assert_eq!(short[24..], [18, 28, 8, 9, 19, 29, 31, 30]);
        let long = sha512_order();
        assert_eq!(long[..12], [0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45]);
        assert_eq!(long[57..], [40, 61, 19, 62, 20, 41, 63]);
        for order in [short, long, MD5_ORDER.to_vec()] {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..order.len()).collect::<Vec<_>>(), "each byte is written once");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(89).wrapping_add(length)).collect();
            for letters in [STANDARD, ADAPTED, BCRYPT] {
                assert_eq!(decode(&encode(&bytes, letters), letters, Filling::Zero).as_ref(), Some(&bytes));
            }
            assert_eq!(encode(&bytes, STANDARD), data_encoding::BASE64_NOPAD.encode(&bytes));
            assert_eq!(decode_low_first(&encode_low_first(&bytes), Filling::Zero).as_ref(), Some(&bytes));
        }
    }

    #[test]
    fn what_no_encoder_writes_is_not_read() {
        assert_eq!(decode("YQ", STANDARD, Filling::Zero).as_deref(), Some(&b"a"[..]));
        assert_eq!(decode("YR", STANDARD, Filling::Zero), None, "the filling is not zero");
        assert_eq!(decode("YR", STANDARD, Filling::Any).as_deref(), Some(&b"a"[..]));
        assert_eq!(decode("Y", STANDARD, Filling::Any), None, "a letter that is no byte");
        assert_eq!(decode("Y=", STANDARD, Filling::Any), None, "padding is no letter");
        assert_eq!(decode_padded("YQ"), None);
        assert_eq!(decode_low_first("zz", Filling::Zero), None, "four bits left over that are not zero");
    }
}
