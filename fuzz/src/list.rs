//! Breach lists: whatever somebody wrote, in any dialect and any encoding.

use truebell_corpus::list::{Beside, Dialect, Forms, PASSWORD_BYTES_MAX, Reader, Record, Skip, Survey, Tally};

use crate::world::split;

const DIALECTS: [&str; 13] = [
    "colon", "semicolon", "bar", "tab", "comma", "colon-spaced", "csv", "csv:1:2", "csv-semicolon:2:1", "csv-tab", "jsonl", "stealer", "url",
];

type Read = (Vec<(u64, Vec<u8>, Option<Vec<u8>>)>, Tally);

fn read_in(dialect: Dialect, list: &[u8], piece: usize) -> Read {
    let (mut reader, mut survey, mut records) = (Reader::new(dialect), Survey::new(&[0; 16]), Vec::new());
    let mut each = |record: &Record<'_>| {
        survey.push(record);
        let password = match record.beside {
            Beside::Password { bytes, .. } => Some(bytes.to_vec()),
            _ => None,
        };
        records.push((record.line, record.address.to_vec(), password));
    };
    list.chunks(piece.max(1)).for_each(|piece| reader.feed(piece, &mut each));
    reader.finish(&mut each);
    assert!(survey.verdicts().iter().all(|verdict| verdict.count <= verdict.of && !verdict.sentence.is_empty()));
    (records, reader.tally().clone())
}

/// - pieces make no difference;
/// - every line is a record, understood, empty or skipped, and one of these only;
/// - a password is UTF-8, of a bounded length, and stands beside something with an `@`; no record begins before the one before it ended.
pub fn read(data: &[u8]) {
    let (kind, rest) = split(data);
    let (piece, list) = split(rest);
    let Some(dialect) = DIALECTS.get(usize::from(kind) % DIALECTS.len()).and_then(|name| name.parse::<Dialect>().ok()) else { return };
    let whole = read_in(dialect, list, list.len());
    assert!(whole == read_in(dialect, list, usize::from(piece)), "pieces make a difference");
    let (records, tally) = whole;
    assert_eq!(tally.lines, tally.empty + tally.understood + tally.records + tally.all_skipped());
    assert_eq!(tally.records, records.len() as u64);
    for (line, address, password) in &records {
        assert!(*line >= 1 && *line <= tally.lines && address.contains(&b'@'));
        assert!(std::str::from_utf8(address).is_ok());
        assert!(password.as_ref().is_none_or(|password| {
            !password.is_empty() && password.len() <= PASSWORD_BYTES_MAX && std::str::from_utf8(password).is_ok()
        }));
    }
    assert!(Skip::ALL.into_iter().map(|why| tally.skipped(why)).all(|skipped| (skipped.lines == 0) == (skipped.first == 0)));
}

/// - detecting ends, and what it says a dialect finds that dialect finds;
/// - a sample shows no more than first letters.
pub fn detect(data: &[u8]) {
    let found = truebell_corpus::list::detect(data, true, None);
    if let (Some(dialect), Some(best)) = (found.dialect, found.fits.first()) {
        assert_eq!(dialect, best.dialect);
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
        assert!(best.records > 0 && best.share <= 1.0);
        assert_eq!(read_in(dialect, data, data.len()).1.records, best.records);
    }
    assert!(found.dialect.is_some() || !found.doubts.is_empty());
    for sample in &found.samples {
        assert!(sample.address.contains("***@"));
        assert!(sample.beside.starts_with('(') || sample.beside.chars().skip(1).all(|letter| letter == '*'));
    }
}

/// - the forms of a form are themselves;
/// - case makes no difference.
pub fn address(data: &[u8]) {
    let (mut one, mut two) = (Forms::default(), Forms::default());
    let Ok(canonical) = one.of(data) else { return };
    let again = two.of(canonical.exact).expect("a form is an address");
    assert!(again == canonical, "the form of a form is another");
    let person = two.of(canonical.person).expect("a form is an address");
    assert_eq!(person.person, canonical.person);
    if data.is_ascii() && !data.starts_with(b"\"") {
        let upper = two.of(&data.to_ascii_uppercase()).map(|upper| upper.exact.to_vec());
        assert_eq!(upper.as_deref(), Ok(canonical.exact));
    }
}
