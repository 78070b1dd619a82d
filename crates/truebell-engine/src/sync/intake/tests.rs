//! An honest device against streams that are not: each test names the row of the hostile-server table it stands for.

use super::*;
use crate::sync::commit::{self, Author};
use truebell_core::derive::derive_root_from_stretched;
use truebell_core::event::{Act, NewRetraction, Of, Reason, What, read_signed, sign_retraction};
use truebell_core::head::AccountHead;
use truebell_core::ids::{AccountId, DeviceId, EventId, ServerId};
use truebell_core::item::Item;
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::SigningKey;
use truebell_core::testing::Seeded;
use truebell_core::testing::{countersign_anything, sign};
use truebell_core::time::UnixMillis;

/// An account, its server and one vault, with all that an honest server would send.
struct Story {
    chance: Seeded,
    keys: Unlocked,
    server_key: SigningKey,
    trust: Trust,
    chain: Chain,
    events: Vec<String>,
    record: Record,
    info: VaultInfo,
    author: Local,
    vault: VaultId,
    revisions: Vec<Revision>,
    head: SignedVaultHead,
}

const DEVICE: DeviceId = DeviceId([7; 16]);
const SERVER: ServerId = ServerId([9; 16]);

impl Story {
    fn new() -> Self {
        let mut chance = Seeded::new(11);
        let account = AccountId([1; 16]);
        let mut keys = Unlocked::make_account(account, &mut chance);
        let server_key = SigningKey::make_random(&mut chance);
        let trust = Trust { server: SERVER, server_key: server_key.public(), account, account_key: keys.public().signing };
        let root = derive_root_from_stretched(&[3; 32].into(), &SecretKey::from_bytes([4; 16]), account);
        let keyset = keys.seal_keyset(1, &root, &mut chance);
        let (vault, key) = keys.make_vault(&mut chance);
        let name = keys.seal_vault_name(vault, 1, "Personal", &mut chance).unwrap();
        let empty = VaultHead {
            vault,
            seq: 0,
            digest: truebell_core::vault::VaultDigest::default().digest(),
            prev: Hash32::default(),
            account,
            device: DEVICE,
            at: UnixMillis(1),
            made: Some(UnixMillis(1)),
        };
        let head = SignedVaultHead::sign(&empty, &keys);
        let mut author = Local::default();
        author.vaults.insert(vault, crate::sync::LocalVault { head: head.digest(), made: Some(UnixMillis(1)), ..Default::default() });
        let info = VaultInfo { vault, key, name_revision: 1, name, head: head.clone() };
        let record = Record { number: 1, email: "ada@example.org".into(), epoch: 1, keyset, second_factors: vec![], deletion_due: None };
        let mut story = Self {
            chance,
            keys,
            server_key,
            trust,
            chain: Chain::default(),
            events: vec![],
            record,
            info,
            author,
            vault,
            revisions: vec![],
            head,
        };
        let device_key = story.keys.public().signing;
        story.act(What::AccountCreated { device_key });
        story
    }

    fn act(&mut self, what: What) {
        let epoch = self.chain.epoch + u64::from(what.raises_epoch() || self.chain.seq == 0);
        let act = Act {
            account: self.trust.account,
            device: DEVICE,
            device_name: "laptop".into(),
            seq: self.chain.seq + 1,
            prev: self.chain.digest,
            epoch,
            at: UnixMillis(1_000),
            what,
        };
        let signed = sign(&act, &self.keys);
        let made = countersign_anything(act, &signed, EventId::make_random(&mut self.chance), UnixMillis(1_000), SERVER, &self.server_key);
        self.chain = Chain { seq: self.chain.seq + 1, digest: made.digest, epoch };
        self.events.push(made.set.clone());
    }

    fn write(&mut self, item: u8, title: &str) {
        let item_id = ItemId([item; 16]);
        let known = &self.author.vaults[&self.vault];
        let (number, prev) = commit::next_number(known.current(item_id));
        let mut item = Item::default();
        item.overview.title = title.into();
        let sealed = self.keys.seal_item(self.vault, item_id, number, &item, &mut self.chance).unwrap();
        self.commit(Revision { item: item_id, number, prev, kind: Kind::Live, overview: sealed.overview, detail: sealed.detail });
    }

    fn commit(&mut self, revision: Revision) {
        let author = Author { keys: &self.keys, device: DEVICE, at: UnixMillis(2) };
        let known = self.author.vaults.get_mut(&self.vault).unwrap();
        let made = commit::make_next(self.vault, known, vec![revision], &author, [0; 16]);
        commit::absorb(self.vault, known, &made);
        self.revisions.extend(made.revisions);
        self.head = made.head;
    }

    fn account_head(&self) -> AccountHead {
        let known = &self.author.vaults[&self.vault];
        let mark = VaultMark { vault: self.vault, seq: known.seq, head: known.head };
        AccountHead { account: self.trust.account, chain: self.chain, vaults: vec![mark], record: self.record.number }
    }

    fn signed(&self, record: Record) -> Frame {
        Frame::Record(SignedRecord::sign(record, self.trust.account, &self.server_key))
    }

    /// The whole stream an honest server sends a device that has nothing.
    fn frames(&self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = self.events.iter().cloned().map(Frame::Event).collect();
        frames.push(self.signed(self.record.clone()));
        frames.push(Frame::Vault(VaultInfo { head: self.head.clone(), ..self.info.clone() }));
        frames.push(Frame::Revisions(self.vault, self.revisions.clone()));
        frames.push(Frame::Head(self.vault, self.head.clone()));
        frames.push(Frame::End);
        frames
    }

    fn delta(&self, since: usize) -> Vec<Frame> {
        vec![Frame::Revisions(self.vault, self.revisions[since..].to_vec()), Frame::Head(self.vault, self.head.clone()), Frame::End]
    }
}

/// What a device that is at `local` makes of a stream.
fn take(story: &Story, local: &Local, head: &AccountHead, frames: Vec<Frame>) -> Result<Taken, Unproven> {
    let mut keys = story.fresh_keys();
    let mut intake = Intake::new(&story.trust, local, head)?;
    for frame in frames {
        if let Step::End(taken) = intake.take(frame, &mut keys)? {
            return Ok(taken);
        }
    }
    Err(Unproven::Incomplete)
}

impl Story {
    /// The account's keys as another device opens them: without any vault's.
    fn fresh_keys(&self) -> Unlocked {
        let root = derive_root_from_stretched(&[3; 32].into(), &SecretKey::from_bytes([4; 16]), self.trust.account);
        Unlocked::open(self.trust.account, 1, &root, &self.record.keyset).unwrap()
    }

    /// Where a device is that took everything.
    fn caught_up(&self) -> Local {
        let mut local = Local::default();
        local.absorb(&take(self, &local, &self.account_head(), self.frames()).unwrap());
        local
    }
}

fn story() -> Story {
    let mut story = Story::new();
    story.write(1, "one");
    story.write(2, "two");
    story.write(1, "one again");
    story
}

#[test]
fn an_honest_stream_is_taken_whole_and_a_delta_follows() {
    let mut story = story();
    let local = story.caught_up();
    assert_eq!(local.account_head(story.trust.account), story.account_head());
    story.write(2, "two again");
    let taken = take(&story, &local, &story.account_head(), story.delta(3)).unwrap();
    assert_eq!((taken.vaults[&story.vault].seq, taken.vaults[&story.vault].current.len()), (4, 1));
    assert!(take(&story, &local, &local.account_head(story.trust.account), vec![Frame::End]).unwrap().vaults.is_empty());
}

#[test]
fn a_tombstone_after_a_gap_is_taken_and_an_item_may_come_back() {
    let mut story = story();
    let (number, prev) = commit::next_number(story.author.vaults[&story.vault].current(ItemId([1; 16])));
    let tombstone = Revision { item: ItemId([1; 16]), number, prev, kind: Kind::Tombstone, overview: vec![], detail: vec![] };
    story.commit(tombstone.clone());
    story.write(1, "back");
    story.revisions.retain(|revision| revision.item != tombstone.item || revision.number >= tombstone.number);
    let local = story.caught_up();
    assert_eq!(local.vaults[&story.vault].numbers[&ItemId([1; 16])], 4);
}

#[test]
fn ms_07_swapped_parts_or_items_are_refused() {
    let story = story();
    let mut swapped = story.revisions.clone();
    let (one, two) = swapped.split_at_mut(1);
    std::mem::swap(&mut one[0].detail, &mut two[0].detail);
    let frames = with_revisions(&story, swapped);
    assert_eq!(take(&story, &Local::default(), &story.account_head(), frames).unwrap_err(), Unproven::Vault);
    let mut parts = story.revisions.clone();
    let last = parts.last_mut().unwrap();
    std::mem::swap(&mut last.overview, &mut last.detail);
    let frames = with_revisions(&story, parts);
    assert_eq!(take(&story, &Local::default(), &story.account_head(), frames).unwrap_err(), Unproven::Vault);
}

fn with_revisions(story: &Story, revisions: Vec<Revision>) -> Vec<Frame> {
    let replace = |frame| match frame {
        Frame::Revisions(vault, _) => Frame::Revisions(vault, revisions.clone()),
        other => other,
    };
    story.frames().into_iter().map(replace).collect()
}

#[test]
fn ms_11_dropped_repeated_and_reordered_revisions_are_refused() {
    let story = story();
    let all = &story.revisions;
    for (what, revisions) in [
        ("last dropped", all[..2].to_vec()),
        ("first dropped", all[1..].to_vec()),
        ("one repeated", vec![all[0].clone(), all[0].clone(), all[1].clone(), all[2].clone()]),
        ("reordered", vec![all[2].clone(), all[1].clone(), all[0].clone()]),
        ("none", vec![]),
    ] {
        let frames = with_revisions(&story, revisions);
        assert_eq!(take(&story, &Local::default(), &story.account_head(), frames).unwrap_err(), Unproven::Vault, "{what}");
    }
}

#[test]
fn ms_11_a_stream_cut_anywhere_gives_nothing() {
    let story = story();
    let frames = story.frames();
    for len in 0..frames.len() {
        take(&story, &Local::default(), &story.account_head(), frames[..len].to_vec()).unwrap_err();
    }
    for gone in 0..frames.len() {
        let mut frames = frames.clone();
        frames.remove(gone);
        take(&story, &Local::default(), &story.account_head(), frames).unwrap_err();
    }
}

#[test]
fn ms_12_ms_15_a_vault_key_this_account_did_not_wrap_is_refused() {
    let story = story();
    let mut stranger = Unlocked::make_account(story.trust.account, &mut Seeded::new(99));
    let (_, planted) = stranger.make_vault(&mut Seeded::new(98));
    let frames = story.frames().into_iter().map(|frame| match frame {
        Frame::Vault(info) => Frame::Vault(VaultInfo { key: planted.clone(), ..info }),
        other => other,
    });
    assert_eq!(take(&story, &Local::default(), &story.account_head(), frames.collect()).unwrap_err(), Unproven::Keys);
}

#[test]
fn ms_15_a_known_vault_is_not_introduced_again() {
    let story = story();
    let local = story.caught_up();
    let frames = vec![Frame::Vault(story.info.clone()), Frame::End];
    assert_eq!(take(&story, &local, &story.account_head(), frames).unwrap_err(), Unproven::Malformed);
}

#[test]
fn ms_19_an_older_vault_chain_or_record_and_a_vanished_vault_are_refused() {
    let mut story = story();
    story.act(What::PasswordChanged {});
    story.record.epoch = 2;
    story.record.number = 2;
    let root = derive_root_from_stretched(&[3; 32].into(), &SecretKey::from_bytes([4; 16]), story.trust.account);
    let (epoch1, epoch2) = (story.record.keyset.clone(), story.keys.seal_keyset(2, &root, &mut story.chance));
    let mut frames = story.frames();
    for frame in &mut frames {
        if let Frame::Record(signed) = frame {
            *frame = story.signed(Record { keyset: epoch2.clone(), ..signed.record.clone() });
        }
    }
    let mut local = Local::default();
    story.record.keyset = epoch1;
    local.absorb(&take(&story, &local, &story.account_head(), frames).unwrap());
    let honest = story.account_head();
    let mut older_vault = honest.clone();
    older_vault.vaults[0].seq -= 1;
    let mut older_chain = honest.clone();
    older_chain.chain.seq -= 1;
    let older_record = AccountHead { record: 1, ..honest.clone() };
    let vanished = AccountHead { vaults: vec![], ..honest };
    for head in [older_vault, older_chain, older_record, vanished] {
        assert_eq!(take(&story, &local, &head, vec![Frame::End]).unwrap_err(), Unproven::Older);
    }
}

#[test]
fn ms_20_another_head_at_the_same_place_is_a_fork() {
    let story = story();
    let local = story.caught_up();
    let mut vault = story.account_head();
    vault.vaults[0].head = Hash32([5; 32]);
    let mut chain = story.account_head();
    chain.chain.digest = Hash32([5; 32]);
    for head in [vault, chain] {
        assert_eq!(take(&story, &local, &head, vec![Frame::End]).unwrap_err(), Unproven::Forked);
    }
}

#[test]
fn ms_20_a_head_that_does_not_continue_the_last_one_seen_is_refused() {
    let mut story = story();
    let local = story.caught_up();
    // The author signed a commit on top of another history than the one this device saw.
    story.author.vaults.get_mut(&story.vault).unwrap().head = Hash32([6; 32]);
    story.write(3, "three");
    assert_eq!(take(&story, &local, &story.account_head(), story.delta(3)).unwrap_err(), Unproven::Vault);
}

#[test]
fn ms_22_forged_events_prove_nothing() {
    let story = story();
    let local = story.caught_up();
    let next = |chain: Chain, epoch| Act {
        account: story.trust.account,
        device: DEVICE,
        device_name: "laptop".into(),
        seq: chain.seq + 1,
        prev: chain.digest,
        epoch,
        at: UnixMillis(1_000),
        what: What::PasswordChanged {},
    };
    let stranger = Unlocked::make_account(story.trust.account, &mut Seeded::new(99));
    let act = next(local.chain, 2);
    let wrap = |act: &Act, signed: &str, key: &SigningKey| {
        countersign_anything(act.clone(), signed, EventId([3; 16]), UnixMillis(1_000), SERVER, key).set.clone()
    };
    let genuine_act = sign(&act, &story.keys);
    let skipped = Act { seq: 5, ..act.clone() };
    let forged = [
        ("the account did not sign", wrap(&act, &sign(&act, &stranger), &story.server_key), Unproven::Event),
        ("the server did not sign", wrap(&act, &genuine_act, &SigningKey::from_seed(&[8; 32])), Unproven::Event),
        ("out of place", wrap(&skipped, &sign(&skipped, &story.keys), &story.server_key), Unproven::Forked),
        ("an old one again", story.events[0].clone(), Unproven::Forked),
        ("no event at all", "password changed".into(), Unproven::Event),
    ];
    for (what, set, expected) in forged {
        let mut head = story.account_head();
        head.chain.seq += 1;
        assert_eq!(take(&story, &local, &head, vec![Frame::Event(set), Frame::End]).unwrap_err(), expected, "{what}");
    }
}

#[test]
fn ms_22_a_keyset_without_its_event_is_refused() {
    let story = story();
    let local = story.caught_up();
    let record = Record { number: 2, epoch: 2, ..story.record.clone() };
    let head = AccountHead { record: 2, ..story.account_head() };
    assert_eq!(take(&story, &local, &head, vec![story.signed(record), Frame::End]).unwrap_err(), Unproven::Keys);
}

#[test]
fn ms_23_an_event_the_head_names_and_the_stream_withholds_is_missed() {
    let mut story = story();
    let local = story.caught_up();
    story.act(What::SecondFactorAdded { kind: "totp".into() });
    assert_eq!(take(&story, &local, &story.account_head(), vec![Frame::End]).unwrap_err(), Unproven::Withheld);
}

#[test]
fn an_operators_retraction_is_taken_in_as_such_and_cannot_be_withheld() {
    let mut story = story();
    story.act(What::DeviceRevoked { revoked: DeviceId([9; 16]), revoked_name: "old phone".into() });
    let local = story.caught_up();
    let last = read_signed(story.events.last().unwrap(), &story.trust).unwrap();
    let new = NewRetraction {
        id: EventId([7; 16]),
        account: story.trust.account,
        chain: story.chain,
        of: Of::event(&last),
        reason: Reason::Test,
        at: UnixMillis(2_000),
    };
    let signed = sign_retraction(new, SERVER, &story.server_key).unwrap();
    story.chain = Chain { seq: story.chain.seq + 1, digest: signed.digest, epoch: story.chain.epoch };
    let head = story.account_head();
    assert_eq!(take(&story, &local, &head, vec![Frame::End]).unwrap_err(), Unproven::Withheld);
    let mut keys = Unlocked::make_account(story.trust.account, &mut Seeded::new(1));
    let mut intake = Intake::new(&story.trust, &local, &head).unwrap();
    let step = intake.take(Frame::Event(signed.set.clone()), &mut keys).unwrap();
    assert!(matches!(step, Step::Retraction(retraction, set) if retraction.of.names(&last) && set == signed.set));
    assert!(matches!(intake.take(Frame::End, &mut keys), Ok(Step::End(_))));
}

#[test]
fn a_head_signed_by_another_key_is_refused() {
    let story = story();
    let stranger = Unlocked::make_account(story.trust.account, &mut Seeded::new(99));
    let forged = SignedVaultHead::sign(&story.head.parse_unverified().unwrap(), &stranger);
    let frames = story.frames().into_iter().map(|frame| match frame {
        Frame::Head(vault, _) => Frame::Head(vault, forged.clone()),
        other => other,
    });
    assert_eq!(take(&story, &Local::default(), &story.account_head(), frames.collect()).unwrap_err(), Unproven::Vault);
}

#[test]
fn ms_11_a_number_at_the_end_of_its_range_has_no_next_and_breaks_nothing() {
    let story = story();
    let item = ItemId([9; 16]);
    let tombstone = |number| Revision { item, number, prev: Hash32::default(), kind: Kind::Tombstone, overview: vec![], detail: vec![] };
    let mut revisions = story.revisions.clone();
    revisions.extend([tombstone(u64::MAX), tombstone(1)]);
    let frames = with_revisions(&story, revisions);
    assert_eq!(take(&story, &Local::default(), &story.account_head(), frames).unwrap_err(), Unproven::Vault);
}

#[test]
fn ms_12_a_vault_whose_name_does_not_open_is_refused_before_it_is_stored() {
    let story = story();
    let spoilt = |frame| match frame {
        Frame::Vault(info) => Frame::Vault(VaultInfo { name: vec![1; 100], ..info }),
        other => other,
    };
    let frames = story.frames().into_iter().map(spoilt).collect();
    assert_eq!(take(&story, &Local::default(), &story.account_head(), frames).unwrap_err(), Unproven::Keys);
}

#[test]
fn ms_22_details_of_the_account_that_no_event_proves_are_refused() {
    let mut story = story();
    let local = story.caught_up();
    let honest = Record { number: 2, ..story.record.clone() };
    let head = AccountHead { record: 2, ..story.account_head() };
    for (what, record) in [
        ("a deletion", Record { deletion_due: Some(UnixMillis(5)), ..honest.clone() }),
        ("a second factor", Record { second_factors: vec!["totp".into()], ..honest.clone() }),
        ("another address", Record { email: "adam@example.org".into(), ..honest.clone() }),
    ] {
        assert_eq!(take(&story, &local, &head, vec![story.signed(record), Frame::End]).unwrap_err(), Unproven::Details, "{what}");
    }
    assert_eq!(take(&story, &local, &head, vec![story.signed(honest.clone()), Frame::End]).unwrap().record, 2);

    let events = story.events.len();
    story.act(What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: "b…@example.net".into() });
    story.act(What::SecondFactorAdded { kind: "totp".into() });
    story.act(What::DeletionScheduled { due: UnixMillis(5) });
    let head = AccountHead { record: 2, ..story.account_head() };
    let proven =
        Record { email: "bea@example.net".into(), second_factors: vec!["totp".into()], deletion_due: Some(UnixMillis(5)), ..honest };
    let stream = |record: &Record| {
        let mut frames: Vec<Frame> = story.events[events..].iter().cloned().map(Frame::Event).collect();
        frames.extend([story.signed(record.clone()), Frame::End]);
        take(&story, &local, &head, frames)
    };
    assert_eq!(stream(&Record { email: "ada@example.org".into(), ..proven.clone() }).unwrap_err(), Unproven::Details);
    assert_eq!(stream(&Record { deletion_due: None, ..proven.clone() }).unwrap_err(), Unproven::Details);
    assert_eq!(stream(&proven).unwrap().facts.deletion_due, Some(UnixMillis(5)));
}

#[test]
fn a_record_that_was_bent_on_its_way_is_refused_and_the_true_one_follows() {
    let story = story();
    let sign = |account| SignedRecord::sign(story.record.clone(), account, &story.server_key);
    let honest = sign(story.trust.account);
    for (what, bent) in [
        ("its keyset", SignedRecord { record: Record { keyset: vec![7; 80], ..story.record.clone() }, ..honest.clone() }),
        ("its address", SignedRecord { record: Record { email: "adb@example.org".into(), ..story.record.clone() }, ..honest.clone() }),
        ("another account's", sign(AccountId([9; 16]))),
    ] {
        let frames = story.frames().into_iter().map(|frame| match frame {
            Frame::Record(_) => Frame::Record(bent.clone()),
            other => other,
        });
        assert_eq!(take(&story, &Local::default(), &story.account_head(), frames.collect()).unwrap_err(), Unproven::Malformed, "{what}");
    }
    assert!(take(&story, &Local::default(), &story.account_head(), story.frames()).is_ok());
}
