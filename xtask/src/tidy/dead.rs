//! No dead weight: a crate that nobody uses, a dependency that no line names.

use std::collections::BTreeSet;

use anyhow::Result;

use super::sources::{files, text};
use super::{Finding, Member};

/// Dependencies that work by being linked, with the reason; no line needs to name them.
const SILENT: &[(&str, &str, &str)] = &[];

/// Crates whose users are still being built, with who they will be. A row goes when its first user comes.
const AWAITED: &[(&str, &str)] = &[];

pub(super) fn check_members(members: &[Member]) -> Vec<Finding> {
    let used: BTreeSet<&str> = members.iter().flat_map(|member| member.members.iter().map(String::as_str)).collect();
    let is_awaited = |member: &&Member| AWAITED.iter().any(|(name, _)| *name == member.name);
    let dead = members.iter().filter(|member| !member.has_binary && !used.contains(member.name.as_str()) && !is_awaited(member));
    dead.map(|member| {
        let next = "remove the crate, or let the crate it was made for depend on it; a room without a second user is merged";
        Finding::new(&member.name, "no other crate depends on this one, and it builds no binary", next)
    })
    .collect()
}

pub(super) fn check_packages(members: &[Member]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in members {
        let mut sources = String::new();
        for file in files(&member.folder, "rs")? {
            sources.push_str(&text(&file)?);
        }
        let named = |package: &String| {
            mentions(&sources, package) || SILENT.iter().any(|(crate_name, silent, _)| *crate_name == member.name && silent == package)
        };
        let wanted: BTreeSet<&String> = member.packages.iter().collect();
        for package in wanted.into_iter().filter(|package| !named(package)) {
            let next = "remove the line from the crate's Cargo.toml; if it works by being linked alone, give it a row with its reason in xtask/src/tidy/dead.rs";
            findings.push(Finding::new(
                format!("{}/Cargo.toml", member.name),
                format!("depends on `{package}`, but no line names it"),
                next,
            ));
        }
    }
    Ok(findings)
}

/// Whether the text holds the word, whole.
fn mentions(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{member, tree};
    use super::*;

    #[test]
    fn a_crate_nobody_uses_is_found_and_a_binary_is_not() {
        let mut cli = member("truebell-cli", &["truebell-core"]);
        cli.has_binary = true;
        let findings = check_members(&[member("truebell-core", &[]), member("truebell-engine", &[]), cli]);
        assert_eq!(findings.iter().map(|finding| finding.place.as_str()).collect::<Vec<_>>(), ["truebell-engine"]);
    }

    #[test]
    fn a_dependency_no_line_names_is_found() -> Result<()> {
        let tree = tree(&[
            ("src/lib.rs", "//! Uses one of its two.\nuse serde_json::Value;\n"),
            ("tests/all.rs", "//! Tests.\nuse insta as _;\n"),
        ]);
        let mut core = member("truebell-core", &[]);
        core.folder = tree.path().to_owned();
        core.packages = ["serde_json", "serde", "insta"].map(str::to_owned).to_vec();
        let wrong: Vec<String> = check_packages(&[core])?.into_iter().map(|finding| finding.wrong).collect();
        assert_eq!(wrong, ["depends on `serde`, but no line names it"]);
        Ok(())
    }
}
