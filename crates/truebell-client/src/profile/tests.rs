//! What a profile promises about its files.

use super::*;
use truebell_core::ids::{AccountId, ServerId};
use truebell_core::testing::Seeded;

fn device() -> Device {
    let mut chance = Seeded::new(5);
    let key = SigningKey::make_random(&mut chance);
    Device {
        format: FORMAT,
        server: "https://vault.example.org".into(),
        pinned: Pinned { server: ServerId([1; 16]), key: key.public(), generation: vec![2; 16].into(), restore_epoch: 0 },
        trust: Trust { server: ServerId([1; 16]), server_key: key.public(), account: AccountId([3; 16]), account_key: key.public() },
        email: "ada@example.org".into(),
        device: DeviceId([4; 16]),
        device_name: "laptop".into(),
        device_seed: seed_text(&key),
        secret_key: SecretKey::make_random(&mut chance).to_text(),
        next_secret_key: None,
        status_url: None,
        authority: None,
        session: None,
    }
}

fn home() -> (tempfile::TempDir, Profile) {
    let home = tempfile::tempdir().unwrap();
    let profile = Profile::open("default", Some(home.path())).unwrap();
    (home, profile)
}

#[test]
fn what_is_saved_is_read_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (home, profile) = home();
    assert_eq!(profile.device().unwrap(), None);
    profile.save(&device()).unwrap();
    assert_eq!(profile.device().unwrap(), Some(device()));
    assert_eq!(Profile::list(Some(home.path())).unwrap(), ["default"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    profile.replica_file().unwrap();
    let _lock = profile.lock().unwrap();
    assert_eq!(mode(profile.folder()), 0o700);
    for file in [DEVICE_FILE, REPLICA_FILE, LOCK_FILE] {
        assert_eq!(mode(&profile.folder().join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_device_file_damaged_anywhere_is_said_and_left_as_it_is() {
    let (_home, profile) = home();
    profile.save(&device()).unwrap();
    let file = profile.folder().join(DEVICE_FILE);
    let whole = fs::read(&file).unwrap();
    for len in (0..whole.len() - 1).step_by(37) {
        fs::write(&file, &whole[..len]).unwrap();
        assert!(matches!(profile.device().unwrap_err(), ProfileError::Damaged { .. }), "cut to {len}");
        assert_eq!(fs::read(&file).unwrap(), &whole[..len]);
    }
    let text = String::from_utf8(whole).unwrap().replace("TB1-", "TB1-I");
    fs::write(&file, text).unwrap();
    let error = profile.device().unwrap_err().to_string();
    assert!(error.contains("secret_key") && !error.contains("TB1"), "{error}");
}

#[test]
fn a_newer_device_file_is_not_touched() {
    let (_home, profile) = home();
    profile.save(&Device { format: FORMAT + 1, ..device() }).unwrap();
    assert!(matches!(profile.device().unwrap_err(), ProfileError::Newer));
}

#[test]
fn a_crash_while_writing_leaves_the_file_before() {
    let (_home, profile) = home();
    profile.save(&device()).unwrap();
    fs::write(profile.folder().join("device.json.new"), b"{ half of").unwrap();
    assert_eq!(profile.device().unwrap(), Some(device()));
    profile.save(&Device { email: "new@example.org".into(), ..device() }).unwrap();
    assert_eq!(profile.device().unwrap().unwrap().email, "new@example.org");
}

#[test]
fn two_processes_do_not_share_a_profile() {
    let (_home, profile) = home();
    let held = profile.lock().unwrap();
    assert!(matches!(profile.lock().unwrap_err(), ProfileError::Busy));
    drop(held);
    profile.lock().unwrap();
}

#[test]
fn a_profile_that_is_kept_nowhere_writes_nothing_and_keeps_nobody_out() {
    let profile = Profile::nowhere();
    let _held = (profile.lock().unwrap(), profile.lock().unwrap());
    profile.save(&device()).unwrap();
    assert_eq!((profile.device().unwrap(), profile.folder()), (None, Path::new("")));
    assert!(!Path::new(DEVICE_FILE).exists() && !Path::new(LOCK_FILE).exists());
    // A file of that name where the program runs is somebody else's: it is neither read, nor moved, nor removed.
    assert!(Path::new("Cargo.toml").exists());
    assert!(profile.read_file("Cargo.toml").unwrap().is_none());
    profile.remove_file("Cargo.toml").unwrap();
    assert!(Path::new("Cargo.toml").exists());
    assert!(profile.replica_file().is_err() && profile.incoming_file().is_err() && profile.put_replica_aside(UnixMillis(0)).is_err());
    assert!(profile.remove().is_err() && !Path::new(REPLICA_FILE).exists());
}

#[test]
fn a_name_cannot_leave_the_folder() {
    for name in ["", "..", ".hidden", "a/b", "a\\b", "ä", &"x".repeat(65)] {
        assert!(matches!(Profile::open(name, Some(Path::new("/nowhere"))), Err(ProfileError::Name)), "{name:?}");
    }
}

#[test]
fn no_secret_shows_in_debug() {
    let device = device();
    let shown = format!("{device:?}");
    assert!(!shown.contains(device.secret_key.expose()) && !shown.contains(device.device_seed.expose()));
}
