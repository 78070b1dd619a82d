//! A file opens with what lives in it: `//!` on the first line of every Rust file, and more than a word behind it.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::sources::{files, text};

/// Below this many letters a header says nothing.
const SHORTEST_HEADER: usize = 12;

const NEXT: &str = "open the file with one `//!` sentence that tells a stranger what lives here, and what never will";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in files(root, "rs")? {
        let inside = file.strip_prefix(root).unwrap_or(&file).display();
        let text = text(&file)?;
        let first = text.lines().next().unwrap_or_default();
        match first.strip_prefix("//!") {
            None => findings.push(Finding::new(inside, "does not open with `//!`", NEXT)),
            Some(words) if words.trim().chars().count() < SHORTEST_HEADER => {
                findings.push(Finding::new(inside, "opens with a header that says nothing", NEXT));
            }
            Some(_) => {}
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_file_without_a_header_and_one_with_an_empty_header_are_found() -> Result<()> {
        let tree = tree(&[
            ("crates/a/src/good.rs", "//! What a good file is for.\n"),
            ("crates/a/src/late.rs", "use std::fmt;\n//! Too late for a header.\n"),
            ("crates/a/src/short.rs", "//! x\n"),
            ("target/debug/build/made.rs", "fn made() {}\n"),
        ]);
        let places: Vec<String> = check(tree.path())?.into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/a/src/late.rs", "crates/a/src/short.rs"]);
        Ok(())
    }
}
