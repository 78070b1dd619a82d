//! The day of 27 April 2023 in its short form: the same processes, the same database, fewer people and shorter hours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::process::Command;

#[test]
fn the_day_of_27_april_2023_tells_nobody_anything_untrue_and_the_naive_client_does() {
    play("sqlite-to-postgres");
}

#[test]
fn the_day_of_27_april_2023_is_no_other_between_two_postgresql() {
    play("postgres-to-postgres");
}

fn play(form: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (html, json) = (folder.path().join("report.html"), folder.path().join("report.json"));
    let mut drill = Command::new(env!("CARGO_BIN_EXE_truebell"));
    drill
        .args(["drill", "1password-2023-04-27", "--form", form, "--clients", "40", "--seconds", "2", "--html"])
        .arg(&html)
        .arg("--json")
        .arg(&json);
    // How it ends depends on the goodput too, which says nothing where the machine has other things to do; what must hold is below.
    let ended = drill.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let report: Value = serde_json::from_slice(&std::fs::read(&json).expect(&said)).unwrap();
    let count = |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field} is no number in {report:#}"));
    for must_be_zero in ["false_alarms", "missed_alarms", "lost_writes", "lost_sessions", "duplicate_mails"] {
        assert_eq!(count(must_be_zero), 0, "{must_be_zero} in {report:#}");
    }
    // The day was a bad one: else the zeros above prove nothing.
    for must_be_more in ["naive_false_alarms", "exchanges", "password_changes", "saved_edits"] {
        assert!(count(must_be_more) > 0, "{must_be_more} in {report:#}");
    }
    assert_eq!((report["name"].as_str(), count("clients"), count("seed")), (Some("1password-2023-04-27"), 40, 0));
    let findings: Vec<&str> = report["findings"].as_array().unwrap().iter().map(|finding| finding.as_str().unwrap()).collect();
    assert!(findings.iter().all(|finding| finding.contains("of the capacity")), "{findings:?}");
    assert_eq!(report["passed"].as_bool(), Some(findings.is_empty()));
    assert!(report["move_fence_ms_max"].as_f64().unwrap() > 0.0, "{report:#}");
    assert_eq!(report["move"]["form"], form);
    let times: Vec<u64> = report["overload"].as_array().unwrap().iter().map(|step| step["times"].as_u64().unwrap()).collect();
    assert_eq!(times, [1, 2, 5, 10]);
    assert!(report["goodput_ratio_at_10x"].as_f64().unwrap() > 0.0 && report["capacity_per_second"].as_f64().unwrap() > 1.0);
    for said in ["naive_said", "said"] {
        let sentences = report[said].as_array().unwrap();
        assert!(sentences.iter().all(|said| said["times"].as_u64() > Some(0) && said["sentence"].is_string()), "{sentences:?}");
        assert!(!sentences.is_empty(), "{said}");
    }
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains("Nobody was told anything untrue") || !findings.is_empty());
    assert!(!page.contains("http://") && !page.contains("<script"), "the page needs nothing else");
}
