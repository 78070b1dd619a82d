//! The verifiable oblivious pseudorandom function of RFC 9497, ristretto255-SHA512. `voprf` lives on the older RustCrypto generation; nothing of it leaves this file.

use crate::chance::Chance;
use crate::opaque::Rng;
use voprf::{BlindedElement, EvaluationElement, Group, Proof, Ristretto255, VoprfClient, VoprfServer};
use zeroize::Zeroizing;

/// Bytes of a point and of a scalar.
pub(super) const ELEMENT_BYTES: usize = 32;
pub(super) const PROOF_BYTES: usize = 64;
pub(super) type Element = [u8; ELEMENT_BYTES];
pub(super) type Output = Zeroizing<[u8; 64]>;

/// Bytes that are no canonical encoding of a point other than the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a blinded element")]
pub struct NotAnElement;

/// The proof does not hold: the answer is not of this key, or is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotProven;

/// The side with the key.
#[derive(Clone)]
pub(super) struct Server(VoprfServer<Ristretto255>);

impl Server {
    pub(super) fn make_random(chance: &mut dyn Chance) -> Self {
        loop {
            // Fails with a probability of 2⁻²⁵².
            if let Ok(server) = VoprfServer::new(&mut Rng(chance)) {
                return Self(server);
            }
        }
    }

    pub(super) fn from_scalar(scalar: &Element) -> Option<Self> {
        VoprfServer::new_with_key(scalar).ok().map(Self)
    }

    pub(super) fn expose_scalar(&self) -> Zeroizing<Element> {
        let both = Zeroizing::new(<[u8; 2 * ELEMENT_BYTES]>::from(self.0.serialize()));
        let mut scalar = Zeroizing::new([0; ELEMENT_BYTES]);
        scalar.iter_mut().zip(both.iter()).for_each(|(to, from)| *to = *from);
        scalar
    }

    pub(super) fn public(&self) -> Element {
        Ristretto255::serialize_elem(self.0.get_public_key()).into()
    }

    /// `Evaluate`: what a client would come to who asked about this.
    pub(super) fn evaluate(&self, input: &[u8]) -> Output {
        #[expect(
            clippy::expect_used,
            reason = "an input of ours is far shorter than 2¹⁶ bytes, and hashes to the identity with a probability of 2⁻²⁵²"
        )]
        let output = self.0.evaluate(input).expect("a short input");
        Zeroizing::new(output.into())
    }

    /// `BlindEvaluate` of several elements with one proof.
    pub(super) fn answer(&self, blinded: &[Element], chance: &mut dyn Chance) -> Result<(Vec<Element>, [u8; PROOF_BYTES]), NotAnElement> {
        let blinded: Vec<BlindedElement<Ristretto255>> =
            blinded.iter().map(|bytes| BlindedElement::deserialize(bytes).map_err(|_| NotAnElement)).collect::<Result<_, _>>()?;
        let prepared: Vec<_> = self.0.batch_blind_evaluate_prepare(blinded.iter()).collect();
        let finished = self.0.batch_blind_evaluate_finish(&mut Rng(chance), blinded.iter(), &prepared).map_err(|_| NotAnElement)?;
        let evaluated = finished.messages.map(|element| element.serialize().into()).collect();
        Ok((evaluated, finished.proof.serialize().into()))
    }
}

/// The side that asks, between question and answer.
pub(super) struct Blinded<I> {
    inputs: Vec<I>,
    clients: Vec<VoprfClient<Ristretto255>>,
    /// What is sent.
    pub(super) elements: Vec<Element>,
}

impl<I: AsRef<[u8]>> Blinded<I> {
    /// `Blind`. `None`: an input that is empty, longer than 2¹⁶ bytes, or of the identity.
    pub(super) fn make(inputs: Vec<I>, chance: &mut dyn Chance) -> Option<Self> {
        let (mut clients, mut elements) = (Vec::new(), Vec::new());
        for input in &inputs {
            let blinded = VoprfClient::<Ristretto255>::blind(input.as_ref(), &mut Rng(chance)).ok()?;
            clients.push(blinded.state);
            elements.push(blinded.message.serialize().into());
        }
        Some(Self { inputs, clients, elements })
    }

    /// `Finalize`, once the proof holds.
    pub(super) fn finish(&self, evaluated: &[Element], proof: &[u8; PROOF_BYTES], public: &Element) -> Result<Vec<Output>, NotProven> {
        let evaluated: Vec<EvaluationElement<Ristretto255>> =
            evaluated.iter().map(|bytes| EvaluationElement::deserialize(bytes).map_err(|_| NotProven)).collect::<Result<_, _>>()?;
        let proof = Proof::deserialize(proof).map_err(|_| NotProven)?;
        let public = Ristretto255::deserialize_elem(public).map_err(|_| NotProven)?;
        if evaluated.len() != self.clients.len() {
            return Err(NotProven);
        }
        let outputs = VoprfClient::batch_finalize(&self.inputs, &self.clients, &evaluated, &proof, public).map_err(|_| NotProven)?;
        outputs.map(|output| output.map(|output| Zeroizing::new(output.into())).map_err(|_| NotProven)).collect()
    }
}

/// Whether these bytes can be a public key.
pub(super) fn is_element(bytes: &Element) -> bool {
    Ristretto255::deserialize_elem(bytes).is_ok()
}
