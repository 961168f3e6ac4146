//! Shared bodies: what is said, sealed once for all its recipients. `docs/PROTOCOL.md` §9.2.

use rand_core::CryptoRng;

use super::SessionError;
use crate::crypto::CryptoError;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::blob::{self, BlobPointer};
use crate::identity::certificate::SignedCertificate;
use crate::identity::chain::Manifest;
use crate::identity::ids::{AccountId, DeviceId};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// The most content of one message.
pub const MAX_CONTENT: usize = 65_536;

/// Who the sender is: for recipients that have not answered yet, or hold an older manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// Its account's newest manifest. Not yet judged.
    pub manifest: Manifest,
    /// The certificate of its address.
    pub certificate: Option<SignedCertificate>,
}

/// What is said to all recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBody {
    /// The sender's account: to be that of the session in which the key came.
    pub account: AccountId,
    /// The sender's device: likewise.
    pub device: DeviceId,
    /// Who it is.
    pub introduction: Option<Introduction>,
    /// What it says.
    pub content: Option<Vec<u8>>,
}

impl SharedBody {
    /// Pads and seals. Draws 32 bytes. Errors of encoding, and of [`blob::seal`].
    pub fn seal(&self, rng: &mut impl CryptoRng) -> Result<(Vec<u8>, BlobPointer), SessionError> {
        let body = self.encode()?;
        let length = u32::try_from(body.len()).map_err(|_| CryptoError::TooLong)?;
        let size = padded(body.len().saturating_add(4));
        let mut padded = Input::with_capacity(size).u32(length).last(&body);
        padded.resize(size, 0);
        Ok(blob::seal(&padded, rng)?)
    }

    /// Opens a blob that `account` and `device` have pointed to. [`CryptoError::Unauthentic`], [`SessionError::BadMessage`] for wrong
    /// padding, the rules of the wire, [`SessionError::ForeignSender`].
    pub fn open(
        pointer: &BlobPointer,
        blob: &[u8],
        (account, device): (AccountId, DeviceId),
    ) -> Result<Self, SessionError> {
        let padded = blob::open(pointer, blob)?;
        let body = Self::decode(unpad(&padded).ok_or(SessionError::BadMessage)?)?;
        if (body.account, body.device) == (account, device) {
            Ok(body)
        } else {
            Err(SessionError::ForeignSender)
        }
    }
}

/// The length to which a body of this length is padded: an eighth longer at most above 2 KiB.
fn padded(length: usize) -> usize {
    let bits = length.checked_ilog2().unwrap_or(0).saturating_sub(3).max(8);
    length.next_multiple_of(1_usize.checked_shl(bits).unwrap_or(1))
}

fn unpad(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (body, zeros) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let is_right = padded(body.len().checked_add(4)?) == bytes.len();
    (is_right && zeros.iter().all(|zero| *zero == 0)).then_some(body)
}

impl Message for Introduction {
    type Proto = proto::Introduction;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            manifest: Manifest::from_proto(required(proto.manifest)?)?,
            certificate: proto.certificate.map(SignedCertificate::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Introduction {
            manifest: Some(self.manifest.to_proto()),
            certificate: self.certificate.as_ref().map(SignedCertificate::to_proto),
        }
    }
}

impl Message for SharedBody {
    type Proto = proto::SharedBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            introduction: proto.introduction.map(Introduction::from_proto).transpose()?,
            content: proto.content,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SharedBody {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            introduction: self.introduction.as_ref().map(Introduction::to_proto),
            content: self.content.clone(),
        }
    }
}
