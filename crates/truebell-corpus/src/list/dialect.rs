//! The dialects of breach lists, and their names. Never here: how one is read (`dialects`), or told (`detect`).

use std::fmt;
use std::str::FromStr;

/// What stands between address and password, or between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Separator {
    /// `:`
    Colon,
    /// `;`
    Semicolon,
    /// `|`
    Bar,
    /// A tab.
    Tab,
    /// `,`
    Comma,
}

impl Separator {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Colon, Self::Semicolon, Self::Bar, Self::Tab, Self::Comma];

    /// Its byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Colon => b':',
            Self::Semicolon => b';',
            Self::Bar => b'|',
            Self::Tab => b'\t',
            Self::Comma => b',',
        }
    }

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Colon => "colon",
            Self::Semicolon => "semicolon",
            Self::Bar => "bar",
            Self::Tab => "tab",
            Self::Comma => "comma",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|separator| separator.name() == name)
    }
}

/// Which columns hold what, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Columns {
    /// The address.
    pub address: u16,
    /// The password, or its hash; `None` where the list has neither.
    pub password: Option<u16>,
}

/// How records are written in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `address:password`: the first separator divides.
    Pair {
        /// What divides.
        separator: Separator,
        /// One space behind the separator belongs to it.
        spaced: bool,
    },
    /// Columns, quoted as RFC 4180 has it.
    Csv {
        /// Between columns.
        separator: Separator,
        /// `None`: the first record is a header that says it.
        columns: Option<Columns>,
    },
    /// One JSON object a line.
    JsonLines,
    /// Blocks of lines `URL:`, `Username:`, `Password:`.
    Stealer,
    /// `url:login:password` a line.
    Url,
}

/// A name that no dialect has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "that is no dialect: write colon, semicolon, bar, tab or comma (with -spaced behind it where a space follows), csv, csv-semicolon, csv-tab, csv-bar or csv-colon (with :2:3 for the columns of address and password), jsonl, stealer or url"
)]
pub struct NotADialect;

impl fmt::Display for Dialect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { separator, spaced } => write!(out, "{}{}", separator.name(), if *spaced { "-spaced" } else { "" }),
            Self::Csv { separator, columns } => {
                out.write_str("csv")?;
                if *separator != Separator::Comma {
                    write!(out, "-{}", separator.name())?;
                }
                let Some(columns) = columns else { return Ok(()) };
                write!(out, ":{}", columns.address + 1)?;
                columns.password.map_or(Ok(()), |password| write!(out, ":{}", password + 1))
            }
            Self::JsonLines => out.write_str("jsonl"),
            Self::Stealer => out.write_str("stealer"),
            Self::Url => out.write_str("url"),
        }
    }
}

impl FromStr for Dialect {
    type Err = NotADialect;

    fn from_str(text: &str) -> Result<Self, NotADialect> {
        match text {
            "jsonl" => return Ok(Self::JsonLines),
            "stealer" => return Ok(Self::Stealer),
            "url" => return Ok(Self::Url),
            _ => {}
        }
        if let Some(rest) = text.strip_prefix("csv") {
            return parse_csv(rest);
        }
        let (name, spaced) = text.strip_suffix("-spaced").map_or((text, false), |name| (name, true));
        Separator::named(name).map(|separator| Self::Pair { separator, spaced }).ok_or(NotADialect)
    }
}

/// `-tab:2:3`, or any part of it.
fn parse_csv(rest: &str) -> Result<Dialect, NotADialect> {
    let (name, columns) = rest.split_once(':').map_or((rest, None), |(name, columns)| (name, Some(columns)));
    let separator = match name {
        "" => Separator::Comma,
        name => name.strip_prefix('-').and_then(Separator::named).ok_or(NotADialect)?,
    };
    let number = |text: &str| text.parse::<u16>().ok().and_then(|number| number.checked_sub(1)).ok_or(NotADialect);
    let columns = columns.map(|columns| match columns.split_once(':') {
        Some((address, password)) => Ok(Columns { address: number(address)?, password: Some(number(password)?) }),
        None => Ok(Columns { address: number(columns)?, password: None }),
    });
    let columns = columns.transpose()?;
    if columns.is_some_and(|columns| columns.password == Some(columns.address)) {
        return Err(NotADialect);
    }
    Ok(Dialect::Csv { separator, columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_is_read_from_the_name_it_is_written_as() {
        for name in [
            "colon",
            "semicolon-spaced",
            "bar",
            "tab",
            "comma",
            "csv",
            "csv:1:2",
            "csv-tab:4",
            "csv-colon:3:1",
            "csv-semicolon",
            "jsonl",
            "stealer",
            "url",
        ] {
            assert_eq!(name.parse::<Dialect>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_names_no_dialect_or_one_column_twice_is_refused() {
        for name in
            ["", "xml", "spaced", "-spaced", "csv:", "csv:0:1", "csv:1:0", "csv:2:2", "csv-:1", "csv-space", "csv:1:2:3", "csv:70000"]
        {
            assert_eq!(name.parse::<Dialect>(), Err(NotADialect), "{name}");
        }
    }
}
