//! Who this device is. `docs/PROTOCOL.md` §11.1.

use core::fmt;

use crate::content::DeliveryToken;
use crate::handshake::{HandshakeError, OwnManifest};
use crate::identity::Verified;
use crate::identity::account::Account;
use crate::identity::address::{Address, Domain};
use crate::identity::certificate::SignedCertificate;
use crate::identity::chain::{Manifest, Subject as _};
use crate::identity::device::DeviceSecret;
use crate::identity::ids::ServerId;
use crate::session::OwnDevice;
use crate::storage::{Format, Key, Record, StorageError, Table, Vault};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array, required_secret};

/// How many manifests are remembered.
const MAX_MANIFESTS: usize = 64;

/// How it stands with the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    /// The server is to be asked.
    Wanted,
    /// The server knows the account.
    Done,
    /// It does not want to.
    Refused,
}

/// Who this device is, as it is kept.
pub struct ClientAccount {
    pub(super) address: Address,
    pub(super) secret: DeviceSecret,
    pub(super) manifest: Manifest,
    pub(super) manifests: Vec<OwnManifest>,
    pub(super) own_token: DeliveryToken,
    pub(super) registration: Registration,
    pub(super) invite: Option<[u8; 16]>,
    pub(super) server: Option<ServerId>,
    pub(super) certificate: Option<SignedCertificate>,
}

/// Who this device is, verified.
pub(super) struct Me {
    pub(super) kept: ClientAccount,
    pub(super) account: Verified<Account>,
    addresses: [Address; 1],
    pub(super) home: Domain,
}

impl ClientAccount {
    /// Where it is kept.
    pub(super) fn key(vault: &Vault) -> Key {
        vault.partition(Table::CLIENT_ACCOUNT, b"").key(0)
    }

    /// Takes a newer manifest of the own account.
    pub(super) fn hold(&mut self, account: &Verified<Account>) -> Result<(), HandshakeError> {
        let own = OwnManifest::new(account, self.secret.id())?;
        self.manifest = account.manifest();
        self.manifests.insert(0, own);
        self.manifests.truncate(MAX_MANIFESTS);
        Ok(())
    }
}

impl Me {
    /// What the store has was verified before; it is so again, because a store can be damaged.
    pub(super) fn new(kept: ClientAccount) -> Result<Self, StorageError> {
        let account = kept.manifest.clone().verify::<Account>().map_err(|_| StorageError::Unreadable)?;
        let home = kept.address.domain().parse().map_err(|_| StorageError::Unreadable)?;
        let addresses = [kept.address.clone()];
        Ok(Self { kept, account, addresses, home })
    }

    pub(super) fn own(&self) -> OwnDevice<'_> {
        OwnDevice {
            account: &self.account,
            secret: &self.kept.secret,
            addresses: &self.addresses,
            manifests: &self.kept.manifests,
        }
    }
}

impl fmt::Debug for ClientAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientAccount({}, {:?})", self.address, self.registration)
    }
}

impl Registration {
    const fn to_proto(self) -> proto::RegistrationState {
        match self {
            Self::Wanted => proto::RegistrationState::Wanted,
            Self::Done => proto::RegistrationState::Done,
            Self::Refused => proto::RegistrationState::Refused,
        }
    }

    fn from_proto(number: i32) -> Result<Self, Rule> {
        match proto::RegistrationState::try_from(number) {
            Ok(proto::RegistrationState::Wanted) => Ok(Self::Wanted),
            Ok(proto::RegistrationState::Done) => Ok(Self::Done),
            Ok(proto::RegistrationState::Refused) => Ok(Self::Refused),
            Ok(proto::RegistrationState::Unspecified) | Err(_) => Err(Rule::BadValue),
        }
    }
}

impl Format for ClientAccount {
    const FORMAT: u8 = 1;
}

impl Record for ClientAccount {
    const TABLE: Table = Table::CLIENT_ACCOUNT;
}

impl Message for ClientAccount {
    type Proto = proto::ClientAccount;

    fn from_proto(mut proto: Self::Proto) -> Result<Self, Rule> {
        let manifests = core::mem::take(&mut proto.manifests).into_iter().map(OwnManifest::from_proto);
        let manifests = manifests.collect::<Result<Vec<_>, _>>()?;
        if manifests.is_empty() {
            return Err(Rule::Missing);
        }
        Ok(Self {
            address: super::record::address(proto.address.take())?.ok_or(Rule::Missing)?,
            secret: DeviceSecret::from_proto(required(proto.keys.take())?)?,
            manifest: Manifest::from_proto(required(proto.manifest.take())?)?,
            manifests,
            own_token: DeliveryToken::new(required_secret(&mut proto.own_token)?),
            registration: Registration::from_proto(required(proto.registration)?)?,
            invite: proto.invite.take().map(|code| required_array(Some(code))).transpose()?,
            server: proto
                .server
                .take()
                .map(|id| required_array(Some(id)).map(ServerId::from_bytes))
                .transpose()?,
            certificate: proto.certificate.take().map(SignedCertificate::from_proto).transpose()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ClientAccount {
            address: Some(self.address.to_string()),
            keys: Some(self.secret.to_proto()),
            manifest: Some(self.manifest.to_proto()),
            manifests: self.manifests.iter().map(Message::to_proto).collect(),
            own_token: Some(self.own_token.secret().expose().to_vec()),
            registration: Some(self.registration.to_proto().into()),
            invite: self.invite.map(|code| code.to_vec()),
            server: self.server.map(|id| id.as_bytes().to_vec()),
            certificate: self.certificate.as_ref().map(Message::to_proto),
        }
    }
}
