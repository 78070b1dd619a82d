//! The interface described: an OpenAPI 3.1 document (`/openapi.json`, and committed as `docs/openapi.json`) and a page to read (`/docs`),
//! both from one table. Tests hold the table against the routes and the wire types. Never here: a route's own work.

mod page;
mod schemas;
mod table;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use schemas::{Member, SCHEMAS};
use serde_json::{Map, Value, json};
use table::{Body, ROUTES, Route, SIGNALS, Shows};
use truebell_core::head::Reason;

/// The document and the page, for any listener.
pub(crate) fn pages() -> Router {
    let document = || async { ([(header::CONTENT_TYPE, "application/json")], pretty()) };
    let safe = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let page = move || async move {
        let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, safe)];
        (headers, page::html())
    };
    Router::new().route("/openapi.json", get(document)).route("/docs", get(page))
}

/// The document as text.
pub fn pretty() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        // A wildcard is the router's own word; a template has names.
        let path = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.method.to_lowercase(), operation(route));
        }
    }
    for (status, route) in SIGNALS {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.method.to_lowercase(), operation_of_signals(*status, route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Truebell",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
            "description": table::OVERVIEW,
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "session": { "type": "http", "scheme": "bearer", "description": "A session's token." },
                "enrolment": { "type": "http", "scheme": "bearer", "description": "The token of a finished password sign-in, good for one enrolment." },
                "receiver": { "type": "http", "scheme": "bearer", "description": "The token of a system that receives signals, made by the operator." },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "summary": route.summary,
        "operationId": route.id(),
        "tags": [route.noun()],
        "parameters": parameters(route),
        "responses": {
            "200": answer(&route.answer),
            "default": {
                "description": "The request, and nothing else, is refused or not done now. What a client believes is the signed head beside it.",
                "headers": { "Truebell-Head": head_header() },
                "content": { "application/problem+json": { "schema": reference("Problem") } },
            },
        },
    });
    if let Some(members) = operation.as_object_mut() {
        match route.shows {
            Shows::Nothing => {}
            Shows::Session => drop(members.insert("security".into(), json!([{ "session": [] }]))),
            Shows::Enrolment => drop(members.insert("security".into(), json!([{ "enrolment": [] }]))),
            Shows::Receiver => drop(members.insert("security".into(), json!([{ "receiver": [] }]))),
        }
        if let Some(content) = content(&route.body) {
            members.insert("requestBody".into(), json!({ "required": true, "content": content }));
        }
    }
    operation
}

/// A route of other systems: no head, no nonce, a status of its own.
fn operation_of_signals(status: u16, route: &Route) -> Value {
    let mut operation = operation(route);
    let mut done = json!({ "description": "Done." });
    if let (Some(members), Some(content)) = (done.as_object_mut(), content(&route.answer)) {
        members.insert("content".into(), content);
    }
    let refused = json!({
        "description": "The request is refused or not done now.",
        "content": { "application/problem+json": { "schema": reference("Problem") } },
    });
    let placed = route.placeholders().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let queried = ["GET", "DELETE"].contains(&route.method) && route.shows == Shows::Receiver;
    let query = json!({ "name": "stream_id", "in": "query", "required": route.method == "DELETE", "schema": { "type": "string" } });
    let parameters: Vec<Value> = placed.chain(queried.then_some(query)).collect();
    if let Some(members) = operation.as_object_mut() {
        members.insert("tags".into(), json!(["signals"]));
        members.insert("parameters".into(), json!(parameters));
        members.insert("responses".into(), json!({ status.to_string(): done, "default": refused }));
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let nonce = json!({
        "name": "Truebell-Nonce", "in": "header", "required": false, "schema": { "type": "string" },
        "description": "16 random bytes, base64url: the signed head of the reply repeats them.",
    });
    let placed = route.placeholders().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    placed.chain([nonce]).collect()
}

fn answer(body: &Body) -> Value {
    let mut answer = json!({ "description": "Done.", "headers": { "Truebell-Head": head_header() } });
    if let (Some(members), Some(content)) = (answer.as_object_mut(), content(body)) {
        members.insert("content".into(), content);
    }
    answer
}

fn head_header() -> Value {
    json!({ "description": "The signed head: proof that this server said this, now, to this request.", "schema": { "type": "string" } })
}

fn content(body: &Body) -> Option<Value> {
    match body {
        Body::None => None,
        Body::Json(name) => Some(json!({ "application/json": { "schema": reference(name) } })),
        Body::Bytes(media, about) => {
            Some(json!({ *media: { "schema": { "type": "string", "contentEncoding": "binary", "description": about } } }))
        }
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schemas() -> Value {
    let all = SCHEMAS.iter().map(|schema| {
        let members = schema.members();
        let properties: Map<String, Value> = members.iter().map(|member| (member.name.to_owned(), kind(member))).collect();
        let required: Vec<&str> = members.iter().filter(|member| !member.is_optional).map(|member| member.name).collect();
        (schema.name.to_owned(), json!({ "type": "object", "description": schema.about, "properties": properties, "required": required }))
    });
    Value::Object(all.collect())
}

/// A member's kind: a word of [`schemas`], or another schema's name, `[…]` for a list.
fn kind(member: &Member<'_>) -> Value {
    if let Some(inner) = member.kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return json!({ "type": "array", "items": kind(&Member { kind: inner, ..*member }) });
    }
    match member.kind {
        "text" => json!({ "type": "string" }),
        "secret" => json!({ "type": "string", "format": "password" }),
        "number" => json!({ "type": "integer", "minimum": 0 }),
        "time" => json!({ "type": "integer", "minimum": 0, "description": "Milliseconds since 1970." }),
        "yes-no" => json!({ "type": "boolean" }),
        "bytes" => json!({ "type": "string", "contentEncoding": "base64url" }),
        "act" => json!({ "type": "string", "description": "A signed act: JWS of type truebell-act+jwt." }),
        "event" => json!({ "type": "string", "description": "A countersigned event: SET (RFC 8417)." }),
        "reason" => {
            let words: Vec<String> = Reason::ALL.iter().map(|reason| format!("https://truebell.org/problems/{}", reason.word())).collect();
            json!({ "type": "string", "examples": words })
        }
        id if id.ends_with('_') => json!({ "type": "string", "pattern": format!("^{id}[0-9a-hjkmnp-tv-z]{{26}}$") }),
        words if words.contains('|') => json!({ "type": "string", "enum": words.split('|').collect::<Vec<_>>() }),
        schema => reference(schema),
    }
}

#[cfg(test)]
mod tests;
