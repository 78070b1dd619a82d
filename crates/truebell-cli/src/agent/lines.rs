//! A list as it is printed: one line of text for each item. Ten thousand of them cross the socket ready, and are not taken apart and put
//! together again on the way.
//!
//! Never here: which items, or in what order.

use crate::output::{category_word, clean};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use truebell_client::Listed;
use truebell_core::ids::VaultId;

/// How a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// JSON with everything a list has.
    #[default]
    Json,
    /// Lines for programs: id, title, second line, category and vault, separated by tabs.
    Lines,
    /// The same, each beginning with a mark, a star or a space, and a tab: for a table. A line marked `~` says since when and why they may be
    /// old.
    Marked,
}

const FAVOURITE: &str = "★";
const STALE: &str = "~";

/// Writes the lines, and below them since when and why they may be old, if people are to read that.
pub(super) fn write(items: &[Listed<'_>], names: &BTreeMap<VaultId, String>, form: Form, stale: Option<&str>) -> Vec<u8> {
    let names: BTreeMap<VaultId, _> = names.iter().map(|(vault, name)| (*vault, clean(name))).collect();
    let mut lines = Vec::with_capacity(items.len() * 96);
    for item in items {
        let overview = item.overview;
        if form == Form::Marked {
            lines.extend_from_slice(if overview.favourite { FAVOURITE } else { " " }.as_bytes());
            lines.push(b'\t');
        }
        let vault = names.get(&item.vault).map_or("", AsRef::as_ref);
        let (title, subtitle, category) = (clean(&overview.title), clean(&overview.subtitle), category_word(overview.category));
        // Writing to memory does not fail.
        let _written = writeln!(lines, "{}\t{title}\t{subtitle}\t{category}\t{vault}", item.id);
    }
    if let Some(stale) = stale.filter(|_| form == Form::Marked) {
        let _written = writeln!(lines, "{STALE}\t{}", clean(stale));
    }
    lines
}

/// One marked line, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct MarkedLine<'a> {
    /// Whether it is a favourite.
    pub favourite: bool,
    /// Id, title, second line, category and vault.
    pub cells: [&'a str; 5],
}

/// A list for a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Marked<'a> {
    /// Its lines.
    pub lines: Vec<MarkedLine<'a>>,
    /// Since when and why they may be old.
    pub stale: Option<&'a str>,
}

/// Reads marked lines; `None` where they are none.
pub fn read_marked(text: &str) -> Option<Marked<'_>> {
    let mut marked = Marked { lines: Vec::new(), stale: None };
    for line in text.split_terminator('\n') {
        match line.split_once('\t') {
            Some((STALE, stale)) => marked.stale = Some(stale),
            _ => marked.lines.push(read_line(line)?),
        }
    }
    Some(marked)
}

fn read_line(line: &str) -> Option<MarkedLine<'_>> {
    let (mark, rest) = line.split_once('\t')?;
    let cells: Vec<&str> = rest.split('\t').collect();
    Some(MarkedLine { favourite: mark == FAVOURITE, cells: cells.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use truebell_core::ids::ItemId;
    use truebell_core::item::Overview;

    proptest! {
        #[test]
        fn whatever_a_title_holds_the_line_stays_one_line_of_five_cells(
            items in proptest::collection::vec((any::<String>(), any::<String>(), any::<bool>()), 0..8),
            vault_name in any::<String>(),
            stale in proptest::option::of(any::<String>()),
        ) {
            let vault = VaultId([1; 16]);
            let overviews: Vec<_> = items
                .into_iter()
                .map(|(title, subtitle, favourite)| Overview { title, subtitle, favourite, ..Overview::default() })
                .collect();
            let listed: Vec<_> = overviews
                .iter()
                .map(|overview| Listed { vault, id: ItemId([2; 16]), number: 1, pending: false, overview })
                .collect();
            let names = BTreeMap::from([(vault, vault_name)]);
            let marked = String::from_utf8(write(&listed, &names, Form::Marked, stale.as_deref())).unwrap();
            let Marked { lines: read, stale: read_stale } = read_marked(&marked).unwrap();
            let cleaned = stale.as_deref().map(clean);
            prop_assert_eq!(read_stale, cleaned.as_deref());
            prop_assert_eq!(read.len(), overviews.len());
            for (line, overview) in read.iter().zip(&overviews) {
                prop_assert_eq!(line.favourite, overview.favourite);
                prop_assert_eq!(line.cells[1], clean(&overview.title));
            }
            let plain = String::from_utf8(write(&listed, &names, Form::Lines, stale.as_deref())).unwrap();
            prop_assert!(plain.lines().zip(marked.lines()).all(|(plain, marked)| marked.split_once('\t').unwrap().1 == plain));
        }
    }
}
