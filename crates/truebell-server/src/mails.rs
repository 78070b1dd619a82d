//! Which mails tell of an act: rows for the outbox, queued in the act's own transaction (law 4). Their words are in `mail/`.

use crate::mail::mails_about;
use crate::state::App;
use truebell_core::event::Countersigned;
use truebell_core::time::UnixMillis;
use truebell_store::rows::NewMail;

/// The mails that tell of an event, one to each address.
pub(crate) fn mails(app: &App, event: &Countersigned, at: UnixMillis, to: &[&str]) -> Vec<NewMail> {
    mails_about(event, at, to, &mut *app.chance.chance())
}
