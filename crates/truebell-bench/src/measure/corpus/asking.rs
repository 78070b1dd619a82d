//! Asking: one digest, many in order, a whole process; and whether the answers are those of the list itself.

use super::process::{median, run};
use super::synthetic::Chance;
use super::{Bench, CORPUS, INDEX, LIST};
use crate::report::{Figure, Report};
use crate::server::binary;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::process::Command;
use tokio::time::Instant;
use truebell_corpus::{Answer, Digest, Kind, PAGE_BYTES};
use truebell_server::ranges::open_corpus;

/// Digests that are asked one by one.
const ASKED: u32 = 1_000_000;
/// Digests that are asked in order; at most as many as there are.
const SWEPT: usize = 20_000_000;
/// Answers that are compared with the list itself.
const COMPARED: u32 = 100_000;
const SEED: u64 = 0x5eed;
/// Memory that is given for pages.
const KEPT_BYTES: usize = 512 << 20;

/// Everything about asking.
pub(super) fn measure(report: &mut Report, bench: &Bench) -> Result<()> {
    if !report.wants("corpus check") {
        return Ok(());
    }
    compare(bench)?;
    one_by_one(report, bench)?;
    in_order(report, bench)?;
    let check = |corpus: &str| {
        let mut command = Command::new(binary()?);
        command.args(["corpus", "check", "--password-stdin"]).arg(bench.path(corpus));
        run(&mut command, b"correct horse battery staple\n")
    };
    let process = median(|| check(CORPUS))?;
    let nothing = median(|| run(&mut Command::new("/bin/true"), b""))?;
    let reference = Some(("/bin/true", nothing.seconds * 1e3));
    report.add(Figure { name: "corpus check, whole process", value: process.seconds * 1e3, unit: "ms", reference, aim: "under 10 ms" });
    Ok(())
}

/// Half of them are there.
fn some(bench: &Bench) -> Vec<Digest> {
    let mut chance = Chance::new(SEED);
    let mut digests = Vec::new();
    for number in 0..ASKED {
        let mut bytes = chance.digest();
        if number % 2 == 0
            && let Some(known) = bench.keys.get(usize::try_from(chance.next()).unwrap_or_default() % bench.keys.len().max(1))
        {
            for (to, from) in bytes.iter_mut().zip(known.to_be_bytes()) {
                *to = from;
            }
        }
        digests.extend(Digest::of(Kind::Sha1, &bytes));
    }
    digests
}

fn one_by_one(report: &mut Report, bench: &Bench) -> Result<()> {
    let mut corpus = open_corpus(&bench.path(INDEX))?;
    corpus.load_buckets()?;
    let digests = some(bench);
    let time = |ask: &mut dyn FnMut(&Digest) -> Result<bool>| -> Result<(f64, u32)> {
        let (start, mut found) = (Instant::now(), 0);
        for digest in &digests {
            found += u32::from(ask(black_box(digest))?);
        }
        Ok((start.elapsed().as_secs_f64() * 1e6 / f64::from(ASKED), found))
    };
    // The first way through brings the pages into the page cache.
    let mut ask = |digest: &Digest| Ok(corpus.check(digest)? != Answer::Clean);
    time(&mut ask)?;
    let (value, found) = time(&mut ask)?;
    let keys = &bench.keys;
    let mut search = |digest: &Digest| {
        let bytes = digest.bytes(Kind::Sha1).first_chunk().context("a digest is longer than its key")?;
        Ok(keys.binary_search(&u64::from_be_bytes(*bytes)).is_ok())
    };
    let (reference, expected) = time(&mut search)?;
    ensure!(found == expected, "{found} were found, and {expected} are there");
    let reference = Some(("binary search in memory", reference));
    report.add(Figure { name: "corpus check, nothing kept", value, unit: "µs", reference, aim: "" });

    corpus.keep_pages(KEPT_BYTES);
    let mut ask = |digest: &Digest| Ok(corpus.check(digest)? != Answer::Clean);
    time(&mut ask)?;
    let (value, found) = time(&mut ask)?;
    ensure!(found == expected, "{found} were found, and {expected} are there");
    report.add(Figure { name: "corpus check, one digest, warm", value, unit: "µs", reference, aim: "under 1 µs" });
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let value = (corpus.pages_kept() * PAGE_BYTES) as f64 / f64::from(1 << 20);
    report.add(Figure { name: "  its pages in memory", value, unit: "MiB", reference: None, aim: "at most what is given: 512" });
    Ok(())
}

/// Every other digest that is there, each with one that is not.
fn in_order(report: &mut Report, bench: &Bench) -> Result<()> {
    let corpus = open_corpus(&bench.path(INDEX))?;
    let there = bench.keys.iter().step_by(2).flat_map(|key| [*key, key ^ 1]);
    let mut keys: Vec<u64> = there.take(SWEPT).collect();
    keys.sort_unstable();
    let digest = |key: u64| Digest::of(Kind::Sha1, &[&key.to_be_bytes()[..], &[0; 12]].concat());
    let digests: Vec<Digest> = keys.into_iter().filter_map(digest).collect();
    let rate = |start: Instant, count: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = count as f64 / start.elapsed().as_secs_f64() / 1e6;
        rate
    };
    let sweep = || -> Result<(f64, usize)> {
        let (start, mut sweep, mut found) = (Instant::now(), corpus.sweep(), 0);
        for digest in &digests {
            found += usize::from(sweep.check(black_box(digest))? != Answer::Clean);
        }
        Ok((rate(start, digests.len()), found))
    };
    sweep()?;
    let (value, found) = sweep()?;
    ensure!(found >= digests.len() / 2, "{found} of {} were found", digests.len());
    let (start, mut at, mut merged) = (Instant::now(), 0, 0);
    for digest in &digests {
        let wanted = digest.bytes(Kind::Sha1).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        while bench.keys.get(at).is_some_and(|key| *key < wanted) {
            at += 1;
        }
        merged += usize::from(bench.keys.get(at) == Some(&wanted));
    }
    let reference = Some(("merging with keys in memory", rate(start, digests.len())));
    ensure!(merged == found, "{found} were found, and {merged} are there");
    report.add(Figure { name: "corpus check, many in order", value, unit: "M/s", reference, aim: "at least 20" });
    Ok(())
}

/// Whether `corpus check` says of random digests what a search in the text of the list says, which shares no code with it.
fn compare(bench: &Bench) -> Result<()> {
    let list = File::open(bench.path(LIST))?;
    let bytes = list.metadata()?.len();
    let (mut chance, mut asked, mut expected) = (Chance::new(SEED + 1), String::new(), BTreeMap::new());
    for number in 0..COMPARED {
        let hash = if number % 2 == 0 {
            line_at(&list, chance.next() % bytes)?.map(|(hash, _)| hash)
        } else {
            Some(chance.digest().iter().fold(String::new(), |all, byte| all + &format!("{byte:02X}")))
        };
        let Some(hash) = hash else { continue };
        writeln!(asked, "{hash}")?;
        if let Some(count) = search(&list, bytes, &hash)? {
            expected.insert(hash, count);
        }
    }
    let file = bench.path("asked.txt");
    std::fs::write(&file, asked)?;
    let output = Command::new(binary()?).args(["corpus", "check", "--json", "--hashes"]).arg(file).arg(bench.path(CORPUS)).output()?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let found = answer.get("found").and_then(|found| found.as_array()).context("no answer")?;
    let found: BTreeMap<String, u64> =
        found.iter().filter_map(|one| Some((one.get("hash")?.as_str()?.to_owned(), one.get("count")?.as_u64()?))).collect();
    ensure!(found == expected, "the corpus and its list do not agree: {} found, {} there", found.len(), expected.len());
    Ok(())
}

/// The first whole line that begins after a place: its hash and count.
fn line_at(list: &File, at: u64) -> Result<Option<(String, u64)>> {
    let mut buffer = [0; 256];
    let read = list.read_at(&mut buffer, at)?;
    let text = String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()).into_owned();
    let text = if at == 0 { text.as_str() } else { text.split_once('\n').map_or("", |(_, rest)| rest) };
    let Some((hash, count)) = text.split_once("\r\n").and_then(|(line, _)| line.split_once(':')) else { return Ok(None) };
    Ok(Some((hash.to_owned(), count.parse()?)))
}

/// Halves of the text until the line is found, or can be nowhere.
fn search(list: &File, bytes: u64, hash: &str) -> Result<Option<u64>> {
    let (mut low, mut high) = (0, bytes);
    while low < high {
        let middle = low.midpoint(high);
        match line_at(list, middle)? {
            Some((here, count)) if here == hash => return Ok(Some(count)),
            Some((here, _)) if here.as_str() < hash => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(line_at(list, low)?.filter(|(here, _)| here == hash).map(|(_, count)| count))
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{Ordered, keys_of};
    use super::*;

    #[test]
    fn the_search_that_answers_are_compared_with_finds_each_line_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let list = Ordered::write(file.path(), 2_000).unwrap();
        let (text, open) = (std::fs::read_to_string(file.path()).unwrap(), File::open(file.path()).unwrap());
        for line in text.lines() {
            let (hash, count) = line.split_once(':').unwrap();
            assert_eq!(search(&open, text.len() as u64, hash).unwrap(), Some(count.parse().unwrap()), "{line}");
        }
        let keys = keys_of(file.path(), list.entries).unwrap();
        assert!(keys.iter().all(|key| search(&open, text.len() as u64, &format!("{:016X}{}", key ^ 1, "0".repeat(24))).unwrap().is_none()));
    }
}
