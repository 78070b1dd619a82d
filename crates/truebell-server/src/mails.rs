//! Which mail tells of which act: rows for the outbox, queued in the act's own transaction (law 4). Their words are in `mail/`.

use crate::state::App;
use serde_json::{Value, json};
use truebell_core::event::{Countersigned, What};
use truebell_core::ids::MailId;
use truebell_core::time::UnixMillis;
use truebell_store::rows::NewMail;

/// The template for an act.
fn template(what: &What) -> Option<&'static str> {
    Some(match what {
        What::AccountCreated { .. } => "welcome",
        What::DeviceEnrolled { .. } => "new-device",
        What::PasswordChanged {} => "password-changed",
        What::SecretKeyRotated {} => "secret-key-rotated",
        What::DeviceRevoked { .. } => "device-revoked",
        What::SessionRevoked { .. } => "session-revoked",
        What::AddressChanged { .. } => "address-changed",
        What::SecondFactorAdded { .. } => "second-factor-added",
        What::SecondFactorRemoved { .. } => "second-factor-removed",
        What::DeletionScheduled { .. } => "account-deletion",
        What::DeletionCancelled {} => "deletion-cancelled",
        // An act of a later version is not recorded by this one, so it has no mail here.
        _ => return None,
    })
}

/// What every template gets: the check code, when (Unix milliseconds), on which device; and what this act is about.
fn values(event: &Countersigned, at: UnixMillis) -> Value {
    let act = &event.act;
    let mut values = json!({ "code": event.code, "at": at, "by_device": act.device_name });
    let more = match &act.what {
        What::AccountCreated { .. } => json!({ "device": act.device_name }),
        What::DeviceEnrolled { platform, .. } => json!({ "device": act.device_name, "platform": platform }),
        What::DeviceRevoked { revoked_name, .. } => json!({ "device": revoked_name }),
        What::SessionRevoked { of_device_name, .. } => json!({ "device": of_device_name }),
        What::AddressChanged { from_masked, to_masked } => json!({ "from": from_masked, "to": to_masked }),
        What::DeletionScheduled { due } => json!({ "due": due }),
        _ => json!({}),
    };
    if let (Value::Object(values), Value::Object(more)) = (&mut values, more) {
        values.extend(more);
    }
    values
}

/// The mails that tell of an event, one to each address.
pub(crate) fn mails(app: &App, event: &Countersigned, at: UnixMillis, to: &[&str]) -> Vec<NewMail> {
    let Some(template) = template(&event.act.what) else { return Vec::new() };
    let values = values(event, at).to_string();
    let chance = &mut *app.chance.chance();
    let mail = |to: &&str| NewMail {
        mail: MailId::make_random(chance),
        event: event.id,
        to: (*to).to_owned(),
        template: template.to_owned(),
        values: values.clone(),
        queued: at,
    };
    to.iter().map(mail).collect()
}
