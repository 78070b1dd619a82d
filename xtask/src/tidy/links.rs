//! The documents hang together: no relative link is broken, and every file in `docs/` can be reached from a README.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::Finding;
use super::sources::{files, text};

/// Where a reader starts.
const ENTRANCES: [&str; 2] = ["README.md", "docs/README.md"];

const NEXT_BROKEN: &str = "mend the link, or remove it with the sentence that needs it";
const NEXT_LOST: &str = "link it from docs/README.md or from a document that is linked there, or remove it";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in files(root, "md")? {
        let inside = file.strip_prefix(root).unwrap_or(&file).to_owned();
        for (line, target) in links(&text(&file)?) {
            if !root.join(resolve(&inside, &target)).exists() {
                findings.push(Finding::new(
                    format!("{}:{line}", inside.display()),
                    format!("links to `{target}`, which is not there"),
                    NEXT_BROKEN,
                ));
            }
        }
    }
    findings.extend(lost(root)?);
    Ok(findings)
}

/// Files in `docs/` that no way from an entrance reaches. A link to a folder reaches all files right in it.
fn lost(root: &Path) -> Result<Vec<Finding>> {
    let mut reached: BTreeSet<PathBuf> = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = ENTRANCES.iter().map(PathBuf::from).filter(|entrance| root.join(entrance).is_file()).collect();
    while let Some(file) = waiting.pop() {
        if !reached.insert(file.clone()) || file.extension().is_none_or(|ending| ending != "md") || !root.join(&file).is_file() {
            continue;
        }
        waiting.extend(links(&text(&root.join(&file))?).into_iter().map(|(_, target)| resolve(&file, &target)));
    }
    let walk = walkdir::WalkDir::new(root.join("docs")).sort_by_file_name().into_iter().flatten();
    let all = walk.filter(|entry| entry.file_type().is_file()).filter_map(|entry| entry.path().strip_prefix(root).ok().map(Path::to_owned));
    let is_reached = |file: &PathBuf| reached.contains(file) || file.parent().is_some_and(|folder| reached.contains(folder));
    Ok(all
        .filter(|file| !is_reached(file))
        .map(|file| Finding::new(file.display(), "no link leads here from README.md or docs/README.md", NEXT_LOST))
        .collect())
}

/// The relative links of a Markdown text with their line numbers (from 1), without anchors; none from code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        // Odd pieces between backticks are code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for piece in prose.split("](").skip(1) {
            let target = piece.split(')').next().unwrap_or_default().split(['#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push((index + 1, target.to_owned()));
            }
        }
    }
    found
}

/// Where a link in `file` points, as a path from the root.
fn resolve(file: &Path, target: &str) -> PathBuf {
    let mut path = file.parent().map(Path::to_owned).unwrap_or_default();
    if target.starts_with('/') {
        path = PathBuf::new();
    }
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_broken_link_is_found_and_links_in_code_or_to_the_web_are_not() -> Result<()> {
        let text = "[good](docs/a.md#part) [web](https://example.org/x) `[code](no.md)`\n```\n[fence](no.md)\n```\n[bad](docs/no.md)\n";
        let tree = tree(&[("README.md", text), ("docs/a.md", "[up](../README.md)")]);
        let findings = check(tree.path())?;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].place, "README.md:5");
        Ok(())
    }

    #[test]
    fn a_document_no_link_leads_to_is_found() -> Result<()> {
        let tree = tree(&[
            ("README.md", "[docs](docs/README.md)"),
            ("docs/README.md", "[one](one.md) [decisions](adr/)"),
            ("docs/one.md", "[two](formats/two.md)"),
            ("docs/formats/two.md", "reached in two steps"),
            ("docs/adr/0001.md", "reached by its folder"),
            ("docs/alone.md", "[self](alone.md)"),
        ]);
        let places: Vec<String> = check(tree.path())?.into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["docs/alone.md"]);
        Ok(())
    }
}
