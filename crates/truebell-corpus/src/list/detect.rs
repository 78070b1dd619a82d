//! Which dialect a list is in, by its first lines: every dialect reads them, and the one that understands most is taken. Never here: the reading.

use super::beside::{Beside, Record};
use super::dialect::{Columns, Dialect, Separator};
use super::dialects::csv::{Cells, Layout, Split};
use super::dialects::trim;
use super::encoding::{Unmark, judge};
use super::lines::{Line, Lines};
use super::mask::{mask_address, mask_password};
use super::reader::Reader;
use super::tally::{Skip, Tally};
use zeroize::Zeroizing;

/// As much of a list's beginning as is looked at.
pub const DETECT_BYTES: usize = 1 << 18;
/// Masked records that are shown.
const SAMPLES: u64 = 6;
/// Records of a list that say little about the rest.
const FEW: u64 = 10;
/// Lines that have to be alike before columns are believed.
const ALIKE: f64 = 0.9;
/// Lines in which columns are looked for.
const COLUMN_LINES: usize = 2000;

/// A dialect, and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The dialect.
    pub dialect: Dialect,
    /// Records it found.
    pub records: u64,
    /// Share of the lines it understood, 0 to 1; lines with nothing on them do not count.
    pub share: f64,
}

/// What there is to be unsure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No dialect found a record.
    #[error("no address with something beside it is found")]
    Nothing,
    /// Few records.
    #[error("there are fewer than 10 records to tell it by")]
    Few,
    /// Many lines are not understood.
    #[error("less than nine tenths of the lines are understood")]
    Partly,
    /// Another dialect fits nearly as well.
    #[error("{0} fits nearly as well")]
    Close(Dialect),
    /// There is no header, and more than two columns.
    #[error("there is no header, so that the password is the column behind the address is a guess")]
    ColumnsGuessed,
    /// Most records have a hash.
    #[error("most records have a hash instead of a password, and hashes are never tried")]
    Hashes,
    /// Most records have nothing.
    #[error("most records have an address and nothing beside it")]
    Bare,
}

/// One record, masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its line.
    pub line: u64,
    /// `a***@e***.org`
    pub address: String,
    /// `p*******`, `(hash)` or `(nothing)`.
    pub beside: String,
}

/// What a list seems to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// The dialect; `None` if none finds a record.
    pub dialect: Option<Dialect>,
    /// All that find any, best first.
    pub fits: Vec<Fit>,
    /// What there is to be unsure of.
    pub doubts: Vec<Doubt>,
    /// Some records, as that dialect reads them.
    pub samples: Vec<Sample>,
}

/// Looks at the beginning of a list, unpacked, and at no more of it than [`DETECT_BYTES`]. `whole` says that there is nothing behind it: otherwise a last line without its end does not count.
///
/// Where the dialect is known it is `set`, and only doubts and samples are found.
pub fn detect(begin: &[u8], whole: bool, set: Option<Dialect>) -> Detected {
    let whole = whole && begin.len() <= DETECT_BYTES;
    let begin = Begin { bytes: begin.get(..DETECT_BYTES).unwrap_or(begin), whole };
    let mut fits: Vec<(Fit, Tally)> = match set {
        Some(dialect) => vec![begin.fit(dialect)],
        None => begin.candidates().into_iter().map(|dialect| begin.fit(dialect)).filter(|(fit, _)| fit.records > 0).collect(),
    };
    // Stable: of those that fit equally well the first is taken.
    fits.sort_by(|(one, _), (other, _)| other.share.total_cmp(&one.share));
    let best = fits.first().cloned();
    let doubts = best.as_ref().map_or_else(|| vec![Doubt::Nothing], |(fit, tally)| doubts(fit, tally, &fits, set.is_none(), &begin));
    let samples = best.as_ref().map(|(fit, _)| begin.samples(fit)).unwrap_or_default();
    let dialect = best.filter(|(fit, _)| set.is_some() || fit.records > 0).map(|(fit, _)| fit.dialect);
    Detected { dialect, fits: fits.into_iter().map(|(fit, _)| fit).collect(), doubts, samples }
}

struct Begin<'a> {
    bytes: &'a [u8],
    whole: bool,
}

/// How the columns of a list seem to be divided.
struct Found {
    dialect: Dialect,
    count: usize,
}

impl Begin<'_> {
    fn read(&self, dialect: Dialect, each: &mut impl FnMut(&Record<'_>)) -> Tally {
        let mut reader = Reader::new(dialect);
        reader.feed(self.bytes, each);
        if self.whole {
            reader.finish(each);
        }
        reader.tally().clone()
    }

    fn fit(&self, dialect: Dialect) -> (Fit, Tally) {
        let tally = self.read(dialect, &mut |_| {});
        // In these two a line may be understood and its login be a name.
        let named = if matches!(dialect, Dialect::Url | Dialect::Stealer) { tally.skipped(Skip::NotAnAddress).lines } else { 0 };
        let share = part(tally.records + tally.understood + named, tally.lines - tally.empty);
        (Fit { dialect, records: tally.records, share }, tally)
    }

    /// Of those that fit equally well the first is meant.
    fn candidates(&self) -> Vec<Dialect> {
        let lines = self.lines();
        let columns: Vec<Found> = Separator::ALL.into_iter().filter_map(|separator| columns(&lines, separator)).collect();
        let mut candidates = vec![Dialect::JsonLines, Dialect::Stealer, Dialect::Url];
        candidates.extend(columns.iter().map(|found| found.dialect));
        for separator in Separator::ALL {
            // More columns than two are no password with separators in it.
            let has_columns =
                |found: &Found| matches!(found.dialect, Dialect::Csv { separator: of, .. } if of == separator) && found.count > 2;
            if !columns.iter().any(has_columns) {
                candidates.push(Dialect::Pair { separator, spaced: self.is_spaced(separator) });
            }
        }
        candidates
    }

    /// Whether nearly all passwords begin with a space: then it belongs to the separator.
    fn is_spaced(&self, separator: Separator) -> bool {
        let (mut spaced, mut all) = (0, 0);
        self.read(Dialect::Pair { separator, spaced: false }, &mut |record| {
            if let Beside::Password { bytes, .. } = record.beside {
                all += 1;
                spaced += u64::from(bytes.starts_with(b" "));
            }
        });
        all > 2 && part(spaced, all) >= 0.95
    }

    fn lines(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let (mut unmark, mut lines, mut found) = (Unmark::default(), Lines::default(), Vec::new());
        let mut scratch = Zeroizing::default();
        let mut take = |_, line: Line<'_>| {
            if let Some(line) = line.filter(|line| !line.is_empty() && found.len() < COLUMN_LINES) {
                found.push(Zeroizing::new(judge(line, &mut scratch).0.to_vec()));
            }
        };
        unmark.push(self.bytes, &mut |text| lines.push(text, &mut take));
        if self.whole {
            unmark.finish(&mut |text| lines.push(text, &mut take));
            lines.finish(&mut take);
        }
        found
    }

    /// Some records, from all of the beginning.
    fn samples(&self, fit: &Fit) -> Vec<Sample> {
        let (mut samples, mut number) = (Vec::new(), 0);
        let step = (fit.records / SAMPLES).max(1);
        self.read(fit.dialect, &mut |record| {
            if number % step == 0 && samples.len() < usize::try_from(SAMPLES).unwrap_or_default() {
                let beside = match record.beside {
                    Beside::Password { bytes, .. } => mask_password(bytes),
                    Beside::Hash(_) => "(hash)".to_owned(),
                    Beside::Nothing => "(nothing)".to_owned(),
                };
                samples.push(Sample { line: record.line, address: mask_address(record.address), beside });
            }
            number += 1;
        });
        samples
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of at most some hundred thousand lines")]
fn part(of: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}

/// The columns of a list, if nearly all lines have as many, and more than two, or quotes, or a header.
fn columns(lines: &[Zeroizing<Vec<u8>>], separator: Separator) -> Option<Found> {
    let mut cells = Cells::default();
    let (mut counts, mut quoted, mut header) = (std::collections::BTreeMap::<usize, u64>::new(), 0, None);
    let mut addresses: Vec<u64> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if cells.split(line, separator.byte()) != Split::Whole {
            continue;
        }
        *counts.entry(cells.count()).or_default() += 1;
        quoted += u64::from(cells.any_quoted());
        if number == 0 {
            header = Layout::of_header(&cells);
        }
        addresses.resize(addresses.len().max(cells.count()), 0);
        for (count, cell) in addresses.iter_mut().zip(cells.iter()) {
            *count += u64::from(super::address::is_plausible(trim(cell)));
        }
    }
    let (count, alike) = counts.into_iter().max_by_key(|(_, lines)| *lines)?;
    let all = lines.len() as u64;
    let is_csv = count > 2 || (count == 2 && (header.is_some() || quoted * 2 >= all));
    if part(alike, all) < ALIKE || !is_csv {
        return None;
    }
    let (address, _) = addresses.iter().enumerate().max_by_key(|(at, found)| (**found, usize::MAX - at))?;
    let password = if address + 1 < count { Some(address + 1) } else { address.checked_sub(1) };
    let number = |at: usize| u16::try_from(at).ok();
    let told = Columns { address: number(address)?, password: password.and_then(number) };
    let columns = if header.is_some() { None } else { Some(told) };
    Some(Found { dialect: Dialect::Csv { separator, columns }, count })
}

fn doubts(best: &Fit, tally: &Tally, fits: &[(Fit, Tally)], free: bool, begin: &Begin<'_>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if best.records == 0 {
        return vec![Doubt::Nothing];
    }
    if best.records < FEW {
        doubts.push(Doubt::Few);
    }
    if best.share < ALIKE {
        doubts.push(Doubt::Partly);
    }
    let close = fits.get(1).filter(|(second, _)| best.share - second.share < 0.05 && !reads_alike(best.dialect, second.dialect));
    doubts.extend(close.map(|(second, _)| Doubt::Close(second.dialect)));
    if free && matches!(best.dialect, Dialect::Csv { columns: Some(_), .. }) && width(best.dialect, begin) > 2 {
        doubts.push(Doubt::ColumnsGuessed);
    }
    if tally.hashes * 2 > tally.records {
        doubts.push(Doubt::Hashes);
    }
    if (tally.records - tally.hashes - tally.passwords) * 2 > tally.records {
        doubts.push(Doubt::Bare);
    }
    doubts
}

fn width(dialect: Dialect, begin: &Begin<'_>) -> usize {
    let Dialect::Csv { separator, .. } = dialect else { return 2 };
    columns(&begin.lines(), separator).map_or(2, |found| found.count)
}

/// A pair and a CSV with the same separator differ in quotes only.
fn reads_alike(one: Dialect, other: Dialect) -> bool {
    let separator = |dialect| match dialect {
        Dialect::Pair { separator, .. } | Dialect::Csv { separator, .. } => Some(separator),
        _ => None,
    };
    separator(one).is_some() && separator(one) == separator(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &str) -> (Option<String>, Vec<Doubt>) {
        let found = detect(list.as_bytes(), true, None);
        (found.dialect.map(|dialect| dialect.to_string()), found.doubts)
    }

    /// So many lines, `#` being their number.
    fn lines(line: &str) -> String {
        (10..40).map(|number| line.replace('#', &number.to_string()) + "\n").collect()
    }

    #[test]
    fn each_dialect_is_told_by_its_lines() {
        for (line, dialect) in [
            ("user#@example.org:pass#", "colon"),
            ("user#@example.org:pa:ss#", "csv-colon:1:2"),
            ("user#@example.org;pass:#", "semicolon"),
            ("user#@example.org|pass#", "bar"),
            ("user#@example.org\tpass#", "tab"),
            ("user#@example.org,pass#", "comma"),
            ("user#@example.org : pass#", "colon-spaced"),
            ("\"user#@example.org\",\"pass\"\"#\"", "csv:1:2"),
            ("#;user#@example.org;pass#;DE", "csv-semicolon:2:3"),
            ("#\tpass#\tuser#@example.org", "csv-tab:3:2"),
            ("{\"email\":\"user#@example.org\",\"password\":\"pass#\"}", "jsonl"),
            ("https://shop.example/login:user#@example.org:pass#", "url"),
            ("URL: https://a.example\nUsername: user#@example.org\nPassword: pass#\nApplication: Chrome\n===============\n", "stealer"),
            ("browser: Chrome\nprofile: Default\nurl: https://a.example\nlogin: user#@example.org\npassword: pass#\n", "stealer"),
        ] {
            assert_eq!(told(&lines(line)).0.as_deref(), Some(dialect), "{line}");
        }
        let header = format!("id,E-Mail,Password\n{}", lines("#,user#@example.org,pass#"));
        assert_eq!(told(&header), (Some("csv".to_owned()), vec![]));
        let mixed = format!("{}{}", lines("user#@example.org:pass#"), lines("user#@example.org:pa:ss#"));
        assert_eq!(told(&mixed), (Some("colon".to_owned()), vec![]));
    }

    #[test]
    fn what_there_is_to_be_unsure_of_is_told() {
        assert_eq!(told(""), (None, vec![Doubt::Nothing]));
        assert_eq!(told(&lines("nothing to see #")), (None, vec![Doubt::Nothing]));
        assert_eq!(told("a@example.org:x\n"), (Some("colon".to_owned()), vec![Doubt::Few]));
        assert_eq!(told(&lines("#;user#@example.org;pass#;DE")).1, [Doubt::ColumnsGuessed]);
        assert_eq!(told(&lines("user#@example.org:5f4dcc3b5aa765d61d8327deb882cf#")).1, [Doubt::Hashes]);
        assert_eq!(told(&lines("user#@example.org:")).1, [Doubt::Bare]);
        assert_eq!(told(&format!("{}{}", lines("user#@example.org:pass#"), lines("user#:pass#"))).1, [Doubt::Partly]);
    }

    #[test]
    fn a_line_that_was_cut_does_not_count_and_samples_are_masked() {
        let list = format!("{}cut@example.org:pas", lines("user#@example.org:password#"));
        let found = detect(list.as_bytes(), false, None);
        assert_eq!(found.fits.first().map(|fit| fit.records), Some(30));
        assert_eq!(found.samples.len(), 6);
        assert_eq!(found.samples.first(), Some(&Sample { line: 1, address: "u***@e***.org".to_owned(), beside: "p*******".to_owned() }));
        let set = detect(list.as_bytes(), false, Some(Dialect::JsonLines));
        assert_eq!((set.dialect, set.doubts), (Some(Dialect::JsonLines), vec![Doubt::Nothing]));
    }
}
