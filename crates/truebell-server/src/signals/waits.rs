//! Polls that wait. One for each stream: a receiver that polls in a crowd waits once.

use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Notify;
use truebell_core::ids::StreamId;

/// Who waits, and how they are woken.
#[derive(Clone, Default)]
pub(crate) struct Waits(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<HashSet<StreamId>>,
    news: Notify,
}

impl Waits {
    /// An event was recorded here: whoever waits looks again.
    pub(crate) fn wake(&self) {
        self.0.news.notify_waiters();
    }

    /// A place to wait, until it is dropped. `None` if the stream has one.
    pub(super) fn wait(&self, stream: StreamId) -> Option<Wait> {
        let is_new = self.0.waiting.lock().insert(stream);
        is_new.then(|| Wait { waits: self.clone(), stream })
    }
}

/// A place to wait.
pub(super) struct Wait {
    waits: Waits,
    stream: StreamId,
}

impl Wait {
    /// Until something may be new.
    pub(super) async fn for_news(&self) {
        self.waits.0.news.notified().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.waits.0.waiting.lock().remove(&self.stream);
    }
}
