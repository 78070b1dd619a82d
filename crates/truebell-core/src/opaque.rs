//! Sign-in without showing the server anything it could guess at: OPAQUE-3DH (RFC 9807) over ristretto255 and SHA-512.
//!
//! The password it sees is [`Root::derive_opaque_password`](crate::derive::Root), stretched already, so the key stretching
//! function here is the identity. `opaque-ke` lives on the older RustCrypto generation; nothing of it leaves this file.

use crate::chance::Chance;
use crate::ids::{AccountId, ServerId};
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters, CredentialFinalization,
    CredentialRequest, CredentialResponse, Identifiers, RegistrationRequest, RegistrationResponse, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup as OpaqueSetup,
};
use zeroize::Zeroizing;

const CONTEXT: &[u8] = b"truebell opaque v1";

struct Suite;

impl opaque_ke::CipherSuite for Suite {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2_010::Sha512>;
    type Ksf = opaque_ke::ksf::Identity;
}

/// Why an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpaqueError {
    /// The other side sent bytes that are not a message of this step.
    #[error("the sign-in message is malformed")]
    Malformed,
    /// Client and server do not hold the same secret. It cannot be said which one is wrong.
    #[error("these details do not open this account here")]
    WrongCredentials,
}

type Result<T> = std::result::Result<T, OpaqueError>;

fn malformed<E>(_: E) -> OpaqueError {
    OpaqueError::Malformed
}

/// Chance, as crates on the older generation of `rand_core` take it.
pub(crate) struct Rng<'a>(pub(crate) &'a mut dyn Chance);

impl rand_core_06::RngCore for Rng<'_> {
    fn next_u32(&mut self) -> u32 {
        rand_core_06::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core_06::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), rand_core_06::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for Rng<'_> {}

fn identifiers<'a>(server: &'a ServerId, account: &'a AccountId) -> Identifiers<'a> {
    Identifiers { client: Some(account.as_bytes()), server: Some(server.as_bytes()) }
}

/// The client's half of a registration, between its two messages.
pub struct Registration {
    state: ClientRegistration<Suite>,
    password: Zeroizing<[u8; 32]>,
}

impl Registration {
    /// Begins: keep the state, send the bytes.
    pub fn start(password: Zeroizing<[u8; 32]>, chance: &mut dyn Chance) -> Result<(Self, Vec<u8>)> {
        let started = ClientRegistration::<Suite>::start(&mut Rng(chance), password.as_ref()).map_err(malformed)?;
        Ok((Self { state: started.state, password }, started.message.serialize().to_vec()))
    }

    /// Ends: the bytes are the record the server keeps.
    pub fn finish(self, server: ServerId, account: AccountId, response: &[u8], chance: &mut dyn Chance) -> Result<Vec<u8>> {
        let response = RegistrationResponse::deserialize(response).map_err(malformed)?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers(&server, &account), None);
        let finished = self.state.finish(&mut Rng(chance), self.password.as_ref(), response, parameters).map_err(malformed)?;
        Ok(finished.message.serialize().to_vec())
    }
}

/// The client's half of a sign-in, between its two messages.
pub struct SignIn {
    state: ClientLogin<Suite>,
    password: Zeroizing<[u8; 32]>,
}

impl SignIn {
    /// Begins: keep the state, send the bytes (KE1).
    pub fn start(password: Zeroizing<[u8; 32]>, chance: &mut dyn Chance) -> Result<(Self, Vec<u8>)> {
        let started = ClientLogin::<Suite>::start(&mut Rng(chance), password.as_ref()).map_err(malformed)?;
        Ok((Self { state: started.state, password }, started.message.serialize().to_vec()))
    }

    /// Ends: the bytes (KE3) prove the password to the server; success proves the server holds this account's record.
    pub fn finish(self, server: ServerId, account: AccountId, ke2: &[u8], chance: &mut dyn Chance) -> Result<Vec<u8>> {
        let ke2 = CredentialResponse::deserialize(ke2).map_err(malformed)?;
        let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(&server, &account), None);
        let finished =
            self.state.finish(&mut Rng(chance), self.password.as_ref(), ke2, parameters).map_err(|_| OpaqueError::WrongCredentials)?;
        Ok(finished.message.serialize().to_vec())
    }
}

/// The server's long-term OPAQUE key and OPRF seed. Lost, nobody can sign in with a password again: it is backed up with the
/// server's identity.
#[derive(Clone)]
pub struct ServerSetup(OpaqueSetup<Suite>);

impl ServerSetup {
    /// A new random setup.
    pub fn make_random(chance: &mut dyn Chance) -> Self {
        Self(OpaqueSetup::new(&mut Rng(chance)))
    }

    /// Its bytes, secret.
    pub fn expose_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// From its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        OpaqueSetup::deserialize(bytes).map(Self).map_err(malformed)
    }

    /// Answers a registration request.
    pub fn registration_response(&self, account: AccountId, request: &[u8]) -> Result<Vec<u8>> {
        let request = RegistrationRequest::deserialize(request).map_err(malformed)?;
        let started = ServerRegistration::<Suite>::start(&self.0, request, account.as_bytes()).map_err(malformed)?;
        Ok(started.message.serialize().to_vec())
    }

    /// Checks that an upload is a record, and gives the bytes to keep.
    pub fn registration_record(&self, upload: &[u8]) -> Result<Vec<u8>> {
        let upload = RegistrationUpload::<Suite>::deserialize(upload).map_err(malformed)?;
        Ok(ServerRegistration::<Suite>::finish(upload).serialize().to_vec())
    }

    /// Answers KE1. With no record (no such account) the answer looks the same and leads nowhere. Returns the state to keep, and KE2.
    pub fn sign_in_start(
        &self,
        server: ServerId,
        account: AccountId,
        record: Option<&[u8]>,
        ke1: &[u8],
        chance: &mut dyn Chance,
    ) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>)> {
        let ke1 = CredentialRequest::deserialize(ke1).map_err(malformed)?;
        let record = record.map(ServerRegistration::<Suite>::deserialize).transpose().map_err(malformed)?;
        let parameters = ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers(&server, &account) };
        let started = ServerLogin::start(&mut Rng(chance), &self.0, record, ke1, account.as_bytes(), parameters).map_err(malformed)?;
        Ok((Zeroizing::new(started.state.serialize().to_vec()), started.message.serialize().to_vec()))
    }

    /// Checks KE3 against the kept state.
    pub fn sign_in_finish(&self, server: ServerId, account: AccountId, state: &[u8], ke3: &[u8]) -> Result<()> {
        let state = ServerLogin::<Suite>::deserialize(state).map_err(malformed)?;
        let ke3 = CredentialFinalization::deserialize(ke3).map_err(malformed)?;
        let parameters = ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers(&server, &account) };
        state.finish(ke3, parameters).map(|_| ()).map_err(|_| OpaqueError::WrongCredentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    fn sign_in(right: [u8; 32], given: [u8; 32], known: bool) -> Result<()> {
        let mut chance = Seeded::new(3);
        let (server, account) = (ServerId([9; 16]), AccountId([8; 16]));
        let setup = ServerSetup::from_bytes(&ServerSetup::make_random(&mut chance).expose_bytes())?;
        let (registration, request) = Registration::start(Zeroizing::new(right), &mut chance)?;
        let response = setup.registration_response(account, &request)?;
        let record = setup.registration_record(&registration.finish(server, account, &response, &mut chance)?)?;
        let (client, ke1) = SignIn::start(Zeroizing::new(given), &mut chance)?;
        let (state, ke2) = setup.sign_in_start(server, account, known.then_some(record.as_slice()), &ke1, &mut chance)?;
        let ke3 = client.finish(server, account, &ke2, &mut chance)?;
        setup.sign_in_finish(server, account, &state, &ke3)
    }

    #[test]
    fn only_the_registered_password_signs_in() {
        assert_eq!(sign_in([1; 32], [1; 32], true), Ok(()));
        assert_eq!(sign_in([1; 32], [2; 32], true), Err(OpaqueError::WrongCredentials));
        assert_eq!(sign_in([1; 32], [1; 32], false), Err(OpaqueError::WrongCredentials));
    }
}
