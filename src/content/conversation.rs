//! Conversations. `docs/PROTOCOL.md` §10.1.

use crate::crypto::absorb::Absorb as _;
use crate::crypto::hash::Hasher;
use crate::crypto::label;
use crate::identity::ids::{AccountId, ids};

ids! {
    /// A conversation, 32 bytes.
    ConversationId: 32;
    /// A content: computed by everyone who has it, sent by nobody, 16 bytes.
    ContentId: 16;
}

/// The conversation of a content, as its sender sees it. Groups come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conversation {
    /// With another account, or with oneself.
    Direct {
        /// The other account; the sender's own for notes to self and for what its devices tell each other.
        with: AccountId,
    },
}

impl Conversation {
    /// The id, which is the same from both sides.
    pub fn id(self, sender: AccountId) -> ConversationId {
        let Self::Direct { with } = self;
        ConversationId::direct(sender, with)
    }
}

impl ConversationId {
    /// Of two accounts, in either order.
    pub fn direct(one: AccountId, other: AccountId) -> Self {
        let (low, high) = (one.min(other), one.max(other));
        let hash = Hasher::new(label::hash::DIRECT).array(low.as_bytes()).array(high.as_bytes()).finish();
        Self::from_bytes(*hash.as_bytes())
    }
}
