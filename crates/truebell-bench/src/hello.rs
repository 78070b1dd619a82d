//! The reference for requests: a bare axum server that says "hello".

use anyhow::Result;
use axum::Router;
use axum::routing::post;

/// Serves on a free loopback port and prints its address.
#[expect(clippy::print_stdout, reason = "the harness reads the address from there")]
pub(crate) async fn serve() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"address\":\"http://{}\"}}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", post(|| async { "hello" }))).await?;
    Ok(())
}
