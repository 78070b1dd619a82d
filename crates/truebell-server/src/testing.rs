//! What several test suites of this crate need: a server on a store in memory, and an account made without a client. Never in a release.

use crate::chance::MachineChance;
use crate::clock::MachineClock;
use crate::mail::{Signer, corrections, mails_about};
use crate::{App, ServerKeys, Settings};
use std::sync::Arc;
use truebell_core::account::Unlocked;
use truebell_core::chance::make_array;
use truebell_core::event::{Act, Chain, CheckCode, Countersigned, Made, Of, Plea, What, check_act, countersign};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, EventId, ServerId, SessionId, VaultId};
use truebell_core::letter::Enclosed;
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::{PublicKey, Signature, SigningKey};
use truebell_core::testing::{Seeded, sign};
use truebell_core::time::UnixMillis;
use truebell_core::vault::SignedVaultHead;
use truebell_store::Store;
use truebell_store::memory::Memory;
use truebell_store::rows::{Change, Identity, NewAccount, NewDevice, NewSession, NewVault, Recorded, Recording, SignedUp};

/// A server nobody has an account on.
pub(crate) fn app() -> Arc<App> {
    let chance = &mut Seeded::new(1);
    let signing = SigningKey::make_random(chance);
    let identity =
        Identity { server: ServerId([1; 16]), key: signing.public(), generation: [2; 16], restore_epoch: 0, created: UnixMillis(0) };
    let keys = ServerKeys { signing, opaque: ServerSetup::make_random(chance), sealing: SealKey::make_random(chance) };
    let (clock, chance) = (Arc::new(MachineClock), Arc::new(MachineChance));
    Arc::new(App::new(Arc::new(Memory::new()), keys, identity, Settings::default(), clock, chance))
}

/// The server that signs what these make.
pub(crate) fn signer() -> Signer {
    Signer { server: ServerId([0x5e; 16]), key: SigningKey::from_seed(&[0x5e; 32]) }
}

/// Puts an account with its first mail into a store.
pub(crate) async fn sign_up(store: &dyn Store, chance: &mut Seeded, at: UnixMillis, address: &str) -> AccountId {
    join(store, chance, at, address).await.1.act.account
}

/// A device of an account takes the first of its notices back.
pub(crate) async fn acknowledge(store: &dyn Store, (keys, told): &(Unlocked, Countersigned), at: UnixMillis, chance: &mut Seeded) {
    let account = store.account(told.act.account).await.unwrap().unwrap();
    let of = Of { event: told.id, seq: told.act.seq, code: told.code.clone() };
    let what = What::Acknowledged { of, plea: Plea::ThatWasMe };
    let act = Act { seq: 2, prev: account.chain.digest, epoch: account.chain.epoch, at, what, ..told.act.clone() };
    let act = check_act(&sign(&act, keys), act.account, &account.signing, &account.chain).unwrap();
    let Signer { server, key } = signer();
    let event = countersign(act, EventId::make_random(chance), at, server, &key).unwrap();
    let enclosed = Enclosed { set: event.set.clone(), of_set: Some(told.set.clone()), account_key: account.signing };
    let mails = store.mails_of(account.account, told.id).await.unwrap();
    let mails = corrections((event.id, event.act.what.word()), &enclosed, &mails, at, chance);
    let mails = mails.into_iter().map(|correcting| correcting.mail).collect();
    let recording = Recording { account: account.account, event, change: Change::Acknowledge(told.act.seq), mails, at };
    assert_eq!(store.record(recording).await, Ok(Recorded::Done));
}

/// The same as [`sign_up`]; its keys, and what its first mail is about.
pub(crate) async fn join(store: &dyn Store, chance: &mut Seeded, at: UnixMillis, address: &str) -> (Unlocked, Countersigned) {
    let (account, device) = (AccountId::make_random(chance), DeviceId::make_random(chance));
    let key = PublicKey(make_array(chance));
    let keys = Unlocked::make_account(account, chance);
    let signing = keys.public().signing;
    let act = Act {
        account,
        device,
        device_name: "Laptop".into(),
        seq: 1,
        prev: Hash32([0; 32]),
        epoch: 1,
        at,
        what: What::AccountCreated { device_key: key },
    };
    let act = check_act(&sign(&act, &keys), account, &signing, &Chain::default()).unwrap();
    let Signer { server, key: server_key } = signer();
    let event = countersign(act, EventId::make_random(chance), at, server, &server_key).unwrap();
    let new = NewAccount {
        account,
        email: address.into(),
        email_key: address.to_lowercase(),
        signing,
        kem: vec![1],
        opaque: vec![2],
        keyset: vec![3],
        vault: NewVault {
            vault: VaultId::make_random(chance),
            key: vec![4],
            name: vec![5],
            head: SignedVaultHead { head: vec![6], signature: Signature([7; 64]) },
        },
        device: NewDevice { device, key, name: "Laptop".into(), platform: "test".into(), enrolled: at },
        session: NewSession {
            session: SessionId::make_random(chance),
            device,
            token: Hash32(make_array(chance)),
            opened: at,
            expires: UnixMillis(at.0 + 1000),
        },
        mails: mails_about(&event, &signing, at, &[address], chance),
        event: event.clone(),
        invitation: None,
    };
    assert_eq!(store.sign_up(new).await, Ok(SignedUp::Created));
    (keys, event)
}

/// Records that an account is to be deleted at a time.
pub(crate) async fn schedule_deletion(store: &dyn Store, account: AccountId, at: UnixMillis, due: UnixMillis) {
    let chain = store.account(account).await.unwrap().unwrap().chain;
    let act = Act {
        account,
        device: DeviceId([1; 16]),
        device_name: "Laptop".into(),
        seq: chain.seq + 1,
        prev: chain.digest,
        epoch: chain.epoch,
        at,
        what: What::DeletionScheduled { due },
    };
    let code = CheckCode::parse("00000-00000").unwrap();
    let event = Countersigned::of_a_test(Made { id: EventId([5; 16]), set: "deletion".into(), digest: Hash32([5; 32]), code, act });
    let recording = Recording { account, event, change: Change::ScheduleDeletion(due), mails: Vec::new(), at };
    assert_eq!(store.record(recording).await, Ok(Recorded::Done));
}
