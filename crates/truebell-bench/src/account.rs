//! Accounts for the load: made with the product's own types, over the product's own protocol, without Argon2 (a constant stands
//! for the stretched password), so that what is measured is the server.

use crate::load::{Ask, Connection};
use anyhow::{Result, anyhow};
use std::sync::Mutex;
use truebell_core::account::{SealedItem, Unlocked};
use truebell_core::cbor;
use truebell_core::chance::{Chance, make_array};
use truebell_core::derive::derive_root_from_stretched;
use truebell_core::event::{Act, What};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, ItemId, ServerId, VaultId};
use truebell_core::item::Item;
use truebell_core::opaque::{Registration, SignIn};
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Commit, Kind, Revision, SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire;
use zeroize::Zeroizing;

/// The machine's own chance.
pub(crate) struct Os;

impl Chance for Os {
    #[expect(clippy::disallowed_methods, clippy::expect_used, reason = "this is the adapter; a harness without chance cannot go on")]
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the machine gives random bytes");
    }
}

/// One signed-up account with its vault.
pub(crate) struct Account {
    pub account: AccountId,
    pub token: String,
    server: ServerId,
    password: Zeroizing<[u8; 32]>,
    keys: Unlocked,
    device: DeviceId,
    pub vault: VaultId,
    state: Mutex<VaultState>,
}

struct VaultState {
    digest: VaultDigest,
    seq: u64,
    head: Hash32,
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter that owns the clock")]
fn now() -> UnixMillis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or_default())
}

impl Account {
    /// Signs up.
    pub(crate) async fn sign_up(connection: &mut Connection, server: ServerId, number: usize) -> Result<Self> {
        let account = AccountId::make_random(&mut Os);
        let root = derive_root_from_stretched(&Zeroizing::new(make_array(&mut Os)), &SecretKey::make_random(&mut Os), account);
        let (email, password) = (format!("load{number}-{account}@example.org"), root.derive_opaque_password());
        let (registration, request) = Registration::start(password.clone(), &mut Os)?;
        let start = wire::sign_up::Start { email: email.clone(), account, invitation: None, opaque: request.into() };
        let started: wire::sign_up::Started = ask(connection, "/v1/sign-up/start", &start).await?;
        let upload = registration.finish(server, account, &started.opaque, &mut Os)?;

        let mut keys = Unlocked::make_account(account, &mut Os);
        let (vault, wrapped) = keys.make_vault(&mut Os);
        let (device, device_key) = (DeviceId::make_random(&mut Os), SigningKey::make_random(&mut Os));
        let head = VaultHead {
            vault,
            seq: 0,
            digest: VaultDigest::default().digest(),
            prev: Hash32::default(),
            account,
            device,
            at: now(),
            made: None,
        };
        let head = SignedVaultHead::sign(&head, &keys);
        let what = What::AccountCreated { device_key: device_key.public() };
        let act = Act { account, device, device_name: "load".into(), seq: 1, prev: Hash32::default(), epoch: 1, at: now(), what };
        let finish = wire::sign_up::Finish {
            email,
            invitation: None,
            public: keys.public(),
            opaque: upload.into(),
            keyset: keys.seal_keyset(1, &root, &mut Os).into(),
            vault: wire::vault::NewVault {
                vault,
                key: wrapped.into(),
                name: keys.seal_vault_name(vault, 1, "Personal", &mut Os)?.into(),
                head: cbor::to_vec(&head).into(),
            },
            device: wire::device::NewDevice { device, key: device_key.public(), name: "load".into(), platform: "bench".into() },
            act: act.sign(&keys)?,
        };
        let finished: wire::sign_up::Finished = ask(connection, "/v1/sign-up/finish", &finish).await?;
        let state = VaultState { digest: VaultDigest::default(), seq: 0, head: head.digest() };
        let token = finished.session.token.expose().to_owned();
        Ok(Self { account, token, server, password, keys, device, vault, state: Mutex::new(state) })
    }

    /// Both OPAQUE messages: what a new device does before it enrols.
    pub(crate) async fn sign_in(&self, connection: &mut Connection) -> Result<()> {
        let (client, ke1) = SignIn::start(self.password.clone(), &mut Os)?;
        let start = wire::sign_in::Start { account: self.account, ke1: ke1.into() };
        let started: wire::sign_in::Started = ask(connection, "/v1/sign-in/start", &start).await?;
        let ke3 = client.finish(self.server, self.account, &started.ke2, &mut Os)?;
        let finish = wire::sign_in::Finish { state: started.state, ke3: ke3.into(), totp: None };
        let _: wire::sign_in::Finished = ask(connection, "/v1/sign-in/finish", &finish).await?;
        Ok(())
    }

    /// Seals a login as the command line would; also the size its two parts have.
    pub(crate) fn seal_login(&self, number: usize) -> Result<(ItemId, SealedItem)> {
        let id = ItemId::make_random(&mut Os);
        let mut item = Item::default();
        item.overview.title = format!("Account number {number}");
        item.overview.subtitle = format!("ada.lovelace.{number}@example.org");
        item.overview
            .sites
            .push(truebell_core::item::Site { url: format!("https://www.site{number}.example.com/login"), ..Default::default() });
        item.set_field("username", item.overview.subtitle.clone());
        item.set_field("password", format!("Correct-Horse-Battery-{number}"));
        Ok((id, self.keys.seal_item(self.vault, id, 1, &item, &mut Os)?))
    }

    /// The next commit, with these new items. The caller sends it, and nothing else is committed meanwhile.
    pub(crate) fn next_commit(&self, items: Vec<(ItemId, SealedItem)>) -> Result<Ask> {
        let mut state = self.state.lock().map_err(|_| anyhow!("the vault's state is poisoned"))?;
        let revisions: Vec<Revision> = items
            .into_iter()
            .map(|(item, sealed)| Revision {
                item,
                number: 1,
                prev: Hash32::default(),
                kind: Kind::Live,
                overview: sealed.overview,
                detail: sealed.detail,
            })
            .collect();
        state.digest.set(revisions.iter().map(|revision| (revision.item, revision.digest(self.vault))));
        state.seq += 1;
        let head = VaultHead {
            vault: self.vault,
            seq: state.seq,
            digest: state.digest.digest(),
            prev: state.head,
            account: self.account,
            device: self.device,
            at: now(),
            made: None,
        };
        let head = SignedVaultHead::sign(&head, &self.keys);
        state.head = head.digest();
        let commit = Commit { revisions, head, idempotency: make_array(&mut Os) };
        Ok(Ask::cbor(&format!("/v1/vaults/{}/commits", self.vault), &self.token, cbor::to_vec(&commit)))
    }

    /// The vault's sequence as far as this side knows.
    pub(crate) fn seq(&self) -> u64 {
        self.state.lock().map_or(0, |state| state.seq)
    }

    /// A sync request of a client that has the vault up to `seq`; `None` has nothing at all.
    pub(crate) fn sync(&self, seq: Option<u64>) -> Ask {
        let have = seq.map_or_else(wire::sync::Have::default, |seq| wire::sync::Have {
            events: 1,
            record: 1,
            vaults: vec![wire::sync::HaveVault { vault: self.vault, seq }],
        });
        Ask::cbor("/v1/sync", &self.token, cbor::to_vec(&have))
    }
}

async fn ask<T: serde::de::DeserializeOwned>(connection: &mut Connection, path: &str, body: &impl serde::Serialize) -> Result<T> {
    Ok(serde_json::from_slice(&connection.post(&Ask::json(path, None, body)?).await?)?)
}
