//! CSV as text in rows (RFC 4180, with what programs do to it: a byte order mark, CRLF, semicolons or tabs for commas, line ends
//! inside quotes). Every error names its line.

use super::super::{ImportError, Source};
use std::collections::VecDeque;
use zeroize::Zeroize;

/// A header and the text after it.
pub(super) struct Table<'a> {
    source: Source,
    /// Column names, in small letters.
    pub(super) columns: Vec<String>,
    labels: Vec<String>,
    cells: Cells<'a>,
}

/// One row; its cells are taken one by one, and what is left at the end becomes custom fields.
pub(super) struct Row {
    /// The line it begins on, counted from 1.
    pub(super) line: u64,
    cells: VecDeque<Cell>,
}

struct Cell {
    column: String,
    label: String,
    value: String,
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl Row {
    /// The value in a column, empty if there is none.
    pub(super) fn take(&mut self, column: &str) -> String {
        let position = self.cells.iter().position(|cell| cell.column == column);
        let cell = position.and_then(|at| self.cells.remove(at));
        cell.map(|mut cell| std::mem::take(&mut cell.value)).unwrap_or_default()
    }

    /// The value without taking it.
    pub(super) fn peek(&self, column: &str) -> &str {
        self.cells.iter().find(|cell| cell.column == column).map_or("", |cell| &cell.value)
    }

    /// A column's name as the file writes it.
    pub(super) fn label(&self, column: &str) -> String {
        self.cells.iter().find(|cell| cell.column == column).map_or_else(|| column.to_owned(), |cell| cell.label.clone())
    }

    /// Label and value of each cell left that has one.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, String)> {
        let cells = self.cells.into_iter().filter(|cell| !cell.value.is_empty());
        cells.map(|mut cell| (std::mem::take(&mut cell.label), std::mem::take(&mut cell.value)))
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.value.trim().is_empty())
    }
}

impl<'a> Table<'a> {
    pub(super) fn parse(source: Source, bytes: &'a [u8]) -> Result<Self, ImportError> {
        let text = decode(bytes)?;
        let head = text.split(['\n', '\r']).next().unwrap_or_default();
        let mut cells = Cells { rest: text, line: 1, separator: separator(head) };
        let Some((_, labels)) = cells.next_row(source)? else {
            return Err(ImportError::Foreign(source, "it is empty".to_owned()));
        };
        let columns = labels.iter().map(|label| label.trim().to_lowercase()).collect();
        Ok(Self { source, columns, labels, cells })
    }

    /// Every row, or the first error.
    pub(super) fn rows(&mut self) -> Result<Vec<Row>, ImportError> {
        let mut rows = Vec::new();
        while let Some((line, values)) = self.cells.next_row(self.source)? {
            if values.iter().all(String::is_empty) {
                continue;
            }
            let row = self.row(line, values)?;
            if !row.is_blank() {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn row(&self, line: u64, mut values: Vec<String>) -> Result<Row, ImportError> {
        while values.len() > self.columns.len() && values.last().is_some_and(String::is_empty) {
            values.pop();
        }
        if values.len() != self.columns.len() {
            let reason = if values.len() < self.columns.len() {
                format!("it has {} of the {} columns the first line names", values.len(), self.columns.len())
            } else {
                format!("it has {} columns more than the first line names", values.len() - self.columns.len())
            };
            return Err(ImportError::damaged(self.source, format!("line {line}"), reason));
        }
        let cells = self.columns.iter().zip(&self.labels).zip(values);
        let cells = cells.map(|((column, label), value)| Cell { column: column.clone(), label: label.trim().to_owned(), value });
        Ok(Row { line, cells: cells.collect() })
    }
}

/// The column names in a header line, in small letters; nothing if it is broken.
pub(super) fn columns(line: &str) -> Vec<String> {
    let mut cells = Cells { rest: line, line: 1, separator: separator(line) };
    let row = cells.next_row(Source::Chrome).unwrap_or_default();
    row.map(|(_, labels)| labels.iter().map(|label| label.trim().to_lowercase()).collect()).unwrap_or_default()
}

/// UTF-8 text without a byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
        ImportError::NotUtf8 { line: u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1) }
    })
}

/// What separates the columns of a header line: the one of comma, semicolon and tab it has most of.
fn separator(header: &str) -> char {
    let count = |separator| header.chars().filter(|letter| *letter == separator).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(',')
}

struct Cells<'a> {
    rest: &'a str,
    line: u64,
    separator: char,
}

/// How a cell ended.
enum End {
    Cell,
    Row,
}

impl Cells<'_> {
    /// The next row with the line it begins on; nothing at the end of the text.
    fn next_row(&mut self, source: Source) -> Result<Option<(u64, Vec<String>)>, ImportError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let mut values = Vec::new();
        loop {
            let (value, end) = if self.rest.starts_with('"') { self.quoted(source)? } else { self.bare() };
            values.push(value);
            if matches!(end, End::Row) {
                return Ok(Some((line, values)));
            }
        }
    }

    fn bare(&mut self) -> (String, End) {
        let end = self.rest.find([self.separator, '\n', '\r']).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        let value = value.to_owned();
        (value, self.separator())
    }

    /// Takes the separator or line end in front of the rest.
    fn separator(&mut self) -> End {
        if let Some(rest) = self.rest.strip_prefix(self.separator) {
            self.rest = rest;
            return End::Cell;
        }
        let rest = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r']));
        self.rest = rest.unwrap_or("");
        self.line += 1;
        End::Row
    }

    fn quoted(&mut self, source: Source) -> Result<(String, End), ImportError> {
        let line = self.line;
        let mut value = String::new();
        self.rest = self.rest.strip_prefix('"').unwrap_or(self.rest);
        loop {
            let Some((piece, rest)) = self.rest.split_once('"') else {
                return Err(ImportError::damaged(source, format!("line {line}"), "a quote that opens there is never closed"));
            };
            value.push_str(piece);
            self.line += u64::try_from(piece.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(0);
            match rest.strip_prefix('"') {
                Some(rest) => {
                    value.push('"');
                    self.rest = rest;
                }
                None => {
                    self.rest = rest;
                    break;
                }
            }
        }
        // Some programs write text after a closing quote; it belongs to the value.
        let (tail, end) = self.bare();
        value.push_str(&tail);
        Ok((value, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut table = Table::parse(Source::Chrome, text.as_bytes()).unwrap();
        table.rows().unwrap().into_iter().map(|row| (row.line, row.cells.iter().map(|cell| cell.value.clone()).collect())).collect()
    }

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn quotes_line_ends_marks_and_separators_are_read() {
        for text in [
            "a,b\n1,2\n3,4",
            "\u{feff}a,b\r\n1,2\r\n3,4\r\n",
            "\"a\";\"b\"\n\"1\";\"2\"\n\n3;4\n",
            "a\tb\n1\t2\r3\t4",
            "a,b\n1,2,\n3,4,,\n",
        ] {
            let values: Vec<_> = rows(text).into_iter().map(|(_, values)| values).collect();
            assert_eq!(values, [strings(&["1", "2"]), strings(&["3", "4"])], "{text:?}");
        }
    }

    #[test]
    fn a_line_end_inside_quotes_belongs_to_the_value_and_counts_as_a_line() {
        let found = rows("a,b\n\"x\r\ny\",\"say \"\"hi\"\"\"\n3,4\n");
        assert_eq!(found, [(2, strings(&["x\r\ny", "say \"hi\""])), (4, strings(&["3", "4"]))]);
    }

    #[test]
    fn errors_name_the_line() {
        for (bytes, sentence) in [
            (
                &b"a,b\n1,2\n\"3,4\n"[..],
                "this Chrome CSV file is damaged at line 3: a quote that opens there is never closed; nothing was imported, please export it again",
            ),
            (
                b"a,b\n1,2\n3\n",
                "this Chrome CSV file is damaged at line 3: it has 1 of the 2 columns the first line names; nothing was imported, please export it again",
            ),
            (
                b"a,b\n1,2\n\xe4,4\n",
                "line 3 is not UTF-8 text; save the file as UTF-8 (in a spreadsheet: \"CSV UTF-8\") and import it again",
            ),
            (b"", "this is not a Chrome CSV file: it is empty"),
        ] {
            let error = Table::parse(Source::Chrome, bytes).and_then(|mut table| table.rows().map(|_| ())).unwrap_err();
            assert_eq!(error.to_string(), sentence);
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(values in proptest::collection::vec(proptest::collection::vec("\\PC*|[\"\r\n,;]*", 3), 1..5)) {
            let cell = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
            let mut text = "a,b,c\n".to_owned();
            for row in &values {
                text += &(row.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n");
            }
            let found: Vec<_> = rows(&text).into_iter().map(|(_, values)| values).collect();
            let expected: Vec<_> = values.into_iter().filter(|row| !row.iter().all(|value| value.trim().is_empty())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
