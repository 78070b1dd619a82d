//! Every package's licence is one that `deny.toml` allows, checked without the network and without cargo-deny.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::Metadata;

use super::Finding;

const NEXT: &str = "use another package; if the licence is permissive, add it to `[licenses] allow` in deny.toml and say in the commit why it may be embedded";

pub(super) fn check(metadata: &Metadata, deny: &Path) -> Result<Vec<Finding>> {
    let allowed = allowed_by(&fs::read_to_string(deny).context("cannot read deny.toml")?)?;
    let from_outside = metadata.packages.iter().filter(|package| package.source.is_some());
    let judged = from_outside.filter_map(|package| {
        let place = format!("{} {}", package.name, package.version);
        let Some(licence) = &package.license else { return Some(Finding::new(place, "names no licence", NEXT)) };
        (!satisfies(licence, &allowed)).then(|| Finding::new(place, format!("`{licence}` is not covered by deny.toml"), NEXT))
    });
    Ok(judged.collect())
}

fn allowed_by(deny: &str) -> Result<Vec<String>> {
    let table: toml::Table = deny.parse().context("deny.toml is not TOML")?;
    let allow = table.get("licenses").and_then(|licenses| licenses.get("allow")).and_then(toml::Value::as_array);
    let allow = allow.context("deny.toml has no list `allow` under [licenses]")?;
    Ok(allow.iter().filter_map(|licence| licence.as_str().map(str::to_owned)).collect())
}

/// Whether an SPDX expression can be satisfied with the allowed licences. `/` is the old way to write `OR`; `AND` binds tighter.
fn satisfies(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (satisfied, rest) = any_of(&words, allowed);
    satisfied && rest.is_empty()
}

fn any_of<'w>(words: &'w [&'w str], allowed: &[String]) -> (bool, &'w [&'w str]) {
    let (mut satisfied, mut rest) = all_of(words, allowed);
    while let ["OR", after @ ..] = rest {
        let (other, after) = all_of(after, allowed);
        satisfied |= other;
        rest = after;
    }
    (satisfied, rest)
}

fn all_of<'w>(words: &'w [&'w str], allowed: &[String]) -> (bool, &'w [&'w str]) {
    let (mut satisfied, mut rest) = one(words, allowed);
    while let ["AND", after @ ..] = rest {
        let (other, after) = one(after, allowed);
        satisfied &= other;
        rest = after;
    }
    (satisfied, rest)
}

fn one<'w>(words: &'w [&'w str], allowed: &[String]) -> (bool, &'w [&'w str]) {
    match words {
        ["(", inside @ ..] => match any_of(inside, allowed) {
            (satisfied, [")", after @ ..]) => (satisfied, after),
            (_, rest) => (false, rest),
        },
        [licence, "WITH", exception, after @ ..] => (is_allowed(&format!("{licence} WITH {exception}"), allowed), after),
        [licence, after @ ..] => (is_allowed(licence, allowed), after),
        [] => (false, words),
    }
}

fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    allowed.iter().any(|known| known == licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_needs_one_side_of_or_and_both_sides_of_and() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        let cases = [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("MIT/GPL-2.0", true),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(GPL-2.0 OR LGPL-2.1) AND MIT", false),
            ("MIT OR Apache-2.0 AND GPL-2.0", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("(MIT", false),
            ("MIT MIT", false),
            ("", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(satisfies(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn the_list_is_read_from_deny_toml() -> Result<()> {
        assert_eq!(allowed_by("[licenses]\nallow = [\"MIT\"]\n")?, ["MIT"]);
        assert!(allowed_by("[bans]\n").is_err());
        Ok(())
    }
}
