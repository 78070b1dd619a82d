//! Items as they come out of a seal: JSON written by this version, an older one, or a newer one.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use truebell_core::item::{Detail, Item, Overview};

/// What is read is written back without loss: the second writing equals the first, fields of newer versions included.
///
/// Items hold no fractions, in any version: a fraction's last digit may change when it is read, so none is tried.
pub fn run(data: &[u8]) {
    if serde_json::from_slice(data).is_ok_and(|value| holds_a_fraction(&value)) {
        return;
    }
    round_trip::<Overview>(data);
    round_trip::<Detail>(data);
    round_trip::<Item>(data);
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert!(again == value, "an item changed by being written and read");
}

fn holds_a_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(holds_a_fraction),
        Value::Object(members) => members.values().any(holds_a_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
