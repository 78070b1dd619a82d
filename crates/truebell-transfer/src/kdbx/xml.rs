//! A small XML tree: elements, attributes, text. Values marked as protected are opened while reading, in document order, as the
//! inner stream demands. Depth is bounded; entities beyond XML's own five are refused.

use super::KdbxError;
use super::stream::Inner;
use crate::limits;
use data_encoding::BASE64;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroize;

const PLACE: &str = "its XML";

/// An element.
#[derive(Default)]
pub(super) struct Node {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// Its text, opened if it was protected.
    pub(super) text: String,
    pub(super) children: Vec<Node>,
    /// Bytes instead of text, where a protected value is not text (old attachments).
    pub(super) raw: Vec<u8>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.text.zeroize();
        self.raw.zeroize();
    }
}

impl Node {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_protected(&self) -> bool {
        self.is_set("Protected")
    }

    pub(super) fn is_set(&self, attribute: &str) -> bool {
        self.attribute(attribute).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The text of a child, empty if there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| &child.text)
    }
}

/// The root element of a document.
pub(super) fn parse(document: &[u8], mut inner: Option<&mut Inner>) -> Result<Node, KdbxError> {
    let text = std::str::from_utf8(document).map_err(|error| damaged(document, error.valid_up_to(), "it is not UTF-8"))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Node> = Vec::new();
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(0);
        let event = reader.read_event().map_err(|_| damaged(document, at, "it is not well formed"))?;
        let finished = match event {
            Event::Start(start) if open.len() >= limits::XML_DEPTH => {
                drop(start);
                return Err(damaged(document, at, "its groups are nested too deeply"));
            }
            Event::Start(start) => {
                open.push(begin(&start).ok_or_else(|| damaged(document, at, "an attribute is broken"))?);
                None
            }
            Event::Empty(start) => Some(begin(&start).ok_or_else(|| damaged(document, at, "an attribute is broken"))?),
            Event::End(_) => open.pop(),
            Event::Text(piece) => {
                add_text(&mut open, &piece.xml10_content());
                None
            }
            Event::CData(piece) => {
                add_text(&mut open, &piece.xml10_content());
                None
            }
            Event::GeneralRef(reference) => {
                let resolved = resolve(&reference).ok_or_else(|| damaged(document, at, "it names an unknown character"))?;
                add_text(&mut open, resolved.encode_utf8(&mut [0; 4]));
                None
            }
            Event::Eof => return Err(damaged(document, at, "it ends too early")),
            _ => None,
        };
        let Some(mut node) = finished else { continue };
        unprotect(&mut node, inner.as_deref_mut()).ok_or_else(|| damaged(document, at, "a protected value is broken"))?;
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => return Ok(node),
        }
    }
}

fn damaged(document: &[u8], at: usize, reason: &str) -> KdbxError {
    let line = document.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    KdbxError::damaged(PLACE, format!("{reason} (line {line})"))
}

fn begin(start: &BytesStart<'_>) -> Option<Node> {
    let mut node = Node::default();
    node.name.push_str(start.name().as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.into_owned();
        node.attributes.push((attribute.key.as_ref().to_owned(), value));
    }
    Some(node)
}

fn add_text(open: &mut [Node], piece: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(piece);
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    match reference.as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// Opens a protected element's text. Elements with children only carry white space as text; it is dropped.
fn unprotect(node: &mut Node, inner: Option<&mut Inner>) -> Option<()> {
    if !node.children.is_empty() {
        node.text.clear();
        return Some(());
    }
    let Some(inner) = inner.filter(|_| node.is_protected()) else { return Some(()) };
    let mut bytes = BASE64.decode(node.text.trim().as_bytes()).ok()?;
    inner.apply(&mut bytes);
    node.text.zeroize();
    match String::from_utf8(bytes) {
        Ok(text) => node.text = text,
        Err(error) => node.raw = error.into_bytes(),
    }
    Some(())
}
