//! Several server processes on one database: one killed, one upgraded, and an older version on a newer schema. No session is lost, no
//! acknowledged write is lost, and hints pass between them. And a database that is moved while people use it (`moving`). Real processes;
//! `truebell-next` stands for the next version, or for a server that dies.
#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and it waits by the machine's clock"
)]

mod fleet;
mod moving;

use fleet::{Balancer, Fleet, Hearing, Served, Version};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use truebell_client::{Client, Filter, Profile, SignIn, SignUp, World, sign_in, sign_up};
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_engine::sync::View;

const PASSWORD: &str = "correct horse battery staple";

fn login(title: &str) -> Item {
    let mut item = Item::default();
    item.overview.title = title.into();
    item.set_field("password", "one");
    item
}

/// An account at an address, and how another device signs in to it.
fn account(home: &Path, url: &str) -> (Client, SignIn) {
    let request = SignUp {
        server: url.to_owned(),
        fingerprint: None,
        email: "ada@example.org".into(),
        password: Secret::new(PASSWORD),
        invitation: None,
        device_name: "laptop".into(),
        vault_name: "Personal".into(),
    };
    let (client, kit) = sign_up(&Profile::open("laptop", Some(home)).unwrap(), &request, World::system()).unwrap();
    let email = kit.email.clone();
    let (server, fingerprint) = (url.to_owned(), Some(kit.fingerprint));
    (client, SignIn { server, fingerprint, email, secret_key: kit.secret_key, password: request.password, device_name: String::new() })
}

fn device(home: &Path, request: &SignIn, name: &str) -> Client {
    let request = SignIn { device_name: name.into(), ..request.clone() };
    // A sign-in that a dying server broke off is begun again, as a person would.
    let trying = || sign_in(&Profile::open(name, Some(home)).unwrap(), &request, World::system(), &mut || None);
    (0..50).find_map(|_| trying().inspect_err(|_| std::thread::sleep(Duration::from_millis(50))).ok()).expect("it signs in")
}

fn is_up_to_date(client: &mut Client) -> bool {
    matches!(client.sync().unwrap().view, View::UpToDate { .. })
}

fn settle(client: &mut Client) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_up_to_date(client) {
        assert!(Instant::now() < until, "{:?}", client.trace().unwrap().first());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Writes until told to stop; how many items it made. Every one was synced, sooner or later.
fn write_until(client: &mut Client, name: &str, stop: &AtomicBool) -> usize {
    let vault = client.find_vault(None).unwrap();
    let mut made = 0;
    while !stop.load(Ordering::Relaxed) {
        client.create(vault, login(&format!("{name} {made}"))).unwrap();
        made += 1;
        is_up_to_date(client);
        std::thread::sleep(Duration::from_millis(20));
    }
    settle(client);
    assert_eq!(client.unseen().unwrap().len(), 0, "nothing happened to the account");
    made
}

#[test]
fn three_servers_on_one_postgresql_lose_nothing_while_one_is_killed_and_all_are_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut fleet = Fleet::on_postgres(folder.path());
    fleet.start(0, Version::This);
    fleet.copy_key();
    fleet.start(1, Version::This);
    fleet.start(2, Version::This);
    let balancer = Balancer::start(fleet.addresses());
    let (mut laptop, request) = account(&home, &balancer.url());
    let mut devices: Vec<Client> = ["phone", "tablet", "desk"].map(|name| device(&home, &request, name)).into();
    settle(&mut laptop);
    let mut before: Vec<String> = laptop.sessions().unwrap().iter().map(|session| session.session.to_string()).collect();
    before.sort();

    // A hint said to the first server is heard at the third.
    let mut hearing = Hearing::start(&fleet.addresses()[2], &home.join("profiles/laptop/device.json"));
    let direct = Balancer::start(vec![fleet.addresses()[0].clone()]);
    let mut visitor = device(&home, &SignIn { server: direct.url(), ..request.clone() }, "visitor");
    hearing.wait_for_news("the visitor was enrolled at the first server");
    hearing.quiet();
    visitor.create(visitor.find_vault(None).unwrap(), login("From the visitor")).unwrap();
    settle(&mut visitor);
    hearing.wait_for_news("the visitor wrote to the first server");
    settle(&mut laptop);
    for device in std::iter::once(&mut laptop).chain(&mut devices) {
        settle(device);
        device.mark_seen(&device.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect::<Vec<_>>()).unwrap();
    }

    let stop = AtomicBool::new(false);
    let made: usize = std::thread::scope(|scope| {
        let writing: Vec<_> = devices
            .iter_mut()
            .zip(["phone", "tablet", "desk"])
            .map(|(client, name)| scope.spawn(|| write_until(client, name, &stop)))
            .collect();
        std::thread::sleep(Duration::from_secs(1));
        fleet.kill(0);
        std::thread::sleep(Duration::from_secs(1));
        // The first comes back as the next version: the schema moves on under the two that go on serving.
        fleet.start(0, Version::Next);
        balancer.now_at(fleet.addresses());
        std::thread::sleep(Duration::from_secs(1));
        fleet.stop(1);
        fleet.start(1, Version::This);
        balancer.now_at(fleet.addresses());
        std::thread::sleep(Duration::from_secs(1));
        for server in [1, 2] {
            fleet.stop(server);
            fleet.start(server, Version::Next);
            balancer.now_at(fleet.addresses());
        }
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        writing.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(made > 20, "only {made} items were written");
    let new = device(&home, &request, "new");
    assert_eq!(new.list(&Filter::default()).len(), made + 1, "every write is there");
    settle(&mut laptop);
    let after: Vec<String> = laptop.sessions().unwrap().iter().map(|session| session.session.to_string()).collect();
    for session in &before {
        assert!(after.contains(session), "session {session} was lost");
    }
    // The four from before, the visitor's and the new one's: nobody had to open another.
    assert_eq!(after.len(), before.len() + 2, "{after:?}");
}

#[test]
fn an_older_version_serves_what_a_newer_one_expanded_and_refuses_what_it_contracted() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    for mut fleet in [Fleet::on_sqlite(&folder.path().join("lite")), Fleet::on_postgres(&folder.path().join("postgres"))] {
        let home = home.join(fleet.name());
        fleet.start(0, Version::This);
        let balancer = Balancer::start(fleet.addresses());
        let (mut laptop, request) = account(&home, &balancer.url());
        for version in [Version::Next, Version::This] {
            fleet.stop(0);
            fleet.start(0, version);
            balancer.now_at(fleet.addresses());
            laptop.create(laptop.find_vault(None).unwrap(), login("after")).unwrap();
            settle(&mut laptop);
        }
        let mut phone = device(&home, &request, "phone");
        assert_eq!(phone.list(&Filter::default()).len(), 2);
        phone.change_password(&request.password, &Secret::new("another one, longer")).unwrap();
        // What would leave out what the newer version keeps is refused: a backup is the newer version's to make.
        let said = fleet.backup(0);
        assert!(said.contains("written by a newer Truebell"), "{said}");
        fleet.stop(0);
    }
    for fleet in [Fleet::on_sqlite(&folder.path().join("lite-2")), Fleet::on_postgres(&folder.path().join("postgres-2"))] {
        let mut fleet = fleet;
        fleet.start(0, Version::NextContracted);
        fleet.stop(0);
        let said = Served::refused(&fleet.arguments(0));
        assert!(said.contains("written by a newer Truebell") && said.contains("install that version"), "{said}");
    }
}
