//! Signals (`docs/formats/signals.md`): a transmitter of the OpenID Shared Signals Framework, so that other systems hear of events.
//!
//! How the parts fit: the store queues an event on the streams it belongs to, in the event's transaction; `pen.rs` makes a token of what
//! waits, at the moment it leaves, if the event still proves it; `deliver.rs` pushes, through `guard.rs`; `routes/` answers receivers;
//! `operate.rs` is the operator's. Never here: a way to tell anything that no event proves.

mod answer;
mod caller;
mod deliver;
mod guard;
mod keys;
pub mod operate;
mod pen;
mod post;
mod routes;
mod waits;

pub use deliver::{Round, deliver_due, trim};
pub use keys::{NotAnRsaKey, RsaKey};
pub use post::{NotPosted, Post, Posted, Poster};
pub(crate) use routes::pages;
pub(crate) use waits::Waits;

use crate::config::{Config, Networks};
use std::sync::Arc;

/// What the operator decided about signals.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Networks beside the public internet that may be pushed to.
    pub networks: Networks,
    /// The key of receivers that want RS256.
    pub rsa: Option<Arc<RsaKey>>,
}

impl Setup {
    /// As configured.
    pub fn from_config(config: &Config) -> Result<Self, NotAnRsaKey> {
        let rsa = config.signals_rsa_key_file.as_deref().map(RsaKey::read).transpose()?.map(Arc::new);
        Ok(Self { networks: config.signals_networks.clone(), rsa })
    }
}
