//! The Secret Key and its typed form (`docs/formats/secret-key.md`). Never here: what is derived from it.

use crate::chance::{Chance, make_array};
use crate::secret::Secret;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "TB1";
const VERSION: u8 = 1;
const GROUPS: usize = 7;
/// Symbols of a group: four of data, one check.
const GROUP_LEN: usize = 5;
const BODY_LEN: usize = GROUPS * GROUP_LEN;
const WHOLE_LABEL: &[u8] = b"truebell secret-key 1";

/// One of the two secrets an account is opened with: 128 random bits that never reach a server.
///
/// Equality is in constant time; `Debug` shows nothing; the bytes are erased when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; 16]);

/// Why a text is not a Secret Key. None of them repeats what was typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// Nothing but separators.
    #[error("no Secret Key was given: it begins with TB1 and is on your Emergency Kit")]
    Empty,
    /// It does not begin with the prefix.
    #[error("a Secret Key begins with TB1: copy the whole of it from your Emergency Kit")]
    Prefix,
    /// A version this program does not know.
    #[error("this Secret Key is of a newer version: update Truebell")]
    NewerVersion,
    /// The number of symbols is wrong, and it is not known where.
    #[error(
        "this Secret Key has {found} letters and digits after TB1, but there are 35 (seven groups of five): compare it with your Emergency Kit"
    )]
    Length {
        /// Symbols found after the prefix.
        found: usize,
    },
    /// A group between separators is too short or too long.
    #[error("group {group} of the Secret Key has {found} letters and digits, but each group has 5: compare it with your Emergency Kit")]
    GroupLength {
        /// Which, the first after TB1 being 1.
        group: u8,
        /// Its length.
        found: usize,
    },
    /// These groups (the first after TB1 is 1) fail their own check.
    #[error("{} of the Secret Key (the first after TB1 is group 1): compare {} with your Emergency Kit", Typos(.groups), if .groups.len() == 1 { "it" } else { "them" })]
    Typo {
        /// In order, at least one.
        groups: Vec<u8>,
    },
    /// Each group is right by itself, the whole is not.
    #[error("there are several typos in this Secret Key: compare each group with your Emergency Kit")]
    Whole,
}

/// "there is a typo in group 3", "there are typos in groups 2 and 5".
struct Typos<'a>(&'a [u8]);

impl fmt::Display for Typos<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((last, before)) = self.0.split_last() else { return out.write_str("there is a typo in a group") };
        if before.is_empty() {
            return write!(out, "there is a typo in group {last}");
        }
        let before: Vec<String> = before.iter().map(u8::to_string).collect();
        write!(out, "there are typos in groups {} and {last}", before.join(", "))
    }
}

impl SecretKey {
    /// A new one.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(make_array(chance))
    }

    /// The one with these bytes, from a place that kept them sealed.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes themselves: 128 bits. Every call is a place where the Secret Key can leak.
    pub fn expose_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Its typed form, `TB1-` and seven groups of five.
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(PREFIX.len() + GROUPS * (GROUP_LEN + 1));
        text.push_str(PREFIX);
        for (index, group) in (1..).zip(derive_data(&self.0).chunks_exact(GROUP_LEN - 1)) {
            text.push('-');
            group.iter().for_each(|symbol| text.push(letter(*symbol)));
            text.push(letter(derive_check(index, group)));
        }
        Secret::new(text)
    }

    /// Reads the typed form; forgiving of case, spaces, missing dashes and look-alike letters.
    pub fn parse(text: &str) -> Result<Self, SecretKeyError> {
        let typed = Typed::read(text)?;
        let key = typed.body_error().map_or_else(|| decode(&typed.body), Err);
        if typed.version == Some(VERSION) {
            return key;
        }
        // A mistyped prefix must not send anyone looking for an update.
        Err(if key.is_ok() || typed.version.is_none() { SecretKeyError::Prefix } else { SecretKeyError::NewerVersion })
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(…)")
    }
}

/// What was typed, as symbols: `None` is one that is not in the alphabet.
struct Typed {
    /// The version of the prefix; `None` if the text does not begin with `TB` and a symbol.
    version: Option<u8>,
    /// What follows the prefix.
    body: Zeroizing<Vec<Option<u8>>>,
    /// How many symbols each part after the prefix has, if there are as many parts as groups.
    parts: Option<Vec<usize>>,
}

impl Typed {
    fn read(text: &str) -> Result<Self, SecretKeyError> {
        let mut lengths = vec![0_usize];
        // Room for the longest right text, so that growing does not leave copies behind.
        let mut symbols = Zeroizing::new(Vec::with_capacity(PREFIX.len() + BODY_LEN));
        for typed in text.nfkc().flat_map(char::to_uppercase) {
            match lengths.last_mut() {
                Some(last) if !is_separator(typed) => {
                    *last += 1;
                    symbols.push(value(typed));
                }
                Some(0) => {}
                _ => lengths.push(0),
            }
        }
        lengths.retain(|length| *length > 0);
        if symbols.is_empty() {
            return Err(SecretKeyError::Empty);
        }
        let version = read_version(&symbols);
        let body = Zeroizing::new(symbols.get(PREFIX.len()..).unwrap_or_default().to_vec());
        let parts = (lengths.len() == GROUPS + 1 && lengths.first() == Some(&PREFIX.len())).then(|| lengths.split_off(1));
        Ok(Self { version, body, parts })
    }

    /// What is wrong with the number of symbols.
    fn body_error(&self) -> Option<SecretKeyError> {
        let wrong_part = self.parts.iter().flatten().zip(1..).find(|(length, _)| **length != GROUP_LEN);
        if let Some((found, group)) = wrong_part {
            return Some(SecretKeyError::GroupLength { group, found: *found });
        }
        (self.body.len() != BODY_LEN).then_some(SecretKeyError::Length { found: self.body.len() })
    }
}

/// The digit after `TB`.
fn read_version(symbols: &[Option<u8>]) -> Option<u8> {
    let (head, rest) = symbols.split_at_checked(2)?;
    let is_ours = head.iter().zip(PREFIX.chars()).all(|(symbol, wanted)| *symbol == value(wanted));
    if is_ours { *rest.first()? } else { None }
}

/// The key of 35 symbols, if every check holds.
fn decode(body: &[Option<u8>]) -> Result<SecretKey, SecretKeyError> {
    let mut data = Zeroizing::new([0; GROUPS * (GROUP_LEN - 1)]);
    let mut groups = Vec::new();
    let places = data.chunks_exact_mut(GROUP_LEN - 1);
    for ((index, typed), place) in (1..).zip(body.chunks_exact(GROUP_LEN)).zip(places) {
        if !read_group(index, typed, place) {
            groups.push(index);
        }
    }
    if !groups.is_empty() {
        return Err(SecretKeyError::Typo { groups });
    }
    let key = SecretKey(join_bits(&data));
    if bool::from(derive_data(&key.0).ct_eq(&data[..])) { Ok(key) } else { Err(SecretKeyError::Whole) }
}

/// Writes the group's data symbols to `place`; says whether its check holds.
fn read_group(index: u8, typed: &[Option<u8>], place: &mut [u8]) -> bool {
    let Some((check, data)) = typed.split_last() else { return false };
    let known = place.iter_mut().zip(data).all(|(to, from)| from.map(|symbol| *to = symbol).is_some());
    known && *check == Some(derive_check(index, place))
}

/// The 28 data symbols of these bytes: the bytes, then the whole's check of 12 bits.
fn derive_data(bytes: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let digest = Sha256::new_with_prefix(WHOLE_LABEL).chain_update(bytes).finalize();
    let whole = digest.iter().take(2).fold(0, |word, byte| (word << 8) | u16::from(*byte)) >> 4;
    let bits = |places: u32| move |place: u32| 5 * (places - 1 - place);
    // 125 bits are 25 symbols; the last 3 bits of the bytes and the 12 of the check are three more.
    let value = u128::from_be_bytes(*bytes);
    let tail = (((value & 7) as u16) << 12) | whole;
    let front = (0..25).map(bits(25)).map(|shift| ((value >> 3 >> shift) & 31) as u8);
    Zeroizing::new(front.chain((0..3).map(bits(3)).map(|shift| ((tail >> shift) & 31) as u8)).collect())
}

/// The bytes in the first 128 bits of 28 data symbols.
fn join_bits(data: &[u8; 28]) -> [u8; 16] {
    let front = data[..25].iter().fold(0_u128, |value, symbol| (value << 5) | u128::from(*symbol));
    ((front << 3) | u128::from(data[25] >> 2)).to_be_bytes()
}

/// The check symbol of group `index`: a weighted sum in the field of 32 elements, different for each place and each group.
fn derive_check(index: u8, data: &[u8]) -> u8 {
    let weighed = data.iter().zip(1..).map(|(symbol, place)| (0..place).fold(*symbol, |product, _| double(product)));
    weighed.fold(8 * VERSION + index, |sum, term| sum ^ term)
}

/// Times x, modulo x^5 + x^2 + 1.
fn double(symbol: u8) -> u8 {
    let doubled = symbol << 1;
    if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

#[expect(clippy::indexing_slicing, reason = "five bits index 32 letters")]
fn letter(symbol: u8) -> char {
    char::from(ALPHABET[usize::from(symbol & 31)])
}

/// The value of an upper-case symbol, look-alikes included.
fn value(typed: char) -> Option<u8> {
    let meant = match typed {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    };
    ALPHABET.iter().zip(0..).find(|(letter, _)| char::from(**letter) == meant).map(|(_, value)| value)
}

fn is_separator(typed: char) -> bool {
    typed.is_whitespace()
        || matches!(typed, '-' | '_' | '.' | ':' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;
    use proptest::prelude::*;

    fn vectors() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../vectors/secret-key.json")).unwrap()
    }

    fn bytes_of(hex: &str) -> [u8; 16] {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
    }

    const TEXT: &str = "TB1-60RK3-4CSM6-6MV3E-EE1SC-C5H6J-6S35B-CTWP9";
    const BYTES: &[u8; 16] = b"0123456789abcdef";

    /// This format may never change: kits are on paper.
    #[test]
    fn the_written_form_is_the_one_on_every_printed_kit() {
        for vector in vectors()["valid"].as_array().unwrap() {
            let (bytes, text) = (bytes_of(vector["bytes"].as_str().unwrap()), vector["text"].as_str().unwrap());
            assert_eq!(SecretKey::from_bytes(bytes).to_text().expose(), text);
            assert_eq!(SecretKey::parse(text).unwrap().expose_bytes(), &bytes);
        }
    }

    #[test]
    fn a_mistyped_group_is_named() {
        for vector in vectors()["mistyped"].as_array().unwrap() {
            let groups = serde_json::from_value(vector["groups"].clone()).unwrap();
            assert_eq!(SecretKey::parse(vector["text"].as_str().unwrap()), Err(SecretKeyError::Typo { groups }));
        }
    }

    #[test]
    fn what_a_hurried_hand_types_is_read() {
        for text in [
            "tb1-60rk3-4csm6-6mv3e-ee1sc-c5h6j-6s35b-ctwp9",
            "TB160RK34CSM66MV3EEE1SCC5H6J6S35BCTWP9",
            "  TB1 60RK3 4CSM6 6MV3E EE1SC C5H6J 6S35B CTWP9\r\n",
            "TB1–60RK3–4CSM6–6MV3E–EE1SC–C5H6J–6S35B–CTWP9",
            "TBl-6ORK3-4CSM6-6MV3E-EEISC-C5H6J-6S35B-CTWP9",
            "TB1-60RK3-4CSM6-6MU3E-EElSC-C5H6J-6S35B-CTWP9",
            "ＴＢ１-６0RK3-4CSM6-6MV3E-EE1SC-C5H6J-6S35B-CTWP9",
            "TB1-60RK3-4CSM6\n  6MV3E-EE1SC-\n  C5H6J-6S35B-CTWP9",
        ] {
            assert_eq!(SecretKey::parse(text).as_ref().map(SecretKey::expose_bytes), Ok(BYTES), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_what_was_typed_is_not_repeated() {
        let sentence = |text: &str| SecretKey::parse(text).unwrap_err().to_string();
        let cases = [
            ("", "no Secret Key was given: it begins with TB1 and is on your Emergency Kit"),
            (" - ", "no Secret Key was given: it begins with TB1 and is on your Emergency Kit"),
            ("correct horse battery staple", "a Secret Key begins with TB1: copy the whole of it from your Emergency Kit"),
            ("A3-ASWWYB-798JRY-LJVD4-23DC2-86TVM-H43EB", "a Secret Key begins with TB1: copy the whole of it from your Emergency Kit"),
            (TEXT.split_at(4).1, "a Secret Key begins with TB1: copy the whole of it from your Emergency Kit"),
            (&TEXT.replace("TB1", "TB7"), "a Secret Key begins with TB1: copy the whole of it from your Emergency Kit"),
            ("TB2-00000-00000-00000-00000-00000-00000-00000", "this Secret Key is of a newer version: update Truebell"),
            ("TB2-0000000-000000", "this Secret Key is of a newer version: update Truebell"),
            (
                TEXT.split_at(40).0,
                "this Secret Key has 30 letters and digits after TB1, but there are 35 (seven groups of five): compare it with your Emergency Kit",
            ),
            (
                &TEXT.replace("-4CSM6", "-4CS6"),
                "group 2 of the Secret Key has 4 letters and digits, but each group has 5: compare it with your Emergency Kit",
            ),
            (
                &TEXT.replace("6MV3E", "6MV?E"),
                "there is a typo in group 3 of the Secret Key (the first after TB1 is group 1): compare it with your Emergency Kit",
            ),
            (
                &TEXT.replace("6MV3E", "6MV33").replace("CTWP9", "CTVP9").replace("60RK3", "60RK8"),
                "there are typos in groups 1, 3 and 7 of the Secret Key (the first after TB1 is group 1): compare them with your Emergency Kit",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(sentence(text), expected, "{text}");
        }
    }

    #[test]
    fn two_typos_that_hide_from_their_groups_check_are_still_found() {
        // Other data under its own right check symbol: only the check over the whole can tell.
        let data = derive_data(BYTES);
        let mut other = [data[0] ^ 1, data[1], data[2], data[3], 0];
        other[4] = derive_check(1, &other[..4]);
        let group: String = other.iter().map(|symbol| letter(*symbol)).collect();
        assert_eq!(SecretKey::parse(&TEXT.replace("60RK3", &group)), Err(SecretKeyError::Whole));
    }

    #[test]
    fn debug_shows_nothing_and_random_keys_differ() {
        let mut chance = Seeded::new(7);
        let (one, two) = (SecretKey::make_random(&mut chance), SecretKey::make_random(&mut chance));
        assert_ne!(one, two);
        assert_eq!(format!("{one:?}"), "SecretKey(…)");
    }

    /// Where the symbols of the body are in the text.
    fn place_in_text(symbol: usize) -> usize {
        4 + symbol / 5 * 6 + symbol % 5
    }

    proptest! {
        #[test]
        fn every_key_reads_back(bytes: [u8; 16]) {
            prop_assert_eq!(SecretKey::parse(SecretKey(bytes).to_text().expose()), Ok(SecretKey(bytes)));
        }

        #[test]
        fn any_single_changed_symbol_names_its_group(bytes: [u8; 16], symbol in 0..35_usize, by in 1..32_usize) {
            let mut text = SecretKey(bytes).to_text().expose().as_bytes().to_vec();
            let place = place_in_text(symbol);
            let now = ALPHABET.iter().position(|letter| *letter == text[place]).unwrap();
            text[place] = ALPHABET[(now + by) % 32];
            let groups = vec![u8::try_from(symbol / 5 + 1).unwrap()];
            prop_assert_eq!(SecretKey::parse(std::str::from_utf8(&text).unwrap()), Err(SecretKeyError::Typo { groups }));
        }

        #[test]
        fn any_two_exchanged_neighbours_name_their_groups(bytes: [u8; 16], symbol in 0..34_usize) {
            let mut text = SecretKey(bytes).to_text().expose().as_bytes().to_vec();
            let (left, right) = (place_in_text(symbol), place_in_text(symbol + 1));
            prop_assume!(text[left] != text[right]);
            text.swap(left, right);
            let mut groups = vec![u8::try_from(symbol / 5 + 1).unwrap(), u8::try_from((symbol + 1) / 5 + 1).unwrap()];
            groups.dedup();
            prop_assert_eq!(SecretKey::parse(std::str::from_utf8(&text).unwrap()), Err(SecretKeyError::Typo { groups }));
        }

        #[test]
        fn any_other_character_anywhere_is_refused_or_was_a_separator(bytes: [u8; 16], place in 0..45_usize, typed: char) {
            let text: Vec<char> = SecretKey(bytes).to_text().expose().chars().collect();
            let mut changed = text.clone();
            changed[place] = typed;
            let read = SecretKey::parse(&changed.iter().collect::<String>());
            // Never another key: either an error, or the same key from a look-alike.
            prop_assert!(read.is_err() || read == Ok(SecretKey(bytes)));
        }

        #[test]
        fn any_text_at_all_is_an_error_or_a_key(text: String) {
            if let Ok(key) = SecretKey::parse(&text) {
                prop_assert_eq!(SecretKey::parse(key.to_text().expose()), Ok(key));
            }
        }
    }
}
