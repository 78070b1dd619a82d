//! Vaults: commits, sync, attachments, and that nothing of one account is reached by another.

use crate::dumps::rows;
use crate::world::{Person, Shared, World, at};
use truebell_core::hash::Hash32;
use truebell_core::ids::ItemId;
use truebell_core::vault::{Kind, Revision};
use truebell_core::wire::sync::{Have, HaveVault};
use truebell_store::rows::{Change, ChunkStored, Committed, NewCommit, RevisionCursor};

/// All of a vault's revisions, read in pages of a size.
pub(crate) async fn all(store: &Shared, person: &Person, after: u64, bytes_max: usize) -> Vec<Revision> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = store.revisions(person.account, person.vault.new.vault, after, u64::MAX, from, bytes_max).await;
        let page = page.expect("read").expect("the vault is there");
        found.extend(page.revisions);
        from = page.next;
        if from.is_none() {
            return found;
        }
    }
}

pub(crate) async fn a_vault_is_created_once(store: Shared) {
    let mut world = World::new();
    let ada = world.signed_up(&store).await;
    let bob = world.signed_up(&store).await;
    let new = world.vault();
    assert_eq!(store.create_vault(ada.account, new.clone(), at(5)).await, Ok(Committed::Done));
    assert_eq!(store.create_vault(ada.account, new.clone(), at(6)).await, Ok(Committed::Repeated(0)));
    let mut other = new.clone();
    other.key = vec![9];
    assert_eq!(store.create_vault(ada.account, other, at(5)).await, Ok(Committed::Conflict), "another of this id");
    assert_eq!(store.create_vault(bob.account, new.clone(), at(5)).await, Ok(Committed::Conflict), "another account's");
    let nobody = world.person().account;
    let theirs = world.vault();
    assert_eq!(store.create_vault(nobody, theirs, at(5)).await, Ok(Committed::NoVault), "no such account");
    let mut person = ada.clone();
    person.vault = crate::world::Vault::new(new.clone());
    world.committed(&store, &mut person, vec![]).await;
    assert_eq!(store.create_vault(ada.account, new, at(7)).await, Ok(Committed::Repeated(0)), "after it has moved");
}

pub(crate) async fn a_commit_moves_the_vault(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let (one, two) = (world.item(), world.item());
    let (first, other) = (world.first(one), world.first(two));
    world.committed(&store, &mut person, vec![first.clone(), other.clone()]).await;
    let second = world.next(&first, &person.vault);
    let commit = world.committed(&store, &mut person, vec![second.clone()]).await;
    let changes = store.changes(person.account, &Have::default()).await.expect("read").expect("there");
    assert_eq!(changes.head.vaults[0].seq, 2);
    assert_eq!(changes.head.vaults[0].head, commit.head_digest);
    assert_eq!(changes.vaults[0].head, commit.head);
    let mut expected = vec![first, other];
    expected.sort_by_key(|revision| revision.item);
    expected.push(second);
    assert_eq!(all(&store, &person, 0, 1 << 20).await, expected);
}

pub(crate) async fn a_commit_repeated_is_answered_as_the_first_was(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let item = world.item();
    let first = world.first(item);
    let commit = world.committed(&store, &mut person, vec![first]).await;
    let before = rows(&store).await;
    assert_eq!(store.commit(commit.clone()).await, Ok(Committed::Repeated(1)));
    let other = NewCommit { revisions: vec![], ..commit.clone() };
    assert_eq!(store.commit(other).await, Ok(Committed::Repeated(1)), "the number counts, not what comes with it");
    let later = NewCommit { seq: 2, prev: commit.head_digest, ..commit };
    assert_eq!(store.commit(later).await, Ok(Committed::Conflict), "the number of one that is stored, on another");
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn a_commit_number_is_remembered_for_64_commits(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let first = world.committed(&store, &mut person, vec![]).await;
    for _ in 0..63 {
        world.committed(&store, &mut person, vec![]).await;
    }
    assert_eq!(store.commit(first.clone()).await, Ok(Committed::Repeated(1)), "the 64th last");
    world.committed(&store, &mut person, vec![]).await;
    assert_eq!(store.commit(first).await, Ok(Committed::Conflict), "the 65th last");
}

pub(crate) async fn a_commit_that_does_not_follow_conflicts_and_changes_nothing(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let (there, new) = (world.item(), world.item());
    let stored = world.first(there);
    world.committed(&store, &mut person, vec![stored.clone()]).await;
    let before = rows(&store).await;
    let next = world.next(&stored, &person.vault);
    let fresh = world.first(new);
    let cases: Vec<(&str, Vec<Revision>)> = vec![
        ("an item that is there already", vec![world.first(there)]),
        ("a number too high", vec![Revision { number: 3, ..next.clone() }]),
        ("the largest number", vec![Revision { number: u64::MAX, ..next.clone() }]),
        ("the same number", vec![Revision { number: 1, ..next.clone() }]),
        ("another revision before", vec![Revision { prev: Hash32([7; 32]), ..next.clone() }]),
        ("a first with one before", vec![Revision { prev: Hash32([7; 32]), ..fresh.clone() }]),
        ("a second of no first", vec![Revision { number: 2, ..fresh.clone() }]),
        ("one item twice", vec![fresh.clone(), Revision { number: 2, prev: fresh.digest(person.vault.new.vault), ..fresh.clone() }]),
        ("a good one before a bad one", vec![fresh.clone(), world.first(there)]),
    ];
    for (what, revisions) in cases {
        let commit = world.commit(&person, revisions);
        assert_eq!(store.commit(commit).await, Ok(Committed::Conflict), "{what}");
    }
    let good = world.commit(&person, vec![next, fresh]);
    let seqs = [("a sequence too high", good.seq + 1), ("a sequence too low", good.seq - 1), ("the largest sequence", u64::MAX)];
    for (what, seq) in seqs {
        assert_eq!(store.commit(NewCommit { seq, ..good.clone() }).await, Ok(Committed::Conflict), "{what}");
    }
    let prev = Hash32([7; 32]);
    assert_eq!(store.commit(NewCommit { prev, ..good.clone() }).await, Ok(Committed::Conflict), "another head before");
    let vault = world.vault().vault;
    assert_eq!(store.commit(NewCommit { vault, ..good.clone() }).await, Ok(Committed::NoVault));
    assert_eq!(rows(&store).await, before);
    assert_eq!(store.commit(good).await, Ok(Committed::Done));
}

pub(crate) async fn a_tombstone_drops_earlier_revisions(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let vault = person.vault.new.vault;
    let (gone, kept, stillborn) = (world.item(), world.item(), world.item());
    let (first, other) = (world.first(gone), world.first(kept));
    world.committed(&store, &mut person, vec![first.clone(), other.clone()]).await;
    let second = world.next(&first, &person.vault);
    world.committed(&store, &mut person, vec![second.clone()]).await;
    assert_eq!(store.dropped_since(vault, 0).await, Ok(false));
    let tombstone = world.tombstone(&second, &person.vault);
    world.committed(&store, &mut person, vec![tombstone.clone()]).await;
    assert_eq!(all(&store, &person, 0, 1 << 20).await, [other.clone(), tombstone.clone()]);
    for (seq, expected) in [(0, true), (2, true), (3, false), (u64::MAX, false)] {
        assert_eq!(store.dropped_since(vault, seq).await, Ok(expected), "since {seq}");
    }
    let empty = Revision { kind: Kind::Tombstone, ..world.first(stillborn) };
    world.committed(&store, &mut person, vec![empty]).await;
    assert_eq!(store.dropped_since(vault, 3).await, Ok(false), "there was nothing to drop");
    let back = world.next(&tombstone, &person.vault);
    world.committed(&store, &mut person, vec![back]).await;
    assert_eq!(all(&store, &person, 4, 1 << 20).await.len(), 1, "an item may follow its tombstone");
    assert_eq!(store.dropped_since(world.vault().vault, 0).await, Ok(true), "a vault that is not there dropped all");
}

pub(crate) async fn changes_are_what_the_client_does_not_have(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let other = world.signed_up(&store).await;
    assert_eq!(store.changes(world.person().account, &Have::default()).await, Ok(None));
    let second = world.vault();
    store.create_vault(person.account, second.clone(), at(5)).await.expect("written");
    world.committed(&store, &mut person, vec![]).await;
    let change = Change::Address { email: "b@example.org".into(), email_key: "b@example.org".into() };
    let what = truebell_core::event::What::AddressChanged { from_masked: "a".into(), to_masked: "b".into() };
    world.done(&store, &mut person, what, change).await;
    let read = async |have: &Have| store.changes(person.account, have).await.expect("read").expect("there");

    let all = read(&Have::default()).await;
    assert_eq!((all.events.len(), all.record.as_ref().map(|record| record.number), all.vaults.len()), (2, Some(2), 2));
    let mut ids = vec![person.vault.new.vault, second.vault];
    ids.sort();
    assert_eq!(all.vaults.iter().map(|change| change.mark.vault).collect::<Vec<_>>(), ids);
    let info = all.vaults.iter().find(|change| change.mark.vault == second.vault).and_then(|change| change.info.clone()).expect("whole");
    assert_eq!((info.key, info.name, info.name_revision, info.head), (second.key, second.name, 1, second.head));

    let named = |vault, seq| HaveVault { vault, seq };
    let stale = vec![named(person.vault.new.vault, 0), named(second.vault, 0), named(other.vault.new.vault, 0)];
    let some = read(&Have { events: 1, record: 1, vaults: stale }).await;
    assert_eq!((some.events.len(), some.record.is_some(), some.vaults.len()), (1, true, 1));
    let moved = &some.vaults[0];
    assert_eq!((moved.mark.vault, moved.mark.seq, moved.after, &moved.info), (person.vault.new.vault, 1, 0, &None));
    assert_eq!(moved.head, person.vault.head);

    let current = vec![named(person.vault.new.vault, 1), named(second.vault, 0)];
    let none = read(&Have { events: 2, record: 2, vaults: current }).await;
    assert_eq!((none.events.len(), none.record, none.vaults.len()), (0, None, 0));
    assert_eq!(none.head, all.head);
}

pub(crate) async fn revisions_come_in_order_page_by_page(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let vault = person.vault.new.vault;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let mut revisions: Vec<_> = (0..5).map(|_| world.new_item()).collect();
        world.committed(&store, &mut person, revisions.clone()).await;
        revisions.sort_by_key(|revision| revision.item);
        expected.extend(revisions);
    }
    for bytes_max in [0, 1, 128, 129, 500, 1 << 20] {
        assert_eq!(all(&store, &person, 0, bytes_max).await, expected, "pages of {bytes_max} bytes");
    }
    assert_eq!(all(&store, &person, 1, 300).await, expected[5..]);
    let page = store.revisions(person.account, vault, 0, 1, None, 1 << 20).await.expect("read").expect("there");
    assert_eq!((page.revisions.as_slice(), page.next), (&expected[..5], None), "not above `up_to`");
    let page = store.revisions(person.account, vault, 0, 3, None, 256).await.expect("read").expect("there");
    assert_eq!((page.revisions.len(), page.next), (2, Some(RevisionCursor { seq: 1, item: expected[1].item })), "128 bytes each");
    let end = store.revisions(person.account, vault, 3, 9, None, 1).await.expect("read").expect("there");
    assert_eq!((end.revisions.len(), end.next), (0, None));
}

pub(crate) async fn numbers_from_outside_may_be_anything(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let vault = person.vault.new.vault;
    let have = Have { events: u64::MAX, record: u64::MAX, vaults: vec![HaveVault { vault, seq: u64::MAX }] };
    let changes = store.changes(person.account, &have).await.expect("read").expect("there");
    assert_eq!((changes.events.len(), changes.record, changes.vaults.len()), (0, None, 0));
    let from = Some(RevisionCursor { seq: u64::MAX, item: ItemId([255; 16]) });
    let page = store.revisions(person.account, vault, u64::MAX, u64::MAX, from, 1).await.expect("read").expect("there");
    assert_eq!(page.revisions.len(), 0);
    let attachment = world.attachment();
    assert_eq!(store.chunk(person.account, vault, attachment, u64::MAX).await, Ok(None));
    let chunk = world.chunk(&person, attachment, u64::MAX, 1);
    assert_eq!(store.put_chunk(chunk, 100).await, Ok(ChunkStored::TooLarge));
    for text in ["", "';--", "ä🔑", "%"] {
        assert_eq!(store.account_by_address(text).await, Ok(None));
        assert_eq!(store.event_by_code(text).await, Ok(None));
    }
}

pub(crate) async fn a_chunk_is_stored_once_and_never_changes(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let vault = person.vault.new.vault;
    let attachment = world.attachment();
    let chunk = world.chunk(&person, attachment, 3, 50);
    assert_eq!(store.put_chunk(chunk.clone(), 100).await, Ok(ChunkStored::Done));
    assert_eq!(store.put_chunk(chunk.clone(), 100).await, Ok(ChunkStored::Done), "the same once more");
    let other = world.chunk(&person, attachment, 3, 50);
    assert_eq!(store.put_chunk(other, 100).await, Ok(ChunkStored::Different));
    assert_eq!(store.chunk(person.account, vault, attachment, 3).await, Ok(Some(chunk.sealed)));
    assert_eq!(store.chunk(person.account, vault, attachment, 2).await, Ok(None));
    assert_eq!(store.delete_attachment(person.account, vault, attachment).await, Ok(true));
    assert_eq!(store.delete_attachment(person.account, vault, attachment).await, Ok(false));
    assert_eq!(store.chunk(person.account, vault, attachment, 3).await, Ok(None));
}

pub(crate) async fn an_attachment_does_not_grow_beyond_its_limit(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let (one, two) = (world.attachment(), world.attachment());
    for (attachment, index, len, expected) in [
        (one, 0, 60, ChunkStored::Done),
        (one, 1, 41, ChunkStored::TooLarge),
        (one, 1, 40, ChunkStored::Done),
        (one, 2, 1, ChunkStored::TooLarge),
        (two, 0, 100, ChunkStored::Done),
    ] {
        let chunk = world.chunk(&person, attachment, index, len);
        assert_eq!(store.put_chunk(chunk, 100).await, Ok(expected), "{index} of {len}");
    }
}

pub(crate) async fn another_accounts_ids_reach_nothing(store: Shared) {
    let mut world = World::new();
    let mut ada = world.signed_up(&store).await;
    let eve = world.signed_up(&store).await;
    let item = world.item();
    let (vault, attachment) = (ada.vault.new.vault, world.attachment());
    let first = world.first(item);
    world.committed(&store, &mut ada, vec![first]).await;
    store.put_chunk(world.chunk(&ada, attachment, 0, 10), 100).await.expect("written");
    let before = rows(&store).await;

    assert_eq!(store.revisions(eve.account, vault, 0, 9, None, 1).await, Ok(None));
    assert_eq!(store.chunk(eve.account, vault, attachment, 0).await, Ok(None));
    assert_eq!(store.delete_attachment(eve.account, vault, attachment).await, Ok(false));
    let commit = world.commit(&ada, vec![]);
    assert_eq!(store.commit(NewCommit { account: eve.account, ..commit }).await, Ok(Committed::NoVault));
    let mut chunk = world.chunk(&ada, attachment, 1, 10);
    chunk.account = eve.account;
    assert_eq!(store.put_chunk(chunk, 100).await, Ok(ChunkStored::NoVault));
    assert_eq!(store.close_session(eve.account, ada.session.session).await, Ok(false));
    let changes = store.changes(eve.account, &Have::default()).await.expect("read").expect("there");
    assert!(changes.vaults.iter().all(|change| change.mark.vault != vault));
    assert_eq!(rows(&store).await, before);
}

pub(crate) async fn a_thousand_revisions_go_in_one_commit(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let firsts: Vec<_> = (0..1000).map(|_| world.new_item()).collect();
    world.committed(&store, &mut person, firsts.clone()).await;
    let seconds: Vec<_> = firsts.iter().map(|first| world.next(first, &person.vault)).collect();
    world.committed(&store, &mut person, seconds).await;
    assert_eq!(all(&store, &person, 0, 10_000).await.len(), 2000);
    assert_eq!(all(&store, &person, 1, 1 << 20).await.len(), 1000);
}
