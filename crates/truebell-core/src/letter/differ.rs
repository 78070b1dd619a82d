//! What differs between a mail and the letter it should be: in words, in links, in parts. All in harmless words, for display.

use crate::words::one_line;
use serde::Serialize;

/// Most pieces named of each side.
const PIECES_MAX: usize = 6;
/// Beyond so many words a text is not compared word by word.
const WORDS_MAX: usize = 2000;

/// One way in which a mail is not the letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `subject`, `text`, `page`, `links`, `markup`, `part`.
    pub place: &'static str,
    /// What is there and should not be.
    pub added: Vec<String>,
    /// What should be there and is not.
    pub missing: Vec<String>,
}

impl Difference {
    pub(super) fn added(place: &'static str, what: &str) -> Self {
        Self { place, added: vec![one_line(what)], missing: Vec::new() }
    }

    pub(super) fn missing(place: &'static str, what: &str) -> Self {
        Self { place, added: Vec::new(), missing: vec![one_line(what)] }
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let place = match self.place {
            "subject" => "The subject",
            "text" => "The text",
            "page" => "The formatted text",
            "links" => "A link",
            "part" => "An enclosed part",
            _ => "The markup",
        };
        let quote = |pieces: &[String]| pieces.iter().map(|piece| format!("“{piece}”")).collect::<Vec<_>>().join(", ");
        match (self.added.is_empty(), self.missing.is_empty()) {
            (true, true) => format!("{place} of the formatted text was changed."),
            (false, true) => format!("{place} is not this server's: {}.", quote(&self.added)),
            (true, false) => format!("{place} lacks {}.", quote(&self.missing)),
            (false, false) => format!("{place} says {} where this server wrote {}.", quote(&self.added), quote(&self.missing)),
        }
    }
}

/// Runs of white space and line ends are one space; none at the ends.
pub(super) fn canonical(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Compares two texts in canonical form.
pub(super) fn texts(place: &'static str, found: &str, expected: &str) -> Option<Difference> {
    if canonical(found) == canonical(expected) {
        return None;
    }
    let (found, expected): (Vec<&str>, Vec<&str>) = (found.split_whitespace().collect(), expected.split_whitespace().collect());
    let (added, missing) = compare(&found, &expected);
    Some(Difference { place, added, missing })
}

/// Compares two pages: first in canonical form, then, to say what differs, by their words and by where they lead.
pub(super) fn pages(found: &str, expected: &str) -> Vec<Difference> {
    if canonical(found) == canonical(expected) {
        return Vec::new();
    }
    let mut differences: Vec<Difference> = texts("page", &words_of(found), &words_of(expected)).into_iter().collect();
    let (found_links, expected_links) = (links_of(found), links_of(expected));
    if found_links != expected_links {
        let not_in = |links: &[String], others: &[String]| -> Vec<String> {
            links.iter().filter(|link| !others.contains(link)).take(PIECES_MAX).map(|link| one_line(link)).collect()
        };
        let (added, missing) = (not_in(&found_links, &expected_links), not_in(&expected_links, &found_links));
        differences.push(Difference { place: "links", added, missing });
    }
    if differences.is_empty() {
        differences.push(Difference { place: "markup", added: Vec::new(), missing: Vec::new() });
    }
    differences
}

/// A page without its tags.
fn words_of(page: &str) -> String {
    let mut words = String::with_capacity(page.len());
    let mut is_tag = false;
    for letter in page.chars() {
        match letter {
            '<' => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                words.push(' ');
            }
            letter if !is_tag => words.push(letter),
            _ => {}
        }
    }
    words
}

/// Everything a page loads or leads to.
fn links_of(page: &str) -> Vec<String> {
    let lower = page.to_ascii_lowercase();
    let mut links = Vec::new();
    for attribute in ["href=", "src=", "action=", "background=", "url("] {
        for (place, _) in lower.match_indices(attribute) {
            let rest = page.get(place + attribute.len()..).unwrap_or_default().trim_start_matches(['"', '\'']);
            let end = rest.find(['"', '\'', '>', ' ', ')']).unwrap_or(rest.len());
            links.extend(rest.get(..end).map(str::to_owned));
        }
    }
    links
}

/// Runs of words that only one of two has, by their longest common subsequence.
fn compare(found: &[&str], expected: &[&str]) -> (Vec<String>, Vec<String>) {
    // What both begin and end with is quickly said, and leaves little to compare.
    let start = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let (found, expected) = (found.get(start..).unwrap_or_default(), expected.get(start..).unwrap_or_default());
    let end = found.iter().rev().zip(expected.iter().rev()).take_while(|(a, b)| a == b).count();
    let found = found.get(..found.len() - end).unwrap_or_default();
    let expected = expected.get(..expected.len() - end).unwrap_or_default();
    if found.len() > WORDS_MAX || expected.len() > WORDS_MAX {
        return (vec![one_line(&found.join(" "))], vec![one_line(&expected.join(" "))]);
    }
    let (keep_found, keep_expected) = common(found, expected);
    (runs(found, &keep_found), runs(expected, &keep_expected))
}

/// Which words of each are in the longest common subsequence.
fn common(a: &[&str], b: &[&str]) -> (Vec<bool>, Vec<bool>) {
    let width = b.len() + 1;
    let mut table = vec![0_u16; (a.len() + 1) * width];
    let at = |table: &[u16], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, x) in a.iter().enumerate().rev() {
        for (j, y) in b.iter().enumerate().rev() {
            let best = if x == y { at(&table, i + 1, j + 1) + 1 } else { at(&table, i + 1, j).max(at(&table, i, j + 1)) };
            if let Some(cell) = table.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut in_a, mut in_b) = (vec![false; a.len()], vec![false; b.len()]);
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x == y {
            in_a.get_mut(i).into_iter().chain(in_b.get_mut(j)).for_each(|kept| *kept = true);
            (i, j) = (i + 1, j + 1);
        } else if at(&table, i + 1, j) >= at(&table, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    (in_a, in_b)
}

fn runs(words: &[&str], kept: &[bool]) -> Vec<String> {
    let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
    for (word, kept) in words.iter().zip(kept) {
        if *kept {
            runs.push(Vec::new());
        } else if let Some(run) = runs.last_mut() {
            run.push(word);
        }
    }
    runs.into_iter().filter(|run| !run.is_empty()).take(PIECES_MAX).map(|run| one_line(&run.join(" "))).collect()
}
