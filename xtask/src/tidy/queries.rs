//! Failure is never absence: where the store is asked, an error may not be turned into "not found", "none" or a default.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::sources::{files, is_test_file, product_lines, text};

/// Where a query is made, and what throws its error away there. In the store every value comes from a query.
const BANS: [(&str, &[&str]); 2] = [
    ("crates/truebell-store/src", &[".ok()", ".unwrap_or_default()", ".is_ok_and("]),
    ("crates/truebell-server/src", &[".await.ok()", ".await.unwrap_or_default()", ".await.unwrap_or(", ".await.is_ok_and("]),
];

const NEXT: &str =
    "pass the error on with `?`; for a row that may be absent use `optional()` or `query_opt`, which keep *failed* apart from *absent*";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (folder, words) in BANS {
        for file in files(&root.join(folder), "rs")? {
            let inside = file.strip_prefix(root).unwrap_or(&file);
            if is_test_file(inside) {
                continue;
            }
            let text = text(&file)?;
            for (line, code) in product_lines(&text) {
                for word in words.iter().filter(|word| code.contains(**word)) {
                    findings.push(Finding::new(
                        format!("{}:{line}", inside.display()),
                        format!("`{word}` makes a failed query look like an absent row"),
                        NEXT,
                    ));
                }
            }
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_swallowed_error_is_found_in_the_store_and_behind_an_await_in_the_server() -> Result<()> {
        let tree = tree(&[
            ("crates/truebell-store/src/sqlite/items.rs", "//! Items.\nlet row = query().ok();\n"),
            (
                "crates/truebell-server/src/routes/items.rs",
                "//! Items.\nlet number = text.parse().ok();\nlet row = store.find().await.ok();\n",
            ),
            ("crates/truebell-core/src/ids.rs", "//! Ids.\nlet number = text.parse().ok();\n"),
        ]);
        let places: Vec<String> = check(tree.path())?.into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/truebell-store/src/sqlite/items.rs:2", "crates/truebell-server/src/routes/items.rs:3"]);
        Ok(())
    }
}
