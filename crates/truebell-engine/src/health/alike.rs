//! Which passwords a guesser tries who knows one of them: the same stem with another case, other digits, another sign at the end.

use truebell_core::secret::Secret;

/// Stems shorter than this are in many passwords by chance.
const STEM_CHARS_MIN: usize = 6;
/// What people put at the end and change.
const ENDING_CHARS_MAX: usize = 5;

/// What stays when digits and signs at the end, case and look-alike letters are taken off. `None`: too little stays to compare.
pub(super) fn stem_of(password: &str) -> Option<Secret> {
    let body = password.trim_end_matches(|letter: char| !letter.is_alphabetic());
    let stem: String = body.chars().flat_map(char::to_lowercase).map(plain).collect();
    (stem.chars().count() >= STEM_CHARS_MIN).then(|| Secret::new(stem))
}

/// A look-alike as the letter it stands for.
const fn plain(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Passwords that are nearly this one and that it may have been made from, each with how it differs. For a corpus on this device: each is a question more.
pub(super) fn neighbours(password: &str) -> Vec<(Secret, &'static str)> {
    let mut all: Vec<(String, &'static str)> = Vec::new();
    let body = password.trim_end_matches(|letter: char| !letter.is_alphabetic());
    let ending = password.get(body.len()..).unwrap_or_default();
    if !ending.is_empty() && ending.chars().count() <= ENDING_CHARS_MAX {
        all.push((body.to_owned(), "with something added at the end"));
        all.push((body.to_lowercase(), "with capital letters and something added at the end"));
    }
    if let Some(before) = one_less(password) {
        all.push((before, "with the number at its end one higher"));
    }
    all.push((password.to_lowercase(), "with capital letters"));
    let mut seen = vec![password.to_owned()];
    all.retain(|(other, _)| {
        let is_another = other.chars().count() >= STEM_CHARS_MIN && !seen.contains(other);
        seen.push(other.clone());
        is_another
    });
    all.into_iter().map(|(other, how)| (Secret::new(other), how)).collect()
}

/// `Summer2023!` for `Summer2024!`.
fn one_less(password: &str) -> Option<String> {
    let without_sign = password.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    let sign = password.get(without_sign.len()..)?;
    let body = without_sign.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = without_sign.get(body.len()..)?;
    let number: u64 = digits.parse().ok()?;
    let width = digits.len();
    (body.chars().any(char::is_alphabetic) && number > 0).then(|| format!("{body}{:0width$}{sign}", number - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_of_variants_are_the_same_and_short_ones_are_none() {
        for variant in ["liverpool", "Liverpool1", "L1verp00l!", "LIVERPOOL2024!?"] {
            assert_eq!(stem_of(variant).unwrap().expose(), "liverpool", "{variant}");
        }
        assert_eq!(stem_of("abc123456"), None);
        assert_eq!(stem_of("73829104"), None);
    }

    #[test]
    fn neighbours_are_few_and_never_the_password_itself() {
        let of = |password| neighbours(password).into_iter().map(|(other, _)| other.expose().to_owned()).collect::<Vec<_>>();
        assert_eq!(of("Summer2024!"), ["Summer", "summer", "Summer2023!", "summer2024!"]);
        assert_eq!(of("Liverpool7"), ["Liverpool", "liverpool", "Liverpool6", "liverpool7"]);
        assert_eq!(of("liverpool"), [""; 0]);
        assert_eq!(of("x7"), [""; 0]);
        assert_eq!(of("über💥1"), ["über💥0"]);
    }
}
