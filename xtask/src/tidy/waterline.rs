//! The waterline: core, corpus, engine and transfer run in a browser and in a simulation, so they never touch a machine.
//!
//! Two checks, because each misses what the other finds: what they depend on, and what their own sources say.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use cargo_metadata::{DependencyKind, Metadata, PackageId};

use super::sources::{files, is_test_file, product_lines, text};
use super::{Finding, Member};

/// The crates above the waterline.
const ABOVE: [&str; 4] = ["truebell-core", "truebell-corpus", "truebell-engine", "truebell-transfer"];

/// Rooms of crates below it that are as pure: what they decide must not hang on a machine.
const ABOVE_ROOMS: [(&str, &str); 1] = [("truebell-sites", "src/password")];

/// Packages that bring a machine with them.
const SUNK_PACKAGES: [&str; 10] =
    ["tokio", "axum", "hyper", "reqwest", "ureq", "rusqlite", "libsqlite3-sys", "tokio-postgres", "mio", "socket2"];

/// Words that reach for the machine.
const SUNK_WORDS: [&str; 13] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "getrandom::",
    "thread_rng",
    "rand::rng",
    "OsRng",
];

const NEXT_PACKAGE: &str = "turn off the feature that brings it, or move the code that needs it below the waterline (store, server, cli)";
const NEXT_WORD: &str =
    "take the bytes, the time (`UnixMillis`) or the chance (`&mut dyn Chance`) as an argument; the caller below the waterline has them";

pub(super) fn check_packages(metadata: &Metadata) -> Vec<Finding> {
    let names: BTreeMap<&PackageId, &str> = metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let mut needs: BTreeMap<&PackageId, Vec<&PackageId>> = BTreeMap::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let built_in = node.deps.iter().filter(|needed| needed.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        needs.insert(&node.id, built_in.map(|needed| &needed.pkg).collect());
    }
    let graph =
        names.iter().map(|(id, name)| (*name, needs.get(id).into_iter().flatten().filter_map(|id| names.get(id).copied()).collect()));
    check_graph(&merge(graph))
}

/// From a package's name to those it is built with; two versions of one package become one row.
type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn merge<'a>(rows: impl Iterator<Item = (&'a str, Vec<&'a str>)>) -> Graph<'a> {
    let mut graph = Graph::new();
    for (name, needed) in rows {
        graph.entry(name).or_default().extend(needed);
    }
    graph
}

fn check_graph(graph: &Graph<'_>) -> Vec<Finding> {
    let pairs = ABOVE.iter().flat_map(|above| SUNK_PACKAGES.iter().map(move |sunk| (*above, *sunk)));
    let found = pairs.filter_map(|(above, sunk)| Some((above, path_between(graph, above, sunk)?)));
    found.map(|(above, path)| Finding::new(above, format!("is built with {}", path.join(" → ")), NEXT_PACKAGE)).collect()
}

/// One shortest way from a package to another, both ends named.
fn path_between<'a>(graph: &Graph<'a>, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::from([from]);
    let mut ways = vec![vec![from]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().copied()?;
            for &next in graph.get(last).into_iter().flatten() {
                let extended: Vec<&str> = way.iter().copied().chain([next]).collect();
                if next == to {
                    return Some(extended);
                }
                if seen.insert(next) {
                    longer.push(extended);
                }
            }
        }
        ways = longer;
    }
    None
}

pub(super) fn check_sources(members: &[Member]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let whole = ABOVE.iter().map(|name| (*name, "src"));
    let rooms: Vec<(&str, &str)> = whole.chain(ABOVE_ROOMS).collect();
    let pure = members.iter().flat_map(|member| rooms.iter().filter(|(name, _)| *name == member.name).map(move |(_, room)| (member, room)));
    for (member, room) in pure {
        for file in files(&member.folder.join(room), "rs")? {
            let inside = file.strip_prefix(&member.folder).unwrap_or(&file);
            if is_test_file(inside) {
                continue;
            }
            let text = text(&file)?;
            let place = |line: usize| format!("{}/{}:{line}", member.name, inside.display());
            for (line, code) in product_lines(&text) {
                let words = SUNK_WORDS.iter().filter(|word| code.contains(**word));
                findings.extend(words.map(|word| Finding::new(place(line), format!("says `{word}` above the waterline"), NEXT_WORD)));
            }
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::super::{member, tree};
    use super::*;

    fn graph(rows: &[(&'static str, &[&'static str])]) -> Graph<'static> {
        merge(rows.iter().map(|(name, needed)| (*name, needed.to_vec())))
    }

    #[test]
    fn a_socket_three_packages_away_is_found_with_the_way_to_it() {
        let rows: &[(&str, &[&str])] =
            &[("truebell-core", &["serde", "nice"]), ("nice", &["deeper"]), ("deeper", &["tokio"]), ("tokio", &[])];
        let findings = check_graph(&graph(rows));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].wrong, "is built with truebell-core → nice → deeper → tokio");
    }

    #[test]
    fn below_the_waterline_everything_is_allowed() {
        assert_eq!(check_graph(&graph(&[("truebell-store", &["rusqlite", "tokio"]), ("truebell-core", &["serde"])])), []);
    }

    #[test]
    fn a_circle_among_packages_ends() {
        assert_eq!(check_graph(&graph(&[("truebell-core", &["one"]), ("one", &["two"]), ("two", &["one"])])), []);
    }

    #[test]
    fn a_clock_in_the_core_is_found_and_one_in_its_tests_is_not() -> Result<()> {
        let tree = tree(&[
            (
                "src/lib.rs",
                "//! SystemTime::now is never said here.\nfn now() { SystemTime::now(); }\n#[cfg(test)]\nmod tests {\n  std::fs::read();\n}\n",
            ),
            ("src/tests/vectors.rs", "std::fs::read()"),
            ("tests/vectors.rs", "std::fs::read()"),
        ]);
        let mut core = member("truebell-core", &[]);
        core.folder = tree.path().to_owned();
        let findings = check_sources(&[core])?;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].place, "truebell-core/src/lib.rs:2");
        Ok(())
    }
}
