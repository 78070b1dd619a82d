//! What stands in a site's password column, and the templates of recipes: both are other people's text.

use truebell_sites::password::{Dialect, Implementation, Layout, Recipe, Stored, Template, Verifier};

/// Above it a verifier is parsed but not computed: the fuzzer has other inputs to try.
const WORK_NS_MAX: u64 = 3_000_000;

/// Above it neither.
const MEMORY_BYTES_MAX: u64 = 1 << 22;

/// The first line is the recipe: a letter, or a template; the second the verifier, the third salt, the fourth parameters. What is read is
/// within bounds and says the same twice; what is not has a sentence.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let (Some(first), Some(verifier)) = (lines.next(), lines.next()) else { return };
    let Some(recipe) = recipe(first) else { return };
    let stored = Stored { verifier, salt: lines.next(), parameters: lines.next(), user: Some("user") };
    let verifier = match Verifier::parse(&stored, &recipe) {
        Ok(verifier) => verifier,
        Err(unreadable) => return assert!(!unreadable.to_string().is_empty()),
    };
    let cost = verifier.cost_estimate();
    assert!(cost.memory_bytes <= 1 << 30 && cost.work_ns <= 30_000_000_000, "a row may not ask for this");
    if cost.work_ns <= WORK_NS_MAX && cost.memory_bytes <= MEMORY_BYTES_MAX {
        for candidate in [&b"password"[..], b"a\0", &[0xff; 80]] {
            let [first, second] = [Implementation::First, Implementation::Second].map(|by| verifier.check(candidate, by));
            assert_eq!(first, second, "the implementations disagree about {}", verifier.format());
        }
    }
}

fn recipe(line: &str) -> Option<Recipe> {
    Some(match line {
        "p" => Recipe::named(Dialect::Plain),
        "d" => Recipe::named(Dialect::Django),
        "w" => Recipe::named(Dialect::Werkzeug),
        "W" => Recipe::named(Dialect::WordPress),
        "i" => Recipe::new(Layout::AspNetIdentity),
        "c" => Recipe::new(Layout::Pbkdf2Columns),
        template => {
            let read = Recipe::digest(template);
            assert!(read.is_err() || Template::parse(template).is_ok());
            read.ok()?
        }
    })
}
