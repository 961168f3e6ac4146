//! Where a new device meets one of its account: a mailbox of a few messages for ten minutes. `docs/PROTOCOL.md` §8.6, §4.16.
//!
//! The token of the invitation is all that the new device has, and all that it needs: what is in the messages is compared by people.

use super::answered::{self, Cost};
use super::refused::{Halt, Refused};
use crate::identity::ids::AccountId;
use crate::server::{Context, Submitter};
use crate::storage::timer::Timer;
use crate::storage::{Format, Interrupt, Key, Partition, Record, Slot, Table, Want};
use crate::time::{Span, Timestamp};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// How long a mailbox is there.
const LASTS: Span = Span::from_secs(600);
/// Messages of one side.
const MESSAGES: u32 = 4;
/// What its timer is owned by.
const OWNER: u8 = 0x23;

/// The two sides of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The device of the account, which opens it.
    Inviter,
    /// The new device.
    Joiner,
}

/// Leaves a message, or none, and asks for those of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetDevice {
    /// Of the invitation.
    pub token: [u8; 16],
    /// Who asks.
    pub side: Side,
    /// The number of a message, from 1, and the message: 1 byte to 448 KiB.
    pub message: Option<(u32, Vec<u8>)>,
    /// How many messages of the other side are known.
    pub known: u32,
}

/// The state of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkMailbox {
    account: AccountId,
    opened: Timestamp,
    until: Timestamp,
    /// How many messages the inviter has left, and the joiner.
    sent: [u32; 2],
}

/// A message in it.
pub(super) struct LinkMessage(Vec<u8>);

impl Side {
    const fn index(self) -> usize {
        match self {
            Self::Inviter => 0,
            Self::Joiner => 1,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Inviter => Self::Joiner,
            Self::Joiner => Self::Inviter,
        }
    }

    /// Where a message of this side lies.
    fn place(self, mailbox: &Partition, number: u32) -> Key {
        let base = if self == Self::Inviter { 0 } else { u64::from(MESSAGES) };
        mailbox.key(base.saturating_add(number.into()))
    }
}

impl LinkMailbox {
    fn sent(&self, side: Side) -> u32 {
        self.sent.get(side.index()).copied().unwrap_or(0)
    }

    /// Whether it is there at this time, also if the clock was put back.
    fn is_open(&self, now: Timestamp) -> bool {
        self.opened <= now && now <= self.until
    }
}

/// Exchanges messages. `who` is the inviter; the joiner is nobody yet.
pub(super) fn meet(
    ctx: &mut Context<'_, '_>,
    who: Option<Submitter>,
    wanted: &MeetDevice,
) -> Result<Vec<Vec<u8>>, Halt> {
    let mailbox = ctx.tx.vault().partition(Table::LINK_MAILBOXES, &wanted.token);
    let numbers = wanted.known.saturating_add(1)..=MESSAGES;
    let places = numbers.map(|number| wanted.side.other().place(&mailbox, number));
    let place = wanted.message.as_ref().map(|(number, _)| wanted.side.place(&mailbox, *number));
    let all = places.clone().chain(place).chain([mailbox.key(0)]);
    ctx.tx.need(all.map(Want::Record))?;
    let mut slot = ctx.tx.read::<LinkMailbox>(mailbox.key(0))?;
    let found = slot.take().filter(|state| state.is_open(ctx.now));
    let mut state = match (wanted.side, who, found) {
        (Side::Joiner, _, Some(state)) => state,
        (Side::Inviter, Some(who), Some(state)) if state.account == who.account => state,
        (Side::Inviter, Some(who), None) => open(ctx, who, &mailbox)?,
        _ => return Err(Refused::Unknown.into()),
    };
    if let Some((number, body)) = &wanted.message {
        leave(ctx, wanted.side, &mailbox, &mut state, (*number, body))?;
    }
    ctx.tx.put(slot, &state)?;
    let mut messages = Vec::new();
    let there = usize::try_from(state.sent(wanted.side.other()).saturating_sub(wanted.known));
    for place in places.take(there.unwrap_or(0)) {
        messages.extend(ctx.tx.read::<LinkMessage>(place)?.take().map(|message| message.0));
    }
    Ok(messages)
}

fn open(ctx: &mut Context<'_, '_>, who: Submitter, mailbox: &Partition) -> Result<LinkMailbox, Halt> {
    answered::pay(ctx, who, Cost::Change)?;
    let until = ctx.now.plus(LASTS);
    close_at(ctx, &mailbox.key(0), until)?;
    Ok(LinkMailbox { account: who.account, opened: ctx.now, until, sent: [0; 2] })
}

/// Keeps a message if it is the next one. One that is there already may come again.
fn leave(
    ctx: &mut Context<'_, '_>,
    side: Side,
    mailbox: &Partition,
    state: &mut LinkMailbox,
    (number, body): (u32, &[u8]),
) -> Result<(), Halt> {
    // Elsewhere lie the state and the messages of the other side.
    if !(1..=MESSAGES).contains(&number) {
        return Err(Refused::Conflict(None).into());
    }
    let slot: Slot<LinkMessage> = ctx.tx.read(side.place(mailbox, number))?;
    let sent = state.sent(side);
    if (1..=sent).contains(&number) {
        let is_same = slot.value().is_some_and(|message| message.0 == body);
        return if is_same { Ok(()) } else { Err(Refused::Conflict(None).into()) };
    }
    if number != sent.saturating_add(1) {
        return Err(Refused::Conflict(None).into());
    }
    ctx.tx.put(slot, &LinkMessage(body.to_vec()))?;
    if let Some(sent) = state.sent.get_mut(side.index()) {
        *sent = number;
    }
    Ok(())
}

fn close_at(ctx: &mut Context<'_, '_>, key: &Key, until: Timestamp) -> Result<(), Interrupt> {
    let owner = [&[OWNER], key.name().as_slice()].concat();
    Timer { owner, due: until.plus(Span::from_millis(1)), set: ctx.now }.start(None, ctx.tx)?;
    Ok(())
}

/// Deletes a mailbox whose time is over. `false` if the timer is another's.
pub(super) fn due(ctx: &mut Context<'_, '_>, timer: &Timer) -> Result<bool, Interrupt> {
    let Some((&OWNER, name)) = timer.owner.split_first() else { return Ok(false) };
    let Ok(name) = <[u8; 24]>::try_from(name) else { return Ok(false) };
    let suffixed = |suffix: u64| {
        let mut name = name;
        if let Some(end) = name.last_chunk_mut() {
            *end = suffix.to_be_bytes();
        }
        Key::new(Table::LINK_MAILBOXES, name)
    };
    let last = u64::from(MESSAGES.saturating_mul(2));
    ctx.tx.need((0..=last).map(suffixed).map(Want::Record))?;
    let head = ctx.tx.read::<LinkMailbox>(suffixed(0))?;
    match head.value() {
        // It was opened once more since.
        Some(state) if state.is_open(ctx.now) => {
            let until = state.until;
            close_at(ctx, head.key(), until)?;
            return Ok(true);
        }
        Some(_) => ctx.tx.delete(head)?,
        None => {}
    }
    for suffix in 1..=last {
        let slot = ctx.tx.read::<LinkMessage>(suffixed(suffix))?;
        if slot.value().is_some() {
            ctx.tx.delete(slot)?;
        }
    }
    Ok(true)
}

impl Message for MeetDevice {
    type Proto = proto::MeetDevice;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let side = match proto::LinkSide::try_from(required(proto.side)?) {
            Ok(proto::LinkSide::Inviter) => Side::Inviter,
            Ok(proto::LinkSide::Joiner) => Side::Joiner,
            Ok(proto::LinkSide::Unspecified) | Err(_) => return Err(Rule::BadValue),
        };
        let numbered = |message: proto::NumberedLinkMessage| -> Result<_, Rule> {
            Ok((required(message.number)?, required(message.body)?))
        };
        Ok(Self {
            token: required_array(proto.token)?,
            side,
            message: proto.message.map(numbered).transpose()?,
            known: required(proto.known)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        let side = match self.side {
            Side::Inviter => proto::LinkSide::Inviter,
            Side::Joiner => proto::LinkSide::Joiner,
        };
        let message = self.message.as_ref().map(|(number, body)| proto::NumberedLinkMessage {
            number: Some(*number),
            body: Some(body.clone()),
        });
        proto::MeetDevice {
            token: Some(self.token.to_vec()),
            side: Some(side.into()),
            message,
            known: Some(self.known),
        }
    }
}

impl Message for LinkMailbox {
    type Proto = proto::LinkMailbox;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            opened: Timestamp::from_millis(required(proto.opened)?),
            until: Timestamp::from_millis(required(proto.until)?),
            sent: [required(proto.from_inviter)?, required(proto.from_joiner)?],
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkMailbox {
            account: Some(self.account.as_bytes().to_vec()),
            until: Some(self.until.as_millis()),
            opened: Some(self.opened.as_millis()),
            from_inviter: Some(self.sent(Side::Inviter)),
            from_joiner: Some(self.sent(Side::Joiner)),
        }
    }
}

impl Message for LinkMessage {
    type Proto = proto::LinkMessage;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self(required(proto.body)?))
    }

    fn to_proto(&self) -> Self::Proto {
        proto::LinkMessage { body: Some(self.0.clone()) }
    }
}

impl Format for LinkMailbox {
    const FORMAT: u8 = 1;
}

impl Record for LinkMailbox {
    const TABLE: Table = Table::LINK_MAILBOXES;
}

impl Format for LinkMessage {
    const FORMAT: u8 = 1;
}

impl Record for LinkMessage {
    const TABLE: Table = Table::LINK_MAILBOXES;
}
