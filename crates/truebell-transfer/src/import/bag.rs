//! A JSON object from which members are taken one by one. What nobody took is still there at the end and becomes custom fields:
//! that is how an unknown member of a newer export is kept instead of lost.

use crate::draft::Draft;
use serde_json::{Map, Value};
use truebell_core::item::FieldKind;

/// The members not taken yet.
#[derive(Debug, Default)]
pub(super) struct Bag(Map<String, Value>);

impl Bag {
    /// The members of an object; empty for `null` and everything else.
    pub(super) fn of(value: Value) -> Self {
        match value {
            Value::Object(members) => Self(members),
            _ => Self::default(),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or(Value::Null)
    }

    /// A text, or a number or truth as text; empty for `null` and absence. Lists and objects stay in the bag.
    pub(super) fn text(&mut self, name: &str) -> String {
        match self.0.get(name).and_then(scalar) {
            Some(text) => {
                self.0.remove(name);
                text
            }
            None => String::new(),
        }
    }

    pub(super) fn truth(&mut self, name: &str) -> bool {
        matches!(self.take(name), Value::Bool(true))
    }

    pub(super) fn number(&mut self, name: &str) -> Option<i64> {
        let value = self.take(name);
        value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
    }

    pub(super) fn bag(&mut self, name: &str) -> Self {
        Self::of(self.take(name))
    }

    /// The members of a list; empty for everything that is none.
    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            Value::Array(values) => values,
            _ => Vec::new(),
        }
    }

    /// Drops members that say nothing outside of the manager they come from (ids, counters).
    pub(super) fn drop(&mut self, names: &[&str]) {
        for name in names {
            self.0.remove(*name);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(says_nothing)
    }

    /// What is left, as JSON.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// Everything left, as custom fields of the draft.
    pub(super) fn keep_rest(self, draft: &mut Draft) {
        for (name, value) in self.0 {
            keep(draft, &name, &value);
        }
    }
}

/// A value as a custom field: scalars as they are, lists and objects as their JSON.
pub(super) fn keep(draft: &mut Draft, name: &str, value: &Value) {
    if says_nothing(value) {
        return;
    }
    match value {
        Value::Bool(truth) => draft.custom(name, FieldKind::Boolean, truth.to_string()),
        Value::Array(_) | Value::Object(_) => draft.custom(name, FieldKind::Concealed, value.to_string()),
        _ => draft.custom(name, FieldKind::Text, scalar(value).unwrap_or_default()),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(says_nothing),
        Value::Object(members) => members.values().all(says_nothing),
        _ => false,
    }
}
