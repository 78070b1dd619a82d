//! Words of others (a stranger's page, a device's name), made harmless to show inside a sentence of ours.

/// Most letters shown.
const LETTERS_MAX: usize = 80;

/// One line, no control or direction characters, short.
pub fn one_line(words: &str) -> String {
    let spaced = words.split_whitespace().flat_map(|word| std::iter::once(' ').chain(word.chars())).skip(1);
    spaced.filter(|letter| !is_unseen(*letter)).take(LETTERS_MAX).collect()
}

/// Control characters, and marks that turn the reading direction or take no room (Unicode general categories Cc and Cf, the ones in use).
pub fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
