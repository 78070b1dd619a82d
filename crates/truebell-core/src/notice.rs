//! What a person is told. A [`Notice`] has one constructor, and it takes a `Verified<Event>` (law 1): no status code, push,
//! failed sign-in or timeout can reach it.
//!
//! ```compile_fail
//! # fn made_up() -> truebell_core::event::Event { unimplemented!() }
//! // An event nobody verified makes no notice: this does not compile.
//! let notice = truebell_core::notice::Notice::new(&made_up());
//! ```
//! ```compile_fail
//! // And nothing outside `event` can give out the receipt.
//! let receipt = truebell_core::event::Verified(());
//! ```

use crate::event::{CheckCode, Event, Genuine, Retraction, Verified, What};
use crate::ids::{DeviceId, EventId};
use crate::time::UnixMillis;
use crate::words::one_line;
use serde::Serialize;

/// A notice: one true sentence about the account's security, and how to check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The event it was made from.
    pub event: EventId,
    /// Place in the account's chain; a device shows each place once.
    pub seq: u64,
    /// When the server recorded it.
    pub at: UnixMillis,
    /// Which device acted.
    pub device: DeviceId,
    /// `password-changed`, …
    pub kind: &'static str,
    /// What happened, by whom.
    pub sentence: String,
    /// What to do if it was not you.
    pub advice: &'static str,
    /// The code to check it by.
    pub code: CheckCode,
}

impl Notice {
    /// The only way to a notice.
    pub fn new(event: &Verified<Event>) -> Self {
        Self {
            event: event.id,
            seq: event.act.seq,
            at: event.at,
            device: event.act.device,
            kind: event.act.what.word(),
            sentence: sentence(event),
            advice: advice(&event.act.what),
            code: event.code(),
        }
    }
}

/// Who takes a notice back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// A device of the account: *that was me*.
    Account,
    /// The operator of the server.
    Operator,
}

/// What a person is told about a notice that was taken back, beside the notice and never instead of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// Who says so.
    pub by: By,
    /// When the server recorded it.
    pub at: UnixMillis,
    /// What that proves, and what it does not.
    pub sentence: String,
    /// Its own check code.
    pub code: CheckCode,
}

impl Correction {
    /// A device of the account says: that was me. `None` if it is about another notice.
    pub fn by_account(of: &Genuine<Event>, by: &Genuine<Event>) -> Option<Self> {
        let What::Acknowledged { of: named, plea } = &by.act.what else { return None };
        let says = plea.words();
        let name = one_line(&by.act.device_name);
        let sentence = if same_device(of, by) {
            format!("“{name}”, the very device this notice is about, says: {says}. That proves no more than the notice does.")
        } else {
            format!("“{name}”, another device of the account than the one this notice is about, says: {says}.")
        };
        let fits = named.names(of) && by.act.account == of.act.account;
        fits.then(|| Self { by: By::Account, at: by.at, sentence, code: by.code() })
    }

    /// The operator says it was sent in error. `None` if it is about another notice.
    pub fn by_operator(of: &Genuine<Event>, by: &Genuine<Retraction>) -> Option<Self> {
        let sentence = format!(
            "The operator of the server says it was sent in error, {}. It carries the signature of the account itself, made on “{}”, which the \
             operator cannot undo: only its owner knows whether that was so.",
            by.reason.words(),
            one_line(&of.act.device_name)
        );
        let fits = by.of.names(of) && by.account == of.act.account;
        fits.then(|| Self { by: By::Operator, at: by.at, sentence, code: by.code() })
    }
}

/// Whether the device that says *that was me* is one the notice is about: its word then adds nothing.
pub fn same_device(of: &Event, by: &Event) -> bool {
    let enrolled = matches!(&of.act.what, What::DeviceEnrolled { enrolled, .. } if *enrolled == by.act.device);
    of.act.device == by.act.device || enrolled
}

fn sentence(event: &Event) -> String {
    let by = one_line(&event.act.device_name);
    match &event.act.what {
        What::AccountCreated { .. } => format!("Your account was created on “{by}”."),
        What::PasswordChanged {} => format!("Your account password was changed on “{by}”."),
        What::SecretKeyRotated {} => format!("Your Secret Key was replaced on “{by}”. Kits from before no longer open the account."),
        What::DeviceEnrolled { platform, .. } => format!("Your account was opened on a new device, “{by}” ({}).", one_line(platform)),
        What::MachineEnrolled { name, vaults, .. } => {
            let vaults = if vaults.len() == 1 { "one of your vaults".to_owned() } else { format!("{} of your vaults", vaults.len()) };
            format!("A machine called “{}” was given access to read {vaults}, on “{by}”.", one_line(name))
        }
        What::DeviceRevoked { revoked_name, .. } => {
            format!("The device “{}” was removed from your account, on “{by}”.", one_line(revoked_name))
        }
        What::SessionRevoked { of_device_name, .. } => format!("A session of “{}” was ended, on “{by}”.", one_line(of_device_name)),
        What::AddressChanged { from_masked, to_masked } => {
            format!("The mail address of your account was changed from {} to {}, on “{by}”.", one_line(from_masked), one_line(to_masked))
        }
        What::SecondFactorAdded { .. } => format!("A second factor was added to your account, on “{by}”."),
        What::SecondFactorRemoved { .. } => format!("A second factor was removed from your account, on “{by}”."),
        What::DeletionScheduled { .. } => format!("Your account is to be deleted; this was asked for on “{by}”."),
        What::DeletionCancelled {} => format!("The deletion of your account was cancelled, on “{by}”."),
        What::Acknowledged { of, plea } => {
            format!("The device “{by}” said of the notice {}: {}. What that notice told is unchanged.", of.code, plea.words())
        }
    }
}

fn advice(what: &What) -> &'static str {
    match what {
        What::DeletionScheduled { .. } => {
            "If this was not you, cancel it (truebell account keep), then change your password and remove the device."
        }
        What::MachineEnrolled { .. } => {
            "If this was not you, take its access away (truebell machine revoke), then change your password and Secret Key and remove devices you do not know."
        }
        What::DeviceEnrolled { .. } => {
            "If this was not you, remove the device (truebell devices revoke) and change your password and Secret Key."
        }
        _ => "If this was not you, change your account password and remove devices you do not know.",
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Chain, CheckCode, What, verify};
    use crate::ids::{DeviceId, VaultId};
    use crate::notice::Notice;
    use crate::sign::SigningKey;
    use crate::testing::{Seeded, World};
    use crate::time::UnixMillis;

    #[test]
    fn every_act_has_a_sentence_that_names_the_device_and_says_no_more_than_the_act() {
        let key = SigningKey::make_random(&mut Seeded::new(9)).public();
        let device = DeviceId([5; 16]);
        let acts = [
            What::AccountCreated { device_key: key },
            What::PasswordChanged {},
            What::SecretKeyRotated {},
            What::DeviceEnrolled { enrolled: device, device_key: key, platform: "linux command line".into() },
            What::MachineEnrolled { enrolled: device, device_key: key, name: "build".into(), vaults: vec![VaultId([7; 16])] },
            What::MachineEnrolled {
                enrolled: device,
                device_key: key,
                name: "b\nx".into(),
                vaults: vec![VaultId([7; 16]), VaultId([8; 16])],
            },
            What::DeviceRevoked { revoked: device, revoked_name: "old phone".into() },
            What::SessionRevoked { session: crate::ids::SessionId([6; 16]), of_device: device, of_device_name: "old phone".into() },
            What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: "b…@example.net".into() },
            What::SecondFactorAdded { kind: "totp".into() },
            What::SecondFactorRemoved { kind: "totp".into() },
            What::DeletionScheduled { due: UnixMillis(9) },
            What::DeletionCancelled {},
            What::Acknowledged {
                of: crate::event::Of { event: crate::ids::EventId([8; 16]), seq: 2, code: CheckCode::parse("7KQ4F2M9XB").unwrap() },
                plea: crate::event::Plea::ThatWasMe,
            },
        ];
        let mut world = World::new(4);
        let sentences: Vec<String> = acts
            .into_iter()
            .map(|what| {
                let before = world.chain;
                let set = world.happen(what);
                Notice::new(&verify(&set, &world.trust(), &before).unwrap()).sentence
            })
            .collect();
        insta::assert_snapshot!(sentences.join("\n"), @r"
        Your account was created on “Ada's laptop”.
        Your account password was changed on “Ada's laptop”.
        Your Secret Key was replaced on “Ada's laptop”. Kits from before no longer open the account.
        Your account was opened on a new device, “Ada's laptop” (linux command line).
        A machine called “build” was given access to read one of your vaults, on “Ada's laptop”.
        A machine called “b x” was given access to read 2 of your vaults, on “Ada's laptop”.
        The device “old phone” was removed from your account, on “Ada's laptop”.
        A session of “old phone” was ended, on “Ada's laptop”.
        The mail address of your account was changed from a…@example.org to b…@example.net, on “Ada's laptop”.
        A second factor was added to your account, on “Ada's laptop”.
        A second factor was removed from your account, on “Ada's laptop”.
        Your account is to be deleted; this was asked for on “Ada's laptop”.
        The deletion of your account was cancelled, on “Ada's laptop”.
        The device “Ada's laptop” said of the notice 7KQ4F-2M9XB: that was me. What that notice told is unchanged.
        ");
        assert_ne!(world.chain, Chain::default());
    }
}
