//! What a device was seen to support, below which no handshake with it goes. `docs/PROTOCOL.md` §5.10.

use super::HandshakeError;
use crate::crypto::suite::Suite;
use crate::identity::device::Capabilities;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// The floor of one device (attack H-15). It is never lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    suite: u16,
    capabilities: Capabilities,
}

/// Those that say what a device understands. A right to manage comes and goes.
pub(super) fn features(capabilities: Capabilities) -> Capabilities {
    Capabilities::from_bits(capabilities.bits() & !Capabilities::MANAGE.bits())
}

/// `capabilities` are some that a verified manifest lists for the device: an identity block alone raises nothing.
/// [`HandshakeError::Downgrade`] if suite or capabilities are below what is pinned; otherwise what is pinned from now on.
pub(super) fn raise(
    pinned: Option<&Floor>,
    suite: Suite,
    capabilities: Capabilities,
) -> Result<Floor, HandshakeError> {
    let seen = Floor { suite: suite.number(), capabilities: features(capabilities) };
    match pinned {
        Some(floor) if seen.suite < floor.suite || !seen.capabilities.contains(floor.capabilities) => {
            Err(HandshakeError::Downgrade)
        }
        _ => Ok(seen),
    }
}

impl Floor {
    /// The highest suite that was used.
    pub const fn suite(&self) -> u16 {
        self.suite
    }

    /// The capabilities that it was seen with, in verified manifests.
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }
}

impl Message for Floor {
    type Proto = proto::PeerFloor;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let suite = u16::try_from(required(proto.suite)?).map_err(|_| Rule::BadValue)?;
        let capabilities = Capabilities::from_bits(required(proto.capabilities)?);
        if features(capabilities) == capabilities {
            Ok(Self { suite, capabilities })
        } else {
            Err(Rule::BadValue)
        }
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PeerFloor { suite: Some(u32::from(self.suite)), capabilities: Some(self.capabilities.bits()) }
    }
}
