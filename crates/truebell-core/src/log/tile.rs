//! Tiles: 256 hashes of one height side by side, their paths (C2SP tlog-tiles), and how a log of them grows.
//!
//! A log keeps its entries in place of the level 0 hashes, which are one SHA-256 each away.

use super::tree::{Nodes, derive_leaf, derive_node, derive_root};
use crate::hash::Hash32;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Hashes in a full tile.
const WIDTH: u64 = 256;
/// Heights from one level of tiles to the next.
const HEIGHT: u8 = 8;
/// Bytes of a hash.
const HASH: usize = 32;

/// A tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for leaves (kept as entries), 1 for the roots of full tiles of level 0, and so on.
    pub level: u8,
    /// Its place in the level.
    pub index: u64,
}

impl TileId {
    /// How many of its hashes a tree of `size` leaves has: 0 to 256.
    pub fn width_in(self, size: u64) -> u16 {
        let here = size.checked_shr(u32::from(self.level) * u32::from(HEIGHT)).unwrap_or(0);
        let before = self.index.saturating_mul(WIDTH);
        u16::try_from(here.saturating_sub(before).min(WIDTH)).unwrap_or_default()
    }
}

/// What a path below `tile/` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Hashes.
    Hashes(TileId),
    /// Entries of the tile of level 0 with this place.
    Entries(u64),
}

impl Resource {
    /// Reads `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`: what, and how many of it (256 without a width). One spelling only.
    pub fn parse(path: &str) -> Option<(Self, u16)> {
        let (kind, rest) = path.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok().filter(|width| (1..256).contains(width))?),
            None => (rest, 256),
        };
        let digits: String = index.split('/').map(|group| group.strip_prefix('x').unwrap_or(group)).collect();
        let index = digits.parse().ok()?;
        let found = match kind {
            "entries" => Self::Entries(index),
            level => Self::Hashes(TileId { level: level.parse().ok().filter(|level| *level < 64)?, index }),
        };
        (found.path(width) == path).then_some((found, width))
    }

    /// Its path below `tile/`.
    pub fn path(self, width: u16) -> String {
        let (mut path, index) = match self {
            Self::Hashes(tile) => (format!("{}/", tile.level), tile.index),
            Self::Entries(index) => ("entries/".to_owned(), index),
        };
        let (mut groups, mut rest) = (vec![index % 1000], index / 1000);
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            let _never_fails = if place == 0 { write!(path, "{group:03}") } else { write!(path, "x{group:03}/") };
        }
        if width < 256 {
            let _never_fails = write!(path, ".p/{width}");
        }
        path
    }

    /// The tile that holds it.
    pub fn tile(self) -> TileId {
        match self {
            Self::Hashes(tile) => tile,
            Self::Entries(index) => TileId { level: 0, index },
        }
    }

    /// Its bytes as served, from those of its tile as kept. `None` if the tile holds fewer.
    pub fn served(self, kept: &[u8], width: u16) -> Option<Vec<u8>> {
        let kept = kept.get(..usize::from(width) * HASH)?;
        Some(match self {
            Self::Hashes(TileId { level: 0, .. }) => hashes(0, kept).iter().flat_map(|hash| hash.0).collect(),
            Self::Hashes(_) => kept.to_vec(),
            Self::Entries(_) => kept.chunks(HASH).flat_map(|entry| [&[0, 32], entry].concat()).collect(),
        })
    }
}

/// The hashes of a tile as kept.
fn hashes(level: u8, kept: &[u8]) -> Vec<Hash32> {
    let entries = kept.chunks_exact(HASH).filter_map(Hash32::from_bytes);
    if level == 0 { entries.map(|entry| derive_leaf(&entry)).collect() } else { entries.collect() }
}

/// The root of hashes side by side: 1, 2, 4, … or 256 of them.
fn fold(mut row: Vec<Hash32>) -> Option<Hash32> {
    while row.len() > 1 {
        row = row.chunks_exact(2).filter_map(|pair| Some(derive_node(pair.first()?, pair.last()?))).collect();
    }
    row.pop()
}

/// Which tile holds a subtree, and where in it: place of its first hash, and how many.
fn locate(height: u8, index: u64) -> (TileId, usize, usize) {
    let within = height % HEIGHT;
    let first = index << within;
    (TileId { level: height / HEIGHT, index: first / WIDTH }, usize::try_from(first % WIDTH).unwrap_or_default(), 1 << within)
}

/// Tiles at hand.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<TileId, Vec<Hash32>>);

impl Tiles {
    /// Adds a tile, as kept.
    pub fn put(&mut self, tile: TileId, kept: &[u8]) {
        self.0.insert(tile, hashes(tile.level, kept));
    }
}

impl Nodes for Tiles {
    fn node(&self, height: u8, index: u64) -> Option<Hash32> {
        let (tile, first, count) = locate(height, index);
        fold(self.0.get(&tile)?.get(first..first + count)?.to_vec())
    }
}

/// Finds out which tiles a proof needs: give it in place of the tiles.
#[derive(Debug, Default)]
pub struct Wanted(RefCell<BTreeSet<TileId>>);

impl Wanted {
    /// What was asked for.
    pub fn into_tiles(self) -> Vec<TileId> {
        self.0.into_inner().into_iter().collect()
    }
}

impl Nodes for Wanted {
    fn node(&self, height: u8, index: u64) -> Option<Hash32> {
        self.0.borrow_mut().insert(locate(height, index).0);
        Some(Hash32::default())
    }
}

/// The partial tiles of a log of `size` leaves, one for each level that has one: what [`append`] needs.
pub fn edge(size: u64) -> Vec<TileId> {
    let level = |level: u8| {
        let here = size.checked_shr(u32::from(level) * u32::from(HEIGHT)).filter(|here| *here > 0)?;
        Some((here % WIDTH > 0).then_some(TileId { level, index: here / WIDTH }))
    };
    (0..8).map_while(level).flatten().collect()
}

/// What new entries make of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its size after.
    pub size: u64,
    /// Its root after.
    pub root: Hash32,
    /// Tiles to keep in place of those there: the partial ones grown, and new ones. None of them loses or changes what it had.
    pub tiles: Vec<(TileId, Vec<u8>)>,
}

/// Adds entries to a log of `size` leaves, given its [`edge`] as kept. `None` if the edge is not that log's.
pub fn append(size: u64, kept: &[(TileId, Vec<u8>)], entries: &[Hash32]) -> Option<Appended> {
    let mut tiles: BTreeMap<TileId, Vec<u8>> = BTreeMap::new();
    for tile in edge(size) {
        let (_, bytes) = kept.iter().find(|(id, _)| *id == tile)?;
        tiles.insert(tile, bytes.get(..usize::from(tile.width_in(size)) * HASH)?.to_vec());
    }
    let mut touched = BTreeSet::new();
    for (offset, entry) in entries.iter().enumerate() {
        let (mut level, mut place, mut hash) = (0, size.checked_add(u64::try_from(offset).ok()?)?, *entry);
        loop {
            let tile = TileId { level, index: place / WIDTH };
            let bytes = tiles.entry(tile).or_default();
            bytes.extend_from_slice(&hash.0);
            touched.insert(tile);
            if bytes.len() < 256 * HASH {
                break;
            }
            hash = fold(hashes(level, bytes))?;
            (level, place) = (level + 1, place / WIDTH);
        }
    }
    let mut at_hand = Tiles::default();
    for (tile, bytes) in &tiles {
        at_hand.put(*tile, bytes);
    }
    let size = size.checked_add(u64::try_from(entries.len()).ok()?)?;
    let root = derive_root(&at_hand, size)?;
    tiles.retain(|tile, _| touched.contains(tile));
    Some(Appended { size, root, tiles: tiles.into_iter().collect() })
}
