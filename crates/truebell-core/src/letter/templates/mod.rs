//! One file per kind of letter. Each says what happened, what it means, and what to do if it was not you; `mod.rs` adds when, where and
//! how to check, which are the same for all. Never here: anything the event does not prove.
//!
//! These words are **form 1**. A form that was released never changes: whoever checks a mail writes it again and compares. A new wording
//! is a new number, and the old one stays.

mod account_deletion;
mod acknowledged;
mod address_changed;
mod deletion_cancelled;
mod device_revoked;
mod new_device;
mod new_machine;
mod password_changed;
mod retracted;
mod second_factor_added;
mod second_factor_removed;
mod secret_key_rotated;
mod session_revoked;
mod welcome;

use super::evidence::Evidence;
use super::write::{Letter, name};
use crate::event::{Event, What};
use crate::time::UnixMillis;

/// The newest wording.
pub const FORM: u32 = 1;

/// A letter's own part.
struct Body {
    subject: &'static str,
    happened: String,
    /// Facts beside time and device.
    facts: Vec<(&'static str, String)>,
    meaning: String,
    if_not_you: &'static str,
}

/// The letter about what is proven, in one wording; `public_url` is the server's address. `None` for a wording this version does not
/// know. Takes evidence and nothing else:
///
/// ```compile_fail,E0308
/// # fn made_up() -> truebell_core::event::Event { unimplemented!() }
/// // An event nobody verified makes no letter: this does not compile.
/// let letter = truebell_core::letter::letter(truebell_core::letter::FORM, &made_up(), "https://pw.example.org");
/// ```
pub fn letter(form: u32, evidence: &Evidence, public_url: &str) -> Option<Letter> {
    (form == FORM).then(|| first_form(evidence, public_url))
}

fn first_form(evidence: &Evidence, public_url: &str) -> Letter {
    let (body, at, device) = match evidence {
        Evidence::Event(event) => (about(event), event.at, Some(&event.act.device_name)),
        Evidence::Acknowledged { of, by, plea } => (acknowledged::body(of, by, *plea), by.at, Some(&by.act.device_name)),
        Evidence::Retracted { of, by } => (retracted::body(of, by), by.at, None),
    };
    let code = evidence.code();
    let mut facts = vec![("When", minute(at))];
    facts.extend(device.map(|device| ("On the device", name(device))));
    facts.extend(body.facts);
    Letter {
        subject: body.subject,
        happened: body.happened,
        facts,
        meaning: body.meaning,
        if_not_you: body.if_not_you,
        check_url: format!("{public_url}/notice/{code}"),
        code: code.to_string(),
    }
}

/// What a letter about an event says beside when and where.
fn about(event: &Event) -> Body {
    let device = name(&event.act.device_name);
    match &event.act.what {
        What::AccountCreated { .. } => welcome::body(&device),
        What::DeviceEnrolled { platform, .. } => new_device::body(&device, &name(platform)),
        What::MachineEnrolled { name: machine, vaults, .. } => new_machine::body(&device, &name(machine), vaults.len()),
        What::PasswordChanged {} => password_changed::body(&device),
        What::SecretKeyRotated {} => secret_key_rotated::body(&device),
        What::DeviceRevoked { revoked_name, .. } => device_revoked::body(&device, &name(revoked_name)),
        What::SessionRevoked { of_device_name, .. } => session_revoked::body(&device, &name(of_device_name)),
        What::AddressChanged { from_masked, to_masked } => address_changed::body(&device, from_masked, to_masked),
        What::SecondFactorAdded { kind } => second_factor_added::body(&device, factor(kind)),
        What::SecondFactorRemoved { kind } => second_factor_removed::body(&device, factor(kind)),
        What::DeletionScheduled { due } => account_deletion::body(&device, &minute(*due)),
        What::DeletionCancelled {} => deletion_cancelled::body(&device),
        What::Acknowledged { of, plea } => acknowledged::alone(&device, of, *plea),
    }
}

/// What identifies the notice a letter takes back.
fn original(of: &Event) -> Vec<(&'static str, String)> {
    let act = name(&of.act.device_name);
    vec![
        ("The notice", about(of).subject.to_owned()),
        ("Its code", of.code().to_string()),
        ("It told of", format!("{} on {act}", minute(of.at))),
    ]
}

fn minute(at: UnixMillis) -> String {
    let text = at.utc().to_string();
    text.rsplit_once(':').map_or(text.clone(), |(minute, _)| format!("{minute} UTC"))
}

fn factor(kind: &str) -> &'static str {
    if kind == "totp" { "codes from an authenticator app" } else { "another kind" }
}

/// What to do after somebody else changed something, where nothing more special helps.
const TAKE_BACK: &str = "Somebody who can open your account did it. On a device of yours, remove devices you do not know (truebell devices list, \
    truebell devices revoke), then change your password (truebell password change) and your Secret Key (truebell secret-key rotate).";
