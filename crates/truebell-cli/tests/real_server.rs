//! The client library against the real server, over HTTP on loopback, with SQLite: the same story as the tour, without the command line.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by stopping there")]

use std::net::SocketAddr;
use std::sync::Arc;
use truebell_client::{
    Client, Clock, Filter, ItemRef, NoticeAnswer, Profile, SignIn, SignUp, SystemClock, World, sign_in, sign_up, test_kit, unlock,
};
use truebell_core::chance::Chance;
use truebell_core::ids::ServerId;
use truebell_core::item::Item;
use truebell_core::log::{LogStanding, Standing};
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::secret::Secret;
use truebell_core::sign::SigningKey;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_core::wire::server::SignUpMode;
use truebell_engine::sync::View;
use truebell_server::chance::MachineChance;
use truebell_server::clock::MachineClock;
use truebell_server::jobs::advance;
use truebell_server::log::{Publisher, Witnesses, over_http};
use truebell_server::{App, ServerKeys, Settings, router};
use truebell_store::Store;
use truebell_store::rows::Identity;
use truebell_store::sqlite::Sqlite;

/// A server on a free port, with a runtime of its own; both end with it.
struct Server {
    url: String,
    app: Arc<App>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(&folder.path().join("truebell.db")).unwrap());
        let mut chance = Seeded::new(7);
        let signing = SigningKey::make_random(&mut chance);
        let keys = ServerKeys { opaque: ServerSetup::make_random(&mut chance), sealing: SealKey::make_random(&mut chance), signing };
        let mut generation = [0; 16];
        chance.fill(&mut generation);
        let server = ServerId::make_random(&mut chance);
        let identity = Identity { server, key: keys.signing.public(), generation, restore_epoch: 0, created: UnixMillis(0) };
        let settings = Settings { sign_up: SignUpMode::Open, ..Settings::default() };
        let listener = runtime.block_on(async {
            store.create_identity(&identity).await.unwrap();
            tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()
        });
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Arc::new(App::new(store, keys, identity, settings, Arc::new(MachineClock), Arc::new(MachineChance)));
        let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        Self { url, app, runtime, _folder: folder }
    }

    /// A round of the job that takes events into the log.
    fn advance_log(&self) {
        let mut publisher = Publisher::new(Witnesses::default(), 0, over_http());
        self.runtime.block_on(advance(&self.app, &mut publisher)).unwrap();
    }
}

fn login(title: &str, password: &str) -> Item {
    let mut item = Item::default();
    item.overview.title = title.into();
    item.set_field("username", "ada");
    item.set_field("password", password);
    item
}

fn set(client: &mut Client, at: ItemRef, field: &str, to: &str) {
    let mut item = client.item(at).unwrap();
    item.set_field(field, to);
    client.edit(at, item).unwrap();
}

fn value(client: &Client, at: ItemRef, field: &str) -> String {
    client.item(at).unwrap().field(field).unwrap().value.expose().to_owned()
}

#[track_caller]
fn sync(client: &mut Client) {
    let synced = client.sync().unwrap();
    assert!(matches!(synced.view, View::UpToDate { .. }), "{} {:?}", synced.sentence, client.trace().unwrap().first());
}

#[test]
fn the_tour_works_against_the_real_server() {
    let server = Server::start();
    let home = tempfile::tempdir().unwrap();
    let profile = |name: &str| Profile::open(name, Some(home.path())).unwrap();
    let (first, second) = (Secret::new("correct horse battery staple"), Secret::new("another one"));
    let request = SignUp {
        server: server.url.clone(),
        fingerprint: None,
        email: "ada@example.org".into(),
        password: first.clone(),
        invitation: None,
        device_name: "laptop".into(),
        vault_name: "Personal".into(),
    };
    let (mut laptop, kit) = sign_up(&profile("laptop"), &request, World::system()).unwrap();
    let vault = laptop.find_vault(None).unwrap();
    let items = (0..2_500).map(|number| login(&format!("Site {number:04}"), "secret")).collect();
    laptop.import(vault, items).unwrap();
    sync(&mut laptop);
    let file: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let mail = laptop.create(vault, login("Mail", "one")).unwrap();
    let attached = laptop.attach(mail, "passport.pdf", &mut file.as_slice()).unwrap();
    laptop.rename_vault(vault, "Private").unwrap();
    sync(&mut laptop);

    let request = SignIn {
        server: server.url.clone(),
        fingerprint: Some(kit.fingerprint.clone()),
        email: kit.email.clone(),
        secret_key: kit.secret_key.clone(),
        password: first.clone(),
        device_name: "phone".into(),
    };
    let mut phone = sign_in(&profile("phone"), &request, World::system(), &mut || None).unwrap();
    assert_eq!(phone.list(&Filter::default()).len(), 2_501);
    assert_eq!(phone.vaults().unwrap()[0].name, "Private");
    let mut out = Vec::new();
    phone.read_attachment(mail, attached.id, &mut out).unwrap();
    assert!(out == file);

    set(&mut laptop, mail, "password", "from the laptop");
    set(&mut phone, mail, "username", "from the phone");
    sync(&mut laptop);
    sync(&mut phone);
    sync(&mut laptop);
    for device in [&laptop, &phone] {
        assert_eq!(
            (value(device, mail, "password").as_str(), value(device, mail, "username").as_str()),
            ("from the laptop", "from the phone")
        );
    }
    phone.purge(mail).unwrap();
    sync(&mut phone);
    sync(&mut laptop);
    assert_eq!(laptop.list(&Filter::default()).len(), 2_500);

    let seen: Vec<u64> = laptop.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect();
    laptop.mark_seen(&seen).unwrap();
    laptop.change_password(&first, &second).unwrap();
    sync(&mut phone);
    let unseen = phone.unseen().unwrap();
    assert_eq!(unseen.iter().map(|entry| entry.notice.kind).collect::<Vec<_>>(), ["password-changed"]);
    assert!(laptop.unseen().unwrap().is_empty());
    let code = unseen[0].notice.code.clone();
    assert!(matches!(phone.verify_notice(&code).unwrap(), NoticeAnswer::Genuine { .. }));

    let kit = laptop.rotate_secret_key(&second).unwrap();
    assert_eq!(test_kit(&kit, &second, &mut World::system(), &mut || None).unwrap().epoch, 3);
    laptop.change_address("ada@example.net").unwrap();
    laptop.schedule_deletion().unwrap();
    laptop.cancel_deletion().unwrap();
    assert_eq!((laptop.devices().unwrap().len(), laptop.sessions().unwrap().len()), (2, 2));
    laptop.revoke_device(phone.device_id()).unwrap();
    let told = phone.sync().unwrap();
    assert!(matches!(told.view, View::Stale { .. }), "{}", told.sentence);
    assert_eq!(phone.list(&Filter::default()).len(), 2_500, "its data stays");
    drop(laptop);
    let mut laptop = unlock(&profile("laptop"), &second, None, World::system()).unwrap();
    sync(&mut laptop);
    assert_eq!(laptop.status().unwrap().email, "ada@example.net");
    laptop.sign_out(false).unwrap();
    assert!(!profile("laptop").folder().exists());
}

/// The machine's clock, a minute later.
struct InAMinute;

impl Clock for InAMinute {
    fn now(&self) -> UnixMillis {
        SystemClock.now() + std::time::Duration::from_secs(60)
    }
}

#[test]
fn an_event_is_proven_to_be_in_the_public_log() {
    let server = Server::start();
    let home = tempfile::tempdir().unwrap();
    let profile = || Profile::open("laptop", Some(home.path())).unwrap();
    let password = Secret::new("correct horse battery staple");
    let request = SignUp {
        server: server.url.clone(),
        fingerprint: None,
        email: "ada@example.org".into(),
        password: password.clone(),
        invitation: None,
        device_name: "laptop".into(),
        vault_name: "Personal".into(),
    };
    let (mut laptop, _kit) = sign_up(&profile(), &request, World::system()).unwrap();
    sync(&mut laptop);
    assert_eq!(laptop.log_standing().unwrap(), LogStanding::NotSeen, "it is not asked for at once");
    drop(laptop);

    let later = || World { clock: Arc::new(InAMinute), ..World::system() };
    let mut laptop = unlock(&profile(), &password, None, later()).unwrap();
    sync(&mut laptop);
    assert_eq!(laptop.standing_in_log(1).unwrap(), Standing::NotYet, "the log has no checkpoint");
    server.advance_log();
    laptop.change_password(&password, &Secret::new("another one")).unwrap();
    server.advance_log();
    sync(&mut laptop);
    let LogStanding::Consistent { size, waiting, .. } = laptop.log_standing().unwrap() else { panic!("{:?}", laptop.log_standing()) };
    assert_eq!((size, waiting), (2, 0));
    for seq in [1, 2] {
        assert!(matches!(laptop.standing_in_log(seq).unwrap(), Standing::Included { size: 2, .. }));
    }
}
