//! What an application is told. `docs/PROTOCOL.md` §11.5.

use core::fmt;

use zeroize::Zeroizing;

use super::record::{CommandId, account, address, device};
use crate::content::{Body, ConsentState, Content, ContentError, ContentId, Conversation};
use crate::identity::address::{Address, Domain};
use crate::identity::ids::{AccountId, DeviceId};
use crate::storage::Format;
use crate::time::Timestamp;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{DecodeError, Rule, Wire as _};

/// An event. It is in the same transaction as what it tells of: it comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server knows the account under its address.
    Registered(AccountId),
    /// The server does not want to, with its reason: the address is taken, or the operator does not permit it.
    RegistrationRefused(Refusal),
    /// Whose an address is, by the word of its server; nobody's, if there is no account.
    LookedUp(Address, Option<AccountId>),
    /// How it stands with a contact now.
    Contact {
        /// With whom.
        account: AccountId,
        /// How.
        state: ConsentState,
        /// Under which address.
        address: Option<Address>,
        /// Whether the address is what its server said. Otherwise it is what the account says of itself: look it up before it is shown as a fact.
        is_looked_up: bool,
    },
    /// Something was said.
    Message(Said),
    /// What became of something that was said here, for one device.
    Progress {
        /// The command.
        id: CommandId,
        /// For which account …
        account: AccountId,
        /// … and device.
        device: DeviceId,
        /// How far it is.
        stage: Stage,
    },
    /// Something came and cannot be read.
    Unreadable {
        /// The class of the error, Appendix A.
        class: String,
        /// From whom, if that is known.
        from: Option<(AccountId, Option<DeviceId>)>,
    },
    /// Something that a person should know about an account, or a device of it.
    Notice {
        /// What.
        what: NoticeKind,
        /// Which account.
        account: AccountId,
        /// Which device.
        device: Option<DeviceId>,
        /// How many messages, of what is missing.
        count: Option<u32>,
    },
    /// The server has lost, or deleted by age, what was never fetched.
    Missed {
        /// How many, if that is known.
        count: Option<u64>,
        /// Since when …
        from: Timestamp,
        /// … and until when.
        to: Timestamp,
        /// Of which other server.
        domain: Option<Domain>,
    },
}

/// Something that was said.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// The encoded [`Content`].
    pub content: Zeroizing<Vec<u8>>,
    /// By whom: one's own account, if another own device said it.
    pub account: AccountId,
    /// By which device.
    pub device: DeviceId,
    /// When it came, by the clock of the server.
    pub arrived: Timestamp,
    /// Whether the session proves that the device said it. Show it marked if not.
    pub is_proven: bool,
    /// Whether a person has compared the sender's identity.
    pub is_verified: bool,
    /// Whether one's own account said it, by another device.
    pub is_copy: bool,
}

/// Why a server does not take an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The operator does not permit it, or not without an invitation.
    Denied,
    /// The address is somebody else's.
    Taken,
    /// The server does not accept what it was sent.
    Invalid,
}

/// How far a message for one device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The own server has it.
    HandedOver,
    /// It waits for the other server, which has not answered since then.
    Waiting(Timestamp),
    /// It is in the mailbox of the device.
    Delivered,
    /// It will not be delivered: say it again, if it still matters.
    Failed,
    /// It may have been delivered, or not.
    Uncertain,
    /// Nothing can be sealed for the account before a person has decided on its new identity.
    Held,
}

/// What a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The account has another identity: nothing is sealed for it until somebody accepts that.
    IdentityChanged,
    /// The account's chain has forked: somebody has signed two histories.
    Forked,
    /// The account has other devices.
    DevicesChanged,
    /// The device was copied, or set back.
    Copied,
    /// This device was copied, or set back.
    SelfCopied,
    /// A session is contested.
    Contested,
    /// The keys of the device are in the hands of somebody else.
    IdentityCopied,
    /// A session took the place of another without proof.
    Replaced,
    /// The session is not healed post-quantum any more.
    LaneClosed,
    /// Messages were passed; they may still come.
    Gap,
    /// Messages have not come, and will not.
    Lost,
    /// The own server presents another identity than before: nothing is sent to it.
    ServerChanged,
}

const KINDS: [NoticeKind; 12] = [
    NoticeKind::IdentityChanged,
    NoticeKind::Forked,
    NoticeKind::DevicesChanged,
    NoticeKind::Copied,
    NoticeKind::SelfCopied,
    NoticeKind::Contested,
    NoticeKind::IdentityCopied,
    NoticeKind::Replaced,
    NoticeKind::LaneClosed,
    NoticeKind::Gap,
    NoticeKind::Lost,
    NoticeKind::ServerChanged,
];

const UNPROVEN: u32 = 1;
const VERIFIED: u32 = 2;
const COPY: u32 = 4;

impl Said {
    /// The content.
    pub fn content(&self) -> Result<Content, DecodeError> {
        Content::decode(&self.content)
    }

    /// What it says.
    pub fn body(&self) -> Result<Body, ContentError> {
        self.content()?.body()
    }

    /// By what others refer to it.
    pub fn id(&self) -> Result<ContentId, ContentError> {
        Ok(self.content()?.id(self.account)?)
    }

    /// With whom the conversation is.
    pub fn peer(&self) -> Result<AccountId, DecodeError> {
        let Conversation::Direct { with } = self.content()?.conversation();
        Ok(if self.is_copy { with } else { self.account })
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({:?}, {:?}, {} bytes)", self.account, self.device, self.content.len())
    }
}

impl Refusal {
    const ALL: [Self; 3] = [Self::Denied, Self::Taken, Self::Invalid];
}

fn number<T: PartialEq>(all: &[T], one: &T) -> Option<u32> {
    all.iter().position(|other| other == one).and_then(|at| u32::try_from(at).ok()?.checked_add(1))
}

fn by_number<T: Copy>(all: &[T], number: Option<u32>) -> Result<T, Rule> {
    let at = required(number)?.checked_sub(1).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| all.get(at)).copied().ok_or(Rule::BadValue)
}

impl Stage {
    const fn to_numbers(self) -> (u32, Option<u64>) {
        match self {
            Self::HandedOver => (1, None),
            Self::Waiting(since) => (2, Some(since.as_millis())),
            Self::Delivered => (3, None),
            Self::Failed => (4, None),
            Self::Uncertain => (5, None),
            Self::Held => (6, None),
        }
    }

    fn from_numbers(stage: Option<u32>, since: Option<u64>) -> Result<Self, Rule> {
        Ok(match (required(stage)?, since) {
            (1, None) => Self::HandedOver,
            (2, Some(since)) => Self::Waiting(Timestamp::from_millis(since)),
            (3, None) => Self::Delivered,
            (4, None) => Self::Failed,
            (5, None) => Self::Uncertain,
            (6, None) => Self::Held,
            _ => return Err(Rule::BadValue),
        })
    }
}

impl Format for Event {
    const FORMAT: u8 = 1;
}

impl Message for Event {
    type Proto = proto::ClientEvent;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::client_event::Event as Member;
        Ok(match required(proto.event)? {
            Member::Registered(event) => Self::Registered(account(event.account)?),
            Member::RegistrationRefused(event) => {
                Self::RegistrationRefused(by_number(&Refusal::ALL, event.why)?)
            }
            Member::LookedUp(event) => {
                let who = event.account.map(|bytes| account(Some(bytes))).transpose()?;
                Self::LookedUp(address(event.address)?.ok_or(Rule::Missing)?, who)
            }
            Member::Contact(event) => Self::Contact {
                account: account(event.account)?,
                state: ConsentState::from_number(required(event.state)?)?,
                address: address(event.address)?,
                is_looked_up: required(event.is_looked_up)?,
            },
            Member::Message(event) => Self::Message(message(event)?),
            Member::Progress(event) => Self::Progress {
                id: CommandId::from_bytes(required_array(event.outgoing)?),
                account: account(event.account)?,
                device: device(event.device)?,
                stage: Stage::from_numbers(event.stage, event.since)?,
            },
            Member::Unreadable(event) => {
                let who = event.account.map(|bytes| account(Some(bytes))).transpose()?;
                let of = event.device.map(|bytes| device(Some(bytes))).transpose()?;
                if who.is_none() && of.is_some() {
                    return Err(Rule::Missing);
                }
                Self::Unreadable { class: required(event.class)?, from: who.map(|who| (who, of)) }
            }
            Member::Notice(event) => Self::Notice {
                what: by_number(&KINDS, event.what)?,
                account: account(event.account)?,
                device: event.device.map(|bytes| device(Some(bytes))).transpose()?,
                count: event.count,
            },
            Member::Missed(event) => Self::Missed {
                count: event.count,
                from: Timestamp::from_millis(required(event.from)?),
                to: Timestamp::from_millis(required(event.to)?),
                domain: event.domain.map(|domain| domain.parse().map_err(|_| Rule::BadValue)).transpose()?,
            },
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::ClientEvent { event: Some(member(self)) }
    }
}

fn message(mut event: proto::MessageEvent) -> Result<Said, Rule> {
    let flags = required(event.flags)?;
    if flags > (UNPROVEN | VERIFIED | COPY) {
        return Err(Rule::BadValue);
    }
    Ok(Said {
        content: required(event.content.take())?.into(),
        account: account(event.account.take())?,
        device: device(event.device.take())?,
        arrived: Timestamp::from_millis(required(event.arrived)?),
        is_proven: flags & UNPROVEN == 0,
        is_verified: flags & VERIFIED != 0,
        is_copy: flags & COPY != 0,
    })
}

fn flags(said: &Said) -> u32 {
    let flags = [(!said.is_proven, UNPROVEN), (said.is_verified, VERIFIED), (said.is_copy, COPY)];
    flags.iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag)
}

fn member(event: &Event) -> proto::client_event::Event {
    use proto::client_event::Event as Member;
    let account = |id: &AccountId| Some(id.as_bytes().to_vec());
    let device = |id: &DeviceId| id.as_bytes().to_vec();
    match event {
        Event::Registered(id) => Member::Registered(proto::RegisteredEvent { account: account(id) }),
        Event::RegistrationRefused(why) => {
            let why = number(&Refusal::ALL, why);
            Member::RegistrationRefused(proto::RegistrationRefusedEvent { why })
        }
        Event::LookedUp(address, who) => Member::LookedUp(proto::LookedUpEvent {
            address: Some(address.to_string()),
            account: who.as_ref().and_then(account),
        }),
        Event::Contact { account: id, state, address, is_looked_up } => {
            Member::Contact(proto::ContactEvent {
                account: account(id),
                state: Some(state.number()),
                address: address.as_ref().map(ToString::to_string),
                is_looked_up: Some(*is_looked_up),
            })
        }
        Event::Message(message) => Member::Message(proto::MessageEvent {
            content: Some(message.content.to_vec()),
            account: account(&message.account),
            device: Some(device(&message.device)),
            arrived: Some(message.arrived.as_millis()),
            flags: Some(flags(message)),
        }),
        Event::Progress { id, account: to, device: of, stage } => {
            let (stage, since) = stage.to_numbers();
            Member::Progress(proto::ProgressEvent {
                outgoing: Some(id.as_bytes().to_vec()),
                account: account(to),
                device: Some(device(of)),
                stage: Some(stage),
                since,
            })
        }
        Event::Unreadable { class, from } => Member::Unreadable(proto::UnreadableEvent {
            class: Some(class.clone()),
            account: from.as_ref().and_then(|from| account(&from.0)),
            device: from.as_ref().and_then(|from| from.1.as_ref().map(device)),
        }),
        Event::Notice { what, account: id, device: of, count } => Member::Notice(proto::NoticeEvent {
            what: number(&KINDS, what),
            account: account(id),
            device: of.as_ref().map(device),
            count: *count,
        }),
        Event::Missed { count, from, to, domain } => Member::Missed(proto::MissedEvent {
            count: *count,
            from: Some(from.as_millis()),
            to: Some(to.as_millis()),
            domain: domain.as_ref().map(ToString::to_string),
        }),
    }
}
