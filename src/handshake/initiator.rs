//! Beginning a handshake: A's side. `docs/PROTOCOL.md` §5.5.

use super::HandshakeError;
use super::answer::Awaiting;
use super::floor::{self, Floor, features};
use super::identity_block::{BLOCK_LENGTH, IdentityBlock, SEALED_LENGTH};
use super::initial::{Initial, OneTimePlace};
use super::schedule::{FirstSecrets, Offer, SecondSecrets, Target};
use crate::crypto::random::Seed;
use crate::crypto::{CryptoError, mlkem, x25519};
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::Address;
use crate::identity::device::{Capabilities, Device, DeviceSecret};
use crate::identity::prekeys::{Prekeys, PrekeysSeen};
use crate::pairwise::{ForwardSecrecy, Role, SessionSecret};
use crate::wire::Wire as _;

/// The device that begins.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    account: &'a Verified<Account>,
    device: &'a Device,
    secret: &'a DeviceSecret,
}

/// The device that is begun with, and the prekeys for this one handshake.
#[derive(Debug)]
pub struct Recipient<'a> {
    account: &'a Verified<Account>,
    device: &'a Device,
    address: &'a Address,
    prekeys: Verified<Prekeys>,
    floor: Floor,
}

/// A handshake that was begun. To be stored in one write before anything is sent.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct Initiated {
    /// The session.
    pub session: SessionSecret,
    /// The bytes to send before every message until the answer.
    pub awaiting: Awaiting,
    /// What is pinned of the other device from now on.
    pub floor: Floor,
    /// What was seen of its prekeys, from now on.
    pub seen: PrekeysSeen,
    /// Whether its bundle or stock should have been replaced by now: the person may be told.
    pub is_overdue: bool,
    /// What both devices understand.
    pub capabilities: Capabilities,
}

impl<'a> Sender<'a> {
    /// This device. [`HandshakeError::NotPossible`] if the account does not list it.
    pub fn new(account: &'a Verified<Account>, secret: &'a DeviceSecret) -> Result<Self, HandshakeError> {
        let device = account.device(secret.id()).ok_or(HandshakeError::NotPossible)?;
        Ok(Self { account, device, secret })
    }
}

impl<'a> Recipient<'a> {
    /// A device of `account` by its prekeys, written to under `address`; `pinned` is what is known of it from earlier handshakes.
    /// [`HandshakeError::NotPossible`] if account and prekeys do not belong together; [`HandshakeError::Downgrade`].
    ///
    /// That the account has not forked and is the one that is pinned is the caller's duty, to be asked before, of
    /// [`Followed::current`](crate::identity::chain::Followed::current) and
    /// [`ContactTrust::permits`](crate::identity::trust::ContactTrust::permits).
    pub fn new(
        account: &'a Verified<Account>,
        prekeys: Verified<Prekeys>,
        address: &'a Address,
        pinned: Option<&Floor>,
    ) -> Result<Self, HandshakeError> {
        let bundle = prekeys.bundle();
        let device = account.device(prekeys.device().id()).ok_or(HandshakeError::NotPossible)?;
        let fits = bundle.account == account.id()
            && bundle.order <= account.order()
            && (bundle.order < account.order() || bundle.manifest == account.hash())
            && device.suites().contains(&bundle.suite.number());
        if !fits {
            return Err(HandshakeError::NotPossible);
        }
        let floor = floor::raise(pinned, bundle.suite, device.capabilities())?;
        Ok(Self { account, device, address, prekeys, floor })
    }
}

/// The ephemeral key, what is encapsulated with it, and the secrets of all of it.
struct Offered {
    ephemeral: x25519::PublicKey,
    to_prekey: mlkem::Ciphertext,
    to_identity: mlkem::Ciphertext,
    secrets: FirstSecrets,
}

/// Begins a handshake. The seed is drawn for this call; another attempt takes another seed.
/// [`HandshakeError::NotPossible`] if sender and recipient are one device.
#[expect(clippy::needless_pass_by_value, reason = "prekeys serve one handshake")]
pub fn initiate(
    sender: &Sender<'_>,
    recipient: Recipient<'_>,
    seed: Seed,
) -> Result<Initiated, HandshakeError> {
    if (sender.account.id(), sender.device.id()) == (recipient.account.id(), recipient.device.id()) {
        return Err(HandshakeError::NotPossible);
    }
    let offered = offer(&recipient, seed)?;
    let leaf = recipient.prekeys.leaf_input();
    let th0 = target(&recipient, &leaf).hash();
    let offer = Offer::new(&th0, &offered.ephemeral, &offered.to_prekey, &offered.to_identity);
    let block = IdentityBlock::of(sender.account, sender.device).to_bytes();
    let block: [u8; BLOCK_LENGTH] = block.try_into().map_err(|_| CryptoError::InvalidLength)?;
    let (complete, sealed) = offer.extract(&offered.secrets).seal(&block)?;
    let (transcript, keys) = complete.prove(&second_secrets(sender, &recipient)?).keys();

    let has_pair = recipient.prekeys.one_time().is_some();
    let forward_secrecy = if has_pair { ForwardSecrecy::Full } else { ForwardSecrecy::Reduced };
    let initial = initial(&recipient, offered, sealed);
    Ok(Initiated {
        session: SessionSecret::new(Role::Initiator, transcript, keys, forward_secrecy),
        awaiting: Awaiting::new(initial.encode()?, transcript),
        floor: recipient.floor,
        seen: *recipient.prekeys.seen(),
        is_overdue: recipient.prekeys.is_overdue(),
        capabilities: common(sender.device, recipient.device),
    })
}

fn initial(recipient: &Recipient<'_>, offered: Offered, sealed: [u8; SEALED_LENGTH]) -> Initial {
    let (bundle, one_time) = (recipient.prekeys.bundle(), recipient.prekeys.one_time());
    let Offered { ephemeral, to_prekey, to_identity, .. } = offered;
    Initial {
        suite: bundle.suite,
        device: recipient.device.id(),
        address: recipient.address.clone(),
        bundle: bundle.number,
        one_time: one_time.map(|(stock, pair)| OneTimePlace { stock: stock.number, index: pair.index }),
        order: recipient.account.order(),
        manifest: recipient.account.hash(),
        ephemeral,
        to_prekey,
        to_identity,
        sealed,
    }
}

fn target<'a>(recipient: &'a Recipient<'_>, leaf: &'a [u8]) -> Target<'a> {
    Target {
        suite: recipient.prekeys.bundle().suite,
        account: recipient.account.id(),
        device: recipient.device.id(),
        address: recipient.address,
        order: recipient.account.order(),
        manifest: recipient.account.hash(),
        bundle: recipient.prekeys.bundle_bytes(),
        leaf,
    }
}

/// Draws the ephemeral key and the coins of both encapsulations, in this order; all are gone when this returns.
fn offer(recipient: &Recipient<'_>, seed: Seed) -> Result<Offered, HandshakeError> {
    let (bundle, one_time) = (recipient.prekeys.bundle(), recipient.prekeys.one_time());
    let prekey = one_time.map_or(&bundle.kem, |(_, pair)| &pair.kem);
    let mut rng = seed.into_generator();
    let ephemeral = x25519::SecretKey::generate(&mut rng)?;
    let (to_prekey, k1) = prekey.encapsulate(&mut rng)?;
    let (to_identity, k2) = recipient.device.kem().encapsulate(&mut rng)?;
    let secrets = FirstSecrets {
        es: ephemeral.diffie_hellman(&bundle.agreement)?,
        eo: one_time.map(|(_, pair)| ephemeral.diffie_hellman(&pair.agreement)).transpose()?,
        ei: ephemeral.diffie_hellman(recipient.device.agreement())?,
        k1,
        k2,
    };
    Ok(Offered { ephemeral: ephemeral.public_key(), to_prekey, to_identity, secrets })
}

fn second_secrets(sender: &Sender<'_>, recipient: &Recipient<'_>) -> Result<SecondSecrets, CryptoError> {
    let identity = sender.secret.keys().agreement();
    Ok(SecondSecrets {
        se: identity.diffie_hellman(&recipient.prekeys.bundle().agreement)?,
        ss: identity.diffie_hellman(recipient.device.agreement())?,
    })
}

fn common(one: &Device, other: &Device) -> Capabilities {
    let bits = one.capabilities().bits() & other.capabilities().bits();
    features(Capabilities::from_bits(bits))
}
