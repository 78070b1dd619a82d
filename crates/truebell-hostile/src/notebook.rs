//! What the operator writes down: everything it was sent and everything it answered, and an account of its own to forge with.

use crate::answer::{Answer, Heard};
use std::collections::BTreeMap;
use truebell_core::account::Unlocked;
use truebell_core::cbor;
use truebell_core::event::{Act, Chain, What};
use truebell_core::head::AccountHead;
use truebell_core::ids::{AccountId, DeviceId, EventId, ServerId};
use truebell_core::sign::SigningKey;
use truebell_core::testing::{countersign_anything, sign};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Commit, Revision};
use truebell_core::wire::sync::Frame;
use truebell_server::chance::{ChanceSource, MachineChance};

pub(crate) struct Notebook {
    pub key: SigningKey,
    pub server: ServerId,
    /// The operator's own account: its keys are real, and are nobody else's.
    pub own: Unlocked,
    pub heard: Vec<Heard>,
    /// Answers from before the attack began, by path, with the head as it was signed.
    pub answered: BTreeMap<String, (String, Answer)>,
    /// Where each session's account stood when the attack began.
    pub stood: BTreeMap<String, AccountHead>,
    /// Frames each session was sent before the attack began.
    pub sent: BTreeMap<String, Vec<Frame>>,
}

impl Notebook {
    pub(crate) fn new(key: SigningKey, server: ServerId) -> Self {
        let mut chance = MachineChance.chance();
        let own = Unlocked::make_account(AccountId::make_random(&mut *chance), &mut *chance);
        let (heard, answered) = (Vec::new(), BTreeMap::new());
        Self { key, server, own, heard, answered, stood: BTreeMap::new(), sent: BTreeMap::new() }
    }

    /// Keeps an honest answer for later.
    pub(crate) fn keep(&mut self, heard: &Heard, answer: &Answer) {
        if let (Some(token), Some(account)) = (&heard.token, answer.head.as_ref().and_then(|head| head.account.clone())) {
            self.stood.insert(token.clone(), account);
        }
        if let (true, Some(token)) = (heard.is_sync(), &heard.token) {
            self.sent.entry(token.clone()).or_default().extend(answer.frames());
        }
        if let Some(head) = &answer.head {
            let signed = head.sign(&self.key);
            self.answered.insert(heard.path.clone(), (signed, answer.clone()));
        }
    }

    /// Revisions that accounts other than this one have written.
    pub(crate) fn revisions_of_others(&self, account: AccountId) -> Vec<Revision> {
        let is_others = |token: &String| self.stood.get(token).is_some_and(|stood| stood.account != account);
        let commits = self.heard.iter().filter(|heard| heard.path.ends_with("/commits") && heard.token.as_ref().is_some_and(is_others));
        commits.filter_map(|heard| cbor::from_slice::<Commit>(&heard.body).ok()).flat_map(|commit| commit.revisions).collect()
    }

    /// Everything this account was ever sent.
    pub(crate) fn frames_of(&self, account: AccountId) -> Vec<Frame> {
        let own = self.sent.iter().filter(|(token, _)| self.stood.get(*token).is_some_and(|stood| stood.account == account));
        own.flat_map(|(_, frames)| frames.clone()).collect()
    }

    /// An event about an account, signed by the server as it must be, and by the operator's account instead of the person's.
    pub(crate) fn forge(&self, account: AccountId, chain: &Chain, at: UnixMillis, what: What) -> (String, Chain) {
        let act = Act {
            account,
            device: DeviceId([0xbad_u16.to_be_bytes()[1]; 16]),
            device_name: "a device you do not know".into(),
            seq: chain.seq.saturating_add(1),
            prev: chain.digest,
            epoch: chain.epoch + u64::from(what.raises_epoch()),
            at,
            what,
        };
        let signed = sign(&act, &self.own);
        let mut chance = MachineChance.chance();
        let made = countersign_anything(act, &signed, EventId::make_random(&mut *chance), at, self.server, &self.key);
        let next = Chain { seq: made.act.seq, digest: made.digest, epoch: made.act.epoch };
        (made.set.clone(), next)
    }
}
