//! Verifying a contact at a distance. `docs/PROTOCOL.md` §4.15.

use rand_core::CryptoRng;

use super::code::{Code, Purpose, check_reveal, commitment};
use super::comparison::Comparison;
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, random};
use crate::identity::IdentityError;
use crate::identity::ids::Fingerprint;
use crate::identity::trust::Compared;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_array, required_secret};

/// First message: the initiator's commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SasStart {
    /// §4.15.
    pub commitment: Hash,
}

/// Second message: the responder's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SasAnswer {
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

/// Third message: the initiator's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SasReveal {
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

/// Verifies a contact at a distance; has committed, and waits for the answer.
#[derive(Debug)]
pub struct Initiator {
    own: Fingerprint,
    theirs: Fingerprint,
    /// Until it is revealed.
    nonce: Secret<32>,
}

/// Verifies a contact at a distance; has answered, and waits for the reveal.
#[derive(Debug)]
pub struct Responder {
    own: Fingerprint,
    theirs: Fingerprint,
    nonce: [u8; 32],
    commitment: Hash,
}

impl Initiator {
    /// Begins with the identities as they are now; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn start(
        own: &Fingerprint,
        theirs: &Fingerprint,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, SasStart), CryptoError> {
        let nonce = random::draw(rng)?;
        let commitment = commitment(Purpose::Verification, &context(own, theirs), nonce.expose());
        Ok((Self { own: *own, theirs: *theirs, nonce }, SasStart { commitment }))
    }

    /// Takes the answer; from now on the codes are fixed. If this state was kept, its record is deleted in the write that releases
    /// the reveal.
    pub fn reveal(self, answer: &SasAnswer) -> (SasReveal, Comparison<Compared>) {
        let context = context(&self.own, &self.theirs);
        let [shown, expected] =
            Code::both(Purpose::Verification, &context, self.nonce.expose(), &answer.nonce);
        (
            SasReveal { nonce: *self.nonce.expose() },
            Comparison::new(shown, expected, Compared::new(self.theirs)),
        )
    }
}

impl Responder {
    /// Answers with the identities as they are now; draws 32 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn answer(
        own: &Fingerprint,
        theirs: &Fingerprint,
        start: &SasStart,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, SasAnswer), CryptoError> {
        let nonce = *random::draw(rng)?.expose();
        let responder = Self { own: *own, theirs: *theirs, nonce, commitment: start.commitment };
        Ok((responder, SasAnswer { nonce }))
    }

    /// Takes the reveal. [`CryptoError::Unauthentic`] if it is not what was committed to, or was made for other identities; the
    /// attempt is over then.
    pub fn check(self, reveal: &SasReveal) -> Result<Comparison<Compared>, IdentityError> {
        let context = context(&self.theirs, &self.own);
        check_reveal(Purpose::Verification, &context, self.commitment, &reveal.nonce)?;
        let [expected, shown] = Code::both(Purpose::Verification, &context, &reveal.nonce, &self.nonce);
        Ok(Comparison::new(shown, expected, Compared::new(self.theirs)))
    }
}

/// Both identities, the initiator's first.
fn context(initiator: &Fingerprint, responder: &Fingerprint) -> [u8; 64] {
    let mut context = [0; 64];
    let (first, second) = context.split_at_mut(32);
    first.copy_from_slice(initiator.as_bytes());
    second.copy_from_slice(responder.as_bytes());
    context
}

impl Message for Initiator {
    type Proto = proto::SasInitiating;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            own: Fingerprint::from_bytes(required_array(proto.own.take())?),
            theirs: Fingerprint::from_bytes(required_array(proto.theirs.take())?),
            nonce: required_secret(&mut proto.nonce)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasInitiating {
            own: Some(self.own.as_bytes().to_vec()),
            theirs: Some(self.theirs.as_bytes().to_vec()),
            nonce: Some(self.nonce.expose().to_vec()),
        }
    }
}

impl Message for Responder {
    type Proto = proto::SasResponding;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            own: Fingerprint::from_bytes(required_array(proto.own)?),
            theirs: Fingerprint::from_bytes(required_array(proto.theirs)?),
            nonce: required_array(proto.nonce)?,
            commitment: Hash::from_bytes(required_array(proto.commitment)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasResponding {
            own: Some(self.own.as_bytes().to_vec()),
            theirs: Some(self.theirs.as_bytes().to_vec()),
            nonce: Some(self.nonce.to_vec()),
            commitment: Some(self.commitment.as_bytes().to_vec()),
        }
    }
}

impl Message for Comparison<Compared> {
    type Proto = proto::SasComparing;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let theirs = Fingerprint::from_bytes(required_array(proto.theirs)?);
        Self::from_numbers([proto.shown, proto.expected, proto.wrong], Compared::new(theirs))
    }

    fn to_proto(&self) -> Self::Proto {
        let [shown, expected, wrong] = self.to_numbers();
        let theirs = Some(self.pending().fingerprint().as_bytes().to_vec());
        proto::SasComparing { shown, expected, wrong, theirs }
    }
}

impl Message for SasStart {
    type Proto = proto::SasStart;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { commitment: Hash::from_bytes(required_array(proto.commitment)?) })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasStart { commitment: Some(self.commitment.as_bytes().to_vec()) }
    }
}

impl Message for SasAnswer {
    type Proto = proto::SasAnswer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { nonce: required_array(proto.nonce)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasAnswer { nonce: Some(self.nonce.to_vec()) }
    }
}

impl Message for SasReveal {
    type Proto = proto::SasReveal;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { nonce: required_array(proto.nonce)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SasReveal { nonce: Some(self.nonce.to_vec()) }
    }
}
