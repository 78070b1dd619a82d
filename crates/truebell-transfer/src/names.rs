//! Names other managers give things, which both the reader and the writer of their format need.

/// Prefix of the attributes KeePassXC keeps a passkey in.
pub(crate) const KEEPASSXC_PASSKEY: &str = "KPEX_PASSKEY_";
/// Further addresses, as KeePassXC and Keepass2Android name them (`KP2A_URL`, `KP2A_URL_1`, …).
pub(crate) const KEEPASS_MORE_URLS: &str = "KP2A_URL";
/// The tag KeePassXC's own importer gives to favourites.
pub(crate) const KEEPASS_FAVOURITE: &str = "Favorite";
/// The same for archived items.
pub(crate) const KEEPASS_ARCHIVED: &str = "Archived";
/// Title of the section that data of KeePass plug-ins is kept in.
pub(crate) const KEEPASS_PLUGINS: &str = "KeePass plug-in data";
/// What Bitwarden's numbers for matching an address mean (`UriMatchType`).
pub(crate) const BITWARDEN_MATCH_RULES: [&str; 6] = ["domain", "host", "starts with", "exact", "regular expression", "never"];
