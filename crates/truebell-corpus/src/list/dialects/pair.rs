//! `address:password` a line: the first separator divides, all behind it is the password.

use super::{Fields, Text};
use crate::list::dialect::Separator;
use crate::list::tally::Skip;

pub(in super::super) fn parse(line: &[u8], separator: Separator, spaced: bool) -> Result<Fields<'_>, Skip> {
    let at = memchr::memchr(separator.byte(), line).ok_or(Skip::NoSeparator)?;
    let (address, rest) = line.split_at(at);
    let password = rest.get(1..).unwrap_or_default();
    let password = if spaced { password.strip_prefix(b" ").unwrap_or(password) } else { password };
    Ok(Fields { address, beside: Text::Password(password) })
}
