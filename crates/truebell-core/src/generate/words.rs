//! The words of passphrases: the EFF large wordlist, by Joseph Bonneau and the Electronic Frontier Foundation, CC BY 3.0 US
//! (`NOTICE`). No word is the beginning of another, so any separator, or none, leaves each passphrase readable in one way only.

use std::sync::LazyLock;

const TEXT: &str = include_str!("eff_large_wordlist.txt");

/// All 7,776 words (five dice), in order.
pub(super) static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| TEXT.lines().collect());

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_list_is_the_one_published() {
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(TEXT));
        assert_eq!(digest, "6d557f0693958fb5e650b68b5bee585eb82cf4da32965505c789e924743bc522");
        // With its dice numbers back it is the published file, to the byte.
        let dice = |index: u32| (0..5).rev().fold(0, |number, place| number * 10 + index / 6_u32.pow(place) % 6 + 1);
        let published: String = WORDS.iter().zip(0..).map(|(word, index)| format!("{}\t{word}\n", dice(index))).collect();
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(published));
        assert_eq!(digest, "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e");
    }

    #[test]
    fn the_words_are_7776_unique_sorted_and_none_begins_another() {
        assert_eq!(WORDS.len(), 7776);
        for pair in WORDS.windows(2) {
            // In a sorted list a word's continuations come right after it.
            assert!(pair[0] < pair[1] && !pair[1].starts_with(pair[0]), "{pair:?}");
        }
        assert!(
            WORDS.iter().all(|word| (3..=9).contains(&word.len()) && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()))
        );
    }
}
