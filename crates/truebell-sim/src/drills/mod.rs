//! Drills: named stories, one per file, each about something that really happened to somebody. `truebell drill run FA-10` runs one.
//!
//! A drill builds a small world with [`Scene`], does what happened then, looks at what people were shown, and ends. It passes when the six
//! counters are zero and everything it expected was so.

mod fa_01;
mod fa_10;
mod fa_47;

use crate::bank::Page;
use crate::fault::Fault;
use crate::net::Happens;
use crate::report::Report;
use crate::world::{Device, Person, World};

/// One drill.
#[derive(Debug, Clone, Copy)]
pub struct Drill {
    /// Its id, as in the list of incidents: `FA-10`.
    pub id: &'static str,
    /// What is tried, in a few words.
    pub title: &'static str,
    /// The incident behind it: what set it off, and what people were told then.
    pub incident: &'static str,
    /// Runs it with a seed.
    pub run: fn(u64) -> Report,
}

/// All drills, by id.
pub const DRILLS: &[Drill] = &[fa_01::DRILL, fa_10::DRILL, fa_47::DRILL];

/// The drill with this id, in any case.
pub fn find(id: &str) -> Option<&'static Drill> {
    DRILLS.iter().find(|drill| drill.id.eq_ignore_ascii_case(id))
}

/// A small world to play a drill in: Ada with a laptop and a phone, both enrolled, synced and with one item, “Mail”.
pub struct Scene {
    /// The whole world, for what has no shorter way.
    pub world: World,
    /// Ada.
    pub ada: Person,
    /// Her first device.
    pub laptop: Device,
    /// Her second.
    pub phone: Device,
    /// The place of the item “Mail”.
    pub mail: usize,
    id: &'static str,
    /// What was expected and was not so.
    unmet: Vec<String>,
}

impl Scene {
    /// Ada, her devices and her item, in good weather.
    pub fn begin(id: &'static str, seed: u64) -> Self {
        let mut world = World::new(seed);
        let mut unmet = Vec::new();
        let (ada, laptop) = world.sign_up().unwrap_or_else(|error| {
            unmet.push(format!("Ada could not sign up: {error}"));
            (Person(0), Device(0))
        });
        let mail = world.add(laptop, "Mail").unwrap_or_default();
        world.sync(laptop);
        let phone = world.enrol(ada).unwrap_or_else(|error| {
            unmet.push(format!("the phone could not be enrolled: {error}"));
            Device(1)
        });
        world.sync(phone);
        world.sync(laptop);
        Self { world, ada, laptop, phone, mail, id, unmet }
    }

    /// A device syncs; what it shows.
    pub fn sync(&mut self, device: Device) -> String {
        self.world.pass(40);
        self.world.sync(device)
    }

    /// Somebody in between answers everything with this page, until [`Self::clear`].
    pub fn between(&mut self, page: Page) {
        self.world.always("/", Happens::Answer(page));
    }

    /// Every request whose path begins so meets this fault, until [`Self::clear`].
    pub fn trouble(&mut self, path: &str, fault: Fault) {
        self.world.always(path, Happens::Fault(fault));
    }

    /// All trouble on the line ends.
    pub fn clear(&mut self) {
        self.world.calm();
        self.world.pass(120);
    }

    /// Something must be so; `what` says what, for the report.
    pub fn expect(&mut self, is_so: bool, what: &str) {
        if !is_so {
            self.unmet.push(what.to_owned());
        }
    }

    /// A sentence must have these words.
    pub fn expect_words(&mut self, said: &str, words: &str) {
        self.expect(said.contains(words), &format!("“{said}” should say “{words}”"));
    }

    /// A device must open and show the item without the server: nothing that happens on the line may touch that.
    pub fn expect_readable(&mut self, device: Device) {
        let read = self.world.read(device, self.mail, "password");
        self.expect(read.is_some(), &format!("device {} cannot read its item any more", device.0));
    }

    /// How many notices a device has in its inbox about what others did.
    pub fn notices(&mut self, device: Device) -> usize {
        let inbox = self.world.client(device).and_then(|client| client.inbox().ok()).unwrap_or_default();
        inbox.iter().filter(|entry| !entry.own).count()
    }

    /// Ends: faults stop, everybody syncs, mail goes out, and the checks reckon up.
    pub fn end(mut self) -> Report {
        self.world.end();
        let mut report = self.world.report(self.id, self.unmet.is_empty());
        report.findings.extend(self.unmet);
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drill_passes_and_can_be_found_by_its_id() {
        for drill in DRILLS {
            let report = (drill.run)(1);
            assert!(report.passed, "{}: {:#?}", drill.id, report.findings);
            assert!(report.exchanges > 0, "{} exchanged nothing", drill.id);
            assert_eq!(find(&drill.id.to_lowercase()).map(|found| found.id), Some(drill.id));
        }
    }
}
