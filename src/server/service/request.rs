//! What a device asks of its server. `docs/PROTOCOL.md` §8.1.

use super::blob::AskBlob;
use super::hello::{SessionToken, SignedHello};
use super::meet::MeetDevice;
use super::route::{ClaimDevice, FindAddress};
use super::submit::Submit;
use crate::crypto::hash::Hash;
use crate::identity::certificate::SignedCertificate;
use crate::identity::chain::Manifest;
use crate::identity::ids::RequestId;
use crate::identity::prekeys::{OneTimePair, SignedBundle, SignedStock};
use crate::server::Token;
use crate::server::directory::NewPrekeys;
use crate::server::mailbox::{MailboxCursor, Settle, TokenChange};
use crate::time::Span;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// The version of this protocol.
const VERSION: u32 = 1;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Drawn by the device. Sent again, the request is not carried out again.
    pub request: RequestId,
    /// Who asks. Not needed for a hello, a registration, and whoever joins an account.
    pub session: Option<SessionToken>,
    /// What for.
    pub operation: Operation,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A session.
    Hello(SignedHello),
    /// An address for an account.
    Register(Box<Register>),
    /// A newer manifest, in the place of the one with this hash.
    PutManifest {
        /// What the server is supposed to hold.
        previous: Hash,
        /// The manifest. Not yet judged.
        manifest: Manifest,
    },
    /// Prekeys to be kept.
    PutPrekeys(Box<NewPrekeys>),
    /// Whose is an address?
    Lookup(FindAddress),
    /// Prekeys of somebody's device.
    Claim(ClaimDevice),
    /// Items to be sent.
    Submit(Submit),
    /// A message for a device that is being linked, and those of the other side.
    Meet(MeetDevice),
    /// A permission to upload.
    Blob(AskBlob),
    /// All that is held of the account.
    Export,
    /// The end of the account.
    Close,
    /// Whether look-ups may find the account.
    Settings {
        /// Whether they may.
        findable: bool,
    },
    /// The next entries of the mailbox.
    Drain {
        /// What the device has.
        cursor: MailboxCursor,
        /// How many at most.
        max: u32,
        /// How long the device would wait. The shell's business: it asks again when the server says that there is something.
        wait: Span,
    },
    /// A change of a token.
    Token(TokenChange),
    /// Where the device is to be woken; none to let it sleep.
    Push(Option<Vec<u8>>),
    /// The requests that wait, after the one with this handle.
    Requests(Option<[u8; 16]>),
    /// What becomes of a request.
    Settle([u8; 16], Settle),
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Names the address, and is signed by a device of the account.
    pub hello: SignedHello,
    /// The account's newest manifest. Not yet judged.
    pub manifest: Manifest,
    /// A permission of the operator's.
    pub invite: Option<[u8; 16]>,
    /// What the server certified before it lost its store. Not yet judged.
    pub certificate: Option<SignedCertificate>,
    /// Whether look-ups may find the account.
    pub findable: bool,
}

impl Message for Register {
    type Proto = proto::Register;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            hello: SignedHello::from_proto(required(proto.hello)?)?,
            manifest: Manifest::from_proto(required(proto.manifest)?)?,
            invite: proto.invite.map(|code| required_array(Some(code))).transpose()?,
            certificate: proto.certificate.map(SignedCertificate::from_proto).transpose()?,
            findable: required(proto.findable)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Register {
            hello: Some(self.hello.to_proto()),
            manifest: Some(self.manifest.to_proto()),
            invite: self.invite.map(|code| code.to_vec()),
            certificate: self.certificate.as_ref().map(Message::to_proto),
            findable: Some(self.findable),
        }
    }
}

impl Message for NewPrekeys {
    type Proto = proto::PutPrekeys;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self {
            bundle: proto.bundle.map(SignedBundle::from_proto).transpose()?,
            stock: proto.stock.map(SignedStock::from_proto).transpose()?,
            pairs: proto.pairs.into_iter().map(OneTimePair::from_proto).collect::<Result<_, _>>()?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::PutPrekeys {
            bundle: self.bundle.as_ref().map(Message::to_proto),
            stock: self.stock.as_ref().map(Message::to_proto),
            pairs: self.pairs.iter().map(Message::to_proto).collect(),
        }
    }
}

impl Message for TokenChange {
    type Proto = proto::ChangeToken;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::change_token::Change;
        let token = |bytes| required_array(bytes).map(Token::from_bytes);
        Ok(match required(proto.change)? {
            Change::Add(one) => Self::Add(token(one.token)?),
            Change::Rotate(two) => Self::Rotate { old: token(two.old)?, new: token(two.new)? },
            Change::Sink(one) => Self::Sink(token(one.token)?),
        })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::change_token::Change;
        let bytes = |token: &Token| Some(token.as_bytes().to_vec());
        let change = match self {
            Self::Add(token) => Change::Add(proto::OneToken { token: bytes(token) }),
            Self::Rotate { old, new } => {
                Change::Rotate(proto::TokenRotation { old: bytes(old), new: bytes(new) })
            }
            Self::Sink(token) => Change::Sink(proto::OneToken { token: bytes(token) }),
        };
        proto::ChangeToken { change: Some(change) }
    }
}

fn settle_from(action: Option<i32>) -> Result<Settle, Rule> {
    match proto::SettleAction::try_from(required(action)?) {
        Ok(proto::SettleAction::Accept) => Ok(Settle::Accept),
        Ok(proto::SettleAction::Drop) => Ok(Settle::Drop),
        Ok(proto::SettleAction::Block) => Ok(Settle::Block),
        Ok(proto::SettleAction::Unspecified) | Err(_) => Err(Rule::BadValue),
    }
}

fn settle_to(settle: Settle) -> i32 {
    let action = match settle {
        Settle::Accept => proto::SettleAction::Accept,
        Settle::Drop => proto::SettleAction::Drop,
        Settle::Block => proto::SettleAction::Block,
    };
    action.into()
}

impl Operation {
    fn from_proto(proto: proto::request::Operation) -> Result<Self, Rule> {
        use proto::request::Operation as Member;
        Ok(match proto {
            Member::Hello(hello) => Self::Hello(SignedHello::from_proto(hello)?),
            Member::Register(register) => Self::Register(Box::new(Register::from_proto(register)?)),
            Member::PutManifest(put) => Self::PutManifest {
                previous: Hash::from_bytes(required_array(put.previous)?),
                manifest: Manifest::from_proto(required(put.manifest)?)?,
            },
            Member::PutPrekeys(put) => Self::PutPrekeys(Box::new(NewPrekeys::from_proto(put)?)),
            Member::Lookup(lookup) => Self::Lookup(FindAddress::from_proto(lookup)?),
            Member::Claim(claim) => Self::Claim(ClaimDevice::from_proto(claim)?),
            Member::Submit(submit) => Self::Submit(Submit::from_proto(submit)?),
            Member::Link(meet) => Self::Meet(MeetDevice::from_proto(meet)?),
            Member::Blob(blob) => Self::Blob(AskBlob::from_proto(blob)?),
            Member::Export(_) => Self::Export,
            Member::Close(_) => Self::Close,
            Member::Settings(settings) => Self::Settings { findable: required(settings.findable)? },
            Member::Drain(drain) => Self::Drain {
                cursor: MailboxCursor::from_proto(required(drain.cursor)?)?,
                max: required(drain.max)?,
                wait: Span::from_millis(required(drain.wait)?),
            },
            Member::Token(change) => Self::Token(TokenChange::from_proto(change)?),
            Member::Push(push) => Self::Push(push.endpoint),
            Member::Requests(ask) => {
                Self::Requests(ask.after.map(|after| required_array(Some(after))).transpose()?)
            }
            Member::Settle(settle) => {
                Self::Settle(required_array(settle.handle)?, settle_from(settle.action)?)
            }
        })
    }

    fn to_proto(&self) -> proto::request::Operation {
        use proto::request::Operation as Member;
        match self {
            Self::Hello(hello) => Member::Hello(hello.to_proto()),
            Self::Register(register) => Member::Register(register.to_proto()),
            Self::PutManifest { previous, manifest } => Member::PutManifest(proto::PutManifest {
                previous: Some(previous.as_bytes().to_vec()),
                manifest: Some(manifest.to_proto()),
            }),
            Self::PutPrekeys(put) => Member::PutPrekeys(put.to_proto()),
            Self::Lookup(lookup) => Member::Lookup(lookup.to_proto()),
            Self::Claim(claim) => Member::Claim(claim.to_proto()),
            Self::Submit(submit) => Member::Submit(submit.to_proto()),
            Self::Meet(meet) => Member::Link(meet.to_proto()),
            Self::Blob(blob) => Member::Blob(blob.to_proto()),
            Self::Export => Member::Export(proto::AskExport {}),
            Self::Close => Member::Close(proto::CloseAccount {}),
            Self::Settings { findable } => Member::Settings(proto::Settings { findable: Some(*findable) }),
            Self::Drain { cursor, max, wait } => Member::Drain(proto::Drain {
                cursor: Some(cursor.to_proto()),
                max: Some(*max),
                wait: Some(wait.as_millis()),
            }),
            Self::Token(change) => Member::Token(change.to_proto()),
            Self::Push(endpoint) => Member::Push(proto::SetPush { endpoint: endpoint.clone() }),
            Self::Requests(after) => {
                Member::Requests(proto::AskRequests { after: after.map(|after| after.to_vec()) })
            }
            Self::Settle(handle, settle) => Member::Settle(proto::SettleRequest {
                handle: Some(handle.to_vec()),
                action: Some(settle_to(*settle)),
            }),
        }
    }
}

impl Message for Request {
    type Proto = proto::Request;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        if required(proto.version)? != VERSION {
            return Err(Rule::BadValue);
        }
        let session = proto.session.map(|token| required_array(Some(token))).transpose()?;
        Ok(Self {
            request: RequestId::from_bytes(required_array(proto.request)?),
            session: session.map(SessionToken::from_bytes),
            operation: Operation::from_proto(required(proto.operation)?)?,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::Request {
            version: Some(VERSION),
            request: Some(self.request.as_bytes().to_vec()),
            session: self.session.as_ref().map(|token| token.as_bytes().to_vec()),
            operation: Some(self.operation.to_proto()),
        }
    }
}
