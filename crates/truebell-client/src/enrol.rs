//! Sign-up and sign-in: how a device comes to have an account.

use super::account::check_password;
use super::acts::next_act;
use super::exchange::{JSON, Question, ask, ask_stranger};
use super::profile::{Device, ProfileError, seed_text};
use super::replica::{Replica, rows};
use super::said::explain;
use super::unlock::{Opened, assemble, open_sealed};
use super::vaults::first_head;
use super::{Authority, Client, Error, Profile, World};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use truebell_core::account::{AccountPublic, Unlocked};
use truebell_core::address::Address;
use truebell_core::cbor;
use truebell_core::chance::Chance;
use truebell_core::derive::{Root, derive_root, derive_root_from_stretched};
use truebell_core::event::{Chain, Trust, What};
use truebell_core::head::Reason;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::opaque::{OpaqueError, Registration, SignIn as OpaqueSignIn};
use truebell_core::outcome::{Failure, Pinned};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::{Fingerprint, SigningKey};
use truebell_core::time::UnixMillis;
use truebell_core::wire::device::{Enrol, Enrolled, NewDevice};
use truebell_core::wire::server::ServerInfo;
use truebell_core::wire::vault::{NewVault, VaultInfo};
use truebell_core::wire::{sign_in, sign_up};
use truebell_engine::sync::Why;
use zeroize::Zeroizing;

/// What an Emergency Kit holds. The password is not in it.
#[derive(Debug, Clone)]
pub struct KitData {
    /// The server's address.
    pub server: String,
    /// The server's fingerprint, checked before anything is sent.
    pub fingerprint: Fingerprint,
    /// Mail address.
    pub email: String,
    /// The account.
    pub account: AccountId,
    /// The Secret Key.
    pub secret_key: SecretKey,
    /// Credential epoch: a kit of an older epoch opens the account no longer.
    pub epoch: u64,
    /// When it was made.
    pub made: UnixMillis,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The server's address.
    pub server: String,
    /// Its fingerprint, if the person has it.
    pub fingerprint: Option<Fingerprint>,
    /// Mail address.
    pub email: String,
    /// Account password.
    pub password: Secret,
    /// An invitation, where the server wants one.
    pub invitation: Option<String>,
    /// What this device is called.
    pub device_name: String,
    /// What the first vault is called.
    pub vault_name: String,
}

/// An account that exists, on a device that does not have it yet.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The server's address.
    pub server: String,
    /// Its fingerprint: from the kit, or `None` when typed by hand.
    pub fingerprint: Option<Fingerprint>,
    /// Mail address.
    pub email: String,
    /// The Secret Key.
    pub secret_key: SecretKey,
    /// Account password.
    pub password: Secret,
    /// What this device is called.
    pub device_name: String,
}

/// Asked for a code when the account has a second factor; `None` gives up.
pub type SecondFactor<'a> = &'a mut dyn FnMut() -> Option<String>;

/// An unfinished sign-up, kept so that one whose answer was lost can be finished word for word. The account may exist already, and
/// nothing but this file has its Secret Key.
#[derive(Serialize, Deserialize)]
struct Unfinished {
    device: Device,
    finish: sign_up::Finish,
}

const UNFINISHED_FILE: &str = "signup.json";
/// How often an answer that was lost is asked for again at once.
const RESEND_MAX: usize = 2;

/// Who answers at an address, before anything else is sent there. The answer proves that it holds its key; whether it is the server
/// meant, its fingerprint says.
pub fn server_info(server: &str, world: &mut World) -> Result<ServerInfo, Error> {
    meet(&address(server)?, None, world).map(|(info, _)| info)
}

/// The server's address in its one form.
pub(super) fn address(server: &str) -> Result<String, Error> {
    let server = server.trim().trim_end_matches('/');
    let host = |rest: &str| rest.split(['/', ':']).next().unwrap_or_default().to_owned();
    let (secure, rest) = match (server.strip_prefix("https://"), server.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(Error::Input("a server's address begins with https:// (or http:// on this machine)".into())),
    };
    if rest.is_empty() || rest.contains(['?', '#', '@', ' ']) {
        return Err(Error::Input("this is not a server's address: write it as https://vault.example.org".into()));
    }
    let here = matches!(host(rest).as_str(), "localhost" | "127.0.0.1") || rest.starts_with("[::1]");
    if !secure && !here {
        return Err(Error::Input("http:// is for a server on this machine only: write https://".into()));
    }
    Ok(server.to_owned())
}

/// Meets a server: it shows its key, proves that it holds it, and is compared with the fingerprint the person has. Nothing about the
/// account was sent yet.
pub(super) fn meet(server: &str, expected: Option<&Fingerprint>, world: &mut World) -> Result<(ServerInfo, Pinned), Error> {
    let info = Cell::new(None);
    let pin = |body: &[u8]| {
        let found: ServerInfo = serde_json::from_slice(body).ok()?;
        let pinned =
            Pinned { server: found.server, key: found.key, generation: found.generation.clone(), restore_epoch: found.restore_epoch };
        info.set(Some(found));
        Some(pinned)
    };
    let (judgement, pinned) = ask_stranger(world, server, &Question::get("/v1/server"), pin);
    if let Some(why) = Why::of(&judgement.outcome) {
        return Err(Error::Server(why));
    }
    let (info, pinned) = info.take().zip(pinned).ok_or(Error::Answer("it does not say who it is"))?;
    let found = info.key.fingerprint();
    match expected {
        Some(expected) if *expected != found => Err(Error::Fingerprint { expected: expected.0.clone(), found: found.0 }),
        _ => Ok((info, pinned)),
    }
}

/// Where a server's status page is, as it says under its own signature; only where what is asked there stays between the two.
fn status_url(info: &ServerInfo) -> Option<String> {
    info.status_url.as_deref().and_then(|url| address(url).ok())
}

pub(super) fn post<T: serde::de::DeserializeOwned>(
    world: &mut World,
    (server, pinned): (&str, &Pinned),
    token: Option<&Secret>,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Error> {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut sent = 0;
    loop {
        let question = Question { token, ..Question::post(path, JSON, &body) };
        let answer: Result<T, Error> = ask(world, server, pinned, None, &question).json();
        sent += 1;
        match answer {
            Err(Error::Server(Why::Unreachable { failure: Failure::Broken | Failure::Timeout })) if sent <= RESEND_MAX => {}
            Err(Error::Server(Why::Refused { reason: Reason::WrongCredentials, .. })) => return Err(Error::WrongDetails),
            answer => return answer,
        }
    }
}

fn platform() -> String {
    format!("{} command line", std::env::consts::OS)
}

fn malformed(_: OpaqueError) -> Error {
    Error::Answer("the sign-in message cannot be read")
}

/// Makes an account and enrols this device. The profile must be empty. One that was begun here and whose answer was lost is finished.
pub fn sign_up(profile: &Profile, request: &SignUp, mut world: World) -> Result<(Client, KitData), Error> {
    check_password(&request.password)?;
    let email = Address::parse(&request.email).map_err(|error| Error::Input(error.to_string()))?;
    let server = address(&request.server)?;
    let lock = profile.lock()?;
    if profile.device()?.is_some() {
        return Err(ProfileError::Taken(profile.name().to_owned()).into());
    }
    let (info, pinned) = meet(&server, request.fingerprint.as_ref(), &mut world)?;
    let begun = resume(profile, &server, &email, &request.password)?;
    let (unfinished, opened) = match begun {
        Some(begun) => begun,
        None => begin(profile, request, &server, &email, pinned, &mut world)?,
    };
    let Unfinished { mut device, finish } = unfinished;
    device.status_url = status_url(&info);
    device.authority = world.transport.authority().map(Authority::to_pem);
    let finished: Result<sign_up::Finished, Error> =
        post(&mut world, (&device.server, &device.pinned), None, "/v1/sign-up/finish", &finish);
    let finished = match finished {
        Err(error @ Error::Server(Why::Refused { .. })) => {
            // It was not made: nothing of it is needed any more.
            profile.remove_file(UNFINISHED_FILE)?;
            return Err(error);
        }
        finished => finished?,
    };
    device.session = Some(finished.session);
    let mut replica = Replica::open(&profile.replica_file()?)?;
    let tx = replica.begin()?;
    super::replica::enrol(&tx, Chain { seq: 1, ..Chain::default() }, 1, &finish.keyset)?;
    let head = cbor::from_slice(&finish.vault.head).map_err(|_| Error::Answer("the vault made here cannot be read"))?;
    let info = VaultInfo { vault: finish.vault.vault, key: finish.vault.key.0, name_revision: 1, name: finish.vault.name.0, head };
    rows::put_vault(&tx, &info, true)?;
    tx.commit()?;
    profile.save(&device)?;
    profile.remove_file(UNFINISHED_FILE)?;
    let mut client = assemble(profile.clone(), lock, device, replica, opened, world)?;
    client.sync()?;
    let kit = client.kit()?;
    Ok((client, kit))
}

/// A sign-up that was begun here with the same address, server and password.
fn resume(profile: &Profile, server: &str, email: &Address, password: &Secret) -> Result<Option<(Unfinished, Opened)>, Error> {
    let Some(text) = profile.read_file(UNFINISHED_FILE)? else { return Ok(None) };
    let Ok(unfinished) = serde_json::from_slice::<Unfinished>(&text) else { return Ok(None) };
    if unfinished.device.server != server || unfinished.device.email != email.as_str() {
        return Ok(None);
    }
    let opened = open_sealed(&unfinished.device, password, 1, &unfinished.finish.keyset)?;
    Ok(opened.map(|opened| (unfinished, opened)))
}

/// Makes everything an account starts with, and writes it down before the server hears of it.
fn begin(
    profile: &Profile,
    request: &SignUp,
    server: &str,
    email: &Address,
    pinned: Pinned,
    world: &mut World,
) -> Result<(Unfinished, Opened), Error> {
    let chance = world.chance.as_mut();
    let account = AccountId::make_random(chance);
    let secret_key = SecretKey::make_random(chance);
    let root = derive_root(&request.password, &secret_key, account);
    let mut keys = Unlocked::make_account(account, chance);
    let (registration, opaque) = Registration::start(root.derive_opaque_password(), chance).map_err(malformed)?;
    let device = new_device(server, pinned, &keys.public(), email.as_str(), &request.device_name, &secret_key, chance);
    let start = sign_up::Start { email: email.as_str().to_owned(), account, invitation: request.invitation.clone(), opaque: opaque.into() };
    let started: sign_up::Started = post(world, (server, &device.pinned), None, "/v1/sign-up/start", &start)?;
    let chance = world.chance.as_mut();
    let record = registration.finish(device.pinned.server, account, &started.opaque, chance).map_err(malformed)?;
    let keyset = keys.seal_keyset(1, &root, chance);
    let (vault, key) = keys.make_vault(chance);
    let name = keys.seal_vault_name(vault, 1, &request.vault_name, chance)?;
    let now = world.clock.now();
    let head = cbor::to_vec(&first_head(vault, &keys, device.device, (Some(now), now)));
    let device_key = device.signing_key()?.public();
    let act = next_act(&Chain::default(), &device, now, What::AccountCreated { device_key }).sign(&keys)?;
    let finish = sign_up::Finish {
        email: start.email,
        invitation: start.invitation,
        public: keys.public(),
        opaque: record.into(),
        keyset: keyset.into(),
        vault: NewVault { vault, key: key.into(), name: name.into(), head: head.into() },
        device: NewDevice { device: device.device, key: device_key, name: device.device_name.clone(), platform: platform() },
        act,
    };
    let unfinished = Unfinished { device, finish };
    profile.write(UNFINISHED_FILE, &Zeroizing::new(serde_json::to_vec(&unfinished).unwrap_or_default()))?;
    Ok((unfinished, Opened { keys, secret_key: Some(secret_key), newest: true, place: 0, epoch: 1 }))
}

fn new_device(
    server: &str,
    pinned: Pinned,
    public: &AccountPublic,
    email: &str,
    device_name: &str,
    secret_key: &SecretKey,
    chance: &mut dyn Chance,
) -> Device {
    let trust = Trust { server: pinned.server, server_key: pinned.key, account: public.account, account_key: public.signing };
    Device {
        format: Device::FORMAT,
        server: server.to_owned(),
        pinned,
        trust,
        email: email.to_owned(),
        device: DeviceId::make_random(chance),
        device_name: device_name.to_owned(),
        device_seed: seed_text(&SigningKey::make_random(chance)),
        secret_key: secret_key.to_text(),
        next_secret_key: None,
        status_url: None,
        authority: None,
        session: None,
    }
}

/// What a sign-in with password and Secret Key gives: the opened account, and a token to enrol with.
pub(super) struct Authenticated {
    pub keys: Unlocked,
    pub finished: sign_in::Finished,
}

/// Signs in with password and Secret Key, enrolling nothing.
pub(super) fn authenticate(
    world: &mut World,
    (server, pinned): (&str, &Pinned),
    email: &str,
    root: &dyn Fn(AccountId) -> Root,
    second_factor: SecondFactor<'_>,
) -> Result<Authenticated, Error> {
    let to = (server, pinned);
    let email = Address::parse(email).map_err(|error| Error::Input(error.to_string()))?;
    let lookup = sign_in::Lookup { email: email.as_str().to_owned() };
    let sign_in::Looked { account } = post(world, to, None, "/v1/sign-in/lookup", &lookup)?;
    let root = root(account);
    let (opaque, ke1) = OpaqueSignIn::start(root.derive_opaque_password(), world.chance.as_mut()).map_err(malformed)?;
    let started: sign_in::Started = post(world, to, None, "/v1/sign-in/start", &sign_in::Start { account, ke1: ke1.into() })?;
    let ke3 = opaque.finish(pinned.server, account, &started.ke2, world.chance.as_mut()).map_err(|error| match error {
        OpaqueError::WrongCredentials => Error::WrongDetails,
        OpaqueError::Malformed => malformed(error),
    })?;
    let mut finish = sign_in::Finish { state: started.state, ke3: ke3.into(), totp: None };
    let finished: sign_in::Finished = loop {
        match post(world, to, None, "/v1/sign-in/finish", &finish) {
            Err(Error::Server(Why::Refused { reason: Reason::SecondFactorNeeded, .. })) if finish.totp.is_none() => {
                finish.totp = Some(second_factor().ok_or(Error::SecondFactorNeeded)?);
            }
            finished => break finished?,
        }
    };
    let keys = Unlocked::open(account, finished.chain.epoch, &root, &finished.keyset)
        .map_err(|_| Error::Answer("the keys it keeps for this account do not open with these details"))?;
    // The keyset is sealed under both secrets: its public halves are the account's, whatever the server says they are.
    if keys.public() != finished.public {
        return Err(Error::Answer("it names other public keys than the account's own"));
    }
    Ok(Authenticated { keys, finished })
}

/// Enrols this device to an account. The profile must be empty, or of the same account (a device the server no longer knows): then
/// what is in it, unsynced edits too, stays.
pub fn sign_in(profile: &Profile, request: &SignIn, world: World, second_factor: SecondFactor<'_>) -> Result<Client, Error> {
    let root = |account| derive_root(&request.password, &request.secret_key, account);
    enrol(profile, request, world, second_factor, &root)
}

/// Trusts a certificate authority from now on, beside the built-in ones and instead of the one this profile had. Takes effect where the
/// account is unlocked next.
pub fn trust(profile: &Profile, authority: &Authority) -> Result<(), Error> {
    let _lock = profile.lock()?;
    let mut device = profile.enrolled()?;
    device.authority = Some(authority.to_pem());
    Ok(profile.save(&device)?)
}

/// The same with the password stretched before ([`truebell_core::derive::derive_stretched`]): for whoever enrols several devices of one
/// account, and would do the slow half again for each. The request's password is not looked at.
pub fn sign_in_stretched(profile: &Profile, request: &SignIn, stretched: &Zeroizing<[u8; 32]>, world: World) -> Result<Client, Error> {
    let root = |account| derive_root_from_stretched(stretched, &request.secret_key, account);
    enrol(profile, request, world, &mut || None, &root)
}

fn enrol(
    profile: &Profile,
    request: &SignIn,
    mut world: World,
    second_factor: SecondFactor<'_>,
    root: &dyn Fn(AccountId) -> Root,
) -> Result<Client, Error> {
    let server = address(&request.server)?;
    let lock = profile.lock()?;
    let before = profile.device()?;
    let taken = || Error::from(ProfileError::Taken(profile.name().to_owned()));
    let (info, mut pinned) = match (meet(&server, request.fingerprint.as_ref(), &mut world), &before) {
        (Err(error), Some(before)) => return Err(explain(error, &mut world, (&server, before.status_url.as_deref()), &before.pinned)),
        (met, _) => met?,
    };
    let page = status_url(&info);
    if let Some(before) = &before {
        if before.pinned.key != pinned.key {
            return Err(taken());
        }
        // What was last seen stays known: a restore since then is noticed by the next sync.
        pinned = before.pinned.clone();
    }
    let to = (server.as_str(), &pinned);
    let authenticated = authenticate(&mut world, to, &request.email, root, second_factor);
    let Authenticated { keys, finished } =
        authenticated.map_err(|error| explain(error, &mut world, (&server, page.as_deref()), &pinned))?;
    let public = keys.public();
    if before.is_some_and(|before| before.trust.account != public.account || before.trust.account_key != public.signing) {
        return Err(taken());
    }
    let chance = world.chance.as_mut();
    let mut device = new_device(&server, pinned, &public, &finished.email, &request.device_name, &request.secret_key, chance);
    device.status_url = page;
    device.authority = world.transport.authority().map(Authority::to_pem);
    let device_key = device.signing_key()?.public();
    let what = What::DeviceEnrolled { enrolled: device.device, device_key, platform: platform() };
    let act = next_act(&finished.chain, &device, world.clock.now(), what).sign(&keys)?;
    let new = NewDevice { device: device.device, key: device_key, name: device.device_name.clone(), platform: platform() };
    let to = (device.server.as_str(), &device.pinned);
    let enrolled: Enrolled = post(&mut world, to, Some(&finished.enrolment), "/v1/devices", &Enrol { device: new, act })?;
    device.session = Some(enrolled.session);
    let mut replica = Replica::open(&profile.replica_file()?)?;
    let tx = replica.begin()?;
    let epoch = finished.chain.epoch;
    let seen = Chain { seq: finished.chain.seq.saturating_add(1), ..finished.chain };
    super::replica::enrol(&tx, seen, epoch, &finished.keyset)?;
    tx.commit()?;
    profile.save(&device)?;
    let opened = Opened { keys, secret_key: Some(request.secret_key.clone()), newest: true, place: 0, epoch };
    let mut client = assemble(profile.clone(), lock, device, replica, opened, world)?;
    client.sync()?;
    Ok(client)
}
