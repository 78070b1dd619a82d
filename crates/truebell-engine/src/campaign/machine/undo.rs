//! Retraction: exactly those who were reached, at least once each. It needs no approval but the plan's, and no plan's end ends it.

use super::super::{Entry, Phase, Recipient, Standing, State};
use super::{Effect, Machine};
use truebell_core::time::UnixMillis;

/// How long a retraction may take before it is tried again, in ms.
const AGAIN_MS: u64 = 5 * 60_000;
/// After so many tries the wait no longer doubles.
const DOUBLINGS_MAX: u32 = 5;

/// Tried once more, and not at once.
pub(super) fn again(tell: bool, tries: u32, now: UnixMillis) -> Standing {
    let wait_ms = 15_000 << tries.min(DOUBLINGS_MAX);
    Standing::Retracting { tell, tries, next: UnixMillis(now.0 + wait_ms) }
}

impl Machine {
    /// Everything that was done is undone. Claims and mails that are under way are waited for.
    pub(super) fn retract(&mut self, now: UnixMillis) {
        self.approved = None;
        self.forget_leases();
        self.set_state(State { phase: Phase::Retracting, ..self.state });
        // A mail that is leaving at this moment is waited for: who was told is corrected, and nobody else.
        let is_known = |entry: &Entry| entry.standing.is_reached() && !matches!(entry.standing, Standing::Handing { .. });
        let reached: Vec<_> = self.ledger().filter(|(_, entry)| is_known(entry)).collect();
        for (recipient, entry) in reached {
            self.begin_undo(recipient, entry, now);
        }
    }

    /// What is heard after a retraction began belongs to it.
    pub(super) fn undo_late(&mut self, recipient: Recipient, now: UnixMillis) {
        let entry = self.rows.get(recipient);
        let is_known = entry.standing.is_reached() && !matches!(entry.standing, Standing::Handing { .. });
        if matches!(self.state.phase, Phase::Retracting | Phase::Retracted) && is_known {
            self.set_state(State { phase: Phase::Retracting, ..self.state });
            self.begin_undo(recipient, entry, now);
        }
    }

    fn begin_undo(&mut self, recipient: Recipient, entry: Entry, now: UnixMillis) {
        // Who was reset and never mailed gets the password back, and no correction of what they were never told.
        let tell = matches!(entry.standing, Standing::Told | Standing::Unknown);
        self.put(recipient, Entry { standing: Standing::Retracting { tell, tries: 0, next: now }, ..entry });
    }

    /// Asks for every undoing whose moment has come, and ends the retraction with the last.
    pub(super) fn undo_due(&mut self, now: UnixMillis) {
        if self.state.phase != Phase::Retracting {
            return;
        }
        for (recipient, entry) in self.rows.retractions_due(now) {
            if let Standing::Retracting { tell, tries, .. } = entry.standing {
                let next = UnixMillis(now.0 + AGAIN_MS);
                self.put(recipient, Entry { standing: Standing::Retracting { tell, tries: tries.saturating_add(1), next }, ..entry });
                self.push(Effect::Undo { recipient, tell });
            }
        }
        // Nothing is due any more when nobody is claimed, handed to, or being undone.
        if self.rows.first_due().is_none() {
            self.set_state(State { phase: Phase::Retracted, ..self.state });
        }
    }
}
