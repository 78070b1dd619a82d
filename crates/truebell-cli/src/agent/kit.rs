//! A kit on its way from the desk to a file: one line of text that holds a secret.

use serde::{Deserialize, Serialize};
use truebell_client::KitData;
use truebell_core::kit::Kit;
use truebell_core::secret::Secret;

/// The kit as a URI.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KitLine {
    /// `Kit::to_uri`.
    pub uri: Secret,
}

/// The kit as the rest of the world knows it.
pub fn kit_of(data: &KitData) -> Kit {
    Kit {
        server: data.server.clone(),
        fingerprint: data.fingerprint.to_string(),
        email: data.email.clone(),
        account: data.account,
        secret_key: data.secret_key.clone(),
        epoch: data.epoch,
        created: data.made,
    }
}

/// As one line.
pub fn line_of(data: &KitData) -> KitLine {
    KitLine { uri: kit_of(data).to_uri() }
}
