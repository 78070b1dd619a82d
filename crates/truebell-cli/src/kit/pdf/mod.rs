//! A kit as a page to print, which carries the kit's text as an attached file.

mod page;
mod pen;
mod qr;
mod read;

pub use read::{is_pdf, read};

use super::{Kit, text};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};
use zeroize::Zeroizing;

/// The attached file: the kit's plain text.
const ATTACHMENT: &str = "truebell-kit.txt";

/// Why no PDF could be made: always a fault of this program, never of the kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Emergency Kit could not be drawn as a PDF: save it as text with --kit-text, and report this")]
pub struct NotDrawn;

/// The PDF of a kit: one A4 page. The same kit gives the same bytes.
pub fn write(kit: &Kit) -> Result<Zeroizing<Vec<u8>>, NotDrawn> {
    let faces = pen::Faces::load().ok_or(NotDrawn)?;
    let mut document = Document::new_with(SerializeSettings::default());
    document.set_metadata(describe(kit));
    document.embed_file(attach(kit)).ok_or(NotDrawn)?;
    let settings = PageSettings::from_wh(page::WIDTH, page::HEIGHT).ok_or(NotDrawn)?;
    let mut sheet = document.start_page_with(settings);
    let mut surface = sheet.surface();
    page::draw(&mut pen::Pen::new(&mut surface, &faces), kit).ok_or(NotDrawn)?;
    surface.finish();
    sheet.finish();
    document.finish().map(Zeroizing::new).map_err(|_| NotDrawn)
}

/// What viewers show of the file. Never whose kit it is.
fn describe(kit: &Kit) -> Metadata {
    Metadata::new()
        .title("Truebell Emergency Kit".to_owned())
        .creator("Truebell".to_owned())
        .language("en".to_owned())
        .creation_date(derive_date(kit))
}

fn attach(kit: &Kit) -> EmbeddedFile {
    EmbeddedFile {
        path: ATTACHMENT.to_owned(),
        mime_type: MimeType::new("text/plain"),
        description: Some("The Emergency Kit as text, for truebell signin --kit".to_owned()),
        association_kind: AssociationKind::Data,
        data: text::write(kit).to_vec().into(),
        modification_date: Some(derive_date(kit)),
        compress: Some(false),
        location: None,
    }
}

fn derive_date(kit: &Kit) -> DateTime {
    let utc = kit.created.utc();
    let small = |number: u64| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(utc.year).unwrap_or(9999)).month(small(utc.month)).day(small(utc.day));
    date.hour(small(utc.hour)).minute(small(utc.minute)).second(small(utc.second)).utc_offset_hour(0).utc_offset_minute(0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::ada;
    use super::super::{KitError, read_any};
    use super::*;
    use lopdf::{EncryptionState, EncryptionVersion, Object, Permissions};
    use proptest::prelude::*;
    use truebell_core::kit::KitError as ContentError;

    fn saved(change: impl FnOnce(&mut lopdf::Document)) -> Vec<u8> {
        let mut document = lopdf::Document::load_mem(&write(&ada()).unwrap()).unwrap();
        change(&mut document);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_page_is_one_sheet_of_a4_and_shows_what_is_needed() {
        let document = lopdf::Document::load_mem(&write(&ada()).unwrap()).unwrap();
        let pages: Vec<_> = document.page_iter().collect();
        assert_eq!(pages.len(), 1);
        let page = document.get_dictionary(pages[0]).unwrap();
        let size: Vec<f32> = page.get(b"MediaBox").unwrap().as_array().unwrap().iter().map(|side| side.as_float().unwrap()).collect();
        assert_eq!(size, [0.0, 0.0, 595.276, 841.89]);
        let shown = document.extract_text(&[1]).unwrap();
        for text in [
            "TB1-",
            "60RK3-",
            "CTWP9",
            "group 7",
            "ada@example.org",
            "https://vault.example.org",
            "acc_31dsgprybmd5hp2v10cnq6etbe",
            "23 November 2026",
        ] {
            assert!(shown.contains(text), "{text} is not on the page: {shown}");
        }
        assert!(shown.contains("SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"));
    }

    #[test]
    fn the_same_kit_gives_the_same_bytes_and_a_small_file() {
        let bytes = write(&ada()).unwrap();
        assert_eq!(bytes, write(&ada()).unwrap());
        assert!(bytes.len() < 80_000, "{} bytes", bytes.len());
        assert_eq!(read(&bytes), Ok(ada()));
    }

    #[test]
    fn letters_that_no_typeface_of_ours_has_are_spelled_by_number() {
        for (email, shown) in [
            ("山@例え.jp", "[U+5C71]@[U+4F8B][U+3048].jp"),
            ("عمر@example.org", "[U+0639][U+0645][U+0631]@example.org"),
            ("a\u{202e}b@example.org", "a[U+202E]b@example.org"),
            ("👩‍💻@example.org", "[U+1F469][U+200D][U+1F4BB]@example.org"),
            ("e\u{301}@example.org", "e[U+0301]@example.org"),
            ("ελένη@παράδειγμα.gr", "ελένη@παράδειγμα.gr"),
            ("Ярослав@пример.рф", "Ярослав@пример.рф"),
        ] {
            let kit = Kit { email: email.to_owned(), ..ada() };
            let bytes = write(&kit).unwrap();
            assert_eq!(read(&bytes), Ok(kit));
            let page = lopdf::Document::load_mem(&bytes).unwrap().extract_text(&[1]).unwrap();
            assert!(page.contains(shown), "{shown} is not on the page: {page}");
            assert_eq!(page.contains("is the number of a letter"), shown != email);
        }
    }

    #[test]
    fn values_of_any_length_are_drawn_and_read_back() {
        for length in [100, 300, 5000] {
            let kit = Kit { email: format!("{}@example.org", "w".repeat(length)), ..ada() };
            assert_eq!(read(&write(&kit).unwrap()), Ok(kit), "{length} letters");
        }
    }

    #[test]
    fn a_kit_that_a_viewer_saved_again_is_still_read() {
        assert_eq!(read(&saved(|_| {})), Ok(ada()));
        assert_eq!(read(&saved(lopdf::Document::compress)), Ok(ada()));
        assert_eq!(read(&saved(lopdf::Document::renumber_objects)), Ok(ada()));
        let mailed = [b"Content-Type: application/pdf\r\n\r\n".to_vec(), write(&ada()).unwrap().to_vec()].concat();
        assert_eq!(read(&mailed), Ok(ada()));
    }

    #[test]
    fn another_pdf_gets_one_clear_sentence() {
        let without = saved(|document| drop(document.catalog_mut().unwrap().remove(b"Names")));
        assert_eq!(read_any(&without), Err(KitError::ForeignPdf));
        let other = saved(|document| {
            for object in document.objects.values_mut() {
                if let Object::Dictionary(file) = object
                    && file.has(b"EF")
                {
                    file.set("F", Object::string_literal("invoice.xml"));
                    file.set("UF", Object::string_literal("invoice.xml"));
                }
            }
        });
        assert_eq!(read_any(&other), Err(KitError::ForeignPdf));
        assert_eq!(read(b"hello"), Err(KitError::NotAPdf));
        assert_eq!(read_any(&[b"%PDF-1.7".to_vec(), vec![0; 9_000_000]].concat()), Err(KitError::TooLarge));
    }

    #[test]
    fn a_locked_pdf_says_that_it_is_locked() {
        let locked = saved(|document| {
            let id = Object::string_literal(b"0123456789abcdef".to_vec());
            document.trailer.set("ID", Object::Array(vec![id.clone(), id]));
            let (owner_password, user_password, permissions) = ("owner", "user", Permissions::all());
            let version = EncryptionVersion::V2 { document, owner_password, user_password, key_length: 128, permissions };
            let state = EncryptionState::try_from(version).unwrap();
            document.encrypt(&state).unwrap();
        });
        assert_eq!(read_any(&locked), Err(KitError::LockedPdf));
    }

    #[test]
    fn an_attachment_that_unpacks_without_end_is_refused() {
        let bomb = saved(|document| {
            for object in document.objects.values_mut() {
                if let Object::Stream(stream) = object
                    && stream.content.starts_with(b"Truebell")
                {
                    stream.set_plain_content(vec![b' '; 50_000_000]);
                    stream.compress().unwrap();
                }
            }
        });
        assert!(bomb.len() < 200_000);
        assert_eq!(read(&bomb), Err(KitError::DamagedPdf));
    }

    #[test]
    fn a_mistyped_secret_key_inside_is_named_as_in_text() {
        let mut bytes = write(&ada()).unwrap();
        let place = bytes.windows(5).position(|letters| letters == b"6MV3E").unwrap();
        bytes[place] = b'7';
        let Err(KitError::Content(ContentError::SecretKey { error, .. })) = read(&bytes) else { panic!("a wrong Secret Key was read") };
        assert!(error.to_string().contains("group 3"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_address_can_be_drawn_and_read_back(user in "[^\\s\\p{C}]{1,40}", host in "[^\\s\\p{C}]{1,20}", epoch: u64) {
            let kit = Kit { email: format!("{user}@{host}"), server: format!("https://{host}"), epoch, ..ada() };
            prop_assert_eq!(read_any(&write(&kit).unwrap()), Ok(kit));
        }

        #[test]
        fn a_cut_or_flipped_pdf_gives_an_error_or_the_right_secret_key(cut in 0..60_000_usize, flip in 0..60_000_usize, bit in 0..8_u8) {
            let mut bytes = write(&ada()).unwrap();
            bytes.truncate(cut.max(1));
            let flip = flip % bytes.len();
            bytes[flip] ^= 1 << bit;
            if let Ok(kit) = read_any(&bytes) {
                prop_assert_eq!(kit.secret_key, ada().secret_key);
            }
        }
    }
}
