//! Counting rows as they pass, in any order: what tells that two databases hold the same.

use super::{Total, Totals};
use truebell_core::hash::Hash32;
use truebell_store::rows::DumpRow;

/// A running count. The digest of a table is the sum of its rows' SHA-256 digests modulo 2^256, so that order does not matter. It finds
/// mistakes; against forgers there is the seal.
#[derive(Debug, Clone, Default)]
pub struct Tally(Totals);

impl Tally {
    /// Counts a row.
    pub fn add(&mut self, row: &DumpRow) {
        let digest = Hash32::derive_labelled("truebell backup row v1", &[row.table.as_bytes(), &row.columns]);
        if !self.0.tables.contains_key(&row.table) {
            self.0.tables.insert(row.table.clone(), Total::default());
        }
        if let Some(total) = self.0.tables.get_mut(&row.table) {
            total.rows += 1;
            add_to(&mut total.digest, &digest);
        }
    }

    /// The totals.
    pub fn totals(&self) -> &Totals {
        &self.0
    }
}

fn add_to(sum: &mut Hash32, more: &Hash32) {
    let mut carry = 0_u16;
    for (byte, more) in sum.0.iter_mut().zip(more.0).rev() {
        let [high, low] = (u16::from(*byte) + u16::from(more) + carry).to_be_bytes();
        (*byte, carry) = (low, u16::from(high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &str, columns: &[u8]) -> DumpRow {
        DumpRow { table: table.into(), columns: columns.to_vec() }
    }

    fn totals(rows: &[DumpRow]) -> Totals {
        let mut tally = Tally::default();
        rows.iter().for_each(|row| tally.add(row));
        tally.totals().clone()
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        let (a, b, c) = (row("one", &[1]), row("one", &[2]), row("two", &[1]));
        let all = totals(&[a.clone(), b.clone(), c.clone()]);
        assert_eq!(all, totals(&[c.clone(), b.clone(), a.clone()]));
        assert_eq!((all.rows(), all.rows_of("one"), all.rows_of("three")), (3, 2, 0));
        for other in [vec![a.clone(), b.clone()], vec![a.clone(), a.clone(), c.clone()], vec![a, b, row("two", &[2])], vec![]] {
            assert_ne!(all, totals(&other));
        }
    }

    #[test]
    fn sums_carry_over_bytes() {
        let mut sum = Hash32([255; 32]);
        let mut one = Hash32([0; 32]);
        one.0[31] = 1;
        add_to(&mut sum, &one);
        assert_eq!(sum, Hash32([0; 32]));
    }
}
