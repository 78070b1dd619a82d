//! From the bytes of a file and a key to the database in it.

use super::blocks::{self, HmacKey};
use super::header::{self, Header};
use super::key::CompositeKey;
use super::model::{Binary, Database};
use super::stream::Inner;
use super::{Bytes, KdbxError, xml, xml_read};
use crate::limits;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::io::Read;
use zeroize::Zeroizing;

/// Opens a database of version 3.1 or 4.
pub(crate) fn open(file: &[u8], key: CompositeKey<'_>) -> Result<Database, KdbxError> {
    let header = header::parse(file)?;
    let (head, rest) = file.split_at_checked(header.length).unwrap_or((file, &[]));
    if header.is_v4 { open_v4(&header, head, rest, key) } else { open_v3(&header, head, rest, key) }
}

fn master_key(header: &Header, transformed: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let digest = Sha256::new().chain_update(&header.master_seed).chain_update(transformed);
    Zeroizing::new(digest.finalize().into())
}

fn open_v3(header: &Header, head: &[u8], rest: &[u8], key: CompositeKey<'_>) -> Result<Database, KdbxError> {
    let transformed = header.kdf.derive(&key.derive()?)?;
    let master = master_key(header, &transformed);
    let plain = header.cipher.decrypt(&master, &header.iv, rest)?.ok_or(KdbxError::WrongKey)?;
    let stream = plain.strip_prefix(header.stream_start.as_slice()).ok_or(KdbxError::WrongKey)?;
    let document = unpack(header, &blocks::read_hashed(stream)?)?;
    let mut inner = Inner::new(header.stream_id, &header.stream_key)?;
    let root = xml::parse(&document, Some(&mut inner))?;
    xml_read::check_header_hash(&root, &Sha256::digest(head))?;
    xml_read::database(root, Vec::new())
}

fn open_v4(header: &Header, head: &[u8], rest: &[u8], key: CompositeKey<'_>) -> Result<Database, KdbxError> {
    let mut bytes = Bytes::new(rest, "its header");
    let (hash, tag): ([u8; 32], [u8; 32]) = (bytes.array()?, bytes.array()?);
    if Sha256::digest(head).as_slice() != hash {
        return Err(KdbxError::damaged("its header", "it is not what was written"));
    }
    let transformed = header.kdf.derive(&key.derive()?)?;
    let hmac_key = HmacKey::derive(&header.master_seed, &transformed);
    if !hmac_key.opens_header(head, &tag) {
        return Err(KdbxError::WrongKey);
    }
    let sealed = blocks::read_authentic(bytes.rest, &hmac_key)?;
    let master = master_key(header, &transformed);
    let packed = header.cipher.decrypt(&master, &header.iv, &sealed)?;
    let packed = packed.ok_or_else(|| KdbxError::damaged("its data", "its padding is wrong"))?;
    let payload = unpack(header, &packed)?;
    let mut bytes = Bytes::new(&payload, "its inner header");
    let (mut inner, binaries) = read_inner_header(&mut bytes)?;
    let root = xml::parse(bytes.rest, Some(&mut inner))?;
    xml_read::database(root, binaries)
}

fn unpack(header: &Header, packed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KdbxError> {
    if !header.is_compressed {
        return Ok(Zeroizing::new(packed.to_vec()));
    }
    let mut out = Zeroizing::new(Vec::new());
    // One database holds its attachments too, so it may be as big as an archive.
    let read = GzDecoder::new(packed).take(limits::UNPACKED_BYTES + 1).read_to_end(&mut out);
    read.map_err(|_| KdbxError::damaged("its data", "the compression is broken"))?;
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > limits::UNPACKED_BYTES {
        return Err(KdbxError::TooBig);
    }
    Ok(out)
}

fn read_inner_header(bytes: &mut Bytes<'_>) -> Result<(Inner, Vec<Binary>), KdbxError> {
    let (mut id, mut key, mut binaries) = (None, None, Vec::new());
    loop {
        let (kind, value) = (bytes.byte()?, bytes.long()?);
        match kind {
            0 => break,
            1 => id = value.try_into().ok().map(u32::from_le_bytes),
            2 => key = Some(value),
            3 => binaries.push(Binary { id: binaries.len().to_string(), bytes: value.get(1..).unwrap_or_default().to_vec() }),
            _ => {}
        }
    }
    let missing = || KdbxError::damaged("its inner header", "the inner cipher is missing");
    Ok((Inner::new(id.ok_or_else(missing)?, key.ok_or_else(missing)?)?, binaries))
}

/// Whether these bytes are a document, without anything protected in it.
pub(crate) fn reads_document(bytes: &[u8]) -> bool {
    xml::parse(bytes, None).and_then(|root| xml_read::database(root, Vec::new())).is_ok()
}
