//! Digests out of sources that have them in order, one after the other, and out of single lines.

use super::source::{Content, Opened, Text};
use super::{Tally, bad_source, unreadable};
use crate::exit::{Answered, Failure};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use truebell_corpus::build::{Form, Input, LineError, Lines, Parsed, Problem, RangeFile, Seen};
use truebell_corpus::{Digest, Flag, InOrder, Kind};
use truebell_server::ranges::FilePages;

/// What became of a line.
pub(super) enum Taken {
    Seen(Digest, u64),
    /// Passed over, because lines that cannot be read may be.
    Skipped,
    /// Empty, or padding.
    Nothing,
}

/// The next line of a source of lines; `None` at its end.
pub(super) fn take_line(source: &Opened, kind: Kind, lines: &mut Lines<Text>, lenient: bool) -> Answered<Option<Taken>> {
    let Content::Lines(form) = source.content else { return Ok(None) };
    if let Form::Ordered(of) | Form::Hashes(of) = form
        && let Some((digest, count)) = lines.next_hash(of)
    {
        return Ok(Some(Taken::Seen(digest, count)));
    }
    take(&source.name, lines, lenient, |line| form.parse(kind, line))
}

fn take<R: Read>(
    name: &dyn fmt::Display,
    lines: &mut Lines<R>,
    lenient: bool,
    parse: impl FnOnce(&[u8]) -> Result<Parsed, Problem>,
) -> Answered<Option<Taken>> {
    let parsed = match lines.next_line() {
        Ok(None) => return Ok(None),
        Ok(Some(line)) => parse(line),
        Err(LineError::TooLong(_)) => Err(Problem::TooLong),
        Err(LineError::Read(error)) => return Err(unreadable(&format!("{name}, after line {},", lines.number()), &error)),
    };
    match parsed {
        Ok(Parsed::Seen(digest, count)) => Ok(Some(Taken::Seen(digest, count))),
        Ok(Parsed::Padding | Parsed::Empty) => Ok(Some(Taken::Nothing)),
        Err(_) if lenient => Ok(Some(Taken::Skipped)),
        Err(problem) => Err(bad_line(&name.to_string(), lines.number(), problem)),
    }
}

fn bad_line(name: &str, line: u64, problem: Problem) -> Failure {
    let next = match problem {
        Problem::Order => "Give --form unordered to sort it, or --lenient to pass over such lines.",
        Problem::NotADigest(_) => "Give --lenient to pass over such lines, or --form passwords if each line is a password.",
        _ => "Give --lenient to pass over such lines.",
    };
    let failure = bad_source(&format!("{name}, line {line}"), format_args!(" {problem}."));
    Failure { message: format!("{} {next}", failure.message), ..failure }
}

/// Where an ordered source was read to, before the digest that waits in the merge.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Bytes, range files or records.
    position: u64,
    line: u64,
    pub(super) tally: Tally,
}

impl Place {
    /// Records of a run that were taken before.
    pub(super) const fn consumed(&self) -> u64 {
        self.position
    }
}

/// A source that gives its digests in order.
pub(super) struct Ordered<'a> {
    source: Option<&'a Opened>,
    reading: Reading<'a>,
    /// Before the digest given last.
    before: Place,
    now: Place,
    /// What is at or below this is in the corpus already.
    above: Option<Digest>,
    last: Option<Digest>,
    lenient: bool,
}

enum Reading<'a> {
    Lines(Kind, Lines<Text>),
    Ranges(Kind, Option<(RangeFile, Lines<File>)>),
    Corpus(Box<InOrder<'a, FilePages>>),
    Run(Box<dyn Input<Error = io::Error> + Send + 'a>),
}

impl<'a> Ordered<'a> {
    /// A source from a place on, without what is at or below `above`.
    pub(super) fn source(source: &'a Opened, kind: Kind, mut place: Place, above: Option<Digest>, lenient: bool) -> Answered<Self> {
        let reading = match (&source.content, &source.corpus) {
            (Content::Lines(Form::Ordered(_)), _) => {
                let text = source.text_from(place.position).map_err(|error| unreadable(&source.name, &error))?;
                Reading::Lines(kind, Lines::resume(text, place.position, place.line))
            }
            (Content::Corpus, Some(corpus)) => {
                let entries = if let Some(above) = &above { corpus.entries_above(above) } else { corpus.entries() };
                let entries = entries.map_err(|error| bad_source(&source.name, format_args!(": {error}.")))?;
                // It goes on behind `above`, wherever the state before had it.
                place.tally.entries = corpus.header().entries - entries.remaining();
                Reading::Corpus(Box::new(entries))
            }
            _ => Reading::Ranges(kind, None),
        };
        Ok(Self { source: Some(source), reading, before: place, now: place, above, last: None, lenient })
    }

    /// A run from a place on.
    pub(super) fn run(run: impl Input<Error = io::Error> + Send + 'a, place: Place, above: Option<Digest>) -> Self {
        Self { source: None, reading: Reading::Run(Box::new(run)), before: place, now: place, above, last: None, lenient: false }
    }

    /// Which source it is.
    pub(super) const fn number(&self) -> Option<usize> {
        match self.source {
            Some(source) => Some(source.number),
            None => None,
        }
    }

    /// Where it has to be begun again so that nothing is missing.
    pub(super) const fn place(&self) -> Place {
        self.before
    }

    /// Where it stands, behind the digest given last.
    pub(super) const fn reached(&self) -> Place {
        self.now
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match (&self.reading, self.source) {
            (Reading::Corpus(entries), Some(source)) => {
                let all = source.corpus.as_ref().map_or(1, |corpus| corpus.header().entries).max(1);
                source.bytes - source.bytes / all * entries.remaining()
            }
            (_, Some(source)) => source.bytes_read(),
            (_, None) => 0,
        }
    }

    fn read(&mut self) -> Answered<Option<Seen>> {
        let flag = self.source.map_or(Flag::Unmarked, |source| source.flag);
        match &mut self.reading {
            Reading::Run(run) => {
                self.now.position += 1;
                run.next_seen().map_err(|error| Failure::io("A sorted part could not be read", &error))
            }
            Reading::Corpus(entries) => {
                let name = self.source.map_or("", |source| source.name.as_str());
                let entry = entries.next().transpose().map_err(|error| bad_source(name, format_args!(": {error}.")))?;
                self.now.tally.entries += u64::from(entry.is_some());
                Ok(entry.map(|entry| {
                    let flags = if flag == Flag::Unmarked { entry.flags } else { entry.flags.and(flag.into()) };
                    Seen { digest: entry.digest, count: entry.count, flags }
                }))
            }
            Reading::Lines(..) | Reading::Ranges(..) => self.read_lines(flag),
        }
    }

    /// What is read at the moment: the source, or one of its range files.
    fn name(&self, source: &Opened) -> String {
        let file = usize::try_from(self.now.position).ok().and_then(|at| source.ranges.get(at));
        match (&self.reading, file) {
            (Reading::Ranges(..), Some((_, path))) => path.display().to_string(),
            _ => source.name.clone(),
        }
    }

    fn read_lines(&mut self, flag: Flag) -> Answered<Option<Seen>> {
        let Some(source) = self.source else { return Ok(None) };
        loop {
            let taken = match &mut self.reading {
                Reading::Lines(kind, lines) => {
                    let taken = take_line(source, *kind, lines, self.lenient)?;
                    (self.now.position, self.now.line) = (lines.position(), lines.number());
                    taken
                }
                Reading::Ranges(kind, open) => match next_of_ranges(source, *kind, open, &mut self.now, self.lenient)? {
                    Some(taken) => Some(taken),
                    None => return Ok(None),
                },
                _ => return Ok(None),
            };
            match taken {
                None => return Ok(None),
                Some(Taken::Nothing) => {}
                Some(Taken::Skipped) => self.now.tally.skipped += 1,
                Some(Taken::Seen(digest, _)) if self.last.is_some_and(|last| digest < last) => {
                    if !self.lenient {
                        return Err(bad_line(&self.name(source), self.now.line, Problem::Order));
                    }
                    self.now.tally.skipped += 1;
                }
                Some(Taken::Seen(digest, count)) => {
                    self.last = Some(digest);
                    self.now.tally.entries += 1;
                    return Ok(Some(Seen { digest, count, flags: flag.into() }));
                }
            }
        }
    }
}

/// The next line of a folder of range files, with its file's name. `place.position` is the file.
fn next_of_ranges(
    source: &Opened,
    kind: Kind,
    open: &mut Option<(RangeFile, Lines<File>)>,
    place: &mut Place,
    lenient: bool,
) -> Answered<Option<Taken>> {
    loop {
        let at = usize::try_from(place.position).unwrap_or(usize::MAX);
        let Some((prefix, path)) = source.ranges.get(at) else { return Ok(None) };
        let name = path.display();
        let (range, lines) = match open {
            Some(open) => open,
            None => {
                let file = File::open(path).map_err(|error| unreadable(&name.to_string(), &error))?;
                let range = RangeFile::named(kind, prefix).ok_or_else(|| bad_source(&name.to_string(), " is no range file."))?;
                let mut lines = Lines::new(file);
                // Gone on with in the middle of a file: what was taken before is passed over.
                for _ in 0..place.line {
                    take(&name, &mut lines, true, |_| Ok(Parsed::Empty))?;
                }
                open.insert((range, lines))
            }
        };
        match take(&name, lines, lenient, |line| range.parse(line))? {
            Some(taken) => {
                place.line = lines.number();
                return Ok(Some(taken));
            }
            None => {
                source.add_read(lines.position());
                place.position += 1;
                place.line = 0;
                *open = None;
            }
        }
    }
}

impl Input for Ordered<'_> {
    type Error = Failure;

    fn next_seen(&mut self) -> Answered<Option<Seen>> {
        loop {
            self.before = self.now;
            let seen = self.read()?;
            match (&seen, &self.above) {
                (Some(seen), Some(above)) if seen.digest <= *above => {}
                _ => return Ok(seen),
            }
        }
    }
}
