//! What admission and signed heads cost: the same load against the same server with and without them, in turns, so that a machine that
//! is busy with something else is so for all. What is compared is the server's processor time for each request: the load generator's own
//! share of the machine would hide part of it.

use super::{LOAD_TIME, info};
use crate::account::Account;
use crate::load::{Connection, per_second};
use crate::report::{Figure, Report};
use crate::server::Served;
use crate::without::Left;
use anyhow::{Result, ensure};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Turns of each server.
const TURNS: u32 = 8;
/// Accounts that sign in, each from a connection of its own.
const ACCOUNTS: usize = 32;

/// What is asked for.
#[derive(Clone, Copy)]
enum Asked {
    /// A sync that finds nothing new: the smallest request there is, and the one that is asked for most.
    NothingNew,
    /// A sync that brings ten changes.
    Delta,
    /// Both messages of a sign-in.
    SignIn,
}

/// A load: what is asked for, from how many connections at once, and what its figures are called.
struct Load {
    asked: Asked,
    connections: usize,
    admission: &'static str,
    heads: &'static str,
    whole: &'static str,
}

/// Nothing new twice: from a server that is quick enough for everybody, and from one that is asked for more than it can do.
const LOADS: [Load; 4] = [
    Load {
        asked: Asked::NothingNew,
        connections: 32,
        admission: "what admission costs nothing new",
        heads: "what signed heads cost nothing new",
        whole: "nothing new, the server's processor time",
    },
    Load {
        asked: Asked::NothingNew,
        connections: 512,
        admission: "what admission costs with 512 connections",
        heads: "what signed heads cost with 512 connections",
        whole: "nothing new, the server's processor time",
    },
    Load {
        asked: Asked::Delta,
        // A delta is a stream, and of streams a small machine opens few at once.
        connections: 4,
        admission: "what admission costs a delta of 10",
        heads: "what signed heads cost a delta of 10",
        whole: "the delta, the server's processor time",
    },
    Load {
        asked: Asked::SignIn,
        // No more than admission lets begin at once: a sign-in that is put off is none.
        connections: 2,
        admission: "what admission costs a sign-in",
        heads: "what signed heads cost a sign-in",
        whole: "both messages, the server's processor time",
    },
];

struct Side {
    served: Served,
    _data: TempDir,
    accounts: Arc<Vec<Account>>,
    micros: Vec<f64>,
}

impl Side {
    async fn start(left: Left) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let served = Served::without(left, data.path())?;
        let info = info(&served.address).await?;
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS {
            accounts.push(Account::sign_up(&mut Connection::open(&served.address, number).await?, info.server, number).await?);
        }
        if let Some(ada) = accounts.first() {
            let logins = (0..10).map(|number| ada.seal_login(number)).collect::<Result<_>>()?;
            Connection::open(&served.address, 0).await?.post(&ada.next_commit(logins)?).await?;
        }
        Ok(Self { served, _data: data, accounts: Arc::new(accounts), micros: Vec::new() })
    }

    async fn turn(&mut self, load: &Load, time: Duration) -> Result<()> {
        let before = self.served.cpu()?;
        let (accounts, asked) = (self.accounts.clone(), load.asked);
        let rate = per_second(&self.served.address, load.connections, time, move |mut connection: Connection, number| {
            let accounts = accounts.clone();
            async move {
                let (Some(ada), Some(mine)) = (accounts.first(), accounts.get(number % ACCOUNTS)) else { return Ok(connection) };
                match asked {
                    Asked::NothingNew => drop(connection.post_and_drain(&ada.sync(Some(ada.seq()))).await?),
                    Asked::Delta => {
                        let bytes = connection.post_and_drain(&ada.sync(Some(ada.seq() - 1))).await?;
                        ensure!(bytes > 2_000, "a delta of ten changes has {bytes} bytes");
                    }
                    Asked::SignIn => mine.sign_in(&mut connection).await?,
                }
                Ok(connection)
            }
        })
        .await?;
        self.micros.push((self.served.cpu()? - before).as_secs_f64() * 1e6 / (rate * time.as_secs_f64()));
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
    let wanted: Vec<&Load> = LOADS.iter().filter(|load| report.wants(load.admission) || report.wants(load.heads)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut sides = Vec::new();
    for left in [Left::Nothing, Left::Admission, Left::Heads] {
        sides.push(Side::start(left).await?);
    }
    for load in wanted {
        measure_load(report, &mut sides, load).await?;
    }
    Ok(())
}

async fn measure_load(report: &mut Report, sides: &mut [Side], load: &Load) -> Result<()> {
    for side in &mut *sides {
        side.turn(load, LOAD_TIME / TURNS).await?;
        side.micros.clear();
    }
    for _ in 0..TURNS {
        for side in &mut *sides {
            side.turn(load, LOAD_TIME / TURNS * 2).await?;
        }
    }
    let [whole, without_admission, without_heads] = &*sides else { return Ok(()) };
    let whole = (load.whole, whole.middle());
    for (name, without) in [(load.admission, without_admission), (load.heads, without_heads)] {
        let value = whole.1 - without.middle();
        report.add(Figure { name, value, unit: "µs", reference: Some(whole), aim: "under 0.05 of it" });
    }
    Ok(())
}
