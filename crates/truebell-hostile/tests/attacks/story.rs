//! Ada, her laptop and her phone, and a server that turns against her.

use crate::server::Server;
use truebell_client::{Client, Error, Filter, ItemRef, KitData, Profile, SignIn, SignUp, Synced, World, sign_in, sign_up, unlock};
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_core::totp::Totp;
use truebell_engine::sync::View;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const NOTHING_CHANGED: &str = "Nothing about your account changed.";

pub(crate) fn password() -> Secret {
    Secret::new(PASSWORD)
}

pub(crate) struct Story {
    pub server: Server,
    pub kit: KitData,
    home: tempfile::TempDir,
}

impl Story {
    /// Ada signs up on her laptop and has one item there.
    pub(crate) fn begin() -> (Self, Client, ItemRef) {
        let (server, home) = (Server::start(), tempfile::tempdir().unwrap());
        let (mut laptop, kit) = account(&server, &home, "laptop", "ada@example.org");
        let mail = add(&mut laptop, "Mail", "one");
        synced(&mut laptop);
        (Self { server, kit, home }, laptop, mail)
    }

    /// The same with a phone, whose news the laptop has not heard: an item changed twice, an item and two vaults made.
    pub(crate) fn with_news() -> (Self, Client, Client, ItemRef) {
        let (story, mut laptop, mail) = Self::begin();
        let mut phone = story.second(&mut laptop);
        for password in ["two, first", "two"] {
            set(&mut phone, mail, password);
            synced(&mut phone);
        }
        add(&mut phone, "Bank", "three");
        for name in ["Work", "Club"] {
            let vault = phone.create_vault(name).unwrap();
            phone.create(vault, login(&format!("Desk of {name}"), "four")).unwrap();
        }
        synced(&mut phone);
        (story, laptop, phone, mail)
    }

    /// The phone, known to the laptop and no news any more.
    pub(crate) fn second(&self, laptop: &mut Client) -> Client {
        let phone = self.sign_in("phone").unwrap();
        synced(laptop);
        let seen: Vec<u64> = laptop.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect();
        assert_eq!(seen.len(), 1, "the phone is news");
        laptop.mark_seen(&seen).unwrap();
        phone
    }

    pub(crate) fn bob(&self) -> Client {
        account(&self.server, &self.home, "bobs", "bob@example.org").0
    }

    pub(crate) fn profile(&self, name: &str) -> Profile {
        Profile::open(name, Some(self.home.path())).unwrap()
    }

    pub(crate) fn sign_in(&self, name: &str) -> Result<Client, Error> {
        let request = SignIn {
            server: self.server.url().into(),
            fingerprint: Some(self.kit.fingerprint.clone()),
            email: self.kit.email.clone(),
            secret_key: self.kit.secret_key.clone(),
            password: password(),
            device_name: name.into(),
        };
        sign_in(&self.profile(name), &request, World::system(), &mut || None)
    }

    pub(crate) fn unlock(&self, name: &str, password: &str) -> Result<Client, Error> {
        unlock(&self.profile(name), &Secret::new(password), None, World::system())
    }

    /// What a device has, and must have after any lie.
    pub(crate) fn kept(&self, client: &Client) -> Kept {
        let device = self.profile(&client.status().unwrap().device_name).device().unwrap().unwrap();
        let items =
            client.list(&Filter::default()).iter().map(|listed| value(client, ItemRef { vault: listed.vault, item: listed.id })).collect();
        let status = client.status().unwrap();
        Kept {
            items,
            session: device.session.map(|session| session.token),
            notices: client.inbox().unwrap().len(),
            email: status.email,
            second_factors: status.second_factors,
            deletion_due: status.deletion_due.is_some(),
            newer_credentials: status.newer_credentials,
        }
    }

    /// Meets a lie on the next sync: says `sentence`, keeps everything, and takes the truth afterwards.
    pub(crate) fn refuses(&self, laptop: &mut Client, attack: &str, sentence: &str) {
        let before = self.kept(laptop);
        self.server.begin(attack);
        let said = laptop.sync().unwrap_or_else(|error| panic!("{attack}: {error}"));
        assert!(matches!(said.view, View::Stale { since: Some(_), .. }), "{attack}: {said:?}");
        let (first, rest) =
            said.sentence.split_once(" Your data is safe and up to date as of ").unwrap_or_else(|| panic!("{attack}: {said:?}"));
        assert_eq!(first, sentence, "{attack}");
        assert!(rest.ends_with(NOTHING_CHANGED), "{attack}: {}", said.sentence);
        assert_eq!(self.kept(laptop), before, "{attack}");
        assert_eq!(laptop.unseen().unwrap(), [], "{attack}");
        self.server.end();
    }

    /// Meets several lies, each with the same sentence; then hears the news, and no notice with it.
    pub(crate) fn refuses_all(attacks: &[&str], sentence: &str) {
        let (story, mut laptop, _phone, mail) = Self::with_news();
        for attack in attacks {
            story.refuses(&mut laptop, attack, sentence);
        }
        synced(&mut laptop);
        assert_eq!(value(&laptop, mail), "two");
        assert_eq!((laptop.list(&Filter::default()).len(), laptop.unseen().unwrap().len()), (4, 0));
        drop(laptop);
        assert_eq!(value(&story.unlock("laptop", PASSWORD).unwrap(), mail), "two", "the keys still open it");
    }
}

/// What must not be lost, and what must not be believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    items: Vec<String>,
    session: Option<Secret>,
    notices: usize,
    email: String,
    second_factors: Vec<String>,
    deletion_due: bool,
    newer_credentials: bool,
}

fn account(server: &Server, home: &tempfile::TempDir, device: &str, email: &str) -> (Client, KitData) {
    let request = SignUp {
        server: server.url().into(),
        fingerprint: None,
        email: email.into(),
        password: password(),
        invitation: None,
        device_name: device.into(),
        vault_name: "Personal".into(),
    };
    sign_up(&Profile::open(device, Some(home.path())).unwrap(), &request, World::system()).unwrap()
}

pub(crate) fn login(title: &str, password: &str) -> Item {
    let mut item = Item::default();
    item.overview.title = title.into();
    item.set_field("username", "ada");
    item.set_field("password", password);
    item
}

pub(crate) fn value(client: &Client, at: ItemRef) -> String {
    client.item(at).unwrap().field("password").unwrap().value.expose().to_owned()
}

pub(crate) fn set(client: &mut Client, at: ItemRef, password: &str) {
    let mut item = client.item(at).unwrap();
    item.set_field("password", password);
    client.edit(at, item).unwrap();
}

pub(crate) fn add(client: &mut Client, title: &str, password: &str) -> ItemRef {
    let vault = client.find_vault(Some("Personal")).unwrap();
    client.create(vault, login(title, password)).unwrap()
}

pub(crate) fn synced(client: &mut Client) -> Synced {
    let synced = client.sync().unwrap();
    assert!(matches!(synced.view, View::UpToDate { .. }), "{}", synced.sentence);
    synced
}

/// A real event: a second factor is added. Returns what takes it away again.
pub(crate) fn real_event(client: &mut Client) -> Totp {
    let uri = client.make_second_factor().unwrap();
    let totp = Totp::parse(uri.expose()).unwrap();
    let now = truebell_client::Clock::now(&truebell_client::SystemClock);
    client.add_second_factor(&uri, totp.code(now).text.expose()).unwrap();
    totp
}

/// The one notice of that event, told once and never again.
pub(crate) fn told_exactly_once(client: &mut Client, kind: &str) {
    let told: Vec<&str> = client.unseen().unwrap().iter().map(|entry| entry.notice.kind).collect();
    assert_eq!(told, [kind]);
    let seqs: Vec<u64> = client.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect();
    client.mark_seen(&seqs).unwrap();
    synced(client);
    assert_eq!(client.unseen().unwrap(), []);
}
