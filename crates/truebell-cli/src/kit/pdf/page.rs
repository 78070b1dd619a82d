//! What stands where on the kit's page: A4, in points from the top left corner.

use super::super::Kit;
use super::pen::{Face, Ink, Pen, Style};
use super::qr::{Code, derive_code};

/// A4.
pub(super) const WIDTH: f32 = 595.276;
/// A4.
pub(super) const HEIGHT: f32 = 841.89;

const LEFT: f32 = 56.0;
const INNER: f32 = WIDTH - 2.0 * LEFT;
const QR_SIDE: f32 = 148.0;
const GAP: f32 = 26.0;

const TITLE: Style = Style { face: Face::Strong, size: 25.0, ink: Ink::Dark };
const HEADING: Style = Style { face: Face::Strong, size: 11.0, ink: Ink::Dark };
const LABEL: Style = Style { face: Face::Strong, size: 8.5, ink: Ink::Soft };
const BODY: Style = Style { face: Face::Text, size: 10.0, ink: Ink::Dark };
const REMARK: Style = Style { face: Face::Text, size: 8.5, ink: Ink::Soft };
const KEY: Style = Style { face: Face::Mono, size: 24.0, ink: Ink::Dark };
const VALUE: Style = Style { face: Face::Mono, size: 10.0, ink: Ink::Dark };
const TINY: f32 = 5.0;

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Draws the whole page; nothing if a value cannot be drawn at all.
pub(super) fn draw(pen: &mut Pen<'_, '_>, kit: &Kit) -> Option<()> {
    draw_title(pen, kit);
    draw_key(pen, 148.0, kit)?;
    draw_values(pen, 306.0, kit);
    draw_password(pen, 520.0);
    draw_advice(pen, 644.0, kit);
    let foot = "Truebell Emergency Kit, format 1. The PDF file carries the kit as an attached text, which truebell reads back.";
    pen.text(LEFT, HEIGHT - 38.0, REMARK, foot);
    Some(())
}

fn draw_title(pen: &mut Pen<'_, '_>, kit: &Kit) {
    pen.bar(LEFT, 48.0, 36.0, 3.0, Ink::Dark);
    pen.text(LEFT, 82.0, TITLE, "Truebell Emergency Kit");
    let date = format!("Made on {}", derive_day(kit));
    pen.text(WIDTH - LEFT - pen.width(REMARK, &date), 82.0, REMARK, &date);
    let what = "With this page and your account password you can open your account on a new device, even if every device you have \
                is lost. Truebell cannot do it for you: without this page or an enrolled device, nobody can.";
    pen.paragraph(LEFT, 106.0, INNER, BODY, what);
}

/// The Secret Key: eight cells in two rows, the groups numbered as Truebell names them when one is mistyped.
fn draw_key(pen: &mut Pen<'_, '_>, top: f32, kit: &Kit) -> Option<()> {
    const HEIGHT: f32 = 132.0;
    pen.bar(LEFT, top, INNER, HEIGHT, Ink::Tint);
    pen.bar(LEFT, top, 3.0, HEIGHT, Ink::Dark);
    pen.text(LEFT + 18.0, top + 22.0, LABEL, "SECRET KEY");
    let text = kit.secret_key.to_text();
    let cell = (INNER - 36.0) / 4.0;
    let last = text.expose().split('-').count().checked_sub(1)?;
    for (index, group) in text.expose().split('-').enumerate() {
        let column = [0.0, 1.0, 2.0, 3.0].get(index % 4)? * cell;
        let (x, y) = (LEFT + 18.0 + column, top + if index < 4 { 55.0 } else { 103.0 });
        let dash = if index < last { "-" } else { "" };
        pen.text(x, y, KEY, &format!("{group}{dash}"));
        let name = if index == 0 { "begins with".to_owned() } else { format!("group {index}") };
        pen.text(x + 1.0, y + 13.0, Style { size: 7.5, ..REMARK }, &name);
    }
    Some(())
}

/// Address, account and server on the left, the code for a phone on the right.
fn draw_values(pen: &mut Pen<'_, '_>, top: f32, kit: &Kit) {
    let column = INNER - QR_SIDE - GAP;
    let mut y = top + 8.0;
    let mut all_shown = true;
    for (label, value, lines_max) in [
        ("EMAIL", &kit.email, 3),
        ("SERVER", &kit.server, 2),
        ("SERVER FINGERPRINT", &kit.fingerprint, 2),
        ("ACCOUNT", &kit.account.to_string(), 1),
        ("CREDENTIALS EPOCH", &kit.epoch.to_string(), 1),
    ] {
        let face = [Face::Mono, Face::Text].into_iter().find(|face| pen.spell(*face, value) == **value);
        all_shown &= face.is_some();
        let style = Style { face: face.unwrap_or(Face::Mono), ..VALUE };
        pen.text(LEFT, y, LABEL, label);
        y = draw_value(pen, y + 13.5, column, style, &pen.spell(style.face, value), lines_max) + 6.5;
    }
    if !all_shown {
        let why = "[U+…] is the number of a letter that this page's typefaces lack. The QR code and the file have the letter itself.";
        pen.text(LEFT, HEIGHT - 52.0, REMARK, why);
    }
    let x = WIDTH - LEFT - QR_SIDE;
    match derive_code(kit) {
        Some(code) => draw_code(pen, x, top, &code),
        None => {
            pen.paragraph(x, top + 8.0, QR_SIDE, REMARK, "The values are too long for a QR code: use the file.");
        }
    }
    let caption = "For a phone: everything on this page but the password. Whoever scans it has your Secret Key.";
    pen.paragraph(x, top + QR_SIDE + 13.0, QR_SIDE, Style { size: 7.5, ..REMARK }, caption);
}

/// A value broken between any two letters; smaller if it is very long. Gives the next baseline.
fn draw_value(pen: &mut Pen<'_, '_>, y: f32, width: f32, style: Style, value: &str, lines_max: usize) -> f32 {
    let mut style = style;
    let mut lines = break_anywhere(pen, style, width, value);
    while lines.len() > lines_max && style.size > TINY {
        style.size -= 0.5;
        lines = break_anywhere(pen, style, width, value);
    }
    if lines.len() > lines_max {
        lines.truncate(lines_max);
        // What is cut off here is whole in the attached text.
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push('…');
        }
    }
    let mut y = y;
    for line in &lines {
        pen.text(LEFT, y, style, line);
        y += style.size * 1.3;
    }
    y
}

fn break_anywhere(pen: &Pen<'_, '_>, style: Style, width: f32, value: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for letter in value.chars() {
        let advance = pen.width(style, letter.encode_utf8(&mut [0; 4]));
        if used + advance > width {
            lines.push(String::new());
            used = 0.0;
        }
        used += advance;
        lines.last_mut().into_iter().for_each(|line| line.push(letter));
    }
    lines
}

fn draw_code(pen: &mut Pen<'_, '_>, x: f32, top: f32, code: &Code) {
    let module = QR_SIDE / f32::from(code.width);
    // A hair taller than a module, so that no viewer shows seams between rows.
    let bar = |&(row, column, length): &(u16, u16, u16)| {
        (x + f32::from(column) * module, top + f32::from(row) * module, f32::from(length) * module, module * 1.02)
    };
    pen.bars(Ink::Dark, code.runs.iter().map(bar).collect::<Vec<_>>());
}

fn draw_password(pen: &mut Pen<'_, '_>, top: f32) {
    pen.text(LEFT, top, HEADING, "Account password");
    let why = "Write it here by hand, or keep it elsewhere. It is in no file and on no server.";
    pen.text(WIDTH - LEFT - pen.width(REMARK, why), top, REMARK, why);
    pen.frame(LEFT, top + 10.0, INNER, 74.0, 0.8);
    pen.bar(LEFT + 16.0, top + 62.0, INNER - 32.0, 0.6, Ink::Line);
}

fn draw_advice(pen: &mut Pen<'_, '_>, top: f32, kit: &Kit) {
    let half = (INNER - GAP) / 2.0;
    let right = LEFT + half + GAP;
    let advice = Style { size: 9.0, ..BODY };
    pen.text(LEFT, top, HEADING, "Keep it safe");
    let mut y = top + 17.0;
    for line in [
        "Print this page, then delete the file and empty the trash.",
        "Keep it where you keep your passport. A second copy at another place, without the password, is a good idea.",
        "Nobody who runs a server ever needs it. Do not mail it, photograph it or show it to support.",
    ] {
        y = draw_bullet(pen, LEFT, y, half, advice, line);
    }
    pen.text(right, top, HEADING, "Use it");
    let mut y = top + 17.0;
    for line in [
        "From the file: truebell signin --kit FILE. From paper: truebell signin --server … --email …, then type the Secret Key.",
        "If you mistype the Secret Key, Truebell names the group that is wrong.",
        &format!("After a change of the Secret Key print a new kit and destroy this one; it is of epoch {}.", kit.epoch),
    ] {
        y = draw_bullet(pen, right, y, half, advice, line);
    }
}

fn draw_bullet(pen: &mut Pen<'_, '_>, x: f32, y: f32, width: f32, style: Style, line: &str) -> f32 {
    pen.bar(x, y - style.size * 0.36, 3.0, 3.0, Ink::Dark);
    pen.paragraph(x + 10.0, y, width - 10.0, style, line) + 3.0
}

fn derive_day(kit: &Kit) -> String {
    let utc = kit.created.utc();
    let month = usize::try_from(utc.month).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    format!("{} {} {}", utc.day, month.copied().unwrap_or_default(), utc.year)
}
