//! The columns as one file, sealed.

use super::Written;
use crate::header::{Column, Header, SOURCES_BYTES_MAX};
use crate::page::{PAGE_BYTES, PAYLOAD_BYTES, Page};
use crate::read::Source;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};

/// Writes a whole corpus to `out`: header, columns, sources, seal. `columns` are what [`Written`] names, in its order and from their beginning. Gives the seal.
///
/// # Errors
/// Of the media; *unexpected end* for a column that is shorter than it was written.
pub fn assemble<W, R: Read>(
    written: &Written<W>,
    columns: impl IntoIterator<Item = R>,
    sources: &[Source],
    made_at_ms: u64,
    out: &mut impl Write,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<[u8; 32]> {
    let text = serde_json::to_vec(sources)?;
    if text.len() as u64 > SOURCES_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there are too many sources for one corpus"));
    }
    let header = Header { made_at_ms, sources_bytes: text.len() as u64, ..written.header.clone() };
    let pages = header.pages_in_all();
    let mut sealed = Sealed { out, hash: Sha256::new(), done: 0 };
    sealed.write(&header.write())?;
    for ((column, _), mut from) in written.columns.iter().zip(columns) {
        let mut page = Page::default();
        for _ in 0..header.pages(*column) {
            from.read_exact(&mut page.0)?;
            sealed.write(&page)?;
            if sealed.done.is_multiple_of(1024) {
                progress(sealed.done, pages);
            }
        }
    }
    for (number, part) in (0..).zip(text.chunks(PAYLOAD_BYTES)) {
        let mut page = Page::default();
        page.put_slice(0, part);
        page.close(Column::Sources, number);
        sealed.write(&page)?;
    }
    let seal: [u8; 32] = sealed.hash.finalize().into();
    let mut page = Page::default();
    page.put_slice(0, &seal);
    page.close(Column::Seal, 0);
    out.write_all(&page.0)?;
    out.flush()?;
    progress(pages, pages);
    Ok(seal)
}

struct Sealed<'a, W> {
    out: &'a mut W,
    hash: Sha256,
    done: u64,
}

impl<W: Write> Sealed<'_, W> {
    fn write(&mut self, page: &Page) -> io::Result<()> {
        self.hash.update(page.0);
        self.done += 1;
        self.out.write_all(&page.0)
    }
}

const _: () = assert!(PAGE_BYTES == PAYLOAD_BYTES + 4);
