//! Who is answered now: nobody is asked to write during a maintenance, and a client older than this server speaks with is told so.

use crate::error::Refusal;
use crate::state::App;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use truebell_core::head::CLIENT_HEADER;
use truebell_core::status::{Maintenance, Scope};
use truebell_core::time::UnixMillis;
use truebell_core::version::Version;

/// What is answered always: who the server is, and what its operator says about it.
const ALWAYS: [&str; 2] = ["/v1/server", "/v1/status"];
/// What reads, though it is a POST.
const READS: [&str; 1] = ["/v1/sync"];
/// A maintenance that lasts longer than was said: clients look in again after this long.
const OVERTIME: Duration = Duration::from_mins(1);

/// The layer under the seal.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match decide(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn decide(app: &App, request: &Request) -> Result<(), Refusal> {
    let path = request.uri().path();
    if ALWAYS.contains(&path) {
        return Ok(());
    }
    // A client that does not say its version is not judged by it.
    let client = request.headers().get(CLIENT_HEADER).and_then(|value| value.to_str().ok()).and_then(version);
    if client.is_some_and(|client| client < app.settings.client_floor) {
        return Err(Refusal::outdated(app.settings.client_floor));
    }
    match app.board.maintenance() {
        Some(told) if is_kept_out(&told, request.method(), path) => Err(Refusal::maintenance(until(&told, app.now()), told.note.clone())),
        _ => Ok(()),
    }
}

/// `truebell-cli/0.2.0`: what comes after the last slash.
fn version(header: &str) -> Option<Version> {
    header.rsplit_once('/')?.1.parse().ok()
}

fn is_kept_out(told: &Maintenance, method: &Method, path: &str) -> bool {
    told.scope == Scope::All || !(method == Method::GET || READS.contains(&path))
}

fn until(told: &Maintenance, now: UnixMillis) -> UnixMillis {
    told.end.max(now + OVERTIME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::status::StatusId;

    fn told(scope: Scope) -> Maintenance {
        let (start, end) = (UnixMillis(0), UnixMillis(1_000_000));
        Maintenance { id: StatusId("A".into()), note: String::new(), start, end, scope, begun: Some(start), ended: None }
    }

    #[test]
    fn reads_go_on_while_writes_wait() {
        for (method, path, writes_only) in [
            (Method::GET, "/v1/devices", false),
            (Method::GET, "/v1/hints", false),
            (Method::POST, "/v1/sync", false),
            (Method::POST, "/v1/sign-in/lookup", true),
            (Method::POST, "/v1/sessions", true),
            (Method::PUT, "/v1/vaults/v/attachments/a/chunks/0", true),
            (Method::DELETE, "/v1/vaults/v/attachments/a", true),
        ] {
            assert_eq!(is_kept_out(&told(Scope::Writes), &method, path), writes_only, "{method} {path}");
            assert!(is_kept_out(&told(Scope::All), &method, path));
        }
    }

    #[test]
    fn an_end_that_has_passed_is_a_minute_from_now() {
        assert_eq!(until(&told(Scope::All), UnixMillis(0)), UnixMillis(1_000_000));
        assert_eq!(until(&told(Scope::All), UnixMillis(2_000_000)), UnixMillis(2_060_000));
    }

    #[test]
    fn a_clients_version_is_what_comes_after_its_name() {
        assert_eq!(version("truebell-cli/0.2.0"), Some(Version([0, 2, 0])));
        assert_eq!((version("truebell-cli"), version("truebell/x")), (None, None));
    }
}
