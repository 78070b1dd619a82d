//! What admission and signed heads cost: the same load against the same server with and without them, in turns, so that a machine that
//! is busy with something else is so for all. What is compared is the server's processor time for each request: the load generator's own
//! share of the machine would hide part of it.

use super::{LOAD_TIME, info};
use crate::account::Account;
use crate::load::Connection;
use crate::report::{Figure, Report};
use crate::server::Served;
use crate::without::Left;
use anyhow::Result;
use std::time::Duration;
use tempfile::TempDir;

/// Turns of each server.
const TURNS: u32 = 8;

/// A load: from how many connections at once, and what its figures are called.
struct Load {
    connections: usize,
    admission: &'static str,
    heads: &'static str,
}

/// A server that is quick enough for everybody, and one that is asked for more than it can do: what is done for many at once costs
/// each of them less there.
const LOADS: [Load; 2] = [
    Load { connections: 32, admission: "what admission costs nothing new", heads: "what signed heads cost nothing new" },
    Load { connections: 512, admission: "what admission costs with 512 connections", heads: "what signed heads cost with 512 connections" },
];

struct Side {
    served: Served,
    _data: TempDir,
    account: Account,
    micros: Vec<f64>,
}

impl Side {
    async fn start(left: Left) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let served = Served::without(left, data.path())?;
        let info = info(&served.address).await?;
        let account = Account::sign_up(&mut Connection::open(&served.address, 0).await?, info.server, 0).await?;
        Ok(Self { served, _data: data, account, micros: Vec::new() })
    }

    async fn turn(&mut self, connections: usize, time: Duration) -> Result<()> {
        let (before, ask) = (self.served.cpu()?, self.account.sync(Some(self.account.seq())));
        let done = super::requests::repeat_for(&self.served.address, ask, connections, time).await? * time.as_secs_f64();
        self.micros.push((self.served.cpu()? - before).as_secs_f64() * 1e6 / done);
        Ok(())
    }

    /// The middle one of all turns.
    fn middle(&self) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

pub(super) async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants("what admission costs") && !report.wants("what signed heads cost") {
        return Ok(());
    }
    let mut sides = Vec::new();
    for left in [Left::Nothing, Left::Admission, Left::Heads] {
        sides.push(Side::start(left).await?);
    }
    for load in LOADS {
        measure_load(report, &mut sides, &load).await?;
    }
    Ok(())
}

async fn measure_load(report: &mut Report, sides: &mut [Side], load: &Load) -> Result<()> {
    for side in &mut *sides {
        side.turn(load.connections, LOAD_TIME / TURNS).await?;
        side.micros.clear();
    }
    for _ in 0..TURNS {
        for side in &mut *sides {
            side.turn(load.connections, LOAD_TIME / TURNS * 2).await?;
        }
    }
    let [whole, without_admission, without_heads] = &*sides else { return Ok(()) };
    let whole = ("nothing new, the server's processor time", whole.middle());
    for (name, without) in [(load.admission, without_admission), (load.heads, without_heads)] {
        let value = whole.1 - without.middle();
        report.add(Figure { name, value, unit: "µs", reference: Some(whole), aim: "under 0.05 of it" });
    }
    Ok(())
}
