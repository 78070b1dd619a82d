//! A dump row's columns as they stand in SQL: whatever the table, a list of numbers, texts and bytes.
//!
//! The same CBOR as [`tables`](crate::tables) writes; the conformance suite loads each backend's dump into the others.

use crate::StoreError;
use crate::store::Result;
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// Nothing.
    Null,
    /// A number, never negative.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

const BROKEN: StoreError = StoreError::Damaged("a row of a backup that does not fit its table");

/// As a dump carries them.
pub(crate) fn encode(columns: &[Column]) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new());
    let mut write = || {
        encoder.array(columns.len() as u64)?;
        for column in columns {
            match column {
                Column::Null => encoder.null()?,
                Column::Number(number) => encoder.i64(*number)?,
                Column::Text(text) => encoder.str(text)?,
                Column::Bytes(bytes) => encoder.bytes(bytes)?,
            };
        }
        Ok::<(), minicbor::encode::Error<std::convert::Infallible>>(())
    };
    write().map_err(|_| BROKEN)?;
    Ok(encoder.into_writer())
}

/// From a dump; exactly `count` of them.
pub(crate) fn decode(bytes: &[u8], count: usize) -> Result<Vec<Column>> {
    let mut decoder = Decoder::new(bytes);
    let mut read = || {
        let len = decoder.array()?;
        let mut columns = Vec::with_capacity(count);
        for _ in 0..len.unwrap_or(0).min(count as u64 + 1) {
            columns.push(match decoder.datatype()? {
                Type::Null => decoder.null().map(|()| Column::Null)?,
                Type::String => Column::Text(decoder.str()?.to_owned()),
                Type::Bytes => Column::Bytes(decoder.bytes()?.to_vec()),
                _ => Column::Number(decoder.i64()?),
            });
        }
        Ok::<_, minicbor::decode::Error>(columns)
    };
    let columns = read().map_err(|_| BROKEN)?;
    if columns.len() == count && decoder.position() == bytes.len() { Ok(columns) } else { Err(BROKEN) }
}
