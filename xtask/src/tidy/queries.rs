//! Failure is never absence: where the store is asked, an error may not be turned into "not found", "none" or a default.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::sources::{files, is_test_file, product_lines, text};

/// What throws an error away.
const WORDS: [&str; 4] = [".ok()", ".unwrap_or_default()", ".is_ok_and(", ".await.unwrap_or("];

/// Where a query is made, and how its statement is told from others there.
const PLACES: [Place; 2] = [("crates/truebell-store/src", is_no_parsing), ("crates/truebell-server/src", asks_the_store)];

type Place = (&'static str, fn(&str) -> bool);

const NEXT: &str =
    "pass the error on with `?`; for a row that may be absent use `optional()` or `query_opt`, which keep *failed* apart from *absent*";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (folder, is_query) in PLACES {
        for file in files(&root.join(folder), "rs")? {
            let inside = file.strip_prefix(root).unwrap_or(&file);
            if is_test_file(inside) {
                continue;
            }
            for (line, statement) in statements(&product_lines(&text(&file)?)) {
                let words = WORDS.iter().filter(|word| statement.contains(**word) && is_query(&statement));
                let wrong = |word: &&str| format!("`{word}` makes a failed query look like an absent row");
                findings.extend(words.map(|word| Finding::new(format!("{}:{line}", inside.display()), wrong(word), NEXT)));
            }
        }
    }
    Ok(findings)
}

/// Statements without blanks, each with the number of its last line: a chain of calls is often written over several.
fn statements(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut statement = String::new();
    for (number, line) in lines {
        statement.extend(line.split_whitespace());
        if line.trim_end().ends_with([';', '{', '}', ',']) {
            found.push((*number, std::mem::take(&mut statement)));
        }
    }
    found
}

/// In the store every value comes from a query, but for those read from a text.
fn is_no_parsing(statement: &str) -> bool {
    !statement.contains(".parse")
}

fn asks_the_store(statement: &str) -> bool {
    statement.contains("store.") && statement.contains(".await")
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_swallowed_error_is_found_in_the_store_and_behind_an_await_in_the_server() -> Result<()> {
        let tree = tree(&[
            ("crates/truebell-store/src/sqlite/items.rs", "//! Items.\nlet row = query().ok();\nlet port = text.parse::<u16>().ok();\n"),
            (
                "crates/truebell-server/src/routes/items.rs",
                "//! Items.\nlet number = text.parse().ok();\nlet row = app\n    .store\n    .find()\n    .await\n    .ok();\nlet line = reader.line().await.ok();\n",
            ),
            ("crates/truebell-core/src/ids.rs", "//! Ids.\nlet number = text.parse().ok();\n"),
        ]);
        let places: Vec<String> = check(tree.path())?.into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/truebell-store/src/sqlite/items.rs:2", "crates/truebell-server/src/routes/items.rs:7"]);
        Ok(())
    }
}
