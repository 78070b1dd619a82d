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

    async fn turn(&mut self, time: Duration) -> Result<()> {
        let (before, ask) = (self.served.cpu()?, self.account.sync(Some(self.account.seq())));
        let done = super::requests::repeat_for(&self.served.address, ask, time).await? * time.as_secs_f64();
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
    for side in &mut sides {
        side.turn(LOAD_TIME / TURNS).await?;
        side.micros.clear();
    }
    for _ in 0..TURNS {
        for side in &mut sides {
            side.turn(LOAD_TIME / TURNS * 2).await?;
        }
    }
    let [whole, without_admission, without_heads] = sides.as_slice() else { return Ok(()) };
    let whole = ("nothing new, the server's processor time", whole.middle());
    for (name, without) in [("what admission costs nothing new", without_admission), ("what signed heads cost nothing new", without_heads)]
    {
        let value = whole.1 - without.middle();
        report.add(Figure { name, value, unit: "µs", reference: Some(whole), aim: "under 0.05 of it" });
    }
    Ok(())
}
