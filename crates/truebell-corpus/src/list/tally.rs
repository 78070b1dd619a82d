//! How many lines became what. Never here: a line.

/// Why a line gave no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// Over [`super::LINE_BYTES_MAX`].
    TooLong,
    /// A zero byte in it.
    Nul,
    /// A control character in it.
    Control,
    /// Nothing divides it.
    NoSeparator,
    /// What should be an address is none.
    NotAnAddress,
    /// A password over [`super::PASSWORD_BYTES_MAX`].
    LongPassword,
    /// Not as many columns as the others.
    Columns,
    /// A quote that never closes.
    Quote,
    /// No JSON object, one without an address, or one with a key twice.
    Json,
    /// A block without its address.
    HalfBlock,
    /// A line that is no part of a block.
    NotUnderstood,
}

impl Skip {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TooLong,
        Self::Nul,
        Self::Control,
        Self::NoSeparator,
        Self::NotAnAddress,
        Self::LongPassword,
        Self::Columns,
        Self::Quote,
        Self::Json,
        Self::HalfBlock,
        Self::NotUnderstood,
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Nul => "nul",
            Self::Control => "control",
            Self::NoSeparator => "no-separator",
            Self::NotAnAddress => "not-an-address",
            Self::LongPassword => "long-password",
            Self::Columns => "columns",
            Self::Quote => "quote",
            Self::Json => "json",
            Self::HalfBlock => "half-block",
            Self::NotUnderstood => "not-understood",
        }
    }

    /// What it means, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooLong => "longer than 65,536 bytes",
            Self::Nul => "with a zero byte",
            Self::Control => "with a control character",
            Self::NoSeparator => "without a separator",
            Self::NotAnAddress => "without an address where one should be",
            Self::LongPassword => "with a password over 1,024 bytes",
            Self::Columns => "with another number of columns",
            Self::Quote => "with a quote that never closes",
            Self::Json => "that are no JSON object with an address",
            Self::HalfBlock => "of blocks without an address",
            Self::NotUnderstood => "that are no part of a block",
        }
    }
}

/// Lines skipped for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub lines: u64,
    /// The first of them; 0 if there is none.
    pub first: u64,
}

/// What became of a list's lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines in all.
    pub lines: u64,
    /// Lines with nothing on them.
    pub empty: u64,
    /// Lines that were understood without being a record: of a block, a header, a second line of a quoted record.
    pub understood: u64,
    /// Records.
    pub records: u64,
    /// Records with a password.
    pub passwords: u64,
    /// Records with a hash.
    pub hashes: u64,
    /// Records whose line is Windows-1252.
    pub windows_1252: u64,
    /// The whole list is UTF-16.
    pub utf16: bool,
    skipped: [Skipped; Skip::ALL.len()],
}

impl Tally {
    /// Lines skipped for this reason.
    pub fn skipped(&self, why: Skip) -> Skipped {
        self.skipped.get(why as usize).copied().unwrap_or_default()
    }

    /// Lines skipped for any.
    pub fn all_skipped(&self) -> u64 {
        self.skipped.iter().map(|skipped| skipped.lines).sum()
    }

    pub(super) fn skip(&mut self, why: Skip, line: u64) {
        let Some(skipped) = self.skipped.get_mut(why as usize) else { return };
        skipped.lines += 1;
        if skipped.first == 0 {
            skipped.first = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_place_of_its_own_and_keeps_the_first_line() {
        let mut tally = Tally::default();
        for (line, why) in Skip::ALL.into_iter().chain(Skip::ALL).enumerate() {
            tally.skip(why, line as u64 + 1);
        }
        let expect: Vec<Skipped> = (1..=Skip::ALL.len() as u64).map(|first| Skipped { lines: 2, first }).collect();
        assert_eq!(Skip::ALL.map(|why| tally.skipped(why)).to_vec(), expect);
        assert_eq!(tally.all_skipped(), 22);
    }
}
