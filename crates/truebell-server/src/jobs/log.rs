//! The transparency log moves on: waiting leaves get their places, and the checkpoint that has them is published.

use crate::log::{Publisher, Refused, grow};
use crate::state::App;
use truebell_store::StoreError;

/// One round. A log that would fork is not a failure of the store: it is said once a round, and nothing is signed.
pub async fn advance(app: &App, publisher: &mut Publisher) -> Result<(), StoreError> {
    grow(&*app.store).await?;
    match publisher.publish(app).await {
        Ok(_) => Ok(()),
        Err(Refused::Store(error)) => Err(error),
        Err(error @ (Refused::WouldFork | Refused::Forgotten(_))) => {
            tracing::error!("{error}");
            Err(StoreError::Damaged("the transparency log"))
        }
    }
}
