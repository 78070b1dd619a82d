//! The composite key: a password, a key file, or both.

use super::KdbxError;
use super::kdf::Key;
use super::xml;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

/// What opens a database.
#[derive(Clone, Copy)]
pub(crate) struct CompositeKey<'a> {
    pub(crate) password: Option<&'a Secret>,
    pub(crate) key_file: Option<&'a [u8]>,
}

impl CompositeKey<'_> {
    pub(super) fn derive(&self) -> Result<Key, KdbxError> {
        if self.password.is_none() && self.key_file.is_none() {
            return Err(KdbxError::NoKey);
        }
        let mut digest = Sha256::new();
        if let Some(password) = self.password {
            digest.update(Sha256::digest(password.expose().as_bytes()));
        }
        if let Some(file) = self.key_file {
            digest.update(key_of_file(file)?.as_slice());
        }
        Ok(Key::new(digest.finalize().into()))
    }
}

/// The 32 bytes a key file stands for: XML version 1 or 2, 32 bytes, 64 hex digits, or the hash of anything else.
fn key_of_file(file: &[u8]) -> Result<Zeroizing<Vec<u8>>, KdbxError> {
    if let Some(key) = key_of_xml(file)? {
        return Ok(key);
    }
    if file.len() == 32 {
        return Ok(Zeroizing::new(file.to_vec()));
    }
    let hex = (file.len() == 64).then(|| HEXLOWER_PERMISSIVE.decode(file).ok()).flatten();
    Ok(Zeroizing::new(hex.unwrap_or_else(|| Sha256::digest(file).to_vec())))
}

fn key_of_xml(file: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, KdbxError> {
    let broken = || KdbxError::damaged("the key file", "its key is not whole");
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let Ok(root) = xml::parse(text, None) else { return Ok(None) };
    if root.name != "KeyFile" {
        return Ok(None);
    }
    let version = root.child("Meta").and_then(|meta| meta.child("Version")).map_or("1.0", |version| version.text.trim());
    let data = root.child("Key").and_then(|key| key.child("Data")).ok_or_else(broken)?;
    let clean: String = data.text.split_whitespace().collect();
    if !version.starts_with('2') {
        return BASE64.decode(clean.as_bytes()).map(|key| Some(Zeroizing::new(key))).map_err(|_| broken());
    }
    let key = Zeroizing::new(HEXLOWER_PERMISSIVE.decode(clean.as_bytes()).map_err(|_| broken())?);
    let check = data.attribute("Hash").and_then(|hash| HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok());
    let is_whole = check.is_none_or(|check| Sha256::digest(key.as_slice()).starts_with(&check));
    if is_whole { Ok(Some(key)) } else { Err(broken()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_files_of_every_kind_give_their_key() {
        let hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let raw = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap();
        let xml1 = format!(
            "<?xml version=\"1.0\"?><KeyFile><Meta><Version>1.00</Version></Meta><Key><Data>{}</Data></Key></KeyFile>",
            BASE64.encode(&raw)
        );
        let hash = HEXLOWER_PERMISSIVE.encode(&Sha256::digest(&raw)[..4]);
        let xml2 = format!(
            "<KeyFile><Meta><Version>2.0</Version></Meta><Key><Data Hash=\"{hash}\">\n {} {}\n</Data></Key></KeyFile>",
            hex.split_at(32).0,
            hex.split_at(32).1
        );
        for file in [raw.as_slice(), hex.as_bytes(), xml1.as_bytes(), xml2.as_bytes()] {
            assert_eq!(key_of_file(file).unwrap().as_slice(), raw);
        }
        assert_eq!(key_of_file(b"any file").unwrap().as_slice(), Sha256::digest(b"any file").as_slice());
        let broken = xml2.replace("Data Hash=\"", "Data Hash=\"00");
        assert!(matches!(key_of_file(broken.as_bytes()), Err(KdbxError::Damaged("the key file", _))));
    }
}
