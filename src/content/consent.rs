//! What accounts say to each other about whether they want to hear of each other. `docs/PROTOCOL.md` §10.6.

use super::token::TokenGrant;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required};

/// Asks for contact, grants, declines or ends it. A request holds nothing that could be shown: a stranger says nothing but who it is. A
/// block is not among these: it is not told.
#[derive(Debug)]
pub enum Consent {
    /// Asks, and says where an answer goes.
    Request(TokenGrant),
    /// Grants.
    Accept(TokenGrant),
    /// Does not want to.
    Decline,
    /// Does not want to any more.
    Revoke,
}

impl Message for Consent {
    type Proto = proto::ConsentBody;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::consent_body::Consent as Proto;
        Ok(match required(proto.consent)? {
            Proto::Request(grant) => Self::Request(Message::from_proto(grant)?),
            Proto::Accept(grant) => Self::Accept(Message::from_proto(grant)?),
            Proto::Decline(_) => Self::Decline,
            Proto::Revoke(_) => Self::Revoke,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::consent_body::Consent as Proto;
        let consent = match self {
            Self::Request(grant) => Proto::Request(grant.to_proto()),
            Self::Accept(grant) => Proto::Accept(grant.to_proto()),
            Self::Decline => Proto::Decline(proto::ConsentNothing {}),
            Self::Revoke => Proto::Revoke(proto::ConsentNothing {}),
        };
        proto::ConsentBody { consent: Some(consent) }
    }
}
