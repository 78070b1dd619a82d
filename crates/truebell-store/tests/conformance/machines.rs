//! Machines: devices that may read some vaults.

use crate::world::{Person, Shared, World, at};
use truebell_core::event::What;
use truebell_core::ids::VaultId;
use truebell_store::rows::{Change, Committed, MachineVault, NewDevice, Recorded, Recording};

fn machine(world: &mut World, person: &Person, vaults: Vec<MachineVault>) -> (NewDevice, Recording) {
    let device = NewDevice { platform: "machine".into(), ..world.device() };
    let what = What::MachineEnrolled {
        enrolled: device.device,
        device_key: device.key,
        name: device.name.clone(),
        vaults: vaults.iter().map(|given| given.vault).collect(),
    };
    let recording = world.recording(person, what, Change::EnrolMachine { device: device.clone(), vaults });
    (device, recording)
}

fn given(vault: VaultId) -> MachineVault {
    MachineVault { vault, key: vault.0.repeat(4) }
}

/// A machine that may read a person's first vault.
pub(crate) async fn enrolled(store: &Shared, world: &mut World, person: &mut Person) -> NewDevice {
    let (device, recording) = machine(world, person, vec![given(person.vault.new.vault)]);
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    person.follow(&recording.event);
    device
}

pub(crate) async fn a_machine_has_the_vaults_it_was_given_and_its_sessions_say_so(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let others: Vec<_> = (0..3).map(|_| world.vault()).collect();
    for vault in &others {
        assert_eq!(store.create_vault(person.account, vault.clone(), at(50)).await, Ok(Committed::Done));
    }
    let mut vaults = vec![given(person.vault.new.vault), given(others[1].vault)];
    let (device, recording) = machine(&mut world, &person, vaults.clone());
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    person.follow(&recording.event);
    vaults.sort_by_key(|given| given.vault);
    assert_eq!(store.machine_vaults(person.account, device.device).await, Ok(vaults.clone()));
    assert_eq!(store.devices(person.account).await.map(|devices| devices.len()), Ok(2), "it is a device");
    assert_eq!(store.sessions(person.account, at(0)).await.map(|sessions| sessions.len()), Ok(1), "and has no session yet");
    let session = world.session(device.device);
    assert_eq!(store.open_session(session.clone()).await, Ok(true));
    let view = store.session(session.token).await.expect("read").expect("there");
    assert_eq!(view.machine, Some(vaults.iter().map(|given| given.vault).collect()));
    assert_eq!((view.head.vaults.len(), view.head.chain), (4, person.chain), "the head is the account's");
    let view = store.session(person.session.token).await.expect("read").expect("there");
    assert_eq!(view.machine, None);
    assert_eq!(store.machine_vaults(person.account, person.device.device).await, Ok(vec![]));
}

pub(crate) async fn a_machine_has_a_vault_and_only_those_of_its_account(store: Shared) {
    let mut world = World::new();
    let person = world.signed_up(&store).await;
    let other = world.signed_up(&store).await;
    let (own, theirs) = (person.vault.new.vault, other.vault.new.vault);
    for vaults in [vec![], vec![given(theirs)], vec![given(own), given(theirs)], vec![given(VaultId([9; 16]))]] {
        let (device, recording) = machine(&mut world, &person, vaults);
        assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable));
        assert_eq!(store.device(device.device).await, Ok(None), "nothing of it was written");
        assert_eq!(store.machine_vaults(person.account, device.device).await, Ok(vec![]));
    }
    let (_, mut recording) = machine(&mut world, &person, vec![given(own)]);
    let Change::EnrolMachine { device, .. } = &mut recording.change else { panic!("a machine") };
    device.device = other.device.device;
    assert_eq!(store.record(recording).await, Ok(Recorded::NotApplicable), "another's device");
    let head = store.session(person.session.token).await.expect("read").expect("there").head;
    assert_eq!(head.chain, person.chain, "and nothing was told");
}

pub(crate) async fn a_machine_made_twice_is_one_and_is_told_once(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let (device, recording) = machine(&mut world, &person, vec![given(person.vault.new.vault)]);
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
    person.follow(&recording.event);
    assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Repeated(recording.event.set.clone())));
    assert_eq!(store.devices(person.account).await.map(|devices| devices.len()), Ok(2));
    for _ in 0..50 {
        assert_eq!(store.open_session(world.session(device.device)).await, Ok(true));
    }
    let view = store.session(person.session.token).await.expect("read").expect("there");
    assert_eq!((view.head.chain, view.head.record), (person.chain, 1), "sessions are no events");
}

pub(crate) async fn a_revoked_machine_is_given_no_key_again(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let (device, stays) = (enrolled(&store, &mut world, &mut person).await, enrolled(&store, &mut world, &mut person).await);
    let session = world.session(device.device);
    assert_eq!(store.open_session(session.clone()).await, Ok(true));
    let what = What::DeviceRevoked { revoked: device.device, revoked_name: device.name.clone() };
    world.done(&store, &mut person, what, Change::RevokeDevice(device.device)).await;
    assert_eq!(store.session(session.token).await, Ok(None));
    assert_eq!(store.open_session(world.session(device.device)).await, Ok(false));
    let vault = person.vault.new.vault;
    let emptied = MachineVault { vault, key: vec![] };
    assert_eq!(store.machine_vaults(person.account, device.device).await, Ok(vec![emptied]), "which it were stays known");
    assert_eq!(store.machine_vaults(person.account, stays.device).await, Ok(vec![given(vault)]), "another machine keeps its own");
}

pub(crate) async fn a_machine_goes_with_its_account(store: Shared) {
    let mut world = World::new();
    let mut person = world.signed_up(&store).await;
    let device = enrolled(&store, &mut world, &mut person).await;
    let due = at(100);
    world.done(&store, &mut person, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await;
    assert_eq!(store.delete_account(person.account, due).await, Ok(true));
    assert_eq!(store.machine_vaults(person.account, device.device).await, Ok(vec![]));
    assert_eq!(store.device(device.device).await, Ok(None));
}
