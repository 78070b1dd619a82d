//! Every route, by noun and verb. A handler parses, decides, asks the store once, and answers; it never writes a head.

mod account;
mod device;
mod hint;
mod log;
mod machine;
mod notice;
mod server;
mod session;
mod sign_in;
mod sign_up;
mod status;
mod sync;
mod vault;

use crate::admission::{Class, admit};
use crate::error::Refusal;
use crate::reply::{self, Reply};
use crate::state::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use std::sync::Arc;
use truebell_core::head::Reason;

pub use sign_up::finish::derive_invitation_digest;

/// What a handler gives.
type Answer = Result<Reply, Refusal>;
type Apps = State<Arc<App>>;

/// All routes of a server, sealed: nothing leaves it without a signed head.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(first_rate().route_layer(from_fn_with_state((app.clone(), Class::FinishSignIn), admit)))
        .merge(small().route_layer(from_fn_with_state((app.clone(), Class::Delta), admit)))
        .merge(heavy().route_layer(from_fn_with_state((app.clone(), Class::Full), admit)))
        .merge(bulk().route_layer(from_fn_with_state((app.clone(), Class::Bulk), admit)))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_route)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), crate::status::guard))
        .layer(from_fn_with_state(app.clone(), reply::seal))
        .with_state(app)
}

/// Somebody at the door, and acts that protect an account: shed last.
fn first_rate() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/sign-in/finish", post(sign_in::finish::finish))
        .route("/v1/devices", post(device::enrol::enrol))
        .route("/v1/devices/{device}/revoke", post(device::revoke::revoke))
        .route("/v1/sessions", post(session::open::open))
        .route("/v1/sessions/{session}/revoke", post(session::revoke::revoke))
        .route("/v1/sign-out", post(session::sign_out::sign_out))
        .route("/v1/account/credentials/finish", post(account::finish_credentials::finish))
        .route("/v1/account/keep", post(account::keep::keep))
}

/// Small reads and writes of people already in, and what anybody may ask.
fn small() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/server", get(server::info::info))
        .route("/v1/status", get(status::read::read))
        .route("/v1/notices/{code}", get(notice::check::check))
        .route("/v1/devices", get(device::list::list))
        .route("/v1/sessions", get(session::list::list))
        .route("/v1/machines", post(machine::enrol::enrol))
        .route("/v1/sessions/challenge", post(session::challenge::challenge))
        .route("/v1/account/credentials/start", post(account::start_credentials::start))
        .route("/v1/account/acknowledge", post(account::acknowledge::acknowledge))
        .route("/v1/account/address", post(account::change_address::change))
        .route("/v1/account/deletion", post(account::schedule_deletion::schedule))
        .route("/v1/account/second-factors", post(account::add_second_factor::add))
        .route("/v1/account/second-factors/remove", post(account::remove_second_factor::remove))
        .route("/v1/sync", post(sync::read::read))
        .route("/v1/hints", get(hint::listen::listen))
        .route("/v1/vaults", post(vault::create::create))
        .route("/v1/vaults/{vault}/commits", post(vault::commit::commit))
}

/// The beginning of a sign-in: worth less than the end of one.
fn heavy() -> Router<Arc<App>> {
    Router::new().route("/v1/sign-in/lookup", post(sign_in::look_up::look_up)).route("/v1/sign-in/start", post(sign_in::start::start))
}

/// New accounts, attachments and the log: shed first.
fn bulk() -> Router<Arc<App>> {
    const CHUNK: &str = "/v1/vaults/{vault}/attachments/{attachment}/chunks/{index}";
    Router::new()
        .route("/v1/sign-up/start", post(sign_up::start::start))
        .route("/v1/sign-up/finish", post(sign_up::finish::finish))
        .route(CHUNK, put(vault::put_chunk::put).get(vault::read_chunk::read))
        .route("/v1/vaults/{vault}/attachments/{attachment}", delete(vault::delete_attachment::delete))
        .route("/v1/log/checkpoint", get(log::checkpoint::read))
        .route("/v1/log/tile/{*tile}", get(log::tile::read))
        .route("/v1/log/proofs", post(log::ask::ask))
        .route("/v1/log/proofs/{event}", get(log::prove::read))
        .route("/v1/log/consistency/{from}/{to}", get(log::consistency::read))
}

async fn no_such_route() -> Refusal {
    Reason::NoSuchRoute.into()
}
