//! One-time passwords by the clock: RFC 6238, `otpauth://` URIs, codes and their check. Never here: what time it is, and what was
//! used before: [`Totp::verify`] names the step it matched, and whoever stores that step refuses it the second time.
//!
//! A generator of ours (`hmac` with SHA-1 or SHA-2) rather than a crate: real sites hand out 80-bit secrets, periods of 10 seconds and
//! URIs with `+` for a space, and a vault must carry what the site gave.

use crate::chance::{Chance, make_array};
use crate::secret::Secret;
use crate::time::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Longer texts are not one-time password secrets; the longest real ones are some hundred characters.
const TEXT_BYTES_MAX: usize = 4096;
const SECRET_BYTES_NEW: usize = 20;
/// RFC 3986's unreserved characters and `@` need no escape in a label or a query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The hash under the HMAC (RFC 6238 section 1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA-1: what nearly every site and app means.
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// A one-time password generator: a secret and how codes are made from it.
#[derive(Clone)]
pub struct Totp {
    secret: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    digits: u8,
    period_s: u32,
    issuer: String,
    account: String,
}

/// A code and how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Six to eight digits.
    pub text: Secret,
    /// Whole seconds until the next code, from 1 to the period.
    pub left_s: u32,
}

/// Why a text is not a one-time password generator. None of them repeats what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotpError {
    /// No secret at all.
    #[error("the one-time password has no secret: paste the site's otpauth:// address or its secret of letters A-Z and digits 2-7")]
    NoSecret,
    /// Not base32.
    #[error(
        "the one-time password's secret has a character that is not a letter A-Z or a digit 2-7 (character {place}): copy it again from the site"
    )]
    NotBase32 {
        /// Counted from 1, in the secret.
        place: usize,
    },
    /// Longer than any secret is.
    #[error("this is too long to be a one-time password: paste the site's otpauth:// address or its secret")]
    TooLong,
    /// Counter-based.
    #[error("this one-time password counts uses instead of time (HOTP), which Truebell does not make: keep it in the app it is in")]
    CounterBased,
    /// Steam's own letters.
    #[error("this is a Steam Guard secret, whose codes are not standard one-time passwords: Truebell does not make them")]
    Steam,
    /// An address of another kind.
    #[error("this address is not a one-time password's: one begins with otpauth://totp/")]
    OtherUri,
    /// A hash this crate does not have.
    #[error("the one-time password's algorithm is unknown: Truebell makes codes with SHA1, SHA256 and SHA512")]
    Algorithm,
    /// Not 6, 7 or 8 digits.
    #[error("the one-time password's number of digits must be 6, 7 or 8")]
    Digits,
    /// Not a number of seconds from 1.
    #[error("the one-time password's period must be a whole number of seconds, at least 1")]
    Period,
}

/// Twenty random bytes: the length RFC 4226 section 4 recommends (R6).
pub fn make_secret(chance: &mut dyn Chance) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Zeroizing::new(make_array::<SECRET_BYTES_NEW>(chance)).to_vec())
}

impl Totp {
    /// A generator every app can take: SHA-1, six digits, 30 seconds. `secret` is from [`make_secret`].
    pub fn new(secret: Zeroizing<Vec<u8>>, issuer: &str, account: &str) -> Result<Self, TotpError> {
        if secret.is_empty() {
            return Err(TotpError::NoSecret);
        }
        let (issuer, account) = (issuer.to_owned(), account.to_owned());
        Ok(Self { secret, algorithm: Algorithm::Sha1, digits: 6, period_s: 30, issuer, account })
    }

    /// With another hash.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With 6, 7 or 8 digits.
    pub fn with_digits(mut self, digits: u8) -> Result<Self, TotpError> {
        self.digits = if (6..=8).contains(&digits) { digits } else { return Err(TotpError::Digits) };
        Ok(self)
    }

    /// With a period in seconds, at least 1.
    pub fn with_period_s(mut self, period_s: u32) -> Result<Self, TotpError> {
        self.period_s = if period_s > 0 { period_s } else { return Err(TotpError::Period) };
        Ok(self)
    }

    /// Reads an `otpauth://totp/` URI, or a bare secret in base32 (any case; spaces, dashes and `=` do not count).
    pub fn parse(text: &str) -> Result<Self, TotpError> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return Err(TotpError::TooLong);
        }
        match text.split_once("://") {
            None => Self::new(read_base32(text)?, "", ""),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("otpauth") => Self::parse_uri(rest),
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("steam") => Err(TotpError::Steam),
            Some(_) => Err(TotpError::OtherUri),
        }
    }

    /// Who gave the secret; may be empty.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// For which account there; may be empty.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The hash.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How many digits a code has.
    pub fn digits(&self) -> u8 {
        self.digits
    }

    /// For how many seconds a code is shown.
    pub fn period_s(&self) -> u32 {
        self.period_s
    }

    /// The secret's bytes. Every call is a place where it can leak.
    pub fn expose_secret(&self) -> &[u8] {
        &self.secret
    }

    /// The generator as an `otpauth://totp/` URI, every parameter written out.
    pub fn to_uri(&self) -> Secret {
        let escape = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let secret = Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&self.secret));
        let (issuer, account) = (escape(&self.issuer), escape(&self.account));
        // Without an issuer, an account that holds a colon of its own is told apart by the empty place before a written one.
        let (label, issuer) = match issuer.is_empty() {
            true if self.account.contains(':') => (format!(":{account}"), issuer),
            true => (account, issuer),
            false => (format!("{issuer}:{account}"), format!("&issuer={issuer}")),
        };
        let (algorithm, digits, period_s) = (self.algorithm, self.digits, self.period_s);
        // One allocation that is long enough, so that no half-written copy of the secret stays behind.
        let mut uri = String::with_capacity(label.len() + issuer.len() + secret.len() + 96);
        uri.extend(["otpauth://totp/", &label, "?secret=", &secret, &issuer]);
        uri.push_str(&format!("&algorithm={algorithm}&digits={digits}&period={period_s}"));
        Secret::new(uri)
    }

    /// The step `now` is in: whole periods since 1970 (RFC 6238 section 4.2, T0 = 0).
    pub fn step(&self, now: UnixMillis) -> u64 {
        now.seconds() / u64::from(self.period_s)
    }

    /// The code to type at `now`.
    pub fn code(&self, now: UnixMillis) -> Code {
        let period_s = u64::from(self.period_s);
        let left_s = period_s - now.seconds() % period_s;
        Code { text: self.code_of_step(self.step(now)), left_s: u32::try_from(left_s).unwrap_or(self.period_s) }
    }

    /// The step whose code `typed` is, of the step of `now` and its two neighbours; spaces in `typed` do not count.
    ///
    /// All three are always computed and compared in constant time. If two of them have the same code, the later is named, so that
    /// a caller who refuses steps up to the last one used cannot be shown it again.
    pub fn verify(&self, typed: &str, now: UnixMillis) -> Option<u64> {
        let typed = Zeroizing::new(typed.chars().filter(|typed| !typed.is_whitespace()).collect::<String>());
        let step = self.step(now);
        let mut found = subtle::Choice::from(0);
        let mut matched = 0;
        for step in [step.saturating_sub(1), step, step.saturating_add(1)] {
            let same = self.code_of_step(step).expose().as_bytes().ct_eq(typed.as_bytes());
            matched.conditional_assign(&step, same);
            found |= same;
        }
        bool::from(found).then_some(matched)
    }

    /// HOTP(secret, step), RFC 4226 section 5.3.
    fn code_of_step(&self, step: u64) -> Secret {
        let counter = step.to_be_bytes();
        let number = match self.algorithm {
            Algorithm::Sha1 => truncate(&derive_mac::<Hmac<sha1::Sha1>>(&self.secret, &counter)),
            Algorithm::Sha256 => truncate(&derive_mac::<Hmac<sha2::Sha256>>(&self.secret, &counter)),
            Algorithm::Sha512 => truncate(&derive_mac::<Hmac<sha2::Sha512>>(&self.secret, &counter)),
        };
        let width = usize::from(self.digits);
        Secret::new(format!("{:0width$}", number % 10_u32.pow(u32::from(self.digits))))
    }

    /// What follows `otpauth://`.
    fn parse_uri(rest: &str) -> Result<Self, TotpError> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, label) = path.split_once('/').unwrap_or((path, ""));
        match kind.to_ascii_lowercase().as_str() {
            "totp" => {}
            "hotp" => return Err(TotpError::CounterBased),
            "steam" => return Err(TotpError::Steam),
            _ => return Err(TotpError::OtherUri),
        }
        let (issuer, account) = read_label(label);
        let mut totp = Self { secret: Zeroizing::default(), ..Self::new(Zeroizing::new(vec![0]), issuer.trim(), account.trim())? };
        for (name, value) in query.split('#').next().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')) {
            totp = totp.with_parameter(name, value)?;
        }
        if totp.secret.is_empty() {
            return Err(TotpError::NoSecret);
        }
        // Written out, every letter can take three bytes and the issuer stands twice: what is taken can also be written and read again.
        if totp.to_uri().expose().len() > TEXT_BYTES_MAX { Err(TotpError::TooLong) } else { Ok(totp) }
    }

    fn with_parameter(mut self, name: &str, value: &str) -> Result<Self, TotpError> {
        let value = Zeroizing::new(value.replace('+', " "));
        let value = Zeroizing::new(percent_decode_str(&value).decode_utf8_lossy().into_owned());
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "secret" => self.secret = read_base32(value)?,
            "issuer" => value.clone_into(&mut self.issuer),
            "algorithm" => self.algorithm = read_algorithm(value)?,
            "digits" => return self.with_digits(value.parse().map_err(|_| TotpError::Digits)?),
            "period" => return self.with_period_s(value.parse().map_err(|_| TotpError::Period)?),
            // KeePassXC marks Steam's letters so.
            "encoder" if value.eq_ignore_ascii_case("steam") => return Err(TotpError::Steam),
            _ => {}
        }
        Ok(self)
    }
}

impl fmt::Display for Algorithm {
    /// As in URIs.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        })
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, digits, period_s, .. } = self;
        write!(out, "Totp({algorithm}, {digits} digits, {period_s} s, …)")
    }
}

fn derive_mac<M: Mac + KeyInit>(secret: &[u8], counter: &[u8; 8]) -> Zeroizing<Vec<u8>> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 section 2)")]
    let mac = <M as KeyInit>::new_from_slice(secret).expect("HMAC takes any key").chain_update(counter);
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// Dynamic truncation to 31 bits, RFC 4226 section 5.3.
fn truncate(mac: &[u8]) -> u32 {
    let offset = usize::from(mac.last().copied().unwrap_or_default() & 15);
    let word = mac.iter().skip(offset).take(4).fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    word & 0x7fff_ffff
}

/// Issuer and account of a label: apart at the colon that is written as one; apps that escape even that one leave no other.
fn read_label(label: &str) -> (String, String) {
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    match label.split_once(':') {
        Some((issuer, account)) => (decode(issuer), decode(account)),
        None => {
            let label = decode(label);
            label
                .split_once(':')
                .map_or_else(|| (String::new(), label.clone()), |(issuer, account)| (issuer.to_owned(), account.to_owned()))
        }
    }
}

/// Base32 (RFC 4648 section 6) as sites really write it: any case, blanks and dashes, with or without padding, any length.
fn read_base32(text: &str) -> Result<Zeroizing<Vec<u8>>, TotpError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut bits, mut width) = (0_u32, 0);
    for (place, typed) in (1..).zip(text.chars()) {
        let value = match typed.to_ascii_uppercase() {
            letter @ 'A'..='Z' => u32::from(letter) - u32::from('A'),
            digit @ '2'..='7' => u32::from(digit) - u32::from('2') + 26,
            '-' | '=' => continue,
            blank if blank.is_whitespace() => continue,
            _ => return Err(TotpError::NotBase32 { place }),
        };
        bits = (bits << 5) | value;
        width += 5;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from((bits >> width) & 255).unwrap_or_default());
        }
    }
    if bytes.is_empty() { Err(TotpError::NoSecret) } else { Ok(bytes) }
}

fn read_algorithm(name: &str) -> Result<Algorithm, TotpError> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    match plain.strip_prefix("HMAC").unwrap_or(&plain) {
        "SHA1" => Ok(Algorithm::Sha1),
        "SHA256" => Ok(Algorithm::Sha256),
        "SHA512" => Ok(Algorithm::Sha512),
        _ => Err(TotpError::Algorithm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;
    use proptest::prelude::*;

    fn rfc(algorithm: Algorithm) -> Totp {
        let length = match algorithm {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        };
        let secret = b"1234567890".iter().copied().cycle().take(length).collect();
        Totp::new(Zeroizing::new(secret), "", "").unwrap().with_algorithm(algorithm).with_digits(8).unwrap()
    }

    /// RFC 6238 Appendix B, with the corrected seeds of its errata.
    #[test]
    fn the_rfcs_own_codes_come_out() {
        for (seconds, sha1, sha256, sha512) in [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ] {
            let now = UnixMillis::from_seconds(seconds);
            for (algorithm, expected) in [(Algorithm::Sha1, sha1), (Algorithm::Sha256, sha256), (Algorithm::Sha512, sha512)] {
                assert_eq!(rfc(algorithm).code(now).text.expose(), expected, "{algorithm} at {seconds}");
            }
        }
    }

    #[test]
    fn a_colon_in_the_issuer_or_the_account_does_not_move_the_border_between_them() {
        for (issuer, account) in [("a:b", "ada"), ("", "acme:ada"), ("a", "b:c"), ("", "ada")] {
            let totp = Totp::new(Zeroizing::new(vec![1]), issuer, account).unwrap();
            let again = Totp::parse(totp.to_uri().expose()).unwrap();
            assert_eq!((again.issuer(), again.account()), (issuer, account));
        }
        let escaped = Totp::parse("otpauth://totp/Acme%3Aada?secret=GEZDGNBV").unwrap();
        assert_eq!((escaped.issuer(), escaped.account()), ("Acme", "ada"));
    }

    #[test]
    fn an_address_that_would_be_too_long_once_written_out_is_not_taken() {
        let label = |letters: usize| format!("otpauth://totp/{}?secret=GEZDGNBV", "é".repeat(letters));
        let taken = Totp::parse(&label(500)).unwrap();
        assert!(Totp::parse(taken.to_uri().expose()).is_ok());
        assert_eq!(Totp::parse(&label(1000)).unwrap_err(), TotpError::TooLong);
    }

    /// RFC 4226 Appendix D: six digits, counters 0 to 9, one per second.
    #[test]
    fn a_period_of_one_second_walks_the_hotp_vectors() {
        let totp = Totp::parse("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=1").unwrap();
        let codes: Vec<_> = (0..10).map(|second| totp.code(UnixMillis::from_seconds(second)).text.expose().to_owned()).collect();
        assert_eq!(codes, ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]);
    }

    #[test]
    fn a_code_says_how_long_it_lasts() {
        let totp = rfc(Algorithm::Sha1);
        for (millis, left_s) in [(0, 30), (999, 30), (1000, 29), (29_999, 1), (30_000, 30), (59_000, 1)] {
            assert_eq!(totp.code(UnixMillis(millis)).left_s, left_s, "at {millis} ms");
        }
    }

    #[test]
    fn one_step_early_or_late_is_taken_and_named_and_two_are_not() {
        let totp = rfc(Algorithm::Sha256);
        let now = UnixMillis::from_seconds(1_111_111_111);
        let step = totp.step(now);
        for (of, expected) in
            [(step - 2, None), (step - 1, Some(step - 1)), (step, Some(step)), (step + 1, Some(step + 1)), (step + 2, None)]
        {
            assert_eq!(totp.verify(totp.code_of_step(of).expose(), now), expected);
        }
        let code = totp.code(now).text;
        let (left, right) = code.expose().split_at(4);
        assert_eq!(totp.verify(&format!(" {left} {right}\n"), now), Some(step));
        for wrong in ["", "0", left, &format!("{}0", code.expose()), "٦٧٠٦٢٦٧٤"] {
            assert_eq!(totp.verify(wrong, now), None);
        }
        assert_eq!(totp.verify(totp.code_of_step(1).expose(), UnixMillis(0)), Some(1));
    }

    #[test]
    fn what_sites_hand_out_is_read() {
        let read = |text: &str| {
            let totp = Totp::parse(text).unwrap();
            let secret = String::from_utf8_lossy(totp.expose_secret()).into_owned();
            format!("{totp:?} {secret} {:?} {:?}", totp.issuer(), totp.account())
        };
        let bare = "Totp(SHA1, 6 digits, 30 s, …) Hello! \"\" \"\"";
        for text in
            ["JBSWY3DPEE", "jbsw y3dp ee", " JBSW-Y3DP-EE======\n", "otpauth://totp/?secret=JBSWY3DPEE", "OTPAUTH://TOTP?SECRET=jbswy3dpee"]
        {
            assert_eq!(read(text), bare, "{text}");
        }
        let cases = [
            ("otpauth://totp/Bank:ada@example.org?secret=JBSWY3DPEE", "SHA1, 6 digits, 30 s", r#""Bank" "ada@example.org""#),
            ("otpauth://totp/Big%20Bank%3Aada?secret=JBSWY3DPEE&issuer=Big+Bank", "SHA1, 6 digits, 30 s", r#""Big Bank" "ada""#),
            (
                "otpauth://totp/Old:ada?issuer=New&secret=JBSWY3DPEE&digits=8&period=10&algorithm=SHA-512",
                "SHA512, 8 digits, 10 s",
                r#""New" "ada""#,
            ),
            (
                "otpauth://totp/a+b@x.org?secret=JBSWY3DPEE&algorithm=HmacSHA256&image=https%3A%2F%2Fx",
                "SHA256, 6 digits, 30 s",
                r#""" "a+b@x.org""#,
            ),
            ("otpauth://totp/%D7%90%D7%93%D7%94?secret=JBSWY3DPEE&digits=7#x", "SHA1, 7 digits, 30 s", r#""" "אדה""#),
        ];
        for (uri, how, names) in cases {
            assert_eq!(read(uri), format!("Totp({how}, …) Hello! {names}"), "{uri}");
        }
    }

    #[test]
    fn a_secret_of_an_odd_length_is_read_as_far_as_it_goes() {
        // 17 symbols are 85 bits; authenticator apps take the first 80, and so do we.
        assert_eq!(Totp::parse("JBSWY3DPEBLW64TMA").unwrap().expose_secret(), b"Hello Worl");
    }

    #[test]
    fn what_is_not_a_generator_is_named() {
        for (text, error) in [
            ("", TotpError::NoSecret),
            ("==", TotpError::NoSecret),
            ("A", TotpError::NoSecret),
            ("otpauth://totp/x", TotpError::NoSecret),
            ("otpauth://totp/x?secret=", TotpError::NoSecret),
            ("JBSWY3DP1", TotpError::NotBase32 { place: 9 }),
            ("correct horse, battery", TotpError::NotBase32 { place: 14 }),
            ("otpauth://totp/x?secret=JBSW%00", TotpError::NotBase32 { place: 5 }),
            ("otpauth://hotp/x?secret=JBSWY3DP&counter=1", TotpError::CounterBased),
            ("steam://JBSWY3DP", TotpError::Steam),
            ("otpauth://steam/x?secret=JBSWY3DP", TotpError::Steam),
            ("otpauth://totp/x?secret=JBSWY3DP&encoder=steam", TotpError::Steam),
            ("https://example.org/?secret=JBSWY3DP", TotpError::OtherUri),
            ("otpauth://yubi/x?secret=JBSWY3DP", TotpError::OtherUri),
            ("otpauth://totp/x?secret=JBSWY3DP&algorithm=MD5", TotpError::Algorithm),
            ("otpauth://totp/x?secret=JBSWY3DP&digits=5", TotpError::Digits),
            ("otpauth://totp/x?secret=JBSWY3DP&digits=six", TotpError::Digits),
            ("otpauth://totp/x?secret=JBSWY3DP&period=0", TotpError::Period),
            ("otpauth://totp/x?secret=JBSWY3DP&period=99999999999", TotpError::Period),
        ] {
            assert_eq!(Totp::parse(text).unwrap_err(), error, "{text}");
        }
        assert_eq!(Totp::parse(&"A".repeat(5000)).unwrap_err(), TotpError::TooLong);
    }

    #[test]
    fn a_new_generator_is_one_every_app_takes() {
        let mut chance = Seeded::new(1);
        let (one, two) = (make_secret(&mut chance), make_secret(&mut chance));
        assert!(one.len() == 20 && one != two);
        let uri = Totp::new(Zeroizing::new(b"12345678901234567890".to_vec()), "Truebell", "ada+x@example.org").unwrap().to_uri();
        insta::assert_snapshot!(uri.expose(), @"otpauth://totp/Truebell:ada%2Bx@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Truebell&algorithm=SHA1&digits=6&period=30");
    }

    #[test]
    fn neither_debug_nor_an_error_shows_the_secret() {
        assert_eq!(format!("{:?}", Totp::parse("JBSWY3DPEE").unwrap()), "Totp(SHA1, 6 digits, 30 s, …)");
        assert!(!Totp::parse("JBSWY3DPEE!").unwrap_err().to_string().contains("JBSW"));
    }

    proptest! {
        #[test]
        fn every_generator_reads_back_from_its_uri(
            secret in proptest::collection::vec(any::<u8>(), 1..100),
            issuer in "\\S{0,12}", account in "\\S{0,12}", digits in 6..=8_u8, period_s in 1..u32::MAX, now: u64,
            algorithm in proptest::sample::select(&[Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512][..]),
        ) {
            let totp = Totp::new(Zeroizing::new(secret), &issuer, &account).unwrap();
            let totp = totp.with_algorithm(algorithm).with_digits(digits).unwrap().with_period_s(period_s).unwrap();
            let read = Totp::parse(totp.to_uri().expose()).unwrap();
            prop_assert_eq!(totp.to_uri(), read.to_uri());
            prop_assert_eq!((read.issuer(), read.account()), (issuer.as_str(), account.as_str()));
            prop_assert_eq!(totp.code(UnixMillis(now)), read.code(UnixMillis(now)));
            prop_assert!(totp.verify(read.code(UnixMillis(now)).text.expose(), UnixMillis(now)).is_some());
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(otpauth://totp/|otpauth://|)\\PC{0,80}") {
            let _ = Totp::parse(&text);
        }
    }
}
