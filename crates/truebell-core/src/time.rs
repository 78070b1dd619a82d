//! Instants as numbers. This crate never learns what time it is; it is told.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct UnixMillis(#[n(0)] pub u64);

impl UnixMillis {
    /// Whole seconds, as JWTs count them.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// From whole seconds.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }
}

impl Add<std::time::Duration> for UnixMillis {
    type Output = Self;
    fn add(self, more: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(more.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub for UnixMillis {
    type Output = std::time::Duration;
    /// How long after `earlier`; zero if it is not after it.
    fn sub(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
