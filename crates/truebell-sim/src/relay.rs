//! The simulated mail relay: what it took, what it refused, and where it failed. Never here: whether a mail should have been sent.

use crate::dice::Dice;
use crate::kinds::Tally;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebell_core::ids::MailId;
use truebell_server::mail::{Carry, Composed, Delivery};

/// How a relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes every mail and says so.
    Well,
    /// It fails in every phase: before the mail, after it, without a word.
    Sick,
    /// It does not answer.
    Away,
}

/// A mail a relay dealt with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// The mail's id.
    pub mail: MailId,
    /// Recipient.
    pub to: String,
    /// The check code in it; empty if there is none.
    pub code: String,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    dice: Dice,
    taken: Vec<Letter>,
    refused: Vec<Letter>,
    lost: Vec<Letter>,
    /// A mutation: what is unknown is called "not now".
    forgets_unknown: bool,
    tally: Tally,
}

/// A relay. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Relay(Arc<Mutex<State>>);

impl Relay {
    pub(crate) fn new(seed: u64) -> Self {
        let dice = Dice::about(seed, 0x6d61_696c);
        Self(Arc::new(Mutex::new(State {
            mood: Mood::Well,
            dice,
            taken: Vec::new(),
            refused: Vec::new(),
            lost: Vec::new(),
            forgets_unknown: false,
            tally: Tally::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is like this.
    pub fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    pub(crate) fn forget_unknown(&self) {
        self.state().forgets_unknown = true;
    }

    /// A mutation: a mail that no server of this version would write.
    pub(crate) fn forge(&self, letter: Letter) {
        self.state().taken.push(letter);
    }

    /// How often it failed, and how.
    pub(crate) fn tally(&self) -> Tally {
        self.state().tally.clone()
    }

    /// What really went out, in order.
    pub fn taken(&self) -> Vec<Letter> {
        self.state().taken.clone()
    }

    /// What it refused for good.
    pub fn refused(&self) -> Vec<Letter> {
        self.state().refused.clone()
    }

    /// What it lost without a word.
    pub(crate) fn lost(&self) -> Vec<Letter> {
        self.state().lost.clone()
    }
}

impl Carry for Relay {
    fn carry(&self, mail: &Composed) -> Delivery {
        let letter = read(mail);
        let mut state = self.state();
        let (is_taken, delivery) = match state.mood {
            Mood::Well => (true, Delivery::Taken),
            Mood::Away => (false, Delivery::NotNow),
            Mood::Sick => match state.dice.below(8) {
                0..3 => (true, Delivery::Taken),
                3 | 4 => (false, Delivery::NotNow),
                5 => (false, Delivery::Never),
                6 => (true, Delivery::Unknown),
                _ => (false, Delivery::Unknown),
            },
        };
        let trouble = match (state.mood, delivery) {
            (Mood::Away, _) => Some("relay away"),
            (_, Delivery::NotNow) => Some("relay not now"),
            (_, Delivery::Never) => Some("relay refuses for good"),
            (_, Delivery::Unknown) if is_taken => Some("relay took it, its answer was lost"),
            (_, Delivery::Unknown) => Some("relay lost it, nobody knows"),
            (_, Delivery::Taken) => None,
        };
        trouble.into_iter().for_each(|kind| state.tally.add(kind));
        if is_taken {
            state.taken.push(letter);
        } else if delivery == Delivery::Never {
            state.refused.push(letter);
        } else if delivery == Delivery::Unknown {
            state.lost.push(letter);
        }
        if state.forgets_unknown && delivery == Delivery::Unknown { Delivery::NotNow } else { delivery }
    }
}

/// What a person could read in a mail: whom it is to, and its code.
fn read(mail: &Composed) -> Letter {
    let to = mail.envelope.to().first().map(ToString::to_string).unwrap_or_default();
    // Quoted-printable breaks long lines with a sign that is no part of them.
    let text = String::from_utf8_lossy(&mail.bytes).replace("=\r\n", "");
    let code = text.split("/notice/").nth(1).map(|rest| rest.chars().take(11).collect()).unwrap_or_default();
    Letter { mail: mail.mail, to, code }
}
