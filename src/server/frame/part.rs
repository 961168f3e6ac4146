//! What a frame is made of. `docs/PROTOCOL.md` §7.2, §7.8.

use crate::identity::address::Address;
use crate::identity::certificate::SignedCertificate;
use crate::identity::chain::{ForkEvidence, Manifest};
use crate::identity::ids::RequestId;
use crate::identity::prekeys::{ClaimAnswer, ClaimRequest};
use crate::server::item::address;
use crate::server::stream::{Batch, Position};
use crate::server::{Pseudonym, Token};
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A part of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Items, or the question how far the receiver is.
    Batch(Batch),
    /// How far the sender of the frame is in a stream of the other.
    Position(Position),
    /// Whose is an address?
    Lookup(Lookup),
    /// Prekeys, please.
    Claim(Claim),
    /// The answer to one of these.
    Answer(Answer),
    /// The receiver's own chain has forked, and this proves it.
    Notice(ForkEvidence),
}

/// Asks whose an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Names the question. Asked again, it gets the same answer or a newer one.
    pub request: RequestId,
    /// The address.
    pub address: Address,
    /// Who asks, as its server names it to this address.
    pub pseudonym: Pseudonym,
}

/// Claims the prekeys of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which device.
    pub claim: ClaimRequest,
    /// By what right.
    pub access: Access,
}

/// By what right somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The account gave it.
    Token(Token),
    /// As a stranger.
    Address {
        /// The address that the account was found under.
        address: Address,
        /// Who asks.
        pseudonym: Pseudonym,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To which question.
    pub request: RequestId,
    /// What.
    pub reply: Reply,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The account of an address.
    Found {
        /// Its newest manifest. Not yet judged.
        manifest: Manifest,
        /// That the address is its.
        certificate: SignedCertificate,
    },
    /// Prekeys. Not yet judged.
    Claimed(ClaimAnswer),
    /// Nobody, or nobody who wants to be found, or too many questions.
    Nothing,
}

impl Message for Lookup {
    type Proto = proto::Lookup;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            request: RequestId::from_bytes(required_array(proto.request)?),
            address: address(proto.address)?,
            pseudonym: Pseudonym::from_bytes(required_array(proto.pseudonym)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Lookup {
            request: Some(self.request.as_bytes().to_vec()),
            address: Some(self.address.to_string()),
            pseudonym: Some(self.pseudonym.as_bytes().to_vec()),
        }
    }
}

impl Message for Claim {
    type Proto = proto::Claim;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::claim::Access as Member;
        let access = match required(proto.access)? {
            Member::Token(access) => Access::Token(Token::from_bytes(required_array(access.token)?)),
            Member::Address(access) => Access::Address {
                address: address(access.address)?,
                pseudonym: Pseudonym::from_bytes(required_array(access.pseudonym)?),
            },
        };
        Ok(Self { claim: ClaimRequest::from_proto(required(proto.claim)?)?, access })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::claim::Access as Member;
        let access = match &self.access {
            Access::Token(token) => {
                Member::Token(proto::TokenAccess { token: Some(token.as_bytes().to_vec()) })
            }
            Access::Address { address, pseudonym } => Member::Address(proto::AddressAccess {
                address: Some(address.to_string()),
                pseudonym: Some(pseudonym.as_bytes().to_vec()),
            }),
        };
        proto::Claim { claim: Some(self.claim.to_proto()), access: Some(access) }
    }
}

impl Message for Answer {
    type Proto = proto::Answer;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::answer::Answer as Member;
        let reply = match required(proto.answer)? {
            Member::Found(found) => Reply::Found {
                manifest: Manifest::from_proto(required(found.manifest)?)?,
                certificate: SignedCertificate::from_proto(required(found.certificate)?)?,
            },
            Member::Claimed(answer) => Reply::Claimed(ClaimAnswer::from_proto(answer)?),
            Member::Nothing(_) => Reply::Nothing,
        };
        Ok(Self { request: RequestId::from_bytes(required_array(proto.request)?), reply })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::answer::Answer as Member;
        let answer = match &self.reply {
            Reply::Found { manifest, certificate } => Member::Found(proto::Found {
                manifest: Some(manifest.to_proto()),
                certificate: Some(certificate.to_proto()),
            }),
            Reply::Claimed(answer) => Member::Claimed(answer.to_proto()),
            Reply::Nothing => Member::Nothing(proto::Nothing {}),
        };
        proto::Answer { request: Some(self.request.as_bytes().to_vec()), answer: Some(answer) }
    }
}

impl Message for Part {
    type Proto = proto::Part;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::part::Part as Member;
        Ok(match required(proto.part)? {
            Member::Batch(part) => Self::Batch(Batch::from_proto(part)?),
            Member::Position(part) => Self::Position(Position::from_proto(part)?),
            Member::Lookup(part) => Self::Lookup(Lookup::from_proto(part)?),
            Member::Claim(part) => Self::Claim(Claim::from_proto(part)?),
            Member::Answer(part) => Self::Answer(Answer::from_proto(part)?),
            Member::Notice(part) => Self::Notice(ForkEvidence::from_proto(required(part.fork)?)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::part::Part as Member;
        let part = match self {
            Self::Batch(part) => Member::Batch(part.to_proto()),
            Self::Position(part) => Member::Position(part.to_proto()),
            Self::Lookup(part) => Member::Lookup(part.to_proto()),
            Self::Claim(part) => Member::Claim(part.to_proto()),
            Self::Answer(part) => Member::Answer(part.to_proto()),
            Self::Notice(fork) => Member::Notice(proto::Notice { fork: Some(fork.to_proto()) }),
        };
        proto::Part { part: Some(part) }
    }
}
