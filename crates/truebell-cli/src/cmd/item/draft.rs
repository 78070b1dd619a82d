//! The options that give an item its content, for `create` and `edit`. Secrets come by prompt, standard input or file, never argv.

use super::super::files::read_whole;
use super::super::generate::Recipe;
use crate::agent::{Changes, FieldChange};
use crate::exit::{Answered, Code, Failure};
use crate::prompt::{ask_secret, can_ask, read_stdin_line, read_stdin_whole};
use clap::Args;
use std::path::Path;
use truebell_core::item::{Category, FieldKind, template};
use truebell_core::secret::Secret;
use truebell_core::totp::Totp;

const FIELD_BYTES_MAX: u64 = 1024 * 1024;

/// Content of an item.
#[derive(Debug, Args)]
pub(super) struct Content {
    /// Username
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// A site; may be given more than once
    #[arg(long, value_name = "URL")]
    url: Vec<String>,
    /// A tag; may be given more than once
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A field that is no secret; may be given more than once
    #[arg(long, value_name = "FIELD=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// A secret field, from the next line of standard input; may be given more than once
    #[arg(long, value_name = "FIELD")]
    set_stdin: Vec<String>,
    /// A secret field, from a whole file (a private key); may be given more than once
    #[arg(long, value_name = "FIELD=FILE", value_parser = parse_pair)]
    set_file: Vec<(String, String)>,
    /// A secret field, asked for on the terminal; may be given more than once
    #[arg(long, value_name = "FIELD")]
    ask: Vec<String>,
    /// The note, from the rest of standard input
    #[arg(long)]
    note_stdin: bool,
    /// Generate the password (or the credential), as the options below say
    #[arg(long)]
    generate: bool,
    #[command(flatten)]
    recipe: Recipe,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE")?;
    if field.is_empty() { Err("the field has no name".into()) } else { Ok((field.to_owned(), value.to_owned())) }
}

/// The field that is generated for a category.
fn generated_field(category: Category) -> Option<&'static str> {
    ["password", "credential"].into_iter().find(|id| template::field(category, id).is_some())
}

impl Content {
    /// Whether the password is given or generated, so that nobody has to be asked for it.
    pub(super) fn has_field(&self, field: &str) -> bool {
        self.generate
            || self.set_stdin.iter().chain(&self.ask).any(|name| name == field)
            || self.set_file.iter().any(|(name, _)| name == field)
    }

    /// Reads everything: first the lines of standard input in the order of the options, then files, prompts and the note.
    pub(super) fn read(self, category: Option<Category>) -> Answered<Changes> {
        let mut fields = Vec::new();
        if let Some(username) = self.username {
            fields.push(FieldChange { field: "username".into(), value: Secret::new(username), concealed: false });
        }
        for (field, value) in self.set {
            refuse_secret(category, &field)?;
            fields.push(FieldChange { field, value: Secret::new(value), concealed: false });
        }
        for field in self.set_stdin {
            let value = read_stdin_line()
                .map_err(|error| Failure::io(format!("The field {field} could not be read from standard input"), &error))?;
            fields.push(concealed(field, value));
        }
        for (field, path) in self.set_file {
            let bytes = read_whole(Path::new(&path), FIELD_BYTES_MAX)?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| Failure::new(Code::BadFile, format!("{path} is not UTF-8 text: attach it to the item instead.")))?;
            fields.push(concealed(field, Secret::new(text)));
        }
        for field in self.ask {
            if !can_ask() {
                return Err(Failure::usage(format!(
                    "Nobody can be asked for the field {field} here: give it with --set-stdin or --set-file."
                )));
            }
            let value = ask_secret(&field)?;
            fields.push(concealed(field, value));
        }
        let note = if self.note_stdin {
            Some(read_stdin_whole().map_err(|error| Failure::io("The note could not be read from standard input", &error))?)
        } else {
            None
        };
        if self.generate {
            let field = category.map_or(Some("password"), generated_field).ok_or_else(|| {
                Failure::usage("Items of this category have no password to generate: `truebell generate` makes one for you to use.")
            })?;
            fields.push(concealed(field.to_owned(), self.recipe.make()?.text));
        }
        fields.iter().try_for_each(check)?;
        Ok(Changes { add_sites: self.url, add_tags: self.tag, note, fields, ..Changes::default() })
    }
}

fn concealed(field: String, value: Secret) -> FieldChange {
    FieldChange { field, value, concealed: true }
}

/// `--set password=…` would leave the password in the shell's history and in the list of processes.
fn refuse_secret(category: Option<Category>, field: &str) -> Answered {
    let kind = category.map_or_else(
        || {
            [Category::Login, Category::Card, Category::ApiCredential, Category::SshKey]
                .iter()
                .find_map(|category| template::field(*category, field))
        },
        |category| template::field(category, field),
    );
    match kind.map(|known| known.kind) {
        Some(FieldKind::Concealed | FieldKind::Totp | FieldKind::PrivateKey | FieldKind::Passkey) => Err(Failure::usage(format!(
            "{field} is a secret, and arguments are seen by others on this machine: give it with --set-stdin {field}, --ask {field} or --set-file {field}=FILE."
        ))),
        _ => Ok(()),
    }
}

fn check(change: &FieldChange) -> Answered {
    if change.field == "totp" && !change.value.is_empty() {
        Totp::parse(change.value.expose()).map_err(|error| Failure::usage(format!("The field totp cannot be read: {error}.")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_refused_on_argv() {
        for (category, field, refused) in [
            (Some(Category::Login), "password", true),
            (Some(Category::Login), "totp", true),
            (Some(Category::Login), "username", false),
            (Some(Category::Card), "cvv", true),
            (Some(Category::Card), "expires", false),
            (Some(Category::Wifi), "ssid", false),
            (None, "password", true),
            (None, "private-key", true),
            (None, "colour", false),
        ] {
            assert_eq!(refuse_secret(category, field).is_err(), refused, "{field}");
        }
    }

    #[test]
    fn a_password_is_generated_only_where_one_belongs() {
        assert_eq!(generated_field(Category::Login), Some("password"));
        assert_eq!(generated_field(Category::ApiCredential), Some("credential"));
        assert_eq!(generated_field(Category::SecureNote), None);
    }
}
