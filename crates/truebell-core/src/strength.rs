//! How hard a password is to guess that a person chose, in words of ours. Never here: whether it is in a breach.
//!
//! The estimate is `zxcvbn`'s, which knows dictionaries, keyboards, dates and habits. It is shown the first 48 characters only:
//! its search for letters in disguise (`@` for a) takes a second for 64 of them in the worst case, and what comes after can only make a
//! password stronger. It asks the machine for the year, to know which years are recent; nothing else of it depends on the clock.

use zeroize::Zeroizing;
use zxcvbn::feedback::{Feedback, Suggestion, Warning};
use zxcvbn::{Score, zxcvbn};

/// How much of a password is looked at.
const PASSWORD_CHARS_MAX: usize = 48;
/// How much of what is known about the person is looked at.
const KNOWN_PARTS_MAX: usize = 32;
const KNOWN_CHARS_MAX: usize = 64;
/// Shorter parts (`org`, `www`) are in many passwords by chance.
const TELLING_CHARS_MIN: usize = 4;

/// How hard a password is to guess.
#[derive(Debug, Clone, PartialEq)]
pub struct Strength {
    /// From 0 (guessed at once) to 4 (not guessed even with the hash in hand). Below 3 is weak.
    pub score: u8,
    /// The base-10 logarithm of how many guesses are needed.
    pub guesses_log10: f64,
    /// One sentence: why it is as it is.
    pub reason: &'static str,
    /// What would make it stronger, best first; empty for a strong one.
    pub suggestions: Vec<&'static str>,
}

/// Estimates `password`. `known` is what a guesser of this very account would try first: the person's mail address and name, the
/// site's name and address.
pub fn derive_strength(password: &str, known: &[&str]) -> Strength {
    if password.is_empty() {
        let suggestions = vec![say(Suggestion::UseAFewWordsAvoidCommonPhrases)];
        return Strength { score: 0, guesses_log10: 0.0, reason: "There is no password.", suggestions };
    }
    let known = split_known(known);
    let begin: Zeroizing<String> = Zeroizing::new(password.chars().take(PASSWORD_CHARS_MAX).collect());
    let estimate = zxcvbn(&begin, &known.iter().map(String::as_str).collect::<Vec<_>>());
    let score = u8::from(estimate.score());
    let lower = Zeroizing::new(begin.to_lowercase());
    let personal = known.iter().any(|part| part.chars().count() >= TELLING_CHARS_MIN && lower.contains(part.as_str()));
    let reason = match (estimate.score(), estimate.feedback().and_then(Feedback::warning)) {
        (Score::Four, _) => "This password is very hard to guess.",
        (Score::Three, _) => "This password is hard to guess over a network, less so for someone who has stolen a site's data.",
        _ if personal => "This password contains your address or the site's name, which a guesser tries first.",
        (_, Some(warning)) => explain(warning),
        _ => "This password is too short or too simple to withstand a guesser.",
    };
    let mut suggestions: Vec<_> =
        if personal && score < 3 { vec!["Leave out your name, your address and the site's name."] } else { vec![] };
    suggestions.extend(estimate.feedback().iter().flat_map(|feedback| feedback.suggestions()).map(|suggestion| say(*suggestion)));
    Strength { score, guesses_log10: estimate.guesses_log10(), reason, suggestions }
}

/// Whole texts and their parts: of `ada.b@my-mail.org` also `ada.b`, `my-mail.org`, `my-mail`, `my`, `mail` and so on.
fn split_known(known: &[&str]) -> Vec<String> {
    let whole = known.iter().copied();
    let names = known.iter().flat_map(|text| text.split(['@', '/', ':', ' ']));
    let labels = known.iter().flat_map(|text| text.split(['@', '/', ':', ' ', '.']));
    let words = known.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    let mut known: Vec<String> = Vec::new();
    for part in whole.chain(names).chain(labels).chain(words).filter(|part| part.chars().nth(1).is_some()) {
        let part: String = part.chars().take(KNOWN_CHARS_MAX).collect::<String>().to_lowercase();
        if !known.contains(&part) && known.len() < KNOWN_PARTS_MAX {
            known.push(part);
        }
    }
    known
}

fn explain(warning: Warning) -> &'static str {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess => "A row of neighbouring keys is among the first things a guesser tries.",
        Warning::ShortKeyboardPatternsAreEasyToGuess => "A short pattern on the keyboard is quickly guessed.",
        Warning::RepeatsLikeAaaAreEasyToGuess => "One character many times is quickly guessed.",
        Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => "The same piece several times is hardly better than the piece once.",
        Warning::ThisIsATop10Password => "This is one of the ten most used passwords.",
        Warning::ThisIsATop100Password => "This is one of the hundred most used passwords.",
        Warning::ThisIsACommonPassword => "Many people use this password, so it is on every guesser's list.",
        Warning::ThisIsSimilarToACommonlyUsedPassword => "This is close to a password that many people use.",
        Warning::SequencesLikeAbcAreEasyToGuess => "Letters or digits in order (abc, 6543) are quickly guessed.",
        Warning::RecentYearsAreEasyToGuess => "Recent years are quickly guessed.",
        Warning::AWordByItselfIsEasyToGuess => "A single word is quickly guessed.",
        Warning::DatesAreOftenEasyToGuess => "Dates are quickly guessed.",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess => "A name by itself is quickly guessed.",
        Warning::CommonNamesAndSurnamesAreEasyToGuess => "Names that many people have are quickly guessed.",
    }
}

fn say(suggestion: Suggestion) -> &'static str {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases => "Use five or more words chosen by chance, not a known phrase.",
        Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => "Symbols, digits and capital letters are not needed if it is long.",
        Suggestion::AddAnotherWordOrTwo => "Add a word or two; unusual ones are better.",
        Suggestion::CapitalizationDoesntHelpVeryMuch => "A capital letter at the beginning adds little.",
        Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => "Capital letters throughout add little.",
        Suggestion::ReversedWordsArentMuchHarderToGuess => "Writing a word backwards adds little.",
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => "Replacing letters with look-alikes (@ for a) adds little.",
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => "Words are better than patterns on the keyboard.",
        Suggestion::AvoidRepeatedWordsAndCharacters => "Do not repeat words or characters.",
        Suggestion::AvoidSequences => "Do not use letters or digits in order.",
        Suggestion::AvoidRecentYears => "Leave out recent years.",
        Suggestion::AvoidYearsThatAreAssociatedWithYou => "Leave out years that have to do with you.",
        Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => "Leave out dates that have to do with you.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(password: &str, known: &[&str]) -> String {
        let Strength { score, reason, suggestions, .. } = derive_strength(password, known);
        format!("{score} {reason} {}", suggestions.join(" ")).trim_end().to_owned()
    }

    #[test]
    fn each_weakness_is_named() {
        let cases: Vec<String> = [
            "",
            "password",
            "qwertyuiop",
            "aaaaaaaa",
            "abcabcabc",
            "abcdefgh",
            "maria",
            "13/5/1997",
            "P@ssw0rd",
            "drowssap",
            "xK4!",
            "trustno1",
            "correct horse battery staple",
            "7Jd-wQpz!m4ZrT0x",
        ]
        .iter()
        .map(|password| format!("{password:?} {}", summary(password, &[])))
        .collect();
        insta::assert_snapshot!(cases.join("\n"), @r#"
        "" 0 There is no password. Use five or more words chosen by chance, not a known phrase.
        "password" 0 This is one of the ten most used passwords. Add a word or two; unusual ones are better.
        "qwertyuiop" 0 This is one of the hundred most used passwords. Add a word or two; unusual ones are better.
        "aaaaaaaa" 0 One character many times is quickly guessed. Add a word or two; unusual ones are better. Do not repeat words or characters.
        "abcabcabc" 0 The same piece several times is hardly better than the piece once. Add a word or two; unusual ones are better. Do not repeat words or characters.
        "abcdefgh" 0 Letters or digits in order (abc, 6543) are quickly guessed. Add a word or two; unusual ones are better. Do not use letters or digits in order.
        "maria" 0 A name by itself is quickly guessed. Add a word or two; unusual ones are better.
        "13/5/1997" 1 Dates are quickly guessed. Add a word or two; unusual ones are better. Leave out dates that have to do with you.
        "P@ssw0rd" 0 This is close to a password that many people use. Add a word or two; unusual ones are better. A capital letter at the beginning adds little. Replacing letters with look-alikes (@ for a) adds little.
        "drowssap" 0 This is close to a password that many people use. Add a word or two; unusual ones are better. Writing a word backwards adds little.
        "xK4!" 1 This password is too short or too simple to withstand a guesser. Add a word or two; unusual ones are better.
        "trustno1" 0 This is one of the hundred most used passwords. Add a word or two; unusual ones are better.
        "correct horse battery staple" 4 This password is very hard to guess.
        "7Jd-wQpz!m4ZrT0x" 4 This password is very hard to guess.
        "#);
    }

    #[test]
    fn what_is_known_about_the_person_is_weak() {
        let known = ["ada.lovelace@analytical-engine.org", "https://difference.example"];
        let alone = derive_strength("analytical-engine", &[]).guesses_log10;
        for password in ["analytical-engine", "Lovelace!", "difference1", "ada.lovelace@analytical-engine.org"] {
            let strength = derive_strength(password, &known);
            assert!(strength.score < 3 && strength.guesses_log10 < alone, "{password}: {strength:?}");
            assert_eq!(strength.reason, "This password contains your address or the site's name, which a guesser tries first.");
            assert_eq!(strength.suggestions[0], "Leave out your name, your address and the site's name.");
        }
        // A part of two or three letters is no reason.
        assert!(!summary("orgorgorg", &known).contains("site"));
    }

    /// Its work is bounded, not its time: at most 48 characters and 32 known parts are ever looked at.
    #[test]
    fn a_password_of_a_megabyte_is_judged_by_its_beginning() {
        for piece in ["a", "password", "@a4s$5", "1", "é", "correct horse "] {
            let long = piece.repeat(1_000_000 / piece.len());
            let begin: String = long.chars().take(PASSWORD_CHARS_MAX).collect();
            assert_eq!(derive_strength(&long, &[&long, "ada@example.org"]), derive_strength(&begin, &[&long, "ada@example.org"]));
        }
        let parts = split_known(&[&"ab ".repeat(100_000), &(0..1000).map(|n| format!("{n} ")).collect::<String>()]);
        assert!(parts.len() <= KNOWN_PARTS_MAX && parts.iter().all(|part| part.chars().count() <= KNOWN_CHARS_MAX));
    }

    #[test]
    fn a_generated_password_is_strong() {
        let mut chance = crate::testing::Seeded::new(5);
        let password = crate::generate::make_password(&Default::default(), &mut chance).unwrap().text;
        let passphrase = crate::generate::make_passphrase(&Default::default(), &mut chance).unwrap().text;
        assert_eq!(summary(password.expose(), &[]), "4 This password is very hard to guess.");
        assert_eq!(summary(passphrase.expose(), &[]), "4 This password is very hard to guess.");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_password_gets_a_score_and_a_reason(password in "\\PC{0,40}", known in proptest::collection::vec("\\PC{0,20}", 0..4)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let strength = derive_strength(&password, &known);
            prop_assert!(strength.score <= 4 && strength.guesses_log10 >= 0.0 && strength.reason.ends_with('.'));
            prop_assert_eq!(strength.score >= 3, strength.suggestions.is_empty());
        }
    }
}
