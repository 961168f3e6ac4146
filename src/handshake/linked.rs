//! Proof that a new handshake comes from whoever holds an earlier session. `docs/PROTOCOL.md` §5.11.

use subtle::ConstantTimeEq as _;

use super::HandshakeError;
use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::Hash;
use crate::crypto::kdf::Mac;
use crate::crypto::label;
use crate::crypto::secret::Secret;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_array};

/// What the body of the first message of a linked handshake carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkProof {
    link: [u8; 8],
    proof: [u8; 32],
}

impl LinkProof {
    /// Proves to hold `link` in the handshake named by th2: one of those of the two newest root steps of the old session, whose beginning
    /// counts as one. A proof is given for each, because which of them the other side has depends on what is on its way.
    pub fn new(link: &Secret<32>, transcript: &Hash) -> Self {
        let proof = Mac::labelled(link, label::mac::LINK).array(transcript.as_bytes()).finish();
        Self { link: Hash::of(link.expose()).truncated(), proof: *proof.expose() }
    }

    /// Verifies it against the links of the two newest root steps of the old session, or of the one.
    /// [`HandshakeError::NotLinked`] if neither gives this proof for this handshake; the handshake may be accepted all the same, for
    /// receiving only (§5.11).
    pub fn verify(&self, newest: &[Secret<32>], transcript: &Hash) -> Result<(), HandshakeError> {
        let holds = |link: &Secret<32>| {
            let expected = Self::new(link, transcript);
            self.link.ct_eq(&expected.link) & self.proof.ct_eq(&expected.proof)
        };
        let linked = newest.iter().take(NEWEST).any(|link| holds(link).into());
        if linked { Ok(()) } else { Err(HandshakeError::NotLinked) }
    }
}

/// How many root steps back a proof may reach. A state that was stolen right after its owner's sending step computes one step ahead of
/// itself, so it stops linking after three more.
const NEWEST: usize = 2;

impl Message for LinkProof {
    type Proto = proto::LinkProof;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { link: required_array(proto.link)?, proof: required_array(proto.proof)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkProof { link: Some(self.link.to_vec()), proof: Some(self.proof.to_vec()) }
    }
}
