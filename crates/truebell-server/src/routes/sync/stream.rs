//! The stream of frames: read page by page as the client takes them, so that memory does not grow with the vault.
//!
//! Between two pages the client reads and the server waits: no place at work is held then. Pages are separate reads. A tombstone may drop revisions between two of them; then the stream is cut without its end, none of it
//! counts, and the client asks again.

use crate::admission::Held;
use crate::error::Refusal;
use crate::state::App;
use axum::body::Bytes;
use futures::stream;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use truebell_core::ids::AccountId;
use truebell_core::wire::account::SignedRecord;
use truebell_core::wire::sync::Frame;
use truebell_store::rows::{Changes, RevisionCursor, VaultChange};
use truebell_store::{Store, StoreError};

/// Bytes of revisions read at once.
const PAGE_BYTES: usize = 256 << 10;

/// Why a stream ends without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Cut {
    /// A read failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault changed under the reader in a way that could leave holes.
    #[error("the vault moved on while it was read")]
    Moved,
    /// There was no place for the next page.
    #[error("the server has too much to do")]
    Shed,
}

impl From<Cut> for Refusal {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Store(error) => error.into(),
            Cut::Moved => Self::busy("a vault moved on while it was read"),
            Cut::Shed => Self::shed(),
        }
    }
}

/// What is still to be sent.
pub(super) struct Stream {
    store: Arc<dyn Store>,
    account: AccountId,
    /// Frames that need no further read.
    ready: Vec<Frame>,
    vaults: VecDeque<VaultChange>,
    /// Where the first of `vaults` goes on.
    cursor: Option<RevisionCursor>,
    over: bool,
    at_work: Option<Held>,
}

impl Stream {
    pub(super) fn new(app: &App, account: AccountId, changes: Changes, at_work: Option<Held>) -> Self {
        let events = changes.events.into_iter().map(Frame::Event);
        let record = changes.record.map(|record| Frame::Record(SignedRecord::sign(record, account, &app.keys.signing)));
        let ready = events.chain(record).collect();
        Self { store: app.store.clone(), account, ready, vaults: changes.vaults.into(), cursor: None, over: false, at_work }
    }

    /// Whether the end was sent.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The next piece of the stream: whole frames, about a page of them.
    pub(super) async fn next_piece(&mut self) -> Result<Bytes, Cut> {
        let mut piece = Vec::new();
        for frame in self.ready.drain(..) {
            frame.write_to(&mut piece);
        }
        while piece.len() < PAGE_BYTES && !self.over {
            match self.vaults.pop_front() {
                Some(vault) => self.write_page(vault, &mut piece).await?,
                None => {
                    Frame::End.write_to(&mut piece);
                    self.over = true;
                }
            }
        }
        Ok(piece.into())
    }

    /// Writes the next page of a vault, and its head after the last one.
    async fn write_page(&mut self, mut change: VaultChange, piece: &mut Vec<u8>) -> Result<(), Cut> {
        let vault = change.mark.vault;
        if let Some(info) = change.info.take() {
            Frame::Vault(info).write_to(piece);
        }
        let read = self.store.revisions(self.account, vault, change.after, change.mark.seq, self.cursor, PAGE_BYTES).await?;
        let page = read.ok_or(Cut::Moved)?;
        if !page.revisions.is_empty() {
            Frame::Revisions(vault, page.revisions).write_to(piece);
        }
        self.cursor = page.next;
        if self.cursor.is_some() {
            self.vaults.push_front(change);
            return Ok(());
        }
        if self.store.dropped_since(vault, change.mark.seq).await? {
            return Err(Cut::Moved);
        }
        Frame::Head(vault, change.head).write_to(piece);
        Ok(())
    }

    /// The next piece, read in a place at work that is taken for it.
    async fn next_piece_at_work(&mut self) -> Result<Bytes, Cut> {
        let Some(held) = self.at_work.clone() else { return self.next_piece().await };
        if !held.step_in().await {
            return Err(Cut::Shed);
        }
        let piece = self.next_piece().await;
        held.step_aside();
        piece
    }

    /// The whole stream, `first` being what was taken from it already. An error cuts the connection.
    pub(super) fn with_first(self, first: Bytes, open: OwnedSemaphorePermit) -> impl stream::Stream<Item = Result<Bytes, Cut>> + Send {
        // From here on the client sets the pace.
        self.at_work.iter().for_each(Held::step_aside);
        stream::unfold((Some(first), Some(self), open), async |(first, rest, open)| {
            if let Some(first) = first {
                return Some((Ok(first), (None, rest, open)));
            }
            let mut rest = rest.filter(|rest| !rest.is_over())?;
            match rest.next_piece_at_work().await {
                Ok(piece) => Some((Ok(piece), (None, Some(rest), open))),
                Err(cut) => {
                    tracing::warn!(%cut, "a sync stream was cut");
                    Some((Err(cut), (None, None, open)))
                }
            }
        })
    }
}
