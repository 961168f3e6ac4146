//! What is shown as a QR code: to verify a contact, or to invite a device. `docs/PROTOCOL.md` §4.14, §4.16.

use super::IdentityError;
use super::ids::Fingerprint;
use super::link::LinkInvitation;
use super::trust::Compared;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// The contents of a QR code. Scanning an invitation does nothing by itself: joining needs the person's decision
/// ([`Decision`](super::link::Decision)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QrPayload {
    /// Verifies a contact.
    Verification(VerificationCode),
    /// Invites a device.
    Invitation(LinkInvitation),
}

/// "I am this, and I take you for that."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationCode {
    /// The identity of who shows the code.
    pub shower: Fingerprint,
    /// Whom it is shown to, as the shower knows them.
    pub expected: Fingerprint,
}

impl QrPayload {
    /// The scanner's side of a verification, for the contact that the person chose. [`IdentityError::Mismatch`] if this is another
    /// kind of code, shows another identity than the contact's, or is for somebody else; [`IdentityError::OwnCode`] if it
    /// is the scanner's own.
    pub fn compare(&self, own: &Fingerprint, contact: &Fingerprint) -> Result<Compared, IdentityError> {
        let Self::Verification(code) = self else { return Err(IdentityError::Mismatch) };
        if code.shower == *own {
            return Err(IdentityError::OwnCode);
        }
        let agrees = code.shower == *contact && code.expected == *own;
        if agrees { Ok(Compared::new(*contact)) } else { Err(IdentityError::Mismatch) }
    }
}

impl Message for QrPayload {
    type Proto = proto::QrPayload;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        match required(proto.payload)? {
            proto::qr_payload::Payload::Verification(code) => {
                VerificationCode::from_proto(code).map(Self::Verification)
            }
            proto::qr_payload::Payload::Invitation(invitation) => {
                LinkInvitation::from_proto(invitation).map(Self::Invitation)
            }
        }
    }

    fn to_proto(&self) -> Self::Proto {
        let payload = match self {
            Self::Verification(code) => proto::qr_payload::Payload::Verification(code.to_proto()),
            Self::Invitation(invitation) => proto::qr_payload::Payload::Invitation(invitation.to_proto()),
        };
        proto::QrPayload { payload: Some(payload) }
    }
}

impl Message for VerificationCode {
    type Proto = proto::VerificationCode;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            shower: Fingerprint::from_bytes(required_array(proto.shower)?),
            expected: Fingerprint::from_bytes(required_array(proto.expected)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::VerificationCode {
            shower: Some(self.shower.as_bytes().to_vec()),
            expected: Some(self.expected.as_bytes().to_vec()),
        }
    }
}
