//! One message for many devices: a job of steps. `docs/PROTOCOL.md` §9.7.

use std::collections::BTreeSet;

use super::SessionError;
use super::body::{pointer, to_proto};
use super::contact::Contact;
use super::context::{Context, Stopped, of_peer, refuse};
use super::device::DeviceSessions;
use super::seal::{Say, SealedFrame, seal_for};
use super::state::{SessionState, ratchet_key};
use crate::crypto::blob::BlobPointer;
use crate::identity::ids::{AccountId, DeviceId};
use crate::storage::job::{Job, JobId, Running};
use crate::storage::{Format, Interrupt, Key, Record, Slot, StorageError, Table, Transaction, Vault, Want};
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};
use crate::wire::{Rule, Wire as _};

/// The kind of these jobs.
pub const FAN_OUT: u32 = 1;
/// For how many devices one step seals.
pub const AT_ONCE: usize = 64;
/// How many accounts a list has.
const LIST: usize = 64;

/// What is being sealed for many.
#[derive(Debug)]
pub struct FanOut {
    shared: BlobPointer,
    reference: [u8; 16],
    next: u32,
    lists: u32,
}

/// Some of the accounts that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients(Vec<AccountId>);

/// What a step came to for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// A message to send.
    Sealed(SealedFrame),
    /// There is no session: claim prekeys, and [`begin`](super::begin) with the same blob.
    Claim(AccountId, DeviceId),
    /// Nothing can be sealed for it now.
    Failed(AccountId, DeviceId, SessionError),
    /// Nothing can be sealed for the account now.
    Refused(AccountId, SessionError),
}

/// What a step came to.
#[derive(Debug)]
#[must_use]
pub struct Progress {
    /// For each device.
    pub devices: Vec<Sealing>,
    /// Accounts that are dealt with, and all.
    pub accounts: (u64, u64),
    /// Whether the job has ended.
    pub is_done: bool,
}

fn list_key(vault: &Vault, id: JobId, number: u32) -> Key {
    vault.partition(Table::RECIPIENTS, &id.0).key(u64::from(number))
}

/// Starts to seal what `shared` points to for all devices of these accounts but this one, each once. `false` if the job is there already.
/// [`StorageError::TooMuch`] above some 200,000 accounts.
pub fn start(
    ctx: &mut Context<'_, '_>,
    id: JobId,
    (shared, reference): (&BlobPointer, [u8; 16]),
    accounts: &[AccountId],
) -> Result<bool, Stopped> {
    // Nobody gets it twice.
    let mut named = BTreeSet::new();
    let accounts: Vec<_> = accounts.iter().copied().filter(|account| named.insert(*account)).collect();
    let lists: Vec<_> = accounts.chunks(LIST).map(|list| Recipients(list.to_vec())).collect();
    let count = u32::try_from(lists.len()).map_err(|_| refuse(StorageError::TooMuch))?;
    let shared = BlobPointer { key: shared.key.duplicate(), hash: shared.hash };
    let state = FanOut { shared, reference, next: 0, lists: count }.encode().map_err(refuse)?;
    let total = u64::try_from(accounts.len()).unwrap_or(u64::MAX);
    if !id.start(ctx.tx, Job::new(FAN_OUT, state, total), ctx.now)? {
        return Ok(false);
    }
    for (number, list) in (0..count).zip(&lists) {
        let key = list_key(ctx.tx.vault(), id, number);
        ctx.tx.put_unseen(key, list)?;
    }
    Ok(true)
}

/// Does a step of a job of the kind [`FAN_OUT`].
pub fn go_on(ctx: &mut Context<'_, '_>, id: JobId, mut running: Running) -> Result<Progress, Stopped> {
    let state = FanOut::decode(&running.job().state).map_err(|_| refuse(StorageError::Unreadable))?;
    if state.next >= state.lists {
        let job = running.end(ctx.tx)?;
        return Ok(Progress { devices: Vec::new(), accounts: (job.done, job.total), is_done: true });
    }
    let mut slot = ctx.tx.read::<Recipients>(list_key(ctx.tx.vault(), id, state.next))?;
    let Recipients(list) = slot.take().unwrap_or(Recipients(Vec::new()));
    let (now, later) = share(ctx, &list)?;
    let mut read = prefetch(ctx, &now)?.into_iter();
    let mut devices = Vec::new();
    for (account, contact) in &now {
        match contact {
            Ok(contact) => {
                for read in read.by_ref().take(contact.devices.len()) {
                    devices.push(one(ctx, contact, read, &state)?);
                }
            }
            Err(error) => devices.push(Sealing::Refused(*account, *error)),
        }
    }
    let done = u64::try_from(now.len()).unwrap_or(0);
    let next = if later.is_empty() {
        ctx.tx.delete(slot)?;
        state.next.saturating_add(1)
    } else {
        ctx.tx.put(slot, &Recipients(later))?;
        state.next
    };
    let state = FanOut { next, ..state };
    let job = running.job_mut();
    job.done = job.done.saturating_add(done).min(job.total);
    job.state = state.encode().map_err(refuse)?.into();
    let accounts = (job.done, job.total);
    let is_done = state.next >= state.lists;
    if is_done {
        drop(running.end(ctx.tx)?);
    } else {
        running.advance(ctx.tx, ctx.now)?;
    }
    Ok(Progress { devices, accounts, is_done })
}

/// Ends a job before it is done. What was sealed is sealed.
pub fn cancel(ctx: &mut Context<'_, '_>, id: JobId, running: Running) -> Result<(), Stopped> {
    let state = FanOut::decode(&running.job().state).map_err(|_| refuse(StorageError::Unreadable))?;
    for number in state.next..state.lists {
        ctx.tx.delete_unseen(list_key(ctx.tx.vault(), id, number));
    }
    drop(running.end(ctx.tx)?);
    Ok(())
}

/// An account, or why nothing is sealed for it.
type Account = (AccountId, Result<Contact, SessionError>);

/// What is kept of a device.
type Read = (Slot<DeviceSessions>, DeviceSessions);

/// The accounts of a list whose devices a step can seal for, as they are listed now, and those that are left.
fn share(ctx: &mut Context<'_, '_>, list: &[AccountId]) -> Result<(Vec<Account>, Vec<AccountId>), Interrupt> {
    let vault = ctx.tx.vault();
    ctx.tx.need(list.iter().map(|account| Want::Record(Contact::key(vault, *account))))?;
    let (mut now, mut count) = (Vec::new(), 0_usize);
    for account in list {
        let contact = of_peer(permitted(ctx, *account))?;
        count = count.saturating_add(contact.as_ref().map_or(0, |contact| contact.devices.len()));
        if count > AT_ONCE && !now.is_empty() {
            break;
        }
        now.push((*account, contact));
    }
    let later = list.iter().skip(now.len()).copied().collect();
    Ok((now, later))
}

fn permitted(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Contact, Stopped> {
    let mut contact = super::seal::read_contact(ctx, account)?;
    contact.permits().map_err(refuse)?;
    contact.devices.retain(|device| (account, *device) != ctx.own.name());
    Ok(contact)
}

/// Has everything loaded in two rounds that sealing will read, and reads what is kept of the devices, in their order.
fn prefetch(ctx: &mut Context<'_, '_>, accounts: &[Account]) -> Result<Vec<Read>, Interrupt> {
    let vault = ctx.tx.vault();
    let contacts = accounts.iter().filter_map(|(_, contact)| contact.as_ref().ok());
    let names = contacts.flat_map(|contact| contact.devices.iter().map(|device| (contact.account, *device)));
    let names: Vec<_> = names.collect();
    let keys = names.iter().map(|(account, device)| DeviceSessions::key(vault, *account, *device));
    ctx.tx.need(keys.map(Want::Record))?;
    let (mut read, mut wants) = (Vec::with_capacity(names.len()), Vec::new());
    for name in names {
        let (slot, sessions) = super::seal::read_device(ctx, name)?;
        let active = sessions.lineage.active.as_ref();
        if let Some(active) = active {
            wants.push(Want::Record(ratchet_key(vault, &active.session)));
        }
        let states = active.into_iter().chain(super::seal::named(&sessions, ctx.now));
        wants.extend(states.map(|place| Want::Record(SessionState::key(vault, &place.session))));
        read.push((slot, sessions));
    }
    ctx.tx.need(wants)?;
    Ok(read)
}

fn one(
    ctx: &mut Context<'_, '_>,
    contact: &Contact,
    read: Read,
    state: &FanOut,
) -> Result<Sealing, Interrupt> {
    let say = Say { shared: Some((&state.shared, state.reference)), repairs: None };
    let (account, device) = (read.1.account, read.1.device);
    Ok(match of_peer(seal_for(ctx, contact, read, &say))? {
        Ok(frame) => Sealing::Sealed(frame),
        Err(SessionError::NoSession) => Sealing::Claim(account, device),
        Err(error) => Sealing::Failed(account, device, error),
    })
}

/// The job that a timer belongs to, if it is of this kind.
pub fn job(tx: &mut Transaction<'_>, id: JobId) -> Result<Option<Running>, Interrupt> {
    Ok(id.resume(tx)?.filter(|running| running.job().kind == FAN_OUT))
}

impl Format for Recipients {
    const FORMAT: u8 = 1;
}

impl Record for Recipients {
    const TABLE: Table = Table::RECIPIENTS;
}

impl Message for FanOut {
    type Proto = proto::FanOut;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            shared: pointer(required(proto.shared)?)?,
            reference: required_array(proto.reference)?,
            next: required(proto.next)?,
            lists: required(proto.lists)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::FanOut {
            shared: Some(to_proto(&self.shared)),
            reference: Some(self.reference.to_vec()),
            next: Some(self.next),
            lists: Some(self.lists),
        }
    }
}

impl Message for Recipients {
    type Proto = proto::Recipients;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let accounts = proto.accounts.into_iter();
        let accounts = accounts.map(|bytes| Ok(AccountId::from_bytes(required_array(Some(bytes))?)));
        Ok(Self(accounts.collect::<Result<_, Rule>>()?))
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Recipients { accounts: self.0.iter().map(|account| account.as_bytes().to_vec()).collect() }
    }
}
