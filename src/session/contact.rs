//! What a device holds of an account: another one, or its own. `docs/PROTOCOL.md` §9.3.

use super::SessionError;
use super::body::{View, order};
use super::context::{Stopped, refuse};
use super::shared::Introduction;
use crate::crypto::hash::Hash;
use crate::identity::account::Account;
use crate::identity::certificate::SignedCertificate;
use crate::identity::chain::{Followed, ForkEvidence, Manifest, News, Order, Subject as _};
use crate::identity::ids::{AccountId, DeviceId};
use crate::identity::trust::{ContactTrust, Observation};
use crate::identity::{IdentityError, Verified};
use crate::storage::{Format, Interrupt, Key, Record, Slot, StorageError, Table, Transaction, Vault, Want};
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// What is needed of an account for every message: small, and without keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The account.
    pub account: AccountId,
    /// The order of the newest manifest that is held.
    pub order: Order,
    /// Its hash.
    pub hash: Hash,
    /// Until when it is fresh.
    pub refresh_after: Timestamp,
    /// The devices that it lists.
    pub devices: Vec<DeviceId>,
    /// Whether the chain has forked: nothing is sealed for the account, nor taken from it.
    pub is_forked: bool,
    /// Whether it is still who it was. An address is pinned apart from this, by whoever shows it.
    pub trust: ContactTrust,
    /// The highest order that was mentioned, while it is not held.
    pub mentioned: Option<Order>,
    /// Messages with unknown tags that came under the contact's token.
    pub(super) unknown_tags: u32,
}

/// The manifest, which is large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactManifest {
    /// As it was verified.
    pub manifest: Manifest,
    /// As it came: whoever shows the address verifies it.
    pub certificate: Option<SignedCertificate>,
}

/// What an introduction, or a manifest that was fetched, has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Of the chain.
    pub news: News,
    /// Of the identity.
    pub observation: Observation,
    /// Devices that are listed now and were not.
    pub added: Vec<DeviceId>,
    /// Devices that are not listed any more: their sessions are over.
    pub removed: Vec<DeviceId>,
    /// The proof of a fork that was found now.
    pub evidence: Option<ForkEvidence>,
}

impl ContactManifest {
    /// Where the newest of an account is kept.
    pub fn key(vault: &Vault, account: AccountId) -> Key {
        let [newest, _] = manifest_keys(vault, account);
        newest
    }
}

impl Contact {
    /// Where it is kept.
    pub fn key(vault: &Vault, account: AccountId) -> Key {
        vault.partition(Table::CONTACTS, account.as_bytes()).key(0)
    }

    fn new(account: &Verified<Account>) -> Self {
        let mut contact = Self {
            account: account.id(),
            order: account.order(),
            hash: account.hash(),
            refresh_after: Timestamp::default(),
            devices: Vec::new(),
            is_forked: false,
            trust: ContactTrust::first_use(account.fingerprint()),
            mentioned: None,
            unknown_tags: 0,
        };
        contact.hold(account);
        contact
    }

    fn hold(&mut self, account: &Verified<Account>) {
        self.order = account.order();
        self.hash = account.hash();
        self.refresh_after = account.chain().newest().refresh_after;
        self.devices = account.devices().iter().map(crate::identity::device::Device::id).collect();
        self.mentioned = self.mentioned.filter(|mentioned| *mentioned > self.order);
    }

    /// Whether something may be sealed for the account. [`IdentityError::Forked`], [`IdentityError::IdentityChanged`],
    /// [`IdentityError::Latched`]; [`SessionError::Refetch`] if a newer manifest is known to exist.
    pub fn permits(&self) -> Result<(), SessionError> {
        if self.is_forked {
            return Err(IdentityError::Forked.into());
        }
        self.trust.addressee()?;
        if self.mentioned.is_some() { Err(SessionError::Refetch) } else { Ok(()) }
    }

    /// Whether a message of this device is taken. [`SessionError::NotListed`], [`IdentityError::Forked`].
    pub fn takes(&self, device: DeviceId) -> Result<(), SessionError> {
        if self.is_forked {
            return Err(IdentityError::Forked.into());
        }
        if self.devices.contains(&device) { Ok(()) } else { Err(SessionError::NotListed) }
    }

    /// Order and hash.
    pub const fn held(&self) -> (Order, Hash) {
        (self.order, self.hash)
    }

    /// Somebody holds, or says so, a manifest of this order. Whether that demands to fetch it.
    pub(super) fn mention(&mut self, order: Order) -> bool {
        if order <= self.order || self.mentioned >= Some(order) {
            return false;
        }
        self.mentioned = Some(order);
        true
    }
}

impl View {
    /// Whether both hold the same, as far as their orders say so: then the hashes must agree.
    pub(super) fn contradicts(&self, theirs: &Contact, own: (Order, Hash)) -> bool {
        let same_orders = self.mine == theirs.order && self.yours == own.0;
        same_orders && Self::of(theirs.held(), own).hash != self.hash
    }
}

/// Reads the manifests that are held of an account, newest first, and follows them.
fn followed(tx: &mut Transaction<'_>, account: AccountId) -> Result<Option<Followed<Account>>, Interrupt> {
    let [newest, other] = manifest_keys(tx.vault(), account);
    tx.need([Want::Record(newest), Want::Record(other)])?;
    let mut sides = Vec::new();
    for key in [newest, other] {
        let slot = tx.read::<ContactManifest>(key)?;
        if let Some(held) = slot.value() {
            sides.push(held.manifest.clone().verify().map_err(|_| StorageError::Unreadable)?);
        }
    }
    let mut sides = sides.into_iter();
    let Some(first) = sides.next() else { return Ok(None) };
    let mut followed = Followed::new(first);
    for side in sides {
        followed.learn(side).map_err(|_| StorageError::Unreadable)?;
    }
    Ok(Some(followed))
}

fn manifest_keys(vault: &Vault, account: AccountId) -> [Key; 2] {
    let partition = vault.partition(Table::CONTACT_MANIFESTS, account.as_bytes());
    [partition.key(0), partition.key(1)]
}

/// The verified account, for handshakes and first answers. [`SessionError::NoIntroduction`] if nothing is held.
pub(super) fn verified(
    tx: &mut Transaction<'_>,
    account: AccountId,
) -> Result<Result<Verified<Account>, SessionError>, Interrupt> {
    let Some(followed) = followed(tx, account)? else { return Ok(Err(SessionError::NoIntroduction)) };
    Ok(followed.current().cloned().map_err(SessionError::from))
}

/// What is to be loaded to [`study`] a manifest of an account.
pub(super) fn wants(vault: &Vault, account: AccountId) -> [Want; 3] {
    let [newest, other] = manifest_keys(vault, account);
    [Want::Record(Contact::key(vault, account)), Want::Record(newest), Want::Record(other)]
}

/// What a manifest that came would change.
pub(super) struct Studied {
    pub(super) learned: Learned,
    pub(super) contact: Contact,
    slot: Slot<Contact>,
    /// The sides to keep, if they have changed.
    sides: Vec<Verified<Account>>,
    certificate: Option<SignedCertificate>,
}

/// Follows an account with a manifest that came, and changes nothing. Of a manifest that is older than what is held nothing is
/// learned ([`News::Known`]).
pub(super) fn study(
    tx: &mut Transaction<'_>,
    new: Verified<Account>,
    certificate: Option<SignedCertificate>,
) -> Result<Studied, Stopped> {
    let id = new.id();
    tx.need(wants(tx.vault(), id))?;
    let slot = tx.read::<Contact>(Contact::key(tx.vault(), id))?;
    let Some(mut contact) = slot.value().cloned() else {
        let contact = Contact::new(&new);
        let learned = Learned {
            news: News::Newer,
            observation: Observation::Same,
            added: contact.devices.clone(),
            removed: Vec::new(),
            evidence: None,
        };
        return Ok(Studied { learned, contact, slot, sides: vec![new], certificate });
    };
    let mut chain = followed(tx, id)?.ok_or_else(|| refuse(StorageError::Unreadable))?;
    let news = match chain.learn(new) {
        Ok(news) => news,
        Err(IdentityError::Rollback) => News::Known,
        Err(other) => return Err(refuse(other)),
    };
    let (before, was_forked) = (contact.devices.clone(), contact.is_forked);
    let mut observation = Observation::Same;
    if let Ok(current) = chain.current() {
        contact.hold(current);
        observation = contact.trust.observe(current.fingerprint());
    }
    contact.is_forked = chain.current().is_err();
    let learned = Learned {
        news,
        observation,
        added: without(&contact.devices, &before),
        removed: without(&before, &contact.devices),
        evidence: if was_forked { None } else { chain.evidence() },
    };
    let sides = match (chain.sides(), chain.current()) {
        _ if news == News::Known => Vec::new(),
        (Some(sides), _) => sides.map(Clone::clone).to_vec(),
        (None, Ok(current)) => vec![current.clone()],
        (None, Err(error)) => return Err(refuse(error)),
    };
    Ok(Studied { learned, contact, slot, sides, certificate })
}

impl Studied {
    /// Writes it.
    pub(super) fn keep(self, tx: &mut Transaction<'_>) -> Result<(Learned, Contact), Stopped> {
        let Self { learned, contact, slot, sides, certificate } = self;
        tx.put(slot, &contact)?;
        if sides.is_empty() {
            return Ok((learned, contact));
        }
        for (number, key) in manifest_keys(tx.vault(), contact.account).into_iter().enumerate() {
            let mut slot = tx.read::<ContactManifest>(key)?;
            let earlier = slot.take().and_then(|held| held.certificate);
            match sides.get(number) {
                Some(side) => {
                    let certificate = certificate.clone().or(earlier);
                    tx.put(slot, &ContactManifest { manifest: side.manifest(), certificate })?;
                }
                None => tx.delete(slot)?,
            }
        }
        Ok((learned, contact))
    }
}

fn without(all: &[DeviceId], except: &[DeviceId]) -> Vec<DeviceId> {
    all.iter().filter(|device| !except.contains(device)).copied().collect()
}

impl Format for Contact {
    const FORMAT: u8 = 1;
}

impl Record for Contact {
    const TABLE: Table = Table::CONTACTS;
}

impl Format for ContactManifest {
    const FORMAT: u8 = 1;
}

impl Record for ContactManifest {
    const TABLE: Table = Table::CONTACT_MANIFESTS;
}

impl Message for Contact {
    type Proto = proto::Contact;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let held = order(proto.term, proto.version)?;
        let mentioned = match (proto.mentioned_term, proto.mentioned_version) {
            (None, None) => None,
            (term, version) => Some(order(term, version)?),
        };
        let devices =
            proto.devices.into_iter().map(|bytes| Ok(DeviceId::from_bytes(required_array(Some(bytes))?)));
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            order: held,
            hash: Hash::from_bytes(required_array(proto.hash)?),
            refresh_after: Timestamp::from_millis(required(proto.refresh_after)?),
            devices: devices.collect::<Result<_, Rule>>()?,
            is_forked: required(proto.forked)?,
            trust: ContactTrust::from_proto(required(proto.trust)?)?,
            mentioned,
            unknown_tags: required(proto.unknown_tags)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Contact {
            account: Some(self.account.as_bytes().to_vec()),
            term: Some(self.order.term),
            version: Some(self.order.version),
            hash: Some(self.hash.as_bytes().to_vec()),
            refresh_after: Some(self.refresh_after.as_millis()),
            devices: self.devices.iter().map(|device| device.as_bytes().to_vec()).collect(),
            forked: Some(self.is_forked),
            trust: Some(self.trust.to_proto()),
            mentioned_term: self.mentioned.map(|order| order.term),
            mentioned_version: self.mentioned.map(|order| order.version),
            unknown_tags: Some(self.unknown_tags),
        }
    }
}

impl Message for ContactManifest {
    type Proto = proto::ContactManifest;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let Introduction { manifest, certificate } = Introduction::from_proto(proto::Introduction {
            manifest: proto.manifest,
            certificate: proto.certificate,
        })?;
        Ok(Self { manifest, certificate })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ContactManifest {
            manifest: Some(self.manifest.to_proto()),
            certificate: self.certificate.as_ref().map(SignedCertificate::to_proto),
        }
    }
}
