//! How a site's columns are read, and what happens to a password before it: said by the site's operator, never guessed.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::template::{Template, TemplateError};

/// What a row of the site's table holds about a password, as text.
#[derive(Clone, Copy, Default)]
pub struct Stored<'a> {
    /// The column with the verifier.
    pub verifier: &'a str,
    /// The column with the salt, where there is one.
    pub salt: Option<&'a str>,
    /// The column that names the function and its cost, where there is one.
    pub parameters: Option<&'a str>,
    /// What the site knows the account by, where the recipe needs it.
    pub user: Option<&'a str>,
}

impl<'a> Stored<'a> {
    /// A verifier that stands alone.
    pub fn of(verifier: &'a str) -> Self {
        Self { verifier, ..Self::default() }
    }
}

impl fmt::Debug for Stored<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Stored(…)")
    }
}

/// Whose words a verifier is written in, where the same letters mean different things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Only formats that name themselves.
    #[default]
    Plain,
    /// Django's hashers too.
    Django,
    /// Werkzeug's too (Flask).
    Werkzeug,
    /// WordPress: 32 letters alone are an MD5.
    WordPress,
}

/// How the columns are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// The verifier names its format.
    Named(Dialect),
    /// ASP.NET Core Identity, versions 2 and 3.
    AspNetIdentity,
    /// PBKDF2 with digest (hexadecimal), salt and parameters in columns of their own, as Discourse has them.
    Pbkdf2Columns,
    /// A plain digest. With `salt_after`, the column holds the salt too, behind the first such letter.
    Digest {
        /// What the column holds.
        template: Template,
        /// The letter before the salt.
        salt_after: Option<char>,
    },
}

/// The site's secret that goes into every password. Erased when dropped.
#[derive(Clone)]
pub struct Pepper(Arc<Zeroizing<Vec<u8>>>);

impl Pepper {
    /// From the bytes of the site's file.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// How to read a site's verifiers.
#[derive(Clone)]
pub struct Recipe {
    layout: Layout,
    candidate: Template,
    pepper: Option<Pepper>,
}

impl Recipe {
    /// Columns read so, the password as people type it.
    pub fn new(layout: Layout) -> Self {
        Self { layout, candidate: Template::password(), pepper: None }
    }

    /// Verifiers that name their format, in the words of a framework.
    pub fn named(dialect: Dialect) -> Self {
        Self::new(Layout::Named(dialect))
    }

    /// A column with a plain digest, such as `md5(salt+password)`.
    pub fn digest(template: &str) -> Result<Self, TemplateError> {
        let template = Template::parse(template)?.that_digests()?;
        Ok(Self::new(Layout::Digest { template, salt_after: None }))
    }

    /// What goes in for the password, such as `password+pepper` or `md5(password)`.
    pub fn with_candidate(mut self, template: &str) -> Result<Self, TemplateError> {
        self.candidate = Template::parse(template)?;
        Ok(self)
    }

    /// The site's secret, for templates that name it.
    #[must_use]
    pub fn with_pepper(mut self, pepper: Pepper) -> Self {
        self.pepper = Some(pepper);
        self
    }

    /// For a column that holds the salt behind the digest, after this letter.
    #[must_use]
    pub fn with_salt_after(mut self, letter: char) -> Self {
        if let Layout::Digest { salt_after, .. } = &mut self.layout {
            *salt_after = Some(letter);
        }
        self
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn candidate(&self) -> &Template {
        &self.candidate
    }

    pub(super) fn pepper(&self) -> Option<&Pepper> {
        self.pepper.as_ref()
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pepper = if self.pepper.is_some() { "…" } else { "none" };
        write!(out, "Recipe({:?}, candidate {:?}, pepper {pepper})", self.layout, self.candidate)
    }
}
