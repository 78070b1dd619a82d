//! Whether a list was made from the site's own users: how many of its addresses are accounts, and whether they come in the site's order.

use super::verdict::{Test, Verdict};

/// Counts what a pass over a site's index found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overlap {
    records: u64,
    hits: u64,
    last: Option<u32>,
    pairs: u64,
    ascending: u64,
}

impl Overlap {
    /// A record whose address is an account's: call it once a record, with [`super::super::Relation::Same`] only.
    pub fn hit(&mut self, account: u32) {
        self.hits += 1;
        if let Some(last) = self.last.filter(|last| *last != account) {
            self.pairs += 1;
            self.ascending += u64::from(last < account);
        }
        self.last = Some(account);
    }

    /// So many records were read, hits or not.
    pub const fn records(&mut self, records: u64) {
        self.records = records;
    }

    /// What can be said. Of a sorted list the order says nothing: the site may be in the same one.
    pub fn verdicts(&self, sorted: bool) -> Vec<Verdict> {
        // Of neighbouring pairs every second one is independent of the others, so half of them count: the bound then holds.
        let order = (!sorted).then(|| Test::OwnOrder.judge(self.ascending / 2, self.pairs / 2));
        [Test::OwnUsers.judge(self.hits.min(self.records), self.records)].into_iter().chain(order).collect()
    }
}
