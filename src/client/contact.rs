//! Contacts: consent, tokens, addresses. `docs/PROTOCOL.md` §10.6, §11.4.

use super::context::Context;
use super::error::{ClientError, Stopped, refuse};
use super::event::Event;
use super::record::{CommandId, Person, TokenOwner};
use super::{connect, errand, outgoing, waiting};
use crate::content::{
    Act, Acted, Body, Consent, ConsentState, ContactConsent, ContactSync, ContentError, Heard, Kind,
    TokenAction, TokenGrant, Version,
};
use crate::crypto::random;
use crate::error::Blame as _;
use crate::identity::address::{Address, Domain};
use crate::identity::certificate::AddressCertificate;
use crate::identity::ids::{AccountId, DeviceId};
use crate::server::Token;
use crate::server::mailbox::{Settle, TokenChange};
use crate::server::service::Operation;
use crate::session::ContactManifest;
use crate::storage::{Interrupt, Key, Slot, Table, Vault, Want};
use crate::wire::Wire as _;

fn key(vault: &Vault, account: AccountId) -> Key {
    vault.partition(Table::CONSENTS, account.as_bytes()).key(0)
}

/// How it stands with an account; nothing was said yet with one of which nothing is kept.
pub(super) fn read(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
) -> Result<(Slot<ContactConsent>, ContactConsent), Interrupt> {
    let mut slot = ctx.tx.read::<ContactConsent>(key(ctx.tx.vault(), account))?;
    let contact = slot.take().unwrap_or_default();
    Ok((slot, contact))
}

pub(super) fn read_person(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
) -> Result<(Slot<Person>, Person), Interrupt> {
    let mut slot = ctx.tx.read::<Person>(Person::key(ctx.tx.vault(), account))?;
    let person = slot.take().unwrap_or_else(|| Person::new(account));
    Ok((slot, person))
}

/// Whether something may be sent to an account that nobody here has just asked for: it is a contact, was asked to be one, or is the own
/// one. A stranger makes nothing be sent, or it would know when this device is there.
pub(super) fn is_wanted(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<bool, Stopped> {
    let is_own = account == ctx.own_account();
    let state = read(ctx, account)?.1.state();
    Ok(is_own || matches!(state, ConsentState::Accepted | ConsentState::RequestSent))
}

/// What a command about an account will read.
pub(super) fn need(ctx: &Context<'_, '_>, account: AccountId) -> Result<(), Interrupt> {
    let vault = ctx.tx.vault();
    let session = crate::session::Contact::key(vault, account);
    ctx.tx.need([key(vault, account), Person::key(vault, account), session].map(Want::Record))
}

/// Whether something of this kind may be said to an account.
pub(super) fn permits(ctx: &mut Context<'_, '_>, account: AccountId, kind: Kind) -> Result<(), Stopped> {
    need(ctx, account)?;
    let contact = read(ctx, account)?.1;
    if contact.may_send(kind) { Ok(()) } else { Err(refuse(ContentError::NotPermitted)) }
}

/// A command that this device gives itself.
pub(super) fn own_command(ctx: &mut Context<'_, '_>) -> Result<CommandId, Stopped> {
    let drawn = random::draw::<16>(ctx.tx.rng()).map_err(refuse)?;
    Ok(CommandId::from_bytes(*drawn.expose()))
}

/// Gives a contact the token that it has to get before the next thing that a person says.
pub(super) fn pay(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<(), Stopped> {
    let (slot, mut contact) = read(ctx, account)?;
    let Some(Acted { at, send: Some(body), .. }) = contact.owed(&ctx.me.home, ctx.now) else { return Ok(()) };
    ctx.tx.put(slot, &contact)?;
    let id = own_command(ctx)?;
    outgoing::say(ctx, id, account, (&body, at))
}

/// Carries out what the application wants with a contact.
pub(super) fn act(
    ctx: &mut Context<'_, '_>,
    id: CommandId,
    account: AccountId,
    act: Act,
) -> Result<(), Stopped> {
    if outgoing::is_there(ctx, id)? {
        ctx.tx.already_done();
        return Ok(());
    }
    carry_out(ctx, id, account, act)
}

fn carry_out(ctx: &mut Context<'_, '_>, id: CommandId, account: AccountId, act: Act) -> Result<(), Stopped> {
    need(ctx, account)?;
    let (slot, mut contact) = read(ctx, account)?;
    let acted = contact.act(act, &ctx.me.home, ctx.now, ctx.tx.rng()).map_err(refuse)?;
    ctx.tx.put(slot, &contact)?;
    for action in &acted.tokens {
        change_token(ctx, account, action)?;
    }
    settle(ctx, account, act)?;
    if let Some(body) = &acted.send {
        outgoing::say(ctx, id, account, (body, acted.at))?;
    }
    tell(ctx, account)
}

/// Takes a request out of the inbox on which somebody has decided.
fn settle(ctx: &mut Context<'_, '_>, account: AccountId, act: Act) -> Result<(), Stopped> {
    let how = match act {
        Act::Accept => Settle::Accept,
        Act::Decline => Settle::Drop,
        Act::Block => Settle::Block,
        Act::Request | Act::Revoke | Act::Rotate | Act::Unblock => return Ok(()),
    };
    let (slot, mut person) = read_person(ctx, account)?;
    let Some(handle) = person.handle.take() else { return Ok(()) };
    ctx.tx.put(slot, &person)?;
    errand::start(ctx, false, |_| Operation::Settle(handle, how))
}

/// Tells the server about a token, and remembers to whom it was given.
pub(super) fn change_token(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    action: &TokenAction,
) -> Result<(), Stopped> {
    let token = connect::server_token;
    let change = match action {
        TokenAction::Add(new) => TokenChange::Add(token(new)),
        TokenAction::Rotate { old, new } => TokenChange::Rotate { old: token(old), new: token(new) },
        TokenAction::Sink(old) => TokenChange::Sink(token(old)),
    };
    if let TokenAction::Add(new) | TokenAction::Rotate { new, .. } = action {
        ctx.tx.put_unseen(TokenOwner::key(ctx.tx.vault(), token(new)), &TokenOwner(account))?;
    }
    errand::start(ctx, false, |_| Operation::Token(change))
}

/// Asks whoever was found for contact.
pub(super) fn introduce(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<(), Stopped> {
    if account == ctx.own_account() {
        return Ok(());
    }
    let id = own_command(ctx)?;
    match carry_out(ctx, id, account, Act::Request) {
        // It is a contact already, or blocked.
        Err(crate::storage::Stop::Refused(ClientError::Content(ContentError::NotPossible))) => {
            tell(ctx, account)
        }
        done => done,
    }
}

/// The application, and the own other devices, hear how it stands now.
pub(super) fn tell(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<(), Stopped> {
    let contact = read(ctx, account)?.1;
    let person = read_person(ctx, account)?.1;
    ctx.tell(&Event::Contact {
        account,
        state: contact.state(),
        address: person.address,
        is_looked_up: person.is_looked_up,
    })?;
    if ctx.me.account.devices().len() > 1 {
        let id = own_command(ctx)?;
        let own = ctx.own_account();
        let body = Body::Contact(ContactSync { account, contact });
        outgoing::say(ctx, id, own, (&body, ctx.now))?;
    }
    Ok(())
}

/// What the other says about contact.
pub(super) fn hear_consent(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    (consent, version): (&Consent, Version),
) -> Result<(), Stopped> {
    hear(ctx, account, Heard::Consent(consent), version)
}

/// Another token of the other.
pub(super) fn hear_token(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    (grant, version): (&TokenGrant, Version),
) -> Result<(), Stopped> {
    hear(ctx, account, Heard::Token(grant), version)
}

fn hear(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    heard: Heard<'_>,
    version: Version,
) -> Result<(), Stopped> {
    let is_token = matches!(heard, Heard::Token(_));
    let (slot, mut contact) = read(ctx, account)?;
    let before = contact.state();
    if !contact.hear(heard, version) {
        return Ok(());
    }
    ctx.tx.put(slot, &contact)?;
    claim_address(ctx, account)?;
    if !is_token || contact.state() != before {
        tell(ctx, account)?;
    }
    waiting::resume(ctx, account)
}

/// The address that an account says it has, by the certificate in its introduction.
fn claim_address(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<(), Stopped> {
    let (slot, mut person) = read_person(ctx, account)?;
    if person.is_looked_up {
        return Ok(());
    }
    let manifest = ctx.tx.read::<ContactManifest>(ContactManifest::key(ctx.tx.vault(), account))?;
    let certificate = manifest.value().and_then(|held| held.certificate.as_ref());
    let claimed = certificate.and_then(|signed| AddressCertificate::decode(&signed.certificate).ok());
    let Some(claimed) = claimed.filter(|claimed| claimed.account == account) else { return Ok(()) };
    person.address = Some(claimed.address);
    Ok(ctx.tx.put(slot, &person)?)
}

/// Whether an account may have this address: it has no other one, by a look-up or by its own word. Any domain can certify that an account
/// which it knows has an address there.
pub(super) fn is_at(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    address: &Address,
) -> Result<bool, Stopped> {
    Ok(self::address(ctx, account)?.is_none_or(|known| known == *address))
}

/// An address was looked up, and is this account's.
pub(super) fn located(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    address: &Address,
) -> Result<(), Stopped> {
    let (slot, mut person) = read_person(ctx, account)?;
    (person.address, person.is_looked_up) = (Some(address.clone()), true);
    Ok(ctx.tx.put(slot, &person)?)
}

/// The address under which an account is written to.
pub(super) fn address(ctx: &mut Context<'_, '_>, account: AccountId) -> Result<Option<Address>, Stopped> {
    if account == ctx.own_account() {
        return Ok(Some(ctx.me.kept.address.clone()));
    }
    Ok(read_person(ctx, account)?.1.address)
}

/// Where an account is reached, and with which token. A token for another domain than that of its address is as good as none (§10.6): a
/// contact must not make this device's server turn to whomever it names.
pub(super) fn grant(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
) -> Result<Option<(Domain, Token)>, Stopped> {
    let Some(address) = address(ctx, account)? else { return Ok(None) };
    let contact = read(ctx, account)?.1;
    let certified = contact.theirs().filter(|grant| grant.domain.to_string() == address.domain());
    Ok(certified.map(|grant| (grant.domain.clone(), connect::server_token(&grant.token))))
}

/// A claim for a device is over.
pub(super) fn claimed(
    ctx: &mut Context<'_, '_>,
    (account, device): (AccountId, DeviceId),
) -> Result<(), Stopped> {
    let (slot, mut person) = read_person(ctx, account)?;
    person.claiming.retain(|claiming| *claiming != device);
    Ok(ctx.tx.put(slot, &person)?)
}

/// A request of a stranger lies in the inbox.
pub(super) fn requested(
    ctx: &mut Context<'_, '_>,
    account: AccountId,
    handle: [u8; 16],
) -> Result<(), Stopped> {
    let (slot, mut person) = read_person(ctx, account)?;
    person.handle = Some(handle);
    Ok(ctx.tx.put(slot, &person)?)
}

/// How another own device says that it stands with a contact.
pub(super) fn synced(
    ctx: &mut Context<'_, '_>,
    sync: &ContactSync,
) -> Result<Result<(), &'static str>, Stopped> {
    let (slot, mut contact) = read(ctx, sync.account)?;
    let before = contact.state();
    let tokens = match contact.merge(&sync.contact, ctx.now) {
        Ok(tokens) => tokens,
        Err(error) => return Ok(Err(error.class())),
    };
    for action in &tokens {
        change_token(ctx, sync.account, action)?;
    }
    if let Some(ours) = contact.ours() {
        let key = TokenOwner::key(ctx.tx.vault(), connect::server_token(ours));
        ctx.tx.put_unseen(key, &TokenOwner(sync.account))?;
    }
    ctx.tx.put(slot, &contact)?;
    if contact.state() != before {
        let person = read_person(ctx, sync.account)?.1;
        ctx.tell(&Event::Contact {
            account: sync.account,
            state: contact.state(),
            address: person.address,
            is_looked_up: person.is_looked_up,
        })?;
    }
    Ok(Ok(()))
}
