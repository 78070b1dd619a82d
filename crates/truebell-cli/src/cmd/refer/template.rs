//! Templates: any text in which `{{ tb://vault/item/field }}` stands for a value. Other braces stay as they are, so that a template of
//! another program can be one of ours too.

use super::{Reference, is_reference};
use crate::exit::{Answered, Code, Failure};

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text, as it is.
    Text(&'a str),
    /// The value of this field.
    Field(Reference),
}

/// Takes a template apart.
pub(crate) fn parse(text: &str) -> Answered<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain_from = text;
    while let Some((before, after)) = rest.split_once("{{") {
        if !is_reference(after.trim_start()) {
            rest = after;
            continue;
        }
        let line = text.len().checked_sub(after.len()).and_then(|end| text.get(..end)).map_or(1, |read| read.matches('\n').count() + 1);
        let wrong = |what: &str| Failure::new(Code::BadFile, format!("Line {line} of the template {what}."));
        let (inside, behind) = after.split_once("}}").ok_or_else(|| wrong("opens “{{” and does not close it"))?;
        let reference = Reference::parse(inside.trim())
            .map_err(|failure| wrong(&format!("has no good reference: {}", failure.message.trim_end_matches('.'))))?;
        let plain_len = plain_from.len() - rest.len() + before.len();
        push_text(&mut pieces, plain_from.get(..plain_len).unwrap_or_default());
        pieces.push(Piece::Field(reference));
        rest = behind;
        plain_from = behind;
    }
    push_text(&mut pieces, plain_from);
    Ok(pieces)
}

fn push_text<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(field: &str) -> Piece<'static> {
        Piece::Field(Reference { vault: "V".into(), item: "I".into(), field: field.into() })
    }

    #[test]
    fn only_our_braces_are_read() {
        for (text, expected) in [
            ("", vec![]),
            ("no braces", vec![Piece::Text("no braces")]),
            ("a={{tb://V/I/a}};", vec![Piece::Text("a="), field("a"), Piece::Text(";")]),
            ("{{ tb://V/I/a }}{{\ttb://V/I/b }}", vec![field("a"), field("b")]),
            ("{{ user }} {{ tb://V/I/a }}", vec![Piece::Text("{{ user }} "), field("a")]),
            ("{{{ tb://V/I/a }}}", vec![Piece::Text("{{{ tb://V/I/a }}}")]),
            ("{{ user", vec![Piece::Text("{{ user")]),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_bad_reference_is_named_by_its_line() {
        assert_eq!(parse("a\nb {{ tb://V/I/a").unwrap_err().message, "Line 2 of the template opens “{{” and does not close it.");
        assert!(parse("{{ tb://V }}").unwrap_err().message.starts_with("Line 1 of the template has no good reference: “tb://V”"));
    }

    proptest! {
        #[test]
        fn text_around_references_is_kept_to_the_byte(parts in proptest::collection::vec("[^{}]{0,12}|\\{\\{ x|\\}\\}", 1..6)) {
            let text = parts.join("{{ tb://V/I/a }}");
            let again: String = parse(&text).unwrap().iter().map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Field(reference) => format!("{{{{ {reference} }}}}"),
            }).collect();
            prop_assert_eq!(again, text);
        }
    }
}
