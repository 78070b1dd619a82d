//! Versions of this software, so far as two of them are compared: a client says its own, a server says the lowest it answers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Major, minor, patch. What comes after (`-rc.1`, `+build`) plays no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Version(pub [u32; 3]);

/// Not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a version: write it as 0.2.0")]
pub struct NotAVersion;

impl FromStr for Version {
    type Err = NotAVersion;
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let numbers = text.trim().split(['-', '+']).next().unwrap_or_default();
        let mut version = [0; 3];
        let mut parts = numbers.split('.');
        for number in &mut version {
            let part = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
            *number = part.and_then(|part| part.parse().ok()).ok_or(NotAVersion)?;
        }
        if parts.next().is_none() { Ok(Self(version)) } else { Err(NotAVersion) }
    }
}

impl TryFrom<String> for Version {
    type Error = NotAVersion;
    fn try_from(text: String) -> Result<Self, NotAVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(out, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        let version = |text: &str| text.parse::<Version>();
        let known = |text: &str| version(text).unwrap();
        assert!(known("0.10.0") > known("0.9.9") && version("1.0.0-rc.1") == version("1.0.0") && version("0.2.0+x") == version("0.2.0"));
        assert_eq!(version(" 1.2.3 ").map(|version| version.to_string()), Ok("1.2.3".into()));
        for nonsense in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.-3", "1.2.+3", "99999999999.0.0"] {
            assert_eq!(version(nonsense), Err(NotAVersion), "{nonsense}");
        }
    }
}
