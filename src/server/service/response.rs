//! What a device is answered. `docs/PROTOCOL.md` §8.1.

use super::blob::SignedBlobGrant;
use super::hello::Welcome;
use super::refused::Refused;
use super::submit::Submitted;
use crate::identity::ids::RequestId;
use crate::identity::prekeys::Seen as SeenPrekeys;
use crate::server::directory::{Bitmap, Export, PrekeysHeld};
use crate::server::frame::{Answer, Seen};
use crate::server::mailbox::{Drained, InboxRequest, Listed};
use crate::time::Span;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Of the request; zeros if it could not be read.
    pub request: RequestId,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Refused(Refused),
    /// The answer is on its way: the same request again, after this time.
    Pending(Span),
    /// A session.
    Welcome(Box<Welcome>),
    /// The manifest that is held now.
    Manifest(Seen),
    /// The prekeys that are held now.
    Prekeys(PrekeysHeld),
    /// The answer to a look-up or a claim. Not yet judged.
    Answer(Box<Answer>),
    /// One for each item, in their order.
    Submitted(Vec<Submitted>),
    /// It is so.
    Done,
    /// Messages of the other side.
    Met(Vec<Vec<u8>>),
    /// A permission to upload.
    Blob(SignedBlobGrant),
    /// All that is held of the account.
    Export(Box<Export>),
    /// Entries of the mailbox.
    Drained(Box<Drained>),
    /// Requests that wait.
    Requests(Listed),
}

impl Message for PrekeysHeld {
    type Proto = proto::PrekeysHeld;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            bundle: proto.bundle.map(SeenPrekeys::from_proto).transpose()?,
            stock: proto.stock.map(SeenPrekeys::from_proto).transpose()?,
            uploaded: Bitmap::from_bytes(required(proto.uploaded)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PrekeysHeld {
            bundle: self.bundle.as_ref().map(Message::to_proto),
            stock: self.stock.as_ref().map(Message::to_proto),
            uploaded: Some(self.uploaded.as_bytes().to_vec()),
        }
    }
}

impl Message for Listed {
    type Proto = proto::WaitingRequests;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        let requests = proto.requests.into_iter().map(InboxRequest::from_proto);
        Ok(Self { requests: requests.collect::<Result<_, _>>()?, more: required(proto.more)? })
    }

    fn to_proto(&self) -> Self::Proto {
        let requests = self.requests.iter().map(Message::to_proto).collect();
        proto::WaitingRequests { requests, more: Some(self.more) }
    }
}

impl Outcome {
    fn from_proto(proto: proto::response::Result) -> Result<Self, Rule> {
        use proto::response::Result as Member;
        Ok(match proto {
            Member::Refused(refused) => Self::Refused(Refused::from_proto(refused)?),
            Member::Pending(pending) => Self::Pending(Span::from_millis(required(pending.retry_after)?)),
            Member::Welcome(welcome) => Self::Welcome(Box::new(Welcome::from_proto(welcome)?)),
            Member::Manifest(manifest) => Self::Manifest(Seen::from_proto(required(manifest.held)?)?),
            Member::Prekeys(held) => Self::Prekeys(PrekeysHeld::from_proto(held)?),
            Member::Answer(answer) => Self::Answer(Box::new(Answer::from_proto(answer)?)),
            Member::Submitted(submitted) => {
                let results = submitted.results.into_iter().map(Submitted::from_proto);
                Self::Submitted(results.collect::<Result<_, _>>()?)
            }
            Member::Done(_) => Self::Done,
            Member::Link(link) => Self::Met(link.messages),
            Member::Blob(grant) => Self::Blob(SignedBlobGrant::from_proto(grant)?),
            Member::Export(export) => Self::Export(Box::new(Export::from_proto(export)?)),
            Member::Drained(drained) => Self::Drained(Box::new(Drained::from_proto(drained)?)),
            Member::Requests(requests) => Self::Requests(Listed::from_proto(requests)?),
        })
    }

    fn to_proto(&self) -> proto::response::Result {
        use proto::response::Result as Member;
        match self {
            Self::Refused(refused) => Member::Refused(refused.to_proto()),
            Self::Pending(after) => Member::Pending(proto::Pending { retry_after: Some(after.as_millis()) }),
            Self::Welcome(welcome) => Member::Welcome(welcome.to_proto()),
            Self::Manifest(held) => Member::Manifest(proto::ManifestHeld { held: Some(held.to_proto()) }),
            Self::Prekeys(held) => Member::Prekeys(held.to_proto()),
            Self::Answer(answer) => Member::Answer(answer.to_proto()),
            Self::Submitted(results) => {
                let results = results.iter().map(Message::to_proto).collect();
                Member::Submitted(proto::Submitted { results })
            }
            Self::Done => Member::Done(proto::Done {}),
            Self::Met(messages) => Member::Link(proto::LinkMessages { messages: messages.clone() }),
            Self::Blob(grant) => Member::Blob(grant.to_proto()),
            Self::Export(export) => Member::Export(export.to_proto()),
            Self::Drained(drained) => Member::Drained(drained.to_proto()),
            Self::Requests(requests) => Member::Requests(requests.to_proto()),
        }
    }
}

impl Message for Response {
    type Proto = proto::Response;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            request: RequestId::from_bytes(required_array(proto.request)?),
            outcome: Outcome::from_proto(required(proto.result)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Response {
            request: Some(self.request.as_bytes().to_vec()),
            result: Some(self.outcome.to_proto()),
        }
    }
}
