//! A kit as a text file.

use super::{Kit, KitError};
use zeroize::Zeroizing;

/// No kit's text is longer.
pub(super) const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The file's bytes, UTF-8.
pub fn write(kit: &Kit) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(kit.to_text().expose().as_bytes().to_vec())
}

/// Reads a text file: UTF-8 or, with its mark, UTF-16; a kit's text or its one line.
pub fn read(bytes: &[u8]) -> Result<Kit, KitError> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(KitError::TooLarge);
    }
    let text = decode(bytes).ok_or(KitError::NeitherPdfNorText)?;
    let is_one_line = text.trim_start().get(..9).is_some_and(|head| head.eq_ignore_ascii_case("truebell:"));
    Ok(if is_one_line { Kit::parse_uri(&text) } else { Kit::parse_text(&text) }?)
}

fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes)?,
        _ => std::str::from_utf8(bytes).map(str::to_owned).ok()?,
    };
    Some(Zeroizing::new(text))
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>().ok()?;
    odd.is_empty().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::ada;
    use super::*;

    #[test]
    fn a_text_file_reads_back_in_every_encoding_an_editor_saves() {
        let text = ada().to_text();
        assert_eq!(read(&write(&ada())), Ok(ada()));
        let marked = format!("\u{feff}{}", text.expose());
        assert_eq!(read(marked.as_bytes()), Ok(ada()));
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((read(&little), read(&big)), (Ok(ada()), Ok(ada())));
        for damaged in [&little[..little.len() - 1], b"\xff\xfe\x00\xd8", b"caf\xe9"] {
            assert_eq!(read(damaged), Err(KitError::NeitherPdfNorText));
        }
    }
}
