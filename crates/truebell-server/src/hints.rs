//! Who is told that something is new: listeners of this process, and, through the store, those of other processes on the same
//! database. A hint says nothing else: what is new comes by the next sync, proven.

use crate::state::App;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_store::rows::{Heard, Hint};

/// Most streams of one account: more devices than anybody has.
const LISTENERS_PER_ACCOUNT_MAX: usize = 64;
/// Hints kept for a slow listener; one that misses some is told once that something is new.
const HINTS_KEPT: usize = 8;

/// After a time without other processes' hints everybody is told that something may be new: over this long, so that they do not
/// all sync at once.
const CATCH_UP: Duration = Duration::from_secs(30);
/// Pauses while all are told.
const CATCH_UP_STEPS: u32 = 60;
/// Nobody's device: what is told in its name is told to all of an account.
pub(crate) const NOBODY: DeviceId = DeviceId([0; 16]);

type Channels = Mutex<HashMap<AccountId, broadcast::Sender<DeviceId>>>;

/// All listeners.
#[derive(Default)]
pub(crate) struct Hints {
    channels: Arc<Channels>,
    listeners: Arc<AtomicUsize>,
}

/// One listener. Dropped, it leaves nothing behind.
pub(crate) struct Listener {
    account: AccountId,
    device: DeviceId,
    /// `None` only while being dropped.
    receiver: Option<broadcast::Receiver<DeviceId>>,
    channels: Arc<Channels>,
    listeners: Arc<AtomicUsize>,
}

impl Hints {
    /// Something of the account is new; the device that did it knows already.
    pub(crate) fn tell(&self, account: AccountId, by: DeviceId) {
        if let Some(channel) = self.channels.lock().get(&account) {
            // Nobody listening any more is no error: the last one is leaving.
            let _listeners = channel.send(by);
        }
    }

    /// Listens for one device. `None` if the account has too many streams open.
    pub(crate) fn listen(&self, account: AccountId, device: DeviceId) -> Option<Listener> {
        let mut channels = self.channels.lock();
        let channel = channels.entry(account).or_insert_with(|| broadcast::channel(HINTS_KEPT).0);
        if channel.receiver_count() >= LISTENERS_PER_ACCOUNT_MAX {
            return None;
        }
        let receiver = Some(channel.subscribe());
        self.listeners.fetch_add(1, Ordering::Relaxed);
        Some(Listener { account, device, receiver, channels: self.channels.clone(), listeners: self.listeners.clone() })
    }

    pub(crate) fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    /// Tells everybody, a share at a time.
    async fn tell_all(&self, over: Duration) {
        let accounts: Vec<AccountId> = self.channels.lock().keys().copied().collect();
        let share = accounts.len().div_ceil(CATCH_UP_STEPS as usize).max(1);
        for accounts in accounts.chunks(share) {
            accounts.iter().for_each(|account| self.tell(*account, NOBODY));
            tokio::time::sleep(over / CATCH_UP_STEPS).await;
        }
    }
}

/// Passes on what other processes on this database tell, until it is dropped.
pub async fn hear(app: Arc<App>) {
    loop {
        match app.store.hear().await {
            Heard::Hint(Hint { account, device }) => app.hints.tell(account, device),
            Heard::Missed => app.hints.tell_all(CATCH_UP).await,
        }
    }
}

impl Listener {
    /// Waits until another device did something.
    pub(crate) async fn next(&mut self) {
        let Some(receiver) = &mut self.receiver else { return };
        loop {
            match receiver.recv().await {
                Ok(by) if by == self.device => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                // The sender lives as long as this listener does.
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut channels = self.channels.lock();
        self.receiver = None;
        if channels.get(&self.account).is_some_and(|channel| channel.receiver_count() == 0) {
            channels.remove(&self.account);
        }
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const ADA: AccountId = AccountId([1; 16]);
    const LAPTOP: DeviceId = DeviceId([1; 16]);
    const PHONE: DeviceId = DeviceId([2; 16]);

    #[tokio::test]
    async fn another_device_is_told_and_the_one_that_acted_and_other_accounts_are_not() {
        let hints = Hints::default();
        let mut phone = hints.listen(ADA, PHONE).unwrap();
        let mut stranger = hints.listen(AccountId([2; 16]), PHONE).unwrap();
        hints.tell(ADA, PHONE);
        assert!(phone.next().now_or_never().is_none());
        hints.tell(ADA, LAPTOP);
        assert!(phone.next().now_or_never().is_some());
        assert!(stranger.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn after_a_time_without_hints_everybody_is_told_but_not_at_once() {
        let hints = Hints::default();
        let mut phones: Vec<_> = (1..=120).map(|n| hints.listen(AccountId([n; 16]), PHONE).unwrap()).collect();
        let over = Duration::from_millis(120);
        let began = tokio::time::Instant::now();
        hints.tell_all(over).await;
        assert!(began.elapsed() >= over, "{:?}", began.elapsed());
        assert!(phones.iter_mut().all(|phone| phone.next().now_or_never().is_some()));
    }

    #[tokio::test]
    async fn a_slow_listener_is_still_told_and_nothing_is_left_when_all_are_gone() {
        let hints = Hints::default();
        let mut phone = hints.listen(ADA, PHONE).unwrap();
        hints.tell(ADA, LAPTOP);
        for _ in 0..100 {
            hints.tell(ADA, PHONE);
        }
        assert!(phone.next().now_or_never().is_some());
        let more: Vec<_> = std::iter::from_fn(|| hints.listen(ADA, LAPTOP)).collect();
        assert_eq!((more.len(), hints.listeners()), (63, 64));
        drop((phone, more));
        assert_eq!((hints.channels.lock().len(), hints.listeners()), (0, 0));
    }
}
