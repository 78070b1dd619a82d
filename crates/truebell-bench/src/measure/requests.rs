//! Reading: nothing new, a small delta, the first sync; and sign-ins.

use super::LOAD_TIME;
use crate::account::Account;
use crate::load::{Ask, Connection, per_second};
use crate::report::{Figure, Report};
use crate::server::Served;
use anyhow::Result;
use std::sync::Arc;
use truebell_core::ids::ServerId;

/// Connections of a busy small server.
const CONNECTIONS: usize = 32;
/// Connections of the first-sync load, where memory is watched.
const SYNC_CONNECTIONS: usize = 64;

pub(super) async fn measure(report: &mut Report, served: &Served, ada: &Arc<Account>) -> Result<()> {
    let seq = ada.seq();
    if report.wants("nothing new") {
        let value = repeat(&served.address, ada.sync(Some(seq))).await?;
        let hello = Served::hello()?;
        let bare = Ask { path: "/".into(), token: None, content_type: "text/plain", body: bytes::Bytes::new() };
        let reference = Some(("bare axum hello", repeat(&hello.address, bare).await?));
        report.add(Figure { name: "nothing new", value, unit: "/s", reference, aim: "at least a quarter of hello" });
    }
    if report.wants("delta of 10") {
        let value = repeat(&served.address, ada.sync(Some(seq - 1))).await?;
        report.add(Figure { name: "delta of 10 changes in 10,000 items", value, unit: "/s", reference: None, aim: "at least 1,000/s" });
    }
    if report.wants("first sync") {
        first_sync(report, served, ada).await?;
    }
    Ok(())
}

/// How often a second `ask` is answered.
async fn repeat(address: &str, ask: Ask) -> Result<f64> {
    let ask = Arc::new(ask);
    per_second(address, CONNECTIONS, LOAD_TIME, move |mut connection: Connection, _| {
        let ask = Arc::clone(&ask);
        async move {
            connection.post_and_drain(&ask).await?;
            Ok(connection)
        }
    })
    .await
}

async fn first_sync(report: &mut Report, served: &Served, ada: &Arc<Account>) -> Result<()> {
    let ask = Arc::new(ada.sync(None));
    let bytes = Connection::open(&served.address, 0).await?.post_and_drain(&ask).await?;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let mib = bytes as f64 / f64::from(1 << 20);
    served.reset_peak()?;
    let value = per_second(&served.address, SYNC_CONNECTIONS, LOAD_TIME, move |mut connection: Connection, _| {
        let ask = Arc::clone(&ask);
        async move {
            connection.post_and_drain(&ask).await?;
            Ok(connection)
        }
    })
    .await?;
    report.add(Figure { name: "first sync of 10,000 items", value, unit: "/s", reference: None, aim: "at least 30/s" });
    report.add(Figure { name: "first sync, answer", value: mib, unit: "MiB", reference: None, aim: "" });
    let peak = served.memory_mib()?.1;
    report.add(Figure {
        name: "first sync at 64 connections, server peak",
        value: peak,
        unit: "MiB",
        reference: None,
        aim: "under 150 MiB",
    });
    Ok(())
}

pub(super) async fn sign_ins(report: &mut Report, served: &Served, server: ServerId) -> Result<()> {
    if !report.wants("sign-ins") {
        return Ok(());
    }
    let mut accounts = Vec::new();
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(&served.address, number).await?;
        accounts.push(Account::sign_up(&mut connection, server, number).await?);
    }
    let accounts = Arc::new(accounts);
    let value = per_second(&served.address, CONNECTIONS, LOAD_TIME, move |mut connection: Connection, number| {
        let accounts = Arc::clone(&accounts);
        async move {
            if let Some(account) = accounts.get(number) {
                account.sign_in(&mut connection).await?;
            }
            Ok(connection)
        }
    })
    .await?;
    report.add(Figure { name: "sign-ins, both OPAQUE messages", value, unit: "/s", reference: None, aim: "at least 1,000/s" });
    Ok(())
}
