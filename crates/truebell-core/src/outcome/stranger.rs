//! What can be said of whoever answered instead of our server: untrusted words, made harmless, for display only. Nothing is concluded
//! from them but that it was somebody else.

use super::{Because, Judgement, Outcome, Reply};
use crate::words::one_line;
use std::borrow::Cow;

/// How far into a page its title and its number are looked for, in bytes.
const WITHIN: usize = 64 * 1024;

/// Somebody else answered.
pub(super) fn judge(reply: &Reply<'_>, because: Because) -> Judgement {
    let Reply::Answer { status, content_type, via, ray, body, .. } = reply else {
        return Judgement::of(Outcome::Intercepted { by: "somebody".into() }, because);
    };
    let beginning = body.get(..WITHIN).unwrap_or(body);
    let is_page = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html")) || body.trim_ascii_start().starts_with(b"<");
    let page = if is_page { String::from_utf8_lossy(beginning) } else { Default::default() };
    // ASCII lower case keeps every offset, so what is found in `lower` is cut from `page`.
    let lower = page.to_ascii_lowercase();
    let via = via.map(quotable).filter(|via| !via.is_empty());
    let by = match (page_title(&page, &lower), &via) {
        // Pages of one kind have one title: whose it is, stands beside it.
        (Some(title), Some(via)) => format!("a page titled “{title}” from “{via}”"),
        (Some(title), None) => format!("a page titled “{title}”"),
        (None, Some(via)) => format!("“{via}” with status {status}"),
        (None, None) => format!("something with status {status}"),
    };
    let mut details = vec![format!("status {status}")];
    details.extend(content_type.map(quotable).filter(|kind| !kind.is_empty()));
    details.extend(via.map(|via| format!("by {via}")));
    let ray = ray.map(quotable).filter(|ray| !ray.is_empty()).or_else(|| ray_in(&lower));
    details.extend(ray.map(|ray| format!("ray {ray}")));
    Judgement { outcome: Outcome::Intercepted { by }, because, head: None, details }
}

/// Words that stay inside our quotation marks.
fn quotable(words: &str) -> String {
    let line = one_line(words);
    if line.contains(['“', '”']) { line.replace(['“', '”'], "\"") } else { line }
}

fn page_title(page: &str, lower: &str) -> Option<String> {
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    Some(quotable(&without_entities(page.get(start..end)?))).filter(|title| !title.is_empty())
}

/// The number a block page shows its reader: `Ray ID: 8a1b2c3d4e5f6071`.
fn ray_in(lower: &str) -> Option<String> {
    let after = lower.find("ray id")? + "ray id".len();
    // Between the label and the number may stand a colon and a tag or two.
    let rest = lower.get(after..)?.chars().take(80).collect::<String>();
    let parts = rest.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts.into_iter().find(|part| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned)
}

/// The few named characters that stand in titles.
fn without_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (name, letter)| text.replace(name, letter)).into()
}
