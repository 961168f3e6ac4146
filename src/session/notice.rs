//! What the layer above is told beside content. `docs/PROTOCOL.md` §9.

use super::contact::Learned;
use crate::identity::ids::{AccountId, DeviceId};
use crate::ratchet::Gap;

/// Something to tell the application, or to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An account has a newer manifest, another identity, or a fork.
    Learned(AccountId, Box<Learned>),
    /// A newer manifest of this account exists: fetch it before the next message to it; of one's own, before any.
    Refetch(AccountId),
    /// A handshake with this device is due (§9.5): claim its prekeys.
    HandshakeDue(AccountId, DeviceId),
    /// Two have sealed in the name of this device: it was copied, or set back.
    Copied(AccountId, DeviceId),
    /// This device has found two that seal in one's own name: one's own device was copied, or set back.
    SelfCopied(AccountId, DeviceId),
    /// Somebody who holds the keys of this device, but not the state of its session, has begun another one.
    Contested(AccountId, DeviceId),
    /// The device with the earlier session is alive: its keys are in the hands of somebody else too.
    IdentityCopied(AccountId, DeviceId),
    /// A session took the place of another without proof.
    Replaced(AccountId, DeviceId),
    /// The post-quantum lane of the session with this device has closed (§6.8).
    LaneClosed(AccountId, DeviceId),
    /// The device asks for an answer: seal a message for it, or one that says nothing.
    AnswerOwed(AccountId, DeviceId),
    /// Messages were passed. They may still come.
    Gap(AccountId, DeviceId, Gap),
    /// Messages were passed and have not come.
    Lost(AccountId, DeviceId, Gap),
    /// What the device has not received and may be sealed for it again: the application's reference, and the places.
    Resend {
        /// The account …
        account: AccountId,
        /// … and the device for which it was sealed.
        device: DeviceId,
        /// What the application calls it.
        reference: [u8; 16],
        /// The place, if the device has named it.
        repairs: Option<Gap>,
    },
}
