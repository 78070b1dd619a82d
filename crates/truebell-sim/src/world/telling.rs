//! Telling stories: settling people in, and doing step after step.

use super::{Device, Person, World};
use crate::dice::Dice;
use crate::fault::Fault;
use crate::mutate::Mutation;
use crate::net::Plan;
use crate::site::Site;
use crate::story::{Doing, Sky, Step, Story};

/// How long each step takes.
const STEP_MS: u64 = 20_000;
/// Most items a person makes.
const ITEMS_MAX: usize = 12;

impl World {
    /// The people and devices a story begins with.
    pub fn settle(&mut self, people: &[usize]) -> Result<(), String> {
        for devices in people {
            let (person, laptop) = self.sign_up().map_err(|error| error.to_string())?;
            for number in 0..4 {
                self.add(laptop, &format!("Item {number}"));
            }
            self.sync(laptop);
            for _ in 1..*devices {
                let device = self.enrol(person)?;
                self.sync(device);
            }
            self.sync(laptop);
        }
        self.with_server(Site::let_replica_catch_up);
        Ok(())
    }

    /// Does one step of a story.
    pub fn take(&mut self, step: &Step) {
        self.time.pass(STEP_MS);
        let plan = match &step.sky {
            Sky::Drawn(weather, salt) => Plan::Drawn(*weather, Dice::new(*salt)),
            Sky::Listed(faults) => Plan::Listed(faults.clone()),
        };
        self.net.wire().begin(plan.clone());
        self.count(step.doing);
        self.net.wire().note(&format!("{:?}", step.doing));
        self.do_it(step.doing, plan);
        self.net.wire().rest();
    }

    /// Counts what operators and machines do to people without any exchange.
    fn count(&mut self, doing: Doing) {
        let there = |line: usize| self.devices.get(line).is_some_and(|device| device.client.is_some());
        let kind = match doing {
            Doing::Restart(line) if there(line) => "program killed and started again",
            Doing::Skew(line, seconds) if seconds != 0 && there(line) => "device's clock is wrong",
            Doing::DiskFull(line, true) if there(line) => "device's disk is full",
            Doing::ForgedPush(line) if there(line) => "push forged",
            Doing::RestartServer => "server restarted",
            Doing::SkewServer(seconds) if seconds != 0 => "server's clock is wrong",
            Doing::Move => "moved to another store",
            _ => return,
        };
        self.net.wire().tally.add(kind);
    }

    fn do_it(&mut self, doing: Doing, plan: Plan) {
        // What could not be done was said on the device's screen.
        let _said = match doing {
            Doing::ChangePassword(line) => self.change_password(Device(line)),
            Doing::RotateSecretKey(line) => self.rotate_secret_key(Device(line)),
            Doing::ChangeAddress(line) => self.change_address(Device(line)),
            Doing::ScheduleDeletion(line) => self.schedule_deletion(Device(line)),
            Doing::CancelDeletion(line) => self.cancel_deletion(Device(line)),
            Doing::Enrol(line) if self.device_count(line) < 5 => {
                let person = self.devices.get(line).map_or(0, |device| device.person);
                self.enrol(Person(person)).map(drop)
            }
            Doing::Build(line) if self.devices.len() > line => self.build(Device(line)),
            Doing::Revoke(by, other) if self.may_revoke(by, other) => self.revoke(Device(by), Device(other)),
            Doing::EndSession(by, other) if self.are_of_one(by, other) => self.end_session(Device(by), Device(other)),
            Doing::Acknowledge(line, place) => self.acknowledge(Device(line), place),
            Doing::Restart(line) if self.devices.len() > line => self.restart(Device(line)),
            doing => {
                self.do_quietly(doing, plan);
                Ok(())
            }
        };
    }

    fn do_quietly(&mut self, doing: Doing, plan: Plan) {
        match doing {
            Doing::Sync(line) => drop(self.sync(Device(line))),
            Doing::Set(line, place, field) => drop(self.set(Device(line), place, field)),
            Doing::Add(line) => {
                let person = self.devices.get(line).map_or(0, |device| device.person);
                if self.people.get(person).is_some_and(|person| person.items.len() < ITEMS_MAX) {
                    self.add(Device(line), "Another");
                }
            }
            Doing::Trash(line, place) => self.trash(line, place),
            Doing::Purge(line, place) => self.purge(line, place),
            Doing::Skew(line, seconds) => self.skew(Device(line), seconds),
            Doing::DiskFull(line, is_full) => self.fill_disk(Device(line), is_full),
            Doing::ForgedPush(line) => drop(self.forge_push(Device(line))),
            Doing::Pass(seconds) => self.pass(seconds),
            Doing::Server(condition) => self.server_is(condition),
            Doing::RestartServer => self.restart_server(),
            Doing::Scale(count, newer) => self.with_server(|site| site.scale(count, newer)),
            Doing::SkewServer(seconds) => self.with_server(|site| site.watch.set_off(seconds * 1000)),
            Doing::TakeBack(line, place) => self.take_back_some(line, place),
            Doing::BackUp => self.back_up(),
            Doing::RestoreBackup => self.restore_backup(),
            Doing::Move => self.with_server(Site::move_store),
            Doing::CatchUp if self.mutation != Some(Mutation::Withholds) => self.with_server(Site::let_replica_catch_up),
            Doing::Mail(mood) => self.mail_is(mood),
            Doing::Work => {
                let fault = match plan {
                    Plan::Drawn(weather, mut dice) => weather.draw(&mut dice),
                    Plan::Listed(faults) => faults.first().map(|(_, fault)| *fault),
                };
                let fault = match fault {
                    Some(Fault::Database(at, how)) => {
                        self.net.wire().met.push((0, Fault::Database(at, how)));
                        Some((at, how))
                    }
                    _ => None,
                };
                self.work(fault);
            }
            _ => {}
        }
    }

    fn are_of_one(&self, by: usize, other: usize) -> bool {
        by != other && self.devices.get(by).zip(self.devices.get(other)).is_some_and(|(by, other)| by.person == other.person)
    }

    fn device_count(&self, line: usize) -> usize {
        let person = self.devices.get(line).map(|device| device.person);
        self.devices.iter().filter(|device| Some(device.person) == person).count()
    }

    /// A person does not lock themselves out.
    fn may_revoke(&self, by: usize, other: usize) -> bool {
        let wire = self.net.wire();
        let of_one = |line: &usize| self.are_of_one(by, *line) && wire.truth.is_let_in(*line);
        self.are_of_one(by, other) && (0..self.devices.len()).filter(of_one).count() >= 2
    }

    /// Runs a whole story, to its reckoning.
    pub fn run(&mut self, story: &Story) -> Result<(), String> {
        self.settle(&story.people)?;
        story.steps.iter().for_each(|step| self.take(step));
        self.end();
        Ok(())
    }

    /// Runs a story, and writes down which faults each step met.
    pub fn run_noting(&mut self, story: &Story) -> Result<Story, String> {
        self.settle(&story.people)?;
        let mut noted = story.clone();
        for step in &mut noted.steps {
            self.take(step);
            step.sky = Sky::Listed(self.met_in_step());
        }
        self.end();
        Ok(noted)
    }

    fn met_in_step(&self) -> Vec<(u16, Fault)> {
        self.net.wire().last_met()
    }
}
