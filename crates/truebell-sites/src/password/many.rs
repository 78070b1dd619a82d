//! Many candidates on many verifiers at once: what matching does, where the days go.
//!
//! Verifiers of one format and cost go through `truebell-hash` together; whatever it does not compute goes through the first implementation,
//! one after the other. Never here: the second implementation. Whoever sends looks again with that ([`recheck`](super::recheck)), so a mistake
//! made here reaches nobody.

use subtle::ConstantTimeEq;
use truebell_hash::{Try, argon2, bcrypt, pbkdf2};
use zeroize::Zeroizing;

use super::kdf::{Argon2Kind, Hash, Kdf};
use super::verifier::{Implementation, Limit, Verdict, Verifier};

/// What matches where `truebell-hash` does not: the first implementation, as a plan names it.
pub const ONE_BY_ONE: &str = concat!("truebell-sites ", env!("CARGO_PKG_VERSION"), ", first");

/// What a try said, and whose code said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// As of [`Verifier::check`].
    pub verdict: Verdict,
    /// The implementation with its version, as a plan names it: [`truebell_hash::NAME`] or [`ONE_BY_ONE`].
    pub by: &'static str,
}

/// Tries each candidate on its verifier; the answers are in the order of the questions. What [`Verifier::check`] says of each by the first
/// implementation is said here, faster. Formats and costs may be mixed; the more there are of each, the better the core is filled.
pub fn check_many(tries: &[(&Verifier, &[u8])]) -> Vec<Tried> {
    let mut answers: Vec<Option<Tried>> = vec![None; tries.len()];
    let mut waiting: Vec<Waiting<'_>> = Vec::new();
    let code = Implementation::First.code();
    for ((verifier, candidate), answer) in tries.iter().zip(&mut answers) {
        match verifier.prepare(candidate, code) {
            Ok(entering) => waiting.push(Waiting { verifier, entering, answer }),
            Err(why) => *answer = Some(Tried { verdict: Verdict::NotEvidence { why }, by: ONE_BY_ONE }),
        }
    }
    // One is taken out in each turn, so this ends even where a format is not like itself.
    while let Some(first) = waiting.pop() {
        let kdf = &first.verifier.kdf;
        let (mut group, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| are_alike(kdf, &one.verifier.kdf));
        waiting = others;
        group.push(first);
        answer(group);
    }
    let unanswered = Tried { verdict: Verdict::NotEvidence { why: Limit::NotComputed }, by: ONE_BY_ONE };
    answers.into_iter().map(|answer| answer.unwrap_or(unanswered)).collect()
}

struct Waiting<'a> {
    verifier: &'a Verifier,
    entering: Zeroizing<Vec<u8>>,
    answer: &'a mut Option<Tried>,
}

fn answer(group: Vec<Waiting<'_>>) {
    let together = group.first().and_then(|first| derive_many(&first.verifier.kdf, &group));
    let by = if together.is_some() { truebell_hash::NAME } else { ONE_BY_ONE };
    let mut together = together.map(Vec::into_iter);
    for one in group {
        let computed = match &mut together {
            Some(digests) => digests.next(),
            None => Implementation::First.code().derive(&one.verifier.kdf, &one.entering),
        };
        *one.answer = Some(Tried { verdict: one.verifier.compare(computed.as_ref()), by });
    }
}

/// Whether one call computes both: the same function at the same cost. Salts may differ.
fn are_alike(one: &Kdf, other: &Kdf) -> bool {
    match (one, other) {
        (Kdf::Bcrypt { cost: one, .. }, Kdf::Bcrypt { cost: other, .. }) => one == other,
        (Kdf::Argon2 { .. }, Kdf::Argon2 { .. }) => argon2_of(one).is_some_and(|one| argon2_of(other) == Some(one)),
        (Kdf::Pbkdf2 { .. }, Kdf::Pbkdf2 { .. }) => pbkdf2_of(one).is_some_and(|one| pbkdf2_of(other) == Some(one)),
        _ => false,
    }
}

/// The outputs of a group of verifiers that are alike; `None` for what `truebell-hash` does not have or refuses.
fn derive_many(kdf: &Kdf, group: &[Waiting<'_>]) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    if let Kdf::Bcrypt { cost, .. } = kdf {
        let tries = group.iter().map(|one| match &one.verifier.kdf {
            Kdf::Bcrypt { salt, .. } => Some(Try { salt, password: one.entering.as_slice() }),
            _ => None,
        });
        let digests = bcrypt::hash_many(*cost, &tries.collect::<Option<Vec<_>>>()?).ok()?;
        return Some(digests.iter().map(|digest| Zeroizing::new(digest.to_vec())).collect());
    }
    let tries = group.iter().map(|one| match &one.verifier.kdf {
        Kdf::Argon2 { salt, .. } | Kdf::Pbkdf2 { salt, .. } => Some(Try { salt: salt.as_slice(), password: one.entering.as_slice() }),
        _ => None,
    });
    let tries: Vec<Try<'_>> = tries.collect::<Option<_>>()?;
    if let Some(parameters) = argon2_of(kdf) {
        return argon2::hash_many(&parameters, &tries).ok();
    }
    let (hash, rounds, length) = pbkdf2_of(kdf)?;
    pbkdf2::hash_many(hash, rounds, length, &tries).ok()
}

fn argon2_of(kdf: &Kdf) -> Option<argon2::Parameters> {
    let Kdf::Argon2 { kind, version, memory_kib, passes, lanes, length, .. } = kdf else { return None };
    let kind = match kind {
        Argon2Kind::D => argon2::Kind::D,
        Argon2Kind::I => argon2::Kind::I,
        Argon2Kind::Id => argon2::Kind::Id,
    };
    let version = match version {
        0x10 => argon2::Version::V16,
        0x13 => argon2::Version::V19,
        _ => return None,
    };
    Some(argon2::Parameters { kind, version, memory_kib: *memory_kib, passes: *passes, lanes: *lanes, length: *length })
}

fn pbkdf2_of(kdf: &Kdf) -> Option<(pbkdf2::Hash, u32, usize)> {
    let Kdf::Pbkdf2 { hash, rounds, length, .. } = kdf else { return None };
    let hash = match hash {
        Hash::Sha1 => pbkdf2::Hash::Sha1,
        Hash::Sha256 => pbkdf2::Hash::Sha256,
        Hash::Sha512 => pbkdf2::Hash::Sha512,
        Hash::Md5 | Hash::Sha384 => return None,
    };
    Some((hash, *rounds, *length))
}

impl Verifier {
    fn compare(&self, computed: Option<&Zeroizing<Vec<u8>>>) -> Verdict {
        match computed.and_then(|computed| computed.get(..self.expected.len())) {
            Some(compared) if compared.ct_eq(&self.expected).into() => Verdict::Matches,
            Some(_) => Verdict::Differs,
            None => Verdict::NotEvidence { why: Limit::NotComputed },
        }
    }
}
