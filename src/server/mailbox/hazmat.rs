//! Mailboxes without the server around them, for tests, simulations and attackers: whoever calls says who it is.

use super::{Drained, Listed, MailboxCursor, Settle, TokenChange, TokenChanged};
use crate::crypto::random::Seed;
use crate::identity::address::Domain;
use crate::identity::ids::AccountId;
use crate::server::directory::{AccountEntry, AddressOwner};
use crate::server::{Context, Item, ItemId, Origin, Output, Server, Status, Submitter, Verdict};
use crate::storage::{Interrupt, Loaded, Machine, Step, Stop, StorageError, step, timer};
use crate::time::Timestamp;

/// The mailboxes of a server as a machine of their own.
#[derive(Debug)]
pub struct Mailboxes<'a>(pub &'a Server);

/// What is done to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An account becomes this.
    Account(AccountEntry),
    /// Items arrive together.
    Deliver(Origin, Vec<Item>),
    /// A status is told.
    Report(Submitter, ItemId, Status),
    /// A server cannot say what it sent between two times.
    Gap(Domain, Timestamp, Timestamp),
    /// A device drains.
    Drain(Submitter, MailboxCursor, u16),
    /// An account changes a token.
    Tokens(AccountId, TokenChange),
    /// A device says where it is to be woken.
    Push(Submitter, Option<Vec<u8>>),
    /// An account looks at its requests.
    Requests(AccountId, Option<[u8; 16]>),
    /// An account settles a request.
    Settle(AccountId, [u8; 16], Settle),
    /// A device asks whether it may submit.
    MaySubmit(Submitter),
    /// Up to 16 timers that are due.
    Wake,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to tell.
    Done,
    /// Of how many items, from the first, it was sure that they fit into one step, and the verdicts on them.
    Verdicts(Vec<Verdict>),
    /// Whether it was as wished.
    Said(bool),
    /// What was drained.
    Drained(Box<Drained>),
    /// What came of a token.
    Tokens(TokenChanged),
    /// Requests.
    Listed(Box<Listed>),
    /// How many timers were due.
    Woken(usize),
    /// What the server wants done.
    Output(Output),
}

impl Machine for Mailboxes<'_> {
    type Input = Operation;
    type Output = Outcome;
    type Refused = StorageError;

    fn step(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        seed: Seed,
        input: &Operation,
    ) -> Result<Step<Outcome>, StorageError> {
        step(&self.0.vault, loaded, seed, |transaction| {
            let mut ctx = Context::new(self.0, now, transaction);
            let outcome = run(&mut ctx, input).map_err(Stop::<StorageError>::from)?;
            let outputs = ctx.send.into_iter().map(Outcome::Output);
            Ok(core::iter::once(outcome).chain(outputs).collect())
        })
    }
}

pub(in crate::server) fn run(ctx: &mut Context<'_, '_>, input: &Operation) -> Result<Outcome, Interrupt> {
    Ok(match input {
        Operation::Account(entry) => account(ctx, entry)?,
        Operation::Deliver(origin, items) => deliver(ctx, origin, items)?,
        Operation::Report(to, id, status) => {
            super::report(ctx, to, *id, *status)?;
            Outcome::Done
        }
        Operation::Gap(domain, from, to) => Outcome::Said(super::gap(ctx, domain, *from, *to)?),
        Operation::Drain(who, cursor, max) => {
            Outcome::Drained(Box::new(super::drain(ctx, who, cursor, *max)?))
        }
        Operation::Tokens(account, change) => Outcome::Tokens(super::tokens(ctx, *account, change)?),
        Operation::Push(who, endpoint) => Outcome::Said(super::push(ctx, who, endpoint.as_deref())?),
        Operation::Requests(account, after) => {
            Outcome::Listed(Box::new(super::requests(ctx, *account, *after)?))
        }
        Operation::Settle(account, handle, settle) => {
            Outcome::Said(super::settle(ctx, *account, *handle, *settle)?)
        }
        Operation::MaySubmit(who) => Outcome::Said(super::may_submit(ctx, who)?),
        Operation::Wake => {
            let taken = timer::take_due(ctx.tx, ctx.now, 16)?;
            super::due(ctx, &taken.timers)?;
            Outcome::Woken(taken.timers.len())
        }
    })
}

fn account(ctx: &mut Context<'_, '_>, entry: &AccountEntry) -> Result<Outcome, Interrupt> {
    let slot = ctx.tx.read(AccountEntry::key(ctx.tx.vault(), entry.account))?;
    ctx.tx.put(slot, entry)?;
    let slot = ctx.tx.read(AddressOwner::key(ctx.tx.vault(), &entry.address))?;
    ctx.tx.put(slot, &AddressOwner { account: entry.account })?;
    Ok(Outcome::Done)
}

fn deliver(ctx: &mut Context<'_, '_>, origin: &Origin, items: &[Item]) -> Result<Outcome, Interrupt> {
    let items = items.get(..super::affordable(items)).unwrap_or_default();
    super::prepare(ctx, origin, items)?;
    let verdicts = items.iter().map(|item| super::deliver(ctx, origin, item));
    verdicts.collect::<Result<_, _>>().map(Outcome::Verdicts)
}
