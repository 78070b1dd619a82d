//! Which block is made from which (RFC 9106 sections 3.2 and 3.4): places alone, no block.

use super::{Kind, MEMORY_KIB_MAX, Parameters, Refused, Version, WORK_MAX};

/// Slices of a pass.
pub(super) const SLICES: usize = 4;

/// Parameters, with what follows from them.
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) version: Version,
    pub(super) passes: usize,
    pub(super) lanes: usize,
    /// Blocks of a lane in one slice.
    pub(super) segment: usize,
    /// Bytes of digest.
    pub(super) length: usize,
}

/// One lane in one slice of one pass.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    pub(super) pass: usize,
    pub(super) slice: usize,
    pub(super) lane: usize,
}

impl Plan {
    pub(super) fn of(parameters: &Parameters) -> Result<Self, Refused> {
        let Parameters { kind, version, memory_kib, passes, lanes, length } = *parameters;
        argon2::Params::new(memory_kib, passes, lanes, Some(length)).map_err(|_| Refused::Parameters)?;
        if memory_kib > MEMORY_KIB_MAX || u64::from(memory_kib) * u64::from(passes) > WORK_MAX {
            return Err(Refused::Cost);
        }
        let whole = |number: u32| usize::try_from(number).map_err(|_| Refused::Parameters);
        let (memory, passes, lanes) = (whole(memory_kib)?, whole(passes)?, whole(lanes)?);
        let segment = memory.checked_div(lanes * SLICES).ok_or(Refused::Parameters)?;
        Ok(Self { kind, version, passes, lanes, segment, length })
    }

    /// Blocks of a lane.
    pub(super) fn lane(&self) -> usize {
        self.segment * SLICES
    }

    /// Blocks of all lanes.
    pub(super) fn blocks(&self) -> usize {
        self.lane() * self.lanes
    }

    /// The segments in the order in which they are filled.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment> {
        let lanes = self.lanes;
        let slices = (0..self.passes).flat_map(|pass| (0..SLICES).map(move |slice| (pass, slice)));
        slices.flat_map(move |(pass, slice)| (0..lanes).map(move |lane| Segment { pass, slice, lane }))
    }

    /// Whether places do not depend on the password.
    pub(super) fn is_independent(&self, at: Segment) -> bool {
        match self.kind {
            Kind::D => false,
            Kind::I => true,
            Kind::Id => at.pass == 0 && at.slice < SLICES / 2,
        }
    }

    /// Whether a block is added to what stood there.
    pub(super) fn adds(&self, at: Segment) -> bool {
        at.pass > 0 && self.version == Version::V19
    }

    /// The place, in all blocks, of the block with which number `index` of the segment is made, drawn by `random` (section 3.4.2).
    #[inline(always)]
    pub(super) fn reference(&self, at: Segment, index: usize, random: u64) -> usize {
        let is_first = at.pass == 0 && at.slice == 0;
        let lane = if is_first || self.lanes == 1 { at.lane } else { (random >> 32) as usize % self.lanes };
        let finished = if at.pass == 0 { at.slice * self.segment } else { self.lane() - self.segment };
        let area = if lane == at.lane { (finished + index).saturating_sub(1) } else { finished - usize::from(index == 0) };
        let square = ((random & 0xffff_ffff) * (random & 0xffff_ffff)) >> 32;
        let relative = area.saturating_sub(1 + ((area as u64 * square) >> 32) as usize);
        let start = if at.pass == 0 || at.slice == SLICES - 1 { 0 } else { (at.slice + 1) * self.segment };
        let place = start + relative;
        let wrapped = if place >= self.lane() { place - self.lane() } else { place };
        lane * self.lane() + wrapped
    }
}
