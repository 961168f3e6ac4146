//! What an application is told, as bytes. `docs/PROTOCOL.md` §11.5, §11.7.

use super::event::{Event, NoticeKind, Refusal, Said, Stage};
use super::record::{CommandId, account, address, device, looked_up};
use crate::content::ConsentState;
use crate::identity::ids::{AccountId, DeviceId};
use crate::storage::Format;
use crate::time::Timestamp;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

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

impl NoticeKind {
    /// Whether it is about one device, and not about the account.
    const fn is_of_device(self) -> bool {
        match self {
            Self::IdentityChanged | Self::Forked | Self::DevicesChanged | Self::ServerChanged => false,
            Self::Copied
            | Self::SelfCopied
            | Self::Contested
            | Self::IdentityCopied
            | Self::Replaced
            | Self::LaneClosed
            | Self::Gap
            | Self::Lost => true,
        }
    }

    /// Whether it says of how many messages.
    const fn is_counted(self) -> bool {
        matches!(self, Self::Gap | Self::Lost)
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
            Member::Contact(event) => {
                let (address, is_looked_up) = looked_up(event.address, event.is_looked_up)?;
                let state = ConsentState::from_number(required(event.state)?)?;
                Self::Contact { account: account(event.account)?, state, address, is_looked_up }
            }
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
            Member::Notice(event) => notice(event)?,
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

fn notice(event: proto::NoticeEvent) -> Result<Event, Rule> {
    let what = by_number(&KINDS, event.what)?;
    let of = event.device.map(|bytes| device(Some(bytes))).transpose()?;
    if of.is_some() != what.is_of_device() || event.count.is_some() != what.is_counted() {
        return Err(Rule::BadValue);
    }
    Ok(Event::Notice { what, account: account(event.account)?, device: of, count: event.count })
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
