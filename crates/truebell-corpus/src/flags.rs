//! What kind of list a digest was in, which says how much that means.

use std::fmt;

/// What is known about a source. It has one of these, or *unmarked*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// A source of which nothing was said.
    Unmarked,
    /// Known to be from where it says.
    Verified,
    /// Known to be made up, in whole or in part.
    Fabricated,
    /// Withdrawn by who published it.
    Retired,
    /// Addresses collected for sending, with whatever was beside them.
    SpamList,
    /// Read from infected machines.
    StealerLog,
}

impl Flag {
    /// All, in the order of their bits.
    pub const ALL: [Self; 6] = [Self::Unmarked, Self::Verified, Self::Fabricated, Self::Retired, Self::SpamList, Self::StealerLog];

    /// As it is written: `stealer-log`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unmarked => "unmarked",
            Self::Verified => "verified",
            Self::Fabricated => "fabricated",
            Self::Retired => "retired",
            Self::SpamList => "spam-list",
            Self::StealerLog => "stealer-log",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A word that is no flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no kind of source; these are: verified, fabricated, retired, spam-list, stealer-log")]
pub struct NotAFlag(String);

impl std::str::FromStr for Flag {
    type Err = NotAFlag;

    fn from_str(text: &str) -> Result<Self, NotAFlag> {
        Self::ALL.into_iter().find(|flag| flag.name() == text).ok_or_else(|| NotAFlag(text.to_owned()))
    }
}

/// Several of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Flags(u8);

impl Flags {
    const KNOWN: u8 = 0b11_1111;

    /// From the bits of `docs/formats/corpus.md`. `None`: a bit that means nothing.
    pub const fn of_bits(bits: u8) -> Option<Self> {
        if bits & !Self::KNOWN == 0 { Some(Self(bits)) } else { None }
    }

    /// The bits of `docs/formats/corpus.md`.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// How many there are.
    pub(crate) const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether a source of this kind is among them.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }

    /// These among `occurring`, as the number that stands in the column.
    pub(crate) fn pack(self, occurring: Self) -> u64 {
        occurring.iter().enumerate().fold(0, |packed, (at, flag)| packed | (u64::from(self.has(flag)) << at))
    }

    /// The other way round.
    pub(crate) fn unpack(packed: u64, occurring: Self) -> Self {
        occurring.iter().enumerate().filter(|(at, _)| packed >> at & 1 == 1).map(|(_, flag)| flag).collect()
    }
}

impl From<Flag> for Flags {
    fn from(flag: Flag) -> Self {
        Self(flag.bit())
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        flags.into_iter().fold(Self::default(), |all, flag| all.and(flag.into()))
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, flag) in self.iter().enumerate() {
            write!(out, "{}{}", if at == 0 { "" } else { ", " }, flag.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{self}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for flag in Flag::ALL {
            assert_eq!(flag.name().parse(), Ok(flag));
        }
        assert_eq!("breach".parse::<Flag>(), Err(NotAFlag("breach".to_owned())));
    }

    #[test]
    fn packing_among_those_that_occur_loses_nothing() {
        for occurring in 1..=Flags::KNOWN {
            let occurring = Flags(occurring);
            for some in 0..=Flags::KNOWN {
                let some = Flags(some & occurring.0);
                assert_eq!(Flags::unpack(some.pack(occurring), occurring), some);
                assert!(some.pack(occurring) < 1 << occurring.len());
            }
        }
    }
}
