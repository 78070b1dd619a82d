//! Why a configuration is not taken: one sentence each, naming the setting, where it came from and what to write instead.

use super::load::Origin;
use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read ({why}): check its name and who may read it", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word for it.
        why: std::io::ErrorKind,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML at line {line}: {why}", path = .path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What the parser missed.
        why: String,
    },
    /// A name nobody knows.
    #[error("there is no setting `{name}` ({origin}){}", .nearest.map(|nearest| format!(": did you mean `{nearest}`?")).unwrap_or_else(|| ": `docs/configuration.md` lists all of them".to_owned()))]
    Unknown {
        /// As written.
        name: String,
        /// Where.
        origin: Origin,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A value that does not read.
    #[error("`{name}` ({origin}) is not right: {wrong}")]
    Value {
        /// The setting.
        name: String,
        /// Where it was set.
        origin: Origin,
        /// What is wrong and how to write it.
        wrong: String,
    },
    /// Settings that contradict each other.
    #[error("{0}")]
    Together(&'static str),
}
