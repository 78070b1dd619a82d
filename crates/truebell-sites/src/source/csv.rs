//! Comma-separated records (RFC 4180), one at a time from a reader.

use std::io::{self, BufRead};

/// A record longer than this is a file of another kind.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// What stands where a record should be.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file cannot be read.
    Io,
    /// It is no record.
    Record(&'static str),
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// One line of a file, or several where `is_open` says that the first goes on; with the bytes and the lines it took. `None` at the end.
pub(super) fn lines(reader: &mut impl BufRead, is_open: fn(&[u8]) -> bool) -> Result<Option<(Vec<u8>, u64)>, Fault> {
    let (mut bytes, mut lines) = (Vec::new(), 0);
    loop {
        let limit = (RECORD_BYTES_MAX - bytes.len().min(RECORD_BYTES_MAX)) as u64;
        let count = io::Read::take(&mut *reader, limit + 1).read_until(b'\n', &mut bytes)?;
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(Fault::Record("it is longer than a megabyte"));
        }
        if count == 0 {
            return if is_open(&bytes) {
                Err(Fault::Record("its quotes do not end"))
            } else {
                Ok((!bytes.is_empty()).then_some((bytes, lines)))
            };
        }
        lines += 1;
        if bytes.ends_with(b"\n") && !is_open(&bytes) {
            return Ok(Some((bytes, lines)));
        }
    }
}

/// Whether a quoted field is still open at the end: quotes inside one stand twice, so they come in pairs.
pub(super) fn is_open(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// The fields of a whole record.
pub(super) fn fields(record: &str) -> Result<Vec<String>, Fault> {
    let record = record.strip_suffix('\n').unwrap_or(record);
    let mut rest = record.strip_suffix('\r').unwrap_or(record);
    let mut fields = Vec::new();
    loop {
        let (field, more) = match rest.strip_prefix('"') {
            Some(quoted) => self::quoted(quoted)?,
            None => match rest.split_once(',') {
                Some((field, more)) => (field.to_owned(), Some(more)),
                None => (rest.to_owned(), None),
            },
        };
        fields.push(field);
        match more {
            Some(more) => rest = more,
            None => return Ok(fields),
        }
    }
}

/// A field behind its opening quote, and what follows its comma.
fn quoted(text: &str) -> Result<(String, Option<&str>), Fault> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or(Fault::Record("its quotes do not end"))?;
        field.push_str(part);
        match (after.strip_prefix('"'), after.strip_prefix(',')) {
            (Some(more), _) => {
                field.push('"');
                rest = more;
            }
            (None, Some(more)) => return Ok((field, Some(more))),
            (None, None) if after.is_empty() => return Ok((field, None)),
            (None, None) => return Err(Fault::Record("something stands between a quote and the next comma")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_rfc_4180_writes_them() {
        for (record, expected) in [
            ("a,b,c\r\n", vec!["a", "b", "c"]),
            ("a,,\n", vec!["a", "", ""]),
            ("", vec![""]),
            ("\"a,b\",\"say \"\"hi\"\"\"\n", vec!["a,b", "say \"hi\""]),
            ("\"two\nlines\",x", vec!["two\nlines", "x"]),
            ("\"\",\"\"", vec!["", ""]),
        ] {
            assert_eq!(fields(record).expect(record), expected, "{record}");
        }
        assert!(fields("\"a\"b,c").is_err());
        assert!(fields("\"a").is_err());
    }

    #[test]
    fn a_record_may_be_several_lines_and_must_not_be_endless() {
        let mut reader = &b"a,\"x\ny\"\nb\n"[..];
        assert_eq!(lines(&mut reader, is_open).expect("read"), Some((b"a,\"x\ny\"\n".to_vec(), 2)));
        assert_eq!(lines(&mut reader, is_open).expect("read"), Some((b"b\n".to_vec(), 1)));
        assert!(lines(&mut reader, is_open).expect("read").is_none());
        assert!(lines(&mut &b"\"open\n"[..], is_open).is_err());
        let endless = vec![b'x'; RECORD_BYTES_MAX + 1];
        assert!(lines(&mut endless.as_slice(), is_open).is_err());
    }
}
