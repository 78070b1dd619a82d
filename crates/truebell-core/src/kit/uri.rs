//! A kit as one line, for its QR code.

use super::found::Found;
use super::{Kit, KitError, KitField, Place, VERSION};
use crate::secret::Secret;
use crate::time::UnixMillis;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'/').remove(b'@');

impl Kit {
    /// Its one-line form, `truebell://kit?…`.
    pub fn to_uri(&self) -> Secret {
        let fields = self.fields();
        let length: usize = fields.iter().map(|(_, value)| value.len() * 3 + 16).sum();
        let mut uri = String::with_capacity(length + 32);
        uri.push_str(&format!("truebell://kit?{}={VERSION}", KitField::Version.parameter()));
        for (field, value) in &fields {
            uri.extend(["&", field.parameter(), "="]);
            match field {
                KitField::Created => uri.push_str(&self.created.seconds().to_string()),
                _ => uri.extend(utf8_percent_encode(value, ESCAPED)),
            }
        }
        Secret::new(uri)
    }

    /// Reads the one-line form.
    pub fn parse_uri(uri: &str) -> Result<Self, KitError> {
        let (head, query) = uri.trim().split_once('?').ok_or(KitError::NotAKit)?;
        if !head.trim_end_matches('/').eq_ignore_ascii_case("truebell://kit") {
            return Err(KitError::NotAKit);
        }
        let mut found = Found::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if let Some(field) = KitField::ALL.into_iter().find(|field| field.parameter() == name) {
                found.add(field, Place::Code, read_value(field, value)?)?;
            }
        }
        found.into_kit()
    }
}

/// The value as a kit's text has it.
fn read_value(field: KitField, value: &str) -> Result<Zeroizing<String>, KitError> {
    let unreadable = KitError::Unreadable { place: Place::Code, field };
    let Ok(value) = percent_decode_str(value).decode_utf8() else { return Err(unreadable) };
    if field == KitField::Created {
        let seconds = value.parse().map_err(|_| unreadable)?;
        return Ok(Zeroizing::new(UnixMillis::from_seconds(seconds).utc().to_string()));
    }
    Ok(Zeroizing::new(value.into_owned()))
}

impl KitField {
    fn parameter(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Fingerprint => "fingerprint",
            Self::Email => "email",
            Self::Account => "account",
            Self::SecretKey => "key",
            Self::Epoch => "epoch",
            Self::Created => "created",
            Self::Version => "v",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::ada;
    use super::*;
    use proptest::prelude::*;

    /// QR codes on paper are read for ever.
    const FIRST: &str = include_str!("../../../../vectors/kit.uri");

    #[test]
    fn the_uri_is_the_one_first_released() {
        assert_eq!(ada().to_uri().expose(), FIRST.trim_end());
        assert_eq!(Kit::parse_uri(FIRST), Ok(ada()));
    }

    #[test]
    fn order_unknown_parameters_and_needless_escapes_do_not_matter() {
        let (head, query) = FIRST.trim_end().split_once('?').unwrap();
        let reversed: Vec<_> = query.split('&').rev().collect();
        for uri in [
            format!("{head}?{}", reversed.join("&")),
            format!("{}&new=thing&more", FIRST.trim_end()),
            FIRST.replace("@", "%40").replace("truebell://kit", "TRUEBELL://Kit/"),
        ] {
            assert_eq!(Kit::parse_uri(&uri), Ok(ada()), "{uri}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_its_value() {
        let with = |from: &str, to: &str| Kit::parse_uri(&FIRST.replace(from, to)).unwrap_err().to_string();
        let cases = [
            with("truebell://kit", "https://kit"),
            with("?", ""),
            with("v=1", "v=2"),
            with("&email=", "&mail="),
            with("&key=TB1-60RK3", "&key=TB1-60RK4"),
            with("created=1795415631", "created=soon"),
            with("created=1795415631", "created=99999999999999999999"),
            with("created=1795415631", "created=999999999999999999"),
            with("ada", "%ff"),
            with("ada", "ada%01"),
            with("&epoch=3", "&epoch=3&epoch=4"),
        ];
        insta::assert_snapshot!(cases.join("\n"), @r#"
        this is not a Truebell Emergency Kit: use the PDF or the text that was saved at sign-up
        this is not a Truebell Emergency Kit: use the PDF or the text that was saved at sign-up
        this Emergency Kit is of a newer version: update Truebell
        this Emergency Kit has no "Email": use the whole of it
        the QR code of the Emergency Kit: there is a typo in group 1 of the Secret Key (the first after TB1 is group 1): compare it with your Emergency Kit
        the QR code of the Emergency Kit cannot be read: "Created" must be a date, such as 2026-11-23 06:20:31Z
        the QR code of the Emergency Kit cannot be read: "Created" must be a date, such as 2026-11-23 06:20:31Z
        the QR code of the Emergency Kit cannot be read: "Created" must be a date, such as 2026-11-23 06:20:31Z
        the QR code of the Emergency Kit cannot be read: "Email" must be a mail address
        the QR code of the Emergency Kit cannot be read: "Email" must be a mail address
        this Emergency Kit has two different values for "Epoch" (the QR code, the QR code): use one kit at a time
        "#);
    }

    proptest! {
        #[test]
        fn no_uri_makes_the_reader_panic(query in "(v|server|key|created|epoch|[a-z]{0,3}|=|&|%|\\PC){0,40}") {
            let _ = Kit::parse_uri(&format!("truebell://kit?{query}"));
        }
    }
}
