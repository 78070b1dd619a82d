//! Progress bars: on standard error, only on a terminal, gone when the work is done. Never here: percentages in answers.

use super::size_text;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::Progress as Far;

/// A bar, or nothing where nobody would see it.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar over `total` steps of `what`, unless unwanted.
    pub fn new(what: &'static str, total: u64, wanted: bool) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar:.dim} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(Some(ProgressBar::new(total).with_style(style).with_message(what)))
    }

    /// What the work is now.
    pub fn say(&self, what: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(what);
        }
    }

    /// A bar over bytes, with how fast it goes and how long it still takes, for work of several stages.
    pub fn of_bytes(wanted: bool) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar:.dim} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(Some(ProgressBar::new(0).with_style(style)))
    }

    /// Where a stage of the work stands.
    pub fn stage(&self, what: &'static str, done: u64, total: u64) {
        if let Some(bar) = &self.0 {
            if bar.message() != what {
                bar.reset();
                bar.set_message(what);
            }
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// Where the work stands.
    pub fn at(&self, done: u64, total: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

/// How far a sync is. Appears when it takes longer than a moment.
pub struct SyncBar {
    wanted: bool,
    begun: Instant,
    bar: RefCell<Option<ProgressBar>>,
}

/// Most syncs are over before anybody could read a bar.
const MOMENT: Duration = Duration::from_millis(400);

impl SyncBar {
    /// A bar, unless unwanted or where nobody would see it.
    pub fn new(wanted: bool) -> Self {
        Self { wanted: wanted && std::io::stderr().is_terminal(), begun: Instant::now(), bar: RefCell::new(None) }
    }

    /// How far it is.
    pub fn at(&self, far: Far) {
        if !self.wanted || self.begun.elapsed() < MOMENT {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| ProgressBar::new(0));
        let (words, template) = words(far);
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(words);
        if let Far::Sending { done, total } = far {
            bar.set_length(total);
            bar.set_position(done);
        }
        bar.tick();
    }
}

/// What is said, and whether there is a total to draw a bar to.
fn words(far: Far) -> (String, &'static str) {
    match far {
        Far::Receiving { bytes } => (format!("Receiving, {} so far", size_text(bytes)), "{spinner:.dim} {msg}"),
        Far::Storing { revisions } => (format!("Checking what came, {revisions} so far"), "{spinner:.dim} {msg}"),
        Far::Sending { .. } => ("Sending".to_owned(), "{msg} {wide_bar:.dim} {pos}/{len}"),
    }
}

impl Drop for SyncBar {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_total_draws_a_bar_to_it() {
        for (far, said, has_bar) in [
            (Far::Receiving { bytes: 3 << 20 }, "Receiving, 3.1 MB so far", false),
            (Far::Storing { revisions: 4_000 }, "Checking what came, 4000 so far", false),
            (Far::Sending { done: 1_000, total: 5_000 }, "Sending", true),
        ] {
            let (words, template) = words(far);
            assert_eq!((words.as_str(), template.contains("{pos}/{len}")), (said, has_bar));
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
