//! Where heads are signed. One signature costs about as much as all else of a small reply, so the heads that are ready at the same
//! moment are signed together: alone while the server has little to do, dozens at once when it has much. Never here: what a head says.

use crate::state::App;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use truebell_core::head::Head;

/// Most heads under one signature: a path of five steps, and a thirtieth of the signature's cost.
const TOGETHER_MAX: usize = 32;

/// Heads that wait for their signature.
#[derive(Default)]
pub(crate) struct Pen(Mutex<Vec<(Head, oneshot::Sender<String>)>>);

/// Signs what waits when it is dropped, also where the request of whoever came first was given up meanwhile.
struct Turn<'a>(&'a App);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.pen.0.lock();
        let taken = std::mem::take(&mut *waiting);
        drop(waiting);
        let (heads, askers): (Vec<Head>, Vec<_>) = taken.into_iter().unzip();
        let values = heads.chunks(TOGETHER_MAX).flat_map(|heads| Head::sign_all(heads, &self.0.keys.signing));
        for (asker, value) in askers.into_iter().zip(values) {
            // Whoever is gone needs none.
            let _gone = asker.send(value);
        }
    }
}

impl App {
    /// A head's value, once it is signed: a moment later, when everything that is ready now has come this far.
    pub(crate) async fn sign(&self, head: Head) -> Option<String> {
        let (asker, value) = oneshot::channel();
        let is_first = {
            let mut waiting = self.pen.0.lock();
            waiting.push((head, asker));
            waiting.len() == 1
        };
        if is_first {
            let turn = Turn(self);
            tokio::task::yield_now().await;
            drop(turn);
        }
        value.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::app;
    use futures::FutureExt;
    use futures::future::join_all;
    use std::collections::BTreeSet;
    use truebell_core::head::Status;

    fn head(app: &App, number: u8) -> Head {
        Head {
            server: app.identity.server,
            generation: app.identity.generation,
            restore_epoch: 0,
            at: app.now(),
            nonce: [number; 16],
            status: Status::Ok,
            account: None,
            pace_ms: 0,
            body: None,
        }
    }

    fn signature(value: &str) -> &str {
        value.split('.').nth(1).unwrap()
    }

    #[tokio::test]
    async fn heads_of_one_moment_share_a_signature_and_each_gets_its_own() {
        let app = app();
        for (count, signatures) in [(1_u8, 1), (2, 1), (32, 1), (33, 2), (100, 4)] {
            let values = join_all((0..count).map(|number| app.sign(head(&app, number)))).await;
            for (number, value) in (0..count).zip(&values) {
                assert_eq!(Head::verify(value.as_ref().unwrap(), &app.identity.key).unwrap().nonce, [number; 16]);
            }
            let different: BTreeSet<_> = values.iter().flatten().map(|value| signature(value)).collect();
            assert_eq!(different.len(), signatures, "{count} together");
        }
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_first_takes_nobodys_signature_along() {
        let app = app();
        let mut first = Box::pin(app.sign(head(&app, 1)));
        let mut second = Box::pin(app.sign(head(&app, 2)));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(Head::verify(&second.await.unwrap(), &app.identity.key).unwrap().nonce, [2; 16]);
        assert!(app.sign(head(&app, 3)).await.is_some(), "and the next are signed as well");
    }
}
