//! `POST /v1/account/deletion`: the account is to be deleted after the grace period, and takes no writes until then.

use crate::acts::{Route, act, unlike};
use crate::body::Json;
use crate::routes::{Answer, Apps};
use crate::session::Session;
use axum::extract::State;
use std::time::Duration;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Deletion;
use truebell_store::rows::Change;

/// How far the signed time may be from the server's own: the device's clock, and some thinking.
const DUE_SKEW_MAX: Duration = Duration::from_hours(2);

/// Takes a plain session, not a writer's: the same act sent again is answered, whatever it made of the account.
pub(crate) async fn schedule(State(app): Apps, session: Session, Json(asked): Json<Deletion>) -> Answer {
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::AccountClosing };
    act(&app, &session, route, async |account, what| {
        if account.record.deletion_due.is_some() {
            return Err(Reason::AccountClosing.into());
        }
        match what {
            What::DeletionScheduled { due } if is_near(*due, app.now() + app.settings.deletion_grace) => Ok(Change::ScheduleDeletion(*due)),
            _ => Err(unlike("another time, or something else than a deletion")),
        }
    })
    .await
}

fn is_near(due: UnixMillis, expected: UnixMillis) -> bool {
    due - expected <= DUE_SKEW_MAX && expected - due <= DUE_SKEW_MAX
}
