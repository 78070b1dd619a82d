//! Trying many passwords at once, beside the crates that most programs use, in turns on one core. What is compared is the thread's processor
//! time, so that a machine that is busy with something else takes less from it; caches are shared all the same.

use crate::report::{Figure, Report};
use anyhow::{Result, anyhow, ensure};
use rustix::time::{ClockId, clock_gettime};
use truebell_hash::{Try, argon2, bcrypt, pbkdf2};

/// Turns of each side, after one that does not count.
const TURNS: usize = 12;
/// bcrypt's cost, as most sites have it.
const BCRYPT_COST: u32 = 10;
/// Candidates in a turn of bcrypt and of the others.
const BCRYPT_TRIES: usize = 2 * bcrypt::WIDTH;
const TRIES: usize = 16;
/// What OWASP recommends first: 19 MiB, two passes.
const ARGON2: argon2::Parameters =
    argon2::Parameters { kind: argon2::Kind::Id, version: argon2::Version::V19, memory_kib: 19 * 1024, passes: 2, lanes: 1, length: 32 };
/// A sixth of what sites have, so that a turn is short; each round costs the same.
const PBKDF2_ROUNDS: u32 = 100_000;

type Digests = Vec<Vec<u8>>;

/// Everything about hashing.
pub(crate) fn hashing(report: &mut Report) -> Result<()> {
    if !["hashing bcrypt", "hashing Argon2id", "hashing PBKDF2"].iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    let salts: Vec<[u8; 16]> = (0_u8..).take(TRIES).map(|number| [number; 16]).collect();
    let passwords: Vec<String> = (0..TRIES).map(|number| format!("candidate {number}")).collect();
    bcrypts(report, &salts, &passwords)?;
    let tries = salts.iter().zip(&passwords).map(|(salt, password)| Try { salt: salt.as_slice(), password: password.as_bytes() });
    let tries: Vec<_> = tries.collect();
    argon2s(report, &tries)?;
    pbkdf2s(report, &tries)
}

fn bcrypts(report: &mut Report, salts: &[[u8; 16]], passwords: &[String]) -> Result<()> {
    let tries = salts.iter().zip(passwords).map(|(salt, password)| Try { salt, password: password.as_bytes() });
    let tries: Vec<_> = tries.cycle().take(BCRYPT_TRIES).collect();
    let ours = || Ok(bcrypt::hash_many(BCRYPT_COST, &tries)?.iter().map(|digest| digest.to_vec()).collect());
    let theirs = || {
        let one = |one: &Try<'_, [u8; 16]>| ::bcrypt::bcrypt(BCRYPT_COST, *one.salt, &[one.password, &[0]].concat()).to_vec();
        Ok(tries.iter().map(one).collect())
    };
    compare(report, "hashing bcrypt, cost 10", "crate bcrypt", "at least 4 times the crate", &ours, &theirs)
}

fn argon2s(report: &mut Report, tries: &[Try<'_>]) -> Result<()> {
    let known =
        ::argon2::Params::new(ARGON2.memory_kib, ARGON2.passes, ARGON2.lanes, Some(ARGON2.length)).map_err(|error| anyhow!(error))?;
    let function = ::argon2::Argon2::new(::argon2::Algorithm::Argon2id, ::argon2::Version::V0x13, known);
    let ours = || Ok(argon2::hash_many(&ARGON2, tries)?.iter().map(|digest| digest.to_vec()).collect());
    let as_it_is = || {
        let one = |one: &Try<'_>| {
            let mut out = vec![0; ARGON2.length];
            function.hash_password_into(one.password, one.salt, &mut out).map_err(|error| anyhow!(error))?;
            Ok(out)
        };
        tries.iter().map(one).collect()
    };
    compare(report, "hashing Argon2id, 19 MiB, t=2", "crate argon2", "at least 2.5 times the crate", &ours, &as_it_is)?;
    let in_one_memory = || {
        let mut memory = vec![::argon2::Block::new(); function.params().block_count()];
        let mut one = |one: &Try<'_>| {
            let mut out = vec![0; ARGON2.length];
            function.hash_password_into_with_memory(one.password, one.salt, &mut out, &mut memory[..]).map_err(|error| anyhow!(error))?;
            Ok(out)
        };
        tries.iter().map(&mut one).collect()
    };
    compare(report, "  against one memory for all", "crate argon2", "", &ours, &in_one_memory)
}

fn pbkdf2s(report: &mut Report, tries: &[Try<'_>]) -> Result<()> {
    type Derive = fn(&[u8], &[u8], u32, &mut [u8]);
    let rows: [(&str, pbkdf2::Hash, usize, Derive, &str); 3] = [
        (
            "hashing PBKDF2-SHA-256, 100,000 rounds",
            pbkdf2::Hash::Sha256,
            32,
            ::pbkdf2::pbkdf2_hmac::<sha2::Sha256>,
            "at least 1.7 times the crate",
        ),
        ("hashing PBKDF2-SHA-512, 100,000 rounds", pbkdf2::Hash::Sha512, 64, ::pbkdf2::pbkdf2_hmac::<sha2::Sha512>, ""),
        ("hashing PBKDF2-SHA-1, 100,000 rounds", pbkdf2::Hash::Sha1, 20, ::pbkdf2::pbkdf2_hmac::<sha1::Sha1>, ""),
    ];
    for (name, hash, length, derive, aim) in rows {
        let ours = || Ok(pbkdf2::hash_many(hash, PBKDF2_ROUNDS, length, tries)?.iter().map(|digest| digest.to_vec()).collect());
        let theirs = || {
            let one = |one: &Try<'_>| {
                let mut out = vec![0; length];
                derive(one.password, one.salt, PBKDF2_ROUNDS, &mut out);
                out
            };
            Ok(tries.iter().map(one).collect())
        };
        compare(report, name, "crate pbkdf2", aim, &ours, &theirs)?;
    }
    Ok(())
}

type Side<'a> = &'a dyn Fn() -> Result<Digests>;

/// Turn by turn, and the middle of each side's turns. What is measured must be right as well.
fn compare(
    report: &mut Report,
    name: &'static str,
    reference: &'static str,
    aim: &'static str,
    ours: Side<'_>,
    theirs: Side<'_>,
) -> Result<()> {
    let (mut rates, mut reference_rates) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let (digests, rate) = timed(ours)?;
        let (expected, reference_rate) = timed(theirs)?;
        ensure!(digests == expected, "{name}: what the crate computes is something else");
        if turn > 0 {
            rates.push(rate);
            reference_rates.push(reference_rate);
        }
    }
    let reference = Some((reference, middle(reference_rates)));
    report.add(Figure { name, value: middle(rates), unit: "/s", reference, aim });
    Ok(())
}

fn timed(side: Side<'_>) -> Result<(Digests, f64)> {
    let before = processor_seconds();
    let digests = side()?;
    let rate = digests.len() as f64 / (processor_seconds() - before);
    Ok((digests, rate))
}

/// What this thread has had of the processor.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn middle(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
