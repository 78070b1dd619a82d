//! Vaults: created, written to, and their attachments.

pub(super) mod commit;
pub(super) mod create;
pub(super) mod delete_attachment;
pub(super) mod put_chunk;
pub(super) mod read_chunk;
