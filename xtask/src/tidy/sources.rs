//! Reading the sources: which files there are, and which of their lines are the product's own code.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// Folders that hold no source of ours, by name or by the end of their path.
const SKIPPED: [&str; 6] = ["target", ".git", "node_modules", "fuzz/corpus", "artifacts", "book"];

/// Every file below `folder` with this extension, in a stable order; an absent folder holds none.
pub(super) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    let kept = walk.filter_entry(|entry| !(entry.file_type().is_dir() && SKIPPED.iter().any(|skipped| entry.path().ends_with(skipped))));
    let mut found = Vec::new();
    for entry in kept {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        if entry.path().extension().is_some_and(|ending| ending == extension) {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// The text of a file, with the file's name in the error.
pub(super) fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The numbered lines (from 1) of a Rust file that reach the product: no comments, and nothing from `#[cfg(test)] mod … {` on.
pub(super) fn product_lines(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_test_module = |pair: &[&str]| matches!(pair, [gate, module] if is_test_gate(gate) && opens_module(module));
    let end = lines.windows(2).position(is_test_module).unwrap_or(lines.len());
    let product = lines.into_iter().enumerate().take(end).map(|(index, line)| (index + 1, line));
    product.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

/// Whether the whole file belongs to the tests.
pub(super) fn is_test_file(file: &Path) -> bool {
    let named = file.file_stem().is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"));
    named || file.components().any(|part| ["tests", "benches", "conformance"].iter().any(|folder| part.as_os_str() == *folder))
}

fn is_test_gate(line: &str) -> bool {
    line.trim().starts_with("#[cfg(test)]") || line.trim().starts_with("#[cfg(all(test")
}

fn opens_module(line: &str) -> bool {
    let line = line.trim();
    line.ends_with('{') && (line.starts_with("mod ") || line.contains(" mod "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_test_modules_are_not_the_product() {
        let text = "//! Says SystemTime::now.\nfn a() {} // here\n/// And there.\nfn b() {}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let lines: Vec<usize> = product_lines(text).into_iter().map(|(number, _)| number).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn a_gated_import_does_not_end_the_product() {
        assert_eq!(product_lines("#[cfg(test)]\nmod tests;\nfn a() {}\n").len(), 3);
    }
}
