//! What several test suites of this crate need: an account in a store, made without a client. Never in a release.

use crate::mail::mails_about;
use truebell_core::chance::make_array;
use truebell_core::event::{Act, CheckCode, Countersigned, What};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, EventId, SessionId, VaultId};
use truebell_core::sign::{PublicKey, Signature};
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_core::vault::SignedVaultHead;
use truebell_store::Store;
use truebell_store::rows::{Change, NewAccount, NewDevice, NewSession, NewVault, Recorded, Recording, SignedUp};

/// Puts an account with its first mail into a store.
pub(crate) async fn sign_up(store: &dyn Store, chance: &mut Seeded, at: UnixMillis, address: &str) -> AccountId {
    let (account, device) = (AccountId::make_random(chance), DeviceId::make_random(chance));
    let key = PublicKey(make_array(chance));
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
    let digest = Hash32(make_array(chance));
    let code = CheckCode::parse(&digest.0.iter().take(10).map(|byte| format!("{:X}", byte & 15)).collect::<String>()).unwrap();
    let event = Countersigned { id: EventId::make_random(chance), set: format!("set {digest}"), digest, code, act };
    let new = NewAccount {
        account,
        email: address.into(),
        email_key: address.to_lowercase(),
        signing: key,
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
        mails: mails_about(&event, at, &[address], chance),
        event,
        invitation: None,
    };
    assert_eq!(store.sign_up(new).await, Ok(SignedUp::Created));
    account
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
    let event = Countersigned { id: EventId([5; 16]), set: "deletion".into(), digest: Hash32([5; 32]), code, act };
    let recording = Recording { account, event, change: Change::ScheduleDeletion(due), mails: Vec::new(), at };
    assert_eq!(store.record(recording).await, Ok(Recorded::Done));
}
