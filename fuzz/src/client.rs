//! Targets of what a device keeps, and of what it tells its application.

use sottovoce::client::{
    ClientAccount, ClientState, Errand, Event, KnownContent, Outgoing, PendingDevice, Person, SubmittedItem,
    TokenOwner,
};
use sottovoce::wire::Wire as _;

use super::wire;

pub(super) fn wire_client(data: &[u8]) {
    wire::<ClientAccount>(data);
    wire::<ClientState>(data);
    wire::<Errand>(data);
    wire::<Person>(data);
    wire::<PendingDevice>(data);
    wire::<Outgoing>(data);
    wire::<KnownContent>(data);
    wire::<SubmittedItem>(data);
    wire::<TokenOwner>(data);
}

/// What an application asks of something that was said does not depend on whether it can be read.
pub(super) fn wire_client_event(data: &[u8]) {
    wire::<Event>(data);
    let Ok(Event::Message(said)) = Event::decode(data) else { return };
    assert_eq!(said.content().is_ok(), said.peer().is_ok());
    assert!(said.body().is_err() || said.content().is_ok());
    assert_eq!(said.id().is_ok(), said.content().is_ok());
}
