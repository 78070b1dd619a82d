//! Passwords of letters, digits and symbols.

use super::Generated;
use super::draw::draw_one;
use crate::chance::Chance;
use crate::secret::Secret;
use zeroize::Zeroizing;

/// Symbols that nearly every site takes.
pub const DEFAULT_SYMBOLS: &str = "!@#$%^&*-_=+?.~";

const LENGTH_MAX: usize = 1024;
const LOOKALIKES: &str = "0Oo1Il|'`\",.;:";
/// The rarest recipe that is allowed succeeds in one of some hundred draws; so many failures in a row cannot happen.
const DRAWS_MAX: usize = 100_000;

/// What a password is to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRecipe {
    /// How many characters, 1 to 1,024, and at least one of each kind that is on.
    pub length: usize,
    /// With small letters a-z.
    pub lower: bool,
    /// With capital letters A-Z.
    pub upper: bool,
    /// With digits 0-9.
    pub digits: bool,
    /// With symbols.
    pub symbols: bool,
    /// Which symbols; a symbol written twice counts once.
    pub symbol_set: String,
    /// Without letters, digits and symbols that look like others in some typeface (0 O o, 1 I l |, quotes, dots and commas).
    pub no_lookalikes: bool,
}

impl Default for PasswordRecipe {
    /// Twenty characters of every kind.
    fn default() -> Self {
        let symbol_set = DEFAULT_SYMBOLS.to_owned();
        Self { length: 20, lower: true, upper: true, digits: true, symbols: true, symbol_set, no_lookalikes: false }
    }
}

/// Why a recipe makes no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Everything is off.
    #[error("nothing is left to make a password of: turn on letters, digits or symbols")]
    NoKind,
    /// Not between the shortest possible and 1,024.
    #[error("this password must have from {min} to {LENGTH_MAX} characters (it has at least one of each kind that is on)")]
    Length {
        /// The shortest this recipe can be.
        min: usize,
    },
    /// Symbols are on, but there is none, or none that has no look-alike.
    #[error("no symbol is left to choose from: name other symbols, or turn symbols off")]
    NoSymbol,
    /// A symbol is a letter, a digit, a space or cannot be seen.
    #[error("symbols must be visible and neither letters nor digits nor spaces: name other symbols")]
    NotASymbol,
    /// The source of chance repeats itself.
    #[error("this machine's source of chance is broken: do not make passwords on it")]
    BrokenChance,
}

/// A password, each that the recipe allows as likely as any other.
pub fn make_password(recipe: &PasswordRecipe, chance: &mut dyn Chance) -> Result<Generated, PasswordError> {
    let kinds = recipe.kinds()?;
    let min = kinds.len();
    if recipe.length < min || recipe.length > LENGTH_MAX {
        return Err(PasswordError::Length { min });
    }
    let all = kinds.concat();
    // Whole passwords are drawn until one has every kind. To place one of each kind first would make some passwords likelier.
    for _ in 0..DRAWS_MAX {
        let drawn: Zeroizing<Vec<char>> = Zeroizing::new((0..recipe.length).filter_map(|_| draw_one(chance, &all).copied()).collect());
        if kinds.iter().all(|kind| drawn.iter().any(|letter| kind.contains(letter))) {
            // Long enough for any letters, so that it never moves and leaves a copy behind.
            let mut text = String::with_capacity(recipe.length * 4);
            text.extend(drawn.iter());
            return Ok(Generated { text: Secret::new(text), entropy_bits: derive_entropy_bits(recipe.length, &kinds) });
        }
    }
    Err(PasswordError::BrokenChance)
}

impl PasswordRecipe {
    /// The characters of each kind that is on.
    fn kinds(&self) -> Result<Vec<Vec<char>>, PasswordError> {
        let wanted = |letter: &char| !(self.no_lookalikes && LOOKALIKES.contains(*letter));
        let mut kinds: Vec<Vec<char>> = [(self.lower, 'a'..='z'), (self.upper, 'A'..='Z'), (self.digits, '0'..='9')]
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, letters)| letters.filter(wanted).collect())
            .collect();
        if self.symbols {
            if self.symbol_set.chars().any(|symbol| symbol.is_alphanumeric() || symbol.is_whitespace() || symbol.is_control()) {
                return Err(PasswordError::NotASymbol);
            }
            let mut symbols: Vec<char> = self.symbol_set.chars().filter(wanted).collect();
            symbols.sort_unstable();
            symbols.dedup();
            if symbols.is_empty() {
                return Err(PasswordError::NoSymbol);
            }
            kinds.push(symbols);
        }
        if kinds.is_empty() { Err(PasswordError::NoKind) } else { Ok(kinds) }
    }
}

/// log2 of how many texts of `length` have at least one character of each kind, by inclusion and exclusion over the kinds left out.
fn derive_entropy_bits(length: usize, kinds: &[Vec<char>]) -> f64 {
    let size = |count: usize| u32::try_from(count).map_or(f64::INFINITY, f64::from);
    let all = size(kinds.iter().map(Vec::len).sum());
    let share = (0..1_u32 << kinds.len()).map(|left_out| {
        let kept: usize = kinds.iter().zip(0..).filter(|(_, kind)| left_out >> kind & 1 == 0).map(|(kind, _)| kind.len()).sum();
        let sign = if left_out.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
        sign * (size(kept) / all).powf(size(length))
    });
    size(length) * all.log2() + share.sum::<f64>().log2()
}

#[cfg(test)]
mod tests {
    use super::super::draw::tests::assert_uniform;
    use super::*;
    use crate::testing::Seeded;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn digits_and(symbols: &str, length: usize) -> PasswordRecipe {
        let symbol_set = symbols.to_owned();
        PasswordRecipe { length, lower: false, upper: false, digits: true, symbols: true, symbol_set, no_lookalikes: false }
    }

    #[test]
    fn each_password_a_recipe_allows_is_equally_likely() {
        let mut chance = Seeded::new(3);
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        // 12^3 texts of ten digits and two symbols, less those of digits only and of symbols only.
        let possible: usize = 12 * 12 * 12 - 10 * 10 * 10 - 8;
        let mut bits = 0.0;
        for _ in 0..72_000 {
            let made = make_password(&digits_and("!?", 3), &mut chance).unwrap();
            *counts.entry(made.text.expose().to_owned()).or_default() += 1;
            bits = made.entropy_bits;
        }
        assert_eq!(counts.len(), possible);
        assert_uniform(&counts.into_values().collect::<Vec<_>>());
        assert!((bits - f64::from(u32::try_from(possible).unwrap()).log2()).abs() < 1e-9);
    }

    #[test]
    fn entropy_is_counted_not_guessed() {
        let bits = |recipe: &PasswordRecipe| make_password(recipe, &mut Seeded::new(0)).unwrap().entropy_bits;
        let only_lower = PasswordRecipe { upper: false, digits: false, symbols: false, ..PasswordRecipe::default() };
        for (recipe, expected) in [
            (PasswordRecipe { length: 10, ..only_lower.clone() }, 10.0 * 26_f64.log2()),
            (PasswordRecipe { length: 10, no_lookalikes: true, ..only_lower }, 10.0 * 24_f64.log2()),
            // One of each kind, in any order.
            (PasswordRecipe { length: 4, ..PasswordRecipe::default() }, (24.0 * 26.0 * 26.0 * 10.0 * 15.0_f64).log2()),
            (digits_and("!!", 1024), 1024.0 * 11_f64.log2()),
        ] {
            assert!((bits(&recipe) - expected).abs() < 1e-6, "{recipe:?}: {} and not {expected}", bits(&recipe));
        }
        assert!(bits(&PasswordRecipe::default()) > 120.0);
    }

    #[test]
    fn a_recipe_that_makes_nothing_says_what_to_change() {
        let none = PasswordRecipe { lower: false, upper: false, digits: false, symbols: false, ..PasswordRecipe::default() };
        for (recipe, error) in [
            (none, PasswordError::NoKind),
            (PasswordRecipe { length: 3, ..PasswordRecipe::default() }, PasswordError::Length { min: 4 }),
            (PasswordRecipe { length: 1025, ..PasswordRecipe::default() }, PasswordError::Length { min: 4 }),
            (digits_and("", 8), PasswordError::NoSymbol),
            (PasswordRecipe { no_lookalikes: true, ..digits_and("|`.", 8) }, PasswordError::NoSymbol),
            (digits_and("!a", 8), PasswordError::NotASymbol),
            (digits_and("! ", 8), PasswordError::NotASymbol),
            (digits_and("٣", 8), PasswordError::NotASymbol),
            (digits_and("!\u{7}", 8), PasswordError::NotASymbol),
        ] {
            assert_eq!(make_password(&recipe, &mut Seeded::new(0)), Err(error), "{recipe:?}");
        }
    }

    #[test]
    fn a_source_that_repeats_itself_makes_no_password() {
        struct Stuck;
        impl Chance for Stuck {
            fn fill(&mut self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        assert_eq!(make_password(&PasswordRecipe::default(), &mut Stuck), Err(PasswordError::BrokenChance));
    }

    proptest! {
        #[test]
        fn each_password_keeps_to_its_recipe(
            seed: u64, length in 4..100_usize, on in proptest::collection::vec(any::<bool>(), 4), no_lookalikes: bool, symbols in "[!@#€→%|.]{1,9}",
        ) {
            let recipe = PasswordRecipe { length, lower: on[0], upper: on[1], digits: on[2], symbols: on[3], symbol_set: symbols.clone(), no_lookalikes };
            match make_password(&recipe, &mut Seeded::new(seed)) {
                Ok(made) => {
                    let text = made.text.expose();
                    prop_assert_eq!(text.chars().count(), length);
                    prop_assert_eq!(text.chars().any(|c| c.is_ascii_lowercase()), on[0]);
                    prop_assert_eq!(text.chars().any(|c| c.is_ascii_uppercase()), on[1]);
                    prop_assert_eq!(text.chars().any(|c| c.is_ascii_digit()), on[2]);
                    prop_assert_eq!(text.chars().any(|c| symbols.contains(c)), on[3]);
                    prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || symbols.contains(c)));
                    prop_assert!(!no_lookalikes || !text.contains(|c| LOOKALIKES.contains(c)));
                    prop_assert!(made.entropy_bits >= 0.0 && made.entropy_bits <= 6.2 * 100.0 + 20.0);
                }
                Err(PasswordError::NoKind) => prop_assert!(!on.contains(&true)),
                Err(error) => {
                    prop_assert_eq!(error, PasswordError::NoSymbol);
                    prop_assert!(no_lookalikes && on[3] && symbols.chars().all(|symbol| LOOKALIKES.contains(symbol)));
                }
            }
        }
    }
}
