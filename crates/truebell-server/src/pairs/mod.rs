//! The pair service: whether an address was seen with a password, asked and answered blindly (`docs/formats/pairs.md`). It is no part of the range service on purpose: one operator
//! who hears both questions about one login learns more than from either.

mod budget;
mod file;
mod routes;
mod shelf;

pub use budget::{Budget, Rates};
pub use file::{FileBytes, KeyFileError, open_pairs, read_key};
pub use routes::{PairService, router};
pub use shelf::{PairShelf, PairShelfError};

use axum_server::accept::NoDelayAcceptor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether file and key were replaced.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Requests that are under way at the end have this long.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Serves until `stop`. `ready` is called with the address once it answers.
///
/// # Errors
/// [`PairShelfError::Listen`].
pub async fn serve(
    service: Arc<PairService>,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), PairShelfError> {
    let failed = |error: std::io::Error| PairShelfError::Listen(listen, error.kind());
    let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    ready(listener.local_addr().map_err(failed)?);
    let handle = axum_server::Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        stop.await;
        ending.graceful_shutdown(Some(END_WITHIN));
    });
    let watched = service.clone();
    let watch = tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let service = watched.clone();
            drop(tokio::task::spawn_blocking(move || service.shelf().look_again()).await);
        }
    });
    let served = axum_server::from_tcp(listener)
        .map_err(failed)?
        .acceptor(NoDelayAcceptor::new())
        .handle(handle)
        .serve(router(service).into_make_service_with_connect_info::<SocketAddr>())
        .await;
    watch.abort();
    served.map_err(failed)
}
