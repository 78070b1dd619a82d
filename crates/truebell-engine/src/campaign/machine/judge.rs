//! What counts say: a stop, something unclear, or nothing against going on.

use super::super::{Bounds, Guard, Measure, Signal, State, Stop, Tally, Traced, TracerReport, TracerVerdict, Unclear, Verdict};
use super::{Effect, Machine, Reading, Record, Refused};
use truebell_core::time::UnixMillis;

impl Machine {
    pub(super) fn looked(&mut self, measure: Measure, more: Tally) -> Result<(), Refused> {
        let bounds = self.bounds(measure).ok_or(Refused::NotMeasured)?;
        let tally = self.tally(measure).plus(more.looked, more.matched);
        self.tallies.insert(measure, tally);
        self.push(Effect::Record(Record::Tally { measure, tally }));
        if let Some(stop) = self.stop_of(measure, tally, bounds.judge(tally, self.plan.errors)) {
            self.stop(stop);
        }
        Ok(())
    }

    fn bounds(&self, measure: Measure) -> Option<Bounds> {
        match measure {
            Measure::Rechecks => Some(self.plan.rechecks),
            Measure::Stratum { number } => self.plan.strata.get(usize::try_from(number).ok()?).map(|stratum| stratum.bounds),
        }
    }

    fn stop_of(&self, measure: Measure, tally: Tally, verdict: Verdict) -> Option<Stop> {
        match verdict {
            Verdict::TooMany if self.guards.on(Guard::TooMany) => Some(Stop::TooMany { measure, tally }),
            Verdict::TooFew if self.guards.on(Guard::TooFew) => Some(Stop::TooFew { measure, tally }),
            _ => None,
        }
    }

    pub(super) fn note_tracers(&mut self, report: TracerReport, now: UnixMillis) {
        let traced = Traced { report, at: now, round: self.state.round, stage: self.state.stage };
        self.traced = Some(traced);
        self.push(Effect::Record(Record::Tracers { traced }));
        let verdict = report.judge(&self.plan.tracers);
        if matches!(verdict, TracerVerdict::Struck | TracerVerdict::Missed) && self.guards.on(Guard::Tracers) {
            self.stop(Stop::Tracer { verdict });
        }
    }

    pub(super) fn note_reading(&mut self, signal: Signal, tally: Tally, now: UnixMillis) -> Result<(), Refused> {
        let watch = self.plan.watches.iter().find(|watch| watch.signal == signal).copied().ok_or(Refused::NotMeasured)?;
        let before = self.readings.get(&signal).map(|reading| reading.before).unwrap_or_default();
        let reading = Reading { tally, before, at: now };
        self.readings.insert(signal, reading);
        self.push(Effect::Record(Record::Reading { signal, reading }));
        let since = reading.since();
        let outside = matches!(watch.bounds.judge(since, self.plan.errors), Verdict::TooMany | Verdict::TooFew);
        if outside && self.guards.on(Guard::Health) {
            self.stop(Stop::Health { signal, tally: since });
        }
        Ok(())
    }

    /// The last look at a stage's end.
    pub(super) fn final_stop(&self) -> Option<Stop> {
        let measures = (0..).zip(&self.plan.strata).map(|(number, _)| Measure::Stratum { number }).chain([Measure::Rechecks]);
        let rates = measures.filter_map(|measure| {
            let tally = self.tally(measure);
            self.stop_of(measure, tally, self.bounds(measure)?.judge_finally(tally, self.plan.errors))
        });
        let signals = self.plan.watches.iter().filter_map(|watch| {
            let tally = self.readings.get(&watch.signal)?.since();
            let verdict = watch.bounds.judge_finally(tally, self.plan.errors);
            let outside = matches!(verdict, Verdict::TooMany | Verdict::TooFew) && self.guards.on(Guard::Health);
            outside.then_some(Stop::Health { signal: watch.signal, tally })
        });
        rates.chain(signals).next()
    }

    /// What is not known at the end of a soak that began at `since`. No data is never success.
    pub(super) fn unclear(&self, since: UnixMillis) -> Option<Unclear> {
        if self.guards.on(Guard::Tracers) && !self.tracers_are_known() {
            return Some(Unclear::NoTracers);
        }
        if self.is_shadow() {
            return self.unclear_in_shadow();
        }
        if self.rows.reached_in(self.state.stage) == 0 {
            return Some(Unclear::NobodyReached);
        }
        let mailed = self.rows.mailed();
        let silent = self.plan.watches.iter().find(|watch| {
            let needed = watch.bounds.samples_min.min(mailed);
            let heard = self.readings.get(&watch.signal);
            mailed > 0 && !heard.is_some_and(|reading| reading.at >= since && reading.tally.looked >= needed)
        });
        silent.map(|watch| Unclear::NoReading { signal: watch.signal })
    }

    /// Before anybody is reached, everything that can be measured without reaching anybody has been.
    fn unclear_in_shadow(&self) -> Option<Unclear> {
        let strata = (0..).zip(&self.plan.strata).map(|(number, stratum)| (Measure::Stratum { number }, stratum.bounds.samples_min));
        let rechecks = (Measure::Rechecks, self.plan.rechecks.samples_min.min(self.plan.manifest.size));
        let short = strata.chain([rechecks]).find(|(measure, needed)| self.tally(*measure).looked < *needed);
        short.map(|(measure, _)| Unclear::NoLooks { measure })
    }

    /// Whether the tracers of this stage were looked at and are sound.
    pub(in super::super) fn tracers_are_known(&self) -> bool {
        let State { round, stage, opened, .. } = self.state;
        let fresh = self.traced.filter(|traced| traced.at >= opened && traced.round == round && traced.stage == stage);
        fresh.is_some_and(|traced| traced.report.judge(&self.plan.tracers) == TracerVerdict::Sound)
    }

    /// Two people looked at what stopped it, and approved it anew: counting begins again.
    pub(super) fn begin_again(&mut self) {
        for (measure, tally) in &mut self.tallies {
            *tally = Tally::default();
            self.effects.push_back(Effect::Record(Record::Tally { measure: *measure, tally: *tally }));
        }
        for (signal, reading) in &mut self.readings {
            reading.before = reading.tally;
            self.effects.push_back(Effect::Record(Record::Reading { signal: *signal, reading: *reading }));
        }
    }
}
