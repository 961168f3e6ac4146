//! Questions that this server's users have about users of others. `docs/PROTOCOL.md` §7.8.

use crate::identity::address::Domain;
use crate::identity::ids::{DeviceId, RequestId};
use crate::server::frame::{Answer, Claim, Lookup, Part, Reply};
use crate::server::timing::Times;
use crate::server::{Context, Output};
use crate::storage::{Format, Interrupt, Key, Record, Slot, Table, Vault, Want};
use crate::time::Span;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

use super::{LinkWork, QUESTION_OWNER};

/// How long a question is kept, answered or not.
const KEPT: Span = Span::from_secs(600);
/// Questions that wait for one server.
pub(super) const MAX_WAITING: usize = 64;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whose is an address?
    Lookup(Lookup),
    /// Prekeys of a device.
    Claim(Claim),
}

/// A question, and its answer once there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    domain: Domain,
    device: DeviceId,
    timer: Times,
    answer: Option<Answer>,
    question: Question,
}

impl Question {
    const fn request(&self) -> RequestId {
        match self {
            Self::Lookup(lookup) => lookup.request,
            Self::Claim(claim) => claim.claim.request,
        }
    }
}

impl Asked {
    fn key(vault: &Vault, request: RequestId) -> Key {
        vault.partition(Table::QUESTIONS, request.as_bytes()).key(0)
    }

    fn part(&self) -> Part {
        match &self.question {
            Question::Lookup(lookup) => Part::Lookup(lookup.clone()),
            Question::Claim(claim) => Part::Claim(claim.clone()),
        }
    }
}

fn owner(request: RequestId) -> Vec<u8> {
    [&[QUESTION_OWNER], &request.as_bytes()[..]].concat()
}

/// Asks another server, for a device of one's own. `None` while there is no answer, or no room for the question: the device asks again with
/// the same id. The same id for another question has nothing for an answer.
pub(crate) fn ask(
    ctx: &mut Context<'_, '_>,
    destination: &Domain,
    device: DeviceId,
    question: Question,
) -> Result<Option<Reply>, Interrupt> {
    let request = question.request();
    let slot: Slot<Asked> = ctx.tx.read(Asked::key(ctx.tx.vault(), request))?;
    if let Some(asked) = slot.value() {
        let is_same = asked.question == question && asked.device == device && asked.domain == *destination;
        return Ok(if is_same {
            asked.answer.clone().map(|answer| answer.reply)
        } else {
            Some(Reply::Nothing)
        });
    }
    let mut work = LinkWork::load(ctx, destination)?;
    if work.link.questions.len() >= MAX_WAITING {
        return Ok(None);
    }
    let timer = Times::start(ctx, &owner(request), None, ctx.now.plus(KEPT))?;
    ctx.tx.put(slot, &Asked { domain: destination.clone(), device, timer, answer: None, question })?;
    work.link.questions.push(request);
    work.kick(ctx)?;
    work.save(ctx)?;
    Ok(None)
}

/// The questions that wait for the server of a link, as parts of the next frame.
pub(super) fn waiting(ctx: &mut Context<'_, '_>, work: &LinkWork) -> Result<Vec<Part>, Interrupt> {
    let keys: Vec<_> = work.link.questions.iter().map(|id| Asked::key(ctx.tx.vault(), *id)).collect();
    ctx.tx.need(keys.iter().copied().map(Want::Record))?;
    let mut parts = Vec::new();
    for key in keys {
        parts.extend(ctx.tx.read::<Asked>(key)?.value().map(Asked::part));
    }
    Ok(parts)
}

/// An answer has come from the server of a link. One that nobody waits for is passed over.
pub(super) fn answered(
    ctx: &mut Context<'_, '_>,
    work: &mut LinkWork,
    answer: Answer,
) -> Result<(), Interrupt> {
    let request = answer.request;
    let mut slot: Slot<Asked> = ctx.tx.read(Asked::key(ctx.tx.vault(), request))?;
    let is_waiting = |asked: &Asked| asked.domain == work.link.domain && asked.answer.is_none();
    if let Some(mut asked) = slot.take().filter(is_waiting) {
        work.link.questions.retain(|waiting| *waiting != request);
        ctx.send.push(Output::Notify(asked.device));
        asked.answer = Some(answer);
        ctx.tx.put(slot, &asked)?;
    }
    Ok(())
}

/// The time of a question is over.
pub(crate) fn forget(ctx: &mut Context<'_, '_>, request: RequestId) -> Result<(), Interrupt> {
    let mut slot: Slot<Asked> = ctx.tx.read(Asked::key(ctx.tx.vault(), request))?;
    let Some(asked) = slot.take() else { return Ok(()) };
    ctx.tx.delete(slot)?;
    if asked.answer.is_none() {
        let mut work = LinkWork::load(ctx, &asked.domain)?;
        work.link.questions.retain(|waiting| *waiting != request);
        work.save(ctx)?;
    }
    Ok(())
}

impl Message for Asked {
    type Proto = proto::Question;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::question::Question as Member;
        let question = match required(proto.question)? {
            Member::Lookup(lookup) => Question::Lookup(Lookup::from_proto(lookup)?),
            Member::Claim(claim) => Question::Claim(Claim::from_proto(claim)?),
        };
        Ok(Self {
            domain: required(proto.domain)?.parse().map_err(|_| Rule::BadValue)?,
            device: DeviceId::from_bytes(required_array(proto.device)?),
            timer: Times::from_proto(required(proto.timer)?)?,
            answer: proto.answer.map(Answer::from_proto).transpose()?,
            question,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::question::Question as Member;
        let question = match &self.question {
            Question::Lookup(lookup) => Member::Lookup(lookup.to_proto()),
            Question::Claim(claim) => Member::Claim(claim.to_proto()),
        };
        proto::Question {
            domain: Some(self.domain.to_string()),
            device: Some(self.device.as_bytes().to_vec()),
            timer: Some(self.timer.to_proto()),
            answer: self.answer.as_ref().map(Message::to_proto),
            question: Some(question),
        }
    }
}

impl Format for Asked {
    const FORMAT: u8 = 1;
}

impl Record for Asked {
    const TABLE: Table = Table::QUESTIONS;
}
