//! Signing the next header of a chain. `docs/PROTOCOL.md` §4.4.

use super::header::{Authorities, Header, Kind, Link, Order, Rank, SignedHeader, body_hash};
use super::path::{AuthorityPath, Chain};
use crate::crypto::hybrid;
use crate::identity::IdentityError;
use crate::time::Timestamp;

/// Who signs a manifest, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The signer's key: a recovery key, or a device's signing key.
    pub key: &'a hybrid::SecretKey,
    /// Now.
    pub issued_at: Timestamp,
    /// Until when the manifest counts as fresh; not before `issued_at`.
    pub refresh_after: Timestamp,
}

impl Author<'_> {
    /// The path of a new chain.
    pub(in crate::identity) fn genesis(
        &self,
        kind: Kind,
        authorities: Authorities,
        body: &[u8],
    ) -> Result<AuthorityPath, IdentityError> {
        let place = (None, Order { term: 0, version: 0 });
        Ok(AuthorityPath { headers: vec![self.sign(kind, place, authorities, body)?] })
    }

    /// The path of a chain's next manifest: the head of a new term if the signer is a recovery authority, otherwise the next
    /// version.
    pub(in crate::identity) fn successor(
        &self,
        chain: &Chain,
        authorities: Authorities,
        body: &[u8],
    ) -> Result<AuthorityPath, IdentityError> {
        let rank = chain.newest().authorities.rank_of(self.key.public_key().pair());
        let rank = rank.ok_or(IdentityError::NotPossible)?;
        let before = chain.order();
        let order = match rank {
            Rank::Recovery => before.term.checked_add(1).map(|term| Order { term, version: 0 }),
            Rank::Device => before.version.checked_add(1).map(|version| Order { version, ..before }),
        };
        let mut path = chain.base_for(rank);
        let base = path.headers.last().ok_or(IdentityError::NotPossible)?;
        let link = Link { chain: chain.id(), previous: chain.hash(), previous_change: base.hash() };
        let place = (Some(link), order.ok_or(IdentityError::NotPossible)?);
        path.headers.push(self.sign(chain.newest().kind, place, authorities, body)?);
        Ok(path)
    }

    fn sign(
        &self,
        kind: Kind,
        (link, order): (Option<Link>, Order),
        authorities: Authorities,
        body: &[u8],
    ) -> Result<SignedHeader, IdentityError> {
        let header = Header {
            kind,
            link,
            order,
            issued_at: self.issued_at,
            refresh_after: self.refresh_after,
            authorities,
            body_hash: body_hash(body),
        };
        Ok(SignedHeader::sign(&header, self.key)?)
    }
}
