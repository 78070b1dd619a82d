//! The machine token: one text that lets a program read the vaults it was given, and do nothing else (`docs/formats/machine.md`).
//!
//! `token → secret → device id, device key, wrapping key → vault keys → items`
//!
//! Never here: a key of the account. What this reads cannot sign for it.

use crate::account::Unlocked;
use crate::chance::{Chance, make_array};
use crate::derive::expand;
use crate::hash::Hash32;
use crate::ids::{AccountId, DeviceId};
use crate::seal::SealKey;
use crate::secret::Secret;
use crate::sign::{PublicKey, SigningKey};
use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What every token begins with, the version and the dash behind it left out.
const PREFIX: &str = "tbm";
/// The one version there is.
const VERSION: &str = "1";
const CHECK_LEN: usize = 4;
/// Most letters that are read.
pub const TOKEN_LEN_MAX: usize = 2048;
/// What a machine says it is, in a list of devices.
pub const PLATFORM: &str = "machine";

/// Why a text is no machine token. Never says what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Something else altogether.
    #[error("this is not a machine token: one begins with tbm1-, and `truebell machine create` makes one")]
    NotAToken,
    /// A later version's.
    #[error("this machine token is of another version of Truebell: update this one")]
    Version,
    /// Letters are missing, wrong or too many.
    #[error("this machine token was cut or mistyped: copy it again, all of it")]
    Damaged,
}

/// What a token says.
#[derive(Encode, Decode)]
struct Body {
    #[n(0)]
    server: String,
    #[n(1)]
    server_key: PublicKey,
    #[n(2)]
    account: AccountId,
    #[n(3)]
    account_key: PublicKey,
    #[cbor(n(4), with = "minicbor::bytes")]
    secret: [u8; 32],
}

/// All a machine has.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineToken {
    /// The server's address.
    pub server: String,
    /// The server's signing key, pinned.
    pub server_key: PublicKey,
    /// Whose vaults it reads.
    pub account: AccountId,
    /// That account's signing key, pinned.
    pub account_key: PublicKey,
    /// What everything secret is made from.
    pub secret: MachineSecret,
}

impl std::fmt::Debug for MachineToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "MachineToken({}, …)", self.account)
    }
}

impl MachineToken {
    /// As a person stores it where the machine finds it.
    pub fn to_text(&self) -> Secret {
        let Self { server, server_key, account, account_key, secret } = self;
        let (server_key, account_key) = (*server_key, *account_key);
        let body = Body { server: server.clone(), server_key, account: *account, account_key, secret: secret.0 };
        // Room at once: a vector that grows leaves copies of the secret behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(256 + self.server.len()));
        let written = minicbor::encode(&body, &mut *bytes);
        debug_assert!(written.is_ok(), "writing to memory does not fail");
        let Body { mut secret, .. } = body;
        secret.zeroize();
        let check = derive_check(&bytes);
        bytes.extend_from_slice(&check);
        Secret::new(format!("{PREFIX}{VERSION}-{}", &*Zeroizing::new(BASE64URL_NOPAD.encode(&bytes))))
    }

    /// Reads it, as settings pages and files give it back.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let mut letters = Zeroizing::new(String::with_capacity(text.len().min(TOKEN_LEN_MAX)));
        for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
            if letters.len() + letter.len_utf8() > TOKEN_LEN_MAX {
                return Err(if letters.starts_with(PREFIX) { BadToken::Damaged } else { BadToken::NotAToken });
            }
            letters.push(letter);
        }
        let (version, rest) = letters.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')).ok_or(BadToken::NotAToken)?;
        if version.is_empty() || !version.bytes().all(|letter| letter.is_ascii_digit()) {
            return Err(BadToken::NotAToken);
        }
        if version != VERSION {
            return Err(BadToken::Version);
        }
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(rest.as_bytes()).map_err(|_| BadToken::Damaged)?);
        let (body, check) = bytes.split_last_chunk::<CHECK_LEN>().ok_or(BadToken::Damaged)?;
        if derive_check(body) != *check {
            return Err(BadToken::Damaged);
        }
        let Body { server, server_key, account, account_key, mut secret } = crate::cbor::from_slice(body).map_err(|_| BadToken::Damaged)?;
        let token = Self { server, server_key, account, account_key, secret: MachineSecret(secret) };
        secret.zeroize();
        Ok(token)
    }
}

fn derive_check(body: &[u8]) -> [u8; CHECK_LEN] {
    let [a, b, c, d, ..] = Hash32::derive_labelled("truebell machine token v1", &[body]).0;
    [a, b, c, d]
}

/// Thirty-two random bytes, and what is made from them.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MachineSecret([u8; 32]);

impl std::fmt::Debug for MachineSecret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MachineSecret(…)")
    }
}

impl MachineSecret {
    /// A new machine's.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(make_array(chance))
    }

    /// The machine's id.
    pub fn derive_device(&self) -> DeviceId {
        DeviceId(self.derive(b"device id"))
    }

    /// The key it opens sessions with.
    pub fn derive_device_key(&self) -> SigningKey {
        SigningKey::from_seed(&Zeroizing::new(self.derive(b"device key")))
    }

    /// The key that the keys of its vaults are sealed under.
    pub fn derive_wrapping_key(&self) -> SealKey {
        SealKey::from_bytes(self.derive(b"wrapping key"))
    }

    /// What it can open, once it is given its vaults' sealed keys. It signs with its own key, which nobody takes for the account's.
    pub fn unlock(&self, account: AccountId) -> Unlocked {
        Unlocked::of_machine(account, &self.derive_device_key(), &self.derive_wrapping_key())
    }

    fn derive<const LEN: usize>(&self, info: &[u8]) -> [u8; LEN] {
        let mut out = [0; LEN];
        expand(&hkdf::Hkdf::<sha2::Sha256>::new(Some(b"truebell machine v1"), &self.0), info, &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ItemId, VaultId};
    use crate::item::Item;
    use crate::testing::{Seeded, World};
    use crate::vault::{SignedVaultHead, VaultDigest, VaultHead};
    use proptest::prelude::*;

    /// One token for ever: `vectors/machine-token.json`.
    #[derive(serde::Deserialize)]
    struct Vector {
        server: String,
        server_key: String,
        account: AccountId,
        account_key: String,
        secret: String,
        text: String,
        device: DeviceId,
        device_key: String,
        wrapping_key: String,
    }

    fn hex<const LEN: usize>(text: &str) -> [u8; LEN] {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
    }

    fn token(seed: u64, server: &str) -> MachineToken {
        let mut chance = Seeded::new(seed);
        MachineToken {
            server: server.to_owned(),
            server_key: SigningKey::make_random(&mut chance).public(),
            account: AccountId::make_random(&mut chance),
            account_key: SigningKey::make_random(&mut chance).public(),
            secret: MachineSecret::make_random(&mut chance),
        }
    }

    #[test]
    fn the_first_version_is_read_and_written_as_it_always_was() {
        let vector: Vector = serde_json::from_str(include_str!("../../../vectors/machine-token.json")).unwrap();
        let expected = MachineToken {
            server: vector.server,
            server_key: PublicKey(hex(&vector.server_key)),
            account: vector.account,
            account_key: PublicKey(hex(&vector.account_key)),
            secret: MachineSecret(hex(&vector.secret)),
        };
        assert_eq!(expected.to_text().expose(), vector.text);
        let read = MachineToken::parse(&vector.text).unwrap();
        assert_eq!(read, expected);
        assert_eq!(read.secret.derive_device(), vector.device);
        assert_eq!(read.secret.derive_device_key().public(), PublicKey(hex(&vector.device_key)));
        assert_eq!(*read.secret.derive_wrapping_key().expose_bytes(), hex::<32>(&vector.wrapping_key));
    }

    #[test]
    fn what_is_wrong_with_a_text_is_named_and_the_text_is_not() {
        let text = token(1, "https://vault.example.org").to_text();
        let text = text.expose();
        for (typed, expected) in [
            ("", BadToken::NotAToken),
            ("swordfish", BadToken::NotAToken),
            ("tbm", BadToken::NotAToken),
            ("tbm-x", BadToken::NotAToken),
            ("tbs_0123456789", BadToken::NotAToken),
            (&"a".repeat(TOKEN_LEN_MAX + 1), BadToken::NotAToken),
            (&text.replace("tbm1-", "tbm2-"), BadToken::Version),
            (&text.replace("tbm1-", "tbm10-"), BadToken::Version),
            ("tbm1-", BadToken::Damaged),
            (text.get(..text.len() - 1).unwrap(), BadToken::Damaged),
            (text.get(..text.len() / 2).unwrap(), BadToken::Damaged),
            (&format!("{text}A"), BadToken::Damaged),
            (&format!("{text}{}", "A".repeat(TOKEN_LEN_MAX)), BadToken::Damaged),
            (&text.to_lowercase(), BadToken::Damaged),
        ] {
            let error = MachineToken::parse(typed).unwrap_err();
            assert_eq!(error, expected, "{typed}");
            assert!(typed.len() < 6 || !error.to_string().contains(typed));
        }
        assert_eq!(format!("{:?}", MachineSecret([7; 32])), "MachineSecret(…)");
        assert!(!format!("{:?}", token(1, "x")).contains("secret"));
    }

    #[test]
    fn a_machine_opens_the_vaults_it_was_given_and_no_other() {
        let mut world = World::new(61);
        let (vault, _) = world.keys.make_vault(&mut world.chance);
        let (other, _) = world.keys.make_vault(&mut world.chance);
        let item = Item::default();
        let sealed = world.keys.seal_item(vault, ItemId([1; 16]), 1, &item, &mut world.chance).unwrap();
        let secret = MachineSecret::make_random(&mut world.chance);
        let given = world.keys.wrap_vault_for(vault, &secret.derive_wrapping_key(), &mut world.chance).unwrap();
        let mut machine = secret.unlock(world.keys.account());
        assert!(machine.open_item(vault, ItemId([1; 16]), 1, &sealed).is_err(), "before it is given the key");
        assert!(machine.add_vault(other, &given).is_err(), "another vault's name on the key");
        machine.add_vault(vault, &given).unwrap();
        assert_eq!(machine.open_item(vault, ItemId([1; 16]), 1, &sealed).unwrap(), item);
        let mut stranger = MachineSecret::make_random(&mut world.chance).unlock(world.keys.account());
        assert!(stranger.add_vault(vault, &given).is_err(), "another machine");
    }

    #[test]
    fn what_a_machine_signs_is_not_signed_by_the_account() {
        let mut world = World::new(62);
        let (vault, _) = world.keys.make_vault(&mut world.chance);
        let machine = MachineSecret::make_random(&mut world.chance).unlock(world.keys.account());
        let head = VaultHead {
            vault,
            seq: 1,
            digest: VaultDigest::default().digest(),
            prev: Hash32::default(),
            account: world.keys.account(),
            device: world.device,
            at: world.now,
            made: None,
        };
        SignedVaultHead::sign(&head, &machine).verify(&world.keys.public().signing).unwrap_err();
        let act = crate::testing::sign(&world.act(crate::event::What::PasswordChanged {}), &machine);
        crate::event::check_act(&act, world.keys.account(), &world.keys.public().signing, &world.chain).unwrap_err();
        assert!(VaultId::from_bytes(vault.as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn every_token_reads_back_however_it_was_wrapped(seed: u64, server in "https://[a-z0-9.]{1,60}", width in 1_usize..90) {
            let token = token(seed, &server);
            let text = token.to_text();
            let lines: Vec<&[u8]> = text.expose().as_bytes().chunks(width).collect();
            let wrapped = String::from_utf8(lines.join(&b"\r\n "[..])).unwrap() + "\n";
            prop_assert_eq!(MachineToken::parse(&wrapped), Ok(token));
        }

        #[test]
        fn no_changed_letter_goes_unnoticed(seed: u64, place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
            let text = token(seed, "https://vault.example.org").to_text();
            let place = place.index(text.expose().len());
            let mut changed = text.expose().to_owned();
            changed.replace_range(place..=place, &letter);
            prop_assume!(changed != text.expose());
            prop_assert!(MachineToken::parse(&changed).is_err());
        }

        #[test]
        fn any_text_at_all_is_an_error_or_a_token(text: String, body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(MachineToken::parse(&text).is_err());
            let mut bytes = body;
            let check = derive_check(&bytes);
            bytes.extend_from_slice(&check);
            if let Ok(token) = MachineToken::parse(&format!("tbm1-{}", BASE64URL_NOPAD.encode(&bytes))) {
                prop_assert_eq!(MachineToken::parse(token.to_text().expose()), Ok(token));
            }
        }
    }
}
