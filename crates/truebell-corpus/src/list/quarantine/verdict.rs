//! A verdict: one test, the numbers it rests on, and a sentence. Never here: the counting.

use super::bound::{ALPHA, high_tail, low_tail, share};

/// What is asked of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// One password beside too many addresses.
    OnePassword,
    /// No password that people have in common.
    NoFavourite,
    /// Passwords that no person would make.
    Random,
    /// Passwords that no other list has.
    NotKnown,
    /// Passwords that have nothing to do with their addresses.
    Unrelated,
    /// Passwords that belong to the line before or behind.
    Shifted,
    /// Text read in the wrong encoding.
    Mojibake,
    /// Too many addresses are accounts of the site.
    OwnUsers,
    /// Accounts of the site in the order of the site.
    OwnOrder,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// As genuine lists are.
    Passed,
    /// As hardly any genuine list is: a person decides.
    Stopped,
    /// Too few records to say.
    NotKnown,
}

/// What one test says of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Which test.
    pub test: Test,
    /// What came out.
    pub standing: Standing,
    /// So many…
    pub count: u64,
    /// …of so many.
    pub of: u64,
    /// The share a genuine list has at the least, or at the most.
    pub limit: f64,
    /// A genuine list would give this count, or one further off, at most so often.
    pub bound: f64,
    /// One sentence for people.
    pub sentence: String,
}

/// Which side of its limit a genuine list is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    AtLeast,
    AtMost,
}

impl Test {
    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnePassword => "one-password",
            Self::NoFavourite => "no-favourite",
            Self::Random => "random",
            Self::NotKnown => "not-known",
            Self::Unrelated => "unrelated",
            Self::Shifted => "shifted",
            Self::Mojibake => "mojibake",
            Self::OwnUsers => "own-users",
            Self::OwnOrder => "own-order",
        }
    }

    /// The share a genuine list has, and on which side of it.
    const fn limit(self) -> (Side, f64) {
        match self {
            // The worst public list has 1.5 % `123456` (Adobe, 2013).
            Self::OnePassword => (Side::AtMost, 0.03),
            // Public lists have 0.2 % to 1.5 %, those with strict rules for passwords about 0.1 %.
            Self::NoFavourite => (Side::AtLeast, 0.001),
            Self::Random => (Side::AtLeast, 0.25),
            Self::NotKnown => (Side::AtLeast, 0.05),
            Self::Unrelated => (Side::AtLeast, 0.003),
            Self::Shifted => (Side::AtMost, 0.5),
            Self::Mojibake => (Side::AtMost, 0.05),
            Self::OwnUsers => (Side::AtMost, 0.25),
            Self::OwnOrder => (Side::AtMost, 0.5),
        }
    }

    /// In how many ways a count can come about: any password may be the one, either neighbour.
    fn ways(self) -> f64 {
        match self {
            // If none has more than the limit, the tails of all together are at most this often that of one at the limit.
            Self::OnePassword => 1.0 / self.limit().1,
            Self::Shifted => 2.0,
            _ => 1.0,
        }
    }

    /// Below so many the worst count could still be an accident that the limits know nothing of: three friends with one password.
    const fn needs(self) -> u64 {
        match self {
            Self::OnePassword => 20,
            _ => 0,
        }
    }

    /// The verdict on a count.
    pub(super) fn judge(self, count: u64, of: u64) -> Verdict {
        let (side, limit) = self.limit();
        let tail = |count| match side {
            _ if of < self.needs() => 1.0,
            Side::AtLeast => low_tail(count, of, limit),
            Side::AtMost => (high_tail(count, of, limit) * self.ways()).min(1.0),
        };
        let worst = if side == Side::AtLeast { 0 } else { of };
        let bound = tail(count);
        let standing = match bound {
            bound if bound <= ALPHA => Standing::Stopped,
            _ if tail(worst) > ALPHA => Standing::NotKnown,
            _ => Standing::Passed,
        };
        Verdict { test: self, standing, count, of, limit, bound, sentence: self.sentence(standing, count, of) }
    }

    fn sentence(self, standing: Standing, count: u64, of: u64) -> String {
        if standing == Standing::NotKnown {
            return format!("{}: too few records to say ({of}).", self.subject());
        }
        let percent = percent(share(count, of));
        let fact = match self {
            Self::OnePassword => {
                format!("The most frequent password stands beside {percent} of the addresses; real lists have at most 3 %")
            }
            Self::NoFavourite => {
                format!("The most frequent password stands beside {percent} of the addresses; real lists have at least 0.1 %")
            }
            Self::Random => format!("{percent} of the passwords are made as people make them; in real lists at least 25 % are"),
            Self::NotKnown => format!("{percent} of the passwords are in the corpus; of real lists at least 5 % are"),
            Self::Unrelated => format!("{percent} of the passwords hold a part of their address; in real lists at least 0.3 % do"),
            Self::Shifted => format!(
                "Of {of} passwords that hold a part of an address, {count} hold one of the line before or behind and not of their own"
            ),
            Self::Mojibake => format!("{percent} of the texts beyond ASCII were read in the wrong encoding; in real lists at most 5 % are"),
            Self::OwnUsers => {
                format!("{percent} of the addresses are accounts of this site; of somebody else's list at most 25 % would be")
            }
            Self::OwnOrder => format!("{percent} of the accounts come in the order of this site; by chance 50 % would"),
        };
        if standing == Standing::Passed { format!("{fact}.") } else { format!("{fact}: {}.", self.meaning()) }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::OnePassword => "Whether one password is too frequent",
            Self::NoFavourite => "Whether any password is as frequent as in real lists",
            Self::Random => "Whether people made the passwords",
            Self::NotKnown => "Whether the passwords are known from elsewhere",
            Self::Unrelated => "Whether the passwords go with their addresses",
            Self::Shifted => "Whether a column is shifted",
            Self::Mojibake => "Whether the encoding is right",
            Self::OwnUsers => "Whether the list was made from this site's users",
            Self::OwnOrder => "Whether the list is in the order of this site",
        }
    }

    /// What it means where the list is stopped, and what to do.
    const fn meaning(self) -> &'static str {
        match self {
            Self::OnePassword => "somebody put one password beside many addresses, so it proves nothing about them",
            Self::NoFavourite | Self::NotKnown => "the passwords are made up, or a site made them for its users",
            Self::Random => "a program made the passwords",
            Self::Unrelated => "the passwords are not those of these addresses",
            Self::Shifted => "a column is shifted, and each address has another one's password; find the original",
            Self::Mojibake => "its passwords beyond ASCII cannot match; find the original",
            Self::OwnUsers | Self::OwnOrder => "it was made from this site's own users",
        }
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 10.0 { format!("{percent:.0} %") } else { format!("{percent:.2} %") }
}
