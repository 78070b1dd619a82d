//! A device whose clock is a day off, ahead or behind, against a real server process: it reads, edits and syncs as ever; what must carry
//! a true time is refused with the clock's own sentence, changes nothing, and is no alarm to anybody.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what went wrong by stopping there")]

mod desk;

use std::sync::Arc;
use std::time::Duration;
use truebell_client::{Client, Clock, Error, Kind, Profile, SignIn, SignUp, SystemClock, World, sign_in, sign_up, unlock};
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::View;

/// A day, and enough more that it is called twenty-four hours.
const OFF: Duration = Duration::from_secs(86_400 + 60);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Clocked {
    Behind,
    Ahead,
}

impl Clock for Clocked {
    fn now(&self) -> UnixMillis {
        let now = SystemClock.now();
        match self {
            Self::Behind => UnixMillis(now.0 - u64::try_from(OFF.as_millis()).unwrap()),
            Self::Ahead => now + OFF,
        }
    }
}

fn off(clock: Clocked) -> World {
    World { clock: Arc::new(clock), ..World::system() }
}

fn synced(client: &mut Client) {
    let synced = client.sync().unwrap();
    assert!(matches!(synced.view, View::UpToDate { .. }), "{}", synced.sentence);
}

#[track_caller]
fn assert_is_the_clock(error: &Error, clock: Clocked) {
    let side = if clock == Clocked::Behind { "behind" } else { "ahead of" };
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(error.to_string(), format!("This device's clock is 24 hours {side} the server's: set it and sync again."));
}

#[test]
fn a_clock_a_day_off_hinders_only_what_must_carry_the_time_and_says_that_it_is_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let server = desk::Server::start(folder.path());
    let profile = |name: &str| Profile::open(name, Some(folder.path())).unwrap();
    let (first, second) = (Secret::new("correct horse battery staple"), Secret::new("another one entirely"));
    let request = |email: &str| SignUp {
        server: server.url(),
        fingerprint: None,
        email: email.into(),
        password: first.clone(),
        invitation: None,
        device_name: "laptop".into(),
        vault_name: "Personal".into(),
    };
    let (laptop, kit) = sign_up(&profile("laptop"), &request("ada@example.org"), World::system()).unwrap();
    drop(laptop);
    let signin = |name: &str| SignIn {
        server: kit.server.clone(),
        fingerprint: Some(kit.fingerprint.clone()),
        email: kit.email.clone(),
        secret_key: kit.secret_key.clone(),
        password: first.clone(),
        device_name: name.into(),
    };
    let mut phone = sign_in(&profile("phone"), &signin("phone"), World::system(), &mut || None).unwrap();
    synced(&mut phone);
    let seen: Vec<u64> = phone.inbox().unwrap().iter().map(|entry| entry.notice.seq).collect();

    for (clock, name) in [(Clocked::Behind, "behind"), (Clocked::Ahead, "ahead")] {
        let Err(error) = sign_up(&profile(name), &request(&format!("{name}@example.org")), off(clock)) else { panic!("{name}: signed up") };
        assert_is_the_clock(&error, clock);
        let Err(error) = sign_in(&profile("tablet"), &signin("tablet"), off(clock), &mut || None) else { panic!("{name}: signed in") };
        assert_is_the_clock(&error, clock);

        let mut laptop = unlock(&profile("laptop"), &first, None, off(clock)).unwrap();
        synced(&mut laptop);
        let mut item = Item::default();
        item.overview.title = format!("made with a clock {name}");
        let vault = laptop.find_vault(None).unwrap();
        let at = laptop.create(vault, item).unwrap();
        synced(&mut laptop);
        assert_is_the_clock(&laptop.change_password(&first, &second).unwrap_err(), clock);
        assert!(!laptop.status().unwrap().newer_credentials);
        drop(laptop);
        // The password is what it was.
        let mut laptop = unlock(&profile("laptop"), &first, None, World::system()).unwrap();
        synced(&mut laptop);
        synced(&mut phone);
        assert_eq!(phone.item(at).unwrap().overview.title, format!("made with a clock {name}"));
        let now: Vec<u64> = phone.inbox().unwrap().iter().map(|entry| entry.notice.seq).collect();
        assert_eq!(now, seen, "{name}: nothing happened to the account, and nothing is told");
    }

    // Set right, it is done, and told once.
    let mut laptop = unlock(&profile("laptop"), &first, None, World::system()).unwrap();
    laptop.change_password(&first, &second).unwrap();
    synced(&mut phone);
    assert_eq!(phone.inbox().unwrap().len(), seen.len() + 1);
}
