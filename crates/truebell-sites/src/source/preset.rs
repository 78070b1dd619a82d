//! The tables of frameworks whose schema is public, each with the way its verifiers are read.

use super::State;
use super::table::{Flag, Join, Table, When};
use crate::password::{Dialect, Layout, Recipe, TemplateError};

/// A framework's accounts as it makes them. The table's name can be changed afterwards; so can anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// `auth_user` (Django `contrib/auth/models.py`).
    Django,
    /// `users` (Laravel's first migration).
    Laravel,
    /// `wp_users` (WordPress `wp-admin/includes/schema.php`).
    WordPress,
    /// `users` of Rails with Devise (its migration template).
    Devise,
    /// `users`, `user_emails`, `user_passwords` of Discourse.
    Discourse,
    /// `users` of Ghost: the people who write.
    Ghost,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Django, Self::Laravel, Self::WordPress, Self::Devise, Self::Discourse, Self::Ghost];

    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Django => "django",
            Self::Laravel => "laravel",
            Self::WordPress => "wordpress",
            Self::Devise => "devise",
            Self::Discourse => "discourse",
            Self::Ghost => "ghost",
        }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Its table.
    pub fn table(self) -> Table {
        let mut table = match self {
            Self::Django => Table::new("auth_user", "id", "email", "password"),
            Self::Laravel | Self::Ghost => Table::new("users", "id", "email", "password"),
            Self::WordPress => Table::new("wp_users", "ID", "user_email", "user_pass"),
            Self::Devise => Table::new("users", "id", "email", "encrypted_password"),
            Self::Discourse => Table::new("users", "id", "user_emails.email", "user_passwords.password_hash"),
        };
        table.user = match self {
            Self::Django => Some("username".to_owned()),
            Self::WordPress => Some("user_login".to_owned()),
            _ => None,
        };
        if self == Self::Discourse {
            table.salt = Some("user_passwords.password_salt".to_owned());
            table.parameters = Some("user_passwords.password_algorithm".to_owned());
            table.joins = vec![join("user_emails", Some("primary")), join("user_passwords", None)];
        }
        table.flags = self.flags();
        table
    }

    fn flags(self) -> Vec<Flag> {
        let always = |column, when, then| flag(column, when, then, false);
        let perhaps = |column, when, then| flag(column, when, then, true);
        match self {
            Self::Django => vec![always("is_active", When::False, State::Disabled)],
            Self::Laravel => vec![perhaps("deleted_at", When::Present, State::Deleted)],
            // Networks of sites have both.
            Self::WordPress => vec![perhaps("deleted", When::True, State::Deleted), perhaps("spam", When::True, State::Disabled)],
            Self::Devise => vec![
                perhaps("deleted_at", When::Present, State::Deleted),
                perhaps("discarded_at", When::Present, State::Deleted),
                perhaps("locked_at", When::Present, State::Disabled),
            ],
            Self::Discourse => vec![always("active", When::False, State::Disabled), always("staged", When::True, State::Disabled)],
            Self::Ghost => {
                vec![always("status", When::Is("locked"), State::Disabled), always("status", When::Is("inactive"), State::Disabled)]
            }
        }
    }

    /// How its verifiers are read.
    pub fn recipe(self) -> Result<Recipe, TemplateError> {
        Ok(match self {
            Self::Django => Recipe::named(Dialect::Django),
            // What is typed reaches the digest as PHP's old quotes left it.
            Self::WordPress => Recipe::named(Dialect::WordPress).with_candidate("addslashes(password)")?,
            Self::Discourse => Recipe::new(Layout::Pbkdf2Columns),
            Self::Laravel | Self::Devise | Self::Ghost => Recipe::named(Dialect::Plain),
        })
    }
}

fn flag(column: &str, when: When, then: State, is_optional: bool) -> Flag {
    Flag { column: column.to_owned(), when, then, is_optional }
}

fn join(table: &str, only: Option<&str>) -> Join {
    Join { table: table.to_owned(), on: "user_id".to_owned(), only: only.map(str::to_owned) }
}
