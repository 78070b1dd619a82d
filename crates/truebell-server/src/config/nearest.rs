//! What was probably meant: the known name with the fewest wrong letters.

/// The nearest of `known`, if it is near enough to be a slip and not another word.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = (name.chars().count() / 3).max(2);
    known.map(|candidate| (distance(name, candidate), candidate)).min().filter(|(distance, _)| *distance <= far).map(|(_, found)| found)
}

/// Levenshtein distance, by letters.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, candidate) in row.iter_mut().skip(1).zip(&other) {
            let best = (diagonal + usize::from(letter != *candidate)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let known = ["listen", "sign_up", "mail_relay", "mail_from"];
        for (written, found) in
            [("lisen", Some("listen")), ("signup", Some("sign_up")), ("mail_rely", Some("mail_relay")), ("colour", None), ("", None)]
        {
            assert_eq!(nearest(written, known.into_iter()), found, "{written}");
        }
    }

    #[test]
    fn distance_counts_letters() {
        for (one, other, expected) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("über", "uber", 1)] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
