//! The two databases move in step: the same migration numbers on both sides, from 1 without a gap.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;

const SIDES: [&str; 2] = ["sqlite", "postgres"];

const NEXT_PAIR: &str =
    "write the same step for the other database under the same number, even when it has nothing to do there but say so in a comment";
const NEXT_NUMBER: &str = "name it NNNN_what_it_does.sql with the next free number; a number once landed is never reused or changed";

pub(super) fn check(folder: &Path) -> Result<Vec<Finding>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    let mut numbers: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for side in SIDES {
        for name in names(&folder.join(side))? {
            match name.split('_').next().and_then(|digits| digits.parse().ok()) {
                Some(number) => numbers.entry(number).or_default().push(side),
                None => findings.push(Finding::new(format!("migrations/{side}/{name}"), "has no number", NEXT_NUMBER)),
            }
        }
    }
    for (expected, (number, sides)) in (1_u32..).zip(&numbers) {
        if *number != expected {
            findings.push(Finding::new("migrations", format!("{expected} is missing before {number}"), NEXT_NUMBER));
            break;
        }
        if sides.as_slice() != SIDES {
            findings.push(Finding::new(
                "migrations",
                format!("{number} must be there once for each of {SIDES:?}, but is there for {sides:?}"),
                NEXT_PAIR,
            ));
        }
    }
    Ok(findings)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sql") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn check_files(files: &[&str]) -> Vec<String> {
        let files: Vec<(&str, &str)> = files.iter().map(|file| (*file, "")).collect();
        check(tree(&files).path()).expect("both folders are there").into_iter().map(|finding| finding.wrong).collect()
    }

    #[test]
    fn equal_numbers_pass_whatever_the_words_behind_them() {
        assert!(check_files(&["sqlite/0001_initial.sql", "postgres/0001_start.sql"]).is_empty());
    }

    #[test]
    fn a_step_on_one_side_only_is_found() {
        let wrong = check_files(&["sqlite/0001_a.sql", "sqlite/0002_b.sql", "postgres/0001_a.sql"]);
        assert_eq!(wrong, [r#"2 must be there once for each of ["sqlite", "postgres"], but is there for ["sqlite"]"#]);
    }

    #[test]
    fn a_gap_and_a_name_without_a_number_are_found() {
        let wrong = check_files(&["sqlite/0002_b.sql", "postgres/0002_b.sql", "postgres/later.sql"]);
        assert_eq!(wrong, ["has no number", "1 is missing before 2"]);
    }

    #[test]
    fn the_same_number_twice_on_one_side_is_found() {
        assert_eq!(check_files(&["sqlite/0001_a.sql", "sqlite/0001_b.sql", "postgres/0001_a.sql"]).len(), 1);
    }
}
