//! Our server with something left out, in a process of its own: the reference for what that part costs. Two of these differ in the
//! part and in nothing else. Never here: what is measured.

use crate::account::Os;
use anyhow::Result;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use truebell_core::chance::make_array;
use truebell_core::wire::server::SignUpMode;
use truebell_server::chance::MachineChance;
use truebell_server::clock::{Clock, MachineClock};
use truebell_server::identity::ServerKey;
use truebell_server::metrics::Metrics;
use truebell_server::serve::routes;
use truebell_server::{App, ServerKeys, Settings, Without};
use truebell_store::Location;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Left {
    /// Nothing: this is what the others are held against.
    Nothing,
    /// Nobody waits and nobody is sent away.
    Admission,
    /// Nothing is signed.
    Heads,
}

impl Left {
    /// As the command line has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Admission => "admission",
            Self::Heads => "heads",
        }
    }

    fn setting(self) -> Option<Without> {
        match self {
            Self::Nothing => None,
            Self::Admission => Some(Without::Admission),
            Self::Heads => Some(Without::Heads),
        }
    }
}

/// Serves on a free loopback port, on SQLite in `data`, and prints its address.
#[expect(clippy::print_stdout, reason = "the harness reads the address from there")]
pub(crate) async fn serve(left: Left, data: &Path) -> Result<()> {
    let store = truebell_store::open(&Location::Sqlite(data.join("server.db"))).await?;
    let key = ServerKey::make_random(make_array(&mut Os), MachineClock.now(), &mut Os);
    store.create_identity(&key.identity()).await?;
    let identity = key.identity();
    let keys = ServerKeys { signing: key.signing, opaque: key.opaque, sealing: key.sealing };
    let settings = Settings { sign_up: SignUpMode::Open, without: left.setting(), ..Settings::default() };
    let app = Arc::new(App::new(store, keys, identity, settings, Arc::new(MachineClock), Arc::new(MachineChance)));
    let routes = routes(app, Arc::new(Metrics::default()), false);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"address\":\"http://{}\"}}", listener.local_addr()?);
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
