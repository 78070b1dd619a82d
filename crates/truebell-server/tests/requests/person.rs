//! Somebody with an account: real keys, real OPAQUE, real signatures. Only Argon2id is left out (its output is given), for speed.

use super::world::{Ask, Reply, World};
use std::cell::RefCell;
use truebell_core::account::Unlocked;
use truebell_core::derive::{Root, derive_root_from_stretched};
use truebell_core::event::{Act, Chain, What, inner_act};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, ItemId, VaultId};
use truebell_core::opaque::{Registration, SignIn};
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::{Purpose, SigningKey};
use truebell_core::testing::Seeded;
use truebell_core::vault::{Commit, Kind, Revision, SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire::account::{CredentialsFinish, CredentialsStart, CredentialsStarted, Recorded};
use truebell_core::wire::device::{Enrol, Enrolled, NewDevice};
use truebell_core::wire::sync::{Frame, Have, HaveVault, take_frame};
use truebell_core::wire::vault::NewVault;
use truebell_core::wire::{sign_in, sign_up};
use zeroize::Zeroizing;

/// A device with its own key and session.
pub(crate) struct Device {
    pub new: NewDevice,
    pub key: SigningKey,
    pub token: String,
}

impl Device {
    pub(crate) fn make(name: &str, chance: &mut Seeded) -> Self {
        let key = SigningKey::make_random(chance);
        let device = DeviceId::make_random(chance);
        let new = NewDevice { device, key: key.public(), name: name.into(), platform: "linux command line".into() };
        Self { new, key, token: String::new() }
    }
}

/// One person, as their devices know them.
pub(crate) struct Person {
    pub account: AccountId,
    pub keys: Unlocked,
    pub laptop: Device,
    pub vault: VaultId,
    /// The password, as stretched.
    pub password: [u8; 32],
    pub secret_key: SecretKey,
    pub chain: Chain,
    pub digest: VaultDigest,
    pub head: SignedVaultHead,
    pub sign_up: sign_up::Finish,
    pub chance: RefCell<Seeded>,
}

/// A sign-up that has not happened yet.
pub(crate) fn prepare(world: &World, name: &str, seed: u64) -> (Person, sign_up::Start, Registration) {
    let mut chance = Seeded::new(seed);
    let account = AccountId::make_random(&mut chance);
    let mut keys = Unlocked::make_account(account, &mut chance);
    let laptop = Device::make("laptop", &mut chance);
    let secret_key = SecretKey::make_random(&mut chance);
    let (vault, key) = keys.make_vault(&mut chance);
    let password = [u8::try_from(seed % 256).unwrap(); 32];
    let head = VaultHead {
        vault,
        seq: 0,
        digest: VaultDigest::default().digest(),
        prev: Hash32::default(),
        account,
        device: laptop.new.device,
        at: world.now(),
        made: Some(world.now()),
    };
    let head = SignedVaultHead::sign(&head, &keys);
    let name_sealed = keys.seal_vault_name(vault, 1, "Personal", &mut chance).unwrap();
    let root = derive_root_from_stretched(&Zeroizing::new(password), &secret_key, account);
    let (registration, request) = Registration::start(root.derive_opaque_password(), &mut chance).unwrap();
    let email = format!("{name}@example.org");
    let start = sign_up::Start { email: email.clone(), account, invitation: None, opaque: request.into() };
    let what = What::AccountCreated { device_key: laptop.new.key };
    let mut person = Person {
        account,
        laptop,
        vault,
        password,
        secret_key,
        chain: Chain::default(),
        digest: VaultDigest::default(),
        head: head.clone(),
        sign_up: sign_up::Finish {
            email,
            invitation: None,
            public: keys.public(),
            opaque: Vec::new().into(),
            keyset: keys.seal_keyset(1, &root, &mut chance).into(),
            vault: NewVault { vault, key: key.into(), name: name_sealed.into(), head: truebell_core::cbor::to_vec(&head).into() },
            device: NewDevice {
                device: DeviceId([0; 16]),
                key: SigningKey::from_seed(&[1; 32]).public(),
                name: String::new(),
                platform: String::new(),
            },
            act: String::new(),
        },
        keys,
        chance: RefCell::new(chance),
    };
    person.sign_up.device = person.laptop.new.clone();
    person.sign_up.act = person.act(world, what).sign(&person.keys).unwrap();
    (person, start, registration)
}

impl Person {
    /// Signs somebody up.
    pub(crate) async fn sign_up(world: &World, name: &str, seed: u64) -> Self {
        let (mut person, start, registration) = prepare(world, name, seed);
        let started: sign_up::Started = world.post("/v1/sign-up/start", &start).send().await.json();
        person.register(world, registration, &started);
        let done: sign_up::Finished = world.post("/v1/sign-up/finish", &person.sign_up).send().await.json();
        person.laptop.token = done.session.token.expose().to_owned();
        person.catch_up(world).await;
        person
    }

    /// Takes in the answer to the first message of a sign-up.
    pub(crate) fn register(&mut self, world: &World, registration: Registration, started: &sign_up::Started) {
        let chance = &mut *self.chance.borrow_mut();
        let upload = registration.finish(world.identity.server, self.account, &started.opaque, chance).unwrap();
        self.sign_up.opaque = upload.into();
    }

    pub(crate) fn root(&self) -> Root {
        derive_root_from_stretched(&Zeroizing::new(self.password), &self.secret_key, self.account)
    }

    /// What this laptop would sign next.
    pub(crate) fn act(&self, world: &World, what: What) -> Act {
        self.act_on(&self.laptop, world, what)
    }

    /// What a device would sign next.
    pub(crate) fn act_on(&self, device: &Device, world: &World, what: What) -> Act {
        Act {
            account: self.account,
            device: device.new.device,
            device_name: device.new.name.clone(),
            seq: self.chain.seq + 1,
            prev: self.chain.digest,
            epoch: self.chain.epoch + u64::from(what.raises_epoch() || self.chain.seq == 0),
            at: world.now(),
            what,
        }
    }

    /// The same, signed.
    pub(crate) fn signed(&self, world: &World, what: What) -> String {
        self.act(world, what).sign(&self.keys).unwrap()
    }

    /// A request of the laptop's.
    pub(crate) fn post<'a>(&self, world: &'a World, path: &str, body: &impl serde::Serialize) -> Ask<'a> {
        world.post(path, body).token(&self.laptop.token)
    }

    /// Takes in an event this person's act became.
    pub(crate) fn recorded(&mut self, reply: &Reply) {
        let event = reply.json::<Recorded>().event;
        let act = self.read_act(&event);
        self.chain = Chain { seq: act.seq, digest: Hash32::derive_plain(event.as_bytes()), epoch: act.epoch };
    }

    fn read_act(&self, set: &str) -> Act {
        truebell_core::event::read_act(&inner_act(set).unwrap(), self.account, &self.keys.public().signing).unwrap()
    }

    /// Syncs the chain.
    pub(crate) async fn catch_up(&mut self, world: &World) {
        let have = Have { events: self.chain.seq, ..Have::default() };
        for frame in frames(&world.post_cbor("/v1/sync", &have).token(&self.laptop.token).send().await) {
            if let Frame::Event(set) = frame {
                let act = self.read_act(&set);
                self.chain = Chain { seq: act.seq, digest: Hash32::derive_plain(set.as_bytes()), epoch: act.epoch };
            }
        }
    }

    /// Signs in with a password up to the last message.
    pub(crate) async fn begin_sign_in(&self, world: &World) -> sign_in::Finish {
        let chance = &mut *self.chance.borrow_mut();
        let (client, ke1) = SignIn::start(self.root().derive_opaque_password(), chance).unwrap();
        let start = sign_in::Start { account: self.account, ke1: ke1.into() };
        let started: sign_in::Started = world.post("/v1/sign-in/start", &start).send().await.json();
        let ke3 = client.finish(world.identity.server, self.account, &started.ke2, chance).unwrap();
        sign_in::Finish { state: started.state, ke3: ke3.into(), totp: None }
    }

    /// Signs in to the end.
    pub(crate) async fn sign_in(&self, world: &World) -> sign_in::Finished {
        let finish = self.begin_sign_in(world).await;
        world.post("/v1/sign-in/finish", &finish).send().await.json()
    }

    /// What enrols a device after a sign-in.
    pub(crate) fn enrolment(&self, world: &World, device: &Device) -> Enrol {
        let new = device.new.clone();
        let what = What::DeviceEnrolled { enrolled: new.device, device_key: new.key, platform: new.platform.clone() };
        Enrol { act: self.act_on(device, world, what).sign(&self.keys).unwrap(), device: new }
    }

    /// Enrols a second device.
    pub(crate) async fn enrol(&mut self, world: &World, name: &str) -> Device {
        let mut device = Device::make(name, &mut self.chance.borrow_mut());
        let finished = self.sign_in(world).await;
        let body = self.enrolment(world, &device);
        let enrolled: Enrolled = world.post("/v1/devices", &body).token(finished.enrolment.expose()).send().await.json();
        device.token = enrolled.session.token.expose().to_owned();
        self.catch_up(world).await;
        device
    }

    /// Opens a session with a device's key, to the last message.
    pub(crate) async fn prove(&self, world: &World, device: &Device) -> sign_in::Prove {
        let challenge = sign_in::Challenge { device: device.new.device };
        let challenged: sign_in::Challenged = world.post("/v1/sessions/challenge", &challenge).send().await.json();
        let signature = device.key.sign(Purpose::DeviceProof, &challenged.challenge);
        sign_in::Prove { device: device.new.device, challenge: challenged.challenge, signature }
    }

    /// What changes the password to a new one, to the last message.
    pub(crate) async fn begin_password_change(&mut self, world: &World, new: [u8; 32]) -> CredentialsFinish {
        let (client, ke1) = SignIn::start(self.root().derive_opaque_password(), &mut *self.chance.borrow_mut()).unwrap();
        let old = std::mem::replace(&mut self.password, new);
        let root = self.root();
        self.password = old;
        let (registration, request) = Registration::start(root.derive_opaque_password(), &mut *self.chance.borrow_mut()).unwrap();
        let start = CredentialsStart { ke1: ke1.into(), opaque: request.into() };
        let started: CredentialsStarted = self.post(world, "/v1/account/credentials/start", &start).send().await.json();
        let chance = &mut *self.chance.borrow_mut();
        let ke3 = client.finish(world.identity.server, self.account, &started.ke2, chance).unwrap();
        let upload = registration.finish(world.identity.server, self.account, &started.opaque, chance).unwrap();
        CredentialsFinish {
            state: started.state,
            ke3: ke3.into(),
            opaque: upload.into(),
            keyset: self.keys.seal_keyset(self.chain.epoch + 1, &root, chance).into(),
            act: self.signed(world, What::PasswordChanged {}),
        }
    }

    /// A revision of an item that follows the last.
    pub(crate) fn revision(&self, item: ItemId, number: u64, prev: Hash32, bytes: usize) -> Revision {
        Revision { item, number, prev, kind: Kind::Live, overview: vec![1; 64], detail: vec![2; bytes] }
    }

    /// A commit of revisions after the last one this person made.
    pub(crate) fn commit(&self, world: &World, revisions: Vec<Revision>) -> Commit {
        let last = self.head.parse_unverified().unwrap();
        let mut digest = self.digest.clone();
        digest.set(revisions.iter().map(|revision| (revision.item, revision.digest(self.vault))));
        let head = VaultHead { seq: last.seq + 1, digest: digest.digest(), prev: self.head.digest(), at: world.now(), ..last };
        let idempotency = truebell_core::chance::make_array(&mut *self.chance.borrow_mut());
        Commit { revisions, head: SignedVaultHead::sign(&head, &self.keys), idempotency }
    }

    /// The path of this person's first vault.
    pub(crate) fn vault_path(&self, rest: &str) -> String {
        format!("/v1/vaults/{}{rest}", self.vault)
    }

    /// Writes revisions.
    pub(crate) async fn write(&mut self, world: &World, revisions: Vec<Revision>) {
        let commit = self.commit(world, revisions);
        let reply = world.post_cbor(&self.vault_path("/commits"), &commit).token(&self.laptop.token).send().await;
        assert_eq!(reply.word(), "ok", "{}", reply.text());
        self.committed(commit);
    }

    /// Takes in a commit that was stored.
    pub(crate) fn committed(&mut self, commit: Commit) {
        let vault = self.vault;
        self.digest.set(commit.revisions.iter().map(|revision| (revision.item, revision.digest(vault))));
        self.head = commit.head;
    }

    /// What a device that has all there is says it has.
    pub(crate) fn have_all(&self, record: u64) -> Have {
        let seq = self.head.parse_unverified().unwrap().seq;
        Have { events: self.chain.seq, record, vaults: vec![HaveVault { vault: self.vault, seq }] }
    }
}

/// The frames of a whole stream.
#[track_caller]
pub(crate) fn frames(reply: &Reply) -> Vec<Frame> {
    assert!(!reply.cut && reply.word() == "ok", "{}", reply.word());
    let mut buffer = reply.body.clone();
    let mut frames = Vec::new();
    while let Some(frame) = take_frame(&mut buffer).unwrap() {
        frames.push(frame);
    }
    assert!(buffer.is_empty());
    assert_eq!(frames.pop(), Some(Frame::End));
    frames
}
