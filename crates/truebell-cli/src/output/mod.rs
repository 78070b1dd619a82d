//! Everything the command line says: answers on standard output, remarks, notices and errors on standard error, as text or JSON.
//! Never here: what is said.

mod categories;
mod paint;
mod progress;
mod table;

pub use categories::{CATEGORIES, category_word};
pub use paint::{Paint, clean};
pub use progress::{Progress, SyncBar};
pub use table::Table;

use crate::exit::{Answered, Failure};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};
use truebell_core::notice::{Correction, Notice};

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to speak: from the global options.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// JSON instead of text.
    pub json: bool,
    /// No remarks.
    pub quiet: bool,
    /// Colours.
    pub colour: Colour,
}

/// An answer that can be shown to people; to programs it is its `Serialize`.
pub trait Show: Serialize {
    /// Writes it as text.
    fn show(&self, page: &mut Page<'_>) -> io::Result<()>;
}

/// Text for people alone, where programs have been answered already.
pub trait ShowText {
    /// Writes it as text.
    fn show(&self, page: &mut Page<'_>) -> io::Result<()>;
}

/// Where text for people goes, and how wide and colourful it may be.
pub struct Page<'a> {
    out: &'a mut dyn Write,
    /// Colours for it.
    pub paint: Paint,
    /// Columns of the terminal; `None` where it is none.
    pub width: Option<usize>,
}

impl Page<'_> {
    /// One line, made harmless.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A table: aligned on a terminal, tab-separated where piped.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        table.write(self.out, self.paint, self.width)
    }
}

/// The two streams of this process.
pub struct Output {
    manner: Manner,
    stdout: BufWriter<io::Stdout>,
    paint_out: Paint,
    paint_err: Paint,
}

const BUFFER_BYTES: usize = 64 * 1024;

impl Output {
    /// For this process, in this manner.
    pub fn new(manner: Manner) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let paint = |terminal: bool| match manner.colour {
            Colour::Always => Paint::ON,
            Colour::Never => Paint::OFF,
            Colour::Auto => Paint { on: terminal && !plain },
        };
        Self {
            manner,
            stdout: BufWriter::with_capacity(BUFFER_BYTES, io::stdout()),
            paint_out: paint(io::stdout().is_terminal()),
            paint_err: paint(io::stderr().is_terminal()),
        }
    }

    /// Whether programs are reading.
    pub fn is_json(&self) -> bool {
        self.manner.json
    }

    /// Whether remarks are unwanted.
    pub fn is_quiet(&self) -> bool {
        self.manner.quiet
    }

    /// Colours of standard error.
    pub fn paint_err(&self) -> Paint {
        self.paint_err
    }

    /// The command's answer.
    pub fn answer(&mut self, answer: &impl Show) -> Answered {
        let written = if self.manner.json {
            serde_json::to_writer(&mut self.stdout, answer).map_err(io::Error::from).and_then(|()| self.stdout.write_all(b"\n"))
        } else {
            let width = io::stdout().is_terminal().then(terminal_width);
            answer.show(&mut Page { out: &mut self.stdout, paint: self.paint_out, width })
        };
        self.end(written)
    }

    /// Text for people.
    pub fn text(&mut self, text: &impl ShowText) -> Answered {
        let width = io::stdout().is_terminal().then(terminal_width);
        let written = text.show(&mut Page { out: &mut self.stdout, paint: self.paint_out, width });
        self.end(written)
    }

    /// An answer that is JSON already, where programs are reading.
    pub fn json_bytes(&mut self, json: &[u8]) -> Answered {
        let written = self.stdout.write_all(json).and_then(|()| self.stdout.write_all(b"\n"));
        self.end(written)
    }

    /// Whether people are reading, at a terminal.
    pub fn has_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Bytes as they are: a secret's value, a file.
    pub fn raw(&mut self, bytes: &[u8]) -> Answered {
        let written = self.stdout.write_all(bytes);
        self.end(written)
    }

    fn end(&mut self, written: io::Result<()>) -> Answered {
        match written.and_then(|()| self.stdout.flush()) {
            Ok(()) => Ok(()),
            // `| head` has read enough: that is no failure, and there is nobody left to tell.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::io("The answer could not be written", &error)),
        }
    }

    /// A remark beside the answer: what was done, what comes next. Not with `--quiet`, not where programs are reading.
    pub fn remark(&self, text: impl Display) {
        if !self.manner.quiet && !self.manner.json {
            self.say(text);
        }
    }

    /// A warning: something the person should know, even with `--quiet`.
    pub fn warn(&self, text: impl Display) {
        if self.manner.json {
            self.say(serde_json::json!({ "warning": text.to_string() }));
        } else {
            self.say(format_args!("{} {text}", self.paint_err.yellow("warning:")));
        }
    }

    /// A failure.
    pub fn failure(&self, failure: &Failure) {
        if self.manner.json {
            self.say(serde_json::json!({ "error": failure }));
            return;
        }
        self.say(format_args!("{} {}", self.paint_err.red("error:"), failure.message));
        for candidate in &failure.candidates {
            self.say(format_args!("  {}  {}", self.paint_err.dim(&candidate.id), clean(&candidate.title)));
        }
    }

    /// A notice: the only alarm this program has, made from a verified event.
    pub fn notice(&self, notice: &NoticeLine) {
        if self.manner.json {
            self.say(serde_json::json!({ "notice": notice }));
            return;
        }
        let paint = self.paint_err;
        self.say(format_args!("{} {}", paint.yellow("notice:"), clean(&notice.sentence)));
        self.say(format_args!("  {}, verified; check code {}", time_text(notice.at), paint.bold(&notice.code)));
        for correction in &notice.corrections {
            self.say(format_args!("  {} {}", paint.bold("since then:"), clean(correction)));
        }
        self.say(format_args!("  {}", notice.advice));
    }

    fn say(&self, text: impl Display) {
        // Nothing can be done about a standard error that is gone; the exit status still tells.
        drop(writeln!(io::stderr().lock(), "{text}"));
    }
}

/// A notice on its way to a person, as the agent hands it over. It is made from a [`Notice`] only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct NoticeLine {
    /// The event's id.
    pub event: String,
    /// Its place in the account's chain.
    pub seq: u64,
    /// When the server recorded it, milliseconds since 1970.
    pub at: u64,
    /// The device that acted.
    pub device: String,
    /// `password-changed`, …
    pub kind: String,
    /// What happened.
    pub sentence: String,
    /// What to do if it was not you.
    pub advice: String,
    /// Its check code.
    pub code: String,
    /// What was said of it since, by whom: it was taken back, or *that was me*. Left out where nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<String>,
}

impl NoticeLine {
    /// With what was said of it since.
    pub fn corrected(mut self, corrections: &[Correction]) -> Self {
        self.corrections = corrections.iter().map(|correction| correction.sentence.clone()).collect();
        self
    }
}

impl From<&Notice> for NoticeLine {
    fn from(notice: &Notice) -> Self {
        Self {
            event: notice.event.to_string(),
            seq: notice.seq,
            at: notice.at.0,
            device: notice.device.to_string(),
            kind: notice.kind.to_owned(),
            sentence: notice.sentence.clone(),
            advice: notice.advice.to_owned(),
            code: notice.code.to_string(),
            corrections: Vec::new(),
        }
    }
}

/// A time for people, in UTC: `2026-11-23 06:14:19Z`.
pub fn time_text(at_ms: u64) -> String {
    truebell_core::time::UnixMillis(at_ms).utc().to_string()
}

/// So many of something: `1 item`, `2 items`.
pub fn count_text(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A size for people.
pub fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn terminal_width() -> usize {
    rustix::termios::tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col).max(20))
}

/// A standing answer: what was done, in a sentence, and members for programs.
#[derive(Debug, Serialize)]
pub struct Done {
    /// What was done.
    #[serde(skip)]
    pub sentence: String,
    /// Members for programs.
    #[serde(flatten)]
    pub members: serde_json::Value,
}

impl Done {
    /// Nothing more to say to programs than that it was done.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), members: serde_json::json!({ "ok": true }) }
    }

    /// With members.
    pub fn with(sentence: impl Into<String>, members: serde_json::Value) -> Self {
        Self { sentence: sentence.into(), members }
    }
}

impl Show for Done {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(&self.sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_at_most() {
        for (bytes, text) in [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (1_290, "1.2 kB"), (104_857_600, "104.8 MB")] {
            assert_eq!(size_text(bytes), text);
        }
    }
}
