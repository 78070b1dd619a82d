//! Which account has which number in an index: 16 bytes each, in a file without a name that is gone with the process. Only digests are in
//! it, under the key of the match.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use truebell_core::chance::{Chance, make_array};
use truebell_core::ids::ListedId;

const BYTES: u64 = 16;

/// The numbers while they are given out.
pub(super) struct Numbers(BufWriter<File>);

/// The numbers when they are known.
pub(super) struct Known(File);

impl Numbers {
    /// In a folder of this user's.
    pub(super) fn make(folder: &Path, chance: &mut dyn Chance) -> io::Result<Self> {
        let name = make_array::<8>(chance).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let path = folder.join(format!("match-{name}"));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        // It stays as long as it is open.
        std::fs::remove_file(&path)?;
        Ok(Self(BufWriter::new(file)))
    }

    /// The account with the next number.
    pub(super) fn push(&mut self, account: ListedId) -> io::Result<()> {
        self.0.write_all(&account.0)
    }

    /// All are given out.
    pub(super) fn finish(self) -> io::Result<Known> {
        self.0.into_inner().map(Known).map_err(io::IntoInnerError::into_error)
    }
}

impl Known {
    /// The account with this number.
    pub(super) fn at(&self, number: u32) -> io::Result<ListedId> {
        let mut bytes = [0; 16];
        self.0.read_exact_at(&mut bytes, u64::from(number) * BYTES)?;
        Ok(ListedId(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::testing::Seeded;

    #[test]
    fn each_number_gives_its_account_and_no_file_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut numbers = Numbers::make(folder.path(), &mut Seeded::new(1)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for account in 0..200_u8 {
            numbers.push(ListedId([account; 16])).unwrap();
        }
        let known = numbers.finish().unwrap();
        for account in [0_u8, 7, 199] {
            assert_eq!(known.at(account.into()).unwrap(), ListedId([account; 16]));
        }
        assert!(known.at(200).is_err());
    }
}
