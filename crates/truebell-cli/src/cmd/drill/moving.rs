//! The live move of the day, ordered as an operator orders it and watched until another database serves. Never here: how a move works.

use crate::exit::{Answered, Failure};
use clap::ValueEnum;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;
use truebell_server::control::{Answer, Asked, ask};
use truebell_server::moving::{Hidden, Order, Phase, Status};

/// How long a move may take once the trouble is over.
const SWITCH_TIME: Duration = Duration::from_secs(180);
/// How long it may take to let go of the old database.
const FINISH_TIME: Duration = Duration::from_secs(60);
/// The old database is followed for longer than any drill lasts.
const KEEP_MS: u64 = 3_600_000;

/// Between which databases the operator moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    /// From a SQLite file to a PostgreSQL; only the new database fails meanwhile
    #[default]
    SqliteToPostgres,
    /// From one PostgreSQL to another; both fail
    PostgresToPostgres,
}

impl Form {
    /// Names of the databases it needs in the cluster; the last one is where it goes.
    pub(super) fn databases(self) -> &'static [&'static str] {
        match self {
            Self::SqliteToPostgres => &["new"],
            Self::PostgresToPostgres => &["old", "new"],
        }
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::SqliteToPostgres => "from a SQLite file to a PostgreSQL",
            Self::PostgresToPostgres => "from one PostgreSQL to another",
        }
    }
}

/// What the move cost.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moved {
    /// Between which databases.
    pub form: Form,
    /// From the order to the switch.
    pub seconds: f64,
    /// Rows carried, changes included.
    pub rows: u64,
    /// How often the switch was tried.
    pub fence_tries: u64,
    /// The longest time nobody could write, tries that were given up included.
    pub fence_ms_max: f64,
}

/// The door to the server whose data folder this is.
pub(super) struct Operator<'a>(pub &'a Path);

impl Operator<'_> {
    /// Orders the move.
    pub(super) fn begin(&self, to: String) -> Answered<Instant> {
        let begun = Instant::now();
        match self.order(Order::To { to: Hidden(to), keep_ms: KEEP_MS })? {
            Some(_) => Ok(begun),
            None => Err(Failure::plain("The drill's move did not begin.")),
        }
    }

    /// Waits until the new database serves.
    pub(super) fn wait_until_switched(&self, form: Form, begun: Instant) -> Answered<Moved> {
        let end = Instant::now() + SWITCH_TIME;
        loop {
            let status = self.order(Order::Status)?.ok_or_else(|| Failure::plain("The drill's move is not there any more."))?;
            if status.phase == Phase::Kept {
                let seconds = begun.elapsed().as_secs_f64();
                let Status { rows, fence_tries, move_fence_ms_max: fence_ms_max, .. } = status;
                return Ok(Moved { form, seconds, rows, fence_tries, fence_ms_max });
            }
            if status.stopped.is_some() || Instant::now() > end {
                let why = status.stopped.or(status.waiting).unwrap_or_else(|| "it is too slow".into());
                return Err(Failure::plain(format!("The drill's move did not come to the switch: {why}.")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Closes the way back.
    pub(super) fn finish(&self) -> Answered {
        self.order(Order::Finish)?;
        let end = Instant::now() + FINISH_TIME;
        while self.order(Order::Status)?.is_some() {
            if Instant::now() > end {
                return Err(Failure::plain("The drill's move did not let go of the old database."));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn order(&self, order: Order) -> Answered<Option<Status>> {
        match ask(self.0, &Asked::Move(order)) {
            Ok(Some(Answer::Moving(status))) => Ok(Some(*status)),
            Ok(Some(Answer::NotMoving)) => Ok(None),
            Ok(Some(Answer::Failed { sentence })) => Err(Failure::plain(format!("The drill's move was refused: {sentence}"))),
            Ok(_) => Err(Failure::plain("The drill's server is gone.")),
            Err(error) => Err(Failure::io("The drill's server could not be asked about the move", &error)),
        }
    }
}
