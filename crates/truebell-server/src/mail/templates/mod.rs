//! One file per mail. Each says what happened, what it means, and what to do if it was not you; `mod.rs` adds when, where and how to
//! check, which are the same for all. Never here: anything the event does not prove.

mod account_deletion;
mod address_changed;
mod deletion_cancelled;
mod device_revoked;
mod new_device;
mod password_changed;
mod second_factor_added;
mod second_factor_removed;
mod secret_key_rotated;
mod session_revoked;
mod welcome;

use super::MailValues;
use super::letter::{Letter, name};
use truebell_core::event::What;
use truebell_core::time::UnixMillis;

/// A mail's own part.
struct Body {
    subject: &'static str,
    happened: String,
    /// Facts beside time and device.
    facts: Vec<(&'static str, String)>,
    meaning: &'static str,
    if_not_you: &'static str,
}

/// The letter about an event; `public_url` is this server's address. `None` for an event of a newer version, which has no mail here.
pub fn letter(values: &MailValues, public_url: &str) -> Option<Letter> {
    let device = name(&values.device);
    let body = match &values.what {
        What::AccountCreated { .. } => welcome::body(&device),
        What::DeviceEnrolled { platform, .. } => new_device::body(&device, &name(platform)),
        What::PasswordChanged {} => password_changed::body(&device),
        What::SecretKeyRotated {} => secret_key_rotated::body(&device),
        What::DeviceRevoked { revoked_name, .. } => device_revoked::body(&device, &name(revoked_name)),
        What::SessionRevoked { of_device_name, .. } => session_revoked::body(&device, &name(of_device_name)),
        What::AddressChanged { from_masked, to_masked } => address_changed::body(&device, from_masked, to_masked),
        What::SecondFactorAdded { kind } => second_factor_added::body(&device, factor(kind)),
        What::SecondFactorRemoved { kind } => second_factor_removed::body(&device, factor(kind)),
        What::DeletionScheduled { due } => account_deletion::body(&device, &minute(*due)),
        What::DeletionCancelled {} => deletion_cancelled::body(&device),
        _ => return None,
    };
    let mut facts = vec![("When", minute(values.at)), ("On the device", device)];
    facts.extend(body.facts);
    Some(Letter {
        subject: body.subject,
        happened: body.happened,
        facts,
        meaning: body.meaning,
        if_not_you: body.if_not_you,
        code: values.code.to_string(),
        check_url: format!("{public_url}/notice/{}", values.code),
    })
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
