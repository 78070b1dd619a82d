//! One JSON object a line: the keys that mean an address or a password, at its top level.

use super::names::{Named, meaning};
use super::{Fields, Text};
use crate::list::beside::HashForm;
use crate::list::tally::Skip;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use zeroize::Zeroizing;

/// What an object said, wiped when it goes.
#[derive(Default)]
pub(in super::super) struct Object {
    address: Option<(u8, Zeroizing<String>)>,
    password: Option<(u8, Option<Zeroizing<String>>)>,
    has_hash: bool,
}

pub(in super::super) fn parse(line: &[u8]) -> Result<Object, Skip> {
    serde_json::from_slice(line).map_err(|_| Skip::Json)
}

impl Object {
    pub(in super::super) fn fields(&self) -> Result<Fields<'_>, Skip> {
        let (_, address) = self.address.as_ref().ok_or(Skip::Json)?;
        let beside = match &self.password {
            Some((_, Some(password))) => Text::Password(password.as_bytes()),
            _ if self.has_hash => Text::Hash(HashForm::Called),
            _ => Text::Nothing,
        };
        Ok(Fields { address: address.as_bytes(), beside })
    }
}

/// A text, or a number as it would be typed; `None` for everything else.
struct Value(Option<Zeroizing<String>>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("any value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value(Some(Zeroizing::new(text.to_owned()))))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value(Some(Zeroizing::new(number.to_string()))))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value(Some(Zeroizing::new(number.to_string()))))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
                // 1e3 and 1000.0 may both have been typed: which, is not known.
                Ok(Value(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
                Ok(Value(None))
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value(None))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
                IgnoredAny.visit_seq(seq).map(|_| Value(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                IgnoredAny.visit_map(map).map(|_| Value(None))
            }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let (mut object, mut seen) = (Object::default(), Vec::new());
                while let Some(Key(named)) = map.next_key()? {
                    let Some(named) = named else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if seen.contains(&named) {
                        return Err(serde::de::Error::custom("a key is there twice"));
                    }
                    seen.push(named);
                    let Value(value) = map.next_value()?;
                    object.take(named, value);
                }
                Ok(object)
            }
        }
        from.deserialize_map(Keys)
    }
}

impl Object {
    fn take(&mut self, named: Named, value: Option<Zeroizing<String>>) {
        match named {
            Named::Address(rank) => {
                // An address by the name of a user is believed only where no better key has one.
                if let Some(value) = value
                    && self.address.as_ref().is_none_or(|(known, _)| rank < *known)
                {
                    self.address = Some((rank, value));
                }
            }
            Named::Password(rank) if self.password.as_ref().is_none_or(|(known, _)| rank < *known) => self.password = Some((rank, value)),
            Named::Password(_) => {}
            Named::Hash(_) => self.has_hash |= value.is_some(),
        }
    }
}

/// What a key means.
struct Key(Option<Named>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(Key(meaning(name.as_bytes())))
            }
        }
        from.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Result<(String, Option<String>), Skip> {
        let object = parse(line.as_bytes())?;
        let fields = object.fields()?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let beside = match fields.beside {
            Text::Password(password) => Some(text(password)),
            Text::Hash(_) => Some("<hash>".to_owned()),
            Text::Nothing => None,
        };
        Ok((text(fields.address), beside))
    }

    #[test]
    fn the_best_key_says_it_and_a_key_twice_says_nothing() {
        for (line, address, beside) in [
            (r#"{"id":1,"user":"ada","E-Mail":"ada@example.org","password":"p\u00e4\"ss "}"#, "ada@example.org", Some("pä\"ss ")),
            (r#"{"login":"ada@example.org","pass":123456}"#, "ada@example.org", Some("123456")),
            (r#"{"email":"ada@example.org","password":null,"hash":"xyz"}"#, "ada@example.org", Some("<hash>")),
            (r#"{"email":"ada@example.org","password":["x"],"more":{"password":"no"}}"#, "ada@example.org", None),
            (r#"{"email":null,"mail":"ada@example.org"}"#, "ada@example.org", None),
        ] {
            assert_eq!(said(line), Ok((address.to_owned(), beside.map(str::to_owned))), "{line}");
        }
        for line in [
            r#"{"email":"a@x.org","email":"b@x.org"}"#,
            r#"{"password":"x","PASSWORD":"y","email":"a@x.org"}"#,
            r#"{"password":"x"}"#,
            r#"["a@x.org"]"#,
            r#"{"email":"a@x.org""#,
            "a@x.org",
        ] {
            assert_eq!(said(line), Err(Skip::Json), "{line}");
        }
    }
}
