//! Whether a contact is still who it was. `docs/PROTOCOL.md` §4.14.
//!
//! ```text
//!   first use ──verify──▶ verified            sending
//!      │  ▲                  │  ▲
//! ─────┼──┼──────────────────┼──┼──────────────────────
//!  observe│accept        observe│verify       no sending
//!      ▼  │                  ▼  │
//!    changed ◀──withdraw── latched
//! ```
//!
//! Verifying the new identity leads from both lower states to *verified*, withdrawing from *verified* to *first use*, and observing the
//! pinned identity again goes back up. The same is used for the servers of domains.

use super::chain::Subject;
use super::ids::Fingerprint;
use super::{IdentityError, Verified};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// What is known of the identity behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactTrust {
    pinned: Fingerprint,
    is_verified: bool,
    /// Another identity, seen under the same address.
    observed: Option<Fingerprint>,
}

/// The four states, for showing and deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustState {
    /// Pinned when first seen, never compared.
    FirstUse,
    /// Compared by the two people.
    Verified,
    /// Another identity was seen: nothing is sent until it is accepted.
    Changed {
        /// The identity that was seen.
        observed: Fingerprint,
        /// Whether the pinned one was verified: the new one must be too, or the verification be withdrawn.
        is_latched: bool,
    },
}

/// What observing an identity has changed. Each is reported once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Nothing.
    Same,
    /// The contact is changed, or changed again.
    Changed,
    /// The pinned identity is back.
    Restored,
}

/// Proof that a person compared a contact's identity, in one of three ways: the digits of a
/// [`SafetyNumber`](super::safety_number::SafetyNumber), a scanned [`VerificationCode`](super::qr::VerificationCode), or a
/// [short authentication string](super::sas). It names what was compared, so nothing else can become verified by it, and it serves
/// once.
#[derive(Debug, PartialEq, Eq)]
pub struct Compared(Fingerprint);

impl Compared {
    pub(super) const fn new(theirs: Fingerprint) -> Self {
        Self(theirs)
    }

    /// The identity that was compared.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.0
    }

    /// A second proof of the same comparison, for a step that runs again.
    pub(crate) const fn duplicate(&self) -> Self {
        Self(self.0)
    }

    const fn into_fingerprint(self) -> Fingerprint {
        self.0
    }
}

impl ContactTrust {
    /// Pins the first identity seen.
    pub const fn first_use(fingerprint: Fingerprint) -> Self {
        Self { pinned: fingerprint, is_verified: false, observed: None }
    }

    /// The state.
    pub const fn state(&self) -> TrustState {
        match self.observed {
            Some(observed) => TrustState::Changed { observed, is_latched: self.is_verified },
            None if self.is_verified => TrustState::Verified,
            None => TrustState::FirstUse,
        }
    }

    /// The identity that may be written to. [`IdentityError::IdentityChanged`] while another one is waiting for acceptance.
    pub const fn addressee(&self) -> Result<&Fingerprint, IdentityError> {
        if self.observed.is_some() { Err(IdentityError::IdentityChanged) } else { Ok(&self.pinned) }
    }

    /// Whether this account, or server, is the one that may be written to. [`IdentityError::IdentityChanged`] if it is not the pinned
    /// one, or another one is waiting for acceptance. To be asked before every use of a manifest: a newer one can have
    /// another fingerprint.
    pub fn permits<T: Subject>(&self, subject: &Verified<T>) -> Result<(), IdentityError> {
        let is_pinned = *self.addressee()? == subject.chain().fingerprint();
        if is_pinned { Ok(()) } else { Err(IdentityError::IdentityChanged) }
    }

    /// Takes note of the identity that the address leads to now.
    pub fn observe(&mut self, fingerprint: Fingerprint) -> Observation {
        let news = (fingerprint != self.pinned).then_some(fingerprint);
        if self.observed == news {
            return Observation::Same;
        }
        self.observed = news;
        if news.is_some() { Observation::Changed } else { Observation::Restored }
    }

    /// The two people compared: the pinned identity becomes verified, or the one observed takes its place.
    /// [`IdentityError::IdentityChanged`] if what they compared is neither.
    pub fn verify(&mut self, compared: Compared) -> Result<(), IdentityError> {
        let fingerprint = compared.into_fingerprint();
        if self.observed == Some(fingerprint) {
            *self = Self::first_use(fingerprint);
        } else if self.pinned != fingerprint {
            return Err(IdentityError::IdentityChanged);
        }
        self.is_verified = true;
        Ok(())
    }

    /// The person accepts the identity that was shown. [`IdentityError::IdentityChanged`] if that is not the one observed last;
    /// [`IdentityError::Latched`] if the pinned one was verified.
    pub fn accept(&mut self, shown: &Fingerprint) -> Result<(), IdentityError> {
        if self.observed != Some(*shown) {
            return Err(IdentityError::IdentityChanged);
        }
        if self.is_verified {
            return Err(IdentityError::Latched);
        }
        *self = Self::first_use(*shown);
        Ok(())
    }

    /// The person gives up the verification.
    pub const fn withdraw(&mut self) {
        self.is_verified = false;
    }
}

impl Message for ContactTrust {
    type Proto = proto::ContactTrust;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let pinned = Fingerprint::from_bytes(required_array(proto.pinned)?);
        let observed = match proto.observed {
            Some(observed) => Some(Fingerprint::from_bytes(required_array(Some(observed))?)),
            None => None,
        };
        let is_verified = required(proto.verified)?;
        if observed == Some(pinned) {
            Err(Rule::BadValue)
        } else {
            Ok(Self { pinned, is_verified, observed })
        }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ContactTrust {
            pinned: Some(self.pinned.as_bytes().to_vec()),
            verified: Some(self.is_verified),
            observed: self.observed.map(|fingerprint| fingerprint.as_bytes().to_vec()),
        }
    }
}
