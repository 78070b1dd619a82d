//! From a failure to the short story behind it: steps are taken away, then faults, as long as the same counter still finds something
//! (delta debugging: Zeller and Hildebrandt 2002).

use crate::checks::{Check, Counts};
use crate::mutate::Mutation;
use crate::story::{Sky, Story};
use crate::world::World;

/// Most runs that are spent on one story.
const RUNS_MAX: u32 = 1_500;

/// The shortest story found that still fails by the same counter; `None` if the story does not fail.
pub fn shrink(story: &Story) -> Option<Story> {
    shrink_with(story, None)
}

/// The same, in a world with a law broken.
pub fn shrink_with(story: &Story, mutation: Option<Mutation>) -> Option<Story> {
    let mut world = World::with_mutation(story.seed, mutation);
    let noted = world.run_noting(story).ok()?;
    let check = first(&world.counts())?;
    let mut search = Search { mutation, check, runs: 0 };
    // With the faults that were met written down instead of drawn, if that still fails.
    let mut best = if search.fails(&noted) { noted } else { story.clone() };
    best.steps = search.reduce(best.steps.clone(), |steps| Story { steps, ..best.clone() });
    for place in 0..best.steps.len() {
        let Some(Sky::Listed(faults)) = best.steps.get(place).map(|step| step.sky.clone()) else { continue };
        let left = search.reduce(faults, |faults| with_faults(&best, place, faults));
        best = with_faults(&best, place, left);
    }
    best.steps = search.reduce(best.steps.clone(), |steps| Story { steps, ..best.clone() });
    Some(best)
}

fn with_faults(story: &Story, place: usize, faults: Vec<(u16, crate::fault::Fault)>) -> Story {
    let mut story = story.clone();
    if let Some(step) = story.steps.get_mut(place) {
        step.sky = Sky::Listed(faults);
    }
    story
}

fn first(counts: &Counts) -> Option<Check> {
    Check::ALL.into_iter().find(|check| counts.of(*check) > 0)
}

struct Search {
    mutation: Option<Mutation>,
    check: Check,
    runs: u32,
}

impl Search {
    fn fails(&mut self, story: &Story) -> bool {
        self.runs += 1;
        let mut world = World::with_mutation(story.seed, self.mutation);
        world.run(story).is_ok() && world.counts().of(self.check) > 0
    }

    /// Takes away as much of a list as it can, in halves, then quarters, down to single things.
    fn reduce<T: Clone>(&mut self, mut list: Vec<T>, story: impl Fn(Vec<T>) -> Story) -> Vec<T> {
        let mut size = list.len().div_ceil(2);
        while size > 0 && !list.is_empty() {
            let mut from = 0;
            while from < list.len() {
                if self.runs >= RUNS_MAX {
                    return list;
                }
                let to = (from + size).min(list.len());
                let mut less = list.clone();
                less.drain(from..to);
                if self.fails(&story(less.clone())) {
                    list = less;
                } else {
                    from = to;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        list
    }
}
