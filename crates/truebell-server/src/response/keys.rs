//! The key of a match: digests of accounts and pairs, seals of candidates and accounts. Never here: the store.

use super::NotKept;
use crate::sealed::Kind;
use hmac::{Hmac, KeyInit, Mac};
use minicbor::{Decode, Encode};
use sha2::Sha256;
use truebell_core::chance::{Chance, make_array};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ListedId, MatchId, PairId, SiteId};
use truebell_core::seal::{Context, Part, SealKey, open, seal};
use zeroize::{Zeroize, Zeroizing};

const CANDIDATE: u64 = 1;
const WAITING: u64 = 2;
const FOUND: u64 = 3;

/// The id of a match: the same whenever the same source is matched against the same site.
pub fn derive_match_id(site: SiteId, name: &str, date: &str) -> MatchId {
    let digest = Hash32::derive_labelled("truebell match v1", &[&site.0, name.as_bytes(), date.as_bytes()]);
    MatchId(half(&digest.0))
}

fn half(bytes: &[u8; 32]) -> [u8; 16] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// What is sealed of an account while its candidates wait.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Waiting {
    /// The site's own id of it.
    #[n(0)]
    pub id: String,
    /// What it signs in with.
    #[n(1)]
    pub user: Option<String>,
    /// Its verifier,
    #[n(2)]
    pub verifier: String,
    /// salt
    #[n(3)]
    pub salt: Option<String>,
    /// and parameters.
    #[n(4)]
    pub parameters: Option<String>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Waiting(…)")
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.verifier.zeroize();
        self.salt.zeroize();
    }
}

#[derive(Encode, Decode)]
struct Found {
    #[n(0)]
    id: String,
}

type Keyed = Hmac<Sha256>;

/// What a match hashes and seals with.
#[derive(Clone)]
pub struct MatchKey {
    accounts: Keyed,
    pairs: Keyed,
    seal: SealKey,
}

fn keyed(key: &[u8]) -> Keyed {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, section 2)")]
    let keyed = <Keyed as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
    keyed
}

fn derive(key: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(keyed(key).chain_update(label).finalize().into_bytes().into())
}

fn context(matching: MatchId) -> Context {
    Context::own(Part::Server, matching.0, Kind::MatchKey as u64)
}

impl MatchKey {
    /// A new one, sealed under the server's key.
    pub fn make_sealed(server: &SealKey, matching: MatchId, chance: &mut dyn Chance) -> Vec<u8> {
        let bytes = Zeroizing::new(make_array::<32>(chance));
        seal(server, &context(matching), &*bytes, chance)
    }

    /// Opens one.
    ///
    /// # Errors
    /// It was destroyed, or is another server's.
    pub fn open(server: &SealKey, matching: MatchId, sealed: &[u8]) -> Result<Self, NotKept> {
        const WHAT: &str = "this match";
        if sealed.is_empty() {
            return Err(NotKept::Destroyed(WHAT));
        }
        let bytes = open(server, &context(matching), sealed).map_err(|why| NotKept::Seal(WHAT, why))?;
        Ok(Self::of(bytes.as_slice().try_into().map_err(|_| NotKept::Shape(WHAT))?))
    }

    fn of(key: &[u8; 32]) -> Self {
        Self {
            accounts: keyed(&*derive(key, "truebell match account 1")),
            pairs: keyed(&*derive(key, "truebell match pair 1")),
            seal: SealKey::from_bytes(*derive(key, "truebell match seal 1")),
        }
    }

    /// An account with its address, as this match knows it: with another address it is another one.
    pub fn account(&self, id: &str, address: &str) -> ListedId {
        let keyed = self.accounts.clone().chain_update((id.len() as u64).to_be_bytes()).chain_update(id).chain_update(address);
        ListedId(half(&keyed.finalize().into_bytes().into()))
    }

    /// An account with a password.
    pub fn pair(&self, account: ListedId, password: &[u8]) -> PairId {
        PairId(half(&self.pairs.clone().chain_update(account.0).chain_update(password).finalize().into_bytes().into()))
    }

    /// Seals a candidate.
    pub fn seal_candidate(&self, pair: PairId, password: &[u8], chance: &mut dyn Chance) -> Vec<u8> {
        seal(&self.seal, &Context::own(Part::Server, pair.0, CANDIDATE), password, chance)
    }

    /// Opens it.
    ///
    /// # Errors
    /// It is damaged.
    pub fn open_candidate(&self, pair: PairId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotKept> {
        open(&self.seal, &Context::own(Part::Server, pair.0, CANDIDATE), sealed).map_err(|why| NotKept::Seal("a candidate", why))
    }

    /// Seals an account while it waits.
    pub fn seal_waiting(&self, account: ListedId, waiting: &Waiting, chance: &mut dyn Chance) -> Vec<u8> {
        let plain = Zeroizing::new(truebell_core::cbor::to_vec(waiting));
        seal(&self.seal, &Context::own(Part::Server, account.0, WAITING), &plain, chance)
    }

    /// Opens it.
    ///
    /// # Errors
    /// It is damaged.
    pub fn open_waiting(&self, account: ListedId, sealed: &[u8]) -> Result<Waiting, NotKept> {
        const WHAT: &str = "an account";
        let plain = open(&self.seal, &Context::own(Part::Server, account.0, WAITING), sealed).map_err(|why| NotKept::Seal(WHAT, why))?;
        truebell_core::cbor::from_slice(&plain).map_err(|_| NotKept::Shape(WHAT))
    }

    /// Seals the id of an account that something was found of.
    pub fn seal_found(&self, account: ListedId, id: &str, chance: &mut dyn Chance) -> Vec<u8> {
        let plain = truebell_core::cbor::to_vec(&Found { id: id.to_owned() });
        seal(&self.seal, &Context::own(Part::Server, account.0, FOUND), &plain, chance)
    }

    /// Opens it: the site's own id.
    ///
    /// # Errors
    /// It is damaged.
    pub fn open_found(&self, account: ListedId, sealed: &[u8]) -> Result<String, NotKept> {
        const WHAT: &str = "a finding";
        let plain = open(&self.seal, &Context::own(Part::Server, account.0, FOUND), sealed).map_err(|why| NotKept::Seal(WHAT, why))?;
        let found: Found = truebell_core::cbor::from_slice(&plain).map_err(|_| NotKept::Shape(WHAT))?;
        Ok(found.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::testing::Seeded;

    /// Fixed: findings are opened for as long as a campaign lives. Computed once with another HMAC (Python's `hmac`).
    #[test]
    fn digests_are_what_the_format_says() {
        let key = MatchKey::of(&[7; 32]);
        let account = key.account("42", "ada@example.org");
        let hex = |bytes: [u8; 16]| data_encoding::HEXLOWER.encode(&bytes);
        assert_eq!(hex(account.0), "064c479c16f98ed8139d4209a2fb269a");
        assert_eq!(hex(key.pair(account, b"sunshine1").0), "19e315d49fa263a7a2b6d303367a743e");
        assert_eq!(hex(derive_match_id(SiteId([1; 16]), "ExampleForum", "2026-09").0), "786d36dd1c7d47cdf971ca347e7de30f");
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let (server, chance) = (SealKey::from_bytes([9; 32]), &mut Seeded::new(1));
        let (one, other) = (MatchId([1; 16]), MatchId([2; 16]));
        let sealed = MatchKey::make_sealed(&server, one, chance);
        let key = MatchKey::open(&server, one, &sealed).unwrap();
        assert!(matches!(MatchKey::open(&server, other, &sealed), Err(NotKept::Seal(..))));
        assert!(matches!(MatchKey::open(&server, one, &[]), Err(NotKept::Destroyed(_))));
        let (ada, bob) = (key.account("1", "a@b"), key.account("1", "a@c"));
        assert_ne!(key.pair(ada, b"x"), key.pair(bob, b"x"));
        let pair = key.pair(ada, b"x");
        let candidate = key.seal_candidate(pair, b"x", chance);
        assert_eq!(key.open_candidate(pair, &candidate).unwrap().as_slice(), b"x");
        assert!(key.open_candidate(key.pair(bob, b"x"), &candidate).is_err());
        let waiting = Waiting { id: "1".into(), user: None, verifier: "v".into(), salt: Some("s".into()), parameters: None };
        let sealed = key.seal_waiting(ada, &waiting, chance);
        assert_eq!(key.open_waiting(ada, &sealed), Ok(waiting));
        assert!(key.open_found(ada, &sealed).is_err(), "what waits is no finding");
        assert_eq!(key.open_found(ada, &key.seal_found(ada, "1", chance)), Ok("1".to_owned()));
    }
}
