//! Takes the kit's text back out of a PDF. It never guesses from what is drawn on the page.

use super::super::{Kit, KitError, text};
use super::ATTACHMENT;
use lopdf::{Dictionary, Document, LoadOptions, Object};
use zeroize::Zeroizing;

const PDF_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How deep a tree of attachment names may be; ours has one level.
const NAMES_DEPTH_MAX: usize = 8;

/// Whether the file says that it is a PDF; some writers put other bytes before the mark.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.get(..bytes.len().min(1024)).is_some_and(|head| head.windows(5).any(|mark| mark == b"%PDF-"))
}

/// Reads the kit that a PDF of ours carries.
pub fn read(bytes: &[u8]) -> Result<Kit, KitError> {
    if !is_pdf(bytes) {
        return Err(KitError::NotAPdf);
    }
    if bytes.len() > PDF_BYTES_MAX {
        return Err(KitError::TooLarge);
    }
    let options = LoadOptions { max_decompressed_size: Some(PDF_BYTES_MAX), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| explain(&error))?;
    if document.is_encrypted() {
        return Err(KitError::LockedPdf);
    }
    let catalog = document.catalog().map_err(|_| KitError::DamagedPdf)?;
    let names = dictionary(&document, catalog, b"Names").and_then(|names| dictionary(&document, names, b"EmbeddedFiles"));
    let file = names.and_then(|names| find_attachment(&document, names, NAMES_DEPTH_MAX)).ok_or(KitError::ForeignPdf)?;
    text::read(&unpack(&document, file)?)
}

fn explain(error: &lopdf::Error) -> KitError {
    match error {
        lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) | lopdf::Error::UnsupportedSecurityHandler(_) => KitError::LockedPdf,
        _ => KitError::DamagedPdf,
    }
}

/// The dictionary under a key, followed to where it is.
fn dictionary<'a>(document: &'a Document, holder: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    let Ok(object) = holder.get_deref(key, document) else { return None };
    as_dictionary(object)
}

fn as_dictionary(object: &Object) -> Option<&Dictionary> {
    if let Object::Dictionary(dictionary) = object { Some(dictionary) } else { None }
}

/// The objects of an array under a key, each followed to where it is.
fn array<'a>(document: &'a Document, holder: &'a Dictionary, key: &[u8]) -> Vec<&'a Object> {
    let Ok(Object::Array(items)) = holder.get_deref(key, document) else { return Vec::new() };
    items.iter().filter_map(|item| document.dereference(item).map(|(_, object)| object).ok()).collect()
}

/// The file specification with our name, in a name tree (ISO 32000-1 section 7.9.6).
fn find_attachment<'a>(document: &'a Document, names: &'a Dictionary, depth: usize) -> Option<&'a Dictionary> {
    let leaves = array(document, names, b"Names");
    let ours = leaves.chunks(2).filter_map(|pair| pair.get(1).copied().and_then(as_dictionary)).find(|file| is_ours(document, file));
    if ours.is_some() || depth == 0 {
        return ours;
    }
    let kids = array(document, names, b"Kids").into_iter().filter_map(as_dictionary);
    kids.into_iter().find_map(|kid| find_attachment(document, kid, depth - 1))
}

fn is_ours(document: &Document, file: &Dictionary) -> bool {
    let named = |key: &[u8]| matches!(file.get_deref(key, document), Ok(Object::String(name, _)) if name == ATTACHMENT.as_bytes());
    named(b"F") || named(b"UF")
}

/// The attached bytes, unpacked as far as a kit's text may go.
fn unpack(document: &Document, file: &Dictionary) -> Result<Zeroizing<Vec<u8>>, KitError> {
    let content = dictionary(document, file, b"EF").and_then(|files| files.get_deref(b"F", document).ok());
    let Some(Object::Stream(stream)) = content else { return Err(KitError::DamagedPdf) };
    let unpacked = stream.get_plain_content_with_limit(text::TEXT_BYTES_MAX).map_err(|_| KitError::DamagedPdf)?;
    Ok(Zeroizing::new(unpacked))
}
