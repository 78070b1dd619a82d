//! Where the workspace is, and how a task calls cargo and other programs.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The same cargo that runs this task, at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> Result<PathBuf> {
    Ok(metadata_without_deps()?.target_directory.into_std_path_buf())
}

/// The members of the workspace, without asking what they depend on.
pub(crate) fn metadata_without_deps() -> Result<cargo_metadata::Metadata> {
    let mut command = cargo_metadata::MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps();
    command.exec().context("cannot read the workspace: run `cargo metadata --no-deps` and mend what it complains about")
}

/// The whole graph as it is built on this machine; other platforms' packages need not be downloaded for it.
pub(crate) fn metadata() -> Result<cargo_metadata::Metadata> {
    let mut command = cargo_metadata::MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).other_options(vec!["--filter-platform".to_owned(), host_triple()?]);
    command.exec().context("cannot read the dependency graph: run `cargo metadata` and mend what it complains about")
}

/// The triple this machine builds for, as rustc says it.
pub(crate) fn host_triple() -> Result<String> {
    let said = output(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host: is rustc installed?")
}

/// Runs a command with its output on the terminal; fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {}", name_of(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name_of(command));
    }
    Ok(())
}

/// Runs a command and returns what it said on standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", name_of(command)))?;
    if !output.status.success() {
        bail!("{} failed ({}): {}", name_of(command), output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The file on `PATH` that a command name means, if there is one.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn name_of(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(command.get_program().to_string_lossy().into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Whether this process may do anything on this machine; `/proc/self` belongs to whom it runs as.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|myself| myself.uid() == 0)
}
