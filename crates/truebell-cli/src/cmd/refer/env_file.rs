//! Env files: `KEY=value` lines in which a value may be a reference. No expansion of variables, no commands: a file is data.

use super::{Reference, is_reference};
use crate::exit::{Answered, Code, Failure};

/// What a line gives its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// This text.
    Text(String),
    /// The value of this field.
    Field(Reference),
}

/// Reads an env file: comments, `export`, single quotes (as it is) and double quotes (with `\n`, `\t`, `\"`, `\\`, `\$`).
pub(crate) fn parse(text: &str) -> Answered<Vec<(String, Value)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| Failure::new(Code::BadFile, format!("Line {number} of the env file {what}."));
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("has no “=”: write NAME=value"))?;
        let name = name.trim();
        if !is_name(name) {
            return Err(wrong("has a name that is not one of letters, digits and “_”"));
        }
        let value = unquote(value.trim()).map_err(wrong)?;
        let value = if is_reference(&value) {
            Value::Field(
                Reference::parse(&value)
                    .map_err(|failure| wrong(&format!("has no good reference: {}", failure.message.trim_end_matches('.'))))?,
            )
        } else {
            Value::Text(value)
        };
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn unquote(value: &str) -> Result<String, &'static str> {
    const TAIL: &str = "goes on after its closing quote";
    const OPEN: &str = "has no closing quote";
    if let Some(rest) = value.strip_prefix('\'') {
        let (inside, tail) = rest.split_once('\'').ok_or(OPEN)?;
        return if is_remark(tail) { Ok(inside.to_owned()) } else { Err(TAIL) };
    }
    if let Some(rest) = value.strip_prefix('"') {
        let (inside, tail) = unescape(rest).ok_or(OPEN)?;
        return if is_remark(tail) { Ok(inside) } else { Err(TAIL) };
    }
    if value.starts_with('#') {
        return Ok(String::new());
    }
    Ok(value.split_once(" #").map_or(value, |(value, _)| value).trim_end().to_owned())
}

fn is_remark(tail: &str) -> bool {
    let tail = tail.trim_start();
    tail.is_empty() || tail.starts_with('#')
}

fn unescape(text: &str) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '"' => return Some((inside, letters.as_str())),
            '\\' => match letters.next()? {
                'n' => inside.push('\n'),
                'r' => inside.push('\r'),
                't' => inside.push('\t'),
                plain @ ('"' | '\\' | '$') => inside.push(plain),
                other => inside.extend(['\\', other]),
            },
            letter => inside.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_is_read_as_shells_would_read_it() {
        let text = "\u{feff}# remark\r\n\nA=1\r\nexport B = two words # remark\nC='a # b'  # remark\nD=\"x\\ny \\\"z\\\" \\$H \\q\"\nE=\nF=tb://Personal/My bank/password\nG='tb://Work/CI/api key'\nH=#no\n";
        let field =
            |vault: &str, item: &str, field: &str| Value::Field(Reference { vault: vault.into(), item: item.into(), field: field.into() });
        let plain = |text: &str| Value::Text(text.into());
        let expected = [
            ("A", plain("1")),
            ("B", plain("two words")),
            ("C", plain("a # b")),
            ("D", plain("x\ny \"z\" $H \\q")),
            ("E", plain("")),
            ("F", field("Personal", "My bank", "password")),
            ("G", field("Work", "CI", "api key")),
            ("H", plain("")),
        ];
        assert_eq!(parse(text).unwrap(), expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        for (text, message) in [
            ("A=1\nwhat", "Line 2 of the env file has no “=”: write NAME=value."),
            ("1A=1", "Line 1 of the env file has a name that is not one of letters, digits and “_”."),
            ("A='x", "Line 1 of the env file has no closing quote."),
            ("A=\"x\\\"", "Line 1 of the env file has no closing quote."),
            ("A='x'y", "Line 1 of the env file goes on after its closing quote."),
            (
                "A=tb://x",
                "Line 1 of the env file has no good reference: “tb://x” is not a reference: write tb://vault/item/field, and a slash inside a name as %2F.",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().message, message, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_value_survives_single_or_double_quotes(value in "[^\r\n]{0,40}") {
            prop_assume!(!is_reference(&value));
            let double = format!("A=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
            prop_assert_eq!(parse(&double).unwrap(), vec![("A".to_owned(), Value::Text(value.clone()))]);
            if !value.contains('\'') {
                prop_assert_eq!(parse(&format!("A='{value}'")).unwrap(), vec![("A".to_owned(), Value::Text(value))]);
            }
        }

        #[test]
        fn no_file_makes_it_panic(text in "\\PC{0,80}") {
            drop(parse(&text));
        }
    }
}
