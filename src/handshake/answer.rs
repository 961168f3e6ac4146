//! The first answer, which proves the initiator's ML-KEM key. `docs/PROTOCOL.md` §5.8.

use rand_core::CryptoRng;

use super::HandshakeError;
use super::initial::Initial;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{kdf, label, mlkem};
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::device::DeviceSecret;
use crate::identity::ids::{AccountId, DeviceId};
use crate::pairwise::{AnswerKey, FirstAnswer};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// What an initiator keeps until a message of the responder has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaiting {
    initial: Vec<u8>,
    transcript: Hash,
}

/// What a responder keeps until it answers. One answer consumes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answering {
    account: AccountId,
    device: DeviceId,
    transcript: Hash,
}

impl Awaiting {
    pub(super) const fn new(initial: Vec<u8>, transcript: Hash) -> Self {
        Self { initial, transcript }
    }

    /// The Initial that goes before every message until the answer.
    pub fn initial(&self) -> &[u8] {
        &self.initial
    }

    /// k3 of the ciphertext in a message of the responder's first chain. If the ciphertext is not the responder's, neither is the
    /// key, and the message does not open.
    pub fn k3(&self, device: &DeviceSecret, ciphertext: &mlkem::Ciphertext) -> AnswerKey {
        derive(&device.keys().kem().decapsulate(ciphertext), self.transcript, ciphertext)
    }
}

impl Answering {
    pub(super) const fn new(account: AccountId, device: DeviceId, transcript: Hash) -> Self {
        Self { account, device, transcript }
    }

    /// The initiator's account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The initiator's device.
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The ciphertext for the header of every message of the responder's first chain, and k3 for the root step that begins it. Draws
    /// 32 bytes. [`HandshakeError::NotPossible`] if the account does not list the initiator any more.
    pub fn answer(
        self,
        account: &Verified<Account>,
        rng: &mut impl CryptoRng,
    ) -> Result<FirstAnswer, HandshakeError> {
        let listed = (account.id() == self.account).then(|| account.device(self.device)).flatten();
        let device = listed.ok_or(HandshakeError::NotPossible)?;
        let (ciphertext, secret) = device.kem().encapsulate(rng)?;
        let key = derive(&secret, self.transcript, &ciphertext);
        Ok(FirstAnswer::new(ciphertext, key))
    }
}

fn derive(z3: &Secret<32>, transcript: Hash, ciphertext: &mlkem::Ciphertext) -> AnswerKey {
    let ciphertext = Hash::of(ciphertext.as_bytes());
    let info = Input::with_capacity(64).array(transcript.as_bytes()).array(ciphertext.as_bytes()).finish();
    let key = kdf::expand(&kdf::extract(&[0; 32], &[z3]), label::expand::ANSWER, &info);
    AnswerKey::new(transcript, key)
}

impl Message for Awaiting {
    type Proto = proto::HandshakeAwaiting;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let transcript = Hash::from_bytes(required_array(proto.transcript)?);
        let initial = required(proto.initial)?;
        Initial::decode(&initial).map_err(|_| Rule::BadValue)?;
        Ok(Self { initial, transcript })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::HandshakeAwaiting {
            initial: Some(self.initial.clone()),
            transcript: Some(self.transcript.as_bytes().to_vec()),
        }
    }
}

impl Message for Answering {
    type Proto = proto::HandshakeAnswering;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            transcript: Hash::from_bytes(required_array(proto.transcript)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::HandshakeAnswering {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            transcript: Some(self.transcript.as_bytes().to_vec()),
        }
    }
}
