//! Whole processes: how long they take, and the most memory they held.

use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::process::{Command, Stdio};
use tokio::time::Instant;
use wait4::Wait4;

/// What a process cost.
pub(super) struct Cost {
    pub(super) seconds: f64,
    pub(super) peak_mib: f64,
}

/// Runs one to its end. It may say that something is exposed.
pub(super) fn run(command: &mut Command, input: &[u8]) -> Result<Cost> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().with_context(|| format!("starting {command:?}"))?;
    child.stdin.take().context("no input")?.write_all(input)?;
    let ended = child.wait4()?;
    ensure!(matches!(ended.status.code(), Some(0 | 12)), "{command:?} failed");
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let peak_mib = ended.rusage.maxrss as f64 / f64::from(1 << 20);
    Ok(Cost { seconds: start.elapsed().as_secs_f64(), peak_mib })
}

/// The median of several runs.
pub(super) fn median(mut run: impl FnMut() -> Result<Cost>) -> Result<Cost> {
    const RUNS: usize = 15;
    let mut costs = (0..RUNS).map(|_| run()).collect::<Result<Vec<_>>>()?;
    costs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    Ok(costs.swap_remove(RUNS / 2))
}
