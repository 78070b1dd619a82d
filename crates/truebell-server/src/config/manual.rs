//! `docs/configuration.md`, made from the settings themselves so that the two cannot differ.

use super::Config;
use std::fmt::Write;

const OPENING: &str = "\
# Configuration

`truebell serve` takes its settings from four places; a later one wins:

1. the defaults below,
2. a TOML file, named with `--config FILE`,
3. the environment: `TRUEBELL_` and the setting's name in capitals (`TRUEBELL_MAIL_RELAY`),
4. flags: `--listen`, `--data`, `--store`, `--signup`, and `--set NAME=VALUE` for any setting.

In the file, a table is a common beginning of names: `relay` in `[mail]` is `mail_relay`. A name that does not exist is refused, with
what was probably meant. No setting holds a secret: it names the file that does. `truebell config check [FILE]` shows every value, where
it came from, and what is unsafe about it.

This page is made from the source (`crates/truebell-server/src/config/mod.rs`); a test compares the two.
";

/// The page.
pub fn manual() -> String {
    let mut page = OPENING.to_owned();
    for setting in Config::SETTINGS {
        let about: Vec<&str> = setting.about.iter().map(|line| line.trim()).collect();
        let default = if setting.default.is_empty() { "empty".to_owned() } else { format!("`{}`", setting.default) };
        let _ = write!(page, "\n## `{}`\n\n{}\n\nForm: {}. Default: {default}.\n", setting.name, about.join("\n"), setting.form);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Run with `TRUEBELL_WRITE_DOCS=1` to write the page anew.
    #[test]
    fn the_page_in_docs_is_the_one_the_settings_make() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        if std::env::var_os("TRUEBELL_WRITE_DOCS").is_some() {
            std::fs::write(&path, manual()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == manual(), "docs/configuration.md is out of date: run this test with TRUEBELL_WRITE_DOCS=1 and commit the page");
    }
}
