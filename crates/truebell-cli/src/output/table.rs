//! A table: columns aligned on a terminal, tab-separated where piped, so that `cut` and `awk` can read it. Never here: JSON.

use super::{Paint, clean};
use std::io::{self, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows under headings.
#[derive(Debug, Default)]
pub struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

const GAP: usize = 2;
/// A column is never cut below this many terminal columns.
const CUT_MIN: usize = 8;

impl Table {
    /// With these headings.
    pub fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; its cells are made harmless.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|cell| clean(cell).into_owned()).collect());
    }

    pub(super) fn write(&self, out: &mut dyn Write, paint: Paint, width: Option<usize>) -> io::Result<()> {
        match width {
            None => self.rows.iter().try_for_each(|row| writeln!(out, "{}", row.join("\t"))),
            Some(width) => self.write_aligned(out, paint, width),
        }
    }

    fn write_aligned(&self, out: &mut dyn Write, paint: Paint, width: usize) -> io::Result<()> {
        let widths = self.widths(width);
        let heads: Vec<String> = self.heads.iter().map(|head| head.to_uppercase()).collect();
        writeln!(out, "{}", paint.dim(&line(&heads, &widths)))?;
        self.rows.iter().try_for_each(|row| writeln!(out, "{}", line(row, &widths)))
    }

    /// Each column as wide as its widest cell; where that is too wide for the terminal, the widest columns give way.
    fn widths(&self, total: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heads.iter().map(|head| head.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let room = total.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            // Ids are the first column and are never cut: a cut id is of no use.
            match widths.iter_mut().skip(1).max() {
                Some(widest) if *widest > CUT_MIN => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let cell = cut(cell, *width);
        text.push_str(&cell);
        if index + 1 < widths.len() {
            text.extend(std::iter::repeat_n(' ', width - cell.width().min(*width) + GAP));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn cut(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut text = String::new();
    let mut used = 1;
    for letter in cell.chars() {
        used += letter.width().unwrap_or(0);
        if used > width {
            break;
        }
        text.push(letter);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: Option<usize>) -> String {
        let mut table = Table::new(&["id", "title", "user"]);
        table.row(["itm_1", "Bank", "ada"]);
        table.row(["itm_22", "東京銀行 and a rather long title", "b\tb"]);
        let mut out = Vec::new();
        table.write(&mut out, Paint::OFF, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn piped_rows_are_tab_separated_and_without_headings() {
        assert_eq!(written(None), "itm_1\tBank\tada\nitm_22\t東京銀行 and a rather long title\tb b\n");
    }

    #[test]
    fn on_a_terminal_columns_line_up_and_the_widest_gives_way() {
        insta::assert_snapshot!(written(Some(30)), @r"
        ID      TITLE             USER
        itm_1   Bank              ada
        itm_22  東京銀行 and a …  b b
        ");
    }
}
