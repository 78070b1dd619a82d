//! From a database and a password to the bytes of a KDBX 4.0 file: Argon2id, AES-256, gzip, ChaCha20 for single values.

use super::KdbxError;
use super::blocks::{self, HmacKey};
use super::header;
use super::kdf::Kdf;
use super::key::CompositeKey;
use super::model::Database;
use super::stream::{INNER_CHACHA20, Inner, Outer};
use super::xml_write;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;
use truebell_core::chance::{Chance, make_array};
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

/// What opening the file shall cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

pub(crate) fn save(
    database: &Database,
    key: CompositeKey<'_>,
    cost: Cost,
    now: UnixMillis,
    chance: &mut dyn Chance,
) -> Result<Vec<u8>, KdbxError> {
    let (master_seed, iv, salt): ([u8; 32], [u8; 16], [u8; 32]) = (make_array(chance), make_array(chance), make_array(chance));
    let inner_key: Zeroizing<[u8; 64]> = Zeroizing::new(make_array(chance));
    let kdf = Kdf::Argon2 {
        is_id: true,
        version: 0x13,
        salt: salt.to_vec(),
        memory_bytes: u64::from(cost.memory_kib) * 1024,
        passes: u64::from(cost.passes),
        lanes: cost.lanes,
    };
    let head = write_header(&kdf, &master_seed, &iv);
    let transformed = kdf.derive(&key.derive()?)?;
    let hmac_key = HmacKey::derive(&master_seed, &transformed);
    let master: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::new().chain_update(master_seed).chain_update(*transformed).finalize().into());

    let packed = pack(&write_payload(database, now, &inner_key)?)?;
    let sealed = Outer::encrypt_aes(&master, &iv, &packed);
    let mut out = head.clone();
    out.extend(Sha256::digest(&head));
    out.extend(hmac_key.tag_header(&head));
    out.extend(blocks::write_authentic(&sealed, &hmac_key));
    Ok(out)
}

fn put(out: &mut Vec<u8>, id: u8, value: &[u8]) {
    out.push(id);
    out.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(value);
}

fn write_header(kdf: &Kdf, master_seed: &[u8; 32], iv: &[u8; 16]) -> Vec<u8> {
    let mut out = header::SIGNATURE.to_vec();
    out.extend([0, 0, 4, 0]);
    put(&mut out, header::CIPHER, &Outer::Aes256.id());
    put(&mut out, header::COMPRESSION, &1u32.to_le_bytes());
    put(&mut out, header::MASTER_SEED, master_seed);
    put(&mut out, header::IV, iv);
    put(&mut out, header::KDF, &kdf.variants().write());
    put(&mut out, header::END, b"\r\n\r\n");
    out
}

fn write_payload(database: &Database, now: UnixMillis, inner_key: &[u8; 64]) -> Result<Zeroizing<Vec<u8>>, KdbxError> {
    let mut out = Zeroizing::new(Vec::new());
    put(&mut out, 1, &INNER_CHACHA20.to_le_bytes());
    put(&mut out, 2, inner_key);
    for binary in &database.binaries {
        out.push(3);
        out.extend(u32::try_from(binary.bytes.len() + 1).map_err(|_| KdbxError::TooBig)?.to_le_bytes());
        out.push(1); // protected in memory
        out.extend(&binary.bytes);
    }
    put(&mut out, 0, &[]);
    let mut inner = Inner::new(INNER_CHACHA20, inner_key)?;
    out.extend(xml_write::document(database, now, &mut inner).as_bytes());
    Ok(out)
}

fn pack(payload: &[u8]) -> Result<Vec<u8>, KdbxError> {
    let broken = |_| KdbxError::damaged("its data", "it could not be compressed");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(payload).map_err(broken)?;
    encoder.finish().map_err(broken)
}
