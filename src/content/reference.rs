//! What contents may do to others. `docs/PROTOCOL.md` §10.4.

use std::collections::BTreeSet;

use super::conversation::{ContentId, ConversationId};
use super::{Body, Class, Kind, Received};
use crate::identity::ids::AccountId;

/// What is known of a content that another one refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The account that said it.
    pub by: AccountId,
    /// Where.
    pub conversation: ConversationId,
    /// Its kind.
    pub kind: Kind,
}

/// Whether a reference has effect. In no case is anything sent (attack P-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It has.
    Applies,
    /// The target is not known, or not yet.
    Unknown,
    /// It has none, ever.
    Refused,
}

impl Received {
    /// The contents to which this one refers.
    pub fn targets(&self) -> BTreeSet<ContentId> {
        match self.body() {
            Body::Text(text) => text.reply_to.into_iter().collect(),
            Body::Edit(edit) => BTreeSet::from([edit.target]),
            Body::Delete(delete) => BTreeSet::from([delete.target]),
            Body::Reaction(reaction) => BTreeSet::from([reaction.target]),
            Body::Receipt(receipt) => receipt.ids.clone(),
            Body::ReadMarker(marker) => BTreeSet::from([marker.id]),
            _ => BTreeSet::new(),
        }
    }

    /// Whether this one has effect on one of its [targets](Self::targets).
    pub fn resolve(&self, target: Option<&Known>) -> Resolution {
        let Some(target) = target else { return Resolution::Unknown };
        let (by, is_stored) = (self.sender().account, target.kind.class() == Class::Stored);
        let is_here = is_stored && target.conversation == self.conversation();
        let applies = match self.body() {
            Body::Edit(_) => is_here && target.by == by && target.kind == Kind::TEXT,
            Body::Delete(_) => is_here && target.by == by,
            Body::Receipt(_) => is_here && target.by != by,
            Body::Text(_) | Body::Reaction(_) => is_here,
            Body::ReadMarker(marker) => is_stored && target.conversation == marker.conversation,
            _ => false,
        };
        if applies { Resolution::Applies } else { Resolution::Refused }
    }
}
