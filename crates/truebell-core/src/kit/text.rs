//! A kit as plain text: lines of `Key: value` between sentences for the reader.

use super::found::Found;
use super::{Kit, KitError, KitField, Place, VERSION};
use crate::secret::Secret;
use zeroize::Zeroizing;

const HEAD: &str = "Truebell Emergency Kit

Together with your account password this opens your account on a new device. Print it or write it down, and
keep it where you keep your passport. Nobody who runs a server ever needs it: do not send it to anyone.

";
const FOOT: &str = "
Account password (by hand, if you keep this in a safe place):
";

impl Kit {
    /// Its plain text.
    pub fn to_text(&self) -> Secret {
        let fields = self.fields();
        let length: usize = fields.iter().map(|(_, value)| value.len() + 32).sum();
        // Room for all of it, so that the text never moves and leaves a copy of the Secret Key behind.
        let mut text = String::with_capacity(HEAD.len() + FOOT.len() + length + 32);
        text.push_str(HEAD);
        for (field, value) in &fields {
            text.extend([&field.to_string(), ": "]);
            text.extend(value.chars().filter(|letter| !letter.is_control()));
            text.push('\n');
        }
        text.push_str(&format!("{}: {VERSION}\n{FOOT}", KitField::Version));
        Secret::new(text)
    }

    /// Reads the text of a kit, forgiving of what printing, mailing and copying do to lines.
    pub fn parse_text(text: &str) -> Result<Self, KitError> {
        let mut found = Found::default();
        let mut number = 0;
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            rest = after;
            number += 1;
            if let Some((field, value)) = read_line(line) {
                found.add(field, Place::Line(number), Zeroizing::new(value.to_owned()))?;
            }
        }
        found.into_kit()
    }
}

/// The first line and what follows its end.
fn split_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once(['\n', '\r']).unwrap_or((text, ""));
    // Of CR LF the CR was the end found; the LF belongs to it.
    let ended_by_cr = text.as_bytes().get(line.len()) == Some(&b'\r');
    (line, rest.strip_prefix('\n').filter(|_| ended_by_cr).unwrap_or(rest))
}

/// The value a line gives, if it has a key of ours.
fn read_line(line: &str) -> Option<(KitField, &str)> {
    let line = line.trim_start_matches(|mark: char| mark.is_whitespace() || matches!(mark, '>' | '|' | '*' | '•'));
    let (key, value) = line.split_once([':', '：'])?;
    let plain = |key: &str| key.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let key = plain(key);
    let field = KitField::ALL.into_iter().find(|field| plain(&field.to_string()) == key)?;
    Some((field, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::ada;
    use super::*;
    use proptest::prelude::*;

    /// Printed kits are read for ever: this text may never stop being a kit.
    const FIRST: &str = include_str!("../../../../vectors/kit.txt");

    #[test]
    fn the_text_is_the_one_first_released() {
        assert_eq!(ada().to_text().expose(), FIRST);
        assert_eq!(Kit::parse_text(FIRST), Ok(ada()));
    }

    #[test]
    fn what_printing_mailing_and_copying_do_to_lines_is_forgiven() {
        let quoted: String = FIRST.lines().map(|line| format!("> {line}\n")).collect();
        let listed: String = FIRST.lines().map(|line| format!("\t • {line}   \n")).collect();
        let without_version: String = FIRST.lines().filter(|line| !line.contains("version")).map(|line| format!("{line}\n")).collect();
        for (how, text) in [
            ("Windows line ends", FIRST.replace('\n', "\r\n")),
            ("old Macintosh line ends", FIRST.replace('\n', "\r")),
            ("a byte order mark", format!("\u{feff}{FIRST}")),
            ("quoting", quoted),
            ("a list", listed),
            (
                "page headers",
                format!("Page 1: of 1\n{}\u{c}Printed: today, http://x\n", FIRST.replace("\nEmail", "\n\u{c}Truebell 1/1\nEmail")),
            ),
            ("capitals and dashes in keys", FIRST.replace("Secret Key:", "SECRET-KEY :").replace("Email:", "e-mail:")),
            ("full-width colons", FIRST.replace(": ", "：")),
            ("no version", without_version),
            ("the same kit twice", FIRST.repeat(2)),
            ("a Secret Key typed by hand", FIRST.replace("TB1-60RK3-4CSM6-", "tb1 6Ork3 4csm6 ")),
            ("a date by hand", FIRST.replace("2026-11-23 06:33:51Z", "2026-11-23 06:33:51 UTC")),
            ("a password on it", FIRST.replace("place):", "place): a: b: Server: x")),
        ] {
            assert_eq!(Kit::parse_text(&text), Ok(ada()), "{how}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_its_value() {
        let with = |from: &str, to: &str| Kit::parse_text(&FIRST.replace(from, to)).unwrap_err().to_string();
        let cases = [
            Kit::parse_text("").unwrap_err().to_string(),
            Kit::parse_text("Dear all,\nServer: the tall one\nEmail: none").unwrap_err().to_string(),
            with("Kit version: 1", "Kit version: 2"),
            with("Kit version: 1", "Kit version: one"),
            with("Secret Key: ", "Secret: "),
            with("Email: ", "Mail: "),
            with("https://vault", "ftp://vault"),
            with("https://vault.example.org", "https://"),
            with("SHA256:n4", "SHA256:n4 "),
            with("SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", ""),
            with("ada@example", "ada.example"),
            with("acc_", "itm_"),
            with("6MV3E", "6MV3F"),
            with("Epoch: 3", "Epoch: +3"),
            with("Epoch: 3", "Epoch: 18446744073709551616"),
            with("2026-11-23", "2026-02-30"),
            Kit::parse_text(&format!("{FIRST}\n{}", FIRST.replace("ada@", "eve@"))).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(cases.join("\n"), @r#"
        this is not a Truebell Emergency Kit: use the PDF or the text that was saved at sign-up
        this is not a Truebell Emergency Kit: use the PDF or the text that was saved at sign-up
        this Emergency Kit is of a newer version: update Truebell
        line 13 of the Emergency Kit cannot be read: "Kit version" must be a number
        this Emergency Kit has no "Secret Key": use the whole of it
        this Emergency Kit has no "Email": use the whole of it
        line 6 of the Emergency Kit cannot be read: "Server" must be the server's address, beginning with https:// or http://
        line 6 of the Emergency Kit cannot be read: "Server" must be the server's address, beginning with https:// or http://
        line 7 of the Emergency Kit cannot be read: "Server fingerprint" must be the server's fingerprint, in one word
        line 7 of the Emergency Kit cannot be read: "Server fingerprint" must be the server's fingerprint, in one word
        line 8 of the Emergency Kit cannot be read: "Email" must be a mail address
        line 9 of the Emergency Kit cannot be read: "Account" must be acc_ and 26 letters or digits
        line 10 of the Emergency Kit: there is a typo in group 3 of the Secret Key (the first after TB1 is group 1): compare it with your Emergency Kit
        line 11 of the Emergency Kit cannot be read: "Epoch" must be a number
        line 11 of the Emergency Kit cannot be read: "Epoch" must be a number
        line 12 of the Emergency Kit cannot be read: "Created" must be a date, such as 2026-11-23 06:20:31Z
        this Emergency Kit has two different values for "Email" (line 8, line 24): use one kit at a time
        "#);
    }

    #[test]
    fn a_control_character_in_a_value_cannot_make_a_second_line() {
        let kit = Kit { email: "ada@example.org\nServer: https://evil.example".to_owned(), ..ada() };
        let text = kit.to_text();
        assert_eq!(text.expose().lines().count(), FIRST.lines().count());
        assert!(matches!(Kit::parse_text(text.expose()), Err(KitError::Unreadable { field: KitField::Email, .. })));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(lines in proptest::collection::vec("(Server|Email|Secret Key|Epoch|\\PC{0,9})[:：]?\\PC{0,30}[\r\n]{0,2}", 0..12)) {
            let _ = Kit::parse_text(&lines.concat());
        }

        /// Whatever happens to one character of a kit, its Secret Key is the right one or an error.
        #[test]
        fn a_changed_character_never_gives_another_secret_key(place in 0..FIRST.len(), typed: char) {
            let Some((before, after)) = FIRST.split_at_checked(place) else { return Ok(()) };
            let mut after = after.chars();
            after.next();
            if let Ok(kit) = Kit::parse_text(&format!("{before}{typed}{}", after.as_str())) {
                prop_assert_eq!(kit.secret_key, ada().secret_key);
            }
        }
    }
}
