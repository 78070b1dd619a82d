//! Drawing text, lines and boxes on a page, in points from its top left corner.
//!
//! The typeface is IBM Plex (SIL Open Font License, `assets/fonts/OFL.txt`): it has a dotted zero and no two capitals alike.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph, TextDirection};

const TEXT: &[u8] = include_bytes!("../../../assets/fonts/IBMPlexSans-Regular.ttf");
const STRONG: &[u8] = include_bytes!("../../../assets/fonts/IBMPlexSans-SemiBold.ttf");
const MONO: &[u8] = include_bytes!("../../../assets/fonts/IBMPlexMono-Medium.ttf");

/// Which letters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Face {
    /// For sentences.
    Text,
    /// For titles and labels.
    Strong,
    /// For what is compared letter by letter: each as wide as any other.
    Mono,
}

/// Which colour. All print well in grey.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    /// For what is read.
    Dark,
    /// For labels and remarks.
    Soft,
    /// For lines.
    Line,
    /// Behind the Secret Key.
    Tint,
}

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) face: Face,
    /// In points.
    pub(super) size: f32,
    pub(super) ink: Ink,
}

/// The typefaces, read.
pub(super) struct Faces {
    text: Loaded,
    strong: Loaded,
    mono: Loaded,
}

struct Loaded {
    font: Font,
    metrics: ttf_parser::Face<'static>,
}

impl Loaded {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let Ok(metrics) = ttf_parser::Face::parse(bytes, 0) else { return None };
        Some(Self { font: Font::new(bytes.into(), 0)?, metrics })
    }

    /// The glyph of a letter and its width in ems, if this face can show the letter by itself.
    fn glyph(&self, letter: char) -> Option<(GlyphId, f32)> {
        let id = self.metrics.glyph_index(letter)?;
        let advance = self.metrics.glyph_hor_advance(id).filter(|advance| *advance > 0)?;
        Some((GlyphId::new(u32::from(id.0)), f32::from(advance) / f32::from(self.metrics.units_per_em())))
    }
}

impl Faces {
    /// Reads the typefaces that this program carries; nothing if they are damaged.
    pub(super) fn load() -> Option<Self> {
        Some(Self { text: Loaded::read(TEXT)?, strong: Loaded::read(STRONG)?, mono: Loaded::read(MONO)? })
    }

    fn face(&self, face: Face) -> &Loaded {
        match face {
            Face::Text => &self.text,
            Face::Strong => &self.strong,
            Face::Mono => &self.mono,
        }
    }
}

impl Ink {
    fn fill(self) -> Fill {
        let color = match self {
            Self::Dark => rgb::Color::new(0x16, 0x1d, 0x26),
            Self::Soft => rgb::Color::new(0x56, 0x60, 0x6b),
            Self::Line => rgb::Color::new(0xb4, 0xbc, 0xc6),
            Self::Tint => rgb::Color::new(0xee, 0xf2, 0xf7),
        };
        Fill { paint: color.into(), ..Fill::default() }
    }
}

/// Draws on one page.
pub(super) struct Pen<'a, 'b> {
    surface: &'a mut Surface<'b>,
    faces: &'a Faces,
}

impl<'a, 'b> Pen<'a, 'b> {
    /// A pen on this surface.
    pub(super) fn new(surface: &'a mut Surface<'b>, faces: &'a Faces) -> Self {
        Self { surface, faces }
    }

    /// The text with each letter that cannot be shown replaced by its number, `[U+5C71]`: combining and invisible ones too, so
    /// that what is read on paper is what is there.
    pub(super) fn spell(&self, face: Face, text: &str) -> String {
        let face = self.faces.face(face);
        let shown = |letter: char| !letter.is_control() && letter != '\u{ad}' && face.glyph(letter).is_some();
        text.chars().map(|letter| if shown(letter) { letter.to_string() } else { format!("[U+{:04X}]", u32::from(letter)) }).collect()
    }

    /// How wide a text is.
    pub(super) fn width(&self, style: Style, text: &str) -> f32 {
        let face = self.faces.face(style.face);
        text.chars().filter_map(|letter| face.glyph(letter)).map(|(_, ems)| ems * style.size).sum()
    }

    /// One line of text; `y` is its baseline. Letters the face lacks must have been spelled.
    pub(super) fn text(&mut self, x: f32, y: f32, style: Style, text: &str) {
        let face = self.faces.face(style.face);
        self.surface.set_fill(Some(style.ink.fill()));
        let start = Point::from_xy(x, y);
        if !matches!(style.face, Face::Mono) {
            self.surface.draw_text(start, face.font.clone(), style.size, text, false, TextDirection::LeftToRight);
            return;
        }
        // Letter by letter: shaping would join f and i, and what is compared must stand as it is typed.
        let glyphs: Vec<KrillaGlyph> = text
            .char_indices()
            .filter_map(|(at, letter)| {
                let (id, advance) = face.glyph(letter)?;
                Some(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, at..at + letter.len_utf8(), None))
            })
            .collect();
        self.surface.draw_glyphs(start, &glyphs, face.font.clone(), text, style.size, false);
    }

    /// Sentences broken at blanks; gives the baseline after the last line.
    pub(super) fn paragraph(&mut self, x: f32, y: f32, width: f32, style: Style, text: &str) -> f32 {
        let leading = style.size * 1.42;
        let mut line = String::new();
        let mut y = y;
        for word in text.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && self.width(style, &longer) > width {
                self.text(x, y, style, &line);
                y += leading;
                word.clone_into(&mut line);
            } else {
                line = longer;
            }
        }
        self.text(x, y, style, &line);
        y + leading
    }

    /// A filled rectangle.
    pub(super) fn bar(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.bars(ink, [(x, y, width, height)]);
    }

    /// Many rectangles as one shape: left, top, width, height.
    pub(super) fn bars(&mut self, ink: Ink, bars: impl IntoIterator<Item = (f32, f32, f32, f32)>) {
        let mut path = PathBuilder::new();
        bars.into_iter().filter_map(|(x, y, width, height)| Rect::from_xywh(x, y, width, height)).for_each(|bar| path.push_rect(bar));
        if let Some(path) = path.finish() {
            self.surface.set_fill(Some(ink.fill()));
            self.surface.draw_path(&path);
        }
    }

    /// An empty box with a thin edge.
    pub(super) fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, edge: f32) {
        self.bars(
            Ink::Dark,
            [
                (x, y, width, edge),
                (x, y + height - edge, width, edge),
                (x, y + edge, edge, height - 2.0 * edge),
                (x + width - edge, y + edge, edge, height - 2.0 * edge),
            ],
        );
    }
}
