//! Files of items: sealed in chunks of 1 MiB, never whole in memory.

use super::items::ItemRef;
use super::{Client, Error};
use std::io::{Read, Write};
use truebell_core::ids::AttachmentId;
use truebell_core::item::Attachment;

impl Client {
    /// Attaches a file. Sealed and stored here at once; uploaded at the next sync, before the edit that names it.
    pub fn attach(&mut self, item: ItemRef, name: &str, file: &mut dyn Read) -> Result<Attachment, Error> {
        todo!()
    }

    /// Writes an attachment's bytes to `out`; fetches chunks that are not here. On an error, what was written must be thrown away.
    pub fn read_attachment(&mut self, item: ItemRef, attachment: AttachmentId, out: &mut dyn Write) -> Result<(), Error> {
        todo!()
    }

    /// Takes an attachment off the item. Older versions keep it.
    pub fn detach(&mut self, item: ItemRef, attachment: AttachmentId) -> Result<(), Error> {
        todo!()
    }
}
