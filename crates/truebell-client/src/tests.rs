//! Whole stories against a server in memory: what a person does, what goes wrong, what is left.

mod account;
mod chaos;
mod hostile;
mod log;
mod moving;
mod notices;
mod offline;
mod outcomes;
mod replica;
mod said;

use super::testing::{Fake, URL};
use super::*;
use truebell_core::item::Item;
use truebell_core::secret::Secret;

/// A server, a folder, and devices of one account on it.
pub(super) struct Story {
    pub server: Fake,
    pub home: tempfile::TempDir,
    pub kit: KitData,
}

pub(super) const PASSWORD: &str = "correct horse battery staple";

pub(super) fn password() -> Secret {
    Secret::new(PASSWORD)
}

impl Story {
    pub(super) fn begin() -> (Self, Client) {
        let (server, home) = (Fake::new(), tempfile::tempdir().unwrap());
        let profile = Profile::open("laptop", Some(home.path())).unwrap();
        let (client, kit) = sign_up(&profile, &ada(), server.world(2)).unwrap();
        (Self { server, home, kit }, client)
    }

    pub(super) fn profile(&self, name: &str) -> Profile {
        Profile::open(name, Some(self.home.path())).unwrap()
    }

    pub(super) fn second_device(&self) -> Client {
        self.sign_in("phone", &password()).unwrap()
    }

    pub(super) fn sign_in(&self, name: &str, password: &Secret) -> Result<Client, Error> {
        let request = SignIn {
            server: URL.into(),
            fingerprint: Some(self.kit.fingerprint.clone()),
            email: self.kit.email.clone(),
            secret_key: self.kit.secret_key.clone(),
            password: password.clone(),
            device_name: name.into(),
        };
        sign_in(&self.profile(name), &request, self.server.world(3), &mut || None)
    }

    pub(super) fn unlock(&self, name: &str) -> Result<Client, Error> {
        unlock(&self.profile(name), &password(), None, self.server.world(4))
    }
}

pub(super) fn ada() -> SignUp {
    SignUp {
        server: URL.into(),
        fingerprint: None,
        email: "ada@example.org".into(),
        password: password(),
        invitation: None,
        device_name: "laptop".into(),
        vault_name: "Personal".into(),
    }
}

pub(super) fn login(title: &str, password: &str) -> Item {
    let mut item = Item::default();
    item.overview.title = title.into();
    item.set_field("username", "ada");
    item.set_field("password", password);
    item
}

pub(super) fn value(client: &Client, at: ItemRef, field: &str) -> String {
    client.item(at).unwrap().field(field).unwrap().value.expose().to_owned()
}

pub(super) fn set(client: &mut Client, at: ItemRef, field: &str, to: &str) {
    let mut item = client.item(at).unwrap();
    item.set_field(field, to);
    client.edit(at, item).unwrap();
}

pub(super) fn add(client: &mut Client, title: &str, password: &str) -> ItemRef {
    let vault = client.find_vault(None).unwrap();
    client.create(vault, login(title, password)).unwrap()
}

pub(super) fn synced(client: &mut Client) -> Synced {
    let synced = client.sync().unwrap();
    assert!(matches!(synced.view, truebell_engine::sync::View::UpToDate { .. }), "{}", synced.sentence);
    synced
}
