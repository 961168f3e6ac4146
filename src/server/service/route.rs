//! Asking for accounts and prekeys, here or at another server. `docs/PROTOCOL.md` §8.4.

use super::pseudonym;
use super::refused::{Halt, Refused};
use super::response::Outcome;
use crate::identity::address::{Address, Domain};
use crate::identity::ids::{AccountId, DeviceId, RequestId};
use crate::identity::prekeys::ClaimRequest;
use crate::server::directory;
use crate::server::frame::{Access, Answer, Claim, Lookup};
use crate::server::item::address;
use crate::server::link::{self, Question};
use crate::server::{Context, Origin, Submitter, Token};
use crate::time::Span;
use crate::wire::Rule;
use crate::wire::generated::messages as proto;
use crate::wire::message::{Message, required, required_array};

/// When to ask again for an answer that is on its way.
const AGAIN: Span = Span::from_secs(2);

/// Asks whose an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindAddress {
    /// The address.
    pub address: Address,
}

/// Claims the prekeys of a device. The id of the request is that of the claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimDevice {
    /// Whose it is.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// By what right.
    pub by: Right,
}

/// By what right prekeys are claimed, and so where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    /// With a token.
    Token {
        /// Where it was given.
        domain: Domain,
        /// The token.
        token: Token,
    },
    /// As a stranger who knows the address.
    Address(Address),
}

/// Answers a look-up of an own user.
pub(super) fn lookup(
    ctx: &mut Context<'_, '_>,
    who: Submitter,
    request: RequestId,
    wanted: &FindAddress,
) -> Result<Outcome, Halt> {
    let origin = Origin::Local(who.account);
    directory::may_ask(ctx, &origin)?.map_err(Refused::Busy)?;
    let address = wanted.address.clone();
    let pseudonym = pseudonym::of(ctx.server, who.account, &address);
    let lookup = Lookup { request, address, pseudonym };
    if lookup.address.domain() == ctx.server.domain().as_str() {
        return Ok(Outcome::Answer(Box::new(directory::lookup(ctx, &origin, &lookup)?)));
    }
    let domain = domain(&lookup.address)?;
    ask(ctx, &domain, who, request, Question::Lookup(lookup))
}

/// Answers a claim of an own user.
pub(super) fn claim(
    ctx: &mut Context<'_, '_>,
    who: Submitter,
    request: RequestId,
    wanted: &ClaimDevice,
) -> Result<Outcome, Halt> {
    let origin = Origin::Local(who.account);
    directory::may_ask(ctx, &origin)?.map_err(Refused::Busy)?;
    let (domain, access) = match &wanted.by {
        Right::Token { domain, token } => (domain.clone(), Access::Token(*token)),
        Right::Address(address) => {
            let pseudonym = pseudonym::of(ctx.server, who.account, address);
            (domain(address)?, Access::Address { address: address.clone(), pseudonym })
        }
    };
    let claim = ClaimRequest { request, account: wanted.account, device: wanted.device };
    let claim = Claim { claim, access };
    if domain == *ctx.server.domain() {
        return Ok(Outcome::Answer(Box::new(directory::claim(ctx, &origin, &claim)?)));
    }
    ask(ctx, &domain, who, request, Question::Claim(claim))
}

fn ask(
    ctx: &mut Context<'_, '_>,
    domain: &Domain,
    who: Submitter,
    request: RequestId,
    question: Question,
) -> Result<Outcome, Halt> {
    let reply = link::ask(ctx, domain, who.device, question)?;
    Ok(reply.map_or(Outcome::Pending(AGAIN), |reply| Outcome::Answer(Box::new(Answer { request, reply }))))
}

/// An address has a domain.
fn domain(address: &Address) -> Result<Domain, Refused> {
    address.domain().parse().map_err(|_| Refused::Invalid)
}

impl Message for FindAddress {
    type Proto = proto::FindAddress;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        Ok(Self { address: address(proto.address)? })
    }

    fn to_proto(&self) -> Self::Proto {
        proto::FindAddress { address: Some(self.address.to_string()) }
    }
}

impl Message for ClaimDevice {
    type Proto = proto::ClaimDevice;

    fn from_proto(proto: Self::Proto) -> Result<Self, Rule> {
        use proto::claim_device::Access as Member;
        let by = match required(proto.access)? {
            Member::Token(route) => Right::Token {
                domain: required(route.domain)?.parse().map_err(|_| Rule::BadValue)?,
                token: Token::from_bytes(required_array(route.token)?),
            },
            Member::Address(route) => Right::Address(address(route.address)?),
        };
        Ok(Self {
            account: AccountId::from_bytes(required_array(proto.account)?),
            device: DeviceId::from_bytes(required_array(proto.device)?),
            by,
        })
    }

    fn to_proto(&self) -> Self::Proto {
        use proto::claim_device::Access as Member;
        let access = match &self.by {
            Right::Token { domain, token } => Member::Token(proto::TokenRoute {
                domain: Some(domain.to_string()),
                token: Some(token.as_bytes().to_vec()),
            }),
            Right::Address(address) => {
                Member::Address(proto::AddressRoute { address: Some(address.to_string()) })
            }
        };
        proto::ClaimDevice {
            account: Some(self.account.as_bytes().to_vec()),
            device: Some(self.device.as_bytes().to_vec()),
            access: Some(access),
        }
    }
}
