//! `POST /v1/machines`: a person's device lets a machine read some vaults; the account is told, once. What the machine does afterwards
//! are sessions, which nobody is told of.

use crate::acts::{Route, act, require, unlike};
use crate::body::Json;
use crate::error::Refusal;
use crate::routes::device::enrol::read_device;
use crate::routes::{Answer, Apps};
use crate::session::Writer;
use axum::extract::State;
use truebell_core::event::What;
use truebell_core::head::Reason;
use truebell_core::wire::device::{EnrolMachine, MachineKey};
use truebell_store::rows::{Change, MachineVault};

/// Longest sealed key, in bytes.
const KEY_BYTES_MAX: usize = 4096;

pub(crate) async fn enrol(State(app): Apps, Writer(session): Writer, Json(asked): Json<EnrolMachine>) -> Answer {
    // Not found is a vault, or an id that is another device's.
    let route = Route { signed: &asked.act, also_to: None, not_applicable: Reason::NotFound };
    act(&app, &session, route, async |_, what| {
        check_what(what, &asked)?;
        let device = read_device(&asked.device, app.now())?;
        let vaults = asked.vaults.iter().map(|given| MachineVault { vault: given.vault, key: given.key.to_vec() }).collect();
        Ok(Change::EnrolMachine { device, vaults })
    })
    .await
}

/// The act names this machine and just these vaults, each once and in order.
fn check_what(what: &What, asked: &EnrolMachine) -> Result<(), Refusal> {
    let malformed = |detail: &str| Err(Refusal::because(Reason::Malformed, detail));
    let What::MachineEnrolled { enrolled, device_key, name, vaults } = what else {
        return Err(unlike("something else than this machine"));
    };
    require((*enrolled, *device_key, name) == (asked.device.device, asked.device.key, &asked.device.name), "another machine")?;
    require(vaults.iter().eq(asked.vaults.iter().map(|given| &given.vault)), "other vaults")?;
    if vaults.is_empty() || !vaults.is_sorted_by(|one, next| one < next) {
        return malformed("A machine has at least one vault, and each once, in the order of their ids.");
    }
    let fits = |given: &MachineKey| (1..=KEY_BYTES_MAX).contains(&given.key.len());
    if asked.vaults.iter().all(fits) { Ok(()) } else { malformed("A vault's key is missing or too long.") }
}
