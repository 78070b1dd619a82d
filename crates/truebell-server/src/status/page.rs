//! The status page: one document of plain HTML, its style inside, no script, readable on a phone, in the dark, and aloud. Never here:
//! what is said (`truebell_core::status`), where it is served from.

use std::fmt::Write;
use truebell_core::letter::escape;
use truebell_core::status::{Incident, Maintenance, Scope, State, Status, Update};
use truebell_core::time::UnixMillis;

/// What the page is called and where its server is.
#[derive(Debug, Clone)]
pub struct Titles {
    /// `vault.example.org`.
    pub name: String,
    /// The page's own address, for the feed.
    pub url: String,
    /// The server key's fingerprint.
    pub fingerprint: String,
    /// What the addresses of the other files begin with.
    pub base: &'static str,
}

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--back:#fff;--line:#d8dee4;--good:#116329;--work:#0a53b8;--bad:#a40e26}\
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa4af;--back:#14171a;--line:#2f363d;--good:#56d364;--work:#79b8ff;--bad:#ff8b8b}}\
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:17px/1.55 system-ui,sans-serif}\
main,footer{max-width:42rem;margin:0 auto;padding:0 1rem}main{padding-top:3rem}h1{font-size:1rem;font-weight:600;color:var(--soft);margin:0}\
.state{display:flex;gap:.8rem;align-items:center;font-size:1.6rem;line-height:1.25;font-weight:650;margin:.6rem 0 .3rem}.state svg{flex:none;width:1.7rem;height:1.7rem}\
.operational svg{color:var(--good)}.maintenance svg{color:var(--work)}.incident svg{color:var(--bad)}\
.soft,time{color:var(--soft)}h2{font-size:1.15rem;margin:2.6rem 0 .8rem;padding-top:1.2rem;border-top:1px solid var(--line)}\
h3{font-size:1.05rem;margin:0}article{margin:0 0 1.8rem}article>p{margin:.2rem 0}ol{list-style:none;margin:.5rem 0 0;padding:0 0 0 1rem;border-left:2px solid var(--line)}\
ol li{margin:0 0 .7rem}ol time{display:block;font-size:.9rem}code{font-family:ui-monospace,monospace;font-size:.88em;overflow-wrap:anywhere}\
footer{margin-top:3rem;padding:1.2rem 1rem 3rem;border-top:1px solid var(--line);font-size:.92rem;color:var(--soft)}a{color:inherit}\
p{overflow-wrap:break-word}@media print{body{font-size:12px}}";

/// The page of a document.
pub(super) fn page(status: &Status, titles: &Titles) -> String {
    let (word, sentence, sign) = headline(status);
    let mut html = String::with_capacity(8 << 10);
    let name = escape(&titles.name);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{sentence} {name}</title><link rel=\"alternate\" type=\"application/atom+xml\" title=\"{name}\" href=\"{base}feed.atom\">\
         <style>{STYLE}</style></head><body><main>\n<h1>{name}</h1>\n<p class=\"state {word}\">{sign}<span>{sentence}</span></p>\n\
         <p class=\"soft\">As of {at}.</p>\n",
        base = titles.base,
        at = time(status.at),
    );
    current(&mut html, status);
    history(&mut html, status);
    let _ = write!(
        html,
        "</main><footer>\n<p>Truebell on your devices reads the signed form of this page, <a href=\"{base}status.jws\">status.jws</a>, and believes its signature, \
         not this page. The server's fingerprint is <code>{fingerprint}</code>.</p>\n<p>Nothing on this page means that anything about your account changed. Your data is on your devices, \
         and opens without the server.</p>\n<p><a href=\"{base}feed.atom\">Atom feed</a> · <a href=\"{base}status.json\">JSON</a></p>\n</footer></body></html>\n",
        base = titles.base,
        fingerprint = escape(&titles.fingerprint),
    );
    html
}

/// The state's word, its sentence, and a sign that differs in shape and not only in colour.
fn headline(status: &Status) -> (&'static str, &'static str, String) {
    let sign = |shape: &str| {
        format!(
            "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.4\" stroke-linecap=\"round\" \
             stroke-linejoin=\"round\">{shape}</svg>"
        )
    };
    match status.state {
        State::Operational => {
            ("operational", "Everything works.", sign("<circle cx=\"12\" cy=\"12\" r=\"9.5\"/><path d=\"M7.5 12.5l3 3 6-7\"/>"))
        }
        State::Maintenance => (
            "maintenance",
            "The server is being worked on.",
            sign("<rect x=\"2.5\" y=\"2.5\" width=\"19\" height=\"19\" rx=\"3\"/><path d=\"M9 8v8M15 8v8\"/>"),
        ),
        State::Incident => ("incident", "Something is wrong.", sign("<path d=\"M12 2.8L22 20.5H2z\"/><path d=\"M12 9.5v5M12 17.4v.1\"/>")),
    }
}

fn current(html: &mut String, status: &Status) {
    let on = status.maintenance.iter().filter(|told| told.is_on());
    let open: Vec<&Incident> = status.incidents.iter().filter(|told| told.closed.is_none()).collect();
    let coming: Vec<&Maintenance> = status.maintenance.iter().filter(|told| told.is_announced()).collect();
    let on: Vec<&Maintenance> = on.collect();
    if !on.is_empty() || !open.is_empty() {
        html.push_str("<section aria-labelledby=\"now\"><h2 id=\"now\">Now</h2>\n");
        on.iter().for_each(|told| maintenance(html, told));
        open.iter().for_each(|told| incident(html, told));
        html.push_str("</section>\n");
    }
    if !coming.is_empty() {
        html.push_str("<section aria-labelledby=\"planned\"><h2 id=\"planned\">Planned</h2>\n");
        // The nearest first.
        coming.iter().rev().for_each(|told| maintenance(html, told));
        html.push_str("</section>\n");
    }
}

fn history(html: &mut String, status: &Status) {
    html.push_str("<section aria-labelledby=\"history\"><h2 id=\"history\">History</h2>\n");
    let incidents = status.incidents.iter().filter(|told| told.closed.is_some()).map(|told| (told.opened, Told::Incident(told)));
    let works = status.maintenance.iter().filter(|told| told.ended.is_some()).map(|told| (told.start, Told::Maintenance(told)));
    let mut past: Vec<(UnixMillis, Told<'_>)> = incidents.chain(works).collect();
    past.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    if past.is_empty() {
        html.push_str("<p class=\"soft\">Nothing so far.</p>\n");
    }
    for (_, told) in past {
        match told {
            Told::Incident(told) => incident(html, told),
            Told::Maintenance(told) => maintenance(html, told),
        }
    }
    html.push_str("</section>\n");
}

enum Told<'a> {
    Incident(&'a Incident),
    Maintenance(&'a Maintenance),
}

fn maintenance(html: &mut String, told: &Maintenance) {
    let title = match (told.begun, told.ended) {
        (None, None) => "Planned work",
        (Some(_), None) => "Work on the server",
        (None, Some(_)) => "Planned work, called off",
        (Some(_), Some(_)) => "Work on the server, done",
    };
    let effect = match told.scope {
        Scope::Writes => "Reading goes on; changes wait on your devices and are sent afterwards.",
        Scope::All => "Devices work on with what they have; changes are sent afterwards.",
    };
    let (from, to) = (told.begun.unwrap_or(told.start), told.ended.filter(|_| told.begun.is_some()).unwrap_or(told.end));
    let _ = write!(
        html,
        "<article id=\"{id}\"><h3>{title}</h3>\n<p><span class=\"soft\">{from} to {to}</span></p>\n<p>{note}</p>\n<p class=\"soft\">{effect}</p>\n</article>\n",
        id = escape(&told.id.0),
        from = time(from),
        to = time(to),
        note = words(&told.note),
    );
}

fn incident(html: &mut String, told: &Incident) {
    let lasted = match told.closed {
        None => format!("Since {}", time(told.opened)),
        Some(closed) => format!("{} to {}", time(told.opened), time(closed)),
    };
    let _ = write!(
        html,
        "<article id=\"{id}\"><h3>{title}</h3>\n<p><span class=\"soft\">{lasted}</span></p>\n<ol>\n",
        id = escape(&told.id.0),
        title = escape(&told.title)
    );
    for Update { at, words: said } in &told.updates {
        let _ = writeln!(html, "<li>{}{}</li>", time(*at), words(said));
    }
    html.push_str("</ol>\n</article>\n");
}

/// `<time>` for people and for programs.
fn time(at: UnixMillis) -> String {
    format!("<time datetime=\"{}\">{}</time>", stamp(at), moment(at))
}

/// `2026-11-23T14:02:00Z` (RFC 3339).
pub(super) fn stamp(at: UnixMillis) -> String {
    at.utc().to_string().replacen(' ', "T", 1)
}

/// `23 Nov 2026, 14:02 UTC`.
fn moment(at: UnixMillis) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let utc = at.utc();
    let month = usize::try_from(utc.month).ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).copied().unwrap_or_default();
    format!("{} {month} {}, {:02}:{:02} UTC", utc.day, utc.year, utc.hour, utc.minute)
}

/// The operator's words, their lines kept.
fn words(text: &str) -> String {
    escape(text.trim()).replace('\n', "<br>")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use truebell_core::ids::ServerId;
    use truebell_core::status::{Entry, Said, StatusId};

    const AT: u64 = 1_795_442_520_000;

    pub(in super::super) fn titles() -> Titles {
        let (name, url) = ("vault.example.org".into(), "https://status.example.org/".into());
        Titles { name, url, fingerprint: "SHA256:abc".into(), base: "" }
    }

    /// A journal with one of everything.
    pub(in super::super) fn eventful() -> Status {
        let hour = |hours: u64| UnixMillis(AT + hours * 3_600_000);
        let id = |number: u8| StatusId::derive(&[number; 16]);
        let saids = [
            (
                1,
                0,
                Said::MaintenanceAnnounced { start: hour(2), end: hour(3), note: "Moving to <PostgreSQL>.".into(), scope: Scope::Writes },
            ),
            (2, 2, Said::MaintenanceBegun { of: id(1), end: hour(4) }),
            (3, 3, Said::MaintenanceEnded { of: id(1) }),
            (4, 3, Said::IncidentOpened { title: "Sign-in & sync are slow".into(), words: "We are looking.\nMore soon.".into() }),
            (5, 4, Said::IncidentUpdated { of: id(4), words: "It is the database.".into() }),
            (6, 5, Said::MaintenanceAnnounced { start: hour(48), end: hour(49), note: "A new disk.".into(), scope: Scope::All }),
        ];
        let entries: Vec<Entry> = saids.map(|(number, at, said)| Entry { entry: [number; 16], at: hour(at), said }).into();
        Status::derive(ServerId([1; 16]), &entries, hour(6), None)
    }

    #[test]
    fn the_page_says_what_is_now_what_comes_and_what_was_in_this_order() {
        let page = page(&eventful(), &titles());
        let order = [
            "Something is wrong.",
            ">Now<",
            "Sign-in &amp; sync",
            "It is the database.",
            "We are looking.<br>More soon.",
            ">Planned<",
            "A new disk.",
            ">History<",
            "&lt;PostgreSQL&gt;",
        ];
        let places: Vec<usize> =
            order.iter().map(|words| page.find(words).unwrap_or_else(|| panic!("{words} is not there: {page}"))).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(page.contains("<time datetime=\"2026-11-23T20:02:00Z\">23 Nov 2026, 20:02 UTC</time>"), "{page}");
    }

    #[test]
    fn the_page_is_for_everybody_without_a_script_or_a_strangers_file() {
        let page = page(&eventful(), &titles());
        assert!(!page.contains("<script") && !page.contains("<PostgreSQL>") && !page.contains("src="));
        assert!(page.contains("lang=\"en\"") && page.contains("name=\"viewport\"") && page.contains("prefers-color-scheme:dark"));
        assert_eq!(page.matches("<h1>").count(), 1);
        for heading in ["now", "planned", "history"] {
            assert!(page.contains(&format!("aria-labelledby=\"{heading}\"")) && page.contains(&format!("<h2 id=\"{heading}\">")));
        }
        for quoted in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
            assert!(["feed.atom", "status.jws", "status.json"].contains(&quoted), "{quoted}");
        }
    }

    #[test]
    fn a_quiet_server_says_so() {
        let status = Status::derive(ServerId([1; 16]), &[], UnixMillis(AT), None);
        let page = page(&status, &titles());
        assert!(page.contains("Everything works.") && page.contains("Nothing so far.") && !page.contains(">Now<"));
    }
}
