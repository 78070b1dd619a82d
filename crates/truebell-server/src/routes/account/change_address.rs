//! `POST /v1/account/address`: a new mail address. Both addresses are told, the old one above all. Keys do not depend on it.

use crate::acts::{Route, act, unlike};
use crate::body::Json;
use crate::routes::sign_up::finish::read_address;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::wire::account::ChangeAddress;
use truebell_store::rows::Change;

pub(crate) async fn change(State(app): Apps, Writer(session): Writer, Json(asked): Json<ChangeAddress>) -> Answer {
    let new = read_address(&asked.email)?;
    let route = Route { signed: &asked.act, also_to: Some(new.as_str()), not_applicable: Reason::Conflict };
    act(&app, &session, route, async |account, what| {
        let old = read_address(&account.record.email)?;
        match what {
            What::AddressChanged { from_masked, to_masked } if *from_masked == old.masked() && *to_masked == new.masked() => {
                Ok(Change::Address { email: new.as_str().to_owned(), email_key: new.key() })
            }
            _ => Err(unlike("something else than this change of address")),
        }
    })
    .await
}
