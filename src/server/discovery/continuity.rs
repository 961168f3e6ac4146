//! What a domain names now, against what it was pinned to. The pin outranks TLS and DNS (attacks F-03, F-15).

use super::document::Bound;
use crate::identity::chain::{Followed, News, Subject as _};
use crate::identity::ids::Fingerprint;
use crate::identity::server::Server;
use crate::identity::trust::{ContactTrust, TrustState};
use crate::identity::{IdentityError, Verified};

/// What naming a server means for a domain that is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The pinned chain, and nothing new of it.
    Same,
    /// The pinned chain, with a newer manifest.
    Newer,
    /// Another identity: another chain, or this one under other recovery authorities. The pin stays.
    Changed {
        /// What was named.
        observed: Fingerprint,
    },
    /// The pinned chain contradicts itself; [`Followed::evidence`] has the proof.
    Forked,
}

/// Weighs what a domain names against its pin, and takes note of it in both. [`IdentityError::Rollback`] if an older manifest vouches with
/// a key that the chain has replaced since.
pub fn weigh(
    trust: &mut ContactTrust,
    followed: &mut Followed<Server>,
    bound: &Bound,
) -> Result<Continuity, IdentityError> {
    let server = bound.server();
    match followed.learn(server.clone()) {
        Ok(news) => Ok(standing(trust, followed, news)),
        Err(IdentityError::Rollback) => match followed.current() {
            Ok(held) if bound.holds_under(held) => Ok(standing(trust, followed, News::Known)),
            Ok(_) => Err(IdentityError::Rollback),
            Err(_) => Ok(Continuity::Forked),
        },
        // The operator has accepted another identity, whose manifest comes only now.
        Err(IdentityError::OtherChain) if is_pinned(trust, server) => {
            *followed = Followed::new(server.clone());
            trust.observe(server.fingerprint());
            Ok(Continuity::Newer)
        }
        Err(IdentityError::OtherChain) => {
            let observed = server.fingerprint();
            trust.observe(observed);
            Ok(Continuity::Changed { observed })
        }
        Err(error) => Err(error),
    }
}

/// What the chain means for its pin, as it is followed now. To be asked too after a manifest came by another way than discovery.
pub fn standing(trust: &mut ContactTrust, followed: &Followed<Server>, news: News) -> Continuity {
    let Ok(held) = followed.current() else { return Continuity::Forked };
    let observed = held.fingerprint();
    trust.observe(observed);
    match (trust.state(), news) {
        (TrustState::Changed { .. }, _) => Continuity::Changed { observed },
        (_, News::Newer) => Continuity::Newer,
        (_, News::Known | News::Forked) => Continuity::Same,
    }
}

fn is_pinned(trust: &ContactTrust, server: &Verified<Server>) -> bool {
    let mut trust = *trust;
    trust.observe(server.chain().fingerprint());
    trust.addressee().is_ok()
}
