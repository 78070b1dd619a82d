//! From a configuration to a running server, and to its end. Every refusal to start is one sentence. Never here: what a request means.

use crate::chance::{ChanceSource, MachineChance};
use crate::clock::{Clock, MachineClock};
use crate::config::{Config, Remark, remarks};
use crate::identity::{self, Established, IdentityError, Start};
use crate::jobs::Jobs;
use crate::log::{Publisher, over_http};
use crate::mail::{Carrier, CarrierError, Signer};
use crate::metrics::{Metrics, observe};
use crate::moving::{Desk, End, MachineRest, Means, open_served};
use crate::signals::{NotAnRsaKey, Setup};
use crate::state::{App, CLIENT_FLOOR, ServerKeys, Settings};
use crate::tls::{Tls, TlsError};
use crate::{control, health, router};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum_server::Handle;
use futures::StreamExt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use truebell_core::ids::ServerId;
use truebell_core::sign::Fingerprint;
use truebell_store::switch::Switch;
use truebell_store::{Location, NotALocation, OpenError, Store};

/// Why a server did not start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error("the data folder {path} cannot be made or used ({why}): check its owner, or name another with --data", path = .path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// The system's word for it.
        why: io::ErrorKind,
    },
    /// The database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its address is none.
    #[error(transparent)]
    Location(#[from] NotALocation),
    /// Key and database do not belong together.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A file that a mail or database setting names.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// Certificate and key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key of signals.
    #[error(transparent)]
    Signals(#[from] NotAnRsaKey),
    /// The address is not to be had.
    #[error("{address} cannot be listened on ({why}): choose another address with --listen, or stop what is there")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's word for it.
        why: io::ErrorKind,
    },
    /// The system does not let it run.
    #[error("the server cannot run ({0}): look at the system's limits and the data folder")]
    System(io::ErrorKind),
}

/// A server that answers now.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where it listens, the real port.
    pub address: SocketAddr,
    /// Where its metrics are, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// The address people use.
    pub public_url: String,
    /// Its key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Who it is.
    pub server: ServerId,
    /// Whether it was made just now.
    pub is_new: bool,
    /// What its operator should know.
    pub remarks: Vec<Remark>,
}

/// A store as configured, for the process that serves it.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, ServeError> {
    Ok(truebell_store::open(&location(config)?).await?)
}

/// Where the configured database is, its password put in from its file.
pub fn location(config: &Config) -> Result<Location, ServeError> {
    let password = match &config.store_password_file {
        Some(path) => Some(crate::mail::read_secret("store_password_file", path)?),
        None => None,
    };
    Ok(config.store_url().expose_with(password.as_ref().map(|password| password.as_str())).parse()?)
}

/// Makes the data folder, for its owner only.
pub fn make_data_folder(config: &Config) -> Result<(), ServeError> {
    identity::make_private_folder(&config.data).map_err(|error| ServeError::Data { path: config.data.clone(), why: error.kind() })
}

/// What is said at each start until `store` names the database that counts.
fn moved_remark(left: &Location, at: &Location) -> Remark {
    Remark { setting: "store", sentence: format!("The data of {left} was moved to {at}, which is served: set `store` to it.") }
}

/// Serves until `stop` is done, then lets requests end. `ready` is called once it answers.
pub async fn serve(
    config: Config,
    new_identity: bool,
    ready: impl FnOnce(Ready),
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    make_data_folder(&config)?;
    crate::tls::use_ring();
    let (clock, chance) = (Arc::new(MachineClock), Arc::new(MachineChance));
    let served = open_served(&config).await?;
    let store = Arc::new(Switch::new(served.store.clone()));
    let start = Start { data: &config.data, new_identity, now: clock.now() };
    let established = identity::establish(&*store, start, &mut *chance.chance()).await?;
    let tls = Tls::from_config(&config).await?;
    let (listener, address) = listen(config.listen)?;
    let public_url = config.public_url_at(address);
    let signals = Setup::from_config(&config)?;
    let Established { key, identity, is_new } = established;
    let signer = Signer { server: identity.server, key: key.signing.clone() };
    let (carrier, composer) = Carrier::from_config(&config, &public_url, signer)?;
    let keys = ServerKeys { signing: key.signing, opaque: key.opaque, sealing: key.sealing };
    let fingerprint = identity.key.fingerprint();
    let server = identity.server;
    #[cfg(feature = "deaths")]
    let hook = crate::moving::deaths::ordered();
    #[cfg(not(feature = "deaths"))]
    let hook = None;
    let means = Means { clock: clock.clone(), chance: chance.clone(), rest: Arc::new(MachineRest), key: keys.sealing.clone(), hook };
    let (live, at) = (End::new(&served.location, served.store), served.location);
    let (desk, moving) = Desk::new(store.clone(), live, served.row, means);
    let app = Arc::new(App::new(store, keys, identity, settings(&config, &public_url, signals), clock, chance));
    let metrics = Arc::new(Metrics::default());
    // A maintenance that goes on is in force before the first request.
    app.read_board().await.map_err(IdentityError::Store)?;

    let handle = Handle::new();
    let operators = match config.metrics_listen {
        Some(address) => Some(listen(address)?),
        None => None,
    };
    let metrics_address = operators.as_ref().map(|(_, address)| *address);
    let operators = match operators {
        Some((listener, _)) => {
            let pages = health::operators_pages(app.clone(), metrics.clone(), config.has_relay());
            Some(spawn_operators(listener, pages, handle.clone())?)
        }
        None => None,
    };
    let door = open_door(&config, &app, desk);
    let moving = tokio::spawn(moving);
    let (stopping, stopped) = watch::channel(false);
    let needed = usize::try_from(config.log_witnesses_needed).unwrap_or(usize::MAX);
    let publisher = Publisher::new(config.log_witnesses.clone(), needed, over_http()).remembering(config.data.join("log-checkpoint"));
    let mut jobs = Jobs { app: app.clone(), metrics: metrics.clone(), carrier, composer, publisher }.start(&stopped);
    let hearing = tokio::spawn(crate::hints::hear(app.clone()));
    let following = tokio::spawn(crate::status::follow(app.clone()));
    let reloading = tls.clone().map(|tls| tokio::spawn(reload_on_hangup(tls)));

    let remarks = remarks(&config).into_iter().chain(served.left.map(|left| moved_remark(&left, &at))).collect();
    ready(Ready { address, metrics: metrics_address, public_url, fingerprint, server, is_new, remarks });
    let routes = routes(app, metrics, config.has_relay()).layer(from_fn_with_state(stopped, end_streams));
    let serving = tokio::spawn(accept(listener, routes, tls, handle.clone()));
    stop.await;
    tracing::info!("stopping: requests at work may end");
    handle.graceful_shutdown(Some(config.stop_grace));
    // The receivers are the jobs'; if all have ended there is nobody to tell.
    let _ = stopping.send(true);
    let ended = serving.await.map_err(|_| ServeError::System(io::ErrorKind::Other))?;
    // A mail on its way is waited for as long as requests are; what is cut off then is parked when its lease ends.
    let _ = tokio::time::timeout(config.stop_grace, async { while jobs.join_next().await.is_some() {} }).await;
    for task in door.into_iter().chain(reloading).chain(operators).chain([hearing, following, moving]) {
        task.abort();
        // Cut off or ended: either way it holds the database no longer.
        let _ = task.await;
    }
    // A socket that stays behind is replaced by the next start.
    let _ = std::fs::remove_file(control::socket_path(&config.data));
    ended.map_err(|error| ServeError::System(error.kind()))
}

fn settings(config: &Config, public_url: &str, signals: Setup) -> Settings {
    Settings {
        sign_up: config.sign_up,
        attachment_bytes_max: config.attachment_bytes_max,
        session_lifetime: config.session_lifetime,
        deletion_grace: config.deletion_grace,
        trusted_proxies: config.trusted_proxies.clone(),
        client_floor: config.client_floor.unwrap_or(CLIENT_FLOOR),
        public_url: public_url.to_owned(),
        status_url: (!config.status_url.is_empty()).then(|| config.status_url.trim_end_matches('/').to_owned()),
        signals,
        ..Settings::default()
    }
}

/// Everything on the public listener.
pub fn routes(app: Arc<App>, metrics: Arc<Metrics>, has_relay: bool) -> Router {
    // Health is asked for every few seconds and is no news: only people's requests are counted and logged.
    router(app.clone())
        .merge(crate::signals::pages(app.clone()))
        .layer(from_fn_with_state(metrics.clone(), observe))
        .merge(crate::mail::notice_page::page(app.clone()))
        .merge(crate::status::pages(app.clone()))
        .merge(crate::openapi::pages())
        .merge(health::pages(app, metrics, has_relay))
}

/// The operator's door. A data folder whose path is too long for a socket has none; the server serves all the same.
fn open_door(config: &Config, app: &Arc<App>, desk: Desk) -> Option<JoinHandle<()>> {
    match control::listen(&config.data) {
        Ok(door) => Some(tokio::spawn(control::serve(door, app.clone(), Arc::new(desk)))),
        Err(error) => {
            tracing::warn!(
                "control.sock cannot be made in the data folder ({}): `truebell invite` and `truebell store move` will not work while this server runs",
                error.kind()
            );
            None
        }
    }
}

/// Streams of hints would last for ever: they end when the server does.
async fn end_streams(State(mut stopped): State<watch::Receiver<bool>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_stream = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    if !is_stream {
        return response;
    }
    let stop = async move {
        // An error means that nobody is left to say it.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(stop))))
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error: io::Error| ServeError::Listen { address, why: error.kind() };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

async fn accept(listener: TcpListener, routes: Router, tls: Option<Tls>, handle: Handle<SocketAddr>) -> io::Result<()> {
    /// A connection that says nothing is closed.
    const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => {
            let server = axum_server::from_tcp_rustls(listener, tls.config)?;
            server.first_request_timeout(FIRST_REQUEST_TIMEOUT).handle(handle).serve(service).await
        }
        None => axum_server::from_tcp(listener)?.first_request_timeout(FIRST_REQUEST_TIMEOUT).handle(handle).serve(service).await,
    }
}

fn spawn_operators(listener: TcpListener, pages: Router, handle: Handle<SocketAddr>) -> Result<JoinHandle<()>, ServeError> {
    let server = axum_server::from_tcp(listener).map_err(|error| ServeError::System(error.kind()))?;
    Ok(tokio::spawn(async move {
        if let Err(error) = server.handle(handle).serve(pages.into_make_service()).await {
            tracing::error!("the listener for metrics ended ({})", error.kind());
        }
    }))
}

async fn reload_on_hangup(tls: Tls) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        match tls.reload().await {
            Ok(()) => tracing::info!("the TLS certificate was read again"),
            Err(error) => tracing::error!("{error}; the old certificate stays in use"),
        }
    }
}

/// Done when the process is told to end: SIGTERM, SIGINT. SIGHUP does not end it. Inside a runtime only.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send, ServeError> {
    let failed = |error: io::Error| ServeError::System(error.kind());
    let (mut term, mut int) = (signal(SignalKind::terminate()).map_err(failed)?, signal(SignalKind::interrupt()).map_err(failed)?);
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = term.recv() => return,
                _ = int.recv() => return,
                _ = hangup.recv() => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::convert::Infallible;
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_stream_of_hints_ends_when_the_server_does() {
        let endless = || async {
            let beats = futures::stream::repeat(()).then(async |()| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok::<_, Infallible>(":\n\n")
            });
            ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(beats))
        };
        let (stopping, stopped) = watch::channel(false);
        let router = Router::new().route("/", get(endless)).layer(from_fn_with_state(stopped, end_streams));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        let mut hints = response.into_body().into_data_stream();
        assert!(hints.next().await.is_some());
        stopping.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), async { while hints.next().await.is_some() {} }).await.expect("it ends");
    }
}
