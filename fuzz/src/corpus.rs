//! Lists somebody else wrote, and corpora that lay on a disk.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use truebell_corpus::build::{Form, LineError, Lines, Parsed, RangeFile, Seen, Writer, assemble, sniff};
use truebell_corpus::filter::{Filter, write_filter};
use truebell_corpus::{Answer, Corpus, Digest, Exposure, Flag, Flags, Kind, PAGE_BYTES};

use crate::world::split;

/// Passwords that are in the one genuine corpus, with their counts, and some that are not.
const IN: [(&str, u64); 6] = [("password", 9), ("123456", 300), ("letmein", 1), ("qwerty", 254), ("dragon", 255), ("monkey", 70_000)];
const OUT: [&str; 3] = ["correct horse battery staple", "", "Password"];

static GENUINE: LazyLock<(BTreeMap<Digest, u64>, Vec<u8>)> = LazyLock::new(|| {
    let counts: BTreeMap<Digest, u64> = IN.iter().filter_map(|(word, count)| Some((sha1(word)?, *count))).collect();
    (counts.clone(), build(&counts).unwrap_or_default())
});

static FILTERED: LazyLock<(BTreeMap<Digest, u64>, Vec<u8>)> = LazyLock::new(|| {
    let (counts, corpus) = &*GENUINE;
    let mut out = std::io::Cursor::new(Vec::new());
    let made = Corpus::open(corpus.as_slice()).map(|corpus| write_filter(&corpus, &mut out, &mut |_, _| {}));
    assert!(matches!(made, Ok(Ok(_))), "a filter of the genuine corpus can be made");
    (counts.clone(), out.into_inner())
});

fn sha1(word: &str) -> Option<Digest> {
    Kind::Sha1.digest(word.as_bytes())
}

fn build(counts: &BTreeMap<Digest, u64>) -> std::io::Result<Vec<u8>> {
    let flags = Flags::from(Flag::Verified);
    let mut writer = Writer::new(Kind::Sha1, 3, flags, true, |_| Ok(Vec::new()))?;
    for (digest, count) in counts {
        writer.push(&Seen { digest: *digest, count: *count, flags })?;
    }
    let written = writer.finish()?;
    let mut file = Vec::new();
    assemble(&written, written.columns.iter().map(|(_, bytes)| bytes.as_slice()), &[], 0, &mut file, &mut |_, _| {})?;
    Ok(file)
}

/// - whatever the bytes are, opening, asking, going through and verifying end, in bounded time and memory;
/// - the genuine corpus changed anywhere gives the true answer or none.
pub fn file(data: &[u8]) {
    let (kind, rest) = split(data);
    let (counts, genuine) = &*GENUINE;
    match kind & 1 {
        0 => drop(Corpus::open(rest).map(|corpus| use_all(&corpus))),
        _ => {
            let mut bent = genuine.clone();
            for change in rest.chunks_exact(3).take(64) {
                let [high, low, bits] = *change else { continue };
                let at = usize::from(u16::from_be_bytes([high, low])) % bent.len().max(1);
                if let Some(byte) = bent.get_mut(at) {
                    *byte ^= bits;
                }
            }
            let Ok(mut corpus) = Corpus::open(bent.as_slice()) else { return };
            // With room for all pages, for a few that are in each other's way, or for none.
            corpus.keep_pages(usize::from(kind >> 1) * PAGE_BYTES / 8);
            use_all(&corpus);
            for digest in IN.iter().map(|(word, _)| *word).chain(OUT).filter_map(sha1) {
                let Ok(answer) = corpus.check(&digest) else { continue };
                match (answer, counts.get(&digest)) {
                    (Answer::Clean, None) => {}
                    (Answer::Exposed(Exposure::Whole { count, .. }), Some(known)) if count == *known => {}
                    other => panic!("a bent corpus said {other:?}"),
                }
            }
        }
    }
}

fn use_all(corpus: &Corpus<&[u8]>) {
    drop(corpus.sources());
    drop(corpus.verify(&mut |_, _| {}));
    if let Ok(entries) = corpus.entries() {
        drop(entries.take(PAGE_BYTES).try_for_each(|entry| entry.map(drop)));
    }
    for prefix in [0, 0x5baa6, 0xf_ffff] {
        drop(corpus.range(prefix).map(|entries| entries.take(PAGE_BYTES).count()));
    }
}

/// - lines come out as splitting at line feeds would have it, none longer than a line may be;
/// - the quick way to read a hash says what the long one says, and stands where that stands;
/// - what is read as a digest and its count is written back to the same meaning.
pub fn list(data: &[u8]) {
    let (kind, rest) = split(data);
    let kind = if kind & 1 == 0 { Kind::Sha1 } else { Kind::Ntlm };
    let mut lines = Lines::new(rest);
    let mut first: Vec<Vec<u8>> = Vec::new();
    let ends = rest.iter().filter(|byte| **byte == b'\n').count() as u64;
    loop {
        match lines.next_line() {
            Ok(None) => break,
            Ok(Some(line)) => {
                assert!(!line.contains(&b'\n'));
                check_line(kind, line);
                if first.len() < 8 {
                    first.push(line.to_vec());
                }
            }
            Err(LineError::TooLong(number)) => assert!(number <= ends + 1),
            Err(LineError::Read(error)) => panic!("memory cannot fail to be read: {error}"),
        }
    }
    assert!(lines.number() == ends || lines.number() == ends + 1);
    assert_eq!(lines.position(), rest.len() as u64);
    check_quick(kind, rest);
    let form = sniff(&first.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert!(form == Form::Passwords || first.iter().any(|line| form.parse(kind, line).is_ok() || line.contains(&b':')));
}

fn check_quick(kind: Kind, text: &[u8]) {
    let (mut quick, mut long) = (Lines::new(text), Lines::new(text));
    loop {
        let read = quick.next_hash(kind);
        let plain = match long.next_line() {
            Ok(None) => return assert_eq!(read, None),
            Ok(Some(line)) => Form::Hashes(kind).parse(kind, line).ok(),
            Err(_) => None,
        };
        match read {
            Some((digest, count)) => assert_eq!(plain, Some(Parsed::Seen(digest, count))),
            None => _ = quick.next_line(),
        }
        assert_eq!((quick.number(), quick.position()), (long.number(), long.position()));
    }
}

fn check_line(kind: Kind, line: &[u8]) {
    for form in [Form::Ordered(kind), Form::Hashes(kind)] {
        if let Ok(Parsed::Seen(digest, count)) = form.parse(kind, line) {
            let again = format!("{}:{count}", digest.hex(kind));
            assert_eq!(form.parse(kind, again.as_bytes()), Ok(Parsed::Seen(digest, count)));
        }
    }
    Form::Passwords.parse(kind, line).ok();
    if let Some(range) = RangeFile::named(kind, "5BAA6.txt")
        && let Ok(Parsed::Seen(digest, _)) = range.parse(line)
    {
        assert!(digest.hex(kind).starts_with("5BAA6"));
    }
}

/// - whatever the bytes are, a filter opens or is refused, and answers any digest without a panic;
/// - a genuine one that was changed anywhere is refused.
pub fn filter(data: &[u8]) {
    let (kind, rest) = split(data);
    let (counts, genuine) = &*FILTERED;
    if kind & 1 == 0 {
        let Ok(filter) = Filter::open(rest) else { return };
        OUT.into_iter().filter_map(sha1).for_each(|digest| {
            filter.may_have(&digest);
        });
        return;
    }
    let mut bent = genuine.clone();
    for change in rest.chunks_exact(3).take(64) {
        let [high, low, bits] = *change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % bent.len().max(1);
        if let Some(byte) = bent.get_mut(at) {
            *byte ^= bits;
        }
    }
    match Filter::open(bent.as_slice()) {
        Ok(filter) => assert!(bent == *genuine && counts.keys().all(|digest| filter.may_have(digest))),
        Err(_) => assert!(bent != *genuine),
    }
}
