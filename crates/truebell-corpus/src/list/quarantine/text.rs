//! What a password looks like: made by a person, of a person's address, or read in the wrong encoding.

use crate::list::encoding::to_windows_1252;

/// Letters of a run that is a part of a name and no accident.
const RUN_LETTERS_MIN: usize = 4;
/// Letters of Latin-1 in a row that no western word has.
const HIGH_RUN_MIN: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Upper,
    Lower,
    Digit,
    Mark,
}

fn class(letter: char) -> Class {
    match letter {
        letter if letter.is_uppercase() => Class::Upper,
        letter if letter.is_alphabetic() => Class::Lower,
        letter if letter.is_numeric() => Class::Digit,
        _ => Class::Mark,
    }
}

/// Made as most people make one: a word (its beginning may be large) and a number, or the other way round, and at most two marks behind.
pub(super) fn is_made_by_a_person(password: &str) -> bool {
    let bare = password.trim_end_matches(|letter| class(letter) == Class::Mark);
    if password.chars().count() > bare.chars().count() + 2 {
        return false;
    }
    let mut runs: Vec<Class> = Vec::new();
    for class in bare.chars().map(class) {
        match runs.last_mut() {
            Some(last) if *last == class => {}
            // `Password`, `PASSword`: one word.
            Some(last) if *last == Class::Upper && class == Class::Lower => *last = Class::Lower,
            _ => runs.push(class),
        }
    }
    (1..=2).contains(&runs.len()) && !runs.contains(&Class::Mark)
}

/// Runs of letters in a local part that are long enough to be a name.
pub(super) fn names_of(address: &[u8]) -> impl Iterator<Item = &[u8]> {
    let local = memchr::memrchr(b'@', address).and_then(|at| address.get(..at)).unwrap_or_default();
    let local = memchr::memchr(b'+', local).and_then(|at| local.get(..at)).unwrap_or(local);
    local.split(|byte| !byte.is_ascii_alphabetic()).filter(|run| run.len() >= RUN_LETTERS_MIN)
}

/// Whether a password holds one of the names, whatever the case. Both are in lower case.
pub(super) fn holds_name_of(password: &[u8], address: &[u8]) -> bool {
    names_of(address).any(|name| memchr::memmem::find(password, name).is_some())
}

/// Read in the wrong encoding: UTF-8 as Windows-1252, anything as UTF-8, or another code page as Windows-1252.
pub(super) fn is_mojibake(text: &str) -> bool {
    if text.contains('\u{fffd}') {
        return true;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(to_windows_1252).collect();
    let was_utf8 = bytes.as_deref().is_some_and(|bytes| !bytes.is_ascii() && str::from_utf8(bytes).is_ok());
    let mut run = 0;
    was_utf8
        || text.chars().any(|letter| {
            run = if ('\u{a0}'..='\u{ff}').contains(&letter) { run + 1 } else { 0 };
            run >= HIGH_RUN_MIN
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_make_is_told_from_what_programs_make() {
        for password in ["password", "Password1", "123456", "SOMMER2019!", "2019sommer", "пароль12", "qwerty!!", "pässword"] {
            assert!(is_made_by_a_person(password), "{password}");
        }
        for password in ["x7Kq9Lm2", "aB3$kd9!", "a1b2c3d4", "", "!!!!", "p@ssw0rd", "k9fQzzL0w"] {
            assert!(!is_made_by_a_person(password), "{password}");
        }
    }

    #[test]
    fn names_are_runs_of_letters_before_the_at() {
        let names: Vec<&[u8]> = names_of(b"ada.lovelace99+shop@example.org").collect();
        assert_eq!(names, [&b"lovelace"[..]]);
        assert!(holds_name_of(b"ilovelace1", b"ada.lovelace99@example.org"));
        assert!(!holds_name_of(b"example1", b"ada@example.org"));
    }

    #[test]
    fn text_in_the_wrong_encoding_is_known_and_text_in_the_right_one_is_not_taken_for_it() {
        for text in ["pÃ¤sswort", "cafÃ©", "donâ€™t", "p\u{fffd}ss", "Ïðèâåò", "ÃŸ"] {
            assert!(is_mojibake(text), "{text}");
        }
        for text in ["pässwort", "café", "don’t", "привет", "密码", "garçon", "åäö", "naïveté", "ß"] {
            assert!(!is_mojibake(text), "{text}");
        }
    }
}
