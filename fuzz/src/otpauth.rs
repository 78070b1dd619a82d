//! `otpauth://` addresses and bare secrets, as other programs and QR codes write them.

use truebell_core::time::UnixMillis;
use truebell_core::totp::Totp;

/// What parses makes a code at any time, and its own address reads back as the same generator.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(totp) = Totp::parse(text) else { return };
    for seconds in [0, 59, 1_700_000_000, u64::MAX / 1000] {
        let _ = totp.code(UnixMillis::from_seconds(seconds));
    }
    let again = Totp::parse(totp.to_uri().expose()).expect("our own address is one we read");
    assert_eq!(again.expose_secret(), totp.expose_secret());
    assert_eq!((again.digits(), again.period_s(), again.algorithm()), (totp.digits(), totp.period_s(), totp.algorithm()));
    assert_eq!((again.issuer(), again.account()), (totp.issuer(), totp.account()));
}
