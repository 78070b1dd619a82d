//! `cargo xtask fuzz`: random input for everything that reads bytes from outside, guided by coverage.
//!
//! Never here: the targets. They live in `fuzz/`, a workspace of its own, with their seeds beside them. The stable compiler is
//! enough: coverage is one of LLVM's own passes, and libFuzzer comes with its crate.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

use crate::workspace::{cargo, host_triple, root, run as run_command, target_dir};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target; all of them, one after the other, when none is named.
    target: Option<String>,
    /// Passed on to libFuzzer, after `--`; a file named here is run once, to see a find again.
    #[arg(last = true)]
    more: Vec<String>,
}

/// What makes libFuzzer see which way an input went.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// The longest a single input may take, in seconds; more is a way to stop a server with one request.
const INPUT_SECONDS_MAX: u32 = 10;

/// The most memory a single input may make the product hold, in MiB.
const MEMORY_MIB_MAX: u32 = 1024;

/// What every test run searches, by the beginnings of their names: whatever reads a corpus or a pair. The lists behind these come from criminals
/// and from strangers, whole.
const IN_TESTS: [&str; 2] = ["corpus_", "pair_"];

/// How many targets are searched at the same time.
const AT_ONCE: usize = 2;

pub(crate) fn run(options: &Options) -> Result<()> {
    let targets = choose(&manifest()?, options.target.as_deref())?;
    search_all(&targets, options, 1)
}

/// The stage of `cargo xtask test`; how many targets were searched.
pub(crate) fn stage() -> Result<usize> {
    let all = choose(&manifest()?, None)?;
    let targets: Vec<String> = all.into_iter().filter(|target| IN_TESTS.iter().any(|begins| target.starts_with(begins))).collect();
    // From one seed, so that a test run does not fail by chance where the one before did not: other inputs are `cargo xtask fuzz`'s.
    search_all(&targets, &Options { seconds: 60, target: None, more: vec!["-seed=1".to_owned()] }, AT_ONCE)?;
    Ok(targets.len())
}

fn manifest() -> Result<String> {
    Ok(fs::read_to_string(root().join("fuzz/Cargo.toml"))?)
}

fn search_all(targets: &[String], options: &Options, at_once: usize) -> Result<()> {
    let (triple, folder) = (host_triple()?, target_dir()?.join("fuzz"));
    build(targets, &triple, &folder)?;
    let (left, finds) = (Mutex::new(targets.iter()), Mutex::new(Vec::new()));
    let work = || {
        while let Some(target) = left.lock().ok().and_then(|mut left| left.next()) {
            match search(target, &folder.join(&triple).join("release").join(target), options) {
                Ok(said) => println!("{target}: {said}"),
                Err(error) => {
                    println!("\n=== {target}\n{error:#}");
                    if let Ok(mut finds) = finds.lock() {
                        finds.push(target.as_str());
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(work))));
    let finds = finds.into_inner().unwrap_or_default();
    if finds.is_empty() { Ok(()) } else { bail!("something was found by {}: see above", finds.join(", ")) }
}

/// The targets that `fuzz/Cargo.toml` names, or the one that is wanted.
fn choose(manifest: &str, wanted: Option<&str>) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("fuzz/Cargo.toml is not TOML")?;
    let binaries = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
    let names: Vec<String> = binaries.filter_map(|binary| Some(binary.get("name")?.as_str()?.to_owned())).collect();
    match wanted {
        None => Ok(names),
        Some(wanted) if names.iter().any(|name| name == wanted) => Ok(vec![wanted.to_owned()]),
        Some(wanted) => bail!("there is no target `{wanted}`; the targets are {}", names.join(", ")),
    }
}

fn build(targets: &[String], triple: &str, folder: &Path) -> Result<()> {
    let mut build = cargo();
    build.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    // Naming the target keeps these flags away from build scripts and macros.
    build.arg("--target").arg(triple).arg("--target-dir").arg(folder).env("RUSTFLAGS", COVERAGE.join(" "));
    build.args(targets.iter().flat_map(|target| ["--bin", target]));
    run_command(&mut build)
}

/// Searches one target; what is to be said of it if nothing was found.
fn search(target: &str, binary: &Path, options: &Options) -> Result<String> {
    let fuzz = root().join("fuzz");
    let (corpus, seeds, finds) = (fuzz.join("corpus").join(target), fuzz.join("seeds").join(target), fuzz.join("artifacts").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&finds)?;
    let mut libfuzzer = Command::new(binary);
    libfuzzer.current_dir(&fuzz).arg(format!("-max_total_time={}", options.seconds)).arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    libfuzzer.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}")).arg(format!("-artifact_prefix={}/", finds.display()));
    libfuzzer.args(["-print_final_stats=1", "-verbosity=0"]).args(&options.more);
    if options.more.iter().all(|argument| argument.starts_with('-')) {
        libfuzzer.args([&corpus, &seeds]);
    }
    let output = libfuzzer.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(format!("{} inputs, nothing found", statistic(&said, "number_of_executed_units").unwrap_or("no count of")));
    }
    bail!(
        "{said}\n{target} found something: the input is in {}. See it again with `cargo xtask fuzz {target} -- FILE`; then keep it as a named case in the \
         tests of the crate it breaks, and mend that",
        finds.display()
    )
}

/// A number libFuzzer prints when it ends.
fn statistic<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    said.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[[bin]]\nname = \"ids\"\n[[bin]]\nname = \"seal\"\n";

    #[test]
    fn the_count_is_read_from_the_closing_lines() {
        let said = "Done\nstat::number_of_executed_units: 5203017\nstat::average_exec_per_sec:     867169\n";
        assert_eq!(statistic(said, "number_of_executed_units"), Some("5203017"));
        assert_eq!(statistic(said, "number_of"), None);
    }

    #[test]
    fn all_targets_run_unless_one_is_named() -> Result<()> {
        assert_eq!(choose(MANIFEST, None)?, ["ids", "seal"]);
        assert_eq!(choose(MANIFEST, Some("seal"))?, ["seal"]);
        assert_eq!(
            choose(MANIFEST, Some("seals")).map_err(|error| error.to_string()),
            Err("there is no target `seals`; the targets are ids, seal".into())
        );
        Ok(())
    }
}
