//! The rules of the house that no compiler knows. Each finding names a place, what is wrong there, and what to do next.

mod arrows;
mod dead;
mod headers;
mod licences;
mod links;
mod migrations;
mod queries;
mod sources;
mod waterline;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use crate::workspace;

/// One broken rule. Findings with the same way out sort together, so that it is said once for all of them.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    next: &'static str,
    place: String,
    wrong: String,
}

impl Finding {
    fn new(place: impl fmt::Display, wrong: impl Into<String>, next: &'static str) -> Self {
        Self { place: place.to_string(), wrong: wrong.into(), next }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.wrong)
    }
}

/// A member of the workspace as the rules see it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    name: String,
    folder: std::path::PathBuf,
    /// Other members it depends on to be built or tested.
    members: Vec<String>,
    /// The names its code would use for all it depends on.
    packages: Vec<String>,
    has_binary: bool,
}

/// Checks every rule and prints every finding.
pub(crate) fn run() -> Result<()> {
    let findings = check()?;
    for alike in findings.chunk_by(|one, other| one.next == other.next) {
        alike.iter().for_each(|finding| println!("{finding}"));
        alike.iter().take(1).for_each(|finding| println!("    next: {}\n", finding.next));
    }
    match findings.len() {
        0 => println!("tidy: nothing found"),
        count => bail!("tidy: {count} finding(s)"),
    }
    Ok(())
}

fn check() -> Result<Vec<Finding>> {
    let root = workspace::root();
    let metadata = workspace::metadata()?;
    let members = members_of(&metadata);
    let mut findings = arrows::check(&members);
    findings.extend(dead::check_members(&members));
    findings.extend(dead::check_packages(&members)?);
    findings.extend(waterline::check_packages(&metadata));
    findings.extend(waterline::check_sources(&members)?);
    findings.extend(licences::check(&metadata, &root.join("deny.toml"))?);
    findings.extend(check_tree(&root)?);
    findings.sort();
    Ok(findings)
}

/// The rules that need nothing but the files.
fn check_tree(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = headers::check(root)?;
    findings.extend(queries::check(root)?);
    findings.extend(links::check(root)?);
    findings.extend(migrations::check(&root.join("crates/truebell-store/src/migrations"))?);
    Ok(findings)
}

fn members_of(metadata: &cargo_metadata::Metadata) -> Vec<Member> {
    let packages = metadata.workspace_packages();
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    packages.iter().map(|package| member_of(package, &names)).collect()
}

fn member_of(package: &cargo_metadata::Package, names: &[&str]) -> Member {
    // A crate may ask for a feature of its own in its tests; that is no arrow.
    let needed = || package.dependencies.iter().filter(|needed| needed.name != package.name.as_str());
    let members = needed().filter(|needed| names.contains(&needed.name.as_str()));
    let code_name = |needed: &cargo_metadata::Dependency| needed.rename.as_ref().unwrap_or(&needed.name).replace('-', "_");
    let folder = package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned()).unwrap_or_default();
    Member {
        name: package.name.to_string(),
        folder,
        members: members.map(|needed| needed.name.clone()).collect(),
        packages: needed().map(code_name).collect(),
        has_binary: package.targets.iter().any(cargo_metadata::Target::is_bin),
    }
}

/// A small tree of files for the rules' own tests.
#[cfg(test)]
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let file = root.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("make the folder");
        std::fs::write(file, text).expect("write the file");
    }
    root
}

/// A member for the rules' own tests.
#[cfg(test)]
fn member(name: &str, members: &[&str]) -> Member {
    let members = members.iter().map(|&name| name.to_owned()).collect();
    Member { name: name.to_owned(), folder: Path::new("/nonexistent").to_owned(), members, packages: Vec::new(), has_binary: false }
}
