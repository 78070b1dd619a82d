//! A letter, once as text and once as HTML, from the same parts: the two cannot say different things, and escaping has one place.

use crate::words::is_unseen;
use std::fmt::Write;

/// What a mail says, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Subject; never anything a person typed.
    pub subject: &'static str,
    /// What happened, in one or two sentences.
    pub happened: String,
    /// Name and value: when, on which device, what else the event proves.
    pub facts: Vec<(&'static str, String)>,
    /// What follows from it, or what was not affected.
    pub meaning: String,
    /// What to do if it was not you.
    pub if_not_you: &'static str,
    /// The check code.
    pub code: String,
    /// Where the code can be checked: the one link.
    pub check_url: String,
}

const CLOSING: &str = "Truebell never asks for your password or your Secret Key by mail, and this mail needs no answer.";

impl Letter {
    fn how_to_check(&self) -> String {
        format!(
            "Is this mail genuine? Its check code is {code}. On your own device type `truebell notice verify {code}`, or open",
            code = self.code
        )
    }

    /// The text part.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.happened);
        for (name, value) in &self.facts {
            let _ = writeln!(text, "    {name}: {value}");
        }
        let how_to_check = self.how_to_check();
        let _ = write!(
            text,
            "\n{}\n\nIf this was not you\n{}\n\n{how_to_check}\n{}\n\n{CLOSING}\n",
            self.meaning, self.if_not_you, self.check_url
        );
        text.lines().map(|line| wrap(line) + "\n").collect()
    }

    /// The HTML part: no script, no picture, nothing loaded from anywhere, readable in light and dark.
    pub fn html(&self) -> String {
        let facts: String =
            self.facts.iter().map(|(name, value)| format!("<tr><th>{}</th><td>{}</td></tr>\n", escape(name), escape(value))).collect();
        let [subject, happened, meaning, if_not_you, code, url] =
            [self.subject, &self.happened, &self.meaning, self.if_not_you, &self.code, &self.check_url].map(escape);
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{subject}</title>\n<style>{STYLE}</style></head>\n<body><main>\n\
             <h1>{subject}</h1>\n<p>{happened}</p>\n<table>\n{facts}</table>\n<p>{meaning}</p>\n\
             <h2>If this was not you</h2>\n<p>{if_not_you}</p>\n\
             <h2>Is this mail genuine?</h2>\n<p>Its check code is <strong>{code}</strong>. On your own device type \
             <code>truebell notice verify {code}</code>, or open<br>\n<a href=\"{url}\">{url}</a></p>\n\
             <p class=\"small\">{CLOSING}</p>\n</main></body></html>\n"
        )
    }
}

const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;background:#fff;color:#1b1f24;font:16px/1.5 system-ui,sans-serif}\
main{max-width:34em;margin:0 auto;padding:24px}\
h1{font-size:20px;margin:0 0 16px}h2{font-size:16px;margin:24px 0 4px}p{margin:0 0 12px}\
table{border-collapse:collapse;margin:12px 0}th{text-align:left;font-weight:600;padding:2px 16px 2px 0;vertical-align:top}td{padding:2px 0}\
code{font-family:ui-monospace,monospace}.small{font-size:14px;margin-top:24px}\
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8ea}a{color:#8ab4f8}}";

/// Text as it may stand between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Breaks a line at spaces, so that mail programs leave it alone (RFC 5322 wants at most 78 letters). Indented lines and links stay.
fn wrap(line: &str) -> String {
    const WIDTH: usize = 76;
    if line.starts_with(' ') || line.contains("://") {
        return line.to_owned();
    }
    let mut wrapped = String::with_capacity(line.len() + 4);
    let mut width = 0;
    for word in line.split(' ') {
        let len = word.chars().count();
        if width > 0 {
            let fits = width + 1 + len <= WIDTH;
            wrapped.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        wrapped.push_str(word);
        width += len;
    }
    wrapped
}

/// A name somebody chose, as it may stand in a mail: short, on one line, in its own reading direction, and nothing a mail program
/// would turn into a link. Whoever signs up with somebody else's address cannot send them an advertisement by naming a device.
pub fn name(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown = String::new();
    let mut letters = text.trim().chars().filter(|letter| !is_unseen(*letter)).peekable();
    for _ in 0..LONGEST {
        let Some(letter) = letters.next() else { break };
        let is_inside = letters.peek().is_some_and(|next| next.is_alphanumeric());
        shown.push(match letter {
            '.' | ':' | '@' if is_inside => '·',
            '/' | '\\' | '“' | '”' | '<' | '>' => '·',
            letter if letter.is_whitespace() => ' ',
            letter => letter,
        });
    }
    if letters.peek().is_some() {
        shown.push('…');
    }
    if shown.is_empty() { "a device without a name".to_owned() } else { format!("“{shown}”") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_no_link_no_line_and_no_direction() {
        for (written, shown) in [
            ("Ada's laptop", "“Ada's laptop”"),
            ("visit http://evil.example/win now", "“visit http:··evil·example·win now”"),
            ("mail me@evil.example", "“mail me·evil·example”"),
            ("a\r\nBcc: b\u{202e}c", "“aBcc: bc”"),
            ("Δοκιμή 携帯 📱", "“Δοκιμή 携帯 📱”"),
            ("ends with a dot.", "“ends with a dot.”"),
            ("\u{200b}", "a device without a name"),
            ("x ” <b>", "“x · ·b·”"),
        ] {
            assert_eq!(name(written), shown);
        }
        assert_eq!(name(&"x".repeat(41)).chars().count(), 43);
    }

    #[test]
    fn everything_with_a_meaning_in_html_is_escaped() {
        assert_eq!(escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    }

    #[test]
    fn long_lines_break_at_spaces_and_links_do_not() {
        let long = "word ".repeat(40);
        assert!(wrap(long.trim()).lines().all(|line| line.len() <= 76));
        let link = format!("https://example.org/{}", "x ".repeat(60));
        assert_eq!(wrap(&link), link);
    }
}
