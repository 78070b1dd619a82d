//! Moving items between vaults, and naming vaults, on two devices.

use super::*;
use truebell_core::item::State;

fn file(client: &mut Client, at: ItemRef, name: &str) -> Vec<u8> {
    let found = client.item(at).unwrap().detail.attachments.into_iter().find(|there| there.name == name).unwrap();
    let mut bytes = Vec::new();
    client.read_attachment(at, found.id, &mut bytes).unwrap();
    bytes
}

#[test]
fn a_moved_item_takes_its_files_and_every_value_it_had_along() {
    let (story, mut laptop) = Story::begin();
    let work = laptop.create_vault("Work").unwrap();
    let at = add(&mut laptop, "Router", "first");
    synced(&mut laptop);
    set(&mut laptop, at, "password", "second");
    synced(&mut laptop);
    set(&mut laptop, at, "password", "third");
    let bytes: Vec<u8> = (0..2_500_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    laptop.attach(at, "config.bin", &mut bytes.as_slice()).unwrap();
    let before = laptop.item(at).unwrap();

    story.server.offline(true);
    let moved = laptop.move_item(at, work).unwrap();
    story.server.offline(false);
    assert_eq!(moved.vault, work);
    assert_ne!(moved.item, at.item);
    synced(&mut laptop);
    let mut phone = story.second_device();
    for device in [&mut laptop, &mut phone] {
        let there = device.item(moved).unwrap();
        assert_eq!((&there.overview, &there.detail.sections), (&before.overview, &before.detail.sections));
        let past: Vec<_> = there.detail.past.iter().map(|past| (past.field.as_str(), past.value.expose())).collect();
        assert_eq!(past, [("/password", "second"), ("/password", "first")]);
        assert!(file(device, moved, "config.bin") == bytes);
        assert!(matches!(device.item(at).unwrap().overview.state, State::Trashed { .. }));
        assert_eq!(device.find("router", None).unwrap(), moved, "the one in the trash is not meant");
    }

    // What was left behind goes for good, and takes nothing of the other with it.
    phone.purge(at).unwrap();
    synced(&mut phone);
    synced(&mut laptop);
    assert!(laptop.item(at).is_err());
    assert!(file(&mut laptop, moved, "config.bin") == bytes);
}

#[test]
fn a_move_that_cannot_be_finished_moves_nothing() {
    let (story, mut laptop) = Story::begin();
    let work = laptop.create_vault("Work").unwrap();
    let at = add(&mut laptop, "Router", "first");
    laptop.attach(at, "config.bin", &mut &b"bytes"[..]).unwrap();
    synced(&mut laptop);
    let mut phone = story.second_device();
    let home = phone.find_vault(Some("Personal")).unwrap();

    // The file's bytes are on the server only, and it cannot be asked.
    story.server.offline(true);
    assert!(phone.move_item(at, work).is_err());
    assert_eq!(phone.list(&Filter::default()).iter().map(|line| line.vault).collect::<Vec<_>>(), [home]);
    assert_eq!(phone.status().unwrap().pending, 0);
    story.server.offline(false);

    assert!(matches!(phone.move_item(at, home), Err(Error::Input(_))), "it is there already");
    phone.move_item(at, work).unwrap();
    assert_eq!(phone.list(&Filter::default()).iter().map(|line| line.vault).collect::<Vec<_>>(), [work]);
}

#[test]
fn an_edit_made_elsewhere_during_a_move_is_not_lost() {
    let (story, mut laptop) = Story::begin();
    let work = laptop.create_vault("Work").unwrap();
    let at = add(&mut laptop, "Router", "first");
    synced(&mut laptop);
    let mut phone = story.second_device();
    set(&mut phone, at, "password", "from the phone");
    synced(&mut phone);
    let moved = laptop.move_item(at, work).unwrap();
    synced(&mut laptop);
    synced(&mut phone);
    for device in [&laptop, &phone] {
        assert_eq!(value(device, moved, "password"), "first");
        assert_eq!(value(device, at, "password"), "from the phone");
        assert_eq!(device.item(at).unwrap().overview.state, State::Active, "an edit wins over the trash");
    }
}

#[test]
fn the_oldest_vault_is_the_same_on_every_device_whatever_order_they_heard_of_them_in() {
    let (story, mut laptop) = Story::begin();
    let first = laptop.find_vault(None).unwrap();
    // More than one, so that no order of their ids is the right one by chance.
    for name in ["Work", "Club", "Family", "Archive", "Lodger"] {
        story.server.pass(60);
        laptop.create_vault(name).unwrap();
        synced(&mut laptop);
    }
    // What moves on last is not the youngest.
    add(&mut laptop, "Router", "first");
    synced(&mut laptop);
    let mut phone = story.second_device();
    synced(&mut phone);
    assert_eq!(phone.find_vault(None).unwrap(), first);
    story.server.pass(60);
    let at = phone.find("router", None).unwrap();
    set(&mut phone, at, "password", "second");
    synced(&mut phone);
    synced(&mut laptop);
    drop(laptop);
    assert_eq!(story.unlock("laptop").unwrap().find_vault(None).unwrap(), first, "nor after commits of another device");
}

#[test]
fn a_vaults_new_name_is_an_edit_that_works_offline_and_reaches_every_device() {
    let (story, mut laptop) = Story::begin();
    let mut phone = story.second_device();
    let vault = laptop.find_vault(None).unwrap();
    story.server.offline(true);
    laptop.rename_vault(vault, "Private").unwrap();
    assert_eq!(laptop.find_vault(Some("private")).unwrap(), vault);
    story.server.offline(false);
    synced(&mut laptop);
    assert_eq!(phone.vaults().unwrap()[0].name, "Personal");
    synced(&mut phone);
    assert_eq!(phone.vaults().unwrap()[0].name, "Private");
    assert!(phone.list(&Filter::default()).is_empty(), "the name's item is listed nowhere");
    for name in ["", "  ", &"x".repeat(300)] {
        assert!(matches!(laptop.rename_vault(vault, name), Err(Error::Input(_))), "{name:?}");
    }
}
