//! Delivery tokens in contents. `docs/PROTOCOL.md` §7.6, §10.6.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;

use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, random};
use crate::identity::address::Domain;
use crate::identity::server::domain;
use crate::time::Span;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required_secret};

/// How long a token that was rotated may still serve: 15 days at the server (§7.6), and one for what is on its way there and for clocks.
pub(super) const GRACE: Span = Span::from_days(16);

/// What reaches an account past its request inbox. Whoever has it can write to the account's mailboxes.
#[derive(Debug)]
pub struct DeliveryToken(Secret<16>);

/// By what, and where, an account is reached.
#[derive(Debug)]
pub struct TokenGrant {
    /// The token.
    pub token: DeliveryToken,
    /// The domain of the account's server, as the account says it. Nothing is sent there unless it is that of the account's certified address
    /// (§10.6).
    pub domain: Domain,
}

/// What the server of one's own account has to be told about a token.
#[derive(Debug)]
pub enum TokenAction {
    /// From now on this one delivers.
    Add(DeliveryToken),
    /// From now on another one delivers, and the old one for the time of grace.
    Rotate {
        /// The one that ends.
        old: DeliveryToken,
        /// The one in its place.
        new: DeliveryToken,
    },
    /// What comes with it is taken and thrown away.
    Sink(DeliveryToken),
}

impl DeliveryToken {
    /// A token of these bytes.
    pub const fn new(token: Secret<16>) -> Self {
        Self(token)
    }

    /// A new one; draws 16 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        random::draw(rng).map(Self)
    }

    /// The bytes.
    pub const fn secret(&self) -> &Secret<16> {
        &self.0
    }

    /// A second copy.
    #[must_use]
    pub const fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// Whether two are the same, compared in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl TokenGrant {
    /// A second copy.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { token: self.token.duplicate(), domain: self.domain.clone() }
    }
}

impl Message for TokenGrant {
    type Proto = proto::TokenGrant;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let token = DeliveryToken(required_secret(&mut proto.token)?);
        Ok(Self { token, domain: domain(proto.domain.take())? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::TokenGrant {
            token: Some(self.token.0.expose().to_vec()),
            domain: Some(self.domain.to_string()),
        }
    }
}
