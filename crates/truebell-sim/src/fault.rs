//! What can go wrong with one exchange, as data: drawn from dice, listed in a story, printed as code. Never here: what it does (`net.rs`).

use crate::bank;
use crate::dice::Dice;

/// One thing that goes wrong with one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The name does not resolve.
    NoName,
    /// Nobody listens.
    NoConnection,
    /// TLS shows another name.
    WrongTlsName,
    /// The request is lost on its way.
    RequestLost,
    /// It is done; its answer is lost.
    AnswerLost,
    /// The device gives up; the request arrives some exchanges later, after others.
    Postponed(u8),
    /// The request arrives twice; the device hears the second answer.
    Duplicated,
    /// The answer takes so many seconds, and arrives.
    Slow(u16),
    /// The request arrives cut to so many thousandths.
    RequestCut(u16),
    /// The answer's body ends after so many thousandths.
    AnswerCut(u16),
    /// The connection breaks off after so many thousandths of the answer's body.
    AnswerBroken(u16),
    /// Somebody else answers, with this page of the bank ([`bank::PAGES`]); the server hears nothing.
    Page(u16),
    /// The server does it, and somebody puts this page of the bank in the place of its answer.
    PageInstead(u16),
    /// The signed head is taken off the answer.
    HeadStripped,
    /// The answer's status is changed; its head stays.
    StatusChanged(u16),
    /// The answer's body is changed; its head stays.
    BodyChanged,
    /// An earlier genuine answer is played back, of so many exchanges ago.
    Replayed(u8),
    /// Another Truebell server answers, and signs with its own key.
    OtherServer,
    /// The n-th look at the database of this exchange (from 0) fails.
    Database(u8, DbFault),
    /// Somebody else answers with this status and the body of this page: any of them with any other.
    Mixed(u16, u16),
    /// While the device waits, its clock jumps by so many seconds; it is right again with its next request.
    ClockJumps(i32),
    /// The device falls asleep for so many minutes; the server does what was asked, and the connection is gone at the waking.
    Slept(u16),
    /// The server's process dies at the n-th look at the database: what was written stays, nobody answers, and it starts again.
    Killed(u8),
}

impl Fault {
    /// What kind of trouble it is, as [`KINDS`](crate::kinds::KINDS) counts it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::NoName => "the name does not resolve",
            Self::NoConnection => "nobody listens",
            Self::WrongTlsName => "wrong TLS name",
            Self::RequestLost => "request lost",
            Self::AnswerLost => "answer lost",
            Self::Postponed(_) => "request late, after others",
            Self::Duplicated => "request twice",
            Self::Slow(_) => "answer slow",
            Self::RequestCut(_) => "request cut",
            Self::AnswerCut(_) => "answer cut",
            Self::AnswerBroken(_) => "connection breaks in the answer",
            Self::Page(page) | Self::PageInstead(page) if bank::redirects(page) => "redirect",
            Self::Page(_) => "page of somebody else",
            Self::PageInstead(_) => "page in the place of the answer",
            Self::HeadStripped => "signed head taken off",
            Self::StatusChanged(_) => "status changed",
            Self::BodyChanged => "body changed",
            Self::Replayed(_) => "old answer played back",
            Self::OtherServer => "another server answers",
            Self::Database(_, how) => how.kind(),
            Self::Mixed(..) => "any status with any body",
            Self::ClockJumps(_) => "device's clock jumps",
            Self::Slept(_) => "device sleeps and wakes",
            Self::Killed(_) => "server dies in the middle",
        }
    }
}

/// How the database fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DbFault {
    /// It does not answer; nothing was written.
    Unavailable,
    /// It has no room; nothing was written.
    Full,
    /// It became read-only; nothing was written.
    ReadOnly,
    /// It wrote, and its answer was lost.
    Written,
    /// A read is answered by a replica that is behind.
    Behind,
}

impl DbFault {
    fn kind(self) -> &'static str {
        match self {
            Self::Unavailable => "database does not answer",
            Self::Full => "database has no room",
            Self::ReadOnly => "database is read-only",
            Self::Written => "database wrote, its answer was lost",
            Self::Behind => "read replica is behind",
        }
    }
}

/// What kind of trouble there is. Each exchange meets some of it with the probability that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// None.
    Calm,
    /// A bad line: losses, delays, duplicates, cuts.
    BadLine,
    /// Somebody in between: proxies, portals, balancers, replays.
    Strangers,
    /// A sick database.
    SickDatabase,
    /// Everything at once.
    Storm,
}

impl Weather {
    /// How many of a thousand exchanges meet a fault.
    fn permille(self) -> u64 {
        match self {
            Self::Calm => 0,
            Self::BadLine | Self::Strangers => 850,
            Self::SickDatabase => 750,
            Self::Storm => 900,
        }
    }

    /// What goes wrong with the next exchange, if anything.
    pub fn draw(self, dice: &mut Dice) -> Option<Fault> {
        if !dice.hits(self.permille()) {
            return None;
        }
        Some(match self {
            Self::Calm => return None,
            Self::BadLine => line(dice),
            Self::Strangers => stranger(dice),
            Self::SickDatabase => database(dice),
            Self::Storm => match dice.below(10) {
                0..4 => line(dice),
                4..8 => stranger(dice),
                _ => database(dice),
            },
        })
    }
}

fn permille(dice: &mut Dice) -> u16 {
    u16::try_from(dice.below(1000)).unwrap_or(0)
}

fn line(dice: &mut Dice) -> Fault {
    match dice.below(34) {
        32 => Fault::ClockJumps(i32::try_from(dice.below(14_400)).unwrap_or(0) - 7_200),
        33 => Fault::Slept(u16::try_from(1 + dice.below(90)).unwrap_or(1)),
        one => line_fault(one % 16, dice),
    }
}

fn line_fault(one: u64, dice: &mut Dice) -> Fault {
    match one {
        0 => Fault::NoName,
        1 => Fault::NoConnection,
        2 => Fault::WrongTlsName,
        3 | 4 => Fault::RequestLost,
        5..8 => Fault::AnswerLost,
        8 | 9 => Fault::Postponed(small(dice)),
        10 | 11 => Fault::Duplicated,
        12 => Fault::Slow(u16::try_from(1 + dice.below(90)).unwrap_or(1)),
        13 => Fault::RequestCut(permille(dice)),
        14 => Fault::AnswerCut(permille(dice)),
        _ => Fault::AnswerBroken(permille(dice)),
    }
}

fn small(dice: &mut Dice) -> u8 {
    u8::try_from(1 + dice.below(12)).unwrap_or(1)
}

fn stranger(dice: &mut Dice) -> Fault {
    let page = |dice: &mut Dice| u16::try_from(dice.place(bank::PAGES.len())).unwrap_or(0);
    match dice.below(16) {
        0..6 => Fault::Page(page(dice)),
        6 | 7 => {
            let status = u16::try_from(200 + dice.below(400)).unwrap_or(200);
            Fault::Mixed(status, page(dice))
        }
        8 | 9 => Fault::PageInstead(page(dice)),
        10 => Fault::HeadStripped,
        11 => Fault::StatusChanged(dice.pick(&[200, 204, 301, 401, 403, 404, 410, 429, 500, 502, 503, 504]).unwrap_or(401)),
        12 => Fault::BodyChanged,
        13 | 14 => Fault::Replayed(small(dice)),
        _ => Fault::OtherServer,
    }
}

fn database(dice: &mut Dice) -> Fault {
    let at = u8::try_from(dice.below(4)).unwrap_or(0);
    let how = match dice.below(9) {
        8 => return Fault::Killed(at),
        0..2 => DbFault::Unavailable,
        2 => DbFault::Full,
        3 => DbFault::ReadOnly,
        4 | 5 => DbFault::Written,
        _ => DbFault::Behind,
    };
    Fault::Database(at, how)
}
