//! Breach lists: read, matched against a site's addresses, and tested before anybody believes them, as `docs/formats/list.md` has it. Never here: files, a clock, chance, or what was read.
//!
//! ```text
//! bytes ─ Reader ─ records ─┬─ Matcher ─ hits
//!                           └─ Survey ── verdicts
//! ```
//!
//! [`detect`] says which [`Dialect`] a list is in.

mod address;
mod beside;
mod detect;
mod dialect;
mod dialects;
mod encoding;
mod index;
mod lines;
#[cfg(any(test, feature = "testing"))]
pub mod made_up;
mod mask;
mod matching;
mod quarantine;
mod reader;
mod tally;

pub use address::{Canonical, Forms, NotAnAddress};
pub use beside::{Beside, HashForm, Record};
pub use detect::{DETECT_BYTES, Detected, Doubt, Fit, Sample, detect};
pub use dialect::{Columns, Dialect, NotADialect, Separator};
pub use encoding::Encoding;
pub use index::{Ambiguity, Builder, Index, SiteKey, TooMany};
pub use mask::{mask_address, mask_password};
pub use matching::{Hit, Matcher, Relation, Seen};
pub use quarantine::{Overlap, Standing, Survey, Test, Verdict};
pub use reader::Reader;
pub use tally::{Skip, Skipped, Tally};

/// The longest line that is read, its CR included.
pub const LINE_BYTES_MAX: usize = 1 << 16;
/// A longer password is none that anybody typed.
pub const PASSWORD_BYTES_MAX: usize = 1024;
