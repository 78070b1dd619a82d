//! Passkeys: kept as JSON under a name that says whose shape it is, so that a later version can use them and an export to the
//! same manager can give them back. Nothing here signs with one.

use serde_json::{Value, json};

/// The value of a passkey field.
pub(crate) fn wrap(from: &str, credentials: Value) -> String {
    json!({ "from": from, "credentials": credentials }).to_string()
}

/// The credentials again, if they came from `from`.
pub(crate) fn unwrap(from: &str, field: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(field).ok()?;
    (value.get("from")?.as_str()? == from).then(|| value.get_mut("credentials").map(Value::take))?
}
