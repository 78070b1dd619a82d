//! All overviews in memory, opened once at unlock: lists and searches read nothing else.

use super::items::ItemRef;
use super::replica::{Replica, ReplicaError, rows};
use super::vaults::settings_item;
use super::{Client, Error};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use truebell_core::account::Unlocked;
use truebell_core::ids::{ItemId, VaultId};
use truebell_core::item::{Category, Overview, State};
use truebell_core::vault::{Kind, Revision};

/// Which items to list by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    /// Active ones.
    #[default]
    Active,
    /// Archived ones.
    Archived,
    /// Those in the trash.
    Trashed,
    /// All of them.
    All,
}

/// What to list. The default is every active item.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this vault.
    pub vault: Option<VaultId>,
    /// Only of this category.
    pub category: Option<Category>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only favourites.
    pub favourite: bool,
    /// By state.
    pub shown: Shown,
}

/// One line of a list.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Its vault.
    pub vault: VaultId,
    /// The item.
    pub id: ItemId,
    /// Its revision's number.
    pub number: u64,
    /// Whether it has an edit that the server does not have yet.
    pub pending: bool,
    /// What a list shows.
    pub overview: &'a Overview,
}

struct Entry {
    number: u64,
    pending: bool,
    /// The title as lists sort it and searches read it.
    folded: String,
    overview: Overview,
}

/// The opened overviews, and the names vaults were given.
#[derive(Default)]
pub(super) struct Index {
    entries: BTreeMap<ItemRef, Entry>,
    names: BTreeMap<VaultId, String>,
    /// The items by title, once somebody has asked for them in that order.
    order: OnceCell<Vec<ItemRef>>,
}

/// What an item is called whose revision is genuine and yet does not open: another version wrote it, or wrote it wrongly.
const UNREADABLE: &str = "(this item cannot be opened by this version)";

/// Below this many overviews a second thread costs more than it saves.
const PARALLEL_MIN: usize = 500;

impl Index {
    /// Opens everything once.
    pub(super) fn load(replica: &Replica, keys: &Unlocked) -> Result<Self, ReplicaError> {
        let mut index = Self::default();
        for vault in rows::vaults(replica.read())? {
            let vault = vault.vault;
            let found = rows::overviews(replica.read(), vault)?;
            for (row, opened) in found.iter().zip(open_all(keys, vault, &found)) {
                let overview = match opened {
                    Some(overview) => overview,
                    None => explain(replica, vault, row)?,
                };
                index.put(ItemRef { vault, item: row.item }, row.number, false, overview);
            }
            let waiting = waiting(replica, vault)?;
            index.refresh(replica, keys, waiting.into_iter().map(|item| ItemRef { vault, item }))?;
        }
        Ok(index)
    }

    /// Brings items up to what the replica holds now.
    pub(super) fn refresh(
        &mut self,
        replica: &Replica,
        keys: &Unlocked,
        items: impl IntoIterator<Item = ItemRef>,
    ) -> Result<(), ReplicaError> {
        let mut sent = BTreeMap::new();
        for at in items {
            // A commit is read once, not once for each of its items.
            let sent = match sent.entry(at.vault) {
                Vacant(new) => new.insert(sent_revisions(replica, at.vault)?),
                Occupied(known) => known.into_mut(),
            };
            let pending = rows::pending(replica.read(), at.vault, at.item)?.map(|row| row.revision());
            let (revision, waits) = match pending.or_else(|| sent.get(&at.item).cloned()) {
                Some(revision) => (Some(revision), true),
                None => (rows::current(replica.read(), at.vault, at.item)?, false),
            };
            match revision {
                Some(revision) if revision.kind == Kind::Live => {
                    let opened = keys.open_overview(at.vault, at.item, revision.number, &revision.overview);
                    let unreadable = || Overview { title: UNREADABLE.into(), ..Overview::default() };
                    self.put(at, revision.number, waits, opened.unwrap_or_else(|_| unreadable()));
                }
                _ => self.remove(at),
            }
        }
        Ok(())
    }

    /// The server has an item's revision. An edit made on top of it still waits.
    pub(super) fn landed(&mut self, at: ItemRef, number: u64) {
        if let Some(entry) = self.entries.get_mut(&at).filter(|entry| entry.number == number) {
            entry.pending = false;
        }
    }

    /// Puts one item in, opened already.
    pub(super) fn put(&mut self, at: ItemRef, number: u64, pending: bool, overview: Overview) {
        if at.item == settings_item(at.vault) {
            self.names.insert(at.vault, overview.title);
            return;
        }
        self.order.take();
        self.entries.insert(at, Entry { number, pending, folded: overview.title.to_lowercase(), overview });
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, at: ItemRef) {
        self.order.take();
        self.entries.remove(&at);
    }

    /// The name a vault was given after it was made.
    pub(super) fn name(&self, vault: VaultId) -> Option<&str> {
        self.names.get(&vault).map(String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Active items of a vault, and how many wait.
    pub(super) fn count(&self, vault: VaultId) -> (usize, usize) {
        let of = self.entries.range(ItemRef { vault, item: ItemId([0; 16]) }..=ItemRef { vault, item: ItemId([255; 16]) });
        of.fold((0, 0), |(active, waiting), (_, entry)| {
            (active + usize::from(entry.overview.state == State::Active), waiting + usize::from(entry.pending))
        })
    }

    /// All of them by title, letters' case apart.
    fn by_title(&self) -> impl Iterator<Item = (ItemRef, &Entry)> {
        let sort = || {
            let mut entries: Vec<_> = self.entries.iter().collect();
            entries.sort_by(|(_, one), (_, other)| one.folded.cmp(&other.folded));
            entries.into_iter().map(|(at, _)| *at).collect()
        };
        self.order.get_or_init(sort).iter().filter_map(|at| Some((*at, self.entries.get(at)?)))
    }

    pub(super) fn listed(&self, at: ItemRef) -> Option<Listed<'_>> {
        self.entries.get(&at).map(|entry| line(at, entry))
    }
}

fn line<'a>(at: ItemRef, entry: &'a Entry) -> Listed<'a> {
    Listed { vault: at.vault, id: at.item, number: entry.number, pending: entry.pending, overview: &entry.overview }
}

/// What was sent of a vault and not answered.
fn sent_revisions(replica: &Replica, vault: VaultId) -> Result<BTreeMap<ItemId, Revision>, ReplicaError> {
    let commit = rows::inflight(replica.read(), vault)?;
    Ok(commit.into_iter().flat_map(|commit| commit.revisions).map(|revision| (revision.item, revision)).collect())
}

/// Items of a vault with an edit that the server does not have.
fn waiting(replica: &Replica, vault: VaultId) -> Result<Vec<ItemId>, ReplicaError> {
    let mut waiting: Vec<ItemId> = rows::pending_items(replica.read(), vault)?;
    waiting.extend(sent_revisions(replica, vault)?.into_keys());
    Ok(waiting)
}

/// Opens many overviews, on all cores where there are many.
fn open_all(keys: &Unlocked, vault: VaultId, found: &[rows::OverviewRow]) -> Vec<Option<Overview>> {
    let open = |row: &rows::OverviewRow| keys.open_overview(vault, row.item, row.number, &row.overview).ok();
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
    if found.len() < PARALLEL_MIN || threads == 1 {
        return found.iter().map(open).collect();
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = found
            .chunks(found.len().div_ceil(threads))
            .map(|part| (part.len(), scope.spawn(move || part.iter().map(open).collect::<Vec<_>>())))
            .collect();
        // A thread that died opened nothing; what it had is looked at one by one.
        let join = |(len, part): (usize, std::thread::ScopedJoinHandle<'_, Vec<_>>)| part.join().unwrap_or_else(|_| vec![None; len]);
        parts.into_iter().flat_map(join).collect()
    })
}

/// An overview that does not open is damage on this disk, unless the revision is what the vault's signed head covers.
fn explain(replica: &Replica, vault: VaultId, row: &rows::OverviewRow) -> Result<Overview, ReplicaError> {
    rows::current(replica.read(), vault, row.item)?;
    Ok(Overview { title: UNREADABLE.into(), ..Overview::default() })
}

impl Filter {
    fn admits(&self, at: ItemRef, overview: &Overview) -> bool {
        let shown = match self.shown {
            Shown::Active => overview.state == State::Active,
            Shown::Archived => overview.state == State::Archived,
            Shown::Trashed => matches!(overview.state, State::Trashed { .. }),
            Shown::All => true,
        };
        shown
            && self.vault.is_none_or(|vault| vault == at.vault)
            && self.category.is_none_or(|category| category == overview.category)
            && self.tag.as_ref().is_none_or(|tag| overview.tags.contains(tag))
            && (overview.favourite || !self.favourite)
    }
}

/// How well an item fits the words; `None` if one of them is nowhere in it. Lower is better.
fn rank(entry: &Entry, words: &[String]) -> Option<u32> {
    let overview = &entry.overview;
    let rest = || {
        let sites = overview.sites.iter().flat_map(|site| [&site.url, &site.label]);
        std::iter::once(&overview.subtitle).chain(sites).chain(&overview.tags).map(|text| text.to_lowercase()).collect::<Vec<_>>()
    };
    let mut others: Option<Vec<String>> = None;
    words.iter().try_fold(0, |worst, word| {
        let here = match entry.folded.find(word.as_str()) {
            Some(0) if entry.folded.len() == word.len() => 0,
            Some(0) => 1,
            Some(_) => 2,
            None if others.get_or_insert_with(rest).iter().any(|text| text.contains(word.as_str())) => 3,
            None => return None,
        };
        Some(worst.max(here))
    })
}

impl Client {
    /// Items in the order of their titles (letters' case apart).
    pub fn list(&self, filter: &Filter) -> Vec<Listed<'_>> {
        self.index.by_title().filter(|(at, entry)| filter.admits(*at, &entry.overview)).map(|(at, entry)| line(at, entry)).collect()
    }

    /// Items that hold every word of `text` in title, second line, sites or tags; best first.
    pub fn search(&self, text: &str, filter: &Filter) -> Vec<Listed<'_>> {
        let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let admitted = self.index.entries.iter().filter(|(at, entry)| filter.admits(**at, &entry.overview));
        let mut found: Vec<_> = admitted.filter_map(|(at, entry)| Some((rank(entry, &words)?, &entry.folded, *at, entry))).collect();
        found.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
        found.into_iter().map(|(_, _, at, entry)| line(at, entry)).collect()
    }

    /// The one item meant by `name`: its id, else its exact title, else its title in any case, else the only one whose title begins so.
    /// Items in the trash are found by their id only.
    pub fn find(&self, name: &str, vault: Option<VaultId>) -> Result<ItemRef, Error> {
        let in_vault = |at: &ItemRef| vault.is_none_or(|vault| vault == at.vault);
        let not_found = || Error::NotFound { what: "item", name: name.to_owned() };
        if let Ok(item) = name.parse::<ItemId>() {
            return self.index.entries.keys().find(|at| at.item == item && in_vault(at)).copied().ok_or_else(not_found);
        }
        let folded = name.to_lowercase();
        let kept = |entry: &Entry| !matches!(entry.overview.state, State::Trashed { .. });
        let here = || self.index.entries.iter().filter(|(at, entry)| in_vault(at) && kept(entry));
        let by = |fits: &dyn Fn(&Entry) -> bool| here().filter(|(_, entry)| fits(entry)).map(|(at, _)| *at).collect::<Vec<_>>();
        let ways: [&dyn Fn(&Entry) -> bool; 3] =
            [&|entry| entry.overview.title == name, &|entry| entry.folded == folded, &|entry| entry.folded.starts_with(&folded)];
        for fits in ways {
            match by(fits).as_slice() {
                [] => {}
                [only] => return Ok(*only),
                several => {
                    let ids = several.iter().take(5).map(|at| at.item.to_string()).collect();
                    return Err(Error::Ambiguous { name: name.to_owned(), count: several.len(), ids });
                }
            }
        }
        Err(not_found())
    }

    /// One item's line.
    pub fn overview(&self, item: ItemRef) -> Result<Listed<'_>, Error> {
        self.index.listed(item).ok_or_else(|| Error::NotFound { what: "item", name: item.item.to_string() })
    }
}
