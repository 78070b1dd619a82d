//! Sync: a stream that, applied, is the server's state; nothing new that costs nothing; a cut instead of a hole.

use super::person::{Person, frames};
use super::world::World;
use axum::http::Method;
use http_body_util::BodyExt;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use truebell_core::hash::Hash32;
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::vault::{Kind, Revision, SignedVaultHead, VaultDigest};
use truebell_core::wire::sync::{Frame, Have, HaveVault};

fn item(number: u8) -> ItemId {
    ItemId([number; 16])
}

async fn sync(world: &World, ada: &Person, have: &Have) -> super::world::Reply {
    world.post_cbor("/v1/sync", have).token(&ada.laptop.token).send().await
}

#[tokio::test]
async fn nothing_new_is_an_end_and_one_look_up() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    ada.write(&world, vec![ada.revision(item(1), 1, Hash32::default(), 100)]).await;
    let (sessions, changes) = (world.faults.calls("session"), world.faults.calls("changes"));
    let reply = sync(&world, &ada, &ada.have_all(1)).await;
    assert_eq!((frames(&reply), reply.headers["content-type"].to_str().unwrap()), (vec![], "application/vnd.truebell.sync"));
    assert_eq!((reply.head.body, reply.head.pace_ms), (None, 1000));
    let head = reply.head.account.unwrap();
    assert_eq!((head.vaults[0].head, head.chain), (ada.head.digest(), ada.chain));
    if sessions > 0 {
        assert_eq!((world.faults.calls("session"), world.faults.calls("changes")), (sessions + 1, changes));
    }
}

#[tokio::test]
async fn a_new_device_gets_everything_in_order_and_the_next_sync_only_what_is_new() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let first = ada.revision(item(1), 1, Hash32::default(), 100);
    ada.write(&world, vec![first.clone(), ada.revision(item(2), 1, Hash32::default(), 100)]).await;
    let seen = ada.have_all(1);
    ada.enrol(&world, "phone").await;
    let second = ada.revision(item(1), 2, first.digest(ada.vault), 100);
    ada.write(&world, vec![second.clone()]).await;
    let kinds: Vec<_> = frames(&sync(&world, &ada, &Have::default()).await).iter().map(kind).collect();
    assert_eq!(kinds, ["event", "event", "record", "vault", "3 revisions", "head"]);
    let delta = frames(&sync(&world, &ada, &seen).await);
    assert_eq!(delta.iter().map(kind).collect::<Vec<_>>(), ["event", "1 revisions", "head"]);
    assert_eq!(delta[1], Frame::Revisions(ada.vault, vec![second]));
    assert_eq!(delta[2], Frame::Head(ada.vault, ada.head.clone()));
}

fn kind(frame: &Frame) -> String {
    match frame {
        Frame::Event(_) => "event".into(),
        Frame::Record(_) => "record".into(),
        Frame::Vault(_) => "vault".into(),
        Frame::Revisions(_, revisions) => format!("{} revisions", revisions.len()),
        Frame::Head(..) => "head".into(),
        Frame::End => "end".into(),
    }
}

#[tokio::test]
async fn a_vault_of_many_pages_is_streamed_whole() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    for number in 0..20 {
        ada.write(&world, vec![ada.revision(item(number), 1, Hash32::default(), 100_000)]).await;
    }
    let reply = sync(&world, &ada, &Have::default()).await;
    let pages = frames(&reply).iter().filter(|frame| matches!(frame, Frame::Revisions(..))).count();
    assert!(pages >= 5, "{pages} pages");
    let replica = Replica::default().apply(frames(&reply));
    assert_eq!(replica.vaults[&ada.vault].digest(ada.vault), ada.head.parse_unverified().unwrap().digest);
}

#[tokio::test]
async fn a_vault_that_loses_revisions_while_it_is_read_is_cut_and_not_ended() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    for number in 0..10 {
        ada.write(&world, vec![ada.revision(item(number), 1, Hash32::default(), 100_000)]).await;
    }
    let mut begun = world.post_cbor("/v1/sync", &Have::default()).token(&ada.laptop.token).begin().await;
    let first = begun.body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.len() > 200_000 && first.len() < 600_000, "one page at a time, not {} bytes", first.len());
    let buried = ada.revision(item(9), 1, Hash32::default(), 100_000);
    let tombstone =
        Revision { number: 2, prev: buried.digest(ada.vault), kind: Kind::Tombstone, overview: vec![], detail: vec![], item: item(9) };
    ada.write(&world, vec![tombstone]).await;
    begun.body.collect().await.unwrap_err();
    let again = frames(&sync(&world, &ada, &Have::default()).await);
    let replica = Replica::default().apply(again);
    assert_eq!(replica.vaults[&ada.vault].digest(ada.vault), ada.head.parse_unverified().unwrap().digest);
}

#[tokio::test]
async fn what_is_not_a_sync_request_is_refused() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    for (body, word) in [
        (vec![0xff], "malformed"),
        (truebell_core::cbor::to_vec(&Have { events: u64::MAX, ..Have::default() }), "malformed"),
        (vec![0; 100_000], "too-large"),
    ] {
        assert_eq!(world.ask(Method::POST, "/v1/sync").body(body).token(&ada.laptop.token).send().await.word(), word);
    }
    // Ahead of the server, as after a restore: the stream says what is here.
    let have = Have { events: 50, record: 50, vaults: vec![HaveVault { vault: ada.vault, seq: 50 }] };
    assert_eq!(frames(&sync(&world, &ada, &have).await), vec![]);
}

#[tokio::test]
async fn hints_say_that_something_is_new_to_other_devices_until_the_session_ends() {
    let world = World::with(|settings| settings.heartbeat = Duration::from_millis(1)).await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let phone = ada.enrol(&world, "phone").await;
    let mut hints = world.get("/v1/hints").token(&phone.token).begin().await;
    assert_eq!(hints.headers["content-type"], "text/event-stream");
    assert_eq!(hints.head.account.unwrap().account, ada.account);
    let mut next = async || hints.body.frame().await.map(|frame| frame.unwrap().into_data().unwrap());
    assert_eq!(next().await.unwrap(), ":\n\n");
    ada.write(&world, vec![ada.revision(item(1), 1, Hash32::default(), 100)]).await;
    assert_eq!(next().await.unwrap(), "event: new\ndata: {}\n\n");
    assert_eq!(next().await.unwrap(), ":\n\n", "a heartbeat, and nothing else is new");
    world.wait(Duration::from_hours(40 * 24));
    assert_eq!(next().await, None, "the session is over");
    assert_eq!(world.get("/v1/hints").token(&phone.token).send().await.word(), "session-expired");
}

/// What a client has after applying streams.
#[derive(Default)]
struct Replica {
    events: u64,
    record: u64,
    vaults: BTreeMap<VaultId, ReplicaVault>,
}

#[derive(Default)]
struct ReplicaVault {
    seq: u64,
    revisions: BTreeMap<ItemId, Vec<Revision>>,
}

impl ReplicaVault {
    fn digest(&self, vault: VaultId) -> Hash32 {
        let mut digest = VaultDigest::default();
        digest.set(self.revisions.iter().map(|(item, revisions)| (*item, revisions.last().unwrap().digest(vault))));
        digest.digest()
    }
}

impl Replica {
    fn have(&self) -> Have {
        let vaults = self.vaults.iter().map(|(vault, there)| HaveVault { vault: *vault, seq: there.seq }).collect();
        Have { events: self.events, record: self.record, vaults }
    }

    fn apply(mut self, frames: Vec<Frame>) -> Self {
        for frame in frames {
            match frame {
                Frame::Event(_) => self.events += 1,
                Frame::Record(signed) => self.record = signed.record.number,
                Frame::Vault(info) => drop(self.vaults.entry(info.vault).or_default()),
                Frame::Revisions(vault, revisions) => {
                    for revision in revisions {
                        let item = self.vaults.get_mut(&vault).unwrap().revisions.entry(revision.item).or_default();
                        if revision.kind == Kind::Live {
                            let last = item.last().map(|last| last.digest(vault)).unwrap_or_default();
                            assert_eq!(revision.prev, last, "revisions come oldest first and without holes");
                        } else {
                            item.clear();
                        }
                        item.push(revision);
                    }
                }
                Frame::Head(vault, head) => self.vaults.get_mut(&vault).unwrap().seq = head_seq(&head),
                Frame::End => {}
            }
        }
        self
    }
}

fn head_seq(head: &SignedVaultHead) -> u64 {
    head.parse_unverified().unwrap().seq
}

/// One commit of a random history: for each item whether it is written or buried.
type Story = Vec<Vec<(u8, bool, usize)>>;

async fn tell(story: Story, sync_after: Vec<bool>) {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    let mut current: BTreeMap<u8, Revision> = BTreeMap::new();
    let mut replica = Replica::default();
    for (commit, sync_now) in story.into_iter().zip(sync_after) {
        let mut revisions = BTreeMap::new();
        for (number, live, bytes) in commit {
            let last = current.get(&number);
            if last.is_none() && !live || last.is_some_and(|last| last.kind == Kind::Tombstone) {
                continue;
            }
            let (place, prev) = last.map_or((1, Hash32::default()), |last| (last.number + 1, last.digest(ada.vault)));
            let mut revision = ada.revision(item(number), place, prev, bytes);
            if !live {
                (revision.kind, revision.overview, revision.detail) = (Kind::Tombstone, vec![], vec![]);
            }
            revisions.insert(number, revision);
        }
        if !revisions.is_empty() {
            current.extend(revisions.clone());
            ada.write(&world, revisions.into_values().collect()).await;
        }
        if sync_now {
            let reply = sync(&world, &ada, &replica.have()).await;
            replica = replica.apply(frames(&reply));
        }
    }
    for replica in [replica, Replica::default()] {
        let reply = sync(&world, &ada, &replica.have()).await;
        let replica = replica.apply(frames(&reply));
        assert_eq!(replica.vaults[&ada.vault].digest(ada.vault), ada.head.parse_unverified().unwrap().digest);
        assert_eq!(replica.have(), Have { events: 1, record: 1, vaults: ada.have_all(1).vaults });
        assert_eq!(frames(&sync(&world, &ada, &replica.have()).await), vec![]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// However commits and syncs interleave, a replica that applied the streams has what the vault's signed head covers.
    #[test]
    fn streams_applied_are_the_servers_state(
        story in prop::collection::vec(prop::collection::vec((0_u8..6, prop::bool::weighted(0.85), 1_usize..150_000), 1..5), 1..10),
        sync_after in prop::collection::vec(any::<bool>(), 10),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(tell(story, sync_after));
    }
}
