//! Breach lists: reading one beside `wc -l` and a bare search for ends of lines, and matching it against the accounts of a site; on one core, in this process.

use crate::report::{Figure, Report};
use anyhow::{Result, ensure};
use std::hint::black_box;
use std::process::{Command, Stdio};
use tokio::time::Instant;
use truebell_corpus::list::made_up::{Fault, address, listed_password};
use truebell_corpus::list::{Hit, Index, Matcher, Reader, Record, SiteKey};

/// Lines of the list.
const LINES: u64 = 4_000_000;
/// Of so many lines one is of an account: more than of any list that is about.
const OURS_STEP: u64 = 20;
const SITE_SEED: u64 = 1;
const LIST_SEED: u64 = 2;
/// As a pipe or a packed file gives them.
const PIECE_BYTES: usize = 1 << 18;

/// Everything about breach lists, against a site with so many accounts.
pub(crate) fn lists(report: &mut Report, accounts: u64) -> Result<()> {
    if !["list read", "list match", "list index"].iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    let list = list(accounts);
    read(report, &list)?;
    if report.wants("list match") || report.wants("list index") {
        matching(report, &list, accounts)?;
    }
    Ok(())
}

/// One line in so many is of an account.
fn list(accounts: u64) -> Vec<u8> {
    let mut list = Vec::new();
    for line in 0..LINES {
        let (seed, person) = if line % OURS_STEP == 0 { (SITE_SEED, line.wrapping_mul(7919) % accounts.max(1)) } else { (LIST_SEED, line) };
        list.extend_from_slice(address(seed, person).as_bytes());
        list.push(b':');
        list.extend_from_slice(listed_password(seed, person, Fault::None).as_bytes());
        list.push(b'\n');
    }
    list
}

/// Millions a second.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: u64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn all(list: &[u8], each: &mut impl FnMut(&Record<'_>)) -> u64 {
    let mut reader =
        Reader::new(truebell_corpus::list::Dialect::Pair { separator: truebell_corpus::list::Separator::Colon, spaced: false });
    list.chunks(PIECE_BYTES).for_each(|piece| reader.feed(piece, each));
    reader.finish(each);
    reader.tally().records
}

fn read(report: &mut Report, list: &[u8]) -> Result<()> {
    if !report.wants("list read") {
        return Ok(());
    }
    let start = Instant::now();
    let ends = memchr::memchr_iter(b'\n', black_box(list)).count() as u64;
    let searched = rate(ends, start);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), list)?;
    let start = Instant::now();
    let counted = Command::new("wc").arg("-l").arg(file.path()).stdout(Stdio::null()).status()?;
    ensure!(counted.success(), "wc -l failed");
    let counted = rate(LINES, start);
    let (start, mut bytes) = (Instant::now(), 0);
    let records = all(list, &mut |record| bytes += black_box(record).address.len());
    let value = rate(LINES, start);
    ensure!(ends == LINES && records > LINES / 10 * 9 && bytes > 0, "{records} records in {ends} lines");
    report.add(Figure { name: "list read", value, unit: "M lines/s", reference: Some(("wc -l", counted)), aim: "" });
    report.add(Figure { name: "list read, beside ends alone", value, unit: "M lines/s", reference: Some(("memchr", searched)), aim: "" });
    Ok(())
}

fn matching(report: &mut Report, list: &[u8], accounts: u64) -> Result<()> {
    let key = SiteKey::new(&[7; 32]);
    let addresses: Vec<String> = (0..accounts).map(|person| address(SITE_SEED, person)).collect();
    let start = Instant::now();
    let index = Index::build(&key, addresses)?;
    let value = rate(accounts, start);
    report.add(Figure { name: "list index, built", value, unit: "M accounts/s", reference: None, aim: "" });
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let value = index.bytes() as f64 / accounts.max(1) as f64;
    report.add(Figure { name: "list index, an account", value, unit: "bytes", reference: None, aim: "under 30" });
    let (mut matcher, mut hits) = (Matcher::new(&index), 0_u64);
    let mut each = |_: &Hit<'_>| hits += 1;
    let start = Instant::now();
    all(list, &mut |record| matcher.push(record, &mut each));
    matcher.flush(&mut each);
    let value = rate(LINES, start);
    ensure!(hits >= LINES / OURS_STEP, "{hits} hits");
    report.add(Figure { name: "list match", value, unit: "M lines/s", reference: None, aim: "at least 1.5 against 10 million" });
    Ok(())
}
