//! A corpus of real public lists, against a dictionary in another language that knows the same: 100,000 questions, half of them hits.
//!
//! The lists are Django's common passwords and the words of Debian's `cracklib-runtime`. What is missing is a failure, and never a pass.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "range_clients/installed.rs"]
mod installed;

use installed::{PYTHON_MISSING, python, run, scripts};
use std::path::Path;
use std::process::Command;

/// Where Debian puts them.
const CRACKLIB_WORDS: &str = "/usr/share/dict/cracklib-small";

#[test]
fn real_lists_are_answered_as_a_dictionary_answers_them() {
    assert!(Path::new(CRACKLIB_WORDS).exists(), "install Debian's `cracklib-runtime`, or let `cargo xtask test setup` do it");
    let folder = tempfile::tempdir().unwrap();
    let mut compare = Command::new(python());
    compare.arg(scripts().join("real_lists.py")).args([env!("CARGO_BIN_EXE_truebell"), CRACKLIB_WORDS]).arg(folder.path());
    let output = run(&mut compare, PYTHON_MISSING);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "passed\n");
}
