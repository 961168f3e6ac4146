//! Receipts on the wire. `docs/PROTOCOL.md` §10.5. When they are sent is decided in [`ReceiptBatch`](super::ReceiptBatch).

use std::collections::BTreeSet;

use super::conversation::ContentId;
use super::strict::require;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// What became of contents at the other account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiptState {
    /// A device has them.
    Delivered,
    /// Somebody has read them.
    Read,
}

/// Contents were delivered to the account, or read by it. It says nothing of its devices (attack P-04).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Delivered or read.
    pub state: ReceiptState,
    /// 1 to 128.
    pub ids: BTreeSet<ContentId>,
}

impl Message for Receipt {
    type Proto = proto::ReceiptBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let state = match proto::ReceiptState::try_from(required(proto.state)?) {
            Ok(proto::ReceiptState::Delivered) => ReceiptState::Delivered,
            Ok(proto::ReceiptState::Read) => ReceiptState::Read,
            Ok(proto::ReceiptState::Unspecified) | Err(_) => return Err(Rule::BadValue),
        };
        let ids = ascending(proto.ids)?;
        require(!ids.is_empty())?;
        Ok(Self { state, ids })
    }

    fn to_proto(&self) -> Self::Proto {
        let state = match self.state {
            ReceiptState::Delivered => proto::ReceiptState::Delivered,
            ReceiptState::Read => proto::ReceiptState::Read,
        };
        proto::ReceiptBody { state: Some(state.into()), ids: fields(&self.ids) }
    }
}

/// Ids that are strictly ascending.
pub(super) fn ascending(fields: Vec<Vec<u8>>) -> Result<BTreeSet<ContentId>, Rule> {
    let mut ids = BTreeSet::new();
    for field in fields {
        let id = ContentId::from_bytes(required_array(Some(field))?);
        require(ids.last().is_none_or(|last| *last < id))?;
        ids.insert(id);
    }
    Ok(ids)
}

pub(super) fn fields(ids: &BTreeSet<ContentId>) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.as_bytes().to_vec()).collect()
}
