//! The interface as a page: plain HTML without a script, in light and dark.

use super::schemas::SCHEMAS;
use super::table::{Body, OVERVIEW, ROUTES, Route, SIGNALS, Shows};
use std::fmt::Write;
use truebell_core::head::Reason;
use truebell_core::letter::escape;

const STYLE: &str = ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--back:#fff;--code:#f3f5f7}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#9aa4ae;--line:#30363d;--back:#14171a;--code:#1f2429}a{color:#8ab4f8}}\
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 system-ui,sans-serif}main{max-width:56em;margin:0 auto;padding:2rem 1rem}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.5rem 0 .25rem}\
code{font-family:ui-monospace,monospace;background:var(--code);padding:.1em .3em;border-radius:3px}p{margin:.25rem 0 .5rem}\
.soft{color:var(--soft)}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;border-bottom:1px solid var(--line)}";

/// The page.
pub(super) fn html() -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Truebell: the interface</title><style>{STYLE}</style></head><body><main>\n<h1>Truebell: the interface</h1>\n<p>{}</p>\n\
         <p>For programs: <a href=\"/openapi.json\">openapi.json</a>.</p>\n",
        escape(OVERVIEW)
    );
    let mut noun = "";
    for route in ROUTES {
        if route.noun() != noun {
            noun = route.noun();
            let _ = writeln!(page, "<h2>{}</h2>", escape(noun));
        }
        write_route(&mut page, route);
    }
    page.push_str("<h2>signals</h2>\n");
    for (_, route) in SIGNALS {
        write_route(&mut page, route);
    }
    write_schemas(&mut page);
    page.push_str("<h2 id=\"problems\">Refusals</h2>\n<table><tr><th>Word</th><th>Status</th><th>What a person reads</th></tr>\n");
    for reason in Reason::ALL {
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            reason.word(),
            reason.http_status(),
            escape(reason.title())
        );
    }
    page.push_str("</table>\n</main></body></html>\n");
    page
}

fn write_route(page: &mut String, route: &Route) {
    let shows = match route.shows {
        Shows::Nothing => "",
        Shows::Session => " With a session.",
        Shows::Enrolment => " With an enrolment token.",
        Shows::Receiver => " With a receiver's token.",
    };
    let _ = writeln!(page, "<h3><code>{} {}</code></h3>\n<p>{}.{shows}</p>", route.method, escape(route.path), escape(route.summary));
    let _ = writeln!(page, "<p class=\"soft\">Takes {}. Gives {}.</p>", body(&route.body), body(&route.answer));
}

fn body(body: &Body) -> String {
    match body {
        Body::None => "nothing".to_owned(),
        Body::Json(name) => format!("<a href=\"#{name}\">{name}</a>"),
        Body::Bytes(media, about) => format!("<code>{media}</code>: {}", escape(about.trim_end_matches('.'))),
    }
}

fn write_schemas(page: &mut String) {
    page.push_str("<h2>Bodies</h2>\n");
    for schema in SCHEMAS {
        let _ = write!(page, "<h3 id=\"{0}\">{0}</h3>\n<p>{1}</p>\n<table>", schema.name, escape(schema.about));
        for member in schema.members() {
            let kind = member.kind.trim_matches(['[', ']']);
            let is_schema = SCHEMAS.iter().any(|schema| schema.name == kind);
            let shown = if is_schema { format!("<a href=\"#{kind}\">{}</a>", escape(member.kind)) } else { escape(member.kind) };
            let optional = if member.is_optional { "may be left out" } else { "" };
            let _ = write!(page, "<tr><td><code>{}</code></td><td>{shown}</td><td>{optional}</td></tr>", member.name);
        }
        page.push_str("</table>\n");
    }
}
