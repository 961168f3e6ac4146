//! Address certificates: a server says that an address belongs to an account. `docs/PROTOCOL.md` §4.9.

use super::address::Address;
use super::ids::{AccountId, OnlineKeyId, ServerId};
use super::server::{OnlineKey, Server};
use super::trust::ContactTrust;
use super::validity::Validity;
use super::{IdentityError, Verified};
use crate::crypto::{ed25519, label};
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// What a server certifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressCertificate {
    /// An address of the server's domain.
    pub address: Address,
    /// The account that it belongs to.
    pub account: AccountId,
    /// The server that says so.
    pub server: ServerId,
    /// At most 30 days.
    pub validity: Validity,
}

/// A certificate as it travels. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificate {
    /// The encoded [`AddressCertificate`], exactly as it was signed.
    pub certificate: Vec<u8>,
    /// Which online key signed it.
    pub online_key: OnlineKeyId,
    /// The signature over `certificate`.
    pub signature: ed25519::Signature,
}

impl AddressCertificate {
    /// Signs the certificate with an online key of the server. [`EncodeError`] if its validity is too long.
    pub fn sign(&self, key: &ed25519::SecretKey) -> Result<SignedCertificate, EncodeError> {
        let certificate = encode_to_sign(self)?;
        let public = OnlineKey { key: key.public_key(), validity: self.validity };
        let signature = key.sign(label::classical::CERTIFICATE, &certificate);
        Ok(SignedCertificate { certificate, online_key: public.id(), signature })
    }
}

impl SignedCertificate {
    /// Verifies the certificate against the server's manifest, the pin of its domain and a time, §4.9. A server can claim any domain, so
    /// [`IdentityError::IdentityChanged`] unless it is the pinned one; [`IdentityError::Mismatch`] if the certificate is another
    /// server's, of another domain, or outlives its key; [`IdentityError::NotYetValid`], [`IdentityError::Expired`].
    pub fn verify(
        &self,
        server: &Verified<Server>,
        domain: &ContactTrust,
        now: Timestamp,
    ) -> Result<Verified<AddressCertificate>, IdentityError> {
        domain.permits(server)?;
        let certificate = AddressCertificate::decode(&self.certificate)?;
        let name = server.domain().as_str();
        if certificate.server != server.id() || certificate.address.domain() != name {
            return Err(IdentityError::Mismatch);
        }
        let key = server.online_key(self.online_key).ok_or(IdentityError::Mismatch)?;
        if !key.validity.covers(&certificate.validity) {
            return Err(IdentityError::Mismatch);
        }
        key.key.verify(label::classical::CERTIFICATE, &self.certificate, &self.signature)?;
        certificate.validity.check(now)?;
        Ok(Verified::new(certificate))
    }
}

impl SignedCertificate {
    /// For the server itself: what it certified with an online key that its manifest lists, whatever the time is now.
    /// [`IdentityError::Mismatch`] if it is another server's, or of another domain or key.
    pub fn issued_by(&self, server: &Verified<Server>) -> Result<AddressCertificate, IdentityError> {
        let certificate = AddressCertificate::decode(&self.certificate)?;
        if certificate.server != server.id() || certificate.address.domain() != server.domain().as_str() {
            return Err(IdentityError::Mismatch);
        }
        let key = server.online_key(self.online_key).ok_or(IdentityError::Mismatch)?;
        key.key.verify(label::classical::CERTIFICATE, &self.certificate, &self.signature)?;
        Ok(certificate)
    }
}

impl Message for AddressCertificate {
    type Proto = proto::AddressCertificate;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            address: required(proto.address)?.parse().map_err(|_| Rule::BadValue)?,
            account: AccountId::from_bytes(required_array(proto.account)?),
            server: ServerId::from_bytes(required_array(proto.server)?),
            validity: Validity::from_proto(required(proto.validity)?)?.limited()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::AddressCertificate {
            address: Some(self.address.to_string()),
            account: Some(self.account.as_bytes().to_vec()),
            server: Some(self.server.as_bytes().to_vec()),
            validity: Some(self.validity.to_proto()),
        }
    }
}

impl Message for SignedCertificate {
    type Proto = proto::SignedCertificate;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            certificate: required(proto.certificate)?,
            online_key: OnlineKeyId::from_bytes(required_array(proto.online_key)?),
            signature: ed25519::Signature::from_bytes(&required(proto.signature)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedCertificate {
            certificate: Some(self.certificate.clone()),
            online_key: Some(self.online_key.as_bytes().to_vec()),
            signature: Some(self.signature.as_bytes().to_vec()),
        }
    }
}
