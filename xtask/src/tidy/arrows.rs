//! Which crate may lean on which. The table below is the whole law; an arrow that is not in it does not exist.

use super::{Finding, Member};

/// From a crate to the members it may depend on, tests included.
const ALLOWED: &[(&str, &[&str])] = &[
    ("truebell-core", &[]),
    ("truebell-corpus", &[]),
    ("truebell-transfer", &["truebell-core"]),
    ("truebell-engine", &["truebell-core"]),
    ("truebell-store", &["truebell-core"]),
    ("truebell-hash", &[]),
    ("truebell-sites", &["truebell-core", "truebell-hash"]),
    ("truebell-server", &["truebell-core", "truebell-corpus", "truebell-engine", "truebell-store"]),
    ("truebell-client", &["truebell-core", "truebell-engine"]),
    ("truebell-sim", &["truebell-core", "truebell-corpus", "truebell-engine", "truebell-store", "truebell-server", "truebell-client"]),
    // The server that lies: nobody may lean on it, so that no program for people can contain it.
    ("truebell-hostile", &["truebell-core", "truebell-engine", "truebell-store", "truebell-server", "truebell-client"]),
    (
        "truebell-cli",
        &[
            "truebell-core",
            "truebell-corpus",
            "truebell-transfer",
            "truebell-engine",
            "truebell-store",
            "truebell-server",
            "truebell-client",
            "truebell-sim",
            "truebell-sites",
        ],
    ),
    (
        "truebell-bench",
        &[
            "truebell-core",
            "truebell-corpus",
            "truebell-transfer",
            "truebell-engine",
            "truebell-store",
            "truebell-server",
            "truebell-client",
            "truebell-hash",
            "truebell-cli",
        ],
    ),
    ("xtask", &[]),
];

pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(check_member).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member.name) else {
        let next = "give it a row in xtask/src/tidy/arrows.rs and a room in ARCHITECTURE.md, or merge it into the crate that uses it";
        return vec![Finding::new(&member.name, "this crate has no row in the table of arrows", next)];
    };
    let forbidden = member.members.iter().filter(|needed| !allowed.contains(&needed.as_str()));
    forbidden
        .map(|needed| {
            let next = "move what is needed down to a crate both may use, or pass it in as a value or a trait; an arrow against the flow needs an ADR";
            Finding::new(&member.name, format!("leans on {needed}, which the table of arrows does not allow"), next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::member;
    use super::*;

    #[test]
    fn arrows_down_the_table_are_allowed() {
        assert_eq!(check(&[member("truebell-core", &[]), member("truebell-server", &["truebell-core", "truebell-store"])]), []);
    }

    #[test]
    fn an_arrow_up_is_found() {
        let findings = check(&[member("truebell-core", &["truebell-store"])]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].wrong.contains("truebell-store"), "{findings:?}");
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(check(&[member("truebell-helpers", &[])]).len(), 1);
    }

    #[test]
    fn the_table_has_no_circle() {
        let place = |name: &str| ALLOWED.iter().position(|(row, _)| *row == name).expect("a row for each name");
        for (name, allowed) in ALLOWED {
            assert!(allowed.iter().all(|needed| place(needed) < place(name)), "{name} leans on a later row");
        }
    }
}
