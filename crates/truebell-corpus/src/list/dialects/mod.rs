//! What a line of each dialect says: address, and what stands beside it. Never here: whether that is an address, or a hash (`reader`).

use super::beside::HashForm;

pub(super) mod block;
pub(super) mod csv;
pub(super) mod json;
pub(super) mod names;
pub(super) mod pair;
pub(super) mod url;

/// Address and what stands beside it, as written.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) address: &'a [u8],
    pub(super) beside: Text<'a>,
}

/// What stands beside an address.
#[derive(Clone, Copy)]
pub(super) enum Text<'a> {
    /// A password, unless it looks like a hash.
    Password(&'a [u8]),
    Hash(HashForm),
    Nothing,
}

/// Without the blanks around it. Only for addresses: those around a password belong to it.
pub(super) const fn trim(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
