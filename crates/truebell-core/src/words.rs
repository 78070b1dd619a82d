//! Words of others (a stranger's page, a device's name), made harmless to show inside a sentence of ours.

/// Most letters shown.
const LETTERS_MAX: usize = 80;

/// One line, no control or direction characters, short.
pub fn one_line(words: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|letter| !letter.is_control() && !turns(*letter)).take(LETTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn strange_words_stay_on_one_line_and_keep_their_direction() {
        assert_eq!(one_line(" a\n b\t\u{202e}c\u{1b}[31m "), "a b c[31m");
        assert_eq!(one_line(&"ä".repeat(200)).chars().count(), 80);
    }
}
