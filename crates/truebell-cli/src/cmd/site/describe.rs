//! From a definition, which is words, to a table and a recipe; and from locations as they are typed to those that are shown.

use crate::exit::{Answered, Failure};
use truebell_server::response::site::Definition;
use truebell_sites::password::{Dialect, Layout, Pepper, Recipe};
use truebell_sites::source::{Preset, Table};

/// What a column may hold, as `--column` names it.
const COLUMNS: [&str; 6] = ["id", "address", "verifier", "salt", "parameters", "user"];

/// A preset by its name.
pub(super) fn parse_preset(text: &str) -> Result<String, String> {
    let names = || Preset::ALL.map(Preset::name).join(", ");
    Preset::named(text)
        .map(|preset| preset.name().to_owned())
        .ok_or_else(|| format!("there is no preset `{text}`: give one of {}", names()))
}

/// `WHAT=COLUMN`.
pub(super) fn parse_column(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("write WHAT=COLUMN, where WHAT is one of {}", COLUMNS.join(", "));
    let (what, column) = text.split_once('=').ok_or_else(wrong)?;
    if COLUMNS.contains(&what) && !column.is_empty() { Ok((what.to_owned(), column.to_owned())) } else { Err(wrong()) }
}

fn preset(definition: &Definition) -> Answered<Option<Preset>> {
    let named = |name: &String| parse_preset(name).map_err(|why| Failure::usage(format!("{}.", super::upper(&why))));
    let Some(name) = definition.preset.as_ref().map(named).transpose()? else { return Ok(None) };
    Ok(Preset::named(&name))
}

/// The table of a definition.
pub(super) fn table(definition: &Definition) -> Answered<Table> {
    let preset = preset(definition)?;
    let column = |what: &str| definition.columns.get(what).cloned();
    let mut table = match preset {
        Some(preset) => preset.table(),
        None => {
            let needed = |what: &str| {
                column(what).ok_or_else(|| {
                    Failure::usage(format!("Say which column holds the {what}, with --column {what}=NAME, or give a --preset."))
                })
            };
            Table::new("accounts", &needed("id")?, &needed("address")?, &needed("verifier")?)
        }
    };
    if let Some(name) = &definition.table {
        table.name.clone_from(name);
    }
    for (place, what) in [(&mut table.id, "id"), (&mut table.address, "address"), (&mut table.verifier, "verifier")] {
        if let Some(name) = column(what) {
            *place = name;
        }
    }
    for (place, what) in [(&mut table.salt, "salt"), (&mut table.parameters, "parameters"), (&mut table.user, "user")] {
        if let Some(name) = column(what) {
            *place = Some(name);
        }
    }
    Ok(table)
}

/// The recipe of a definition.
pub(super) fn recipe(definition: &Definition, pepper: Option<&[u8]>) -> Answered<Recipe> {
    let template = |error: truebell_sites::password::TemplateError| Failure::usage(format!("The template is not understood: {error}."));
    let mut recipe = match (definition.dialect.as_deref(), preset(definition)?) {
        (Some("plain"), _) | (None, None) => Recipe::named(Dialect::Plain),
        (Some("django"), _) => Recipe::named(Dialect::Django),
        (Some("werkzeug"), _) => Recipe::named(Dialect::Werkzeug),
        (Some("wordpress"), _) => Recipe::named(Dialect::WordPress),
        (Some("aspnet-identity"), _) => Recipe::new(Layout::AspNetIdentity),
        (Some("discourse"), _) => Recipe::new(Layout::Pbkdf2Columns),
        (Some(digest), _) => Recipe::digest(digest).map_err(template)?,
        (None, Some(preset)) => preset.recipe().map_err(template)?,
    };
    if let Some(candidate) = &definition.candidate {
        recipe = recipe.with_candidate(candidate).map_err(template)?;
    }
    Ok(match pepper {
        Some(pepper) => recipe.with_pepper(Pepper::new(pepper.to_vec())),
        None => recipe,
    })
}

/// Where the password of a URL begins and ends.
fn password_of(url: &str) -> Option<std::ops::Range<usize>> {
    let authority = url.find("://")? + 3;
    let end = url.get(authority..)?.find(['/', '?', '#']).map_or(url.len(), |end| authority + end);
    let at = authority + url.get(authority..end)?.rfind('@')?;
    let colon = authority + url.get(authority..at)?.find(':')?;
    (colon + 1 < at).then_some(colon + 1..at)
}

/// Whether a URL has a password.
pub(super) fn has_password(url: &str) -> bool {
    password_of(url).is_some()
}

/// A URL with a password put in.
pub(super) fn with_password(url: &str, password: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, behind) = rest.find(['/', '?', '#']).and_then(|end| rest.split_at_checked(end)).unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@')?;
    let user = user.split(':').next().unwrap_or_default();
    let encoded: String = password
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    Some(format!("{scheme}://{user}:{encoded}@{host}{behind}"))
}

/// A URL as it may be shown: without user, password and options.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place))
}

/// A file's location from everywhere: `sqlite:db` becomes `sqlite:/where/we/are/db`.
pub(super) fn absolute(location: &str) -> String {
    match location.split_once(':') {
        Some((kind, path)) if !path.starts_with("//") => {
            std::path::absolute(path).map_or_else(|_| location.to_owned(), |path| format!("{kind}:{}", path.display()))
        }
        _ => location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_password_goes_into_a_url_and_is_never_shown() {
        for (url, has, with, seen) in [
            ("postgres://ada@db/shop", false, Some("postgres://ada:p%40%2Fx@db/shop"), "postgres://db/shop"),
            (
                "postgres://ada:old@db/shop?sslmode=require",
                true,
                Some("postgres://ada:p%40%2Fx@db/shop?sslmode=require"),
                "postgres://db/shop",
            ),
            ("postgres://db/shop", false, None, "postgres://db/shop"),
            ("smtp://m:s@127.0.0.1:2525", true, Some("smtp://m:p%40%2Fx@127.0.0.1:2525"), "smtp://127.0.0.1:2525"),
            ("postgres://a:p@q@db/x@y", true, Some("postgres://a:p%40%2Fx@db/x@y"), "postgres://y"),
            ("sqlite:/a/b", false, None, "sqlite:/a/b"),
        ] {
            assert_eq!((has_password(url), with_password(url, "p@/x").as_deref(), shown(url).as_str()), (has, with, seen), "{url}");
        }
        assert!(absolute("sqlite:a.db").starts_with("sqlite:/"));
        assert_eq!(absolute("postgres://db/x"), "postgres://db/x");
    }

    #[test]
    fn a_table_is_the_presets_with_what_is_named_otherwise() {
        let columns = BTreeMap::from([("address".to_owned(), "mail".to_owned()), ("user".to_owned(), "nick".to_owned())]);
        let mut definition =
            Definition { preset: Some("django".into()), table: Some("shop.users".into()), columns, ..Definition::default() };
        let made = table(&definition).unwrap();
        assert_eq!((made.name.as_str(), made.address.as_str(), made.user.as_deref()), ("shop.users", "mail", Some("nick")));
        definition.preset = None;
        assert!(table(&definition).unwrap_err().message.contains("--column id=NAME"));
        assert!(recipe(&Definition { dialect: Some("md5(salt+password)".into()), ..Definition::default() }, None).is_ok());
        assert!(recipe(&Definition { dialect: Some("rot13".into()), ..Definition::default() }, None).is_err());
    }

    #[test]
    fn presets_and_columns_are_named_as_they_are() {
        assert_eq!(parse_preset("django"), Ok("django".into()));
        assert!(parse_preset("drupal").unwrap_err().contains("wordpress"));
        assert_eq!(parse_column("salt=password_salt"), Ok(("salt".into(), "password_salt".into())));
        assert!(parse_column("colour=red").is_err());
    }
}
