//! Pairs: files of them that lay on a disk, lists that somebody wrote, and what comes over the wire to either side.

use std::sync::LazyLock;

use truebell_core::address::Address;
use truebell_core::pair::{
    About, FileId, PairKey, Place, Question, Reply, Stretcher, Verdict, answer_bytes, answer_question, derive_stem, parse_line, read_about,
};
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_corpus::pairs::{PairHeader, Pairs, write_pairs};

use crate::world::split;

const FILE: FileId = FileId([3; 16]);

/// A genuine file with one pair, what was made with its key, and a question about the pair with its honest answer.
struct Genuine {
    key: PairKey,
    file: Vec<u8>,
    bucket: Vec<u8>,
    question: Question,
    answer: Vec<u8>,
}

static GENUINE: LazyLock<Option<Genuine>> = LazyLock::new(make);

fn make() -> Option<Genuine> {
    let key = PairKey::make_random(&mut Seeded::new(1));
    let ada = Address::parse("ada@example.org").ok()?;
    let entry = key.tell(&FILE, &Stretcher::new().exact(&ada, b"letmein")).entry(2);
    let header =
        PairHeader { bits: 0, has_near: false, id: FILE.0, public_key: *key.public().bytes(), pairs: 1, made_at_ms: 5, entries: 0 };
    let mut file = Vec::new();
    let mut beacon = |bucket, entries: &[u8]| key.beacon(&FILE, bucket, entries);
    let header = write_pairs(header, &[(Place::of(&ada).number(), entry)], &mut beacon, &mut |bytes| bytes.fill(9), &mut file).ok()?;
    let mut bucket = Vec::new();
    Pairs::open(file.as_slice()).ok()?.bucket(0, &mut bucket).ok()?;
    let about = About::of(FILE, key.public(), 0, header.entries, false, 1, 5);
    let question = Question::make(&about, &ada, &Secret::new("letmein"), &mut Stretcher::new(), &mut Seeded::new(2)).ok()?;
    let said = answer_question(&key, &FILE, &question.body(), &mut Seeded::new(3)).ok()?;
    let answer = [said.as_slice(), &bucket].concat();
    Some(Genuine { key, file, bucket, question, answer })
}

#[expect(clippy::expect_used, reason = "without its genuine file a target would pass everything")]
fn genuine() -> &'static Genuine {
    GENUINE.as_ref().expect("the genuine file can be made")
}

/// Changes bytes where the input says, three bytes of it for one.
fn bend(genuine: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bent = genuine.to_vec();
    for change in changes.chunks_exact(3).take(64) {
        let [high, low, bits] = *change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % bent.len().max(1);
        if let Some(byte) = bent.get_mut(at) {
            *byte ^= bits;
        }
    }
    bent
}

/// - whatever the bytes are, opening, reading and verifying end, in bounded memory;
/// - the genuine file changed anywhere gives the true bucket or none, and is verified only if nothing was changed.
pub fn file(data: &[u8]) {
    let (kind, rest) = split(data);
    if kind & 1 == 0 {
        let Ok(pairs) = Pairs::open(rest) else { return };
        for number in [0, 1, u32::MAX] {
            let mut bucket = Vec::new();
            assert!(pairs.bucket(number, &mut bucket).is_ok() || bucket.is_empty());
        }
        drop(pairs.verify(&mut |_, _| {}));
        return;
    }
    let genuine = genuine();
    let bent = bend(&genuine.file, rest);
    let Ok(pairs) = Pairs::open(bent.as_slice()) else { return };
    let mut bucket = Vec::new();
    assert!(pairs.bucket(0, &mut bucket).is_err() || bucket == genuine.bucket);
    assert!(pairs.verify(&mut |_, _| {}).is_err() || bent == genuine.file);
}

/// - a line is a pair or is refused, and a pair's line written again is the same pair;
/// - a stem is its own stem, and no longer than the password.
pub fn line(data: &[u8]) {
    if let Ok(Some((address, password))) = parse_line(data) {
        let again = [address.as_str().as_bytes(), b":", password].concat();
        let said = parse_line(&again).map(|pair| pair.map(|(address, password)| (address.key(), password.to_vec())));
        assert_eq!(said, Ok(Some((address.key(), password.to_vec()))));
    }
    if let Some(stem) = derive_stem(data) {
        assert!(stem.len() <= data.len());
        assert_eq!(derive_stem(&stem).as_deref(), Some(&*stem));
    }
}

/// - no description and no answer is believed that is not the genuine one in everything that is proven;
/// - no question makes the service panic, and one that is answered has an answer of one size.
pub fn wire(data: &[u8]) {
    let (kind, rest) = split(data);
    let genuine = genuine();
    let reply = |body: &[u8]| genuine.question.conclude(Reply::Answer { status: 200, body });
    match kind % 4 {
        0 => drop(read_about(Reply::Answer { status: 200, body: rest }, None)),
        1 => assert!(matches!(reply(rest), Verdict::Unknown(_)) || rest == genuine.answer),
        2 => {
            let bent = bend(&genuine.answer, rest);
            let said = reply(&bent);
            let is_genuine = bent == genuine.answer;
            assert_eq!(said == Verdict::Exposed { flags: 2 }, is_genuine, "{said:?}");
            assert!(is_genuine || matches!(said, Verdict::Unknown(_)), "a bent answer said {said:?}");
        }
        _ => {
            for question in [rest.to_vec(), bend(&genuine.question.body(), rest)] {
                if let Ok(said) = answer_question(&genuine.key, &FILE, &question, &mut Seeded::new(4)) {
                    assert_eq!(said.len(), answer_bytes(0));
                }
            }
        }
    }
}
