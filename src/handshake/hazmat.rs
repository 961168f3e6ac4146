//! Every value of the key schedule, for published vectors and for tests that play an attacker. `docs/PROTOCOL.md` §5.2.
//!
//! It runs the stages that handshakes run. A test keeps the library itself away from it.

use super::identity_block::{BLOCK_LENGTH, SEALED_LENGTH};
use super::schedule::{FirstSecrets, Offer, SecondSecrets, Target};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::crypto::{CryptoError, mlkem, x25519};
use crate::identity::address::Address;
use crate::identity::chain::Order;
use crate::identity::ids::{AccountId, DeviceId};
use crate::pairwise::SessionKeys;

/// All that enters the key schedule.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The suite.
    pub suite: Suite,
    /// B's account and device.
    pub recipient: (AccountId, DeviceId),
    /// B's address.
    pub address: &'a Address,
    /// B's manifest.
    pub manifest: (Order, Hash),
    /// The bundle's bytes and the leaf input.
    pub prekeys: [&'a [u8]; 2],
    /// EK, ct1, ct2.
    pub offer: (&'a x25519::PublicKey, &'a mlkem::Ciphertext, &'a mlkem::Ciphertext),
    /// es, eo, ei, k1, k2; without a one-time pair eo is zero.
    pub first: [&'a Secret<32>; 5],
    /// The identity block.
    pub block: &'a [u8; BLOCK_LENGTH],
    /// se, ss.
    pub second: [&'a Secret<32>; 2],
}

/// All that comes out.
#[derive(Debug)]
pub struct Trace {
    /// th0, th1, th2.
    pub transcripts: [Hash; 3],
    /// p1.
    pub p1: Secret<32>,
    /// The key of the identity block.
    pub hidden: Secret<32>,
    /// idb.
    pub sealed: [u8; SEALED_LENGTH],
    /// p2.
    pub p2: Secret<32>,
    /// The keys of the session.
    pub keys: SessionKeys,
}

/// Runs the key schedule of an initiator.
pub fn trace(inputs: &Inputs<'_>) -> Result<Trace, CryptoError> {
    let (account, device) = inputs.recipient;
    let (order, manifest) = inputs.manifest;
    let [bundle, leaf] = inputs.prekeys;
    let target = Target {
        suite: inputs.suite,
        account,
        device,
        address: inputs.address,
        order,
        manifest,
        bundle,
        leaf,
    };
    let th0 = target.hash();
    let (ephemeral, to_prekey, to_identity) = inputs.offer;
    let offer = Offer::new(&th0, ephemeral, to_prekey, to_identity);
    let th1 = offer.th1;
    let [es, eo, ei, k1, k2] = inputs.first.map(Secret::duplicate);
    let concealing = offer.extract(&FirstSecrets { es, eo: Some(eo), ei, k1, k2 });
    let (p1, hidden) = (concealing.p1.duplicate(), concealing.hidden());
    let (complete, sealed) = concealing.seal(inputs.block)?;
    let th2 = complete.th2;
    let [se, ss] = inputs.second.map(Secret::duplicate);
    let proven = complete.prove(&SecondSecrets { se, ss });
    let p2 = proven.p2.duplicate();
    let (_, keys) = proven.keys();
    Ok(Trace { transcripts: [th0, th1, th2], p1, hidden, sealed, p2, keys })
}
