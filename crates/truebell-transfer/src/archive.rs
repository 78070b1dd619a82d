//! placeholder
use crate::import::{ImportError, Imported};
use truebell_core::secret::Secret;
pub(crate) const MAGIC: &[u8] = b"TRUEBELL-ARCHIVE\n";
pub(crate) fn read(_: &[u8], _: Option<&Secret>) -> Result<Imported, ImportError> { Err(ImportError::Unknown) }
