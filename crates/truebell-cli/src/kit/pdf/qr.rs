//! The kit's one line as a QR code.

use super::super::Kit;
use qrcode::{Color, EcLevel, QrCode};

/// A square of dark and light modules.
pub(super) struct Code {
    /// Modules on a side.
    pub(super) width: u16,
    /// Runs of dark modules: row, first column, length.
    pub(super) runs: Vec<(u16, u16, u16)>,
}

/// The code, with as much error correction as fits; nothing if the values are too long for any.
pub(super) fn derive_code(kit: &Kit) -> Option<Code> {
    let uri = kit.to_uri();
    let code = [EcLevel::Q, EcLevel::M, EcLevel::L].into_iter().find_map(|level| fit(uri.expose(), level))?;
    let width = u16::try_from(code.width()).ok()?;
    let mut runs = Vec::new();
    for (row, modules) in (0..).zip(code.to_colors().chunks(code.width())) {
        let mut column = 0;
        for run in modules.chunk_by(|left, right| left == right) {
            let length = u16::try_from(run.len()).ok()?;
            if run.first() == Some(&Color::Dark) {
                runs.push((row, column, length));
            }
            column += length;
        }
    }
    Some(Code { width, runs })
}

/// Above 93 modules on a side a printed code this small is hard to read: then rather with less correction.
fn fit(uri: &str, level: EcLevel) -> Option<QrCode> {
    let code = QrCode::with_error_correction_level(uri, level).ok()?;
    (level == EcLevel::L || code.width() <= 93).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::ada;
    use super::*;

    #[test]
    fn a_common_kit_makes_a_code_that_a_phone_reads_from_paper() {
        let code = derive_code(&ada()).unwrap();
        assert!((57..=93).contains(&code.width), "{} modules", code.width);
        // The top left finder pattern: seven dark, then the ring.
        assert_eq!(code.runs.first(), Some(&(0, 0, 7)));
        assert!(code.runs.iter().all(|(row, column, length)| *row < code.width && column + length <= code.width && *length > 0));
    }

    #[test]
    fn long_values_get_a_code_with_less_correction_and_too_long_ones_none() {
        let long = |length: usize| Kit { email: format!("{}@example.org", "a".repeat(length)), ..ada() };
        assert!(derive_code(&long(240)).is_some());
        assert!(derive_code(&long(2000)).is_some());
        assert!(derive_code(&long(3000)).is_none());
    }
}
