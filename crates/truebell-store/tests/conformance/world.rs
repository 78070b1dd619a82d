//! People, devices, vaults and commits for the cases: plain bytes where a store only carries them, and ids that count.

use std::sync::Arc;
use truebell_core::event::{Act, Chain, CheckCode, Countersigned, Made, What};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, AttachmentId, DeviceId, EventId, ItemId, MailId, SessionId, VaultId};
use truebell_core::sign::{PublicKey, Signature};
use truebell_core::time::UnixMillis;
use truebell_core::vault::{Kind, Revision, SignedVaultHead};
use truebell_store::Store;
use truebell_store::rows::{
    Change, Committed, EnrolmentStarted, NewAccount, NewChunk, NewCommit, NewDevice, NewEnrolment, NewMail, NewSession, NewVault, Recorded,
    Recording, SignedUp,
};

/// The store of a case.
pub(crate) type Shared = Arc<dyn Store>;

/// A moment of the cases' clock.
pub(crate) fn at(millis: u64) -> UnixMillis {
    UnixMillis(millis)
}

/// The n-th digest.
pub(crate) fn digest(n: u64) -> Hash32 {
    Hash32::derive_plain(&n.to_be_bytes())
}

/// The n-th id's bytes: scattered, as random ones are.
fn id(n: u64) -> [u8; 16] {
    digest(n).0[..16].try_into().expect("sixteen of 32 bytes")
}

/// Counts up.
#[derive(Debug, Default)]
pub(crate) struct World {
    made: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(crate) fn digest(&mut self) -> Hash32 {
        digest(self.number())
    }

    pub(crate) fn item(&mut self) -> ItemId {
        ItemId(id(self.number()))
    }

    pub(crate) fn attachment(&mut self) -> AttachmentId {
        AttachmentId(id(self.number()))
    }

    pub(crate) fn device(&mut self) -> NewDevice {
        let n = self.number();
        NewDevice {
            device: DeviceId(id(n)),
            key: PublicKey(digest(n).0),
            name: format!("Gerät {n} 🔑"),
            platform: "linux command line".into(),
            enrolled: at(n),
        }
    }

    pub(crate) fn session(&mut self, device: DeviceId) -> NewSession {
        let n = self.number();
        NewSession { session: SessionId(id(n)), device, token: digest(n), opened: at(n), expires: at(1_000_000) }
    }

    pub(crate) fn vault(&mut self) -> NewVault {
        let n = self.number();
        NewVault { vault: VaultId(id(n)), key: vec![1; 40], name: vec![2; 40], head: self.head() }
    }

    pub(crate) fn head(&mut self) -> SignedVaultHead {
        let n = self.number();
        SignedVaultHead { head: digest(n).0.to_vec(), signature: Signature([n.to_be_bytes()[7]; 64]) }
    }

    pub(crate) fn mail(&mut self, event: &Countersigned) -> NewMail {
        self.mail_about(event.id)
    }

    pub(crate) fn mail_about(&mut self, event: EventId) -> NewMail {
        let n = self.number();
        NewMail {
            mail: MailId(id(n)),
            event,
            to: format!("person-{n}@example.org"),
            template: "notice".into(),
            values: r#"{"code":"x"}"#.into(),
            queued: at(n),
        }
    }

    /// A person who signed up nowhere yet.
    pub(crate) fn person(&mut self) -> Person {
        let n = self.number();
        let device = self.device();
        let session = self.session(device.device);
        let vault = Vault::new(self.vault());
        let account = AccountId(id(n));
        Person { account, email: format!("Person{n}@Example.org"), device, session, vault, chain: Chain::default(), opaque: vec![3; 60] }
    }

    /// A person with an account.
    pub(crate) async fn signed_up(&mut self, store: &Shared) -> Person {
        let mut person = self.person();
        let new = self.sign_up(&mut person);
        assert_eq!(store.sign_up(new).await, Ok(SignedUp::Created));
        person
    }

    /// A person's sign-up, with one mail; their chain is after it.
    pub(crate) fn sign_up(&mut self, person: &mut Person) -> NewAccount {
        let event = self.event(person, What::AccountCreated { device_key: person.device.key });
        person.follow(&event);
        NewAccount {
            account: person.account,
            email: person.email.clone(),
            email_key: person.email.to_lowercase(),
            signing: PublicKey(digest(u64::MAX).0),
            kem: vec![4; 1216],
            opaque: person.opaque.clone(),
            keyset: vec![5; 120],
            vault: person.vault.new.clone(),
            device: person.device.clone(),
            session: person.session.clone(),
            mails: vec![self.mail(&event)],
            event,
            invitation: None,
        }
    }

    /// The next event of a person's chain.
    pub(crate) fn event(&mut self, person: &Person, what: What) -> Countersigned {
        let n = self.number();
        let first = person.chain.seq == 0;
        let act = Act {
            account: person.account,
            device: person.device.device,
            device_name: person.device.name.clone(),
            seq: person.chain.seq + 1,
            prev: person.chain.digest,
            epoch: person.chain.epoch + u64::from(first || what.raises_epoch()),
            at: at(n),
            what,
        };
        let code = format!("{:010}", n % 10_000_000_000);
        Countersigned::of_a_test(Made {
            id: EventId(id(n)),
            set: format!("set {n}"),
            digest: digest(n),
            code: CheckCode::parse(&code).expect("a code"),
            act,
        })
    }

    /// A recording of the next event, with one mail.
    pub(crate) fn recording(&mut self, person: &Person, what: What, change: Change) -> Recording {
        let event = self.event(person, what);
        let mails = vec![self.mail(&event)];
        Recording { account: person.account, event, change, mails, at: at(self.number()) }
    }

    /// Records a change that must go through.
    pub(crate) async fn done(&mut self, store: &Shared, person: &mut Person, what: What, change: Change) -> Recording {
        let recording = self.recording(person, what, change);
        assert_eq!(store.record(recording.clone()).await, Ok(Recorded::Done));
        person.follow(&recording.event);
        recording
    }

    /// An enrolment for a person's current credentials.
    pub(crate) fn enrolment(&mut self, person: &Person) -> NewEnrolment {
        NewEnrolment {
            token: self.digest(),
            account: person.account,
            sign_in: self.digest(),
            epoch: person.chain.epoch,
            totp_step: None,
            expires: at(1_000_000),
        }
    }

    /// The recording that enrols a new device, with its enrolment started.
    pub(crate) async fn enrol(&mut self, store: &Shared, person: &Person) -> (Recording, NewDevice, NewSession) {
        let enrolment = self.enrolment(person);
        assert_eq!(store.start_enrolment(enrolment.clone()).await, Ok(EnrolmentStarted::Started));
        let device = self.device();
        let session = self.session(device.device);
        let what = What::DeviceEnrolled { enrolled: device.device, device_key: device.key, platform: device.platform.clone() };
        let change = Change::Enrol { enrolment: enrolment.token, device: device.clone(), session: session.clone() };
        (self.recording(person, what, change), device, session)
    }

    pub(crate) fn credentials(&mut self) -> Change {
        let n = self.number();
        Change::Credentials { opaque: digest(n).0.to_vec(), keyset: digest(n).0.to_vec(), sign_in: self.digest() }
    }

    /// The first revision of an item.
    pub(crate) fn first(&mut self, item: ItemId) -> Revision {
        let n = self.number();
        let (overview, detail) = (digest(n).0.to_vec(), digest(n).0.repeat(3));
        Revision { item, number: 1, prev: Hash32::default(), kind: Kind::Live, overview, detail }
    }

    /// The first revision of a new item.
    pub(crate) fn new_item(&mut self) -> Revision {
        let item = self.item();
        self.first(item)
    }

    /// The revision after another one.
    pub(crate) fn next(&mut self, before: &Revision, vault: &Vault) -> Revision {
        Revision { number: before.number + 1, prev: before.digest(vault.new.vault), ..self.first(before.item) }
    }

    /// The tombstone after a revision.
    pub(crate) fn tombstone(&mut self, before: &Revision, vault: &Vault) -> Revision {
        Revision { kind: Kind::Tombstone, overview: Vec::new(), detail: Vec::new(), ..self.next(before, vault) }
    }

    /// The next commit to a person's vault.
    pub(crate) fn commit(&mut self, person: &Person, revisions: Vec<Revision>) -> NewCommit {
        let head = self.head();
        NewCommit {
            account: person.account,
            vault: person.vault.new.vault,
            seq: person.vault.seq + 1,
            prev: person.vault.digest,
            head_digest: head.digest(),
            head,
            revisions,
            idempotency: id(self.number()),
            at: at(self.number()),
        }
    }

    /// Commits what must go through.
    pub(crate) async fn committed(&mut self, store: &Shared, person: &mut Person, revisions: Vec<Revision>) -> NewCommit {
        let commit = self.commit(person, revisions);
        assert_eq!(store.commit(commit.clone()).await, Ok(Committed::Done));
        person.vault.follow(&commit);
        commit
    }

    pub(crate) fn chunk(&mut self, person: &Person, attachment: AttachmentId, index: u64, len: usize) -> NewChunk {
        let sealed = vec![self.number().to_be_bytes()[7]; len];
        NewChunk { account: person.account, vault: person.vault.new.vault, attachment, index, sealed, at: at(self.number()) }
    }
}

/// A person, their first device, and where their account stands.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) email: String,
    pub(crate) device: NewDevice,
    pub(crate) session: NewSession,
    pub(crate) vault: Vault,
    pub(crate) chain: Chain,
    pub(crate) opaque: Vec<u8>,
}

impl Person {
    /// Their chain after an event.
    pub(crate) fn follow(&mut self, event: &Countersigned) {
        self.chain = Chain { seq: event.act.seq, digest: event.digest, epoch: event.act.epoch };
    }
}

/// A vault and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    pub(crate) new: NewVault,
    pub(crate) seq: u64,
    pub(crate) digest: Hash32,
    pub(crate) head: SignedVaultHead,
}

impl Vault {
    pub(crate) fn new(new: NewVault) -> Self {
        Self { seq: 0, digest: new.head.digest(), head: new.head.clone(), new }
    }

    /// The vault after a commit.
    pub(crate) fn follow(&mut self, commit: &NewCommit) {
        (self.seq, self.digest, self.head) = (commit.seq, commit.head_digest, commit.head.clone());
    }
}
