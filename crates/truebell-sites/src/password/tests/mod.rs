//! Promises about verifiers as a whole: published vectors, agreement of the two implementations, other people's programs, bad input.

mod agreement;
mod locks;
mod many;
mod programs;
mod refusals;
mod vectors;

use super::recipe::{Dialect, Layout, Recipe};
use super::verifier::{Derive, Implementation, Verifier};

const BOTH: [Implementation; 2] = [Implementation::First, Implementation::Second];

fn recipe(name: &str) -> Recipe {
    match name {
        "plain" => Recipe::named(Dialect::Plain),
        "django" => Recipe::named(Dialect::Django),
        "werkzeug" => Recipe::named(Dialect::Werkzeug),
        "wordpress" => Recipe::named(Dialect::WordPress),
        "aspnet-identity" => Recipe::new(Layout::AspNetIdentity),
        "pbkdf2-columns" => Recipe::new(Layout::Pbkdf2Columns),
        other => panic!("no recipe is called {other}"),
    }
}

/// What the functions say where no limit stands before them.
fn computes(verifier: &Verifier, password: &[u8], code: &dyn Derive) -> bool {
    let entering = verifier.enter(password, code).expect("the password can enter");
    let computed = code.derive(&verifier.kdf, &entering).expect("it can be computed");
    computed[..verifier.expected.len()] == verifier.expected[..]
}
