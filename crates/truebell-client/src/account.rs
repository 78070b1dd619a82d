//! What a person changes about their account: each is an act, signed here and recorded by the server as an event.

use super::enrol::KitData;
use super::replica::rows;
use super::session::Wire;
use super::{Client, Error, Hold, Online, ReplicaError};
use std::time::Duration;
use truebell_core::account::Unlocked;
use truebell_core::address::Address;
use truebell_core::derive::{PASSWORD_LEN_MAX, Root, derive_root_from_stretched, derive_stretched};
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::opaque::{OpaqueError, Registration, SignIn};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::time::UnixMillis;
use truebell_core::totp::{self, Totp};
use truebell_core::wire::account::{
    AddSecondFactor, ChangeAddress, CredentialsFinish, CredentialsStart, CredentialsStarted, Deletion, RemoveSecondFactor,
};
use truebell_engine::sync::Why;

/// How long a person has to change their mind about deleting the account; what servers do unless told otherwise.
const DELETION_GRACE: Duration = Duration::from_hours(14 * 24);

/// Old and new roots of a credential change.
struct Change {
    old: Root,
    new: Root,
    what: What,
}

impl Client {
    /// A kit for the account as it is now.
    pub fn kit(&self) -> Result<KitData, Error> {
        Ok(KitData {
            server: self.device.server.clone(),
            fingerprint: self.device.pinned.key.fingerprint(),
            email: self.status()?.email,
            account: self.device.trust.account,
            secret_key: self.secret_key()?,
            epoch: self.opened_epoch,
            made: self.world.clock.now(),
        })
    }

    /// The Secret Key, which a person's device has.
    fn secret_key(&self) -> Result<SecretKey, Error> {
        self.secret_key.clone().ok_or(Error::MachineOnlyReads)
    }

    /// Writes down which Secret Key a rotation that was sent is to bring, or that none is.
    fn announce_secret_key(&mut self, next: Option<&SecretKey>) -> Result<(), Error> {
        self.device.next_secret_key = next.map(SecretKey::to_text);
        Ok(self.profile.save(&self.device)?)
    }

    /// Whether the secrets are those this device was unlocked with: checked here, before anything is sent.
    fn check_opens(&self, root: &Root) -> Result<(), Error> {
        let account = self.device.trust.account;
        let opens = |row: &rows::KeysetRow| Unlocked::open(account, row.epoch, root, &row.sealed).is_ok();
        let found = rows::keysets(self.replica.read())?.iter().any(opens);
        if found { Ok(()) } else { Err(Error::WrongPassword) }
    }

    /// From now on the new details open the account here, and the old ones do not.
    fn keep_keyset(&mut self, epoch: u64, keyset: &[u8]) -> Result<(), ReplicaError> {
        let tx = self.replica.begin()?;
        rows::put_keyset(&tx, epoch, keyset)?;
        if let Some(newest) = rows::keysets(&tx)?.first() {
            rows::drop_keysets_before(&tx, newest.place)?;
        }
        tx.commit()?;
        self.opened_epoch = epoch;
        Ok(())
    }

    /// A new `otpauth://` URI to show as a QR code; nothing is stored until a code proves it.
    pub fn make_second_factor(&mut self) -> Result<Secret, Error> {
        let email = self.status()?.email;
        let secret = totp::make_secret(self.world.chance.as_mut());
        let totp = Totp::new(secret, "Truebell", &email).map_err(|error| Error::Input(error.to_string()))?;
        Ok(totp.to_uri())
    }
}

impl<H: Hold> Online<H> {
    /// Changes the account password. Devices and sessions stay.
    pub fn change_password(&self, current: &Secret, new: &Secret) -> Result<(), Error> {
        check_password(new)?;
        let (account, secret_key) = self.with(|client| Ok::<_, Error>((client.device.trust.account, client.secret_key()?)))?;
        let root = |password| derive_root_from_stretched(&derive_stretched(password, account), &secret_key, account);
        let change = Change { old: root(current), new: root(new), what: What::PasswordChanged {} };
        self.with(|client| client.check_opens(&change.old))?;
        self.change_credentials(&change)
    }

    /// Replaces the Secret Key; older kits open the account no longer.
    pub fn rotate_secret_key(&self, password: &Secret) -> Result<KitData, Error> {
        let (account, old, new) = self.with(|client| {
            let new = SecretKey::make_random(client.world.chance.as_mut());
            Ok::<_, Error>((client.device.trust.account, client.secret_key()?, new))
        })?;
        let stretched = derive_stretched(password, account);
        let root = |secret_key| derive_root_from_stretched(&stretched, secret_key, account);
        let change = Change { old: root(&old), new: root(&new), what: What::SecretKeyRotated {} };
        self.with(|client| client.check_opens(&change.old))?;
        // On the disk before the server hears of it: an answer that is lost must not lose the key.
        self.with(|client| client.announce_secret_key(Some(&new)))?;
        if let Err(error) = self.change_credentials(&change) {
            if matches!(error, Error::Server(Why::Refused { .. }) | Error::WrongDetails) {
                self.with(|client| client.announce_secret_key(None))?;
            }
            return Err(error);
        }
        self.with(|client| {
            client.device.secret_key = new.to_text();
            client.secret_key = Some(new);
            client.announce_secret_key(None)?;
            client.kit()
        })
    }

    fn change_credentials(&self, change: &Change) -> Result<(), Error> {
        match self.try_change(change) {
            Err(Error::Server(Why::Refused { reason: Reason::ChainMoved, .. })) => {
                self.catch_up()?;
                self.try_change(change)
            }
            done => done,
        }
    }

    fn try_change(&self, change: &Change) -> Result<(), Error> {
        let malformed = |_| Error::Answer("the sign-in message cannot be read");
        let (sign_in, ke1, registration, request) = self.with(|client| {
            let chance = client.world.chance.as_mut();
            let (sign_in, ke1) = SignIn::start(change.old.derive_opaque_password(), chance).map_err(malformed)?;
            let (registration, request) = Registration::start(change.new.derive_opaque_password(), chance).map_err(malformed)?;
            Ok::<_, Error>((sign_in, ke1, registration, request))
        })?;
        let start = CredentialsStart { ke1: ke1.into(), opaque: request.into() };
        let started: CredentialsStarted = self.json("/v1/account/credentials/start", &start)?;
        let (finish, epoch) = self.with(|client| {
            let (server, account) = (client.device.trust.server, client.device.trust.account);
            let chance = client.world.chance.as_mut();
            let ke3 = sign_in.finish(server, account, &started.ke2, chance).map_err(|error| match error {
                OpaqueError::WrongCredentials => Error::WrongDetails,
                OpaqueError::Malformed => malformed(error),
            })?;
            let record = registration.finish(server, account, &started.opaque, chance).map_err(malformed)?;
            let epoch = client.local.chain.epoch + 1;
            let keyset = client.keys.seal_keyset(epoch, &change.new, client.world.chance.as_mut());
            let act = client.make_act(change.what.clone()).sign(&client.keys)?;
            let (state, keyset) = (started.state.clone(), keyset.into());
            Ok::<_, Error>((CredentialsFinish { state, ke3: ke3.into(), opaque: record.into(), keyset, act }, epoch))
        })?;
        self.post_act("/v1/account/credentials/finish", &finish)?;
        self.with(|client| client.keep_keyset(epoch, &finish.keyset).map_err(Error::from))
    }

    /// Changes the mail address.
    pub fn change_address(&self, email: &str) -> Result<(), Error> {
        let to = Address::parse(email).map_err(|error| Error::Input(error.to_string()))?;
        self.catch_up()?;
        let from = self.with(|client| Address::parse(&client.status()?.email).map_err(|error| Error::Input(error.to_string())))?;
        let what = What::AddressChanged { from_masked: from.masked(), to_masked: to.masked() };
        self.act("/v1/account/address", &what, |act| ChangeAddress { email: to.as_str().to_owned(), act })?;
        self.with(|client| {
            client.device.email = to.as_str().to_owned();
            client.profile.save(&client.device).map_err(Error::from)
        })?;
        self.sync().map(drop)
    }

    /// Asks for the account's deletion; returns when it is due.
    pub fn schedule_deletion(&self) -> Result<UnixMillis, Error> {
        let due = self.with(|client| Ok::<_, Error>(client.world.clock.now() + DELETION_GRACE))?;
        self.act("/v1/account/deletion", &What::DeletionScheduled { due }, |act| Deletion { act })?;
        self.sync()?;
        Ok(due)
    }

    /// Cancels it.
    pub fn cancel_deletion(&self) -> Result<(), Error> {
        self.act("/v1/account/keep", &What::DeletionCancelled {}, |act| Deletion { act })?;
        self.sync().map(drop)
    }

    /// Adds it, proven by a code.
    pub fn add_second_factor(&self, uri: &Secret, code: &str) -> Result<(), Error> {
        let what = What::SecondFactorAdded { kind: "totp".into() };
        self.act("/v1/account/second-factors", &what, |act| AddSecondFactor { totp_uri: uri.clone(), code: code.to_owned(), act })?;
        self.sync().map(drop)
    }

    /// Removes it, proven by a code.
    pub fn remove_second_factor(&self, code: &str) -> Result<(), Error> {
        let what = What::SecondFactorRemoved { kind: "totp".into() };
        self.act("/v1/account/second-factors/remove", &what, |act| RemoveSecondFactor { code: code.to_owned(), act })?;
        self.sync().map(drop)
    }
}

/// A password that may be chosen: something, and not a file pasted by mistake. How good it is, is said elsewhere.
pub(super) fn check_password(password: &Secret) -> Result<(), Error> {
    match password.expose().len() {
        0 => Err(Error::Input("an account password has at least one letter: type one".into())),
        len if len > PASSWORD_LEN_MAX => Err(Error::Input("this password is longer than 1024 bytes: was a file pasted by mistake?".into())),
        _ => Ok(()),
    }
}
