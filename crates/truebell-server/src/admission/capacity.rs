//! Work at once, by class: the fuller the server, the fewer classes it takes (finish sign-in > delta > full > bulk).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a request is worth when not all can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody is at the door with the key in hand; and acts that protect an account.
    FinishSignIn,
    /// A small read or write of somebody already in.
    Delta,
    /// The first sync of a device, the first message of a sign-in.
    Full,
    /// Imports, attachments, new accounts.
    Bulk,
}

impl Class {
    /// The share of the capacity, in eighths, that may be taken before this class is shed.
    fn eighths(self) -> usize {
        match self {
            Self::FinishSignIn => 8,
            Self::Delta => 7,
            Self::Full => 5,
            Self::Bulk => 4,
        }
    }
}

/// How much is at work.
pub(super) struct Capacity {
    at_work: Arc<AtomicUsize>,
    most: usize,
}

/// One request at work; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Capacity {
    pub(super) fn new(most: usize) -> Self {
        Self { at_work: Arc::default(), most: most.max(8) }
    }

    pub(super) fn admit(&self, class: Class) -> Option<Permit> {
        let permit = Permit(self.at_work.clone());
        let before = self.at_work.fetch_add(1, Ordering::Relaxed);
        (before < self.most * class.eighths() / 8).then_some(permit)
    }

    pub(super) fn at_work(&self) -> usize {
        self.at_work.load(Ordering::Relaxed)
    }

    /// How full, in eighths.
    pub(super) fn eighths(&self) -> u32 {
        u32::try_from(self.at_work() * 8 / self.most).unwrap_or(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_class_is_shed_first_and_room_comes_back() {
        let capacity = Capacity::new(16);
        let mut permits = Vec::new();
        for (class, most) in [(Class::Bulk, 8), (Class::Full, 10), (Class::Delta, 14), (Class::FinishSignIn, 16)] {
            while let Some(permit) = capacity.admit(class) {
                permits.push(permit);
            }
            assert_eq!((permits.len(), capacity.at_work()), (most, most), "{class:?}");
        }
        permits.truncate(7);
        assert!(capacity.admit(Class::Bulk).is_some());
        drop(permits);
        assert_eq!(capacity.at_work(), 0);
    }
}
