//! Steps of a device, and what it looks at in its store.

use std::marker::PhantomData;

use sottovoce::crypto::hash::Hash;
use sottovoce::crypto::random::Seed;
use sottovoce::identity::ids::{AccountId, DeviceId};
use sottovoce::ratchet::Ratchet;
use sottovoce::session::{Contact, Context, DeviceSessions, OwnDevice, SessionError, ratchet_key};
use sottovoce::storage::{Loaded, Machine, RunError, Step, Stop, Vault, run, step};
use sottovoce::time::Timestamp;
use sottovoce::wire::Wire as _;

use super::phones::{Name, Phone};

struct Act<'a, F, T> {
    vault: &'a Vault,
    own: OwnDevice<'a>,
    body: F,
    output: PhantomData<T>,
}

impl<F, T> Machine for Act<'_, F, T>
where
    F: Fn(&mut Context<'_, '_>) -> Result<T, Stop<SessionError>>,
{
    type Input = ();
    type Output = T;
    type Refused = SessionError;

    fn step(&self, loaded: &Loaded, now: Timestamp, seed: Seed, (): &()) -> Result<Step<T>, SessionError> {
        step(self.vault, loaded, seed, |tx| {
            (self.body)(&mut Context { own: self.own, now, tx }).map(|output| vec![output])
        })
    }
}

/// Carries out a step. Whatever else than a refusal ends it is a broken promise.
pub(super) fn act<T>(
    phone: &mut Phone,
    body: impl Fn(&mut Context<'_, '_>) -> Result<T, Stop<SessionError>>,
) -> Result<T, SessionError> {
    let own = OwnDevice {
        account: &phone.account,
        secret: &phone.secret,
        addresses: &phone.addresses,
        manifests: &phone.manifests,
    };
    let act = Act { vault: &phone.vault, own, body, output: PhantomData };
    match run(&act, &mut phone.store, phone.now, &mut phone.rng, &()) {
        Ok(mut released) => Ok(released.send.pop().expect("one output")),
        Err(RunError::Refused(SessionError::Storage(error))) => panic!("the store: {error:?}"),
        Err(RunError::Refused(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

/// What is kept of another device.
pub(super) fn sessions(phone: &mut Phone, (account, device): Name) -> Option<DeviceSessions> {
    let read = |ctx: &mut Context<'_, '_>| {
        let key = DeviceSessions::key(ctx.tx.vault(), account, device);
        Ok(ctx.tx.read::<DeviceSessions>(key)?.take())
    };
    act(phone, read).expect("a look")
}

/// The devices of an account, as far as it is held.
pub(super) fn devices(phone: &mut Phone, account: AccountId) -> Option<Vec<DeviceId>> {
    let read = |ctx: &mut Context<'_, '_>| {
        let contact = ctx.tx.read::<Contact>(Contact::key(ctx.tx.vault(), account))?;
        Ok(contact.value().map(|contact| contact.devices.clone()))
    };
    act(phone, read).expect("a look")
}

/// The state of a ratchet.
pub(super) fn ratchet(phone: &mut Phone, session: Hash) -> Option<Vec<u8>> {
    let read = |ctx: &mut Context<'_, '_>| {
        let slot = ctx.tx.read::<Ratchet>(ratchet_key(ctx.tx.vault(), &session))?;
        Ok(slot.value().map(|ratchet| ratchet.encode().expect("it encodes")))
    };
    act(phone, read).expect("a look")
}

/// Loses what is kept of a device, or the ratchet of its active session.
pub(super) fn lose(phone: &mut Phone, (account, device): Name, everything: bool) {
    let active = sessions(phone, (account, device)).and_then(|sessions| sessions.lineage.active);
    let lose = |ctx: &mut Context<'_, '_>| match active {
        Some(active) if !everything => {
            let slot = ctx.tx.read::<Ratchet>(ratchet_key(ctx.tx.vault(), &active.session))?;
            Ok(ctx.tx.delete(slot)?)
        }
        _ => {
            let key = DeviceSessions::key(ctx.tx.vault(), account, device);
            let slot = ctx.tx.read::<DeviceSessions>(key)?;
            Ok(ctx.tx.delete(slot)?)
        }
    };
    act(phone, lose).expect("a deletion");
}
