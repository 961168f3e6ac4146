//! What an application can ask for. `docs/PROTOCOL.md` §11.4.

use super::contact;
use super::context::Context;
use super::errand;
use super::error::{ClientError, Stopped, lift, refuse};
use super::outgoing;
use super::receipts;
use super::record::CommandId;
use super::waiting;
use crate::content::{Act, Body, ContentId};
use crate::identity::address::Address;
use crate::identity::ids::{AccountId, DeviceId, Fingerprint};
use crate::identity::trust::Compared;
use crate::server::service::{FindAddress, Operation};
use crate::session;
use crate::storage::StorageError;

/// Something that the application wants.
#[derive(Debug)]
#[non_exhaustive]
pub enum Command {
    /// Whose is this address? The answer is [`Event::LookedUp`](super::Event::LookedUp).
    LookUp(Address),
    /// Look up this address, and ask whoever has it for contact.
    Introduce(Address),
    /// Change how it stands with a contact.
    Consent(AccountId, Act),
    /// Say something: to an account, or to one's own other devices with one's own.
    Say(AccountId, Box<Body>),
    /// A person has read a content of this contact: there may be a receipt for it.
    Read(AccountId, ContentId),
    /// A person has compared the identity of a contact.
    Verify(AccountId, Box<Compared>),
    /// A person accepts that a contact has this new identity.
    AcceptIdentity(AccountId, Fingerprint),
    /// A person decides on a contested session: it is the device's, which has lost the other one, or it is not.
    Decide(AccountId, DeviceId, bool),
}

pub(super) fn run(ctx: &mut Context<'_, '_>, id: CommandId, command: &Command) -> Result<(), Stopped> {
    match command {
        Command::LookUp(address) => look_up(ctx, address, false),
        Command::Introduce(address) => look_up(ctx, address, true),
        Command::Consent(account, act) => contact::act(ctx, id, *account, *act),
        Command::Say(with, body) => say(ctx, id, *with, body),
        Command::Read(account, content) => receipts::read_by_person(ctx, *account, *content),
        Command::Verify(account, compared) => {
            change_trust(ctx, *account, |trust| trust.verify(compared.duplicate()))
        }
        Command::AcceptIdentity(account, shown) => {
            change_trust(ctx, *account, |trust| trust.accept(shown))?;
            waiting::resume(ctx, *account)
        }
        Command::Decide(account, device, is_believed) => {
            lift(session::decide(&mut ctx.session(), (*account, *device), *is_believed))
        }
    }
}

fn look_up(ctx: &mut Context<'_, '_>, address: &Address, introduces: bool) -> Result<(), Stopped> {
    let address = address.clone();
    errand::start(ctx, introduces, |_| Operation::Lookup(FindAddress { address }))
}

fn say(ctx: &mut Context<'_, '_>, id: CommandId, with: AccountId, body: &Body) -> Result<(), Stopped> {
    if outgoing::is_there(ctx, id)? {
        ctx.tx.already_done();
        return Ok(());
    }
    let is_own = with == ctx.own_account();
    if !is_own {
        contact::permits(ctx, with, body.kind())?;
        contact::pay(ctx, with)?;
    }
    outgoing::say(ctx, id, with, (body, ctx.now))
}

fn change_trust(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    change: impl FnOnce(&mut crate::identity::trust::ContactTrust) -> Result<(), crate::identity::IdentityError>,
) -> Result<(), Stopped> {
    let key = session::Contact::key(ctx.tx.vault(), account);
    let mut slot = ctx.tx.read::<session::Contact>(key)?;
    let mut contact = slot.take().ok_or_else(|| refuse(ClientError::Unknown))?;
    change(&mut contact.trust).map_err(refuse)?;
    ctx.tx.put(slot, &contact).map_err(|error: StorageError| refuse(error))
}
