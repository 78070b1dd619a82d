//! A story: what people, operators and the weather do, as data. Drawn from a seed, run by a world, cut down to what matters, and printed
//! as code that stays.

use crate::dice::Dice;
use crate::fault::{Fault, Weather};
use crate::relay::Mood;
use crate::site::Condition;

/// One thing that happens. Devices are numbered in the order in which they were enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A device looks for news and sends what it has.
    Sync(usize),
    /// Somebody sets a field of an item (by its place in the person's list).
    Set(usize, usize, &'static str),
    /// Somebody adds an item.
    Add(usize),
    /// Somebody moves an item to the trash, or takes it out again.
    Trash(usize, usize),
    /// Somebody deletes an item for good.
    Purge(usize, usize),
    /// The password is changed, on this device.
    ChangePassword(usize),
    /// The Secret Key is replaced, on this device.
    RotateSecretKey(usize),
    /// The mail address is changed, on this device.
    ChangeAddress(usize),
    /// The account is to be deleted; asked for on this device.
    ScheduleDeletion(usize),
    /// It is not.
    CancelDeletion(usize),
    /// A new device is enrolled for a person.
    Enrol(usize),
    /// A build of a person runs, on the line of this device; its machine is made first if there is none.
    Build(usize),
    /// One device takes another's access away.
    Revoke(usize, usize),
    /// One device ends a session of another.
    EndSession(usize, usize),
    /// One device takes a notice back, by its place in the inbox.
    Acknowledge(usize, usize),
    /// The operator takes a notice back: of a device's account, by its place in what happened to it.
    TakeBack(usize, usize),
    /// The program on a device is killed and started again.
    Restart(usize),
    /// A device's clock is so many seconds off from now on.
    Skew(usize, i64),
    /// A device's disk is full, or no longer.
    DiskFull(usize, bool),
    /// Somebody sends a device a push that is not true.
    ForgedPush(usize),
    /// Time passes, in seconds.
    Pass(u64),
    /// The server is in this condition from now on.
    Server(Condition),
    /// Its processes are restarted.
    RestartServer,
    /// So many processes serve, the last perhaps of the next version.
    Scale(usize, bool),
    /// Its clock is so many seconds off from now on.
    SkewServer(i64),
    /// A backup is made.
    BackUp,
    /// It is restored.
    RestoreBackup,
    /// The data moves to another store.
    Move,
    /// The replica catches up.
    CatchUp,
    /// The mail relay is like this from now on.
    Mail(Mood),
    /// The server's jobs have their turn.
    Work,
}

/// What goes wrong with the exchanges of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sky {
    /// Drawn for this step from its own dice, so that a step keeps its faults when others are taken away.
    Drawn(Weather, u64),
    /// Exactly these: number of the exchange in the step, from 0, and fault.
    Listed(Vec<(u16, Fault)>),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub doing: Doing,
    /// What goes wrong meanwhile.
    pub sky: Sky,
}

/// A whole story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Its seed: decides keys, ids and the order of small things.
    pub seed: u64,
    /// How many devices each person has at the beginning.
    pub people: Vec<usize>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

const FIELDS: [&str; 3] = ["password", "username", "pin"];
/// Devices are drawn up to this number; those that do not exist do nothing.
const DEVICES_MAX: usize = 8;

impl Story {
    /// A story from a seed, of so many steps.
    pub fn draw(seed: u64, len: usize) -> Self {
        let dice = &mut Dice::about(seed, 0x5707);
        let people = vec![2 + dice.place(2), 2];
        let devices: usize = people.iter().sum();
        let mut weather = Weather::Storm;
        let mut steps = Vec::with_capacity(len);
        while steps.len() < len {
            if dice.hits(40) {
                weather = match dice.below(12) {
                    0 => Weather::Calm,
                    1..3 => Weather::BadLine,
                    3..5 => Weather::Strangers,
                    5..7 => Weather::SickDatabase,
                    _ => Weather::Storm,
                };
            }
            draw_step(dice, devices, weather, &mut steps);
        }
        Self { seed, people, steps }
    }

    /// The story as code: what a named test is made of.
    pub fn to_code(&self) -> String {
        let mut code = format!("Story {{ seed: {}, people: vec!{:?}, steps: vec![\n", self.seed, self.people);
        for Step { doing, sky } in &self.steps {
            let sky = match sky {
                Sky::Listed(faults) if faults.is_empty() => "calm()".to_owned(),
                Sky::Listed(faults) => format!("faults(&{faults:?})"),
                Sky::Drawn(weather, salt) => format!("Sky::Drawn(Weather::{weather:?}, {salt})"),
            };
            code.push_str(&format!("    step(Doing::{doing:?}, {sky}),\n"));
        }
        code.push_str("] }");
        code
    }
}

/// A step of a printed story.
pub fn step(doing: Doing, sky: Sky) -> Step {
    Step { doing, sky }
}

/// No fault.
pub fn calm() -> Sky {
    Sky::Listed(Vec::new())
}

/// These faults.
pub fn faults(faults: &[(u16, Fault)]) -> Sky {
    Sky::Listed(faults.to_vec())
}

fn draw_step(dice: &mut Dice, devices: usize, weather: Weather, steps: &mut Vec<Step>) {
    let salt = dice.throw();
    let mut add = |doing, weather| steps.push(Step { doing, sky: Sky::Drawn(weather, salt) });
    let among = if dice.hits(950) { devices } else { DEVICES_MAX };
    let device = dice.place(among);
    let item = dice.place(6);
    match dice.below(1000) {
        0..760 => add(Doing::Sync(device), weather),
        760..860 => add(Doing::Set(device, item, dice.pick(&FIELDS).unwrap_or("pin")), Weather::Calm),
        860..866 => add(Doing::Add(device), Weather::Calm),
        866..870 => add(Doing::Trash(device, item), Weather::Calm),
        870..872 => add(Doing::Purge(device, item), Weather::Calm),
        872..880 => add(Doing::Pass(60 + dice.below(7200)), Weather::Calm),
        880..910 => add(Doing::Work, Weather::SickDatabase),
        910..950 => draw_act(dice, device, devices, weather, &mut add),
        950..965 => add(Doing::Restart(device), weather),
        965..978 => draw_trouble(dice, device, &mut add),
        _ => draw_operation(dice, &mut add),
    }
}

fn draw_act(dice: &mut Dice, device: usize, devices: usize, weather: Weather, add: &mut impl FnMut(Doing, Weather)) {
    // Half of all acts meet good weather, so that enough of them happen.
    let weather = if dice.hits(500) { Weather::Calm } else { weather };
    let other = dice.place(devices + 2);
    add(
        match dice.below(23) {
            0..6 => Doing::ChangePassword(device),
            6..9 => Doing::RotateSecretKey(device),
            9..12 => Doing::ChangeAddress(device),
            12 => Doing::ScheduleDeletion(device),
            13 | 14 => Doing::CancelDeletion(device),
            15 => Doing::Enrol(device),
            16 => Doing::Revoke(device, other),
            17 | 18 => Doing::Acknowledge(device, dice.place(40)),
            19 => Doing::TakeBack(device, dice.place(40)),
            _ => Doing::EndSession(device, other),
        },
        weather,
    );
}

fn draw_trouble(dice: &mut Dice, device: usize, add: &mut impl FnMut(Doing, Weather)) {
    let seconds = |dice: &mut Dice| i64::try_from(dice.below(8 * 86_400)).unwrap_or(0) - 4 * 86_400;
    add(
        match dice.below(8) {
            0 => Doing::Skew(device, seconds(dice)),
            1..4 => Doing::Skew(device, 0),
            4 => Doing::DiskFull(device, true),
            5 | 6 => Doing::DiskFull(device, false),
            _ => Doing::ForgedPush(device),
        },
        Weather::Calm,
    );
}

fn draw_operation(dice: &mut Dice, add: &mut impl FnMut(Doing, Weather)) {
    let page = u16::try_from(dice.place(crate::bank::PAGES.len())).ok();
    add(
        match dice.below(26) {
            0 => Doing::Server(Condition::Down(page)),
            1 => Doing::Server(Condition::Down(None)),
            2 => Doing::Server(Condition::OtherKey),
            3 => Doing::Server(Condition::OtherDatabase),
            4 => Doing::Server(Condition::DiskFull),
            5 => Doing::Server(Condition::Fenced),
            6..13 => Doing::Server(Condition::Up),
            13..16 => Doing::RestartServer,
            16 | 17 => Doing::Scale(1 + dice.place(3), dice.hits(500)),
            18 => Doing::SkewServer(i64::try_from(dice.below(600)).unwrap_or(0) - 300),
            19 => Doing::BackUp,
            20 => Doing::RestoreBackup,
            21 => Doing::Move,
            22 => Doing::CatchUp,
            _ => Doing::Mail(dice.pick(&[Mood::Well, Mood::Sick, Mood::Sick, Mood::Away]).unwrap_or(Mood::Well)),
        },
        Weather::Calm,
    );
}
