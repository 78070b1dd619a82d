//! Reads a saved mail (RFC 5322, RFC 2045 to 2049) as strictly as can be: what a relay does to a mail is understood, what two readers
//! could understand differently is refused. Never here: an opinion about the mail.

use data_encoding::BASE64;

/// Longest file read, in bytes.
const BYTES_MAX: usize = 512 * 1024;
/// How deep parts may hold parts.
const DEPTH_MAX: usize = 6;
/// Most parts.
const PARTS_MAX: usize = 64;

/// Why a file is not read as a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAMail {
    /// Too long.
    #[error("the file is longer than any mail of Truebell: save the mail itself, without others around it")]
    TooLong,
    /// No mail, or one that could be read in two ways.
    #[error("this is not a saved mail: save it as a file with all its headers (“show original”, “save as .eml”)")]
    Malformed,
}

/// One part that holds no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// `text/plain`, in small letters.
    pub(super) kind: String,
    /// File name, or nothing.
    pub(super) name: String,
    charset: String,
    /// Transfer encoding undone.
    bytes: Vec<u8>,
}

impl Leaf {
    /// Its text, if its charset is one this reader knows and fits.
    pub(super) fn text(&self) -> Option<String> {
        match self.charset.as_str() {
            "" | "us-ascii" | "utf-8" | "utf8" => String::from_utf8(self.bytes.clone()).ok(),
            "iso-8859-1" | "latin1" | "windows-1252" => Some(self.bytes.iter().map(|byte| western(*byte)).collect()),
            _ => None,
        }
    }
}

/// A mail taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) subject: String,
    pub(super) leaves: Vec<Leaf>,
}

/// Takes a mail apart.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, NotAMail> {
    if bytes.len() > BYTES_MAX {
        return Err(NotAMail::TooLong);
    }
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    // Mailbox files put a line of their own in front.
    let lines = if lines.first().is_some_and(|line| line.starts_with(b"From ")) { lines.get(1..).unwrap_or_default() } else { &lines };
    let (headers, body) = Headers::read(lines)?;
    let subject = headers.one("subject")?.unwrap_or_default().to_owned();
    let mut leaves = Vec::new();
    take_apart(&headers, body, 0, &mut leaves)?;
    Ok(Parts { subject, leaves })
}

fn take_apart(headers: &Headers, body: &[&[u8]], depth: usize, leaves: &mut Vec<Leaf>) -> Result<(), NotAMail> {
    if depth > DEPTH_MAX || leaves.len() >= PARTS_MAX {
        return Err(NotAMail::Malformed);
    }
    let kind = Value::read(headers.one("content-type")?.unwrap_or("text/plain"))?;
    if !kind.word.starts_with("multipart/") {
        let disposition = headers.one("content-disposition")?.map(Value::read).transpose()?;
        let name = disposition.and_then(|value| value.get("filename")).or_else(|| kind.get("name")).unwrap_or_default();
        let charset = kind.get("charset").unwrap_or_default().to_ascii_lowercase();
        let bytes = decode(headers.one("content-transfer-encoding")?.unwrap_or("7bit"), body)?;
        leaves.push(Leaf { kind: kind.word, name, charset, bytes });
        return Ok(());
    }
    let boundary = kind.get("boundary").filter(|boundary| !boundary.is_empty() && boundary.len() <= 70).ok_or(NotAMail::Malformed)?;
    for part in split(body, boundary.as_bytes())? {
        let (headers, body) = Headers::read(part)?;
        take_apart(&headers, body, depth + 1, leaves)?;
    }
    Ok(())
}

/// The parts between boundary lines. The last boundary must be there: a mail cut short is no mail.
fn split<'a, 'b>(lines: &'a [&'b [u8]], boundary: &[u8]) -> Result<Vec<&'a [&'b [u8]]>, NotAMail> {
    let mark = |line: &[u8]| -> Option<bool> {
        let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii_end();
        if rest.is_empty() { Some(false) } else { (rest == b"--").then_some(true) }
    };
    let (mut parts, mut start) = (Vec::new(), None);
    for (place, line) in lines.iter().enumerate() {
        let Some(is_last) = mark(line) else { continue };
        if let Some(start) = start.take() {
            parts.push(lines.get(start..place).ok_or(NotAMail::Malformed)?);
        }
        if is_last {
            return Ok(parts);
        }
        start = Some(place + 1);
    }
    Err(NotAMail::Malformed)
}

/// Header fields, unfolded: name in small letters, and value.
struct Headers(Vec<(String, String)>);

impl Headers {
    fn read<'a, 'b>(lines: &'a [&'b [u8]]) -> Result<(Self, &'a [&'b [u8]]), NotAMail> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            if line.is_empty() {
                return Ok((Self(fields), lines.get(place + 1..).unwrap_or_default()));
            }
            let line = String::from_utf8_lossy(line);
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or(NotAMail::Malformed)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(NotAMail::Malformed)?;
            if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
                return Err(NotAMail::Malformed);
            }
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        // A part may have headers and no body; the mail itself then has no parts either.
        Ok((Self(fields), &[]))
    }

    /// A field that may stand once: readers differ over which of two counts.
    fn one(&self, name: &str) -> Result<Option<&str>, NotAMail> {
        let mut found = self.0.iter().filter(|(field, _)| field == name);
        let value = found.next().map(|(_, value)| value.as_str());
        if found.next().is_some() { Err(NotAMail::Malformed) } else { Ok(value) }
    }
}

/// `word; name=value; name="value"`.
struct Value {
    word: String,
    parameters: Vec<(String, String)>,
}

impl Value {
    fn read(text: &str) -> Result<Self, NotAMail> {
        let (word, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let mut parameters: Vec<(String, String)> = Vec::new();
        while !rest.trim().is_empty() {
            let (name, after) = rest.split_once('=').ok_or(NotAMail::Malformed)?;
            let name = name.trim().to_ascii_lowercase();
            let (value, next) = read_value(after.trim_start())?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(NotAMail::Malformed);
            }
            parameters.push((name, value));
            rest = next;
        }
        Ok(Self { word: word.trim().to_ascii_lowercase(), parameters })
    }

    fn get(&self, name: &str) -> Option<String> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// One value, and what follows its semicolon.
fn read_value(text: &str) -> Result<(String, &str), NotAMail> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return Ok((value.trim().to_owned(), rest));
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (place, letter) in quoted.char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => {
                let rest = quoted.get(place + 1..).unwrap_or_default().trim_start();
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix(';').ok_or(NotAMail::Malformed)? };
                return Ok((value, rest));
            }
            _ => value.push(letter),
        }
    }
    Err(NotAMail::Malformed)
}

fn decode(encoding: &str, lines: &[&[u8]]) -> Result<Vec<u8>, NotAMail> {
    match encoding.to_ascii_lowercase().as_str() {
        "7bit" | "8bit" | "binary" => Ok(lines.join(&b'\n')),
        "base64" => {
            let letters: Vec<u8> = lines.concat().into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
            BASE64.decode(&letters).map_err(|_| NotAMail::Malformed)
        }
        "quoted-printable" => Ok(quoted_printable(lines)),
        _ => Err(NotAMail::Malformed),
    }
}

/// RFC 2045, section 6.7. An equals sign that escapes nothing stays what it is.
fn quoted_printable(lines: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let line = line.trim_ascii_end();
        let (line, is_soft) = line.strip_suffix(b"=").map_or((line, false), |line| (line, true));
        let mut rest = line;
        while let Some((first, after)) = rest.split_first() {
            let escaped = (*first == b'=').then(|| after.first_chunk::<2>().and_then(|pair| hex(*pair))).flatten();
            bytes.push(escaped.unwrap_or(*first));
            rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
        }
        if !is_soft && place + 1 < lines.len() {
            bytes.push(b'\n');
        }
    }
    bytes
}

fn hex(pair: [u8; 2]) -> Option<u8> {
    let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

/// Windows-1252, which mail programs also mean when they write ISO-8859-1.
fn western(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•',
        '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        _ => char::from(byte),
    }
}
