//! Many slow password hashes at once, on one core: what makes a breach response take days.
//!
//! A password hash is a chain of steps in which each waits for the one before, so that one candidate alone leaves most of a core idle.
//! Here several independent candidates go side by side, in registers of one core: interleaved ([`bcrypt`]), or one in each
//! lane of a wide register ([`pbkdf2`]), or with wide instructions inside one candidate whose memory is used again ([`argon2`]). What
//! comes out is, byte for byte, what the well-kept crates give; the tests compare with them.
//!
//! Pure: no file, socket, clock or chance, and no thread: whoever has several cores calls from several threads. No input panics. Nothing
//! here takes the same time for all passwords beyond what the formats themselves do; digests are compared by the caller, in constant time.
//! Never here: formats of verifiers, and whether anybody is told (`truebell-sites`).

pub mod argon2;
pub mod bcrypt;
pub mod pbkdf2;

/// What computes here, with its version, as a plan of a campaign names it.
pub const NAME: &str = concat!("truebell-hash ", env!("CARGO_PKG_VERSION"));

/// One password to try, with the salt of the verifier it is tried on.
pub struct Try<'a, S: ?Sized = [u8]> {
    /// The verifier's salt.
    pub salt: &'a S,
    /// The candidate, as bytes; nothing is added or cut off but what the function itself does.
    pub password: &'a [u8],
}

impl<S: ?Sized> Clone for Try<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ?Sized> Copy for Try<'_, S> {}

impl<S: ?Sized> std::fmt::Debug for Try<'_, S> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Try(…)")
    }
}
