//! How a device greets its server, and what it is told. `docs/PROTOCOL.md` §8.2.

use core::fmt;

use crate::crypto::{hybrid, label};
use crate::identity::address::Address;
use crate::identity::certificate::SignedCertificate;
use crate::identity::ids::{AccountId, DeviceId, ServerId};
use crate::server::frame::Seen;
use crate::server::item::address;
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, required, required_array};
use crate::wire::{EncodeError, Rule};

/// What a device signs to show who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The server that it speaks to.
    pub server: ServerId,
    /// Its account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// By its clock.
    pub time: Timestamp,
    /// 16 random bytes.
    pub nonce: [u8; 16],
    /// The address that the account registers; of a registration, and only there.
    pub address: Option<Address>,
}

/// A hello as it travels. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHello {
    /// The encoded [`Hello`], exactly as it was signed.
    pub hello: Vec<u8>,
    /// The device's signature over `hello`.
    pub signature: hybrid::Signature,
}

/// What a device shows with each request for an hour. Only its server can make and read it, and whoever has it is taken for the device, so it
/// is not printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionToken([u8; SessionToken::LENGTH]);

/// What a device is told when it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// For its next requests.
    pub session: SessionToken,
    /// Until when.
    pub expires: Timestamp,
    /// The server's clock.
    pub time: Timestamp,
    /// What the server takes.
    pub limits: Limits,
    /// The account's manifest that the server holds.
    pub held: Seen,
    /// Whether it knows of a fork.
    pub forked: bool,
    /// The server's word for the address. None while the server has no online key that lasts.
    pub certificate: Option<SignedCertificate>,
}

/// What a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Items of one submission.
    pub items: u32,
    /// One-time pairs of one request.
    pub pairs: u32,
    /// Submissions and grants whose answers are remembered, so that they can be repeated.
    pub outstanding: u32,
    /// Bytes of a blob.
    pub blob_bytes: u64,
    /// The longest that a device may wait for its mailbox.
    pub wait: Span,
}

impl Limits {
    /// Those of this release.
    pub const CURRENT: Self =
        Self { items: 100, pairs: 256, outstanding: 16, blob_bytes: 100 << 20, wait: Span::from_secs(55) };
}

impl Hello {
    /// Signs it with the device's key.
    pub fn sign(&self, key: &hybrid::SecretKey) -> Result<SignedHello, EncodeError> {
        let hello = encode_to_sign(self)?;
        let signature = key.sign(label::sign::HELLO, &hello);
        Ok(SignedHello { hello, signature })
    }
}

impl SignedHello {
    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &hybrid::PublicKey) -> bool {
        key.verify(label::sign::HELLO, &self.hello, &self.signature).is_ok()
    }
}

impl SessionToken {
    /// Bytes of a token.
    pub const LENGTH: usize = 88;

    /// The token of these bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The device that it claims to be of, for who keeps it waiting. Nothing may follow from it.
    pub fn device(&self) -> DeviceId {
        let bytes = self.0.get(32..).and_then(<[u8]>::first_chunk);
        DeviceId::from_bytes(bytes.copied().unwrap_or_default())
    }
}

/// Redacted.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

impl Message for Hello {
    type Proto = proto::Hello;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            server: ServerId::from_bytes(required_array(proto.server)?),
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            time: Timestamp::from_millis(required(proto.time)?),
            nonce: required_array(proto.nonce)?,
            address: proto.address.map(|text| address(Some(text))).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Hello {
            server: Some(self.server.as_bytes().to_vec()),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            time: Some(self.time.as_millis()),
            nonce: Some(self.nonce.to_vec()),
            address: self.address.as_ref().map(ToString::to_string),
        }
    }
}

impl Message for SignedHello {
    type Proto = proto::SignedHello;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            hello: required(proto.hello)?,
            signature: hybrid::Signature::from_proto(required(proto.signature)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedHello { hello: Some(self.hello.clone()), signature: Some(self.signature.to_proto()) }
    }
}

impl Message for Limits {
    type Proto = proto::Limits;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            items: required(proto.items)?,
            pairs: required(proto.pairs)?,
            outstanding: required(proto.outstanding)?,
            blob_bytes: required(proto.blob_bytes)?,
            wait: Span::from_millis(required(proto.wait)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Limits {
            items: Some(self.items),
            pairs: Some(self.pairs),
            outstanding: Some(self.outstanding),
            blob_bytes: Some(self.blob_bytes),
            wait: Some(self.wait.as_millis()),
        }
    }
}

impl Message for Welcome {
    type Proto = proto::Welcome;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            session: SessionToken(required_array(proto.session)?),
            expires: Timestamp::from_millis(required(proto.expires)?),
            time: Timestamp::from_millis(required(proto.time)?),
            limits: Limits::from_proto(required(proto.limits)?)?,
            held: Seen::from_proto(required(proto.held)?)?,
            forked: required(proto.forked)?,
            certificate: proto.certificate.map(SignedCertificate::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Welcome {
            session: Some(self.session.0.to_vec()),
            expires: Some(self.expires.as_millis()),
            time: Some(self.time.as_millis()),
            limits: Some(self.limits.to_proto()),
            held: Some(self.held.to_proto()),
            forked: Some(self.forked),
            certificate: self.certificate.as_ref().map(Message::to_proto),
        }
    }
}
