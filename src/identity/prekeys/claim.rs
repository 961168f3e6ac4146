//! Claiming the prekeys of one device. `docs/PROTOCOL.md` §4.12.

use rand_core::CryptoRng;

use super::OVERDUE;
use super::bundle::{Bundle, SignedBundle};
use super::seen::{PrekeysSeen, Seen, advance};
use super::stock::{OneTime, OneTimePair, Stock};
use crate::crypto::{CryptoError, label, random};
use crate::identity::account::Account;
use crate::identity::device::Device;
use crate::identity::ids::{AccountId, DeviceId, RequestId};
use crate::identity::validity::Validity;
use crate::identity::{IdentityError, Verified};
use crate::time::{Span, Timestamp};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// How long a server answers a claim in the same way.
const DEADLINE: Span = Span::from_days(14);

/// A sender's request for the prekeys of one device. Sent again, it gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Drawn by the sender.
    pub request: RequestId,
    /// Whose device it is.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
}

/// A server's answer. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAnswer {
    /// The id of the request.
    pub request: RequestId,
    /// The device's newest bundle.
    pub bundle: SignedBundle,
    /// `None` if the stock is used up.
    pub one_time: Option<OneTime>,
}

/// What a server keeps of a claim that it answered, under the claimer and the request id: the pair belongs to this request, until
/// the deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    request: ClaimRequest,
    one_time: Option<OneTime>,
    until: Timestamp,
}

/// Prekeys that one handshake can begin with: there is no copy. Only [`ClaimAnswer::verify`] makes them.
#[derive(Debug, PartialEq, Eq)]
pub struct Prekeys {
    device: Device,
    bundle: Bundle,
    bundle_bytes: Vec<u8>,
    one_time: Option<(Stock, OneTimePair)>,
    is_overdue: bool,
    seen: PrekeysSeen,
}

impl ClaimRequest {
    /// A new request; draws 16 bytes. [`CryptoError::WeakRandomness`] if the source is stuck.
    pub fn new(account: AccountId, device: DeviceId, rng: &mut impl CryptoRng) -> Result<Self, CryptoError> {
        let request = RequestId::from_bytes(*random::draw(rng)?.expose());
        Ok(Self { request, account, device })
    }
}

impl Grant {
    /// The server's rule: a request that was answered before keeps what it got; a new one takes the pair `next` off the stock.
    /// `earlier` is what is kept under this claimer and this id; [`IdentityError::Mismatch`] if that was for another device. What is
    /// returned is stored, and `next` gone from the stock, before the answer leaves.
    pub fn renew(
        earlier: Option<Self>,
        request: &ClaimRequest,
        next: impl FnOnce() -> Option<OneTime>,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        match earlier {
            Some(grant) if grant.request != *request => Err(IdentityError::Mismatch),
            Some(grant) if now <= grant.until => Ok(grant),
            _ => Ok(Self { request: *request, one_time: next(), until: now.plus(DEADLINE) }),
        }
    }

    /// Until when it is kept.
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// The answer to the request, with the device's newest bundle.
    pub fn answer(&self, bundle: SignedBundle) -> ClaimAnswer {
        ClaimAnswer { request: self.request.request, bundle, one_time: self.one_time.clone() }
    }
}

impl ClaimAnswer {
    /// Verifies the answer against the request, the account, what was seen before of this device, and a time; §4.12 has the order
    /// of the checks and their errors. Two hybrid signatures at most are verified.
    pub fn verify(
        self,
        request: &ClaimRequest,
        account: &Verified<Account>,
        seen: &PrekeysSeen,
        now: Timestamp,
    ) -> Result<Verified<Prekeys>, IdentityError> {
        if self.request != request.request {
            return Err(IdentityError::Mismatch);
        }
        let bundle = Bundle::decode(&self.bundle.bundle)?;
        let device = listed(request, account, bundle.account, bundle.device)?;
        device.signing().verify(label::sign::BUNDLE, &self.bundle.bundle, &self.bundle.signature)?;
        let same_order = bundle.order == account.order();
        if bundle.order > account.order() || (same_order && bundle.manifest != account.hash()) {
            return Err(IdentityError::OtherManifest);
        }
        let bundle_seen = advance(seen.bundle, bundle.number, &self.bundle.bundle)?;
        let bundle_overdue = is_overdue(&bundle.validity, now)?;
        let one_time = self.one_time.map(|one_time| verify_one_time(one_time, request, account, seen, now));
        let one_time = one_time.transpose()?;
        let stock_overdue = one_time.as_ref().is_some_and(|one_time| one_time.is_overdue);
        let stock_seen = one_time.as_ref().map_or(seen.stock, |one_time| Some(one_time.seen));
        Ok(Verified::new(Prekeys {
            device: device.clone(),
            is_overdue: bundle_overdue || stock_overdue,
            bundle,
            bundle_bytes: self.bundle.bundle,
            one_time: one_time.map(|one_time| (one_time.stock, one_time.pair)),
            seen: PrekeysSeen { bundle: Some(bundle_seen), stock: stock_seen },
        }))
    }
}

/// A one-time pair that was verified.
struct Checked {
    stock: Stock,
    pair: OneTimePair,
    is_overdue: bool,
    seen: Seen,
}

fn verify_one_time(
    one_time: OneTime,
    request: &ClaimRequest,
    account: &Verified<Account>,
    seen: &PrekeysSeen,
    now: Timestamp,
) -> Result<Checked, IdentityError> {
    let OneTime { stock: signed, pair } = one_time;
    let stock = Stock::decode(&signed.stock)?;
    let device = listed(request, account, stock.account, stock.device)?;
    device.signing().verify(label::sign::STOCK, &signed.stock, &signed.signature)?;
    let seen = advance(seen.stock, stock.number, &signed.stock)?;
    let is_overdue = is_overdue(&stock.validity, now)?;
    stock.check(&pair)?;
    Ok(Checked { stock, pair, is_overdue, seen })
}

/// Whether prekeys have passed their validity. A device that is away cannot renew them, so for a while they serve still.
fn is_overdue(validity: &Validity, now: Timestamp) -> Result<bool, IdentityError> {
    validity.check_begun(now)?;
    if validity.is_over(now.minus(OVERDUE)) { Err(IdentityError::Expired) } else { Ok(validity.is_over(now)) }
}

/// The device that was asked for, if a statement is about it and the account lists it.
fn listed<'a>(
    request: &ClaimRequest,
    account: &'a Verified<Account>,
    of_account: AccountId,
    of_device: DeviceId,
) -> Result<&'a Device, IdentityError> {
    let about_it = of_account == request.account && of_device == request.device;
    let device = (about_it && of_account == account.id()).then(|| account.device(of_device)).flatten();
    device.ok_or(IdentityError::Mismatch)
}

impl Prekeys {
    /// The device that they belong to.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// The bundle.
    pub const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The bundle exactly as it was signed, for the transcript.
    pub fn bundle_bytes(&self) -> &[u8] {
        &self.bundle_bytes
    }

    /// The one-time pair with its stock. Without one, the forward secrecy of the first message is reduced.
    pub const fn one_time(&self) -> Option<&(Stock, OneTimePair)> {
        self.one_time.as_ref()
    }

    /// What the leaf of the one-time pair is made of, for the transcript; empty without one.
    pub fn leaf_input(&self) -> Vec<u8> {
        self.one_time.as_ref().map(|(stock, pair)| stock.leaf_input(pair)).unwrap_or_default()
    }

    /// Whether the bundle or the stock has passed its validity: a warning.
    pub const fn is_overdue(&self) -> bool {
        self.is_overdue
    }

    /// What to remember of this device.
    pub const fn seen(&self) -> &PrekeysSeen {
        &self.seen
    }
}

impl Message for ClaimRequest {
    type Proto = proto::ClaimRequest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            request: RequestId::from_bytes(required_array(proto.request)?),
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ClaimRequest {
            request: Some(self.request.as_bytes().to_vec()),
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
        }
    }
}

impl Message for ClaimAnswer {
    type Proto = proto::ClaimAnswer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            request: RequestId::from_bytes(required_array(proto.request)?),
            bundle: SignedBundle::from_proto(required(proto.bundle)?)?,
            one_time: proto.one_time.map(OneTime::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ClaimAnswer {
            request: Some(self.request.as_bytes().to_vec()),
            bundle: Some(self.bundle.to_proto()),
            one_time: self.one_time.as_ref().map(Message::to_proto),
        }
    }
}

impl Message for Grant {
    type Proto = proto::ClaimGrant;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            request: ClaimRequest::from_proto(required(proto.request)?)?,
            one_time: proto.one_time.map(OneTime::from_proto).transpose()?,
            until: Timestamp::from_millis(required(proto.until)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ClaimGrant {
            request: Some(self.request.to_proto()),
            one_time: self.one_time.as_ref().map(Message::to_proto),
            until: Some(self.until.as_millis()),
        }
    }
}
