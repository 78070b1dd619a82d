//! Transcripts: what a person types and what comes back, word for word. Never here: anything that needs a server (`tour.rs`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

#[test]
fn each_transcript_is_what_the_program_says() {
    let home = tempfile::tempdir().unwrap();
    let cases = trycmd::TestCases::new();
    cases
        .env("TRUEBELL_HOME", home.path().to_string_lossy())
        .env("TRUEBELL_NO_PROMPT", "1")
        .env("NO_COLOR", "1")
        .case("tests/transcripts/help/*.trycmd")
        .case("tests/transcripts/*.trycmd");
}

/// A command without a page here could lose its help without anybody seeing it.
#[test]
fn each_command_has_its_help_among_the_transcripts() {
    fn check(command: &clap::Command, path: &[&str], missing: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let path = [path, &[sub.get_name()]].concat();
            let page = folder().join("help").join(format!("{}.trycmd", path.join("-")));
            let asked = format!("$ truebell {} --help\n", path.join(" "));
            if !std::fs::read_to_string(&page).is_ok_and(|text| text.contains(&asked)) {
                missing.push(path.join(" "));
            }
            check(sub, &path, missing);
        }
    }
    let mut missing = Vec::new();
    check(&truebell_cli::cmd::tree(), &[], &mut missing);
    assert!(missing.is_empty(), "no transcript of the help of: {}", missing.join(", "));
}
