//! The operator's journal in memory: read from the store every now and then, so that every server of a database says the same, and
//! kept while the store is away, which is when it matters.

use crate::state::App;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::time::Duration;
use truebell_core::chance::{Chance, make_array};
use truebell_core::event::Unsayable;
use truebell_core::ids::ServerId;
use truebell_core::status::{Entry, Maintenance, Said, Status, StatusId};
use truebell_core::time::UnixMillis;
use truebell_store::rows::StatusEntry;
use truebell_store::{Store, StoreError};

/// How often the store is asked whether more was said: by another server, or past this one.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a signed document is given out before it is signed anew.
const SIGNED_FOR: Duration = Duration::from_secs(10);

/// What is known of the journal.
#[derive(Default)]
pub(crate) struct Board {
    known: RwLock<Known>,
    signed: Mutex<Option<Signed>>,
}

#[derive(Default)]
struct Known {
    stored: Vec<Entry>,
    /// Said here while the store was away.
    waiting: Vec<Entry>,
    maintenance: Option<Arc<Maintenance>>,
}

struct Signed {
    serial: u64,
    at: UnixMillis,
    document: Arc<str>,
}

impl Known {
    fn all(&self) -> Vec<Entry> {
        self.stored.iter().chain(&self.waiting).cloned().collect()
    }

    fn settle(&mut self) {
        // Which server it is and when plays no part in what goes on.
        let status = Status::derive(ServerId([0; 16]), &self.all(), UnixMillis(0), None);
        self.maintenance = status.current().cloned().map(Arc::new);
    }
}

impl Board {
    /// The maintenance that goes on. Asked with every request.
    pub(crate) fn maintenance(&self) -> Option<Arc<Maintenance>> {
        self.known.read().maintenance.clone()
    }

    fn take_stored(&self, stored: Vec<Entry>) {
        let mut known = self.known.write();
        known.waiting.retain(|waiting| stored.iter().all(|entry| entry.entry != waiting.entry));
        known.stored = stored;
        known.settle();
    }

    fn keep(&self, entry: Entry) {
        let mut known = self.known.write();
        known.waiting.push(entry);
        known.settle();
    }

    fn count(&self) -> u64 {
        self.known.read().stored.len() as u64
    }
}

impl App {
    /// What the operator says, as of now.
    pub(crate) fn status(&self) -> Status {
        let floor = Some(self.settings.client_floor.to_string());
        Status::derive(self.identity.server, &self.board.known.read().all(), self.now(), floor)
    }

    /// The same, signed; at most ten seconds old.
    pub(crate) fn status_document(&self) -> Result<Arc<str>, Unsayable> {
        let status = self.status();
        let mut signed = self.board.signed.lock();
        if let Some(signed) = &*signed
            && signed.serial == status.serial
            && signed.at <= status.at
            && status.at < signed.at + SIGNED_FOR
        {
            return Ok(signed.document.clone());
        }
        let document: Arc<str> = status.sign(&self.keys.signing)?.into();
        *signed = Some(Signed { serial: status.serial, at: status.at, document: document.clone() });
        Ok(document)
    }

    /// Reads the journal, and writes into it what was said while the store was away.
    pub(crate) async fn read_board(&self) -> Result<(), StoreError> {
        let waiting = self.board.known.read().waiting.clone();
        for entry in &waiting {
            self.store.add_status(&to_row(entry)?).await?;
        }
        if let Some(rows) = self.store.status_entries(self.board.count()).await? {
            self.board.take_stored(rows.iter().filter_map(from_row).collect());
        }
        Ok(())
    }
}

/// Reads the journal again and again, until it is dropped.
pub async fn follow(app: Arc<App>) {
    let mut failing = false;
    loop {
        match app.read_board().await {
            Ok(()) => failing = false,
            Err(error) if !std::mem::replace(&mut failing, true) => {
                tracing::warn!("the operator's journal cannot be read ({error}): what was known of it stays");
            }
            Err(_) => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Says something through a running server: known here at once, to the others within seconds. `false` if the store is away; it is
/// said all the same and written once the store is back.
pub async fn say(app: &App, said: Said) -> (StatusId, bool) {
    let entry = Entry { entry: make_array(&mut *app.chance.chance()), at: app.now(), said };
    let id = StatusId::derive(&entry.entry);
    app.board.keep(entry);
    let is_stored = app.read_board().await.inspect_err(|error| tracing::warn!("the operator's word is kept here only ({error})")).is_ok();
    (id, is_stored)
}

/// Says something in a database that no server serves.
pub async fn say_in(store: &dyn Store, said: Said, now: UnixMillis, chance: &mut (dyn Chance + Send)) -> Result<StatusId, StoreError> {
    let entry = Entry { entry: make_array(chance), at: now, said };
    store.add_status(&to_row(&entry)?).await?;
    Ok(StatusId::derive(&entry.entry))
}

/// The journal of a store.
pub(super) async fn read_all(store: &dyn Store) -> Result<Vec<Entry>, StoreError> {
    let rows = store.status_entries(0).await?.unwrap_or(Vec::new());
    Ok(rows.iter().filter_map(from_row).collect())
}

fn to_row(entry: &Entry) -> Result<StatusEntry, StoreError> {
    let body = serde_json::to_string(&entry.said).map_err(|_| StoreError::Damaged("an operator's word that has no form"))?;
    Ok(StatusEntry { entry: entry.entry, at: entry.at, body })
}

/// What a newer version said in words this one does not know is left out.
fn from_row(row: &StatusEntry) -> Option<Entry> {
    let said = serde_json::from_str(&row.body).inspect_err(|_| tracing::debug!("an entry of the journal is not understood")).ok()?;
    Some(Entry { entry: row.entry, at: row.at, said })
}
