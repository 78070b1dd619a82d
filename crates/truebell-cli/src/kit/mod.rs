//! The Emergency Kit as files: a PDF to print and a plain text (`docs/formats/kit.md`). Never here: what is in a kit, which
//! `truebell_core::kit` says, and where files are kept.

pub mod pdf;
pub mod text;

pub use truebell_core::kit::Kit;

use truebell_core::kit::KitError as ContentError;

/// Why a file is not an Emergency Kit. No variant repeats what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KitError {
    /// It was read, and its content is wrong.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Larger than any kit.
    #[error("this file is too large to be an Emergency Kit: use the PDF or the text that was saved at sign-up")]
    TooLarge,
    /// A photograph or a scan.
    #[error(
        "this is a picture, and a kit is not read from pictures: use the PDF that was saved at sign-up, or type the Secret Key from it"
    )]
    Picture,
    /// Neither a PDF nor text.
    #[error("this is neither a PDF nor a text: use the Emergency Kit that was saved at sign-up")]
    NeitherPdfNorText,
    /// Not a PDF at all.
    #[error("this file is not a PDF: use the Emergency Kit that was saved at sign-up")]
    NotAPdf,
    /// A PDF without our attachment.
    #[error(
        "this PDF does not carry an Emergency Kit's data (one that was scanned or printed again does not): use the PDF that was saved at sign-up, or type the Secret Key from it"
    )]
    ForeignPdf,
    /// A PDF that cannot be opened.
    #[error("this PDF is damaged or cut off: use another copy of the Emergency Kit, or type the Secret Key from it")]
    DamagedPdf,
    /// A PDF with a password of its own.
    #[error("this PDF is locked with a password of its own: save it without one, or type the Secret Key from it")]
    LockedPdf,
}

/// Reads a kit from a file of any of its forms: PDF, plain text, or the one line of its QR code.
pub fn read_any(bytes: &[u8]) -> Result<Kit, KitError> {
    const PICTURES: [&[u8]; 5] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\0\0\0"];
    if pdf::is_pdf(bytes) {
        return pdf::read(bytes);
    }
    if PICTURES.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(KitError::Picture);
    }
    text::read(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use truebell_core::ids::AccountId;
    use truebell_core::secret_key::SecretKey;
    use truebell_core::time::UnixMillis;

    pub(crate) fn ada() -> Kit {
        Kit {
            server: "https://vault.example.org".to_owned(),
            fingerprint: "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg".to_owned(),
            email: "ada@example.org".to_owned(),
            account: AccountId(*b"analytical engin"),
            secret_key: SecretKey::from_bytes(*b"0123456789abcdef"),
            epoch: 3,
            created: UnixMillis::from_seconds(1_795_415_631),
        }
    }

    #[test]
    fn each_form_is_recognised_by_its_content() {
        let one_line = ada().to_uri().expose().to_owned();
        let text = String::from_utf8(text::write(&ada()).to_vec()).unwrap();
        let pdf = pdf::write(&ada()).unwrap();
        for bytes in [pdf.as_slice(), text.as_bytes(), one_line.as_bytes(), format!("  \n{one_line}\n").as_bytes()] {
            assert_eq!(read_any(bytes), Ok(ada()));
        }
    }

    #[test]
    fn a_file_of_another_kind_gets_one_clear_sentence() {
        for (bytes, error) in [
            (&b""[..], KitError::Content(ContentError::NotAKit)),
            (b"Dear diary", KitError::Content(ContentError::NotAKit)),
            (b"\x89PNG\r\n\x1a\n", KitError::Picture),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", KitError::Picture),
            (b"PK\x03\x04\xff\xfe\xfd", KitError::NeitherPdfNorText),
            (&[b' '; 100_000], KitError::TooLarge),
            (b"%PDF-1.7\n", KitError::DamagedPdf),
        ] {
            assert_eq!(read_any(bytes), Err(error));
        }
    }
}
