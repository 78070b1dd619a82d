//! Where it is known from which passwords are exposed: a corpus on this device, a range service, or nowhere.

use super::super::corpus::{ask_ranges, failure_of, open};
use crate::exit::Answered;
use std::collections::BTreeMap;
use std::path::Path;
use truebell_core::secret::Secret;
use truebell_corpus::inquiry::{Doubt, Verdict};
use truebell_corpus::{Answer, Corpus, Digest, Exposure, Kind};
use truebell_engine::health;
use truebell_server::ranges::FilePages;

/// Where from.
pub(super) enum Source {
    Nowhere,
    Corpus { name: String, path: std::path::PathBuf, corpus: Box<Corpus<FilePages>> },
    Ranges { url: String },
}

/// What was found out.
pub(super) struct Looked {
    kind: Kind,
    known: BTreeMap<Digest, health::Known>,
    /// Why something is not known.
    pub(super) doubt: Option<Doubt>,
}

impl Source {
    pub(super) fn open(corpus: Option<&Path>, ranges: Option<&str>) -> Answered<Self> {
        Ok(match (corpus, ranges) {
            (Some(path), _) => {
                let mut corpus = open(path)?;
                corpus.load_buckets().map_err(|error| failure_of(path, &error))?;
                let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
                Self::Corpus { name, path: path.to_owned(), corpus: Box::new(corpus) }
            }
            (None, Some(url)) => Self::Ranges { url: url.to_owned() },
            (None, None) => Self::Nowhere,
        })
    }

    /// As a sentence names it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Nowhere => "nobody was asked".to_owned(),
            Self::Corpus { name, corpus, .. } => format!("corpus {name}, version {}", corpus.version()),
            Self::Ranges { url } => format!("range service {url}"),
        }
    }

    /// As programs read it.
    pub(super) fn describe(&self) -> serde_json::Value {
        match self {
            Self::Nowhere => serde_json::Value::Null,
            Self::Corpus { name, corpus, .. } => serde_json::json!({ "corpus": name, "version": corpus.version() }),
            Self::Ranges { url } => serde_json::json!({ "ranges": url }),
        }
    }

    pub(super) const fn is_nowhere(&self) -> bool {
        matches!(self, Self::Nowhere)
    }

    /// Variants of a password are more questions, which only a corpus of one's own should hear.
    pub(super) const fn may_ask_variants(&self) -> bool {
        matches!(self, Self::Corpus { .. })
    }

    /// Looks all of them up.
    pub(super) fn look_up(&self, passwords: &[Secret], progress: &mut dyn FnMut(u64, u64)) -> Answered<Looked> {
        match self {
            Self::Nowhere => Ok(Looked { kind: Kind::Sha1, known: BTreeMap::new(), doubt: None }),
            Self::Corpus { path, corpus, .. } => {
                let kind = corpus.header().kind;
                let mut known = BTreeMap::new();
                let mut sweep = corpus.sweep();
                for digest in digests(kind, passwords) {
                    let said = sweep.check(&digest).map_err(|error| failure_of(path, &error))?;
                    known.insert(digest, known_of(said));
                }
                Ok(Looked { kind, known, doubt: None })
            }
            Self::Ranges { url } => {
                let verdicts = ask_ranges(url, Kind::Sha1, digests(Kind::Sha1, passwords), progress)?;
                let doubt = verdicts.values().find_map(|verdict| match verdict {
                    Verdict::Unknown(doubt) => Some(*doubt),
                    _ => None,
                });
                let known = verdicts.into_iter().map(|(digest, verdict)| {
                    let known = match verdict {
                        Verdict::Exposed { count } => health::Known::Exposed { count: Some(count) },
                        Verdict::Clean => health::Known::Clean,
                        Verdict::Unknown(_) => health::Known::Unknown,
                    };
                    (digest, known)
                });
                Ok(Looked { kind: Kind::Sha1, known: known.collect(), doubt })
            }
        }
    }
}

/// In order, each once.
fn digests(kind: Kind, passwords: &[Secret]) -> Vec<Digest> {
    let mut all: Vec<Digest> = passwords.iter().filter_map(|password| kind.digest(password.expose().as_bytes())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

const fn known_of(said: Answer) -> health::Known {
    match said {
        Answer::Clean => health::Known::Clean,
        Answer::Exposed(Exposure::Whole { count, .. }) => health::Known::Exposed { count: Some(count) },
        Answer::Exposed(Exposure::Truncated { .. }) => health::Known::Exposed { count: None },
    }
}

impl Looked {
    /// What is known about a password.
    pub(super) fn of(&self, password: &str) -> health::Known {
        let digest = self.kind.digest(password.as_bytes());
        digest.and_then(|digest| self.known.get(&digest)).copied().unwrap_or(health::Known::Unknown)
    }
}
