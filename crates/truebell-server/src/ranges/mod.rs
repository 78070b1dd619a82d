//! The range service: a corpus by the first five digits of a hash, as the public Pwned Passwords service speaks it. Whoever asks does not say which password, and this does not learn it.

mod body;
mod file;
mod finished;
mod head;
mod routes;
mod shelf;

pub use file::{FilePages, open_corpus};
pub use routes::router;
pub use shelf::{Manner, Shelf, ShelfError, Sizes};

use axum_server::accept::NoDelayAcceptor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether a corpus was replaced.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Requests that are under way at the end have this long.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Serves until `stop`. `ready` is called with the address once it answers.
///
/// # Errors
/// [`ShelfError::Listen`].
pub async fn serve(
    shelf: Arc<Shelf>,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ShelfError> {
    let failed = |error: std::io::Error| ShelfError::Listen(listen, error.kind());
    let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    ready(listener.local_addr().map_err(failed)?);
    let handle = axum_server::Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        stop.await;
        ending.graceful_shutdown(Some(END_WITHIN));
    });
    let watched = shelf.clone();
    let watch = tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let shelf = watched.clone();
            // Opening a corpus reads its buckets.
            drop(tokio::task::spawn_blocking(move || shelf.look_again()).await);
        }
    });
    let served = axum_server::from_tcp(listener)
        .map_err(failed)?
        .acceptor(NoDelayAcceptor::new())
        .handle(handle)
        .serve(router(shelf).into_make_service())
        .await;
    watch.abort();
    served.map_err(failed)
}
