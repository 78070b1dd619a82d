//! Every drill passes, every row of the list is a drill or says what it waits for, and `docs/drills.md` has all of them.

use super::*;
use std::collections::BTreeSet;

/// The rows of the list of false and missed alarms.
const ROWS: [u8; 48] = [
    1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31, 33, 34, 35, 36, 37, 38, 39, 41,
    43, 44, 46, 47, 48, 49, 50, 51, 53, 54, 55, 57, 59,
];
const PAGE: &str = include_str!("../../../../docs/drills.md");

#[test]
fn every_drill_passes_and_can_be_found_by_its_id() {
    let all: Vec<&'static Drill> = DRILLS.iter().collect();
    let reports = play(&all, Play::of(1), 2, &|_, _| {});
    let failed: Vec<String> = reports
        .iter()
        .filter(|report| !report.passed)
        .map(|report| format!("{}: {:#?}\nit said: {:#?}", report.name, report.findings, report.sentences))
        .collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), all.len(), failed.join("\n"));
    for (drill, report) in all.iter().zip(&reports) {
        assert_eq!(report.name, drill.id);
        assert!(report.exchanges > 0, "{} exchanged nothing", drill.id);
        assert_eq!(find(&drill.id.to_lowercase()).map(|found| found.id), Some(drill.id));
    }
}

#[test]
fn every_row_of_the_list_is_a_drill_or_says_what_it_waits_for() {
    let rows: BTreeSet<String> = ROWS.iter().map(|row| format!("FA-{row:02}")).collect();
    let ids: Vec<&str> = DRILLS.iter().map(|drill| drill.id).chain(WAITING.iter().map(|waiting| waiting.id)).collect();
    assert_eq!(ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), rows);
    assert_eq!(ids.len(), rows.len(), "no row is both a drill and waiting");
    assert!(DRILLS.is_sorted_by_key(|drill| drill.id) && WAITING.is_sorted_by_key(|waiting| waiting.id));
}

#[test]
fn the_page_about_drills_has_each_of_them_as_it_is() {
    for drill in DRILLS {
        let row = format!("| {} | {} | {} | {} |", drill.id, drill.title, drill.incident, drill.proves);
        assert!(PAGE.contains(&row), "docs/drills.md lacks this row:\n{row}");
    }
    for waiting in WAITING {
        let row = format!("| {} | {} | {} |", waiting.id, waiting.incident, waiting.waits_for);
        assert!(PAGE.contains(&row), "docs/drills.md lacks this row:\n{row}");
    }
    let rows = PAGE.lines().filter(|line| line.starts_with("| FA-")).count();
    assert_eq!(rows, DRILLS.len() + WAITING.len(), "docs/drills.md has rows of drills that do not exist");
}

/// A drill that cannot fail shows nothing. Each of these laws is broken in our own client or server, and the drill beside it must notice.
#[test]
fn a_broken_law_is_noticed_by_the_drill_it_is_about() {
    let noticed = [
        (Mutation::BelievesUnsigned, "FA-41"),
        (Mutation::TakesOlderState, "FA-35"),
        (Mutation::IgnoresEventHeads, "FA-47"),
        (Mutation::AlarmsOnRefusal, "FA-31"),
        (Mutation::AlarmsOnFailedSignIn, "FA-01"),
        (Mutation::EndsSessionOn401, "FA-10"),
        (Mutation::WipesOnEmptyAnswer, "FA-41"),
        (Mutation::DropsEditsOnConflict, "FA-31"),
        (Mutation::ForgetsUnanswered, "FA-16"),
        (Mutation::MarksSeenUnshown, "FA-47"),
        (Mutation::ShowsAgain, "FA-04"),
        (Mutation::BelievesPush, "FA-38"),
        (Mutation::GivesUp, "FA-46"),
        (Mutation::EventWithoutAct, "FA-47"),
        (Mutation::ActWithoutEvent, "FA-47"),
        (Mutation::ActWithoutMail, "FA-48"),
        (Mutation::Withholds, "FA-47"),
        (Mutation::ForgetsDevices, "FA-05"),
        (Mutation::RetriesUnknownMail, "FA-48"),
        (Mutation::RestoreReplaysOutbox, "FA-35"),
        (Mutation::RestoreNotTold, "FA-35"),
        (Mutation::EnrolsEachRun, "FA-50"),
        (Mutation::ActWithoutMail, "FA-50"),
        (Mutation::ActWithoutEvent, "FA-50"),
    ];
    let passes = |id: &str, broken: Mutation| {
        find(id).map(|drill| (drill.run)(Play { seed: 0, broken: Some(broken) })).is_none_or(|report| report.passed)
    };
    let unnoticed: Vec<_> =
        noticed.iter().filter(|(broken, id)| passes(id, *broken)).map(|(broken, id)| format!("{id}: {}", broken.about())).collect();
    assert!(unnoticed.is_empty(), "these pass although a law is broken: {unnoticed:#?}");
}

#[test]
fn a_drill_that_expects_what_is_not_so_fails_and_says_what() {
    let mut scene = Scene::begin("FA-00", Play::of(1));
    scene.expect_stays(scene.phone, "the moon is made of cheese");
    let report = scene.end();
    assert!(!report.passed);
    assert!(report.findings.iter().any(|finding| finding.contains("cheese")), "{:?}", report.findings);
}
