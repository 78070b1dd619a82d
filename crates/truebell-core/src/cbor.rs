//! CBOR (RFC 8949) to and from memory.

/// Encodes to bytes.
pub fn to_vec<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = minicbor::encode(value, &mut bytes);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    bytes
}

/// Decodes the whole of `bytes`; something left over is an error.
pub fn from_slice<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, minicbor::decode::Error> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode()?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(minicbor::decode::Error::message("bytes left over")) }
}
