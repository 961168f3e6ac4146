//! Linking a device: invitation, request, reveal, compared code. `docs/PROTOCOL.md` §4.16.
//!
//! ```text
//! existing device                                    new device
//! Inviting::new  ────LinkInvitation (QR code)────▶   Joining::new
//! Inviting::receive ◀──────LinkRequest───────────
//!                ───────LinkReveal──────────────▶    Joining::check
//! Comparison ◀────────── codes, by the person ───▶   Comparison
//! Draft::add, sign ──────── manifest ────────────▶   Joined::is_listed
//! ```

use rand_core::CryptoRng;

use super::account::Account;
use super::address::Domain;
use super::chain::{Manifest, Subject as _};
use super::device::{Device, DeviceSecret, Newcomer};
use super::ids::{AccountId, DeviceId, Fingerprint};
use super::sas::{Code, Comparison, Purpose, check_reveal, commitment};
use super::server::domain;
use super::{IdentityError, Verified};
use crate::crypto::absorb::{Absorb as _, Input};
use crate::crypto::hash::Hash;
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, ed25519, random};
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array, required_secret};
use crate::wire::{Rule, Wire as _};

/// How long an invitation stands.
const STANDS: Span = Span::from_secs(120);

/// A person decided, on this device and just now, to link a device. Nothing that was received or scanned makes one: an
/// application creates it where the person presses the button (attack D-03).
#[derive(Debug)]
pub struct Decision(());

impl Decision {
    /// The person pressed the button.
    pub const fn of_the_person() -> Self {
        Self(())
    }
}

/// Shown by an existing device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkInvitation {
    /// Where the link mailbox is.
    pub domain: Domain,
    /// The account to join.
    pub account: AccountId,
    /// For one request.
    pub token: [u8; 16],
    /// To the inviter's nonce.
    pub commitment: Hash,
}

/// Sent by a new device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRequest {
    /// The invitation's.
    pub token: [u8; 16],
    /// The new device's keys, and what it understands; it does not manage.
    pub device: Device,
    /// For the account of the invitation.
    pub possession: ed25519::Signature,
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

/// Sent by the existing device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkReveal {
    /// The inviter's nonce.
    pub nonce: [u8; 32],
    /// The account's encoded [`Manifest`].
    pub manifest: Vec<u8>,
}

/// The existing device has shown an invitation and waits for one request.
#[derive(Debug)]
pub struct Inviting {
    account: AccountId,
    token: [u8; 16],
    /// Until it is revealed.
    nonce: Secret<32>,
    shown_at: Timestamp,
}

/// The new device has sent its request and waits for the reveal.
#[derive(Debug)]
pub struct Joining {
    invitation: LinkInvitation,
    device: DeviceId,
    entry: Hash,
    nonce: [u8; 32],
}

/// The new device waits for a manifest that lists it.
#[derive(Debug)]
pub struct Joined {
    account: AccountId,
    device: DeviceId,
}

impl Inviting {
    /// Invites a device to `account`; draws 16 and 32 bytes.
    /// [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn new(
        _: Decision,
        account: &Verified<Account>,
        domain: Domain,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, LinkInvitation), IdentityError> {
        let token = *random::draw(rng)?.expose();
        let nonce = random::draw(rng)?;
        let context = committed_to(account.id(), token, &domain);
        let commitment = commitment(Purpose::Linking, &context, nonce.expose());
        let invitation = LinkInvitation { domain, account: account.id(), token, commitment };
        Ok((Self { account: account.id(), token, nonce, shown_at: now }, invitation))
    }

    /// Takes the one request, within two minutes: the token is used up by it, whatever it is. If the invitation was kept, its record is
    /// deleted in the write that releases the reveal: a nonce that is revealed twice can be worked against. The reveal goes back, with the account's
    /// newest manifest; the comparison waits for the code that the new device shows, and its [`pending`](Comparison::pending) is
    /// the device about to be added.
    pub fn receive(
        self,
        account: &Verified<Account>,
        request: LinkRequest,
        now: Timestamp,
    ) -> Result<(LinkReveal, Comparison<Newcomer>), IdentityError> {
        // A clock that went back has used the time up: an invitation never stands longer than two minutes.
        if now < self.shown_at || now > self.shown_at.plus(STANDS) {
            return Err(IdentityError::Expired);
        }
        // What the device may do is decided here, not asked for; what it understands it knows best.
        let fits = request.token == self.token && !request.device.manages();
        if !fits || account.id() != self.account {
            return Err(IdentityError::Mismatch);
        }
        let entry = Hash::of(&request.device.encode()?);
        let newcomer = Newcomer::verify(self.account, request.device, request.possession)?;
        let context = compared(self.account, self.token, account.fingerprint(), entry);
        let [shown, expected] = Code::both(Purpose::Linking, &context, self.nonce.expose(), &request.nonce);
        let manifest = account.manifest().encode()?;
        Ok((LinkReveal { nonce: *self.nonce.expose(), manifest }, Comparison::new(shown, expected, newcomer)))
    }
}

impl Joining {
    /// Joins the account of an invitation, as a new device; draws 160 bytes for its keys, and 32.
    /// [`CryptoError::WeakRandomness`] if the source is stuck.
    ///
    /// The keys are made here because the request proves possession of them for whatever account the invitation names: after an
    /// attempt that fails they are thrown away.
    pub fn new(
        _: Decision,
        invitation: LinkInvitation,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, DeviceSecret, LinkRequest), IdentityError> {
        let secret = DeviceSecret::generate(rng)?;
        let nonce = *random::draw(rng)?.expose();
        let (device, possession) = secret.possess(invitation.account).into_parts();
        let entry = Hash::of(&device.encode()?);
        let request = LinkRequest { token: invitation.token, device, possession, nonce };
        Ok((Self { invitation, device: secret.id(), entry, nonce }, secret, request))
    }

    /// Takes the reveal. [`CryptoError::Unauthentic`] if it does not fit the commitment,
    /// [`IdentityError::Mismatch`] if it is about another account, or an error of [`Manifest::verify`]. The attempt is over then.
    /// Otherwise the comparison waits for the code that the existing device shows; the account is what it was before this device
    /// belonged to it.
    pub fn check(
        self,
        reveal: &LinkReveal,
    ) -> Result<(Comparison<Joined>, Verified<Account>), IdentityError> {
        let LinkInvitation { domain, account: id, token, commitment } = self.invitation;
        check_reveal(Purpose::Linking, &committed_to(id, token, &domain), commitment, &reveal.nonce)?;
        let account = Manifest::decode(&reveal.manifest)?.verify::<Account>()?;
        if account.id() != id {
            return Err(IdentityError::Mismatch);
        }
        let context = compared(id, token, account.fingerprint(), self.entry);
        let [expected, shown] = Code::both(Purpose::Linking, &context, &reveal.nonce, &self.nonce);
        let joined = Joined { account: id, device: self.device };
        Ok((Comparison::new(shown, expected, joined), account))
    }
}

impl Joined {
    /// Whether a manifest of the account lists this device: then it is linked.
    pub fn is_listed(&self, account: &Verified<Account>) -> bool {
        account.id() == self.account && account.device(self.device).is_some()
    }
}

fn committed_to(account: AccountId, token: [u8; 16], domain: &Domain) -> Vec<u8> {
    Input::new().array(account.as_bytes()).array(&token).last(domain.as_str().as_bytes())
}

fn compared(account: AccountId, token: [u8; 16], fingerprint: Fingerprint, entry: Hash) -> Vec<u8> {
    let fixed = Input::with_capacity(112).array(account.as_bytes()).array(&token);
    fixed.array(fingerprint.as_bytes()).array(entry.as_bytes()).finish()
}

impl Message for Inviting {
    type Proto = proto::LinkInviting;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account.take())?),
            token: required_array(proto.token.take())?,
            nonce: required_secret(&mut proto.nonce)?,
            shown_at: Timestamp::from_millis(required(proto.shown_at)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkInviting {
            account: Some(self.account.as_bytes().to_vec()),
            token: Some(self.token.to_vec()),
            nonce: Some(self.nonce.expose().to_vec()),
            shown_at: Some(self.shown_at.as_millis()),
        }
    }
}

impl Message for Joining {
    type Proto = proto::LinkJoining;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            invitation: LinkInvitation::from_proto(required(proto.invitation)?)?,
            device: DeviceId::from_bytes(required_array(proto.device)?),
            entry: Hash::from_bytes(required_array(proto.entry)?),
            nonce: required_array(proto.nonce)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkJoining {
            invitation: Some(self.invitation.to_proto()),
            device: Some(self.device.as_bytes().to_vec()),
            entry: Some(self.entry.as_bytes().to_vec()),
            nonce: Some(self.nonce.to_vec()),
        }
    }
}

impl Message for Comparison<Newcomer> {
    type Proto = proto::LinkComparing;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let numbers = [proto.shown, proto.expected, proto.wrong];
        let kept = Comparison::from_numbers(numbers, ())?;
        let account = AccountId::from_bytes(required_array(proto.account)?);
        let device = Device::from_proto(required(proto.device)?)?;
        let possession = ed25519::Signature::from_bytes(&required(proto.possession)?)?;
        let newcomer = Newcomer::verify(account, device, possession);
        Ok(kept.with(newcomer.map_err(|_| CryptoError::InvalidSignature)?))
    }

    fn to_proto(&self) -> Self::Proto {
        let ([shown, expected, wrong], newcomer) = (self.to_numbers(), self.pending());
        proto::LinkComparing {
            shown,
            expected,
            wrong,
            account: Some(newcomer.account().as_bytes().to_vec()),
            device: Some(newcomer.device().to_proto()),
            possession: Some(newcomer.possession().as_bytes().to_vec()),
        }
    }
}

impl Message for Comparison<Joined> {
    type Proto = proto::LinkAwaiting;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let numbers = [proto.shown, proto.expected, proto.wrong];
        let joined = Joined {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
        };
        Self::from_numbers(numbers, joined)
    }

    fn to_proto(&self) -> Self::Proto {
        let ([shown, expected, wrong], joined) = (self.to_numbers(), self.pending());
        proto::LinkAwaiting {
            shown,
            expected,
            wrong,
            account: Some(joined.account.as_bytes().to_vec()),
            device: Some(joined.device.as_bytes().to_vec()),
        }
    }
}

impl Message for LinkInvitation {
    type Proto = proto::LinkInvitation;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            domain: domain(proto.domain)?,
            account: AccountId::from_bytes(required_array(proto.account)?),
            token: required_array(proto.token)?,
            commitment: Hash::from_bytes(required_array(proto.commitment)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkInvitation {
            domain: Some(self.domain.to_string()),
            account: Some(self.account.as_bytes().to_vec()),
            token: Some(self.token.to_vec()),
            commitment: Some(self.commitment.as_bytes().to_vec()),
        }
    }
}

impl Message for LinkRequest {
    type Proto = proto::LinkRequest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            token: required_array(proto.token)?,
            device: Device::from_proto(required(proto.device)?)?,
            possession: ed25519::Signature::from_bytes(&required(proto.possession)?)?,
            nonce: required_array(proto.nonce)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkRequest {
            token: Some(self.token.to_vec()),
            device: Some(self.device.to_proto()),
            possession: Some(self.possession.as_bytes().to_vec()),
            nonce: Some(self.nonce.to_vec()),
        }
    }
}

impl Message for LinkReveal {
    type Proto = proto::LinkReveal;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { nonce: required_array(proto.nonce)?, manifest: required(proto.manifest)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkReveal { nonce: Some(self.nonce.to_vec()), manifest: Some(self.manifest.clone()) }
    }
}
