//! Seeded chance and a small honest world for tests and for vectors. Compiled for tests and behind the feature `testing` only; never in a release.

use crate::account::Unlocked;
use crate::chance::Chance;
use crate::event::{Act, Chain, Countersigned, NewRetraction, Of, Reason, Trust, What, check_act, countersign, set, sign_retraction};
use crate::ids::{AccountId, DeviceId, EventId, ServerId};
use crate::sign::SigningKey;
use crate::time::UnixMillis;
use sha2::{Digest, Sha256};

/// SHA-256 in counter mode over a seed: the same bytes on every machine, for ever (vectors depend on it).
#[derive(Debug, Clone)]
pub struct Seeded {
    seed: u64,
    counter: u64,
    left: Vec<u8>,
}

impl Seeded {
    /// Chance from a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0, left: Vec::new() }
    }
}

impl Chance for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left.is_empty() {
                let mut hash = Sha256::new();
                hash.update(self.seed.to_be_bytes());
                hash.update(self.counter.to_be_bytes());
                self.left = hash.finalize().to_vec();
                self.counter += 1;
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }
}

/// One account on one honest server: keys on both sides, and the chain so far.
#[derive(Debug)]
pub struct World {
    /// Chance for everything in it.
    pub chance: Seeded,
    /// The account's keys.
    pub keys: Unlocked,
    /// The server.
    pub server: ServerId,
    /// The server's key.
    pub server_key: SigningKey,
    /// The acting device.
    pub device: DeviceId,
    /// Where the chain ends.
    pub chain: Chain,
    /// What time it is: one second more with each event.
    pub now: UnixMillis,
}

impl World {
    /// A world from a seed.
    pub fn new(seed: u64) -> Self {
        let mut chance = Seeded::new(seed);
        let account = AccountId::make_random(&mut chance);
        Self {
            keys: Unlocked::make_account(account, &mut chance),
            server: ServerId::make_random(&mut chance),
            server_key: SigningKey::make_random(&mut chance),
            device: DeviceId::make_random(&mut chance),
            chain: Chain::default(),
            now: UnixMillis(1_800_000_000_000),
            chance,
        }
    }

    /// Whom a device of this account believes.
    pub fn trust(&self) -> Trust {
        Trust {
            server: self.server,
            server_key: self.server_key.public(),
            account: self.keys.account(),
            account_key: self.keys.public().signing,
        }
    }

    /// The next act of the chain.
    pub fn act(&self, what: What) -> Act {
        Act {
            account: self.keys.account(),
            device: self.device,
            device_name: "Ada's laptop".into(),
            seq: self.chain.seq + 1,
            prev: self.chain.digest,
            epoch: self.chain.epoch + u64::from(what.raises_epoch() || self.chain.seq == 0),
            at: self.now,
            what,
        }
    }

    /// An act happens: signed, countersigned, chained. Returns the SET.
    pub fn happen(&mut self, what: What) -> String {
        let act = self.act(what);
        self.now = UnixMillis(self.now.0 + 1000);
        let signed = sign(&act, &self.keys);
        let id = EventId::make_random(&mut self.chance);
        let trust = self.trust();
        let admitted = check_act(&signed, trust.account, &trust.account_key, &self.chain);
        let made = admitted.ok().and_then(|act| countersign(act, id, self.now, self.server, &self.server_key).ok());
        #[expect(clippy::expect_used, reason = "a world of a test makes what can be made")]
        let made = made.expect("an honest act");
        self.chain = Chain { seq: made.act.seq, digest: made.digest, epoch: made.act.epoch };
        made.set.clone()
    }

    /// The operator takes a notice back: signed and chained. Returns the SET.
    pub fn retract(&mut self, of: &Of, reason: Reason) -> String {
        self.now = UnixMillis(self.now.0 + 1000);
        let new = NewRetraction {
            id: EventId::make_random(&mut self.chance),
            account: self.keys.account(),
            chain: self.chain,
            of: of.clone(),
            reason,
            at: self.now,
        };
        #[expect(clippy::expect_used, reason = "a world of a test makes what can be made")]
        let signed = sign_retraction(new, self.server, &self.server_key).expect("a retraction");
        self.chain = Chain { seq: self.chain.seq + 1, digest: signed.digest, epoch: self.chain.epoch };
        signed.set
    }
}

/// An act signed by an account's key.
#[expect(clippy::expect_used, reason = "an act of a test can be written down")]
pub fn sign(act: &Act, keys: &Unlocked) -> String {
    act.sign(keys).expect("an act")
}

/// What a hostile server can make: any signed text in any wrapping.
#[expect(clippy::expect_used, reason = "an act of a test can be written down")]
pub fn countersign_anything(act: Act, signed: &str, id: EventId, at: UnixMillis, server: ServerId, key: &SigningKey) -> Countersigned {
    Countersigned::of_a_test(set::wrap(act, signed, id, at, server, key).expect("a SET"))
}
