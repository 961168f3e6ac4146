//! Receiving an Initial: B's side. `docs/PROTOCOL.md` §5.6, §5.7.
//!
//! ```text
//! Initial ──screen──▶ Screened ──open──▶ Tentative ──first_message──▶ Opened ──accept──▶ Accepted
//!           steps 2-5            6-8                                          9-11       one write
//! ```
//!
//! Screening has no prekey at hand and uses no other key, so an Initial for nobody, or one that was accepted before, costs no operation with keys
//! (attack H-19). Only the last state has anything that can be stored.

use core::fmt;

use super::HandshakeError;
use super::answer::Answering;
use super::floor::{self, Floor, features};
use super::identity_block::IdentityBlock;
use super::initial::{Initial, OneTimePlace};
use super::records::{OwnBundle, OwnManifest, ReplayEntry};
use super::schedule::{FirstSecrets, Offer, SecondSecrets, Target};
use crate::crypto::CryptoError;
use crate::crypto::hash::Hash;
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::Address;
use crate::identity::device::{Capabilities, DeviceSecret};
use crate::identity::ids::AccountId;
use crate::identity::key_pair::PairSecret;
use crate::identity::prekeys::OneTimeSecret;
use crate::pairwise::{FirstChain, FirstOpened, ForwardSecrecy, Role, SessionSecret};
use crate::time::Timestamp;

/// The device that receives, and what it goes by.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// Its account.
    pub account: AccountId,
    /// Its keys.
    pub device: &'a DeviceSecret,
    /// The addresses under which it is reached, or was within the life of the prekeys.
    pub addresses: &'a [Address],
    /// The manifests of its account that it holds: the newest, and those that were within the life of the prekeys. An initiator may
    /// name one that is missing here because this device skipped it.
    pub manifests: &'a [OwnManifest],
}

/// An Initial that is for this device, and was not accepted before.
#[derive(Debug)]
pub struct Screened<'a> {
    initial: Initial,
    own: Own<'a>,
    manifest: OwnManifest,
}

/// An Initial that opened. Who it comes from is what somebody says: good for looking things up and for opening its message.
pub struct Tentative {
    initial: Initial,
    block: IdentityBlock,
    session: SessionSecret,
    erase_after: Timestamp,
    own_capabilities: Capabilities,
}

/// An Initial whose message opened: whoever sent it holds the X25519 key in the identity block.
#[derive(Debug)]
pub struct Opened(Tentative);

/// A new session and everything that must be stored with it, in one write.
///
/// The write is conditional (§5.7): it succeeds only if the replay record still has no entry under the ephemeral key, the private keys
/// of the bundle and of the one-time pair are still there, and the initiator's account and floor are still those that were compared
/// with; otherwise everything is done again, from [`Initial::screen`]. A store whose writes expect what was read does this if all of
/// them were read by their keys.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct Accepted {
    /// The session.
    pub session: SessionSecret,
    /// What the first answer needs.
    pub answering: Answering,
    /// To add to the replay record.
    pub replay: ReplayEntry,
    /// The one-time pair of which the private keys must be deleted.
    pub consumed: Option<OneTimePlace>,
    /// H of the Initial's bytes: a repetition of the Initial under a tag of this session is compared with it.
    pub initial: Hash,
    /// What is pinned of the initiator from now on.
    pub floor: Floor,
    /// What both devices understand.
    pub capabilities: Capabilities,
}

impl Initial {
    /// Whether this is for the device and new; `earlier` is what the replay record has under its ephemeral key.
    /// [`HandshakeError::Replayed`], [`HandshakeError::Mismatch`], [`HandshakeError::OtherManifest`], in this order.
    pub fn screen<'a>(
        self,
        own: &Own<'a>,
        earlier: Option<&ReplayEntry>,
    ) -> Result<Screened<'a>, HandshakeError> {
        if earlier.is_some_and(|entry| *entry.ephemeral() == self.ephemeral) {
            return Err(HandshakeError::Replayed);
        }
        if self.device != own.device.id() || !own.addresses.contains(&self.address) {
            return Err(HandshakeError::Mismatch);
        }
        let manifest = *self.named(own.manifests).ok_or(HandshakeError::OtherManifest)?;
        Ok(Screened { initial: self, own: *own, manifest })
    }

    /// The manifest that counts, §5.6 step 5: the one that is named, or the newest if the named one was skipped.
    fn named<'a>(&self, held: &'a [OwnManifest]) -> Option<&'a OwnManifest> {
        let of_this_order = || held.iter().filter(|held| held.order() == self.order);
        let newest = held.iter().max_by_key(|held| held.order())?;
        let was_skipped = self.order < newest.order() && of_this_order().next().is_none();
        if was_skipped { Some(newest) } else { of_this_order().find(|held| held.hash() == self.manifest) }
    }
}

impl Screened<'_> {
    /// The number of the bundle whose keys are wanted.
    pub const fn bundle(&self) -> u64 {
        self.initial.bundle
    }

    /// The one-time pair whose keys are wanted.
    pub const fn one_time(&self) -> Option<OneTimePlace> {
        self.initial.one_time
    }

    /// Opens the Initial with the private keys that it names, as far as there are any. The one-time keys are consumed here; in the
    /// store they are deleted only with [`Accepted`].
    ///
    /// [`HandshakeError::UnknownPrekey`] if a key is missing, or must have been erased by `now`;
    /// [`CryptoError::Unauthentic`] if anything differs from what the initiator used; [`CryptoError::InvalidKey`];
    /// [`HandshakeError::Mismatch`] for this device itself.
    pub fn open(
        self,
        bundle: Option<&OwnBundle>,
        one_time: Option<OneTimeSecret>,
        now: Timestamp,
    ) -> Result<Tentative, HandshakeError> {
        let bundle = bundle.filter(|bundle| is_there(bundle, self.initial.bundle, now));
        let bundle = bundle.ok_or(HandshakeError::UnknownPrekey)?;
        let one_time = wanted(self.initial.one_time, one_time, now)?;

        let owner = (self.own.account, self.own.device.id());
        let leaf = one_time.as_ref().map(|secret| secret.leaf_input(owner)).unwrap_or_default();
        let th0 = self.target(bundle, &leaf).hash();
        let Initial { ephemeral, to_prekey, to_identity, sealed, .. } = &self.initial;
        let offer = Offer::new(&th0, ephemeral, to_prekey, to_identity);
        let one_time = one_time.map(OneTimeSecret::into_keys);
        let secrets = self.first_secrets(bundle, one_time.as_ref())?;
        let (complete, block) = offer.extract(&secrets).open(sealed)?;
        let block = IdentityBlock::from_bytes(&block)?;
        if (block.account, block.device) == owner {
            return Err(HandshakeError::Mismatch);
        }
        let (transcript, keys) = complete.prove(&self.second_secrets(bundle, &block)?).keys();
        let has_pair = self.initial.one_time.is_some();
        let forward_secrecy = if has_pair { ForwardSecrecy::Full } else { ForwardSecrecy::Reduced };
        Ok(Tentative {
            initial: self.initial,
            block,
            session: SessionSecret::new(Role::Responder, transcript, keys, forward_secrecy),
            erase_after: bundle.secret().erase_after(),
            own_capabilities: self.manifest.capabilities(),
        })
    }

    fn target<'b>(&'b self, bundle: &'b OwnBundle, leaf: &'b [u8]) -> Target<'b> {
        Target {
            suite: self.initial.suite,
            account: self.own.account,
            device: self.own.device.id(),
            address: &self.initial.address,
            order: self.initial.order,
            manifest: self.initial.manifest,
            bundle: bundle.bytes(),
            leaf,
        }
    }

    fn first_secrets(
        &self,
        bundle: &OwnBundle,
        one_time: Option<&PairSecret>,
    ) -> Result<FirstSecrets, CryptoError> {
        let (prekeys, identity) = (bundle.secret().keys(), self.own.device.keys());
        let Initial { ephemeral, to_prekey, to_identity, .. } = &self.initial;
        let eo = one_time.map(|keys| keys.agreement().diffie_hellman(ephemeral)).transpose()?;
        Ok(FirstSecrets {
            es: prekeys.agreement().diffie_hellman(ephemeral)?,
            eo,
            ei: identity.agreement().diffie_hellman(ephemeral)?,
            k1: one_time.unwrap_or(prekeys).kem().decapsulate(to_prekey),
            k2: identity.kem().decapsulate(to_identity),
        })
    }

    fn second_secrets(
        &self,
        bundle: &OwnBundle,
        block: &IdentityBlock,
    ) -> Result<SecondSecrets, CryptoError> {
        Ok(SecondSecrets {
            se: bundle.secret().keys().agreement().diffie_hellman(&block.agreement)?,
            ss: self.own.device.keys().agreement().diffie_hellman(&block.agreement)?,
        })
    }
}

fn is_there(bundle: &OwnBundle, number: u64, now: Timestamp) -> bool {
    bundle.secret().number() == number && now <= bundle.secret().erase_after()
}

/// The one-time keys, if the Initial names some.
fn wanted(
    place: Option<OneTimePlace>,
    secret: Option<OneTimeSecret>,
    now: Timestamp,
) -> Result<Option<OneTimeSecret>, HandshakeError> {
    let Some(place) = place else { return Ok(None) };
    let is_it =
        |secret: &OneTimeSecret| secret.place() == (place.stock, place.index) && now <= secret.erase_after();
    secret.filter(is_it).ok_or(HandshakeError::UnknownPrekey).map(Some)
}

/// Shows nothing of whom it claims to come from: in a log that would undo what the sealed block is for.
impl fmt::Debug for Tentative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tentative").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Tentative {
    /// Who the initiator says that it is: for looking up the account, the device and an earlier session.
    pub const fn claims(&self) -> &IdentityBlock {
        &self.block
    }

    /// th2.
    pub const fn transcript(&self) -> Hash {
        self.session.transcript()
    }

    /// Opens the message beside the Initial with `open`, in which [`open_first`](crate::ratchet::open_first) of the ratchet does it: it
    /// alone makes the proof that is asked for, and only of an authentic message. The error is its error.
    pub fn first_message<T, E>(
        self,
        open: impl for<'a> FnOnce(FirstChain<'a>) -> Result<FirstOpened<'a, T>, E>,
    ) -> Result<(Opened, T), E> {
        let message = open(self.session.first_chain())?.into_message();
        Ok((Opened(self), message))
    }
}

impl Opened {
    /// Who the initiator says that it is.
    pub const fn claims(&self) -> &IdentityBlock {
        self.0.claims()
    }

    /// th2, for [`LinkProof::verify`](super::LinkProof::verify).
    pub const fn transcript(&self) -> Hash {
        self.0.transcript()
    }

    /// Compares with the initiator's verified account and with what is pinned of the device, and gives what is to be stored.
    /// [`HandshakeError::Mismatch`], [`HandshakeError::OtherManifest`], [`HandshakeError::Downgrade`] as in §5.7.
    ///
    /// What comes before is the caller's duty: that `account` is what following the account with the path of the body led to, so
    /// [`Followed::current`](crate::identity::chain::Followed::current) after [`Followed::learn`](crate::identity::chain::Followed::learn),
    /// which is never older than what was held and refuses a fork; that
    /// [`ContactTrust::permits`](crate::identity::trust::ContactTrust::permits) its identity, or nothing is pinned; and that an address is
    /// shown only if its certificate was verified for this account.
    pub fn accept(
        self,
        account: &Verified<Account>,
        pinned: Option<&Floor>,
    ) -> Result<Accepted, HandshakeError> {
        let Self(Tentative { initial, block, session, erase_after, own_capabilities }) = self;
        let seen = block.check(account)?;
        let floor = floor::raise(pinned, initial.suite, seen)?;
        let bits = seen.bits() & own_capabilities.bits();
        Ok(Accepted {
            answering: Answering::new(block.account, block.device, session.transcript()),
            session,
            replay: ReplayEntry::new(initial.ephemeral, erase_after),
            consumed: initial.one_time,
            initial: initial.hash()?,
            floor,
            capabilities: features(Capabilities::from_bits(bits)),
        })
    }
}
