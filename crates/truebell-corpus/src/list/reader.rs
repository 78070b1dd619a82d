//! Records out of a list, in whatever pieces its bytes come: memory does not follow the list, and what has to wait for the next piece is wiped when it was used.

use super::PASSWORD_BYTES_MAX;
use super::address::is_plausible;
use super::beside::{Beside, Record, hash_form, salted_hash_form};
use super::dialect::{Dialect, Separator};
use super::dialects::block::{Block, Half, Held, Now};
use super::dialects::csv::{Csv, Outcome};
use super::dialects::{Fields, Text, json, pair, trim, url};
use super::encoding::{Encoding, Unmark, judge};
use super::lines::{Line, Lines};
use super::tally::{Skip, Tally};
use zeroize::{Zeroize, Zeroizing};

/// Reads a list.
///
/// Each record is given to a closure while its bytes are there, and is gone afterwards. Pieces make no difference: a list fed byte by byte gives what it gives in one.
pub struct Reader {
    unmark: Unmark,
    lines: Lines,
    records: Records,
}

impl Reader {
    /// For a list in this dialect, from its first byte.
    pub fn new(dialect: Dialect) -> Self {
        Self { unmark: Unmark::default(), lines: Lines::default(), records: Records::new(dialect) }
    }

    /// More bytes of the list.
    pub fn feed(&mut self, bytes: &[u8], each: &mut impl FnMut(&Record<'_>)) {
        let Self { unmark, lines, records } = self;
        unmark.push(bytes, &mut |text| lines.push(text, &mut |number, line| records.line(number, line, each)));
        records.tally.utf16 = unmark.is_utf16();
    }

    /// No more bytes.
    pub fn finish(&mut self, each: &mut impl FnMut(&Record<'_>)) {
        let Self { unmark, lines, records } = self;
        unmark.finish(&mut |text| lines.push(text, &mut |number, line| records.line(number, line, each)));
        lines.finish(&mut |number, line| records.line(number, line, each));
        records.interrupt(each);
    }

    /// What became of the lines so far.
    pub const fn tally(&self) -> &Tally {
        &self.records.tally
    }
}

/// What lies between lines and records.
struct Records {
    dialect: Dialect,
    tally: Tally,
    /// A line that was not UTF-8, in UTF-8.
    scratch: Zeroizing<Vec<u8>>,
    csv: Option<Csv>,
    block: Block,
}

/// Every control character but the tab.
fn has_control(line: &[u8]) -> bool {
    // Without an early end, so that many bytes are looked at together.
    line.iter().fold(false, |found, byte| found | ((*byte < 0x20) & (*byte != b'\t')) | (*byte == 0x7f))
}

impl Records {
    fn new(dialect: Dialect) -> Self {
        let csv = match dialect {
            Dialect::Csv { separator, columns } => Some(Csv::new(separator.byte(), columns)),
            _ => None,
        };
        Self { dialect, tally: Tally::default(), scratch: Zeroizing::default(), csv, block: Block::default() }
    }

    fn line(&mut self, number: u64, line: Line<'_>, each: &mut impl FnMut(&Record<'_>)) {
        self.tally.lines += 1;
        let broken = match line {
            None => Some(Skip::TooLong),
            Some(line) if has_control(line) => Some(if line.contains(&0) { Skip::Nul } else { Skip::Control }),
            Some(_) => None,
        };
        if let Some(why) = broken {
            self.interrupt(each);
            return self.tally.skip(why, number);
        }
        let line = line.unwrap_or_default();
        if line.is_empty() && !self.csv.as_ref().is_some_and(Csv::is_open) {
            self.tally.empty += 1;
            return self.interrupt(each);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        if line.len() * 3 > scratch.capacity() && !line.is_ascii() {
            scratch.reserve_exact(line.len() * 3);
        }
        let (text, encoding) = judge(line, &mut scratch);
        self.text(number, text, encoding, each);
        if encoding == Encoding::Windows1252 {
            scratch.as_mut_slice().zeroize();
        }
        self.scratch = scratch;
    }

    fn text(&mut self, number: u64, text: &[u8], encoding: Encoding, each: &mut impl FnMut(&Record<'_>)) {
        match self.dialect {
            Dialect::Pair { separator, spaced } => {
                let said = pair::parse(text, separator, spaced);
                let said = said.map(|fields| if separator == Separator::Colon { unsalted(fields) } else { fields });
                self.tally.take(said, number, encoding, each);
            }
            Dialect::Url => self.tally.take(url::parse(text), number, encoding, each),
            Dialect::JsonLines => match json::parse(text) {
                Ok(object) => self.tally.take(object.fields(), number, encoding, each),
                Err(why) => self.tally.skip(why, number),
            },
            Dialect::Csv { .. } => {
                let Self { csv: Some(csv), tally, .. } = self else { return };
                csv.take(number, text, encoding, &mut |outcome| tally.take_outcome(&outcome, each));
            }
            Dialect::Stealer => {
                let step = self.block.take(number, text, encoding);
                if let Some(half) = step.ended {
                    self.tally.take_half(half, each);
                }
                match step.now {
                    Now::Whole { login, password } => self.tally.take_whole(&login, &password, each),
                    Now::Understood => self.tally.understood += 1,
                    Now::NotUnderstood => self.tally.skip(Skip::NotUnderstood, number),
                }
            }
        }
    }

    /// Whatever waits for a next line has none.
    fn interrupt(&mut self, each: &mut impl FnMut(&Record<'_>)) {
        let Self { csv, tally, block, .. } = self;
        if let Some(csv) = csv {
            csv.end(&mut |outcome| tally.take_outcome(&outcome, each));
        }
        if let Some(half) = block.end() {
            tally.take_half(half, each);
        }
    }
}

/// `hash:salt` is a hash.
fn unsalted(fields: Fields<'_>) -> Fields<'_> {
    let Text::Password(password) = fields.beside else { return fields };
    salted_hash_form(password).map_or(fields, |form| Fields { beside: Text::Hash(form), ..fields })
}

fn beside(text: Text<'_>, encoding: Encoding) -> Result<Beside<'_>, Skip> {
    match text {
        Text::Nothing | Text::Password(b"") => Ok(Beside::Nothing),
        Text::Hash(form) => Ok(Beside::Hash(form)),
        Text::Password(bytes) if bytes.len() > PASSWORD_BYTES_MAX => Err(Skip::LongPassword),
        Text::Password(bytes) => Ok(hash_form(bytes).map_or(Beside::Password { bytes, encoding }, Beside::Hash)),
    }
}

impl Tally {
    /// Counts what a line said, and gives the record on.
    fn take(&mut self, said: Result<Fields<'_>, Skip>, line: u64, encoding: Encoding, each: &mut impl FnMut(&Record<'_>)) {
        let record = said.and_then(|fields| {
            let address = trim(fields.address);
            let plausible = is_plausible(address);
            if !plausible {
                return Err(Skip::NotAnAddress);
            }
            Ok(Record { address, beside: beside(fields.beside, encoding)?, line })
        });
        match record {
            Err(why) => self.skip(why, line),
            Ok(record) => {
                self.records += 1;
                self.windows_1252 += u64::from(encoding == Encoding::Windows1252);
                match record.beside {
                    Beside::Password { .. } => self.passwords += 1,
                    Beside::Hash(_) => self.hashes += 1,
                    Beside::Nothing => {}
                }
                each(&record);
            }
        }
    }

    fn take_outcome(&mut self, outcome: &Outcome<'_>, each: &mut impl FnMut(&Record<'_>)) {
        match outcome.said {
            Ok(None) => self.understood += outcome.lines,
            Ok(Some(fields)) => {
                self.understood += outcome.lines - 1;
                self.take(Ok(fields), outcome.number, outcome.encoding, each);
            }
            Err(why) => {
                self.understood += outcome.lines - 1;
                self.take(Err(why), outcome.number, outcome.encoding, each);
            }
        }
    }

    fn take_whole(&mut self, login: &Held, password: &Held, each: &mut impl FnMut(&Record<'_>)) {
        let fields = Fields { address: &login.text, beside: Text::Password(&password.text) };
        let odd = [login, password].iter().any(|held| held.encoding == Encoding::Windows1252);
        let encoding = if odd { Encoding::Windows1252 } else { Encoding::Utf8 };
        self.take(Ok(fields), login.line, encoding, each);
    }

    /// The line of a half block was counted as understood before it was known that nothing follows.
    fn take_half(&mut self, half: Half, each: &mut impl FnMut(&Record<'_>)) {
        self.understood -= 1;
        match half {
            Half::Password { line } => self.skip(Skip::HalfBlock, line),
            Half::Login(login) => {
                let fields = Fields { address: &login.text, beside: Text::Nothing };
                self.take(Ok(fields), login.line, login.encoding, each);
            }
        }
    }
}

#[cfg(test)]
mod tests;
