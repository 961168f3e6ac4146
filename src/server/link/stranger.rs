//! Servers that nothing is known of. `docs/PROTOCOL.md` §7.3.

use crate::identity::address::Domain;
use crate::identity::server::ServerBody;
use crate::server::Context;
use crate::server::discovery::Cause;
use crate::server::error::FrameError;
use crate::server::frame::{Authentic, Frame};
use crate::storage::Interrupt;

use super::peer::Peer;
use super::send::{frame, request};
use super::{find, receive};

/// A frame that is signed with a key of the manifest in it, which is all that is known of it. Its domain is asked, within a budget, and it is
/// told to come again.
pub(crate) fn stranger(
    ctx: &mut Context<'_, '_>,
    authentic: &Authentic,
    body: ServerBody,
) -> Result<Frame, Interrupt> {
    let next = find::ask(ctx, &body.domain, Cause::Inbound)?;
    let peer = Peer::claimed(authentic.mine, body);
    let parts = receive::later(ctx, authentic, &next)?;
    let request = request(ctx)?;
    let mut frame = frame(ctx, &peer, authentic.from, (request, Some(authentic.request)), parts);
    // Nothing of its is held.
    frame.yours = None;
    Ok(frame)
}

/// A frame of a known server does not verify. If that may be because it has other keys by now, its domain is looked at again.
pub(crate) fn distrust(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    error: FrameError,
) -> Result<(), Interrupt> {
    if let FrameError::Mismatch | FrameError::Identity(_) = error {
        find::ask(ctx, domain, Cause::Inbound)?;
    }
    Ok(())
}
