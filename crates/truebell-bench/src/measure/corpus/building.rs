//! Building: from a list in order beside `wc -l`, from one in no order beside `sort -u`, and how large the result is.

use super::process::run;
use super::synthetic::write_unordered;
use super::{Bench, CORPUS, INDEX, LIST};
use crate::report::{Figure, Report};
use crate::server::binary;
use anyhow::Result;
use std::process::Command;

/// Memory for sorting, for both sides.
const MEMORY: &str = "1GiB";
const MEMORY_SORT: &str = "1G";

/// From the list in order, which is in the page cache for both sides.
pub(super) fn ordered(report: &mut Report, bench: &Bench) -> Result<()> {
    run(Command::new("wc").arg("-l").arg(bench.path(LIST)), b"")?;
    let counted = run(Command::new("wc").arg("-l").arg(bench.path(LIST)), b"")?;
    let built = run(build().arg("--out").arg(bench.path(CORPUS)).arg(bench.path(LIST)), b"")?;
    run(build().arg("--index-only").arg("--out").arg(bench.path(INDEX)).arg(bench.path(CORPUS)), b"")?;
    let filter = bench.path("filter.tbf");
    run(Command::new(binary()?).args(["corpus", "filter", "--quiet", "--out"]).arg(&filter).arg(bench.path(INDEX)), b"")?;
    if report.wants("corpus bytes") {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let value = std::fs::metadata(&filter)?.len() as f64 * 8.0 / bench.entries as f64;
        let reference = Some(("the least there can be for one in 256", 8.0));
        report.add(Figure { name: "corpus filter, bits an entry", value, unit: "bits", reference, aim: "at most 1.2 times that" });
    }
    if report.wants("corpus build") {
        let value = rate(bench.entries, built.seconds);
        let reference = Some(("wc -l", rate(bench.entries, counted.seconds)));
        report.add(Figure { name: "corpus build, in order", value, unit: "M/s", reference, aim: "at least 3, and half of wc -l" });
        report.add(Figure { name: "  its peak memory", value: built.peak_mib, unit: "MiB", reference: None, aim: "whatever the size" });
    }
    if report.wants("corpus bytes") {
        let aims =
            [("corpus bytes an entry, with counts", CORPUS, "at most 19"), ("corpus bytes an entry, for checking", INDEX, "at most 6")];
        for (name, file, aim) in aims {
            #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
            let value = std::fs::metadata(bench.path(file))?.len() as f64 / bench.entries as f64;
            report.add(Figure { name, value, unit: "bytes", reference: None, aim });
        }
    }
    Ok(())
}

/// From a list in no order.
pub(super) fn unsorted(report: &mut Report, bench: &Bench) -> Result<()> {
    let list = bench.path("unordered.txt");
    write_unordered(&list, bench.entries)?;
    let mut sort = Command::new("sort");
    sort.env("LC_ALL", "C")
        .args(["-u", "-S", MEMORY_SORT, "-T"])
        .arg(bench.folder.path())
        .arg("-o")
        .arg(bench.path("sorted.txt"))
        .arg(&list);
    let sorted = run(&mut sort, b"")?;
    std::fs::remove_file(bench.path("sorted.txt"))?;
    let out = bench.path("unordered.tbc");
    let built = run(build().args(["--memory", MEMORY, "--out"]).arg(&out).arg(&list), b"")?;
    let reference = Some(("sort -u, same memory", sorted.seconds));
    report.add(Figure { name: "corpus unsorted, built", value: built.seconds, unit: "s", reference, aim: "at most 3 times sort -u" });
    let reference = Some(("sort -u, same memory", sorted.peak_mib));
    report.add(Figure {
        name: "  its peak memory when unsorted",
        value: built.peak_mib,
        unit: "MiB",
        reference,
        aim: "1 GiB and little more",
    });
    std::fs::remove_file(out)?;
    Ok(std::fs::remove_file(list)?)
}

fn build() -> Command {
    let mut command = Command::new(binary().unwrap_or_else(|_| "truebell".into()));
    command.args(["corpus", "build", "--quiet"]);
    command
}

/// Millions a second.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(entries: u64, seconds: f64) -> f64 {
    entries as f64 / seconds / 1e6
}
