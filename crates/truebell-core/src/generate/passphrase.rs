//! Passphrases of words.

use super::Generated;
use super::draw::{draw_below, draw_one};
use super::words::WORDS;
use crate::chance::Chance;
use crate::secret::Secret;

const WORDS_MAX: u8 = 64;
const SEPARATOR_CHARS_MAX: usize = 8;

/// What a passphrase is to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassphraseRecipe {
    /// How many words, 1 to 64.
    pub words: u8,
    /// What stands between two words: up to eight visible characters or spaces, or nothing.
    pub separator: String,
    /// Whether each word begins with a capital letter.
    pub capitalise: bool,
    /// Whether one digit stands after one of the words, both by chance.
    pub add_digit: bool,
}

impl Default for PassphraseRecipe {
    /// Six words (77 bits) with dashes.
    fn default() -> Self {
        Self { words: 6, separator: "-".to_owned(), capitalise: false, add_digit: false }
    }
}

/// Why a recipe makes no passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// Not 1 to 64.
    #[error("a passphrase has from 1 to {WORDS_MAX} words: ask for another number")]
    Words,
    /// Too long, or it cannot be seen.
    #[error("a separator has at most {SEPARATOR_CHARS_MAX} characters that can be typed: choose another")]
    Separator,
}

/// A passphrase, each that the recipe allows as likely as any other.
pub fn make_passphrase(recipe: &PassphraseRecipe, chance: &mut dyn Chance) -> Result<Generated, PassphraseError> {
    if !(1..=WORDS_MAX).contains(&recipe.words) {
        return Err(PassphraseError::Words);
    }
    if recipe.separator.chars().count() > SEPARATOR_CHARS_MAX || recipe.separator.chars().any(char::is_control) {
        return Err(PassphraseError::Separator);
    }
    let digit = recipe.add_digit.then(|| (draw_below(chance, u32::from(recipe.words)), draw_below(chance, 10)));
    // The longest word has nine letters: the text never has to move, so no copy of it is left behind.
    let mut text = String::with_capacity(usize::from(recipe.words) * (9 + 1 + recipe.separator.len()));
    for index in 0..u32::from(recipe.words) {
        if index > 0 {
            text.push_str(&recipe.separator);
        }
        push_word(&mut text, draw_one(chance, &WORDS).copied().unwrap_or_default(), recipe.capitalise);
        if let Some((_, digit)) = digit.filter(|(after, _)| *after == index) {
            text.extend(char::from_digit(digit, 10));
        }
    }
    Ok(Generated { text: Secret::new(text), entropy_bits: recipe.entropy_bits() })
}

impl PassphraseRecipe {
    fn entropy_bits(&self) -> f64 {
        let words = f64::from(self.words);
        let digit = if self.add_digit { (10.0 * words).log2() } else { 0.0 };
        words * 7776_f64.log2() + digit
    }
}

fn push_word(text: &mut String, word: &str, capitalise: bool) {
    let mut letters = word.chars();
    text.extend(letters.next().map(|first| if capitalise { first.to_ascii_uppercase() } else { first }));
    text.push_str(letters.as_str());
}

#[cfg(test)]
mod tests {
    use super::super::draw::tests::assert_uniform;
    use super::*;
    use crate::testing::Seeded;
    use proptest::prelude::*;

    fn make(recipe: &PassphraseRecipe, seed: u64) -> Generated {
        make_passphrase(recipe, &mut Seeded::new(seed)).unwrap()
    }

    #[test]
    fn each_word_is_equally_likely() {
        let recipe = PassphraseRecipe { words: 64, separator: " ".to_owned(), ..PassphraseRecipe::default() };
        let mut counts = vec![0; WORDS.len()];
        let mut chance = Seeded::new(11);
        for _ in 0..7776 {
            let made = make_passphrase(&recipe, &mut chance).unwrap();
            made.text.expose().split(' ').for_each(|word| counts[WORDS.binary_search(&word).unwrap()] += 1);
        }
        assert_uniform(&counts);
    }

    #[test]
    fn the_digit_and_its_place_are_equally_likely() {
        let recipe = PassphraseRecipe { words: 4, separator: " ".to_owned(), add_digit: true, ..PassphraseRecipe::default() };
        let (mut digits, mut places) = ([0; 10], [0; 4]);
        let mut chance = Seeded::new(12);
        for _ in 0..10_000 {
            let made = make_passphrase(&recipe, &mut chance).unwrap();
            for (place, word) in made.text.expose().split(' ').enumerate() {
                let digit = word.chars().last().and_then(|last| last.to_digit(10));
                if let Some(digit) = digit {
                    digits[usize::try_from(digit).unwrap()] += 1;
                    places[place] += 1;
                }
            }
        }
        assert_eq!(places.iter().sum::<u32>(), 10_000);
        assert_uniform(&digits);
        assert_uniform(&places);
    }

    #[test]
    fn entropy_counts_words_digit_and_its_place() {
        for (words, add_digit, expected) in [(1, false, 12.925), (6, false, 77.549), (6, true, 83.456), (64, false, 827.19)] {
            let bits = make(&PassphraseRecipe { words, add_digit, capitalise: true, ..PassphraseRecipe::default() }, 0).entropy_bits;
            assert!((bits - expected).abs() < 0.005, "{words} words: {bits}");
        }
    }

    #[test]
    fn a_recipe_that_makes_nothing_says_what_to_change() {
        let refused = |words: u8, separator: &str| {
            let recipe = PassphraseRecipe { words, separator: separator.to_owned(), ..PassphraseRecipe::default() };
            make_passphrase(&recipe, &mut Seeded::new(0)).unwrap_err()
        };
        for (words, separator, error) in [
            (0, "-", PassphraseError::Words),
            (65, "-", PassphraseError::Words),
            (5, "123456789", PassphraseError::Separator),
            (5, "\n", PassphraseError::Separator),
        ] {
            assert_eq!(refused(words, separator), error);
        }
    }

    proptest! {
        #[test]
        fn each_passphrase_can_be_read_in_one_way_only(
            seed: u64, words in 1..=64_u8, separator in "[-_. ,]{0,3}", capitalise: bool, add_digit: bool,
        ) {
            let recipe = PassphraseRecipe { words, separator: separator.clone(), capitalise, add_digit };
            let made = make(&recipe, seed);
            let (mut rest, mut found, mut digits) = (made.text.expose(), 0, 0);
            while !rest.is_empty() {
                if found > 0 {
                    rest = rest.strip_prefix(separator.as_str()).unwrap();
                }
                let first = rest.chars().next().unwrap();
                prop_assert_eq!(first.is_ascii_uppercase(), capitalise);
                let plain = rest.to_ascii_lowercase();
                let fitting: Vec<_> = WORDS.iter().filter(|word| plain.starts_with(**word)).collect();
                prop_assert_eq!(fitting.len(), 1);
                rest = rest.split_at(fitting[0].len()).1;
                found += 1;
                if let Some(after) = rest.strip_prefix(|next: char| next.is_ascii_digit()) {
                    rest = after;
                    digits += 1;
                }
            }
            prop_assert_eq!((found, digits), (words, u8::from(add_digit)));
        }
    }
}
