//! The outer header: version, ciphers, seeds, key derivation. Nothing in it is authentic until the key has been tried.

use super::kdf::Kdf;
use super::stream::Outer;
use super::variants::Variants;
use super::{Bytes, KdbxError};

pub(super) const SIGNATURE: [u8; 8] = *b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5";
const KEEPASS_1: [u8; 8] = *b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5";
const PLACE: &str = "its header";

/// Field numbers.
pub(super) const END: u8 = 0;
pub(super) const CIPHER: u8 = 2;
pub(super) const COMPRESSION: u8 = 3;
pub(super) const MASTER_SEED: u8 = 4;
const TRANSFORM_SEED: u8 = 5;
const TRANSFORM_ROUNDS: u8 = 6;
pub(super) const IV: u8 = 7;
const STREAM_KEY: u8 = 8;
const STREAM_START: u8 = 9;
const INNER_STREAM: u8 = 10;
pub(super) const KDF: u8 = 11;

/// What the header says. Seeds and vectors have been checked for length, numbers for sense, costs not yet.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) is_v4: bool,
    pub(super) cipher: Outer,
    pub(super) is_compressed: bool,
    pub(super) master_seed: Vec<u8>,
    pub(super) iv: Vec<u8>,
    pub(super) kdf: Kdf,
    /// Version 3 only: the inner stream's key and number, and the bytes that prove the key.
    pub(super) stream_key: Vec<u8>,
    pub(super) stream_id: u32,
    pub(super) stream_start: Vec<u8>,
    /// How many bytes the header takes.
    pub(super) length: usize,
}

#[derive(Default)]
struct Fields<'a>([Option<&'a [u8]>; 12]);

impl<'a> Fields<'a> {
    fn bytes(&self, id: u8, what: &str) -> Result<&'a [u8], KdbxError> {
        let found = self.0.get(usize::from(id)).copied().flatten();
        found.ok_or_else(|| KdbxError::damaged(PLACE, format!("{what} is missing")))
    }

    fn exactly<const N: usize>(&self, id: u8, what: &str) -> Result<[u8; N], KdbxError> {
        let bytes = self.bytes(id, what)?;
        bytes.try_into().map_err(|_| KdbxError::damaged(PLACE, format!("{what} has the wrong length")))
    }
}

pub(super) fn parse(file: &[u8]) -> Result<Header, KdbxError> {
    let mut bytes = Bytes::new(file, PLACE);
    let signature: [u8; 8] = bytes.array()?;
    if signature == KEEPASS_1 {
        return Err(KdbxError::Version("1 (KDB)".to_owned()));
    }
    if signature != SIGNATURE {
        return Err(KdbxError::damaged(PLACE, "it is not a KDBX file"));
    }
    let (minor, major) = (bytes.u16()?, bytes.u16()?);
    if major != 3 && major != 4 {
        return Err(KdbxError::Version(format!("{major}.{minor}")));
    }
    let fields = read_fields(&mut bytes, major == 4)?;
    let length = file.len() - bytes.rest.len();
    build(&fields, major == 4, length)
}

fn read_fields<'a>(bytes: &mut Bytes<'a>, is_v4: bool) -> Result<Fields<'a>, KdbxError> {
    let mut fields = Fields::default();
    loop {
        let id = bytes.byte()?;
        let value = if is_v4 {
            bytes.long()?
        } else {
            let count = usize::from(bytes.u16()?);
            bytes.take(count)?
        };
        if id == END {
            return Ok(fields);
        }
        if let Some(slot) = fields.0.get_mut(usize::from(id)) {
            *slot = Some(value);
        }
    }
}

fn build(fields: &Fields<'_>, is_v4: bool, length: usize) -> Result<Header, KdbxError> {
    let compression = u32::from_le_bytes(fields.exactly(COMPRESSION, "its compression")?);
    if compression > 1 {
        return Err(KdbxError::damaged(PLACE, "its compression is not known"));
    }
    let kdf = if is_v4 {
        Kdf::parse(&Variants::parse(fields.bytes(KDF, "its key derivation")?)?)?
    } else {
        let rounds = u64::from_le_bytes(fields.exactly(TRANSFORM_ROUNDS, "its number of rounds")?);
        Kdf::Aes { seed: fields.exactly(TRANSFORM_SEED, "its transform seed")?, rounds }
    };
    let mut header = Header {
        is_v4,
        cipher: Outer::parse(fields.bytes(CIPHER, "its cipher")?)?,
        is_compressed: compression == 1,
        master_seed: fields.bytes(MASTER_SEED, "its master seed")?.to_vec(),
        iv: fields.bytes(IV, "its starting vector")?.to_vec(),
        kdf,
        stream_key: Vec::new(),
        stream_id: 0,
        stream_start: Vec::new(),
        length,
    };
    if !is_v4 {
        header.stream_key = fields.bytes(STREAM_KEY, "its inner key")?.to_vec();
        header.stream_start = fields.exactly::<32>(STREAM_START, "its proof of the key")?.to_vec();
        header.stream_id = u32::from_le_bytes(fields.exactly(INNER_STREAM, "its inner cipher")?);
    }
    Ok(header)
}
