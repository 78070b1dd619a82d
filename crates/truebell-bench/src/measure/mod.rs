//! What is measured. The aims are the project's own; where each comes from is in `docs/performance.md`.

mod cli;
mod corpus;
mod hashing;
mod judgement;
mod lists;
mod log;
mod moving;
mod pairs;
mod requests;
mod shares;
mod writes;

use crate::account::Account;
use crate::load::Connection;
use crate::report::{Figure, Report};
use crate::server::Served;
use anyhow::Result;
use std::time::Duration;
use truebell_core::wire::server::ServerInfo;

pub(crate) use cli::command_line;
pub(crate) use corpus::corpus;
pub(crate) use hashing::hashing;
pub(crate) use judgement::judgement;
pub(crate) use lists::lists;
pub(crate) use log::log;
pub(crate) use moving::moving;
pub(crate) use pairs::pairs;

/// How long each load runs.
const LOAD_TIME: Duration = Duration::from_secs(5);
/// Items in the large vault.
const ITEMS: usize = 10_000;

/// Everything about the server.
pub(crate) async fn server(report: &mut Report) -> Result<()> {
    shares::measure(report).await?;
    let names = ["idle server", "nothing new", "delta of 10", "first sync", "sign-ins", "item writes", "sealed size"];
    if !names.iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let served = Served::truebell(folder.path())?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    if report.wants("idle server") {
        let value = served.memory_mib()?.0;
        report.add(Figure { name: "idle server, resident", value, unit: "MiB", reference: None, aim: "under 30 MiB" });
    }
    let info = info(&served.address).await?;
    let mut connection = Connection::open(&served.address, 0).await?;
    let ada = std::sync::Arc::new(Account::sign_up(&mut connection, info.server, 0).await?);
    writes::fill(report, &mut connection, &ada, folder.path()).await?;
    requests::measure(report, &served, &ada).await?;
    requests::sign_ins(report, &served, info.server).await?;
    writes::measure(report, &served, info.server, folder.path()).await
}

pub(super) async fn info(address: &str) -> Result<ServerInfo> {
    let address = address.to_owned();
    let body = tokio::task::spawn_blocking(move || -> Result<Vec<u8>> {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(&address)?;
        write!(stream, "GET /v1/server HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let body = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |end| end + 4);
        Ok(answer.split_off(body))
    });
    Ok(serde_json::from_slice(&body.await??)?)
}
