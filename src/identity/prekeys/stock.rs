//! Stocks of one-time pairs under one signed root. `docs/PROTOCOL.md` §4.11.

use rand_core::CryptoRng;

use super::KEPT;
use super::bundle::suite;
use super::merkle::{Tree, root_of};
use super::secrets::OneTimeSecret;
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::hash::{Hash, Hasher};
use crate::crypto::suite::Suite;
use crate::crypto::{hybrid, label, mlkem, x25519};
use crate::identity::IdentityError;
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::validity::Validity;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, encode_to_sign, hashes, required, required_array};
use crate::wire::{EncodeError, Rule, Wire as _};

/// The largest depth of a stock: 1,024 pairs.
pub const MAX_DEPTH: u32 = 10;

/// A device's signed statement of 2^depth one-time pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stock {
    /// The suite that the keys are for.
    pub suite: Suite,
    /// The account of the device.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// Never goes back.
    pub number: u64,
    /// At most [`MAX_DEPTH`].
    pub depth: u32,
    /// At most 30 days.
    pub validity: Validity,
    /// The root of the tree over all pairs.
    pub root: Hash,
}

/// A stock as it travels. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStock {
    /// The encoded [`Stock`], exactly as it was signed.
    pub stock: Vec<u8>,
    /// The device's signature over `stock`.
    pub signature: hybrid::Signature,
}

/// Public keys for one handshake, with the proof that a stock contains them. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimePair {
    /// Its place in the stock.
    pub index: u32,
    /// X25519 key.
    pub agreement: x25519::PublicKey,
    /// ML-KEM-768 key.
    pub kem: mlkem::EncapsulationKey,
    /// Siblings from the leaf upwards.
    pub proof: Vec<Hash>,
}

/// A one-time pair with its stock. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTime {
    /// The stock.
    pub stock: SignedStock,
    /// The pair.
    pub pair: OneTimePair,
}

impl Stock {
    /// A new stock: its statement, the pairs for the server, and the private keys. Draws 32 and 64 bytes for each pair.
    /// [`IdentityError::NotPossible`] beyond [`MAX_DEPTH`].
    pub fn generate(
        owner: (AccountId, DeviceId),
        number: u64,
        depth: u32,
        validity: Validity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<OneTimePair>, Vec<OneTimeSecret>), IdentityError> {
        if depth > MAX_DEPTH {
            return Err(IdentityError::NotPossible);
        }
        let (account, device) = owner;
        let erase_after = validity.not_after().plus(KEPT);
        let mut secrets = Vec::new();
        for index in 0..1_u32 << depth {
            secrets.push(OneTimeSecret::generate(number, index, erase_after, rng)?);
        }
        let mut stock =
            Self { suite: Suite::One, account, device, number, depth, validity, root: Hash::of(&[]) };
        let mut pairs: Vec<_> = secrets.iter().map(OneTimePair::without_proof).collect();
        let tree = Tree::new(pairs.iter().map(|pair| stock.leaf(pair)).collect());
        let tree = tree.ok_or(IdentityError::NotPossible)?;
        stock.root = tree.root().ok_or(IdentityError::NotPossible)?;
        for (at, pair) in pairs.iter_mut().enumerate() {
            pair.proof = tree.proof(at);
        }
        Ok((stock, pairs, secrets))
    }

    /// Signs the stock. [`EncodeError`] if its validity is longer than 30 days, or it is too deep.
    pub fn sign(&self, key: &hybrid::SecretKey) -> Result<SignedStock, EncodeError> {
        let stock = encode_to_sign(self)?;
        let signature = key.sign(label::sign::STOCK, &stock);
        Ok(SignedStock { stock, signature })
    }

    /// What the leaf of a pair is made of; a handshake binds it too.
    pub fn leaf_input(&self, pair: &OneTimePair) -> Vec<u8> {
        let (owner, place) = ((self.account, self.device), (self.number, pair.index));
        leaf_input(owner, place, &pair.agreement, &pair.kem)
    }

    /// [`IdentityError::NotInStock`] unless this stock contains the pair at its index.
    pub fn check(&self, pair: &OneTimePair) -> Result<(), IdentityError> {
        let fits = u32::try_from(pair.proof.len()) == Ok(self.depth)
            && pair.index.checked_shr(self.depth) == Some(0)
            && root_of(self.leaf(pair), pair.index, &pair.proof) == self.root;
        if fits { Ok(()) } else { Err(IdentityError::NotInStock) }
    }

    fn leaf(&self, pair: &OneTimePair) -> Hash {
        Hasher::new(label::hash::LEAF).last(&self.leaf_input(pair))
    }
}

/// Of the pair at this place, a number of a stock and an index, of this device.
pub(super) fn leaf_input(
    (account, device): (AccountId, DeviceId),
    (number, index): (u64, u32),
    agreement: &x25519::PublicKey,
    kem: &mlkem::EncapsulationKey,
) -> Vec<u8> {
    Input::with_capacity(32 + 16 + 8 + 4 + x25519::LENGTH + mlkem::PUBLIC_KEY_LENGTH)
        .array(account.as_bytes())
        .array(device.as_bytes())
        .u64(number)
        .u32(index)
        .array(agreement.as_bytes())
        .array(kem.as_bytes())
        .finish()
}

impl SignedStock {
    /// Decodes the stock and verifies that this device signed it, of itself. [`IdentityError::Mismatch`] if it speaks of another.
    /// For who keeps it; who uses a pair of it has [`ClaimAnswer::verify`](super::ClaimAnswer::verify).
    pub fn signed_by(
        &self,
        owner: (AccountId, DeviceId),
        key: &hybrid::PublicKey,
    ) -> Result<Stock, IdentityError> {
        let stock = Stock::decode(&self.stock)?;
        if (stock.account, stock.device) != owner {
            return Err(IdentityError::Mismatch);
        }
        key.verify(label::sign::STOCK, &self.stock, &self.signature)?;
        Ok(stock)
    }
}

impl OneTimePair {
    fn without_proof(secret: &OneTimeSecret) -> Self {
        let (keys, (_, index)) = (secret.keys(), secret.place());
        let agreement = keys.agreement().public_key();
        Self { index, agreement, kem: keys.kem().public_key().clone(), proof: Vec::new() }
    }
}

impl Message for Stock {
    type Proto = proto::Stock;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let suite = suite(required(proto.suite)?)?;
        let depth = required(proto.depth)?;
        if depth > MAX_DEPTH {
            return Err(Rule::BadValue);
        }
        Ok(Self {
            suite,
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            number: required(proto.number)?,
            depth,
            validity: Validity::from_proto(required(proto.validity)?)?.limited()?,
            root: Hash::from_bytes(required_array(proto.root)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Stock {
            suite: Some(u32::from(self.suite.number())),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            number: Some(self.number),
            depth: Some(self.depth),
            validity: Some(self.validity.to_proto()),
            root: Some(self.root.as_bytes().to_vec()),
        }
    }
}

impl Message for SignedStock {
    type Proto = proto::SignedStock;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            stock: required(proto.stock)?,
            signature: hybrid::Signature::from_proto(required(proto.signature)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::SignedStock { stock: Some(self.stock.clone()), signature: Some(self.signature.to_proto()) }
    }
}

impl Message for OneTimePair {
    type Proto = proto::OneTimePair;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            index: required(proto.index)?,
            agreement: x25519::PublicKey::from_bytes(&required(proto.agreement)?)?,
            kem: mlkem::EncapsulationKey::from_bytes(&required(proto.kem)?)?,
            proof: hashes(proto.proof)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OneTimePair {
            index: Some(self.index),
            agreement: Some(self.agreement.as_bytes().to_vec()),
            kem: Some(self.kem.as_bytes().to_vec()),
            proof: self.proof.iter().map(|hash| hash.as_bytes().to_vec()).collect(),
        }
    }
}

impl Message for OneTime {
    type Proto = proto::OneTime;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            stock: SignedStock::from_proto(required(proto.stock)?)?,
            pair: OneTimePair::from_proto(required(proto.pair)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::OneTime { stock: Some(self.stock.to_proto()), pair: Some(self.pair.to_proto()) }
    }
}
