//! The first phase: an index of the site's addresses, one pass over the lists past it, and the tests. Never here: a record that outlives
//! the call it is given to, but for candidates, which are sealed at once.

use super::super::look::Asking;
use super::super::open::List;
use super::accounts::Accounts;
use super::numbers::{Known, Numbers};
use super::work::Work;
use super::{Match, Part};
use crate::cmd::corpus::{failure_of, open as open_corpus};
use crate::exit::{Answered, Code, Failure};
use crate::output::Progress as Bar;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::SystemChance;
use truebell_core::chance::make_array;
use truebell_corpus::list::{
    Beside, Builder, DETECT_BYTES, Hit, Index, Matcher, Overlap, Reader, Record, Relation, SiteKey, Standing, Survey, Verdict, detect,
};
use truebell_server::response::source::{Progress, Tested};
use truebell_sites::source::State;
use truebell_store::response::{Ask, Candidate, Named, Phase, Relation as Kept};
use zeroize::Zeroizing;

/// Hits written in one transaction.
const BATCH: usize = 400;
/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 18;
/// A lease is prolonged that often.
const PROLONG_EVERY: Duration = Duration::from_secs(8);
/// Accounts made room for at first.
const ACCOUNTS: usize = 1 << 16;

/// Reads the lists, and goes on to the next phase or stops.
pub(super) fn read(work: &Work<'_>, command: &Match) -> Answered {
    let mut progress = Progress::default();
    let bar = Bar::of_bytes(!work.is_quiet);
    bar.stage("Reading the site's accounts", 0, 1);
    let (index, known) = index(work, &mut progress)?;
    let mut pass = Pass { work, index: &index, known: &known, command, progress, digests: Vec::new(), stopped: Vec::new() };
    for path in &command.lists {
        pass.list(path, &bar)?;
    }
    drop(bar);
    let (progress, stopped) = pass.end();
    let to = if stopped { Phase::Stopped } else { Phase::Joining };
    work.advance(Phase::Reading, to, progress.to_json()).map(drop)
}

/// The site's accounts in use, as keyed hashes, and which of them has which number.
fn index(work: &Work<'_>, progress: &mut Progress) -> Answered<(Index, Known)> {
    let cannot = |error: std::io::Error| Failure::io(format!("Nothing can be written in {}", work.folder.display()), &error);
    let mut numbers = Numbers::make(&work.folder, &mut SystemChance).map_err(cannot)?;
    let mut builder = Builder::new(&SiteKey::new(&work.kept.secrets.address_key), ACCOUNTS);
    let mut accounts = Accounts::open(work)?;
    let mut last = Instant::now();
    while let Some(page) = accounts.next()? {
        progress.unusable += page.skipped;
        for account in page.accounts {
            if account.state != State::Active {
                progress.left_out += 1;
                continue;
            }
            progress.accounts += 1;
            builder.push(account.address.as_bytes()).map_err(|error| Failure::plain(format!("{error}.")))?;
            numbers.push(work.key.account(&account.id, &account.address)).map_err(cannot)?;
        }
        prolong(work, &mut last)?;
    }
    let index = builder.finish();
    progress.unusable += index.unusable();
    progress.ambiguous = index.ambiguities().count() as u64;
    Ok((index, numbers.finish().map_err(cannot)?))
}

/// Keeps others from beginning the same.
fn prolong(work: &Work<'_>, last: &mut Instant) -> Answered {
    if last.elapsed() >= PROLONG_EVERY {
        *last = Instant::now();
        if !work.lease()? {
            return Err(Failure::plain("Another process took this list over, because this one was held up: it goes on there."));
        }
    }
    Ok(())
}

/// One pass over all lists.
struct Pass<'a> {
    work: &'a Work<'a>,
    index: &'a Index,
    known: &'a Known,
    command: &'a Match,
    progress: Progress,
    /// Of each list.
    digests: Vec<[u8; 32]>,
    /// Tests that stop one.
    stopped: Vec<&'static str>,
}

/// What becomes of hits.
struct Sink<'a> {
    work: &'a Work<'a>,
    known: &'a Known,
    overlap: Overlap,
    batch: Vec<Named>,
    last: Instant,
    failure: Option<Failure>,
}

impl Sink<'_> {
    fn hit(&mut self, hit: &Hit<'_>) {
        if self.failure.is_none() {
            self.failure = self.take(hit).err();
        }
    }

    fn take(&mut self, hit: &Hit<'_>) -> Answered {
        if hit.relation == Relation::Same {
            self.overlap.hit(hit.account);
        }
        let Some(named) = self.named(hit)? else { return Ok(()) };
        self.batch.push(named);
        if self.batch.len() >= BATCH { self.write() } else { Ok(()) }
    }

    /// A candidate is sealed before this returns.
    fn named(&self, hit: &Hit<'_>) -> Answered<Option<Named>> {
        let lost = |error| Failure::io("The numbers of the accounts cannot be read any more", &error);
        let relation = match hit.relation {
            Relation::Same => Kept::Same,
            Relation::Linked => Kept::Linked,
        };
        let Beside::Password { bytes, .. } = hit.beside else {
            // That a linked address is exposed says nothing about this account.
            let named = |account| Named { account, relation, candidate: None };
            let is_said = hit.relation == Relation::Same;
            return is_said.then(|| self.known.at(hit.account).map(named).map_err(lost)).transpose();
        };
        let account = self.known.at(hit.account).map_err(lost)?;
        let pair = self.work.key.pair(account, bytes);
        let sealed = self.work.key.seal_candidate(pair, bytes, &mut SystemChance);
        Ok(Some(Named { account, relation, candidate: Some(Candidate { pair, relation, sealed }) }))
    }

    fn write(&mut self) -> Answered {
        let named = std::mem::take(&mut self.batch);
        if named.is_empty() {
            return Ok(());
        }
        self.work.store.ask(&Ask::AddNamed { matching: self.work.matching, named }).map(drop)
    }

    /// What went wrong meanwhile, and that this process is alive.
    fn look_up(&mut self) -> Answered {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => prolong(self.work, &mut self.last),
        }
    }
}

impl Pass<'_> {
    fn list(&mut self, path: &Path, bar: &Bar) -> Answered {
        let begun = Instant::now();
        let mut list = List::open(path)?;
        let mut chunk = Zeroizing::new(vec![0; DETECT_BYTES.max(CHUNK_BYTES)]);
        let filled = list.fill(chunk.get_mut(..DETECT_BYTES).unwrap_or_default())?;
        let begin = chunk.get(..filled).unwrap_or_default();
        let Some(dialect) = detect(begin, filled < DETECT_BYTES, self.command.dialect).dialect else {
            let message = format!(
                "{} is no breach list that is known; `truebell breach look` says more. If you know better, set --dialect.",
                list.name
            );
            return Err(Failure::new(Code::BadFile, message));
        };
        let mut asking = self.command.corpus.as_deref().map(open_corpus).transpose()?.map(Asking::of);
        let mut survey = Survey::new(&make_array(&mut SystemChance));
        let (mut reader, mut matcher, mut digest) = (Reader::new(dialect), Matcher::new(self.index), Sha256::new());
        let mut sink = Sink {
            work: self.work,
            known: self.known,
            overlap: Overlap::default(),
            batch: Vec::with_capacity(BATCH),
            last: Instant::now(),
            failure: None,
        };
        let mut broken = None;
        let mut each = |record: &Record<'_>, sink: &mut Sink<'_>| {
            survey.push(record);
            if let (Some(asking), Beside::Password { bytes, .. }) = (&mut asking, record.beside) {
                broken = broken.take().or(asking.ask(bytes, &mut survey).err());
            }
            matcher.push(record, &mut |hit| sink.hit(hit));
        };
        let mut length = filled;
        loop {
            let piece = chunk.get(..length).unwrap_or_default();
            digest.update(piece);
            reader.feed(piece, &mut |record: &Record<'_>| each(record, &mut sink));
            sink.look_up()?;
            bar.stage("Reading the list", list.read(), list.bytes.max(list.read()));
            length = list.fill(chunk.get_mut(..CHUNK_BYTES).unwrap_or_default())?;
            if length == 0 {
                break;
            }
        }
        reader.finish(&mut |record: &Record<'_>| each(record, &mut sink));
        matcher.flush(&mut |hit| sink.hit(hit));
        sink.look_up()?;
        sink.write()?;
        if let Some(error) = broken {
            return Err(failure_of(self.command.corpus.as_deref().unwrap_or(Path::new("")), &error));
        }
        let (tally, seen) = (reader.tally(), matcher.seen());
        sink.overlap.records(tally.records);
        self.progress.lines += tally.lines;
        self.progress.records += tally.records;
        self.progress.same += seen.same;
        self.progress.linked += seen.linked;
        self.progress.dialects.push(dialect.to_string());
        self.progress.read_ms += u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.digests.push(digest.finalize().into());
        let verdicts = survey.verdicts().into_iter().chain(sink.overlap.verdicts(survey.is_sorted()));
        verdicts.for_each(|verdict| self.judge(&verdict));
        Ok(())
    }

    fn judge(&mut self, verdict: &Verdict) {
        let standing = match verdict.standing {
            Standing::Passed => "passed",
            Standing::Stopped => "stopped",
            Standing::NotKnown => "not-known",
        };
        let test = verdict.test.name();
        if verdict.standing == Standing::Stopped && !self.command.despite.iter().any(|despite| despite == test) {
            self.stopped.push(test);
        }
        self.progress.tests.push(Tested { test: test.to_owned(), standing: standing.to_owned(), sentence: verdict.sentence.clone() });
    }

    /// What was counted, and whether a test stops it.
    fn end(mut self) -> (Progress, bool) {
        let hex = |digest: &[u8]| data_encoding::HEXLOWER.encode(digest);
        self.progress.digest = match self.digests.as_slice() {
            [one] => hex(one),
            many => hex(&Sha256::digest(many.concat())),
        };
        (self.progress, !self.stopped.is_empty())
    }
}

/// What a list is called where it is kept.
pub(super) fn names(lists: &[Part]) -> String {
    lists.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(", ")
}
