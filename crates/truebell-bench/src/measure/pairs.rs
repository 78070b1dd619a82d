//! Asking about pairs: what a question costs the service beside the bare function of RFC 9497, and what a pair costs whoever builds or asks.

use crate::report::{Figure, Report};
use anyhow::{Context, Result, ensure};
use rand_core_06::{CryptoRng, RngCore};
use std::fs::File;
use std::hint::black_box;
use tokio::time::Instant;
use truebell_core::address::Address;
use truebell_core::chance::{Chance, make_array};
use truebell_core::pair::{About, FileId, PairKey, Place, Question, Reply, Stretcher, Verdict, answer_question};
use truebell_core::secret::Secret;
use truebell_corpus::pairs::{PairHeader, write_pairs};
use truebell_server::chance::MachineChance;
use truebell_server::pairs::open_pairs;
use voprf::{Ristretto255, VoprfClient, VoprfServer};

/// Entries of the file, random but for one.
const ENTRIES: usize = 200_000;
/// Questions that are answered.
const QUESTIONS: u32 = 2_000;
/// Texts that are hashed.
const HASHED: u32 = 50;

/// The machine's randomness, as the bare function takes it.
struct Rng;

impl RngCore for Rng {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(make_array(&mut MachineChance))
    }
    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(make_array(&mut MachineChance))
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        MachineChance.fill(bytes);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        MachineChance.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Rng {}

/// Everything about pairs.
pub(crate) fn pairs(report: &mut Report) -> Result<()> {
    if !report.wants("corpus pairs") {
        return Ok(());
    }
    let folder = tempfile::tempdir_in(std::env::current_exe()?.with_file_name(""))?;
    let path = folder.path().join("pairs.tbp");
    let (key, file) = (PairKey::make_random(&mut MachineChance), FileId::make_random(&mut MachineChance));
    let (ada, mut stretcher) = (Address::parse("ada@example.org")?, Stretcher::new());
    let mut entries: Vec<(u32, [u8; 16])> =
        (0..ENTRIES).map(|_| (u32::from_le_bytes(make_array(&mut MachineChance)) >> 12, make_array(&mut MachineChance))).collect();
    entries.push((Place::of(&ada).number(), key.tell(&file, &stretcher.exact(&ada, b"letmein")).entry(2)));
    entries.sort_unstable();
    let header = PairHeader {
        bits: 0,
        has_near: false,
        id: file.0,
        public_key: *key.public().bytes(),
        pairs: entries.len() as u64,
        made_at_ms: 0,
        entries: 0,
    };
    let mut beacon = |bucket, entries: &[u8]| key.beacon(&file, bucket, entries);
    let header = write_pairs(header, &entries, &mut beacon, &mut |bytes| MachineChance.fill(bytes), &mut File::create(&path)?)?;

    let pairs = open_pairs(&path)?;
    let about = About::of(file, key.public(), header.bits, header.entries, false, header.pairs, 0);
    let question = Question::make(&about, &ada, &Secret::new("letmein"), &mut stretcher, &mut MachineChance)?;
    let body = question.body();
    let answer = |bucket: u32| -> Result<Vec<u8>> {
        let mut said = answer_question(&key, &file, &body, &mut MachineChance)?;
        pairs.bucket(bucket, &mut said)?;
        Ok(said)
    };
    // What is measured must be right as well.
    let said = answer(Place::of(&ada).bucket(header.bits))?;
    ensure!(question.conclude(Reply::Answer { status: 200, body: &said }) == Verdict::Exposed { flags: 2 }, "the pair was not found");

    let start = Instant::now();
    for number in 0..QUESTIONS {
        black_box(answer(number % header.buckets())?);
    }
    let value = f64::from(QUESTIONS) / start.elapsed().as_secs_f64();
    let reference = Some(("bare VOPRF of four", bare()?));
    report.add(Figure {
        name: "corpus pairs, answers on one core",
        value,
        unit: "/s",
        reference,
        aim: "at least 0.8 of the bare function",
    });
    let bytes = Some(("16 bytes an entry", entries.len() as f64 * 16.0 / f64::from(header.buckets())));
    report.add(Figure { name: "corpus pairs, an answer", value: said.len() as f64, unit: "bytes", reference: bytes, aim: "" });

    let start = Instant::now();
    for number in 0..HASHED {
        black_box(key.tell(&file, &stretcher.exact(&ada, &number.to_le_bytes())));
    }
    let value = start.elapsed().as_secs_f64() * 1e3 / f64::from(HASHED);
    report.add(Figure { name: "corpus pairs, a pair built or guessed", value, unit: "ms", reference: None, aim: "some milliseconds" });
    Ok(())
}

/// The function alone: four elements, one proof.
fn bare() -> Result<f64> {
    let failed = || anyhow::anyhow!("the bare function failed");
    let server = VoprfServer::<Ristretto255>::new(&mut Rng).map_err(|_| failed())?;
    let blinded: Vec<_> = (0..4_u8)
        .map(|input| VoprfClient::<Ristretto255>::blind(&[input], &mut Rng).map(|blinded| blinded.message))
        .collect::<Result<_, _>>()
        .ok()
        .context("blinding failed")?;
    let start = Instant::now();
    for _ in 0..QUESTIONS {
        let prepared: Vec<_> = server.batch_blind_evaluate_prepare(blinded.iter()).collect();
        let finished = server.batch_blind_evaluate_finish(&mut Rng, blinded.iter(), &prepared).map_err(|_| failed())?;
        black_box((finished.messages.map(|message| message.serialize()).collect::<Vec<_>>(), finished.proof.serialize()));
    }
    Ok(f64::from(QUESTIONS) / start.elapsed().as_secs_f64())
}
