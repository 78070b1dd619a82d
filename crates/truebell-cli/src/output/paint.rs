//! Colours, and words of others made harmless for a terminal. Never here: when to colour (`mod.rs` decides).

use owo_colors::OwoColorize;
use std::borrow::Cow;

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether to colour.
    pub on: bool,
}

impl Paint {
    /// Colours.
    pub const ON: Self = Self { on: true };
    /// No colours.
    pub const OFF: Self = Self { on: false };

    /// Errors.
    pub fn red(self, text: &str) -> String {
        if self.on { text.red().bold().to_string() } else { text.to_owned() }
    }

    /// Warnings and notices.
    pub fn yellow(self, text: &str) -> String {
        if self.on { text.yellow().bold().to_string() } else { text.to_owned() }
    }

    /// What is well.
    pub fn green(self, text: &str) -> String {
        if self.on { text.green().to_string() } else { text.to_owned() }
    }

    /// Headings and what is to be copied.
    pub fn bold(self, text: &str) -> String {
        if self.on { text.bold().to_string() } else { text.to_owned() }
    }

    /// Ids and what is beside the point.
    pub fn dim(self, text: &str) -> String {
        if self.on { text.dimmed().to_string() } else { text.to_owned() }
    }
}

/// Text of others for one line of a terminal: without control and direction characters, which could rewrite what is on the screen.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_harmful) {
        Cow::Owned(text.chars().map(|letter| if is_harmful(letter) { ' ' } else { letter }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn is_harmful(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_cannot_steer_the_terminal() {
        for (text, shown) in [
            ("Přítel 東京 🦀", "Přítel 東京 🦀"),
            ("red\u{1b}[31m", "red [31m"),
            ("two\nlines\ttab", "two lines tab"),
            ("gpj.\u{202e}exe", "gpj. exe"),
        ] {
            assert_eq!(clean(text), shown);
        }
    }

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(Paint::OFF.red("x"), "x");
        assert_ne!(Paint::ON.red("x"), "x");
    }
}
