//! The accounts of this server. `docs/PROTOCOL.md` §7.7.

mod entry;

pub use entry::{AccountEntry, AccountState, AddressOwner};

pub(crate) fn lookup(
    _ctx: &mut crate::server::Context<'_, '_>,
    _origin: &crate::server::Origin,
    lookup: &crate::server::frame::Lookup,
) -> Result<crate::server::frame::Answer, crate::storage::Interrupt> {
    Ok(crate::server::frame::Answer { request: lookup.request, reply: crate::server::frame::Reply::Nothing })
}
pub(crate) fn claim(
    _ctx: &mut crate::server::Context<'_, '_>,
    _origin: &crate::server::Origin,
    claim: &crate::server::frame::Claim,
) -> Result<crate::server::frame::Answer, crate::storage::Interrupt> {
    Ok(crate::server::frame::Answer {
        request: claim.claim.request,
        reply: crate::server::frame::Reply::Nothing,
    })
}
