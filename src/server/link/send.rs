//! What goes out on a link. `docs/PROTOCOL.md` §7.7.

use rand_core::Rng as _;

use crate::crypto::CryptoError;
use crate::crypto::hash::Hash;
use crate::crypto::random;
use crate::identity::address::Domain;
use crate::identity::ids::{RequestId, ServerId};
use crate::identity::server::Endpoint;
use crate::server::frame::{Frame, LIFETIME, Part, Seen};
use crate::server::mailbox;
use crate::server::stream::{Inbound, Outbound, Route, StreamId, Window};
use crate::server::{Context, Item as _, Status};
use crate::storage::{Interrupt, Item, Key, Slot, StorageError, Table, Tail, Vault, Want};
use crate::time::Timestamp;

use super::outbox::{self, OutboxEntry};
use super::peer::{Peer, PeerManifest};
use super::state::Mode;
use super::{LinkWork, TIMEOUT, WINDOW_BYTES, WINDOW_ITEMS, find, question};

/// A frame for another server, not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The server.
    pub to: Domain,
    /// Where it answers.
    pub endpoints: Vec<Endpoint>,
    /// What it is told.
    pub frame: Frame,
}

/// The time of a link has come.
pub(crate) fn drive(ctx: &mut Context<'_, '_>, name: &[u8; 32]) -> Result<(), Interrupt> {
    let Some(mut work) = LinkWork::by_name(ctx, name)? else { return Ok(()) };
    work.link.timer = None;
    if work.link.request.take().is_some() {
        work.failed(ctx);
    }
    work.link.state.wake(ctx.now);
    if work.link.state.mode == Mode::Finding {
        find::find(ctx, &mut work)?;
    }
    if work.link.state.mode == Mode::Open {
        work.send(ctx)?;
    } else {
        work.give_up_expired(ctx)?;
        work.kick(ctx)?;
    }
    work.tell_waiting(ctx)?;
    work.save(ctx)
}
